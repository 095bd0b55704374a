// How a job is laid out on a machine: how many blocks, how large the tiles, how much shared memory.
// The same for a GPU and the emulation. Calls go(R or U as a constant, blocks, bytes).
#pragma once

#include <algorithm>

#include "cuda/kernels/epoch.h"
#include "cuda/kernels/layers.h"

namespace cutaway::cuda {

// The tiles with which a product takes the least time, by a model: multiprocessors make one at a
// time, and for R x R products they read 2 R numbers.
template <class Go>
void tiled(std::int64_t rows, std::int64_t columns, int multiprocessors, const Go& go) {
  const auto cost = [&](auto count) {
    constexpr int R = decltype(count)::value;
    const std::int64_t blocks = tiles(rows, columns, kTile<R>);
    return (blocks + multiprocessors - 1) / multiprocessors * R * (R + 2);
  };
  const auto with = [&](auto count) {
    constexpr int R = decltype(count)::value;
    go(count, tiles(rows, columns, kTile<R>), kTileBytes<R>);
  };
  const std::int64_t least =
      std::min({cost(Count<8>{}), cost(Count<4>{}), cost(Count<2>{}), cost(Count<1>{})});
  if (cost(Count<1>{}) == least) return with(Count<1>{});
  if (cost(Count<2>{}) == least) return with(Count<2>{});
  if (cost(Count<4>{}) == least) return with(Count<4>{});
  with(Count<8>{});
}

template <class Go>
void lay_out(const Forward& job, int multiprocessors, const Go& go) {
  tiled(job.rows, job.fan_out, multiprocessors, go);
}
template <class Go>
void lay_out(const Backprop& job, int multiprocessors, const Go& go) {
  tiled(job.rows, job.fan_in, multiprocessors, go);
}
template <class Go>
void lay_out(const Update& job, int multiprocessors, const Go& go) {
  tiled(1 + std::int64_t{job.fan_in}, job.fan_out, multiprocessors, go);
}

template <class Go>
void lay_out(const Gather& job, int, const Go& go) {
  go(Count<1>{}, std::int64_t{job.rows}, std::size_t{0});
}

template <class Go>
void lay_out(const ApplyGradient& job, int, const Go& go) {
  go(Count<1>{}, (job.count + kThreads - 1) / kThreads, std::size_t{0});
}

// A warp to each.
template <class Go>
void warps(std::int64_t count, const Go& go) {
  go(Count<1>{}, (count + kWarps - 1) / kWarps, std::size_t{0});
}
template <class Go>
void lay_out(const OutputLoss& job, int, const Go& go) {
  warps(job.rows, go);
}
template <class Go>
void lay_out(const Activate& job, int, const Go& go) {
  warps(job.rows, go);
}
template <class Go>
void lay_out(const Tally& job, int, const Go& go) {
  warps(job.steps, go);
}

template <class Go>
void lay_out(const AddUp&, int, const Go& go) {
  go(Count<1>{}, std::int64_t{1}, sizeof(Total) * kThreads);
}

template <class Go>
void lay_out(const Epoch& job, int, const Go& go) {
  const auto with = [&](auto count) {
    go(count, std::int64_t{job.ranks},
       static_cast<std::size_t>(Layout<decltype(count)::value>(job, Mailbox(job)).bytes));
  };
  if (job.units == 2) with(Count<2>{});
  if (job.units == 4) with(Count<4>{});
  if (job.units == 8) with(Count<8>{});
  if (job.units == 16) with(Count<16>{});
}

}  // namespace cutaway::cuda
