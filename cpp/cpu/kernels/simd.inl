// Vectors of one instruction set. Arithmetic and comparison are the compiler's vector extensions
// (GCC, Clang); here is only what they lack. Included by kernels.inl inside its namespace.

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(kVectorBytes)));
  static constexpr int lanes = kVectorBytes / static_cast<int>(sizeof(T));
};
template <class T>
using Vector = typename VectorOf<T>::type;

using F32 = Vector<float>;
using I32 = Vector<int32_t>;
constexpr int kF32Lanes = VectorOf<float>::lanes;

template <class T>
inline Vector<T> load(const T* from) {
  Vector<T> v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}
template <class T>
inline void store(T* to, Vector<T> v) {
  __builtin_memcpy(to, &v, sizeof v);
}
// The first n elements, fewer than a vector has; the others are 0, and are neither read nor
// written.
template <class T>
inline Vector<T> load_part(const T* from, int64_t n) {
#if defined(__AVX512F__)
  const auto lanes = (1u << n) - 1;
  if constexpr (sizeof(T) == 4) return Vector<T>(_mm512_maskz_loadu_ps(lanes, from));
  if constexpr (sizeof(T) == 8) return Vector<T>(_mm512_maskz_loadu_pd(lanes, from));
#else
  Vector<T> v = {};
  for (int64_t lane = 0; lane < n; ++lane) v[lane] = from[lane];
  return v;
#endif
}
template <class T>
inline void store_part(T* to, Vector<T> v, int64_t n) {
#if defined(__AVX512F__)
  const auto lanes = (1u << n) - 1;
  if constexpr (sizeof(T) == 4) _mm512_mask_storeu_ps(to, lanes, __m512(v));
  if constexpr (sizeof(T) == 8) _mm512_mask_storeu_pd(to, lanes, __m512d(v));
#else
  for (int64_t lane = 0; lane < n; ++lane) to[lane] = v[lane];
#endif
}

template <class T>
inline Vector<T> broadcast(T value) {
  return value - Vector<T>{};  // x - 0 is x for every x (0 + x is not: -0), so it folds away
}

typedef uint8_t U8 __attribute__((vector_size(16)));

// a0 b0 a1 b1 ... of the first eight bytes of each, or of the last eight.
inline U8 low_halves_in_turn(U8 a, U8 b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
inline U8 high_halves_in_turn(U8 a, U8 b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}

// Bit i tells whether byte i is not zero.
inline uint64_t non_zero_lanes(U8 bytes) {
#if defined(__SSE2__)
  const auto zero = _mm_cmpeq_epi8(reinterpret_cast<__m128i>(bytes), _mm_setzero_si128());
  return 0xffff ^ static_cast<uint64_t>(_mm_movemask_epi8(zero));
#else
  uint64_t mask = 0;
  for (int i = 0; i < 16; ++i) mask |= static_cast<uint64_t>(bytes[i] != 0) << i;
  return mask;
#endif
}

// The same for n bytes, at most 64. What lies behind them is not touched: it may be another
// picture's, which is not in the cache.
inline uint64_t non_zero_part(const uint8_t* bytes, int64_t n) {
  uint64_t mask = 0;
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    U8 lanes;
    __builtin_memcpy(&lanes, bytes + i, 16);
    mask |= non_zero_lanes(lanes) << i;
  }
  for (; i < n; ++i) mask |= static_cast<uint64_t>(bytes[i] != 0) << i;
  return mask;
}

#if defined(__AVX512F__)
inline F32 fma(F32 a, F32 b, F32 c) { return F32(_mm512_fmadd_ps(a, b, c)); }
inline Vector<double> fma(Vector<double> a, Vector<double> b, Vector<double> c) {
  return Vector<double>(_mm512_fmadd_pd(a, b, c));
}
// "maskz" of every lane: the plain intrinsics warn in GCC 12 (its bug 105593).
inline F32 sqrt(F32 v) { return F32(_mm512_maskz_sqrt_ps(0xffff, v)); }
inline I32 integers_from(const uint8_t* bytes) {
  return I32(
      _mm512_maskz_cvtepu8_epi32(0xffff, _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes))));
}
// Bit i tells whether byte i of 64 is not zero.
inline uint64_t non_zero_word(const uint8_t* bytes) {
  const __m512i v = _mm512_loadu_si512(bytes);
  return _mm512_test_epi8_mask(v, v);
}
#elif defined(__AVX2__)
inline F32 fma(F32 a, F32 b, F32 c) { return F32(_mm256_fmadd_ps(a, b, c)); }
inline Vector<double> fma(Vector<double> a, Vector<double> b, Vector<double> c) {
  return Vector<double>(_mm256_fmadd_pd(a, b, c));
}
inline F32 sqrt(F32 v) { return F32(_mm256_sqrt_ps(v)); }
inline I32 integers_from(const uint8_t* bytes) {
  return I32(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes))));
}
inline uint64_t non_zero_word(const uint8_t* bytes) {
  uint64_t zero = 0;
  for (int half = 0; half < 2; ++half) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + 32 * half));
    const int mask = _mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_setzero_si256()));
    zero |= static_cast<uint64_t>(static_cast<uint32_t>(mask)) << (32 * half);
  }
  return ~zero;
}
#else
// Without the instruction, a product and a sum: two roundings.
template <class V>
inline V fma(V a, V b, V c) {
  return a * b + c;
}
inline F32 sqrt(F32 v) {
  for (int lane = 0; lane < kF32Lanes; ++lane) v[lane] = __builtin_sqrtf(v[lane]);
  return v;
}
inline I32 integers_from(const uint8_t* bytes) {
  I32 v;
  for (int lane = 0; lane < kF32Lanes; ++lane) v[lane] = bytes[lane];
  return v;
}
inline uint64_t non_zero_word(const uint8_t* bytes) { return non_zero_part(bytes, 64); }
#endif

// Keeps a value in its register: otherwise GCC loads it again for every use.
inline void keep([[maybe_unused]] F32& value) {
#if defined(__SSE2__)
  asm("" : "+v"(value));
#endif
}

inline F32 floats_from(const uint8_t* bytes) {
  return __builtin_convertvector(integers_from(bytes), F32);
}

inline I32 bits_of(F32 v) { return reinterpret_cast<I32>(v); }
inline F32 float_of(I32 v) { return reinterpret_cast<F32>(v); }
inline F32 absolute(F32 v) { return float_of(bits_of(v) & 0x7fffffff); }
inline F32 sign_of(F32 v, F32 magnitude) {  // magnitude with v's sign
  return float_of(bits_of(magnitude) | (bits_of(v) & static_cast<int32_t>(0x80000000)));
}

// e^x within 2 ulp for x in [-87.3, 88.3]; 0 below, clamped above; NaN stays NaN.
// x = n ln 2 + r, |r| <= ln 2 / 2; e^r by its Taylor polynomial of degree 7 (error < 6e-9).
inline F32 exp(F32 x) {
  const F32 low = broadcast(-87.3f), high = broadcast(88.3f);
  const auto vanishes = x < low;
  x = vanishes ? low : x;
  x = x > high ? high : x;
  const F32 round = broadcast(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const F32 shifted = fma(x, broadcast(1.44269504f), round);
  const F32 n = shifted - round;
  F32 r = fma(n, broadcast(-0.693359375f), x);  // ln 2 in two parts: the first is short
  r = fma(n, broadcast(2.12194440e-4f), r);     // enough for n times it to be exact
  F32 p = broadcast(1.0f / 5040);
  p = fma(p, r, broadcast(1.0f / 720));
  p = fma(p, r, broadcast(1.0f / 120));
  p = fma(p, r, broadcast(1.0f / 24));
  p = fma(p, r, broadcast(1.0f / 6));
  p = fma(p, r, broadcast(0.5f));
  p = fma(p, r, broadcast(1.0f));
  p = fma(p, r, broadcast(1.0f));
  const I32 power = (bits_of(shifted) - bits_of(round) + 127) << 23;
  return vanishes ? broadcast(0.0f) : p * float_of(power);
}

// ln x within 2 ulp for positive normal x. x = 2^n m, m in [sqrt(1/2), sqrt(2));
// ln m = 2 artanh(s), s = (m - 1) / (m + 1), by its series (|s| < 0.172, error < 1e-9).
inline F32 log(F32 x) {
  const I32 shift = bits_of(x) - 0x3f3504f3;  // sqrt(1/2)
  const I32 n = shift >> 23;
  const F32 m = float_of(bits_of(x) - (n << 23));
  const F32 s = (m - 1.0f) / (m + 1.0f), s2 = s * s;
  F32 p = broadcast(2.0f / 9);
  p = fma(p, s2, broadcast(2.0f / 7));
  p = fma(p, s2, broadcast(2.0f / 5));
  p = fma(p, s2, broadcast(2.0f / 3));
  p = fma(p, s2, broadcast(2.0f));
  return fma(__builtin_convertvector(n, F32), broadcast(0.693147181f), p * s);
}
