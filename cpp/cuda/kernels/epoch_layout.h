// The fast path's memory: what lies where in a block's shared memory, and in its mailbox. In: the
// sizes of an Epoch. Out: places and sizes; the host asks for so much, the kernel uses it.
#pragma once

#include "cuda/kernels/comm.h"

namespace cutaway::cuda {

constexpr int kWordPixels = 4;    // in 32 bits
constexpr int kPiecePixels = 16;  // in what is copied at once
constexpr int kSlices = kWarps;   // of the pixels, one to a warp

// The samples that a warp sums at a time, S to a lane. So many images are in shared memory at once,
// or twice as many.
template <int S>
constexpr int kGroupOf = S * kWarp;

// A thread updates the weights of a word's pixels at a time, so wide images take several passes.
CUTAWAY_BOTH int update_passes(const Epoch& job) {
  return static_cast<int>((job.pitch / kWordPixels + kThreads - 1) / kThreads);
}

// Where things lie in a block's mailbox and in its shared memory, in floats; in the latter aligned
// to 16 bytes. A mailbox begins with the block's counters, of 64 bits each.
struct Mailbox {
  std::int64_t owned;         // samples whose loss a block computes
  std::int64_t sums, deltas;  // (ranks, owned, classes), (batch, classes)
  std::int64_t floats;

  CUTAWAY_BOTH explicit Mailbox(const Epoch& job) {
    owned = (job.batch + job.ranks - 1) / job.ranks;
    sums = (kCounters * static_cast<std::int64_t>(sizeof(std::uint64_t)) + 15) / 16 * 4;
    deltas = sums + job.ranks * owned * job.output.classes;
    floats = deltas + job.batch * job.output.classes;
  }
};

template <int U>
struct Layout {
  std::int64_t padded;  // samples, in whole groups
  // Weights (1 + pitch, U) and (1 + U, classes), row 0 the bias, each followed by what the
  // optimizer remembers of them.
  std::int64_t lower, lower_size, upper, upper_size;
  std::int64_t parts;            // (kSlices, U, group): sums over a slice of the pixels
  std::int64_t a, delta;         // of the hidden units: (padded, U)
  std::int64_t z;                // (owned, classes): of the output
  std::int64_t losses, correct;  // (owned,): of samples; correct is 1 or 0
  std::int64_t labels;           // (2, owned)
  std::int64_t numbers;          // (2, group): of images
  std::int64_t pixels;           // (stages, group, pitch) bytes
  std::int64_t bytes;

  CUTAWAY_BOTH Layout(const Epoch& job, const Mailbox& box) {
    const Memory& memory = job.memory[0];
    const int memories = (memory.first ? 1 : 0) + (memory.second ? 1 : 0);
    std::int64_t floats = 0;
    const auto take = [&floats](std::int64_t count) {
      const std::int64_t at = floats;
      floats += (count + 3) / 4 * 4;
      return at;
    };
    if (job.cluster) take(box.floats);  // the mailbox comes first
    padded = (job.batch + job.group - 1) / job.group * job.group;
    lower_size = (1 + job.pitch) * U;
    upper_size = ((1 + U) * job.output.classes + 3) / 4 * 4;
    lower = take((1 + memories) * lower_size);
    upper = take((1 + memories) * upper_size);
    parts = take(static_cast<std::int64_t>(kSlices) * U * job.group);
    a = take(padded * U);
    delta = take(padded * U);
    z = take(box.owned * job.output.classes);
    losses = take(box.owned);
    correct = take(box.owned);
    labels = take(2 * box.owned);
    numbers = take(2 * std::int64_t{job.group});
    pixels = take(job.stages * job.group * job.pitch / static_cast<std::int64_t>(sizeof(float)));
    bytes = floats * static_cast<std::int64_t>(sizeof(float));
  }
};

// Where the weights of a word's pixel lie. Those of all words' first pixels come first, then those
// of the second ones: threads that update neighbouring words shall not wait for the same bank.
CUTAWAY_BOTH int row_of(int words, int word, int pixel) { return 1 + pixel * words + word; }

// One number for each of a block's units, read and written at once.
template <int U>
struct alignas(U < 4 ? 8 : 16) Units {
  float of[U];
};
struct alignas(16) Piece {  // pixels
  std::uint32_t words[kPiecePixels / kWordPixels];
};

}  // namespace cutaway::cuda
