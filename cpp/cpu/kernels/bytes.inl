// Bytes as left operands: their columns, for the blocks of dense.inl, and blocks that skip the
// zeros among them. In: the product, and a panel of its columns. Out: every sum, to an epilogue.

alignas(64) constexpr struct FloatOfByte {
  float value[256];
  constexpr FloatOfByte() : value() {
    for (int i = 0; i < 256; ++i) value[i] = static_cast<float>(i);
  }
} kFloatOfByte;

template <int Rows>
struct Column<ByteRows, Rows> {
  const uint8_t* row[Rows];
  int64_t k = 0;

  Column(const ByteRows& a, int64_t i) {
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) row[r] = a.rows[i + r] + a.column;
  }
  float value(int r) const { return kFloatOfByte.value[row[r][k]]; }
  void next() { ++k; }
};

template <int Rows>
struct Column<ByteColumns, Rows> {
  const uint8_t* const* column;
  int64_t i;

  Column(const ByteColumns& a, int64_t first) : column(a.columns), i(a.row + first) {}
  float value(int r) const { return kFloatOfByte.value[(*column)[i + r]]; }
  void next() { ++column; }
};

template <class A>
constexpr bool kSkipsZeros = false;
template <>
constexpr bool kSkipsZeros<SparseRows> = true;
template <>
constexpr bool kSkipsZeros<SparseTiles> = true;

// Where a row's words and their masks are.
struct Words {
  const uint8_t* bytes;
  const uint64_t* mask;
  int64_t next_bytes, next_mask;  // to the row's next word
  int64_t row_mask;               // to the next row's mask
};
inline Words words_of(const SparseRows& a, int64_t i) {
  return {a.rows[i] + a.column, a.masks + i * a.words, 64, 1, a.words};
}
inline Words words_of(const SparseTiles& a, int64_t i) {
  return {a.bytes + 64 * i, a.masks + i, 64 * a.m, a.m, 1};
}

// From one column to the next that is not zero in all of the rows. Two rows at a time: alone, a row
// of four vectors would wait for its own last sums; of more, too few are zero together.
template <int Rows, int Vectors, class A, class Epilogue>
inline void sparse_block(const Product<A>& p, int64_t i, int64_t j, const Epilogue& epilogue) {
  const Words words = words_of(p.a, i);
  F32 sum[Rows][Vectors];
  const uint8_t* a[Rows];
#pragma GCC unroll 2
  for (int r = 0; r < Rows; ++r) {
    a[r] = words_of(p.a, i + r).bytes;
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v)
      sum[r][v] = epilogue.start(i + r, j + v * kF32Lanes, kAllLanes);
  }
  const uint64_t* mask = words.mask;
  const float* b = p.b + j;
  for (int64_t word = 0; word < p.k; word += 64) {
    for (uint64_t bits = Rows == 2 ? mask[0] | mask[words.row_mask] : mask[0]; bits;
         bits &= bits - 1) {
      const int64_t at = __builtin_ctzll(bits);
      const float* row = b + at * p.b_row;
      F32 value[Rows];
#pragma GCC unroll 2
      for (int r = 0; r < Rows; ++r) value[r] = broadcast(kFloatOfByte.value[a[r][at]]);
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v) {
        F32 weights = load(row + v * kF32Lanes);
        keep(weights);
#pragma GCC unroll 2
        for (int r = 0; r < Rows; ++r) sum[r][v] = fma(value[r], weights, sum[r][v]);
      }
    }
    mask += words.next_mask, b += 64 * p.b_row;
#pragma GCC unroll 2
    for (int r = 0; r < Rows; ++r) a[r] += words.next_bytes;
  }
#pragma GCC unroll 2
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v)
      epilogue.take(i + r, j + v * kF32Lanes, kAllLanes, fold(p, j + v * kF32Lanes, sum[r][v]));
}

// Not inline, as panel().
template <int Vectors, class A, class Epilogue>
[[gnu::noinline]] void sparse_panel(const Product<A>& product, int64_t j,
                                    const Epilogue& epilogue) {
  const Product<A> p = product;  // a value, as there
  int64_t i = 0;
  constexpr int kRows = Vectors < 8 ? 2 : 1;
  for (; i + kRows <= p.m; i += kRows) sparse_block<kRows, Vectors>(p, i, j, epilogue);
  if (i < p.m) sparse_block<1, Vectors>(p, i, j, epilogue);
}
