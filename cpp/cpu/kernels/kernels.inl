// The source of every kernel, compiled once per instruction set (see avx512.cpp).
// In: raw pointers and sizes. Out: the table `kernels_<isa>`.
//
// Vector lanes run over output columns, and every output element is one chain of fused
// multiply-adds in the order of k: neither the vector width nor the way that the work is cut
// between threads changes a bit.

#include "cpu/kernels/table.h"

#define CUTAWAY_JOIN_(a, b) a##b
#define CUTAWAY_JOIN(a, b) CUTAWAY_JOIN_(a, b)

namespace cutaway {
namespace CUTAWAY_ISA {

#include "cpu/kernels/simd.inl"

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

// One block of the product, kept in registers over the whole of k, handed to `finish`. Of the last
// vector of a row, `lanes` count; all of them if Whole.
template <int Rows, int Vectors, bool Whole, class T, class Finish>
inline void block(const Product<T>& p, int64_t i, int64_t j, int64_t lanes, const Finish& finish) {
  constexpr int kLast = Vectors - 1;
  Vector<T> sum[Rows][Vectors];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      sum[r][v] = finish.template start<Whole>(i + r, j + v * kLanesOf<T>, lanes, v == kLast);
  const T* a = p.a + i * p.a_row;
  const T* b = p.b + j;
  for (int64_t k = 0; k < p.k; ++k, a += p.a_col, b += p.b_row) {
    Vector<T> row[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      row[v] =
          Whole || v < kLast ? load(b + v * kLanesOf<T>) : load_part(b + v * kLanesOf<T>, lanes);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const Vector<T> value = broadcast(a[r * p.a_row]);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) sum[r][v] = fma(value, row[v], sum[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      finish.template take<Whole>(i + r, j + v * kLanesOf<T>, lanes, v == kLast,
                                  fold(p, j + v * kLanesOf<T>, sum[r][v]));
}

template <int Rows, int Vectors, bool Whole, class T, class Finish>
inline void block_of(int rows, const Product<T>& p, int64_t i, int64_t j, int64_t lanes,
                     const Finish& finish) {
  if (rows == Rows) return block<Rows, Vectors, Whole>(p, i, j, lanes, finish);
  if constexpr (Rows > 1) block_of<Rows - 1, Vectors, Whole>(rows, p, i, j, lanes, finish);
}

// All rows of one panel of columns, in blocks of equal height give or take one.
template <int Vectors, bool Whole, class T, class Finish>
void panel(const Product<T>& product, int64_t j, int64_t lanes, const Finish& finish) {
  const Product<T> p = product;  // a value: the compiler must not fear that a store changes it
  constexpr int kRows = rows_for(Vectors);
  const int64_t blocks = (p.m + kRows - 1) / kRows;
  int64_t i = 0;
  for (int64_t left = blocks; left > 0; --left) {
    const int rows = static_cast<int>((p.m - i + left - 1) / left);
    block_of<kRows, Vectors, Whole>(rows, p, i, j, lanes, finish);
    i += rows;
  }
}

alignas(64) constexpr struct FloatOfByte {
  float value[256];
  constexpr FloatOfByte() : value() {
    for (int i = 0; i < 256; ++i) value[i] = static_cast<float>(i);
  }
} kFloatOfByte;

// The same for bytes, from one column to the next that is not zero in all of the rows. Two rows at
// a time: alone, a row would wait for its own last sums; of more, too few are zero together.
template <int Rows, int Vectors, class Finish>
inline void sparse_block(const Product<float> p, const Bytes bytes, int64_t i, int64_t j,
                         const Finish& finish) {
  F32 sum[Rows][Vectors];
  const uint8_t* a[Rows];
#pragma GCC unroll 2
  for (int r = 0; r < Rows; ++r) {
    a[r] = bytes.rows ? bytes.rows[i + r] + bytes.column : bytes.first + (i + r) * bytes.row;
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) sum[r][v] = F32{};
  }
  const uint64_t* mask = bytes.mask + i * bytes.mask_row;
  const float* b = p.b + j;
  for (int64_t word = 0; word < p.k; word += 64) {
    for (uint64_t bits = Rows == 2 ? mask[0] | mask[bytes.mask_row] : mask[0]; bits;
         bits &= bits - 1) {
      const int64_t at = __builtin_ctzll(bits);
      const float* row = b + at * p.b_row;
      F32 value[Rows];
#pragma GCC unroll 2
      for (int r = 0; r < Rows; ++r) value[r] = broadcast(kFloatOfByte.value[a[r][at]]);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        F32 weights = load(row + v * kF32Lanes);
        keep(weights);
#pragma GCC unroll 2
        for (int r = 0; r < Rows; ++r) sum[r][v] = fma(value[r], weights, sum[r][v]);
      }
    }
    mask += bytes.mask_word, b += 64 * p.b_row;
#pragma GCC unroll 2
    for (int r = 0; r < Rows; ++r) a[r] += bytes.word;
  }
#pragma GCC unroll 2
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      finish.template take<true>(i + r, j + v * kF32Lanes, kF32Lanes, false,
                                 fold(p, j + v * kF32Lanes, sum[r][v]));
}

template <int Vectors, class Finish>
void sparse_panel(const Product<float>& product, int64_t j, const Finish& finish) {
  const Product<float> p = product;  // values, as above
  const Bytes bytes = *p.bytes;
  int64_t i = 0;
  for (; i + 2 <= p.m; i += 2) sparse_block<2, Vectors>(p, bytes, i, j, finish);
  if (i < p.m) sparse_block<1, Vectors>(p, bytes, i, j, finish);
}

// The same for bytes of which none is skipped, Rows rows at a time.
template <int Rows, int Vectors, class Finish>
inline void byte_block(const Product<float> p, const Bytes bytes, int64_t i, int64_t j,
                       const Finish& finish) {
  F32 sum[Rows][Vectors] = {};
  const uint8_t* a[Rows];
#pragma GCC unroll 12
  for (int r = 0; r < Rows; ++r)
    a[r] = Finish::kUpdates ? nullptr : bytes.rows[i + r] + bytes.column;
  const float* b = p.b + j;
  for (int64_t k = 0; k < p.k; ++k, b += p.b_row) {
    F32 row[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) row[v] = load(b + v * kF32Lanes);
    const uint8_t* column = Finish::kUpdates ? bytes.rows[k] + bytes.column + i : nullptr;
#pragma GCC unroll 12
    for (int r = 0; r < Rows; ++r) {
      const F32 value = broadcast(kFloatOfByte.value[Finish::kUpdates ? column[r] : a[r][k]]);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) sum[r][v] = fma(value, row[v], sum[r][v]);
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      finish.template take<true>(i + r, j + v * kF32Lanes, kF32Lanes, false,
                                 fold(p, j + v * kF32Lanes, sum[r][v]));
}

template <int Rows, int Vectors, class Finish>
inline void byte_block_of(int rows, const Product<float>& p, const Bytes& bytes, int64_t i,
                          int64_t j, const Finish& finish) {
  if (rows == Rows) return byte_block<Rows, Vectors>(p, bytes, i, j, finish);
  if constexpr (Rows > 1) byte_block_of<Rows - 1, Vectors>(rows, p, bytes, i, j, finish);
}

template <int Vectors, class Finish>
void byte_panel(const Product<float>& product, int64_t j, const Finish& finish) {
  const Product<float> p = product;  // values, as above
  const Bytes bytes = *p.bytes;
  int64_t i = 0;
  for (int64_t left = (p.m + rows_for(Vectors) - 1) / rows_for(Vectors); left > 0; --left) {
    const int rows = static_cast<int>((p.m - i + left - 1) / left);
    byte_block_of<rows_for(Vectors), Vectors>(rows, p, bytes, i, j, finish);
    i += rows;
  }
}

// Panels of columns: as wide as the registers hold, then narrower ones for the rest.
template <int Vectors, class T, class Finish>
int64_t panels(const Product<T>& p, int64_t j, const Finish& finish) {
  constexpr int kWidth = Vectors * kLanesOf<T>;
  for (; p.n - j >= kWidth; j += kWidth) panel<Vectors, true>(p, j, kLanesOf<T>, finish);
  if constexpr (!Finish::kUpdates) {
    if (p.n - j > kWidth - kLanesOf<T>) {
      panel<Vectors, false>(p, j, p.n - j - (kWidth - kLanesOf<T>), finish);
      j = p.n;
    }
  }
  return j;
}

template <int Vectors, class Finish>
int64_t sparse_panels(const Product<float>& p, int64_t j, const Finish& finish) {
  constexpr int kWidth = Vectors * kF32Lanes;
  for (; p.n - j >= kWidth; j += kWidth) sparse_panel<Vectors>(p, j, finish);
  return j;
}

template <int Vectors, class Finish>
int64_t byte_panels(const Product<float>& p, int64_t j, const Finish& finish) {
  constexpr int kWidth = Vectors * kF32Lanes;
  for (; p.n - j >= kWidth; j += kWidth) byte_panel<Vectors>(p, j, finish);
  return j;
}

template <class T, class Finish>
inline void product(const Product<T>& p, const Finish& finish) {
  int64_t j = 0;
  if constexpr (sizeof(T) == sizeof(float)) {
    if (p.bytes && p.bytes->mask) {
      j = sparse_panels<4>(p, j, finish);
      j = sparse_panels<2>(p, j, finish);
      sparse_panels<1>(p, j, finish);
      return;
    }
    if (p.bytes) {
      if constexpr (kWidest >= 4) j = byte_panels<4>(p, j, finish);
      j = byte_panels<2>(p, j, finish);
      byte_panels<1>(p, j, finish);
      return;
    }
  }
  if constexpr (kWidest >= 4) j = panels<4>(p, j, finish);
  j = panels<2>(p, j, finish);
  panels<1>(p, j, finish);
}

// What is done with a product. start() tells what the chain of a sum starts from, take() gets the
// result; of the last vector of a row, `lanes` count, unless all are Whole.
template <class T>
struct StoreFinish {
  static constexpr bool kUpdates = false;
  Store<T> s;

  template <bool Whole>
  Vector<T> start(int64_t i, int64_t j, int64_t lanes, bool last) const {
    if (!s.resume) return Vector<T>{};
    const T* from = s.out + i * s.out_row + j;
    return Whole || !last ? load(from) : load_part(from, lanes);
  }
  template <bool Whole>
  void take(int64_t i, int64_t j, int64_t lanes, bool last, Vector<T> sum) const {
    T* out = s.out + i * s.out_row + j;
    if (Whole || !last) {
      store(out, sum);
    } else {
      store_part(out, sum, lanes);
    }
  }
};

template <class T>
void store_product(const Product<T>& p, const Store<T>& s) {
  product(p, StoreFinish<T>{s});
}

template <class T>
void store_stack(const Product<T>& first, const Store<T>& to, int64_t count, int64_t a_step,
                 int64_t b_step, int64_t out_step) {
  Product<T> p = first;
  Store<T> s = to;
  for (int64_t i = 0; i < count; ++i, p.a += a_step, p.b += b_step, s.out += out_step)
    product(p, StoreFinish<T>{s});
}

// The columns of weights are padded, so that an update knows only whole vectors.
template <class Update>
struct UpdateFinish {
  static constexpr bool kUpdates = true;
  Update update;

  template <bool Whole>
  static F32 start(int64_t, int64_t, int64_t, bool) {
    return F32{};
  }
  template <bool Whole>
  void take(int64_t i, int64_t j, int64_t, bool, F32 sum) const {
    update(i, j, sum);
  }
};
template <class Update>
UpdateFinish(Update) -> UpdateFinish<Update>;

void sgd_product(const Product<float>& p, const SgdUpdate& u) {
  const F32 rate = broadcast(-u.rate), decay = broadcast(u.decay);
  product(p, UpdateFinish{[=](int64_t i, int64_t j, F32 sum) {
            float* at = u.weights + i * u.row + j;
            const F32 w = load(at);
            store(at, fma(rate, fma(decay, w, sum), w));
          }});
}

void momentum_product(const Product<float>& p, const MomentumUpdate& u) {
  const F32 rate = broadcast(-u.rate), decay = broadcast(u.decay);
  const F32 momentum = broadcast(u.momentum);
  product(p, UpdateFinish{[=](int64_t i, int64_t j, F32 sum) {
            const int64_t at = i * u.row + j;
            const F32 w = load(u.weights + at);
            const F32 velocity = fma(momentum, load(u.velocity + at), fma(decay, w, sum));
            store(u.velocity + at, velocity);
            store(u.weights + at, fma(rate, velocity, w));
          }});
}

void adam_product(const Product<float>& p, const AdamUpdate& u) {
  const F32 rate = broadcast(u.rate), decay = broadcast(u.decay);
  const F32 beta1 = broadcast(u.beta1), rest1 = broadcast(u.rest1);
  const F32 beta2 = broadcast(u.beta2), rest2 = broadcast(u.rest2);
  const F32 eps = broadcast(u.eps), scale = broadcast(u.scale);
  product(p, UpdateFinish{[=](int64_t i, int64_t j, F32 sum) {
            const int64_t at = i * u.row + j;
            const F32 w = load(u.weights + at);
            const F32 g = fma(decay, w, sum);
            const F32 m = fma(beta1, load(u.m + at), rest1 * g);
            const F32 v = fma(beta2, load(u.v + at), rest2 * (g * g));
            store(u.m + at, m);
            store(u.v + at, v);
            store(u.weights + at, w - rate * m / fma(sqrt(v), scale, eps));
          }});
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

void unpack(const uint8_t* in, float* out, int64_t n) {
  int64_t i = 0;
  for (; i + kF32Lanes <= n; i += kF32Lanes) store(out + i, floats_from(in + i));
  for (; i < n; ++i) out[i] = in[i];
}

int64_t find_non_zero(const uint8_t* in, int64_t n, uint64_t* mask) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; i += 64) {
    const uint64_t bits = n - i < 64 ? non_zero_part(in + i, n - i) : non_zero_word(in + i);
    *mask++ = bits;
    count += __builtin_popcountll(bits);
  }
  return count;
}

// A square of 16 x 16 bytes: four times, row i of the upper half and row i of the lower half become
// rows 2i and 2i + 1, byte by byte in turn.
inline void transpose_square(U8 (&square)[16]) {
#pragma GCC unroll 4
  for (int stage = 0; stage < 4; ++stage) {
    U8 next[16];
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      next[2 * i] = low_halves_in_turn(square[i], square[i + 8]);
      next[2 * i + 1] = high_halves_in_turn(square[i], square[i + 8]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) square[i] = next[i];
  }
}

void transpose(const uint8_t* const* rows, int64_t count, int64_t from, int64_t to, uint8_t* out,
               uint64_t* masks) {
  int64_t i = from;
  for (; i + 16 <= to; i += 16, out += 16 * 64, masks += 16) {
    for (int row = 0; row < 16; ++row) masks[row] = 0;
    for (int64_t k = 0; k < 64; k += 16) {
      U8 square[16];
      for (int row = 0; row < 16; ++row) {
        square[row] = U8{};
        if (k + row < count) __builtin_memcpy(&square[row], rows[k + row] + i, 16);
      }
      transpose_square(square);
#pragma GCC unroll 16
      for (int row = 0; row < 16; ++row) {
        __builtin_memcpy(out + 64 * row + k, &square[row], 16);
        masks[row] |= non_zero_lanes(square[row]) << k;
      }
    }
  }
  for (; i < to; ++i, out += 64, ++masks) {
    for (int64_t k = 0; k < 64; ++k) out[k] = k < count ? rows[k][i] : 0;
    *masks = non_zero_word(out);
  }
}

void join(const float* const* parts, int64_t count, float scale, const float* shift, float* out,
          int64_t n) {
  const F32 factor = broadcast(scale);
  for (int64_t j = 0; j < n; j += kF32Lanes) {
    F32 sum = load(parts[0] + j);
    if (count > 1) sum += load(parts[1] + j);
    if (count > 2) sum += load(parts[2] + j) + load(parts[3] + j);
    store(out + j, fma(sum, factor, load(shift + j)));
  }
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

// Adds kLanes terms as doubles, halves onto halves: the same sum for every vector width.
inline double add(const float* terms) {
  double sums[kLanes];
  for (int64_t j = 0; j < kLanes; ++j) sums[j] = terms[j];
#pragma GCC unroll 4
  for (int64_t half = kLanes / 2; half > 0; half /= 2)
    for (int64_t j = 0; j < half; ++j) sums[j] += sums[j + half];
  return sums[0];
}

// Lane j of the vector that starts at column `first` counts if j < n.
inline F32 first_lanes(F32 v, int64_t first, int64_t n) {
  I32 column;
  for (int lane = 0; lane < kF32Lanes; ++lane) column[lane] = static_cast<int32_t>(first + lane);
  return column < static_cast<int32_t>(n) ? v : broadcast(0.0f);
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
        const F32 term = (x > 0.0f ? x : broadcast(0.0f)) + log(1.0f + exp(-absolute(x)));
        store(terms + v, first_lanes(term, j + v, n));
      }
      total += add(terms);
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
        store(terms + v, first_lanes(d * d, j + v, n));
        store(delta + j + v, d + d);
      }
      total += add(terms);
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
    CUTAWAY_ISA::find_non_zero,
    CUTAWAY_ISA::transpose,
    CUTAWAY_ISA::store_product<float>,
    CUTAWAY_ISA::store_stack<float>,
    CUTAWAY_ISA::store_stack<double>,
    CUTAWAY_ISA::sgd_product,
    CUTAWAY_ISA::momentum_product,
    CUTAWAY_ISA::adam_product,
    CUTAWAY_ISA::join,
    CUTAWAY_ISA::activate,
    CUTAWAY_ISA::derive,
    CUTAWAY_ISA::softmax,
    CUTAWAY_ISA::judge,
    CUTAWAY_ISA::multiply_adds,
};

}  // namespace cutaway
