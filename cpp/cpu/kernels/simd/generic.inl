// Any processor: vectors of 16 bytes, and whatever the compiler makes of them.

constexpr int kVectorBytes = 16;
constexpr int kRegisters = 16;
constexpr int kWidest = 2;  // vectors side by side in a block of a product, at most

#if defined(__SSE2__)
#include "cpu/kernels/simd/sse2.inl"
#else
#include "cpu/kernels/simd/vectors.inl"

inline void keep(F32&) {}
inline uint64_t non_zero_lanes(U8 bytes) {
  uint64_t mask = 0;
  for (int i = 0; i < 16; ++i) mask |= static_cast<uint64_t>(bytes[i] != 0) << i;
  return mask;
}
#endif

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
// Bit i tells whether byte i of 64 is not zero.
inline uint64_t non_zero_word(const uint8_t* bytes) {
  uint64_t mask = 0;
  for (int i = 0; i < 64; i += 16) mask |= non_zero_lanes(load_bytes(bytes + i)) << i;
  return mask;
}
