// The kernels of the CPU core: one table of functions per instruction set, filled from one source
// (kernels.inl). Rows are padded to whole vectors of 16 floats; what padding lanes hold
// never reaches a result. No std headers here: see terms.h.
#pragma once

#include <stdint.h>

#include "terms.h"

namespace cutaway {

constexpr int64_t kLanes = 16;  // padding unit in elements: the widest vector of floats

// A matrix of bytes, in words of 64 columns. Without a mask, it is as `rows` tells: in a Store,
// element (i, k) is rows[i][column + k]; in an update, rows[k][column + i].
struct Bytes {
  const uint8_t* const* rows;  // row i starts at rows[i] + column, or, if null, first + i * row
  int64_t column;
  const uint8_t* first;
  int64_t row;
  int64_t word;          // from one word of a row to the next
  const uint64_t* mask;  // bit k of a word's mask: its byte k is not 0; null: skip nothing
  int64_t mask_row,
      mask_word;  // from one row's masks to the next row's, from one word's to the next
};

// result(i, j) = scale * (sum over k of a(i, k) b(k, j)) + shift[j]. The sum is one chain of fused
// multiply-adds in the order of k. Of bytes, zeros can be skipped: they change no bit
// (if b is finite).
template <class T>
struct Product {
  int64_t m, n, k;
  const T* a;  // a(i, k) at a[i * a_row + k * a_col]
  int64_t a_row, a_col;
  const T* b;  // row k at b[k * b_row]
  int64_t b_row;
  const T* shift = nullptr;  // (n,) readable up to the next multiple of 16, or null: nothing to add
  T scale = 1;               // counts only with a shift
  const Bytes* bytes = nullptr;  // (m, k) instead of a, or null; n is a multiple of 16 then
};

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

  void (*store)(const Product<float>&, const Store<float>&);
  // For a stack of products: from one to the next, the matrices lie so many elements apart.
  void (*store_stack)(const Product<float>&, const Store<float>&, int64_t count, int64_t a_step,
                      int64_t b_step, int64_t out_step);
  void (*store_stack64)(const Product<double>&, const Store<double>&, int64_t count, int64_t a_step,
                        int64_t b_step, int64_t out_step);
  void (*sgd)(const Product<float>&, const SgdUpdate&);
  void (*momentum)(const Product<float>&, const MomentumUpdate&);
  void (*adam)(const Product<float>&, const AdamUpdate&);

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
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;

}  // namespace cutaway
