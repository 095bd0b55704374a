// The kernels of the CPU core: one table of functions per instruction set, filled from one source
// (kernels.inl). Rows are padded to whole vectors of 16 floats; what padding lanes hold
// never reaches a result. No std headers here: see terms.h.
#pragma once

#include <stdint.h>

#include "terms.h"

namespace cutaway {

constexpr int64_t kLanes = 16;  // padding unit in elements: the widest vector of floats

// result(i, j) = scale * (sum over k of a(i, k) b(k, j)) + shift[j]. The sum is one chain of fused
// multiply-adds in the order of k. With a mask, the terms whose bit is 0 are left out: those where
// a(i, k) is zero, which change no bit.
template <class T>
struct Product {
  int64_t m, n, k;
  const T* a;  // a(i, k) at a[i * a_row + k * a_col]
  int64_t a_row, a_col;
  const T* b;  // row k at b[k * b_row], readable up to the next multiple of 16 columns
  int64_t b_row;
  const T* shift = nullptr;  // (n,) readable up to the next multiple of 16, or null: nothing to add
  T scale = 1;               // counts only with a shift
  const uint64_t* mask = nullptr;  // (m, mask_row): bit k % 64 of word k / 64, or null
  int64_t mask_row = 0;
};

// out = result.
template <class T>
struct Store {
  T* out;  // (m, n)
  int64_t out_row;
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

// m = beta1 m + rest1 g; v = beta2 v + rest2 g^2; w -= rate * m / (sqrt(v) * scale + eps)
struct AdamUpdate {
  float* weights;
  float* m;
  float* v;
  int64_t row;
  float rate, decay, beta1, beta2, eps;  // rate = lr / (1 - beta1^t)
  float rest1, rest2;                    // 1 - beta, from double: in float it loses five digits
  float scale;                           // 1 / sqrt(1 - beta2^t)
};

// What one sample's output says about its label.
struct Verdict {
  float loss;
  bool correct;
};

struct Kernels {
  const char* name;

  // out = in; bit i of mask tells whether in[i] is not zero.
  void (*unpack)(const uint8_t* in, float* out, uint64_t* mask, int64_t n);
  // out = (in - mean) * inverse_std
  void (*normalise)(const float* in, float* out, int64_t n, float mean, float inverse_std);
  // columns[k]'s bit i = rows[i]'s bit k: a square of 64 x 64 bits, words `stride` apart.
  void (*transpose_bits)(const uint64_t* rows, int64_t rows_stride, int64_t count,
                         uint64_t* columns, int64_t columns_stride);

  void (*store)(const Product<float>&, const Store<float>&);
  void (*store64)(const Product<double>&, const Store<double>&);
  void (*sgd)(const Product<float>&, const SgdUpdate&);
  void (*momentum)(const Product<float>&, const MomentumUpdate&);
  void (*adam)(const Product<float>&, const AdamUpdate&);

  // In place, elementwise (softmax is not elementwise: see below). n is any number.
  void (*activate)(Activation, float* values, int64_t n);
  // delta *= f'(z), given a = f(z).
  void (*derive)(Activation, const float* a, float* delta, int64_t n);
  // In place, one row of n classes.
  void (*softmax)(float* row, int64_t n);

  // One sample: z becomes the output, delta becomes d loss / d z times scale.
  // n classes; z and delta are readable and writable up to the next multiple of 16.
  Verdict (*judge)(Activation, Loss, float* z, float* delta, int64_t n, int64_t label, float scale);

  // Does nothing but fused multiply-adds, on registers, and returns how many numbers it multiplied:
  // what a product could reach at best. *sink takes the sum.
  int64_t (*multiply_adds)(int64_t rounds, float* sink);
};

extern const Kernels kernels_generic;
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;

}  // namespace cutaway
