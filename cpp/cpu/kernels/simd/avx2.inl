// AVX2 with FMA: vectors of 32 bytes, 16 registers.

constexpr int kVectorBytes = 32;
constexpr int kRegisters = 16;
constexpr int kWidest = 2;  // vectors side by side in a block of a product, at most

#include "cpu/kernels/simd/sse2.inl"

inline __m256i first_lanes32(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline __m256i first_lanes64(int64_t n) {
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
}
inline F32 load_part(const float* from, int64_t n) {
  return F32(_mm256_maskload_ps(from, first_lanes32(n)));
}
inline Vector<double> load_part(const double* from, int64_t n) {
  return Vector<double>(_mm256_maskload_pd(from, first_lanes64(n)));
}
inline void store_part(float* to, F32 v, int64_t n) {
  _mm256_maskstore_ps(to, first_lanes32(n), __m256(v));
}
inline void store_part(double* to, Vector<double> v, int64_t n) {
  _mm256_maskstore_pd(to, first_lanes64(n), __m256d(v));
}

inline F32 fma(F32 a, F32 b, F32 c) { return F32(_mm256_fmadd_ps(a, b, c)); }
inline Vector<double> fma(Vector<double> a, Vector<double> b, Vector<double> c) {
  return Vector<double>(_mm256_fmadd_pd(a, b, c));
}
inline F32 sqrt(F32 v) { return F32(_mm256_sqrt_ps(v)); }
inline I32 integers_from(const uint8_t* bytes) {
  return I32(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes))));
}
// Bit i tells whether byte i of 64 is not zero.
inline uint64_t non_zero_word(const uint8_t* bytes) {
  uint64_t zero = 0;
  for (int half = 0; half < 2; ++half) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + 32 * half));
    const int mask = _mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_setzero_si256()));
    zero |= static_cast<uint64_t>(static_cast<uint32_t>(mask)) << (32 * half);
  }
  return ~zero;
}
