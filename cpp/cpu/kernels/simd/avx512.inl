// AVX-512 (F, BW, DQ, VL): vectors of 64 bytes, 32 registers, and masks.

constexpr int kVectorBytes = 64;
constexpr int kRegisters = 32;
constexpr int kWidest = 4;  // vectors side by side in a block of a product, at most

#include "cpu/kernels/simd/sse2.inl"

inline uint32_t first_bits(int64_t n) { return (1u << n) - 1; }

inline F32 load_part(const float* from, int64_t n) {
  return F32(_mm512_maskz_loadu_ps(static_cast<__mmask16>(first_bits(n)), from));
}
inline Vector<double> load_part(const double* from, int64_t n) {
  return Vector<double>(_mm512_maskz_loadu_pd(static_cast<__mmask8>(first_bits(n)), from));
}
inline void store_part(float* to, F32 v, int64_t n) {
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>(first_bits(n)), __m512(v));
}
inline void store_part(double* to, Vector<double> v, int64_t n) {
  _mm512_mask_storeu_pd(to, static_cast<__mmask8>(first_bits(n)), __m512d(v));
}

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
