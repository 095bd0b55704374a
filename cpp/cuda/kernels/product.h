// A product of matrices in fp32. In: two operands (tiles.h). Out: every sum, to an epilogue: what a
// kernel does with it. A sum is one thread's, in one order: the size of the tiles changes no bit.
#pragma once

#include "cuda/kernels/tiles.h"

namespace cutaway::cuda {

// A product is made in tiles: a block of 16 x 16 threads makes one, every thread R x R outputs.
constexpr int kSide = 16;

template <int R>
struct Fp32 {
  static constexpr int kCost = R * (R + 2);  // of a depth: R x R products of 2 R numbers
  static constexpr int kTile = kSide * R;
  static constexpr int kDepth = R < 8 ? 32 : 16;  // products summed between two barriers
  // Shared memory hands a thread so many floats at once; of both operands for its R x R products.
  static constexpr int kVector = R < 4 ? R : 4;
  // Some more than a tile has, so that a warp that stores a slice hits all banks.
  static constexpr int kTileRow = kTile + kVector;
  static constexpr std::size_t kBytes = sizeof(float) * 2 * 2 * kDepth * kTileRow;

  // A slice: as many lanes read along the depth as are then spread over all banks.
  template <bool kAlongDepth>
  struct Spread {
    static constexpr int kDepth = Fp32::kDepth;
    static constexpr int kRun = kAlongDepth ? kWarp / kVector : kTile;
    static constexpr int kLines = kAlongDepth ? kTile * kRun / kThreads : 1;
    static constexpr int kDepths = kDepth * kTile / kThreads / kLines;
    static constexpr int kLineStep = kAlongDepth ? kThreads / kRun : kTile;
    static constexpr int kDepthStep = kAlongDepth ? kRun : kThreads / kTile;

    static CUTAWAY_DEVICE int line(int thread) {
      return kAlongDepth ? thread / kRun : thread % kRun;
    }
    static CUTAWAY_DEVICE int depth(int thread) {
      return kAlongDepth ? thread % kRun : thread / kRun;
    }
    static CUTAWAY_DEVICE int below(int d) { return d * kDepthStep; }
  };
  template <class Operand>
  using SliceOf = Slice<Spread<Operand::kAlongDepth>, Operand>;
};

template <int R>
struct alignas(sizeof(float) * Fp32<R>::kVector) Vector {
  float values[Fp32<R>::kVector];
};

// Stores a slice; place(line) is where a line lies in a row of the tile.
template <int R, class Spread, class Operand, class Place>
CUTAWAY_DEVICE void store(const Slice<Spread, Operand>& slice, Vector<R>* tile,
                          const Place& place) {
  constexpr int G = Fp32<R>::kVector, kRowGroups = Fp32<R>::kTileRow / G;
  CUTAWAY_UNROLL
  for (int l = 0; l < Spread::kLines; ++l) {
    const int at = place(slice.line + l * Spread::kLineStep);
    CUTAWAY_UNROLL
    for (int d = 0; d < Spread::kDepths; ++d)
      tile[(slice.depth + Spread::below(d)) * kRowGroups + at / G].values[at % G] =
          slice.values[l][d];
  }
}

// epilogue(m, n, sum over k < depth of a.at(m, k) * b.at(n, k)) for every m < rows and n < columns.
template <int R, class Comm, class A, class B, class Epilogue>
CUTAWAY_DEVICE void product(Fp32<R>, Comm& comm, std::int64_t rows, std::int64_t columns,
                            std::int64_t depth, const A& a, const B& b, const Epilogue& epilogue) {
  using Tile = Fp32<R>;
  constexpr int kTile = Tile::kTile, kDepth = Tile::kDepth;
  constexpr int G = Tile::kVector, kGroups = R / G;  // that a thread reads of each operand
  constexpr int kRowGroups = Tile::kTileRow / G;     // of a row of a tile
  constexpr int kHalf = kDepth * kRowGroups;  // of two: one is summed while the next is stored
  const int across = static_cast<int>((columns + kTile - 1) / kTile);
  const std::int64_t m0 = std::int64_t{comm.block() / across} * kTile;
  const std::int64_t n0 = std::int64_t{comm.block() % across} * kTile;
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
  typename Tile::template SliceOf<A> a_slice(thread, a, m0, rows);
  typename Tile::template SliceOf<B> b_slice(thread, b, n0, columns);
  a_slice.fetch(depth);
  b_slice.fetch(depth);
  int half = 0;
  for (std::int64_t left = depth; left > 0; left -= kDepth, half ^= 1) {
    Vector<R>* const a_tile = a_tiles + half * kHalf;
    Vector<R>* const b_tile = b_tiles + half * kHalf;
    store(a_slice, a_tile, as_it_is);
    store(b_slice, b_tile, side_by_side);
    comm.block_sync();
    if (left > kDepth) {  // on their way during the sums
      a_slice.fetch(left - kDepth);
      b_slice.fetch(left - kDepth);
    }
    CUTAWAY_UNROLL
    for (int k = 0; k < kDepth; ++k) {
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
