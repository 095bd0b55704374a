// What the images of a mini-batch go through on their way into a product, and its parts on their
// way out. In: rows of bytes or floats. Out: floats, masks of what is not zero, bytes transposed.

void normalise(const float* in, float* out, int64_t n, float mean, float inverse_std) {
  map(in, out, n, [=](F32 v) { return (v - mean) * inverse_std; });
}

void unpack(const uint8_t* in, float* out, int64_t n) {
  int64_t i = 0;
  for (; i + kF32Lanes <= n; i += kF32Lanes) store(out + i, floats_from(in + i));
  for (; i < n; ++i) out[i] = in[i];
}

// Bit i tells whether byte i of n is not zero; n is 64 at most. What lies behind them is not
// touched: it may be another picture's, which is not in the cache.
inline uint64_t non_zero_part(const uint8_t* bytes, int64_t n) {
  uint64_t mask = 0;
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) mask |= non_zero_lanes(load_bytes(bytes + i)) << i;
  for (; i < n; ++i) mask |= static_cast<uint64_t>(bytes[i] != 0) << i;
  return mask;
}

int64_t find_non_zero(const uint8_t* in, int64_t n, uint64_t* mask) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; i += 64) {
    const uint64_t bits = n - i < 64 ? non_zero_part(in + i, n - i) : non_zero_word(in + i);
    *mask++ = bits;
    count += __builtin_popcountll(bits);
  }
  return count;
}

// A square of 16 x 16 bytes: four times, row i of the upper half and row i of the lower half become
// rows 2i and 2i + 1, byte by byte in turn.
inline void transpose_square(U8 (&square)[16]) {
#pragma GCC unroll 4
  for (int stage = 0; stage < 4; ++stage) {
    U8 next[16];
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      next[2 * i] = low_halves_in_turn(square[i], square[i + 8]);
      next[2 * i + 1] = high_halves_in_turn(square[i], square[i + 8]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) square[i] = next[i];
  }
}

void transpose(const uint8_t* const* rows, int64_t count, int64_t from, int64_t to, uint8_t* out,
               uint64_t* masks) {
  int64_t i = from;
  for (; i + 16 <= to; i += 16, out += 16 * 64, masks += 16) {
    for (int row = 0; row < 16; ++row) masks[row] = 0;
    for (int64_t k = 0; k < 64; k += 16) {
      U8 square[16];
      for (int row = 0; row < 16; ++row) {
        square[row] = k + row < count ? load_bytes(rows[k + row] + i) : U8{};
      }
      transpose_square(square);
#pragma GCC unroll 16
      for (int row = 0; row < 16; ++row) {
        __builtin_memcpy(out + 64 * row + k, &square[row], 16);
        masks[row] |= non_zero_lanes(square[row]) << k;
      }
    }
  }
  for (; i < to; ++i, out += 64, ++masks) {
    for (int64_t k = 0; k < 64; ++k) out[k] = k < count ? rows[k][i] : 0;
    *masks = non_zero_word(out);
  }
}

// A square of 4 x 4 floats: row i of the upper half and of the lower half in turn, twice.
inline void transpose_square(const float* in, int64_t in_row, float* out, int64_t out_row) {
  typedef float Row __attribute__((vector_size(16), aligned(4), may_alias));
  const auto row = [&](int64_t i) { return *reinterpret_cast<const Row*>(in + i * in_row); };
  const auto put = [&](int64_t i, Row v) { *reinterpret_cast<Row*>(out + i * out_row) = v; };
  const Row a = __builtin_shufflevector(row(0), row(2), 0, 4, 1, 5);
  const Row b = __builtin_shufflevector(row(1), row(3), 0, 4, 1, 5);
  const Row c = __builtin_shufflevector(row(0), row(2), 2, 6, 3, 7);
  const Row d = __builtin_shufflevector(row(1), row(3), 2, 6, 3, 7);
  put(0, __builtin_shufflevector(a, b, 0, 4, 1, 5));
  put(1, __builtin_shufflevector(a, b, 2, 6, 3, 7));
  put(2, __builtin_shufflevector(c, d, 0, 4, 1, 5));
  put(3, __builtin_shufflevector(c, d, 2, 6, 3, 7));
}

void transpose_floats(const float* in, int64_t in_row, int64_t rows, int64_t columns, float* out,
                      int64_t out_row) {
  constexpr int64_t kSide = 4;  // and kLanes floats are a cache line, of which all is used at once
  const int64_t whole_rows = rows / kSide * kSide, whole_columns = columns / kSide * kSide;
  for (int64_t first = 0; first < whole_columns; first += kLanes) {
    const int64_t last = first + kLanes < whole_columns ? first + kLanes : whole_columns;
    for (int64_t i = 0; i < whole_rows; i += kSide)
      for (int64_t j = first; j < last; j += kSide)
        transpose_square(in + i * in_row + j, in_row, out + j * out_row + i, out_row);
  }
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = i < whole_rows ? whole_columns : 0; j < columns; ++j)
      out[j * out_row + i] = in[i * in_row + j];
}

void join(const float* const* parts, int64_t count, float scale, const float* shift, float* out,
          int64_t n) {
  const F32 factor = broadcast(scale);
  for (int64_t j = 0; j < n; j += kF32Lanes) {
    F32 sum = load(parts[0] + j);
    if (count > 1) sum += load(parts[1] + j);
    if (count > 2) sum += load(parts[2] + j) + load(parts[3] + j);
    store(out + j, fma(sum, factor, load(shift + j)));
  }
}
