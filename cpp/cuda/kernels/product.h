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

template <int R>
constexpr int kTile = kSide * R;
template <int R>
constexpr int kDepth = R < 8 ? 32 : 16;  // products summed between two barriers
// Shared memory hands a thread so many floats at once; of both operands for its R x R products.
template <int R>
constexpr int kVector = R < 4 ? R : 4;
// Some more than a tile has, so that a warp that stores a slice hits all banks.
template <int R>
constexpr int kTileRow = kTile<R> + kVector<R>;
template <int R>
constexpr std::size_t kTileBytes = sizeof(float) * 2 * 2 * kDepth<R> * kTileRow<R>;

CUTAWAY_BOTH std::int64_t tiles(std::int64_t rows, std::int64_t columns, int tile) {
  return (rows + tile - 1) / tile * ((columns + tile - 1) / tile);
}

// The operands of a product: where a line begins, and how far it is from one depth to the next;
// kAlongDepth tells that lines run along memory.

template <bool kTransposed>
struct Matrix {  // (depth, lines), or transposed
  static constexpr bool kAlongDepth = kTransposed;
  const float* values;
  std::int64_t row;  // values from one row to the next

  CUTAWAY_DEVICE const float* begin(std::int64_t line) const {
    return values + (kTransposed ? line * row : line);
  }
  CUTAWAY_DEVICE std::int64_t step() const { return kTransposed ? 1 : row; }
  CUTAWAY_DEVICE float value(std::int64_t, float read) const { return read; }
};

struct WithOnes {  // a column of ones, for the biases, and then x: (depth, 1 + row)
  static constexpr bool kAlongDepth = false;
  const float* x;
  std::int64_t row;

  CUTAWAY_DEVICE const float* begin(std::int64_t line) const { return x + (line ? line - 1 : 0); }
  CUTAWAY_DEVICE std::int64_t step() const { return row; }
  CUTAWAY_DEVICE float value(std::int64_t line, float read) const { return line ? read : 1.0f; }
};

template <int R>
struct alignas(sizeof(float) * kVector<R>) Vector {
  float values[kVector<R>];
};

// Part of an operand, on its way from global to shared memory through the registers of all threads.
// A thread has kEach of its values: of kLines lines, kDepths of each.
template <int R, class Operand>
struct Slice {
  static constexpr int kEach = kDepth<R> * kTile<R> / kThreads;
  // Lanes read along memory. Where that is the depth, as many as are spread over all banks.
  static constexpr int kRun = Operand::kAlongDepth ? kWarp / kVector<R> : kTile<R>;
  static constexpr int kLines = Operand::kAlongDepth ? kTile<R> * kRun / kThreads : 1;
  static constexpr int kDepths = kEach / kLines;
  static constexpr int kLineStep = Operand::kAlongDepth ? kThreads / kRun : kTile<R>;
  static constexpr int kDepthStep = Operand::kAlongDepth ? kRun : kThreads / kTile<R>;

  const Operand from;
  std::int64_t first;  // line
  int line, depth;     // of the thread's first value, in the slice
  const float* begins[kLines];
  float values[kEach];

  // A line that is not there is read as the last one; its sums are nobody's.
  CUTAWAY_DEVICE Slice(int thread, const Operand& operand, std::int64_t line0, std::int64_t lines)
      : from(operand) {
    line = Operand::kAlongDepth ? thread / kRun : thread % kRun;
    depth = Operand::kAlongDepth ? thread % kRun : thread / kRun;
    first = line0 + line;
    CUTAWAY_UNROLL
    for (int l = 0; l < kLines; ++l) {
      const std::int64_t wanted = first + l * kLineStep;
      begins[l] = from.begin(wanted < lines ? wanted : lines - 1) + depth * from.step();
    }
  }
  // The next kDepth of `left` depths.
  CUTAWAY_DEVICE void fetch(std::int64_t left) {
    const std::int64_t step = from.step();
    CUTAWAY_UNROLL
    for (int l = 0; l < kLines; ++l) {
      CUTAWAY_UNROLL
      for (int d = 0; d < kDepths; ++d) {
        float& value = values[l * kDepths + d];
        value = 0;
        if (depth + d * kDepthStep < left)
          value = from.value(first + l * kLineStep, begins[l][d * kDepthStep * step]);
      }
      begins[l] += kDepth<R> * step;
    }
  }
  // place(line) is where a line lies in a row of the tile.
  template <class Place>
  CUTAWAY_DEVICE void store(Vector<R>* tile, const Place& place) const {
    constexpr int kRowGroups = kTileRow<R> / kVector<R>;
    CUTAWAY_UNROLL
    for (int l = 0; l < kLines; ++l) {
      const int at = place(line + l * kLineStep);
      CUTAWAY_UNROLL
      for (int d = 0; d < kDepths; ++d)
        tile[(depth + d * kDepthStep) * kRowGroups + at / kVector<R>].values[at % kVector<R>] =
            values[l * kDepths + d];
    }
  }
};

// epilogue(m, n, sum over k < depth of a.at(m, k) * b.at(n, k)) for every m < rows and n < columns.
template <int R, class Comm, class A, class B, class Epilogue>
CUTAWAY_DEVICE void product(Comm& comm, std::int64_t rows, std::int64_t columns, std::int64_t depth,
                            const A& a, const B& b, const Epilogue& epilogue) {
  constexpr int G = kVector<R>, kGroups = R / G;  // that a thread reads of each operand
  constexpr int kRowGroups = kTileRow<R> / G;     // of a row of a tile
  constexpr int kHalf = kDepth<R> * kRowGroups;   // of two: one is summed while the next is stored
  const int across = static_cast<int>((columns + kTile<R> - 1) / kTile<R>);
  const std::int64_t m0 = std::int64_t{comm.block() / across} * kTile<R>;
  const std::int64_t n0 = std::int64_t{comm.block() % across} * kTile<R>;
  // A warp makes 4 x 8 of the places of a tile. Neighbours in one bit or another have a group in
  // common, so that shared memory serves them at once.
  const int thread = comm.thread(), lane = thread % kWarp, warp = thread / kWarp;
  const int m = warp / 2 * 4 + (lane / 2 % 2 + lane / 16 * 2);
  const int n = warp % 2 * 8 + (lane % 2 + lane / 4 % 4 * 2);
  Vector<R>* const a_tiles = reinterpret_cast<Vector<R>*>(comm.shared());  // 2 x (kDepth, kTileRow)
  Vector<R>* const b_tiles = a_tiles + 2 * kHalf;                          // 2 x (kDepth, kTileRow)

  // A thread has the rows of its groups, but every kSide-th column: what lanes write lies together.
  const auto as_it_is = [](int line) { return line; };
  const auto side_by_side = [](int line) {
    const int group = line / (kSide * G), within = line / kSide % G;
    return (group * kSide + line % kSide) * G + within;
  };
  float sums[R][R] = {};
  Slice<R, A> a_slice(thread, a, m0, rows);
  Slice<R, B> b_slice(thread, b, n0, columns);
  a_slice.fetch(depth);
  b_slice.fetch(depth);
  int half = 0;
  for (std::int64_t left = depth; left > 0; left -= kDepth<R>, half ^= 1) {
    Vector<R>* const a_tile = a_tiles + half * kHalf;
    Vector<R>* const b_tile = b_tiles + half * kHalf;
    a_slice.store(a_tile, as_it_is);
    b_slice.store(b_tile, side_by_side);
    comm.block_sync();
    if (left > kDepth<R>) {  // on their way during the sums
      a_slice.fetch(left - kDepth<R>);
      b_slice.fetch(left - kDepth<R>);
    }
    CUTAWAY_UNROLL
    for (int k = 0; k < kDepth<R>; ++k) {
      Vector<R> a_groups[kGroups], b_groups[kGroups];
      CUTAWAY_UNROLL
      for (int g = 0; g < kGroups; ++g) {
        a_groups[g] = a_tile[k * kRowGroups + g * kSide + m];
        b_groups[g] = b_tile[k * kRowGroups + g * kSide + n];
      }
      CUTAWAY_UNROLL
      for (int i = 0; i < R; ++i) {
        CUTAWAY_UNROLL
        for (int j = 0; j < R; ++j)
          sums[i][j] += a_groups[i / G].values[i % G] * b_groups[j / G].values[j % G];
      }
    }
  }
  CUTAWAY_UNROLL
  for (int i = 0; i < R; ++i) {
    CUTAWAY_UNROLL
    for (int j = 0; j < R; ++j) {
      const std::int64_t row = m0 + (i / G * kSide + m) * G + i % G, column = n0 + n + kSide * j;
      if (row < rows && column < columns) epilogue(row, column, sums[i][j]);
    }
  }
}

}  // namespace cutaway::cuda
