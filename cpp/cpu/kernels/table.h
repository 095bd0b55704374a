// The kernels of the CPU core: one table of functions per instruction set, filled from one source
// (kernels.inl). Rows are padded to whole vectors of 16 floats; what padding lanes hold
// never reaches a result. No std headers here: see terms.h.
#pragma once

#include <stdint.h>

#include "terms.h"

namespace cutaway {

constexpr int64_t kLanes = 16;  // padding unit in elements: the widest vector of floats

// The left operands of a product: what a(i, k) is, whatever becomes of the product; from(i) is one
// without the rows before i, after(k) without the columns before k. Of bytes, it has a multiple of
// 16 columns.

template <class T>
struct Dense {  // a(i, k) = at[i * row + k * col]
  using Number = T;
  const T* at;
  int64_t row, col;

  Dense from(int64_t i) const { return {at + i * row, row, col}; }
  Dense after(int64_t k) const { return {at + k * col, row, col}; }
};

struct ByteRows {  // a(i, k) = rows[i][column + k]
  using Number = float;
  const uint8_t* const* rows;
  int64_t column;

  ByteRows from(int64_t i) const { return {rows + i, column}; }
  ByteRows after(int64_t k) const { return {rows, column + k}; }
};

struct ByteColumns {  // a(i, k) = columns[k][row + i]
  using Number = float;
  const uint8_t* const* columns;
  int64_t row = 0;

  ByteColumns from(int64_t i) const { return {columns, row + i}; }
  ByteColumns after(int64_t k) const { return {columns + k, row}; }
};

// Bytes in words of 64, each with a mask: bit k of it tells whether byte k is not 0. The others are
// skipped, which changes no bit of the result (if b is finite). after(k) is of whole words.

struct SparseRows {  // a(i, k) = rows[i][column + k]; masks[i * words + k / 64] is its mask
  using Number = float;
  const uint8_t* const* rows;
  int64_t column;
  const uint64_t* masks;
  int64_t words;  // of a row

  SparseRows from(int64_t i) const { return {rows + i, column, masks + i * words, words}; }
  SparseRows after(int64_t k) const { return {rows, column + k, masks + k / 64, words}; }
};

struct SparseTiles {  // a(i, k) = bytes[64 w + k % 64], with w = k / 64 * m + i; masks[w] is its
                      // mask
  using Number = float;
  const uint8_t* bytes;
  const uint64_t* masks;
  int64_t m;

  SparseTiles from(int64_t i) const { return {bytes + 64 * i, masks + i, m}; }
  SparseTiles after(int64_t k) const { return {bytes + k * m, masks + k / 64 * m, m}; }
};

// result(i, j) = scale * (sum over k of a(i, k) b(k, j)) + shift[j]. The sum is one chain of fused
// multiply-adds in the order of k.
template <class A>
struct Product {
  using Number = typename A::Number;
  int64_t m, n, k;
  A a;
  const Number* b;  // row k at b[k * b_row]
  int64_t b_row;
  const Number* shift = nullptr;  // (n padded,), or null: nothing to add
  Number scale = 1;               // counts only with a shift

  // The rows of the result from i to i_end, of its columns those from j to j_end.
  Product part(int64_t i, int64_t i_end, int64_t j, int64_t j_end) const {
    return {i_end - i, j_end - j, k, a.from(i), b + j, b_row, shift ? shift + j : nullptr, scale};
  }
  // The sums over k from `begin` to `end`; what the last of them resumes is scaled and shifted.
  Product slice(int64_t begin, int64_t end) const {
    const Number* last = end == k ? shift : nullptr;
    return {m, n, end - begin, a.after(begin), b + begin * b_row, b_row, last, scale};
  }
};

// The epilogues: what becomes of the result.

// out = result.
template <class T>
struct Store {
  T* out;  // (m, n)
  int64_t out_row;
  bool resume = false;  // the chain of the sum starts from what is in out, instead of 0
};

// With g = result + decay * w: w -= rate * g.
struct SgdUpdate {
  float* weights;  // (m, n padded); the arrays below alike
  int64_t row;
  float rate, decay;
};

// velocity = momentum * velocity + g; w -= rate * velocity.
struct MomentumUpdate {
  float* weights;
  float* velocity;
  int64_t row;
  float rate, decay, momentum;
};

// m = beta1 m + gain1 g; v = beta2 v + gain2 g^2; w -= rate * m / (sqrt(v) * v_scale + eps)
struct AdamUpdate {
  float* weights;
  float* m;
  float* v;
  int64_t row;
  float rate;  // lr / (1 - beta1^t)
  float decay, beta1, beta2;
  float gain1, gain2;  // 1 - beta, from double: in float it loses five digits
  float v_scale;       // 1 / sqrt(1 - beta2^t)
  float eps;
};

// What is found of one sample.
struct SampleLoss {
  float loss;    // summed over the classes
  bool correct;  // the label is the first largest output
};

template <class A, class Epilogue>
using ProductKernel = void (*)(const Product<A>&, const Epilogue&);

// What can become of a product with such an operand.
template <class A>
struct Products {
  ProductKernel<A, Store<float>> store;
  ProductKernel<A, SgdUpdate> sgd;
  ProductKernel<A, MomentumUpdate> momentum;
  ProductKernel<A, AdamUpdate> adam;
};

// From one product of a stack to the next, so many elements lie between the matrices.
struct Steps {
  int64_t count;  // of products
  int64_t a, b, out;
};

struct Kernels {
  const char* name;

  // out = in
  void (*unpack)(const uint8_t* in, float* out, int64_t n);
  // out = (in - mean) * inverse_std
  void (*normalise)(const float* in, float* out, int64_t n, float mean, float inverse_std);
  // Bit k % 64 of mask[k / 64] tells whether in[k] is not zero, for k < n. Returns how many are
  // not.
  int64_t (*find_non_zero)(const uint8_t* in, int64_t n, uint64_t* mask);
  // out[64 (i - from) + k] = rows[k][i], for from <= i < to and k < 64; from row `count` on, zeros.
  // Bit k of masks[i - from] tells whether that is not zero.
  void (*transpose)(const uint8_t* const* rows, int64_t count, int64_t from, int64_t to,
                    uint8_t* out, uint64_t* masks);
  // out[j out_row + i] = in[i in_row + j], for i < rows and j < columns.
  void (*transpose_floats)(const float* in, int64_t in_row, int64_t rows, int64_t columns,
                           float* out, int64_t out_row);

  Products<Dense<float>> dense;
  Products<ByteColumns> byte_columns;
  Products<SparseTiles> sparse_tiles;
  ProductKernel<ByteRows, Store<float>> store_byte_rows;  // as rows, bytes only go forward
  ProductKernel<SparseRows, Store<float>> store_sparse_rows;
  void (*store_stack)(const Product<Dense<float>>&, const Store<float>&, const Steps&);
  void (*store_stack64)(const Product<Dense<double>>&, const Store<double>&, const Steps&);

  // out[j] = scale * (the sum of the count parts[.][j], pair by pair) + shift[j]; n is padded.
  void (*join)(const float* const* parts, int64_t count, float scale, const float* shift,
               float* out, int64_t n);
  // In place, elementwise (softmax is not elementwise: see below). n is any number.
  void (*activate)(Activation, float* values, int64_t n);
  // delta *= f'(z), given a = f(z).
  void (*derive)(Activation, const float* a, float* delta, int64_t n);
  // In place, one row of n classes.
  void (*softmax)(float* row, int64_t n);

  // One sample: z becomes the output, delta becomes d loss / d z times scale.
  // n classes; z and delta are readable and writable up to the next multiple of 16.
  SampleLoss (*loss_row)(Activation, Loss, float* z, float* delta, int64_t n, int64_t label,
                         float scale);

  // Does nothing but fused multiply-adds, on registers, and returns how many numbers it multiplied:
  // what a product could reach at best. *sink takes the sum.
  int64_t (*multiply_adds)(int64_t rounds, float* sink);
};

extern const Kernels kernels_generic;
extern const Kernels kernels_neon;
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;

}  // namespace cutaway
