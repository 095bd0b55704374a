// The mini-batches in a block's shared memory: a group of samples at a time and, if there is room
// for two stages, the next group on its way. In: images, labels and their order, in global memory.
// Out: the pixels of a group, and the labels of the block's own samples.
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
        group_(job.group),
        passes_(update_passes(job)),
        pixels_(reinterpret_cast<std::uint8_t*>(comm.shared() + at.pixels)),
        labels_(reinterpret_cast<int*>(comm.shared() + at.labels)),
        numbers_(reinterpret_cast<int*>(comm.shared() + at.numbers)) {
    while (1 << rank_bits_ < job.ranks) ++rank_bits_;
    while (1 << group_bits_ < job.group) ++group_bits_;
  }

  CUTAWAY_DEVICE int rows(std::int64_t step) const {
    const std::int64_t rest = job_.n - step * job_.batch;
    return static_cast<int>(rest < job_.batch ? rest : job_.batch);
  }
  CUTAWAY_DEVICE int groups(std::int64_t step) const {
    return (rows(step) + group_ - 1) >> group_bits_;
  }
  CUTAWAY_DEVICE int rows_of(std::int64_t step, int group) const {
    const int rest = rows(step) - group * group_;
    return rest < group_ ? rest : group_;
  }

  // Which block computes a sample's loss, and which of its own it is there.
  CUTAWAY_DEVICE int owner(int sample) const { return sample & (job_.ranks - 1); }
  CUTAWAY_DEVICE int local(int sample) const { return sample >> rank_bits_; }
  CUTAWAY_DEVICE int* labels(std::int64_t step) const {  // (owned,): there after its forward pass
    return labels_ + (step & 1) * owned_;
  }

  // All threads: before the first turn().
  CUTAWAY_DEVICE void start() {
    next_ = first_of(job_.first);
    ask_for_numbers(0, next_);
    comm_.copy_wait();
    comm_.block_sync();
    if (job_.stages == 2) ask(0, next_);
  }

  // All threads: returns a group's pixels, (rows, pitch), for all threads to read until the next
  // turn. Groups come in the order of after().
  CUTAWAY_DEVICE const std::uint8_t* turn(std::int64_t step, int group) {
    if (now_.step != step || now_.group != group) {
      if (job_.stages == 1) {
        comm_.block_sync();  // nobody reads the group before any more
        ask(turns_, next_);
      }
      comm_.copy_wait();
      comm_.rows_wait();
      comm_.block_sync();  // the group is there, and nobody reads the one before any more
      now_ = next_;
      next_ = after(now_);
      ++turns_;
      if (job_.stages == 2) ask(turns_, next_);
    }
    return place(turns_ - 1);
  }

 private:
  struct Turn {
    std::int64_t step = -1;
    int pass = 0;  // 0: forward; from 1 on: update
    int group = 0;
  };

  CUTAWAY_DEVICE Turn first_of(std::int64_t step) const { return {step, 0, groups(step) - 1}; }

  // The forward pass begins with the last group, so that it ends with the one that the update
  // begins with; the update's sums go from the first sample to the last.
  CUTAWAY_DEVICE Turn after(const Turn& turn) const {
    const int groups = this->groups(turn.step);
    if (turn.pass == 0 && turn.group > 0) return {turn.step, 0, turn.group - 1};
    if (turn.group + 1 < groups) return {turn.step, turn.pass == 0 ? 1 : turn.pass, turn.group + 1};
    if (turn.pass != 0 && turn.pass < passes_) return {turn.step, turn.pass + 1, 0};
    return first_of(turn.step + 1);
  }

  CUTAWAY_DEVICE std::uint8_t* place(int turn) const {
    return pixels_ + (turn & (job_.stages - 1)) * group_ * job_.pitch;
  }
  CUTAWAY_DEVICE int* numbers(int turn) const { return numbers_ + (turn & 1) * group_; }

  // Asks for the numbers of a group's images, if there is such a group.
  CUTAWAY_DEVICE void ask_for_numbers(int turn, const Turn& at) const {
    if (at.step >= job_.last) return;
    const int* const order = job_.order + at.step * job_.batch + at.group * group_;
    const int row = comm_.thread();
    if (row < rows_of(at.step, at.group))
      comm_.template copy_async<sizeof(int)>(numbers(turn) + row, order + row);
  }

  // Asks for a group, if there is such a group, and for the numbers of the one after it; those of
  // its own have come.
  CUTAWAY_DEVICE void ask(int turn, const Turn& at) const {
    if (at.step >= job_.last) return;
    const int* const numbers = this->numbers(turn);
    const int bytes = static_cast<int>(job_.pitch);
    const int rows = rows_of(at.step, at.group);
    comm_.copy_rows(place(turn), rows, bytes, [&](int row) -> const void* {
      return job_.images + std::int64_t{numbers[row]} * bytes;
    });
    const int row = comm_.thread(), sample = at.group * group_ + row;
    if (at.pass == 0 && row < rows && owner(sample) == comm_.rank())
      comm_.template copy_async<sizeof(int)>(labels(at.step) + local(sample),
                                             job_.labels + numbers[row]);
    ask_for_numbers(turn + 1, after(at));
  }

  Comm& comm_;
  const Epoch& job_;
  const std::int64_t owned_;
  const int group_;             // images
  const int passes_;            // of an update over all groups
  std::uint8_t* const pixels_;  // (stages, group, pitch)
  int* const labels_;           // (2, owned): of this step and the next
  int* const numbers_;          // (2, group): of this group's images and the next's
  int rank_bits_ = 0, group_bits_ = 0;

  Turn now_ = {}, next_ = {};  // what is read, and what will be
  int turns_ = 0;              // so far
};

}  // namespace cutaway::cuda
