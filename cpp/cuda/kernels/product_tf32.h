// A product of matrices on tensor cores. In and out: as product.h's. Both operands are rounded to
// tf32 on their way to shared memory; the products of such numbers are exact, their sums fp32's. A
// sum is one warp's, in one order: the size of the tiles changes no bit.
#pragma once

#include "cuda/kernels/tiles.h"

namespace cutaway::cuda {

// A block's 8 warps, 2 x 4, make a tile, and every warp W x W products of 16 x 8 outputs.
template <int W>
struct Tf32 {
  static constexpr int kCost = W * (W + 8);  // of a depth, in proportion to instructions
  static constexpr int kTile = 32 * W;
  static constexpr int kHalf = kTile / 2;   // what is above or below row 8 of an mma
  static constexpr int kDepth = 64 / W;     // 8 values of either slice to a thread
  static constexpr int kPanel = 4 * kTile;  // quads of 16 depths
  static constexpr std::size_t kBytes = sizeof(float) * 2 * 2 * kDepth * kTile;

  // Slices. Where lines run along memory, a thread has what it stores at once: of rows, two depths
  // of two lines, of columns four of one. Otherwise 16 lanes read along the depth, and the other 16
  // have a line of the other half, of rows, or the next.
  template <bool kAlongDepth>
  struct Rows {
    static constexpr int kDepth = Tf32::kDepth;
    static constexpr int kLines = kAlongDepth ? kTile / 16 : 2;
    static constexpr int kDepths = kAlongDepth ? kDepth / 16 : 4;
    static constexpr int kLineStep = kAlongDepth ? kThreads / kWarp : kHalf;

    static CUTAWAY_DEVICE int line(int thread) {
      return kAlongDepth ? thread / kWarp + thread / 16 % 2 * kHalf : thread % kHalf;
    }
    static CUTAWAY_DEVICE int depth(int thread) {
      return kAlongDepth ? thread % 16 : thread / kHalf * 2;
    }
    static CUTAWAY_DEVICE int below(int d) {
      return kAlongDepth ? d * 16 : d / 2 * (kDepth / 2) + d % 2;
    }
  };
  template <bool kAlongDepth>
  struct Columns {
    static constexpr int kDepth = Tf32::kDepth;
    static constexpr int kLines = kAlongDepth ? kTile / 16 : 1;
    static constexpr int kDepths = kAlongDepth ? kDepth / 16 : 8;
    static constexpr int kLineStep = kAlongDepth ? kThreads / 16 : kTile;

    static CUTAWAY_DEVICE int line(int thread) {
      return kAlongDepth ? thread / 16 : thread % kTile;
    }
    static CUTAWAY_DEVICE int depth(int thread) {
      return kAlongDepth ? thread % 16 : thread / kTile * 4;
    }
    static CUTAWAY_DEVICE int below(int d) {
      return kAlongDepth ? d * 16 : d / 4 * (kDepth / 2) + d % 4;
    }
  };
};

// What shared memory hands a lane at once; it serves eight of them together.
struct alignas(16) Quad {
  float values[4];
};

// Where quads lie in a tile, in panels of 16 depths. A lane has depths 4 part to 4 part + 3 of
// them: the first two for one mma, the others for another; which of an mma's depths are which is
// free, if it is so for both operands. Of rows, a quad is what a lane has of an mma: two depths of
// two lines that are half a tile apart, (kDepth / 16, 2, kHalf, 4); of columns, four depths of a
// line, (kDepth / 16, kTile, 4). They are so exchanged that all banks are hit by eight lanes that
// read, of two lines, by eight that store the same depths of eight lines, and by lanes that store a
// float.
template <int W>
CUTAWAY_DEVICE int rows_at(int line, int depth) {
  const int second = depth / 2 % 2, panel = depth / 16 * 2 + second;
  return (panel * Tf32<W>::kHalf + (line ^ second)) * 4 + (depth / 4 % 4 ^ line / 2 % 4);
}
template <int W>
CUTAWAY_DEVICE int columns_at(int line, int depth) {
  return (depth / 16 * Tf32<W>::kTile + line) * 4 + (depth / 4 % 4 ^ line / 2 % 4);
}

constexpr int kEightLines = 8 * 4;  // quads from one line to the eighth after it

template <int W, class Rows, class Operand>
CUTAWAY_DEVICE void store_rows(const Slice<Rows, Operand>& slice, Quad* tile) {
  if constexpr (Operand::kAlongDepth) {
    const int at = rows_at<W>(slice.line % Tf32<W>::kHalf, slice.depth);
    const int part = slice.depth % 2 * 2 + slice.line / Tf32<W>::kHalf;
    CUTAWAY_UNROLL
    for (int l = 0; l < Rows::kLines; ++l) {
      CUTAWAY_UNROLL
      for (int d = 0; d < Rows::kDepths; ++d)
        tile[at + l * kEightLines + d * Tf32<W>::kPanel].values[part] = to_tf32(slice.values[l][d]);
    }
  } else {
    CUTAWAY_UNROLL
    for (int d = 0; d < Rows::kDepths; d += 2) {
      const auto& [upper, lower] = slice.values;
      tile[rows_at<W>(slice.line, slice.depth + Rows::below(d))] = {
          {to_tf32(upper[d]), to_tf32(lower[d]), to_tf32(upper[d + 1]), to_tf32(lower[d + 1])}};
    }
  }
}

template <int W, class Columns, class Operand>
CUTAWAY_DEVICE void store_columns(const Slice<Columns, Operand>& slice, Quad* tile) {
  if constexpr (Operand::kAlongDepth) {
    const int at = columns_at<W>(slice.line, slice.depth);
    CUTAWAY_UNROLL
    for (int l = 0; l < Columns::kLines; ++l) {
      CUTAWAY_UNROLL
      for (int d = 0; d < Columns::kDepths; ++d)
        tile[at + l * 2 * kEightLines + d * Tf32<W>::kPanel].values[slice.depth % 4] =
            to_tf32(slice.values[l][d]);
    }
  } else {
    CUTAWAY_UNROLL
    for (int d = 0; d < Columns::kDepths; d += 4) {
      const auto& values = slice.values[0];
      tile[columns_at<W>(slice.line, slice.depth + Columns::below(d))] = {
          {to_tf32(values[d]), to_tf32(values[d + 1]), to_tf32(values[d + 2]),
           to_tf32(values[d + 3])}};
    }
  }
}

// epilogue(m, n, sum over k < depth of a.at(m, k) * b.at(n, k)) for every m < rows and n < columns.
template <int W, class Comm, class A, class B, class Epilogue>
CUTAWAY_DEVICE void product(Tf32<W>, Comm& comm, std::int64_t rows, std::int64_t columns,
                            std::int64_t depth, const A& a, const B& b, const Epilogue& epilogue) {
  using Tile = Tf32<W>;
  constexpr int kTile = Tile::kTile, kDepth = Tile::kDepth, kPanel = Tile::kPanel;
  constexpr int kQuads = kDepth / 16 * kPanel;  // of either operand
  const int across = static_cast<int>((columns + kTile - 1) / kTile);
  const std::int64_t m0 = std::int64_t{comm.block() / across} * kTile;
  const std::int64_t n0 = std::int64_t{comm.block() % across} * kTile;
  const int thread = comm.thread(), group = comm.lane() / 4, part = comm.lane() % 4;
  const int down = comm.warp() / 4, along = comm.warp() % 4;  // where the warp's outputs are
  // 2 x (rows, columns): one is summed while the next is stored.
  Quad* const tiles = reinterpret_cast<Quad*>(comm.shared());
  const int a_first = rows_at<W>(down * W * 8 + group, part * 4);
  const int a_second = rows_at<W>(down * W * 8 + group, part * 4 + 2);
  const int b_both = columns_at<W>(along * W * 8 + group, part * 4);

  float sums[W][W][4] = {};
  Slice<typename Tile::template Rows<A::kAlongDepth>, A> a_slice(thread, a, m0, rows);
  Slice<typename Tile::template Columns<B::kAlongDepth>, B> b_slice(thread, b, n0, columns);
  a_slice.fetch(depth);
  b_slice.fetch(depth);
  int half = 0;
  for (std::int64_t left = depth; left > 0; left -= kDepth, half ^= 1) {
    Quad* const a_tile = tiles + half * 2 * kQuads;
    Quad* const b_tile = a_tile + kQuads;
    store_rows<W>(a_slice, a_tile);
    store_columns<W>(b_slice, b_tile);
    comm.block_sync();
    if (left > kDepth) {  // on their way during the sums
      a_slice.fetch(left - kDepth);
      b_slice.fetch(left - kDepth);
    }
    CUTAWAY_UNROLL
    for (int panel = 0; panel < kQuads; panel += kPanel) {
      Quad b_quads[W];
      CUTAWAY_UNROLL
      for (int j = 0; j < W; ++j) b_quads[j] = b_tile[b_both + panel + j * kEightLines];
      CUTAWAY_UNROLL
      for (int k = 0; k < 4; k += 2) {
        CUTAWAY_UNROLL
        for (int i = 0; i < W; ++i) {
          const Quad a_quad = a_tile[(k ? a_second : a_first) + panel + i * kEightLines];
          CUTAWAY_UNROLL
          for (int j = 0; j < W; ++j)
            comm.mma_tf32(sums[i][j], a_quad.values,
                          {b_quads[j].values[k], b_quads[j].values[k + 1]});
        }
      }
    }
  }
  // A lane's sums lie far apart: through shared memory, 32 rows at a time, neighbours get what lies
  // together. Pairs of four groups and four parts hit all banks.
  struct alignas(8) Pair {
    float values[2];
  };
  constexpr int kRow = kTile + 8;
  float* const handed = comm.shared();  // (2, 2, 8, kRow): of halves, warps and groups
  CUTAWAY_UNROLL
  for (int i = 0; i < W; ++i) {
    comm.block_sync();  // what was there has been read
    CUTAWAY_UNROLL
    for (int j = 0; j < W; ++j) {
      CUTAWAY_UNROLL
      for (int s = 0; s < 4; s += 2) {
        float* const to = handed + (s * 8 + down * 8 + group) * kRow + (along * W + j) * 8;
        reinterpret_cast<Pair*>(to)[part] = {{sums[i][j][s], sums[i][j][s + 1]}};
      }
    }
    comm.block_sync();
    CUTAWAY_ROLLED
    for (int at = thread; at < 32 * kTile; at += kThreads) {
      const int line = at / kTile;
      const std::int64_t row = m0 + line / 16 * Tile::kHalf + (line / 8 % 2 * W + i) * 8 + line % 8;
      const std::int64_t column = n0 + at % kTile;
      if (row < rows && column < columns) epilogue(row, column, handed[line * kRow + at % kTile]);
    }
  }
}

}  // namespace cutaway::cuda
