// Products: panels of columns as wide as the registers hold, whatever the left operand, and what is
// done with the sums: stored, or made a step of an optimizer.

// Panels of columns: as wide as the registers hold, then narrower ones for the rest.
template <int Vectors, class T, class Epilogue>
int64_t panels(const Product<T>& p, int64_t j, const Epilogue& epilogue) {
  constexpr int kWidth = Vectors * kLanesOf<T>;
  for (; p.n - j >= kWidth; j += kWidth) panel<Vectors, true>(p, j, kLanesOf<T>, epilogue);
  if constexpr (!Epilogue::kUpdates) {
    if (p.n - j > kWidth - kLanesOf<T>) {
      panel<Vectors, false>(p, j, p.n - j - (kWidth - kLanesOf<T>), epilogue);
      j = p.n;
    }
  }
  return j;
}

template <int Vectors, class Epilogue>
int64_t sparse_panels(const Product<float>& p, int64_t j, const Epilogue& epilogue) {
  constexpr int kWidth = Vectors * kF32Lanes;
  for (; p.n - j >= kWidth; j += kWidth) sparse_panel<Vectors>(p, j, epilogue);
  return j;
}

template <int Vectors, class Epilogue>
int64_t byte_panels(const Product<float>& p, int64_t j, const Epilogue& epilogue) {
  constexpr int kWidth = Vectors * kF32Lanes;
  for (; p.n - j >= kWidth; j += kWidth) byte_panel<Vectors>(p, j, epilogue);
  return j;
}

template <class T, class Epilogue>
inline void product(const Product<T>& p, const Epilogue& epilogue) {
  int64_t j = 0;
  if constexpr (sizeof(T) == sizeof(float)) {
    if (p.bytes && p.bytes->mask) {
      j = sparse_panels<4>(p, j, epilogue);
      j = sparse_panels<2>(p, j, epilogue);
      sparse_panels<1>(p, j, epilogue);
      return;
    }
    if (p.bytes) {
      if constexpr (kWidest >= 4) j = byte_panels<4>(p, j, epilogue);
      j = byte_panels<2>(p, j, epilogue);
      byte_panels<1>(p, j, epilogue);
      return;
    }
  }
  if constexpr (kWidest >= 4) j = panels<4>(p, j, epilogue);
  j = panels<2>(p, j, epilogue);
  panels<1>(p, j, epilogue);
}

// What is done with a product. start() tells what the chain of a sum starts from, take() gets the
// result; of the last vector of a row, `lanes` count, unless all are Whole.
template <class T>
struct StoreEpilogue {
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
  product(p, StoreEpilogue<T>{s});
}

template <class T>
void store_stack(const Product<T>& first, const Store<T>& to, int64_t count, int64_t a_step,
                 int64_t b_step, int64_t out_step) {
  Product<T> p = first;
  Store<T> s = to;
  for (int64_t i = 0; i < count; ++i, p.a += a_step, p.b += b_step, s.out += out_step)
    product(p, StoreEpilogue<T>{s});
}

// The columns of weights are padded, so that an update knows only whole vectors.
template <class Update>
struct UpdateEpilogue {
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
UpdateEpilogue(Update) -> UpdateEpilogue<Update>;

void sgd_product(const Product<float>& p, const SgdUpdate& u) {
  const F32 rate = broadcast(-u.rate), decay = broadcast(u.decay);
  product(p, UpdateEpilogue{[=](int64_t i, int64_t j, F32 sum) {
            float* at = u.weights + i * u.row + j;
            const F32 w = load(at);
            store(at, fma(rate, fma(decay, w, sum), w));
          }});
}

void momentum_product(const Product<float>& p, const MomentumUpdate& u) {
  const F32 rate = broadcast(-u.rate), decay = broadcast(u.decay);
  const F32 momentum = broadcast(u.momentum);
  product(p, UpdateEpilogue{[=](int64_t i, int64_t j, F32 sum) {
            const int64_t at = i * u.row + j;
            const F32 w = load(u.weights + at);
            const F32 velocity = fma(momentum, load(u.velocity + at), fma(decay, w, sum));
            store(u.velocity + at, velocity);
            store(u.weights + at, fma(rate, velocity, w));
          }});
}

void adam_product(const Product<float>& p, const AdamUpdate& u) {
  const F32 rate = broadcast(u.rate), decay = broadcast(u.decay);
  const F32 beta1 = broadcast(u.beta1), gain1 = broadcast(u.gain1);
  const F32 beta2 = broadcast(u.beta2), gain2 = broadcast(u.gain2);
  const F32 eps = broadcast(u.eps), v_scale = broadcast(u.v_scale);
  product(p, UpdateEpilogue{[=](int64_t i, int64_t j, F32 sum) {
            const int64_t at = i * u.row + j;
            const F32 w = load(u.weights + at);
            const F32 g = fma(decay, w, sum);
            const F32 m = fma(beta1, load(u.m + at), gain1 * g);
            const F32 v = fma(beta2, load(u.v + at), gain2 * (g * g));
            store(u.m + at, m);
            store(u.v + at, v);
            store(u.weights + at, w - rate * m / fma(sqrt(v), v_scale, eps));
          }});
}
