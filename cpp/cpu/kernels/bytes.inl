// A product whose left operand is a matrix of bytes. In: the product, a panel of its columns. Out:
// every sum, to an epilogue. The zeros among the bytes are skipped if they are known.

alignas(64) constexpr struct FloatOfByte {
  float value[256];
  constexpr FloatOfByte() : value() {
    for (int i = 0; i < 256; ++i) value[i] = static_cast<float>(i);
  }
} kFloatOfByte;

// The same for bytes, from one column to the next that is not zero in all of the rows. Two rows at
// a time: alone, a row would wait for its own last sums; of more, too few are zero together.
template <int Rows, int Vectors, class Epilogue>
inline void sparse_block(const Product<float> p, const Bytes bytes, int64_t i, int64_t j,
                         const Epilogue& epilogue) {
  F32 sum[Rows][Vectors];
  const uint8_t* a[Rows];
#pragma GCC unroll 2
  for (int r = 0; r < Rows; ++r) {
    a[r] = bytes.rows ? bytes.rows[i + r] + bytes.column : bytes.first + (i + r) * bytes.row;
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) sum[r][v] = F32{};
  }
  const uint64_t* mask = bytes.mask + i * bytes.mask_row;
  const float* b = p.b + j;
  for (int64_t word = 0; word < p.k; word += 64) {
    for (uint64_t bits = Rows == 2 ? mask[0] | mask[bytes.mask_row] : mask[0]; bits;
         bits &= bits - 1) {
      const int64_t at = __builtin_ctzll(bits);
      const float* row = b + at * p.b_row;
      F32 value[Rows];
#pragma GCC unroll 2
      for (int r = 0; r < Rows; ++r) value[r] = broadcast(kFloatOfByte.value[a[r][at]]);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        F32 weights = load(row + v * kF32Lanes);
        keep(weights);
#pragma GCC unroll 2
        for (int r = 0; r < Rows; ++r) sum[r][v] = fma(value[r], weights, sum[r][v]);
      }
    }
    mask += bytes.mask_word, b += 64 * p.b_row;
#pragma GCC unroll 2
    for (int r = 0; r < Rows; ++r) a[r] += bytes.word;
  }
#pragma GCC unroll 2
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      epilogue.template take<true>(i + r, j + v * kF32Lanes, kF32Lanes, false,
                                   fold(p, j + v * kF32Lanes, sum[r][v]));
}

template <int Vectors, class Epilogue>
void sparse_panel(const Product<float>& product, int64_t j, const Epilogue& epilogue) {
  const Product<float> p = product;  // values, as above
  const Bytes bytes = *p.bytes;
  int64_t i = 0;
  for (; i + 2 <= p.m; i += 2) sparse_block<2, Vectors>(p, bytes, i, j, epilogue);
  if (i < p.m) sparse_block<1, Vectors>(p, bytes, i, j, epilogue);
}

// The same for bytes of which none is skipped, Rows rows at a time.
template <int Rows, int Vectors, class Epilogue>
inline void byte_block(const Product<float> p, const Bytes bytes, int64_t i, int64_t j,
                       const Epilogue& epilogue) {
  F32 sum[Rows][Vectors] = {};
  const uint8_t* a[Rows];
#pragma GCC unroll 12
  for (int r = 0; r < Rows; ++r)
    a[r] = Epilogue::kUpdates ? nullptr : bytes.rows[i + r] + bytes.column;
  const float* b = p.b + j;
  for (int64_t k = 0; k < p.k; ++k, b += p.b_row) {
    F32 row[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) row[v] = load(b + v * kF32Lanes);
    const uint8_t* column = Epilogue::kUpdates ? bytes.rows[k] + bytes.column + i : nullptr;
#pragma GCC unroll 12
    for (int r = 0; r < Rows; ++r) {
      const F32 value = broadcast(kFloatOfByte.value[Epilogue::kUpdates ? column[r] : a[r][k]]);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) sum[r][v] = fma(value, row[v], sum[r][v]);
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      epilogue.template take<true>(i + r, j + v * kF32Lanes, kF32Lanes, false,
                                   fold(p, j + v * kF32Lanes, sum[r][v]));
}

template <int Rows, int Vectors, class Epilogue>
inline void byte_block_of(int rows, const Product<float>& p, const Bytes& bytes, int64_t i,
                          int64_t j, const Epilogue& epilogue) {
  if (rows == Rows) return byte_block<Rows, Vectors>(p, bytes, i, j, epilogue);
  if constexpr (Rows > 1) byte_block_of<Rows - 1, Vectors>(rows, p, bytes, i, j, epilogue);
}

template <int Vectors, class Epilogue>
void byte_panel(const Product<float>& product, int64_t j, const Epilogue& epilogue) {
  const Product<float> p = product;  // values, as above
  const Bytes bytes = *p.bytes;
  int64_t i = 0;
  for (int64_t left = (p.m + rows_for(Vectors) - 1) / rows_for(Vectors); left > 0; --left) {
    const int rows = static_cast<int>((p.m - i + left - 1) / left);
    byte_block_of<rows_for(Vectors), Vectors>(rows, p, bytes, i, j, epilogue);
    i += rows;
  }
}
