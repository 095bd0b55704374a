// A product whose left operand is a matrix of floats or doubles, block by block. In: the product, a
// panel of its columns. Out: every sum, to an epilogue.

// Rows of a register block that is `vectors` wide: as many accumulators as leave registers for the
// row of b and one broadcast of a.
constexpr int rows_for(int vectors) {
  const int rows = (kRegisters - vectors - 1) / vectors;
  return rows > 12 ? 12 : rows;
}

template <class T>
inline Vector<T> fold(const Product<T>& p, int64_t j, Vector<T> sum) {
  return p.shift ? fma(sum, broadcast(p.scale), load(p.shift + j)) : sum;
}

// One block of the product, kept in registers over the whole of k, handed to `epilogue`. Of the
// last vector of a row, `lanes` count; all of them if Whole.
template <int Rows, int Vectors, bool Whole, class T, class Epilogue>
inline void block(const Product<T>& p, int64_t i, int64_t j, int64_t lanes,
                  const Epilogue& epilogue) {
  constexpr int kLast = Vectors - 1;
  Vector<T> sum[Rows][Vectors];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      sum[r][v] = epilogue.template start<Whole>(i + r, j + v * kLanesOf<T>, lanes, v == kLast);
  const T* a = p.a + i * p.a_row;
  const T* b = p.b + j;
  for (int64_t k = 0; k < p.k; ++k, a += p.a_col, b += p.b_row) {
    Vector<T> row[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      row[v] =
          Whole || v < kLast ? load(b + v * kLanesOf<T>) : load_part(b + v * kLanesOf<T>, lanes);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const Vector<T> value = broadcast(a[r * p.a_row]);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) sum[r][v] = fma(value, row[v], sum[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      epilogue.template take<Whole>(i + r, j + v * kLanesOf<T>, lanes, v == kLast,
                                    fold(p, j + v * kLanesOf<T>, sum[r][v]));
}

template <int Rows, int Vectors, bool Whole, class T, class Epilogue>
inline void block_of(int rows, const Product<T>& p, int64_t i, int64_t j, int64_t lanes,
                     const Epilogue& epilogue) {
  if (rows == Rows) return block<Rows, Vectors, Whole>(p, i, j, lanes, epilogue);
  if constexpr (Rows > 1) block_of<Rows - 1, Vectors, Whole>(rows, p, i, j, lanes, epilogue);
}

// All rows of one panel of columns, in blocks of equal height give or take one.
template <int Vectors, bool Whole, class T, class Epilogue>
void panel(const Product<T>& product, int64_t j, int64_t lanes, const Epilogue& epilogue) {
  const Product<T> p = product;  // a value: the compiler must not fear that a store changes it
  constexpr int kRows = rows_for(Vectors);
  const int64_t blocks = (p.m + kRows - 1) / kRows;
  int64_t i = 0;
  for (int64_t left = blocks; left > 0; --left) {
    const int rows = static_cast<int>((p.m - i + left - 1) / left);
    block_of<kRows, Vectors, Whole>(rows, p, i, j, lanes, epilogue);
    i += rows;
  }
}
