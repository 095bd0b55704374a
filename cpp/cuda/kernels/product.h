// A product of matrices. In: two operands, read element by element, so that a transposed matrix or
// one with a column of ones is another operand. Out: every sum, to an epilogue: what a kernel does
// with it. A sum is one thread's, in one order: the size of the tiles changes no bit.
#pragma once

#include "cuda/kernels/comm.h"

namespace cutaway::cuda {

// A number that is known when compiling, to be handed to a generic function.
template <int N>
struct Count {
  static constexpr int value = N;
};

// A product is made in tiles: a block of 16 x 16 threads makes one, every thread R x R outputs.
constexpr int kSide = 16;
constexpr int kDepth = 32;  // products summed between two barriers

template <int R>
constexpr int kTile = kSide * R;
template <int R>
constexpr int kTileRow = kTile<R> + 1;  // one more, or a column would lie in a single bank
template <int R>
constexpr std::size_t kTileBytes = sizeof(float) * 2 * 2 * kDepth * kTileRow<R>;

CUTAWAY_BOTH std::int64_t tiles(std::int64_t rows, std::int64_t columns, int tile) {
  return (rows + tile - 1) / tile * ((columns + tile - 1) / tile);
}

// The operands of a product, element by element; kAlongDepth tells which index runs along memory.

template <bool kTransposed>
struct Matrix {  // (depth, lines), or transposed
  static constexpr bool kAlongDepth = kTransposed;
  const float* values;
  std::int64_t row;  // values from one row to the next

  CUTAWAY_DEVICE float at(std::int64_t line, std::int64_t depth) const {
    return kTransposed ? values[line * row + depth] : values[depth * row + line];
  }
};

struct WithOnes {  // a column of ones, for the biases, and then x: (depth, 1 + row)
  static constexpr bool kAlongDepth = false;
  const float* x;
  std::int64_t row;

  CUTAWAY_DEVICE float at(std::int64_t line, std::int64_t depth) const {
    return line == 0 ? 1.0f : x[depth * row + line - 1];
  }
};

// Part of an operand, on its way from global to shared memory through the registers of all threads.
template <int R, class Operand>
struct Slice {
  static constexpr int kEach = kDepth * kTile<R> / kThreads;
  float values[kEach];

  CUTAWAY_DEVICE static void place(int thread, int i, int& line, int& depth) {
    const int number = i * kThreads + thread;
    line = Operand::kAlongDepth ? number / kDepth : number % kTile<R>;
    depth = Operand::kAlongDepth ? number % kDepth : number / kTile<R>;
  }
  CUTAWAY_DEVICE void fetch(int thread, const Operand& from, std::int64_t line0, std::int64_t lines,
                            std::int64_t depth0, std::int64_t depths) {
    for (int i = 0; i < kEach; ++i) {
      int line, depth;
      place(thread, i, line, depth);
      const bool inside = line0 + line < lines && depth0 + depth < depths;
      values[i] = inside ? from.at(line0 + line, depth0 + depth) : 0.0f;
    }
  }
  CUTAWAY_DEVICE void store(int thread, float* to) const {  // (kDepth, kTileRow)
    for (int i = 0; i < kEach; ++i) {
      int line, depth;
      place(thread, i, line, depth);
      to[depth * kTileRow<R> + line] = values[i];
    }
  }
};

// epilogue(m, n, sum over k < depth of a.at(m, k) * b.at(n, k)) for every m < rows and n < columns.
template <int R, class Comm, class A, class B, class Epilogue>
CUTAWAY_DEVICE void product(Comm& comm, std::int64_t rows, std::int64_t columns, std::int64_t depth,
                            const A& a, const B& b, const Epilogue& epilogue) {
  const int across = static_cast<int>((columns + kTile<R> - 1) / kTile<R>);
  const std::int64_t m0 = std::int64_t{comm.block() / across} * kTile<R>;
  const std::int64_t n0 = std::int64_t{comm.block() % across} * kTile<R>;
  // A thread makes output (m, n) of the tile, and every kSide-th from there.
  const int thread = comm.thread(), m = thread / kSide, n = thread % kSide;
  constexpr int kHalf = kDepth * kTileRow<R>;  // of two: one is summed while the next is stored
  float* const a_tiles = comm.shared();        // 2 x (kDepth, kTileRow)
  float* const b_tiles = a_tiles + 2 * kHalf;  // 2 x (kDepth, kTileRow)

  float sums[R][R] = {};
  Slice<R, A> a_slice;
  Slice<R, B> b_slice;
  a_slice.fetch(thread, a, m0, rows, 0, depth);
  b_slice.fetch(thread, b, n0, columns, 0, depth);
  int half = 0;
  for (std::int64_t k0 = 0; k0 < depth; k0 += kDepth, half ^= 1) {
    float* const a_tile = a_tiles + half * kHalf;
    float* const b_tile = b_tiles + half * kHalf;
    a_slice.store(thread, a_tile);
    b_slice.store(thread, b_tile);
    comm.block_sync();
    if (k0 + kDepth < depth) {  // on their way during the sums
      a_slice.fetch(thread, a, m0, rows, k0 + kDepth, depth);
      b_slice.fetch(thread, b, n0, columns, k0 + kDepth, depth);
    }
    for (int k = 0; k < kDepth; ++k) {
      const float* const a_row = a_tile + k * kTileRow<R> + m;
      const float* const b_row = b_tile + k * kTileRow<R> + n;
      CUTAWAY_UNROLL
      for (int i = 0; i < R; ++i) {
        CUTAWAY_UNROLL
        for (int j = 0; j < R; ++j) sums[i][j] += a_row[kSide * i] * b_row[kSide * j];
      }
    }
  }
  CUTAWAY_UNROLL
  for (int i = 0; i < R; ++i) {
    CUTAWAY_UNROLL
    for (int j = 0; j < R; ++j) {
      const std::int64_t row = m0 + m + kSide * i, column = n0 + n + kSide * j;
      if (row < rows && column < columns) epilogue(row, column, sums[i][j]);
    }
  }
}

}  // namespace cutaway::cuda
