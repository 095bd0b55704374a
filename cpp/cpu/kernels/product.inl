// Products: panels of columns as wide as the registers hold, whatever the left operand, and the
// epilogues: the sums are stored, or make a step of an optimizer.

// Panels of so many vectors, and a narrower one if that is the rest.
template <int Vectors, class A, class Epilogue>
int64_t panels(const Product<A>& p, int64_t j, const Epilogue& epilogue) {
  constexpr int kEach = kLanesOf<typename A::Number>, kWidth = Vectors * kEach;
  for (; p.n - j >= kWidth; j += kWidth) {
    if constexpr (kSkipsZeros<A>) {
      sparse_panel<Vectors>(p, j, epilogue);
    } else {
      panel<Vectors, true>(p, j, kEach, epilogue);
    }
  }
  if constexpr (kAnyWidth<A> && !Epilogue::kPadded) {
    if (p.n - j > kWidth - kEach) {
      panel<Vectors, false>(p, j, p.n - j - (kWidth - kEach), epilogue);
      j = p.n;
    }
  }
  return j;
}

template <class A, class Epilogue>
inline void product(const Product<A>& p, const Epilogue& epilogue) {
  int64_t j = 0;
  // Of few registers half hold a row's sums: the zeros of a row are looked for once, not twice.
  if constexpr (kSkipsZeros<A> && kRegisters == 16) j = panels<8>(p, j, epilogue);
  if constexpr (kSkipsZeros<A> || kWidest >= 4) j = panels<4>(p, j, epilogue);
  j = panels<2>(p, j, epilogue);
  panels<1>(p, j, epilogue);
}

// An epilogue's start() tells what the chain of a sum starts from, take() gets the result.
template <class T>
struct StoreEpilogue {
  static constexpr bool kPadded = false;  // its columns are whole vectors
  Store<T> s;

  Vector<T> start(int64_t i, int64_t j, Lanes lanes) const {
    return s.resume ? load(s.out + i * s.out_row + j, lanes) : Vector<T>{};
  }
  void take(int64_t i, int64_t j, Lanes lanes, Vector<T> sum) const {
    store(s.out + i * s.out_row + j, sum, lanes);
  }
};

template <class A>
void store_product(const Product<A>& p, const Store<typename A::Number>& s) {
  product(p, StoreEpilogue<typename A::Number>{s});
}

template <class T>
void store_stack(const Product<Dense<T>>& first, const Store<T>& to, const Steps& steps) {
  Product<Dense<T>> p = first;
  Store<T> s = to;
  for (int64_t i = 0; i < steps.count; ++i) {
    store_product(p, s);
    p.a.at += steps.a, p.b += steps.b, s.out += steps.out;
  }
}

template <class Update>
struct UpdateEpilogue {
  static constexpr bool kPadded = true;
  Update update;

  static F32 start(int64_t, int64_t, Lanes) { return F32{}; }
  void take(int64_t i, int64_t j, Lanes, F32 sum) const { update(i, j, sum); }
};
template <class Update>
UpdateEpilogue(Update) -> UpdateEpilogue<Update>;

template <class A>
void sgd_product(const Product<A>& p, const SgdUpdate& u) {
  const F32 rate = broadcast(-u.rate), decay = broadcast(u.decay);
  product(p, UpdateEpilogue{[=](int64_t i, int64_t j, F32 sum) {
            float* at = u.weights + i * u.row + j;
            const F32 w = load(at);
            store(at, fma(rate, fma(decay, w, sum), w));
          }});
}

template <class A>
void momentum_product(const Product<A>& p, const MomentumUpdate& u) {
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

template <class A>
void adam_product(const Product<A>& p, const AdamUpdate& u) {
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

template <class A>
constexpr Products<A> products_of() {
  return {.store = store_product<A>,
          .sgd = sgd_product<A>,
          .momentum = momentum_product<A>,
          .adam = adam_product<A>};
}
