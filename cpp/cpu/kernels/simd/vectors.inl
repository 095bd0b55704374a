// Vectors of kVectorBytes, which the including instruction set has defined. Arithmetic and
// comparison are the compiler's vector extensions (GCC, Clang); the sets add what these lack.

template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(kVectorBytes)));
  static constexpr int lanes = kVectorBytes / static_cast<int>(sizeof(T));
};
template <class T>
using Vector = typename VectorOf<T>::type;
template <class T>
inline constexpr int kLanesOf = VectorOf<T>::lanes;

using F32 = Vector<float>;
using I32 = Vector<int32_t>;
constexpr int kF32Lanes = kLanesOf<float>;

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
// written. A set with masks overloads both.
template <class T>
inline Vector<T> load_part(const T* from, int64_t n) {
  Vector<T> v = {};
  for (int64_t lane = 0; lane < n; ++lane) v[lane] = from[lane];
  return v;
}
template <class T>
inline void store_part(T* to, Vector<T> v, int64_t n) {
  for (int64_t lane = 0; lane < n; ++lane) to[lane] = v[lane];
}

template <class T>
inline Vector<T> broadcast(T value) {
  return value - Vector<T>{};  // x - 0 is x for every x (0 + x is not: -0), so it folds away
}

// Bytes come in vectors of 16 whatever the set.
typedef uint8_t U8 __attribute__((vector_size(16)));

inline U8 load_bytes(const uint8_t* from) {
  U8 v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}

// a0 b0 a1 b1 ... of the first eight bytes of each, or of the last eight.
inline U8 low_halves_in_turn(U8 a, U8 b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
inline U8 high_halves_in_turn(U8 a, U8 b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}
