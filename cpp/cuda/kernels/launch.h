// How a job is laid out on a machine: how many blocks, how large the tiles, how much shared memory.
// The same for a GPU and the emulation. Calls go(tile, blocks, bytes), where a tile is
// Fp32, Tf32, or a Count: of the units of a block, or of nothing.
#pragma once

#include <algorithm>

#include "cuda/kernels/epoch.h"
#include "cuda/kernels/layers.h"

namespace cutaway::cuda {

// Those tiles with which a product takes the least time, by a model: multiprocessors make one at a
// time, at its cost. Of several, the smallest.
template <class Go, class... Tiles>
void quickest(std::int64_t rows, std::int64_t columns, int multiprocessors, const Go& go,
              Tiles... choice) {
  const auto count = [&](auto tile) { return tiles(rows, columns, decltype(tile)::kTile); };
  const auto cost = [&](auto tile) {
    return (count(tile) + multiprocessors - 1) / multiprocessors * decltype(tile)::kCost;
  };
  const std::int64_t least = std::min({cost(choice)...});
  bool gone = false;
  const auto offer = [&](auto tile) {
    if (gone || cost(tile) != least) return;
    gone = true;
    go(tile, count(tile), decltype(tile)::kBytes);
  };
  (offer(choice), ...);
}

template <class Go>
void tiled(bool tf32, std::int64_t rows, std::int64_t columns, int multiprocessors, const Go& go) {
  if (tf32) {
    quickest(rows, columns, multiprocessors, go, Tf32<1>{}, Tf32<2>{}, Tf32<4>{});
  } else {
    quickest(rows, columns, multiprocessors, go, Fp32<1>{}, Fp32<2>{}, Fp32<4>{}, Fp32<8>{});
  }
}

template <class Go>
void lay_out(const Forward& job, int multiprocessors, const Go& go) {
  tiled(job.tf32, job.rows, job.fan_out, multiprocessors, go);
}
template <class Go>
void lay_out(const Backprop& job, int multiprocessors, const Go& go) {
  tiled(job.tf32, job.rows, job.fan_in, multiprocessors, go);
}
template <class Go>
void lay_out(const Update& job, int multiprocessors, const Go& go) {
  tiled(job.tf32, 1 + std::int64_t{job.fan_in}, job.fan_out, multiprocessors, go);
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

template <int U, class Comm>
CUTAWAY_DEVICE void work(Count<U>, Comm& comm, const Epoch& job) {
  work<U>(comm, job);
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
