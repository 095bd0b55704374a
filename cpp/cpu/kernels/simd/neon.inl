// NEON of 64-bit ARM: vectors of 16 bytes, 32 registers.

constexpr int kVectorBytes = 16;
constexpr int kRegisters = 32;
constexpr int kWidest = 4;  // vectors side by side in a block of a product, at most

#include "cpu/kernels/simd/vectors.inl"

// Keeps a value in its register, as for x86.
inline void keep(F32& value) { asm("" : "+w"(value)); }

inline F32 fma(F32 a, F32 b, F32 c) { return F32(vfmaq_f32(c, a, b)); }
inline Vector<double> fma(Vector<double> a, Vector<double> b, Vector<double> c) {
  return Vector<double>(vfmaq_f64(c, a, b));
}
inline F32 sqrt(F32 v) { return F32(vsqrtq_f32(v)); }
inline I32 integers_from(const uint8_t* bytes) {
  uint32_t four;
  __builtin_memcpy(&four, bytes, sizeof four);
  return I32(vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(four)))));
}

// Byte i becomes bit i % 8 if it is not zero, or else nothing: eight of them add up to a byte.
inline uint8x16_t non_zero_bits(U8 bytes) {
  constexpr U8 kBits = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  return vandq_u8(vtstq_u8(bytes, bytes), kBits);
}
// Bit i tells whether byte i is not zero.
inline uint64_t non_zero_lanes(U8 bytes) {
  const uint8x16_t bits = non_zero_bits(bytes);
  return vaddv_u8(vget_low_u8(bits)) | vaddv_u8(vget_high_u8(bits)) << 8;
}
// The same of 64 bytes: neighbours are added three times.
inline uint64_t non_zero_word(const uint8_t* bytes) {
  uint8x16_t bits[4];
  for (int i = 0; i < 4; ++i) bits[i] = non_zero_bits(load_bytes(bytes + 16 * i));
  const uint8x16_t fours = vpaddq_u8(vpaddq_u8(bits[0], bits[1]), vpaddq_u8(bits[2], bits[3]));
  return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(fours, fours)), 0);
}
