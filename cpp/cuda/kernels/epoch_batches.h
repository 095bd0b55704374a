// The mini-batches in a block's shared memory: that of this step and, if there is room for two
// stages, the next one's, on its way. In: images, labels and their order, in global memory. Out:
// the pixels of all samples, and the labels of the block's own.
#pragma once

#include "cuda/kernels/epoch_layout.h"

namespace cutaway::cuda {

template <class Comm>
class MiniBatches {
 public:
  template <int U>
  CUTAWAY_DEVICE MiniBatches(Comm& comm, const Epoch& job, const Mailbox& box, const Layout<U>& at)
      : comm_(comm),
        job_(job),
        owned_(box.owned),
        padded_(at.padded),
        pixels_(reinterpret_cast<std::uint8_t*>(comm.shared() + at.pixels)),
        labels_(reinterpret_cast<int*>(comm.shared() + at.labels)) {}

  CUTAWAY_DEVICE int rows(std::int64_t step) const {
    const std::int64_t rest = job_.n - step * job_.batch;
    return static_cast<int>(rest < job_.batch ? rest : job_.batch);
  }
  CUTAWAY_DEVICE std::uint8_t* pixels(std::int64_t step) const {  // (rows, pitch)
    return pixels_ + stage(step) * padded_ * job_.pitch;
  }
  CUTAWAY_DEVICE int* labels(std::int64_t step) const {  // (owned,)
    return labels_ + stage(step) * owned_;
  }

  // Asks for what belongs to a step, if there is such a step; Comm's copy_wait() waits for it. A
  // warp copies a row; it asks for the numbers of several rows before it waits.
  CUTAWAY_DEVICE void gather(std::int64_t step) const {
    if (step >= job_.last) return;
    std::uint8_t* const to = pixels(step);
    const int* const order = job_.order + step * job_.batch;
    const int pieces = static_cast<int>(job_.pitch) / kPiecePixels, rows = this->rows(step);
    constexpr int kEach = kGroup / kWarps;
    CUTAWAY_ROLLED
    for (int group = comm_.warp(); group < rows; group += kGroup) {
      int numbers[kEach];
      CUTAWAY_UNROLL
      for (int i = 0; i < kEach; ++i)
        numbers[i] = group + i * kWarps < rows ? order[group + i * kWarps] : 0;
      CUTAWAY_UNROLL
      for (int i = 0; i < kEach; ++i) {
        const int row = group + i * kWarps;
        if (row >= rows) break;
        const std::uint8_t* const from = job_.images + numbers[i] * job_.pitch;
        CUTAWAY_ROLLED
        for (int piece = comm_.lane(); piece < pieces; piece += kWarp)
          comm_.template copy_async<kPiecePixels>(to + row * job_.pitch + piece * kPiecePixels,
                                                  from + piece * kPiecePixels);
      }
    }
    int* const own = labels(step);
    const int rank = comm_.rank();
    CUTAWAY_ROLLED
    for (int local = comm_.thread(); local * job_.ranks + rank < rows; local += kThreads)
      comm_.template copy_async<sizeof(int)>(own + local,
                                             job_.labels + order[local * job_.ranks + rank]);
  }

 private:
  CUTAWAY_DEVICE std::int64_t stage(std::int64_t step) const { return step & (job_.stages - 1); }

  Comm& comm_;
  const Epoch& job_;
  const std::int64_t owned_, padded_;
  std::uint8_t* const pixels_;  // (stages, padded, pitch)
  int* const labels_;           // (stages, owned)
};

}  // namespace cutaway::cuda
