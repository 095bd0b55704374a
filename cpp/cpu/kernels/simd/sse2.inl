// What every set of x86-64 does by the instructions that all of its processors have.

#include "cpu/kernels/simd/vectors.inl"

// Keeps a value in its register: otherwise GCC loads it again for every use.
inline void keep(F32& value) { asm("" : "+v"(value)); }

// Bit i tells whether byte i is not zero.
inline uint64_t non_zero_lanes(U8 bytes) {
  const auto zero = _mm_cmpeq_epi8(reinterpret_cast<__m128i>(bytes), _mm_setzero_si128());
  return 0xffff ^ static_cast<uint64_t>(_mm_movemask_epi8(zero));
}
