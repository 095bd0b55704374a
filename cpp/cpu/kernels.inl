// The source of every kernel, compiled once per instruction set (see kernels_avx512.cpp).
// In: raw pointers and sizes. Out: the table `kernels_<isa>`.
//
// Vector lanes run over output columns, and every output element is one chain of fused
// multiply-adds in the order of k: neither the vector width nor the way that the work is cut
// between threads changes a bit.

#include "cpu/kernels.h"

#define CUTAWAY_JOIN_(a, b) a##b
#define CUTAWAY_JOIN(a, b) CUTAWAY_JOIN_(a, b)

namespace cutaway {
namespace CUTAWAY_ISA {

#include "cpu/simd.inl"

// the matrix product

#if defined(__AVX512F__)
constexpr int kRegisters = 32;
#else
constexpr int kRegisters = 16;
#endif

// Rows of a register block that is `vectors` wide: as many accumulators as leave registers for the
// row of b and one broadcast of a.
constexpr int rows_for(int vectors) {
  const int rows = (kRegisters - vectors - 1) / vectors;
  return rows > 12 ? 12 : rows;
}
constexpr int kWidest = kRegisters == 32 ? 4 : 2;

template <class T>
inline constexpr int kLanesOf = VectorOf<T>::lanes;

template <class T>
inline Vector<T> fold(const Product<T>& p, int64_t j, Vector<T> sum) {
  return p.shift ? fma(sum, broadcast(p.scale), load(p.shift + j)) : sum;
}

// One block of the product, kept in registers over the whole of k, handed to `finish`.
template <int Rows, int Vectors, class T, class Finish>
inline void block(const Product<T>& p, int64_t i, int64_t j, const Finish& finish) {
  Vector<T> sum[Rows][Vectors] = {};
  const T* a = p.a + i * p.a_row;
  const T* b = p.b + j;
  for (int64_t k = 0; k < p.k; ++k, a += p.a_col, b += p.b_row) {
    Vector<T> row[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) row[v] = load(b + v * kLanesOf<T>);
#pragma GCC unroll 12
    for (int r = 0; r < Rows; ++r) {
      const Vector<T> value = broadcast(a[r * p.a_row]);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) sum[r][v] = fma(value, row[v], sum[r][v]);
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      finish(i + r, j + v * kLanesOf<T>, fold(p, j + v * kLanesOf<T>, sum[r][v]));
}

template <int Rows, int Vectors, class T, class Finish>
inline void block_of(int rows, const Product<T>& p, int64_t i, int64_t j, const Finish& finish) {
  if (rows == Rows) return block<Rows, Vectors>(p, i, j, finish);
  if constexpr (Rows > 1) block_of<Rows - 1, Vectors>(rows, p, i, j, finish);
}

// All rows of one panel of columns, in blocks of equal height give or take one.
template <int Vectors, class T, class Finish>
void panel(const Product<T>& p, int64_t j, const Finish& finish) {
  constexpr int kRows = rows_for(Vectors);
  const int64_t blocks = (p.m + kRows - 1) / kRows;
  int64_t i = 0;
  for (int64_t left = blocks; left > 0; --left) {
    const int rows = static_cast<int>((p.m - i + left - 1) / left);
    block_of<kRows, Vectors>(rows, p, i, j, finish);
    i += rows;
  }
}

// The same with a mask: row by row, from one set bit to the next.
template <int Vectors, class T, class Finish>
void sparse_panel(const Product<T>& p, int64_t j, const Finish& finish) {
  for (int64_t i = 0; i < p.m; ++i) {
    Vector<T> sum[Vectors] = {};
    const T* a = p.a + i * p.a_row;
    const T* b = p.b + j;
    const uint64_t* mask = p.mask + i * p.mask_row;
    for (int64_t k = 0; k < p.k; k += 64, a += 64 * p.a_col, b += 64 * p.b_row) {
      for (uint64_t bits = *mask++; bits; bits &= bits - 1) {
        const int64_t at = __builtin_ctzll(bits);
        const Vector<T> value = broadcast(a[at * p.a_col]);
        const T* row = b + at * p.b_row;
#pragma GCC unroll 8
        for (int v = 0; v < Vectors; ++v) sum[v] = fma(value, load(row + v * kLanesOf<T>), sum[v]);
      }
    }
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v)
      finish(i, j + v * kLanesOf<T>, fold(p, j + v * kLanesOf<T>, sum[v]));
  }
}

// Panels of columns: as wide as the registers hold, then narrower ones for the rest.
template <int Vectors, class T, class Finish>
int64_t panels(const Product<T>& p, int64_t j, const Finish& finish) {
  constexpr int kWidth = Vectors * kLanesOf<T>;
  for (; p.n - j > kWidth - kLanesOf<T>; j += kWidth) {
    if (p.mask) {
      sparse_panel<Vectors>(p, j, finish);
    } else {
      panel<Vectors>(p, j, finish);
    }
  }
  return j;
}

template <class T, class Finish>
void product(const Product<T>& p, const Finish& finish) {
  int64_t j = 0;
  if constexpr (kWidest >= 4) j = panels<4>(p, j, finish);
  j = panels<2>(p, j, finish);
  panels<1>(p, j, finish);
}

template <class T>
void store_product(const Product<T>& p, const Store<T>& s) {
  product(p, [&](int64_t i, int64_t j, Vector<T> sum) {
    T* out = s.out + i * s.out_row + j;
    const int64_t left = p.n - j;
    if (left >= kLanesOf<T>) return store(out, sum);
    for (int64_t lane = 0; lane < left; ++lane) out[lane] = sum[lane];
  });
}

void sgd_product(const Product<float>& p, const SgdUpdate& u) {
  const F32 rate = broadcast(-u.rate), decay = broadcast(u.decay);
  product(p, [&](int64_t i, int64_t j, F32 sum) {
    float* at = u.weights + i * u.row + j;
    const F32 w = load(at);
    store(at, fma(rate, fma(decay, w, sum), w));
  });
}

void momentum_product(const Product<float>& p, const MomentumUpdate& u) {
  const F32 rate = broadcast(-u.rate), decay = broadcast(u.decay);
  const F32 momentum = broadcast(u.momentum);
  product(p, [&](int64_t i, int64_t j, F32 sum) {
    const int64_t at = i * u.row + j;
    const F32 w = load(u.weights + at);
    const F32 velocity = fma(momentum, load(u.velocity + at), fma(decay, w, sum));
    store(u.velocity + at, velocity);
    store(u.weights + at, fma(rate, velocity, w));
  });
}

void adam_product(const Product<float>& p, const AdamUpdate& u) {
  const F32 rate = broadcast(u.rate), decay = broadcast(u.decay);
  const F32 beta1 = broadcast(u.beta1), rest1 = broadcast(u.rest1);
  const F32 beta2 = broadcast(u.beta2), rest2 = broadcast(u.rest2);
  const F32 eps = broadcast(u.eps), scale = broadcast(u.scale);
  product(p, [&](int64_t i, int64_t j, F32 sum) {
    const int64_t at = i * u.row + j;
    const F32 w = load(u.weights + at);
    const F32 g = fma(decay, w, sum);
    const F32 m = fma(beta1, load(u.m + at), rest1 * g);
    const F32 v = fma(beta2, load(u.v + at), rest2 * (g * g));
    store(u.m + at, m);
    store(u.v + at, v);
    store(u.weights + at, w - rate * m / fma(sqrt(v), scale, eps));
  });
}

// elementwise

struct Identity {
  static F32 value(F32 z) { return z; }
  static F32 slope(F32) { return broadcast(1.0f); }  // given a = value(z); the others alike
};

struct Sigmoid {
  static F32 value(F32 z) {  // e^-|z| never overflows
    const F32 e = exp(-absolute(z));
    return (z < 0.0f ? e : broadcast(1.0f)) / (1.0f + e);
  }
  static F32 slope(F32 a) { return a * (1.0f - a); }
};

struct Relu {
  static F32 value(F32 z) { return z < 0.0f ? broadcast(0.0f) : z; }  // NaN stays NaN
  static F32 slope(F32 a) { return a > 0.0f ? broadcast(1.0f) : broadcast(0.0f); }
};

struct Tanh {
  static F32 value(F32 z) {
    const F32 x = absolute(z), e = exp(x + x);
    const F32 far = 1.0f - 2.0f / (e + 1.0f);
    // Near zero the line above loses digits: Taylor's series, degree 13 (error < 4e-8 at 0.5).
    const F32 x2 = x * x;
    F32 p = broadcast(21844.0f / 6081075);
    p = fma(p, x2, broadcast(-1382.0f / 155925));
    p = fma(p, x2, broadcast(62.0f / 2835));
    p = fma(p, x2, broadcast(-17.0f / 315));
    p = fma(p, x2, broadcast(2.0f / 15));
    p = fma(p, x2, broadcast(-1.0f / 3));
    const F32 near = fma(p * x2, x, x);
    return sign_of(z, x < 0.5f ? near : far);
  }
  static F32 slope(F32 a) { return 1.0f - a * a; }
};

// Calls body with a type that has value() and slope(). Softmax is no elementwise function.
template <class Body>
inline void with(Activation activation, const Body& body) {
  switch (activation) {
    case Activation::sigmoid:
      return body(Sigmoid{});
    case Activation::relu:
      return body(Relu{});
    case Activation::tanh:
      return body(Tanh{});
    case Activation::identity:
    case Activation::softmax:
      return;
  }
}

void activate(Activation activation, float* values, int64_t n) {
  with(activation, [&](auto f) {
    int64_t i = 0;
    for (; i + kF32Lanes <= n; i += kF32Lanes) store(values + i, f.value(load(values + i)));
    if (i < n) {
      F32 tail = {};
      for (int64_t lane = 0; lane < n - i; ++lane) tail[lane] = values[i + lane];
      tail = f.value(tail);
      for (int64_t lane = 0; lane < n - i; ++lane) values[i + lane] = tail[lane];
    }
  });
}

void derive(Activation activation, const float* a, float* delta, int64_t n) {
  with(activation, [&](auto f) {
    int64_t i = 0;
    for (; i + kF32Lanes <= n; i += kF32Lanes)
      store(delta + i, load(delta + i) * f.slope(load(a + i)));
    if (i < n) {
      F32 tail = {};
      for (int64_t lane = 0; lane < n - i; ++lane) tail[lane] = a[i + lane];
      tail = f.slope(tail);
      for (int64_t lane = 0; lane < n - i; ++lane) delta[i + lane] *= tail[lane];
    }
  });
}

void normalise(const float* in, float* out, int64_t n, float mean, float inverse_std) {
  int64_t i = 0;
  for (; i + kF32Lanes <= n; i += kF32Lanes) store(out + i, (load(in + i) - mean) * inverse_std);
  for (; i < n; ++i) out[i] = (in[i] - mean) * inverse_std;
}

void unpack(const uint8_t* in, float* out, uint64_t* mask, int64_t n) {
  for (int64_t i = 0; i < n; i += 64) {
    const int64_t left = n - i < 64 ? n - i : 64;
    if (left == 64) {
      mask[i / 64] = non_zero(in + i);
    } else {
      uint64_t bits = 0;
      for (int64_t lane = 0; lane < left; ++lane)
        bits |= static_cast<uint64_t>(in[i + lane] != 0) << lane;
      mask[i / 64] = bits;
    }
    int64_t lane = 0;
    for (; lane + kF32Lanes <= left; lane += kF32Lanes)
      store(out + i + lane, floats_from(in + i + lane));
    for (; lane < left; ++lane) out[i + lane] = in[i + lane];
  }
}

// Swaps ever smaller quarters of the square (Warren, "Hacker's Delight", section 7-3).
void transpose_bits(const uint64_t* rows, int64_t rows_stride, int64_t count, uint64_t* columns,
                    int64_t columns_stride) {
  uint64_t square[64];
  for (int64_t i = 0; i < 64; ++i) square[i] = i < count ? rows[i * rows_stride] : 0;
  uint64_t half = 0x00000000ffffffff;
  for (int size = 32; size > 0; size >>= 1, half ^= half << size) {
    for (int block = 0; block < 64; block += 2 * size) {
      for (int i = block; i < block + size; ++i) {
        const uint64_t swap = ((square[i] >> size) ^ square[i + size]) & half;
        square[i] ^= swap << size;
        square[i + size] ^= swap;
      }
    }
  }
  for (int64_t k = 0; k < 64; ++k) columns[k * columns_stride] = square[k];
}

// the output layer

struct Partition {  // of a softmax: row[j] = e^(z[j] - highest) / sum
  float highest;
  double sum;
};

Partition softmax_row(float* row, int64_t n) {
  float highest = row[0];
  for (int64_t j = 1; j < n; ++j)
    if (!(row[j] <= highest)) highest = row[j];  // also takes a NaN, which then spreads
  for (int64_t j = 0; j < n; ++j) row[j] -= highest;
  int64_t j = 0;
  for (; j + kF32Lanes <= n; j += kF32Lanes) store(row + j, exp(load(row + j)));
  if (j < n) {
    F32 tail = {};
    for (int64_t lane = 0; lane < n - j; ++lane) tail[lane] = row[j + lane];
    tail = exp(tail);
    for (int64_t lane = 0; lane < n - j; ++lane) row[j + lane] = tail[lane];
  }
  double sum = 0;
  for (j = 0; j < n; ++j) sum += row[j];
  for (j = 0; j < n; ++j) row[j] = static_cast<float>(row[j] / sum);
  return {highest, sum};
}

void softmax(float* row, int64_t n) { softmax_row(row, n); }

// Adds the first n of a block's terms, in order, whatever the vector width.
inline double add(const float* terms, int64_t n) {
  double sum = 0;
  for (int64_t j = 0; j < n; ++j) sum += terms[j];
  return sum;
}

Verdict judge(Activation activation, Loss loss, float* z, float* delta, int64_t n, int64_t label,
              float scale) {
  const int64_t padded = (n + kLanes - 1) / kLanes * kLanes;
  const float z_label = z[label];
  double total = 0;
  float terms[kLanes];

  if (loss == Loss::binary_cross_entropy) {  // from z: ln(1 + e^z) - z t, which cannot overflow
    for (int64_t j = 0; j < padded; j += kLanes) {
      for (int64_t v = 0; v < kLanes; v += kF32Lanes) {
        const F32 x = load(z + j + v);
        store(terms + v, (x > 0.0f ? x : broadcast(0.0f)) + log(1.0f + exp(-absolute(x))));
      }
      total += add(terms, n - j < kLanes ? n - j : kLanes);
    }
    total -= z_label;
  }

  if (activation == Activation::softmax) {
    const Partition partition = softmax_row(z, n);
    if (loss == Loss::cross_entropy)
      total = __builtin_log(partition.sum) - (static_cast<double>(z_label) - partition.highest);
  } else {
    activate(activation, z, padded);
  }

  bool correct = true;
  for (int64_t j = 0; j < label; ++j) correct &= z[j] < z[label];
  for (int64_t j = label + 1; j < n; ++j) correct &= z[j] <= z[label];

  // delta = a - t: with softmax and cross-entropy, and with sigmoid and binary cross-entropy, that
  // is the whole gradient.
  for (int64_t j = 0; j < padded; ++j) delta[j] = z[j];
  delta[label] -= 1.0f;
  if (loss == Loss::squared_error) {  // (a - t)^2, whose slope is 2 (a - t) f'(z)
    for (int64_t j = 0; j < padded; j += kLanes) {
      for (int64_t v = 0; v < kLanes; v += kF32Lanes) {
        const F32 d = load(delta + j + v);
        store(terms + v, d * d);
        store(delta + j + v, d + d);
      }
      total += add(terms, n - j < kLanes ? n - j : kLanes);
    }
    if (activation == Activation::softmax) {  // its Jacobian couples the classes
      double mixed = 0;
      for (int64_t j = 0; j < n; ++j) mixed += static_cast<double>(delta[j]) * z[j];
      for (int64_t j = 0; j < n; ++j) delta[j] = z[j] * (delta[j] - static_cast<float>(mixed));
    } else {
      derive(activation, z, delta, padded);
    }
  }
  for (int64_t j = 0; j < padded; ++j) delta[j] *= scale;
  for (int64_t j = n; j < padded; ++j) delta[j] = 0;
  return {static_cast<float>(total), correct};
}

// the limit

int64_t multiply_adds(int64_t rounds, float* sink) {
  constexpr int kChains = 12;  // more than the latency of an instruction times those per cycle
  F32 sum[kChains];
  for (int chain = 0; chain < kChains; ++chain) sum[chain] = broadcast(1.0f * chain);
  const F32 factor = broadcast(0.5f), term = broadcast(1.0f);
  for (int64_t round = 0; round < rounds; ++round)
#pragma GCC unroll 12
    for (int chain = 0; chain < kChains; ++chain) sum[chain] = fma(sum[chain], factor, term);
  F32 total = {};
  for (const F32& chain : sum) total += chain;
  *sink = total[0];
  return rounds * kChains * kF32Lanes;
}

}  // namespace CUTAWAY_ISA

const Kernels CUTAWAY_JOIN(kernels_, CUTAWAY_ISA) = {
    CUTAWAY_ISA_NAME,
    CUTAWAY_ISA::unpack,
    CUTAWAY_ISA::normalise,
    CUTAWAY_ISA::transpose_bits,
    CUTAWAY_ISA::store_product<float>,
    CUTAWAY_ISA::store_product<double>,
    CUTAWAY_ISA::sgd_product,
    CUTAWAY_ISA::momentum_product,
    CUTAWAY_ISA::adam_product,
    CUTAWAY_ISA::activate,
    CUTAWAY_ISA::derive,
    CUTAWAY_ISA::softmax,
    CUTAWAY_ISA::judge,
    CUTAWAY_ISA::multiply_adds,
};

}  // namespace cutaway
