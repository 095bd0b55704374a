// Elementary functions of vectors, and of rows by vectors, made of a set's own operations. The same
// steps for every set, so that only fma() can make a bit of difference.

inline F32 floats_from(const uint8_t* bytes) {
  return __builtin_convertvector(integers_from(bytes), F32);
}

inline I32 bits_of(F32 v) { return reinterpret_cast<I32>(v); }
inline F32 float_of(I32 v) { return reinterpret_cast<F32>(v); }
inline F32 absolute(F32 v) { return float_of(bits_of(v) & 0x7fffffff); }
inline F32 sign_of(F32 v, F32 magnitude) {  // magnitude with v's sign
  return float_of(bits_of(magnitude) | (bits_of(v) & static_cast<int32_t>(0x80000000)));
}

// out[i] = f(in[i]), vector by vector; in and out may be the same.
template <class F>
inline void map(const float* in, float* out, int64_t n, const F& f) {
  int64_t i = 0;
  for (; i + kF32Lanes <= n; i += kF32Lanes) store(out + i, f(load(in + i)));
  if (i < n) store_part(out + i, f(load_part(in + i, n - i)), n - i);
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
