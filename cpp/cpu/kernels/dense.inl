// Blocks of a product that multiplies every element of its left operand. In: the product, and a
// panel of its columns. Out: every sum, to an epilogue.

// Rows of a register block that is `vectors` wide: as many accumulators as leave registers for the
// row of b and one broadcast of a.
constexpr int rows_for(int vectors) {
  const int rows = (kRegisters - vectors - 1) / vectors;
  return rows > 12 ? 12 : rows;
}

// How much of a vector counts.
struct Lanes {
  bool all;
  int64_t first;  // if not all: so many
};
constexpr Lanes kAllLanes{true, 0};

template <class T>
inline Vector<T> load(const T* from, Lanes lanes) {
  return lanes.all ? load(from) : load_part(from, lanes.first);
}
template <class T>
inline void store(T* to, Vector<T> v, Lanes lanes) {
  if (lanes.all) {
    store(to, v);
  } else {
    store_part(to, v, lanes.first);
  }
}

template <class A, class V>
inline V fold(const Product<A>& p, int64_t j, V sum) {
  if (!p.shift) return sum;
  typename A::Number scale = p.scale;
  asm volatile("" : "+m"(scale));  // or GCC keeps it in a register that the sums need, and spills
  return fma(sum, broadcast(scale), load(p.shift + j));
}

// Operands whose product may have any number of columns; of others, whole vectors.
template <class A>
constexpr bool kAnyWidth = false;
template <class T>
constexpr bool kAnyWidth<Dense<T>> = true;

// The rows of an operand from i on, column after column.
template <class A, int Rows>
struct Column;

template <class T, int Rows>
struct Column<Dense<T>, Rows> {
  const T* at;
  int64_t row, col;

  Column(const Dense<T>& a, int64_t i) : at(a.at + i * a.row), row(a.row), col(a.col) {}
  T value(int r) const { return at[r * row]; }
  void next() { at += col; }
};

// One block of the product, kept in registers over the whole of k. Of the last vector of a row,
// `lanes` count; all of them if Whole.
template <int Rows, int Vectors, bool Whole, class A, class Epilogue>
inline void block(const Product<A>& p, int64_t i, int64_t j, int64_t lanes,
                  const Epilogue& epilogue) {
  using T = typename A::Number;
  const auto lanes_of = [&](int v) { return Lanes{Whole || v < Vectors - 1, lanes}; };
  Vector<T> sum[Rows][Vectors];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      sum[r][v] = epilogue.start(i + r, j + v * kLanesOf<T>, lanes_of(v));
  Column<A, Rows> a(p.a, i);
  const T* b = p.b + j;
  for (int64_t k = 0; k < p.k; ++k, a.next(), b += p.b_row) {
    Vector<T> row[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) row[v] = load(b + v * kLanesOf<T>, lanes_of(v));
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const Vector<T> value = broadcast(a.value(r));
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) sum[r][v] = fma(value, row[v], sum[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      epilogue.take(i + r, j + v * kLanesOf<T>, lanes_of(v),
                    fold(p, j + v * kLanesOf<T>, sum[r][v]));
}

template <int Rows, int Vectors, bool Whole, class A, class Epilogue>
inline void block_of(int rows, const Product<A>& p, int64_t i, int64_t j, int64_t lanes,
                     const Epilogue& epilogue) {
  if (rows == Rows) return block<Rows, Vectors, Whole>(p, i, j, lanes, epilogue);
  if constexpr (Rows > 1) block_of<Rows - 1, Vectors, Whole>(rows, p, i, j, lanes, epilogue);
}

// All rows of one panel of columns, in blocks of equal height give or take one. Not inline: panels
// of several widths in one function would fight for the registers.
template <int Vectors, bool Whole, class A, class Epilogue>
[[gnu::noinline]] void panel(const Product<A>& product, int64_t j, int64_t lanes,
                             const Epilogue& epilogue) {
  const Product<A> p = product;  // a value: the compiler must not fear that a store changes it
  constexpr int kRows = rows_for(Vectors);
  int64_t i = 0;
  for (int64_t left = (p.m + kRows - 1) / kRows; left > 0; --left) {
    const int rows = static_cast<int>((p.m - i + left - 1) / left);
    block_of<kRows, Vectors, Whole>(rows, p, i, j, lanes, epilogue);
    i += rows;
  }
}
