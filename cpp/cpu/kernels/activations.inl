// The activation functions and their slopes. In and out: rows of floats, a vector at a time.

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
  with(activation, [&](auto f) { map(values, values, n, [&](F32 z) { return f.value(z); }); });
}

void derive(Activation activation, const float* a, float* delta, int64_t n) {
  with(activation, [&](auto f) {
    int64_t i = 0;
    for (; i + kF32Lanes <= n; i += kF32Lanes)
      store(delta + i, load(delta + i) * f.slope(load(a + i)));
    if (i < n) {
      const F32 slope = f.slope(load_part(a + i, n - i));
      store_part(delta + i, load_part(delta + i, n - i) * slope, n - i);
    }
  });
}
