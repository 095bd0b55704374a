// The fast path: a network with one hidden layer learns many steps in one launch. Its blocks share
// the hidden units, U to each, and keep them: weights, optimizer's memory, gradients never leave a
// block's shared memory. A step exchanges only
//   the parts of every sample's output sums, to the block whose sample it is, and
//   the output's deltas, from there to all:
// a few KB, and who waits, waits for them only. What flows in and out is told in jobs.h.
#pragma once

#include "cuda/kernels/epoch_batches.h"
#include "cuda/kernels/epoch_layout.h"
#include "cuda/kernels/epoch_tf32.h"
#include "cuda/kernels/loss.h"
#include "cuda/kernels/optimizer.h"

namespace cutaway::cuda {

template <int U, int S, class Comm>
class Learner {
 public:
  CUTAWAY_DEVICE Learner(Comm& comm, const Epoch& job)
      : comm_(comm),
        job_(job),
        box_(job),
        at_(job, box_),
        batches_(comm, job, box_, at_),
        products_(comm, job),
        rank_(comm.rank()),
        thread_(comm.thread()),
        first_unit_(rank_ * U),
        real_units_(job.hidden - first_unit_ < 0   ? 0
                    : job.hidden - first_unit_ > U ? U
                                                   : job.hidden - first_unit_),
        words_(static_cast<int>(job.pitch) / kWordPixels),
        classes_(job.output.classes),
        shared_(comm.shared()),
        lower_(shared_ + at_.lower),
        upper_(shared_ + at_.upper),
        a_(shared_ + at_.a),
        delta_(shared_ + at_.delta),
        sums_(comm.mailbox() + box_.sums),
        output_deltas_(comm.mailbox() + box_.deltas),
        first_sample_(thread_ / classes_),
        first_class_(thread_ % classes_),
        samples_on_(kThreads / classes_),
        classes_on_(kThreads % classes_) {}

  CUTAWAY_DEVICE void run() {
    comm_.open();
    for_each_weight([](float& mine, float& global) { mine = global; });
    batches_.start();
    CUTAWAY_ROLLED
    for (std::int64_t step = job_.first; step < job_.last; ++step) {
      begin(step);
      forward();
      send_sums();
      comm_.sent();
      comm_.receive(kSums);
      const Unjudged last = send_deltas();
      comm_.sent();
      judge(last);  // in the time that the others take
      comm_.receive(kDeltas);
      backprop();
      comm_.block_sync();
      store_losses();
      update_all();
    }
    comm_.block_sync();
    for_each_weight([](float& mine, float& global) { global = mine; });
  }

 private:
  static constexpr int kGroup = kGroupOf<S>;

  CUTAWAY_DEVICE void begin(std::int64_t step) {
    step_ = step;
    rows_ = batches_.rows(step);
    rates_ = job_.rates[step];
    groups_ = batches_.groups(step);
    labels_ = batches_.labels(step);
    if (thread_ != 0) return;
    // All threads have received what came in the step before: they met behind its backprop. Places
    // are used again. Who sends sums has all deltas of the step before, whose senders had read all
    // sums. Who sends deltas has sums of all blocks, whose threads have met in this step's forward
    // pass, so they had read all deltas.
    const int own = batches_.local(rows_ - 1 - rank_ + job_.ranks);
    comm_.expect(kSums, own * job_.ranks * classes_);
    comm_.expect(kDeltas, rows_ * classes_);
  }

  // Calls body(mine, global) for every weight and memory of this block's units. The output's biases
  // are every block's; all update them alike, and all hand back the same.
  template <class Body>
  CUTAWAY_DEVICE void for_each_weight(const Body& body) {
    CUTAWAY_ROLLED
    for (int i = thread_; i < (1 + kWordPixels * words_) * U; i += kThreads) {
      const int pixel = i / U - 1, u = i % U;  // -1: the bias
      const int row = pixel < 0 ? 0 : row_of(words_, pixel / kWordPixels, pixel % kWordPixels);
      const bool real = pixel < job_.features && u < real_units_;
      for_each_kept(body, job_.weights[0], job_.memory[0], lower_, at_.lower_size, row * U + u,
                    real, static_cast<std::int64_t>(1 + pixel) * job_.hidden + first_unit_ + u);
    }
    CUTAWAY_ROLLED
    for (int i = thread_; i < (1 + U) * classes_; i += kThreads) {
      const int row = i / classes_, k = i % classes_;
      for_each_kept(body, job_.weights[1], job_.memory[1], upper_, at_.upper_size, i,
                    row <= real_units_,
                    static_cast<std::int64_t>(row == 0 ? 0 : first_unit_ + row) * classes_ + k);
    }
  }

  template <class Body>
  CUTAWAY_DEVICE void for_each_kept(const Body& body, float* weights, const Memory& memory,
                                    float* kept, std::int64_t size, int mine, bool real,
                                    std::int64_t global) {
    if (!real) {
      kept[mine] = 0;  // as if it were not there
      return;
    }
    body(kept[mine], weights[global]);
    if (memory.first) body(kept[size + mine], memory.first[global]);
    if (memory.second) body(kept[2 * size + mine], memory.second[global]);
  }

  CUTAWAY_DEVICE float pixel(std::uint32_t word, int i) const {
    return byte_of(word, i, job_.bytes) - job_.mean;
  }

  // a = f(x W + b) for this block's units. A warp sums its slice of the pixels for a group of
  // samples, S to a lane; then the slices are added. The first turn to a group is also the
  // barrier after which all weights are updated, the next one that after which the parts are read.
  CUTAWAY_DEVICE void forward() {
    float* const parts = shared_ + at_.parts;
    CUTAWAY_ROLLED
    for (int group = groups_ - 1; group >= 0; --group) {
      const std::uint8_t* const pixels = batches_.turn(step_, group);
      const int samples = batches_.rows_of(step_, group);
      float* const mine = parts + comm_.warp() * U * kGroup;
      if (job_.tf32) {
        if constexpr (kHasTf32) products_.template weigh<S>(pixels, samples, lower_, mine);
      } else {
        weigh(pixels, samples, mine);
      }
      comm_.block_sync();
      CUTAWAY_ROLLED
      for (int i = thread_; i < U * kGroup; i += kThreads) {
        const int u = i / kGroup, sample = i % kGroup;
        float sum = 0;
        for (int slice = 0; slice < kSlices; ++slice) sum += parts[slice * U * kGroup + i];
        a_[(group * kGroup + sample) * U + u] =
            activate(job_.activation, sum * job_.inverse_std + lower_[u]);
      }
    }
    comm_.block_sync();
  }

  // What this warp's slice of the pixels adds to the units' sums: parts (U, group).
  CUTAWAY_DEVICE void weigh(const std::uint8_t* pixels, int samples, float* parts) const {
    const int pieces = static_cast<int>(job_.pitch) / kPiecePixels;
    Units<U> sums[S] = {};
    const std::uint8_t* rows[S];  // a sample too many repeats the last, and nobody looks
    for (int h = 0; h < S; ++h) {
      const int sample = h * kWarp + comm_.lane();
      rows[h] = pixels + (sample < samples ? sample : samples - 1) * job_.pitch;
    }
    CUTAWAY_ROLLED
    for (int piece = comm_.warp(); piece < pieces; piece += kSlices) {
      Piece x[S];
      CUTAWAY_UNROLL
      for (int h = 0; h < S; ++h) x[h] = reinterpret_cast<const Piece*>(rows[h])[piece];
      CUTAWAY_UNROLL
      for (int i = 0; i < kPiecePixels; ++i) {
        const int word = piece * (kPiecePixels / kWordPixels) + i / kWordPixels;
        const Units<U> w =
            reinterpret_cast<const Units<U>*>(lower_)[row_of(words_, word, i % kWordPixels)];
        CUTAWAY_UNROLL
        for (int h = 0; h < S; ++h) {
          const float value = pixel(x[h].words[i / kWordPixels], i % kWordPixels);
          CUTAWAY_UNROLL
          for (int u = 0; u < U; ++u) sums[h].of[u] += value * w.of[u];
        }
      }
    }
    CUTAWAY_UNROLL
    for (int h = 0; h < S; ++h) {
      CUTAWAY_UNROLL
      for (int u = 0; u < U; ++u) parts[u * kGroup + h * kWarp + comm_.lane()] = sums[h].of[u];
    }
  }

  // This block's part of every sample's output sums goes to the block whose sample it is.
  CUTAWAY_DEVICE void send_sums() {
    int sample = first_sample_, k = first_class_;  // divisions take longer than the sums
    CUTAWAY_ROLLED
    for (int i = thread_; i < rows_ * classes_; i += kThreads) {
      float sum = 0;
      for (int u = 0; u < U; ++u) sum += a_[sample * U + u] * upper_[(1 + u) * classes_ + k];
      const std::int64_t row = rank_ * box_.owned + batches_.local(sample);
      comm_.send(kSums, batches_.owner(sample), box_.sums + row * classes_ + k, sum);
      sample += samples_on_;
      k += classes_on_;
      if (k >= classes_) {
        k -= classes_;
        ++sample;
      }
    }
  }

  // A sample of this block's whose deltas are sent.
  struct Unjudged {
    int local = -1;          // none
    float part_of_loss = 0;  // this lane's
  };

  // Every warp tells all blocks the output's deltas of some of this block's samples. What else
  // there is to find of them is for later, if it is only the last one's. Nothing goes to global
  // memory: a barrier of the blocks would wait for it.
  CUTAWAY_DEVICE Unjudged send_deltas() {
    Unjudged last;
    CUTAWAY_ROLLED
    for (int local = comm_.warp();; local += kWarps) {
      const int sample = local * job_.ranks + rank_;
      if (sample >= rows_) return last;
      judge(last);
      const float* const sums = sums_ + local * classes_;
      float* const z = shared_ + at_.z + local * classes_;
      CUTAWAY_ROLLED
      for (int k = comm_.lane(); k < classes_; k += kWarp) {
        float sum = upper_[k];
        for (int r = 0; r < job_.ranks; ++r) sum += sums[r * box_.owned * classes_ + k];
        z[k] = sum;
      }
      last.local = local;
      last.part_of_loss =
          slopes_of_row(comm_, job_.output, rows_, z, labels_[local], [&](int k, float delta) {
            CUTAWAY_ROLLED
            for (int r = 0; r < job_.ranks; ++r)
              comm_.send(kDeltas, r, box_.deltas + sample * classes_ + k, delta);
          });
    }
  }

  CUTAWAY_DEVICE void judge(const Unjudged& sample) {
    const int local = sample.local;
    if (local < 0) return;
    const SampleLoss found = judge_row(comm_, classes_, shared_ + at_.z + local * classes_,
                                       labels_[local], sample.part_of_loss);
    if (comm_.lane() == 0) {
      shared_[at_.losses + local] = found.loss;
      shared_[at_.correct + local] = found.correct ? 1.0f : 0.0f;
    }
  }

  CUTAWAY_DEVICE void store_losses() {
    const std::int64_t start = step_ * job_.batch;
    CUTAWAY_ROLLED
    for (int local = thread_; local * job_.ranks + rank_ < rows_; local += kThreads) {
      const std::int64_t i = start + local * job_.ranks + rank_;
      job_.sample_losses[i] = shared_[at_.losses + local];
      job_.sample_correct[i] = shared_[at_.correct + local] != 0.0f;
    }
  }

  // delta = (output deltas W^T) * f'(z) of this block's units
  CUTAWAY_DEVICE void backprop() {
    CUTAWAY_ROLLED
    for (int i = thread_; i < rows_ * U; i += kThreads) {
      const int sample = i / U, u = i % U;
      float sum = 0;
      for (int k = 0; k < classes_; ++k)
        sum += output_deltas_[sample * classes_ + k] * upper_[(1 + u) * classes_ + k];
      delta_[i] = sum * slope(job_.activation, a_[i]);
    }
  }

  // Gradients, and the update of what they belong to: four pixels to a thread. What else there is,
  // the hidden units' biases and the output's weights, is for the warps that have no pixels, if
  // any.
  CUTAWAY_DEVICE void update_all() {
    CUTAWAY_ROLLED
    for (int first = 0; first < words_; first += kThreads) {
      if (job_.tf32) {
        if constexpr (kHasTf32) update_pixels_tf32(first);
      } else {
        update_pixels(first + thread_);
      }
    }
    const int busy = (words_ + kWarp - 1) / kWarp * kWarp;
    const int spare = busy < kThreads && !job_.tf32 ? busy : 0;
    if (thread_ < spare) return;
    CUTAWAY_ROLLED
    for (int i = thread_ - spare; i < 1 + (1 + U) * classes_; i += kThreads - spare) {
      if (i == 0) {
        update_biases();
      } else {
        update_upper(i - 1);
      }
    }
  }

  // Weights and memories are read and written for all units at once.
  CUTAWAY_DEVICE void update_lower(int row, bool real, const Units<U>& gradient) {
    Units<U>* const w = reinterpret_cast<Units<U>*>(lower_) + row;
    Units<U>* const first = reinterpret_cast<Units<U>*>(lower_ + at_.lower_size) + row;
    Units<U>* const second = reinterpret_cast<Units<U>*>(lower_ + 2 * at_.lower_size) + row;
    const bool has_first = job_.memory[0].first, has_second = job_.memory[0].second;
    Units<U> weights = *w, m{}, v{};
    if (has_first) m = *first;
    if (has_second) v = *second;
    CUTAWAY_UNROLL
    for (int u = 0; u < U; ++u)
      if (real && u < real_units_)
        update(job_.rule, rates_, weights.of[u], m.of[u], v.of[u], gradient.of[u]);
    *w = weights;
    if (has_first) *first = m;
    if (has_second) *second = v;
  }

  // All threads take the turns, also those whose word is none.
  CUTAWAY_DEVICE void update_pixels(int word) {
    Units<U> sums[kWordPixels] = {};
    CUTAWAY_ROLLED
    for (int group = 0; group < groups_; ++group) {
      const std::uint8_t* const pixels = batches_.turn(step_, group);
      if (word >= words_) continue;
      const Units<U>* const deltas = reinterpret_cast<const Units<U>*>(delta_) + group * kGroup;
      const int samples = batches_.rows_of(step_, group);
      CUTAWAY_UNROLL_FOUR
      for (int sample = 0; sample < samples; ++sample) {
        const std::uint32_t x =
            reinterpret_cast<const std::uint32_t*>(pixels + sample * job_.pitch)[word];
        const Units<U> delta = deltas[sample];
        CUTAWAY_UNROLL
        for (int i = 0; i < kWordPixels; ++i) {
          const float value = pixel(x, i);
          CUTAWAY_UNROLL
          for (int u = 0; u < U; ++u) sums[i].of[u] += value * delta.of[u];
        }
      }
    }
    if (word >= words_) return;
    CUTAWAY_UNROLL
    for (int i = 0; i < kWordPixels; ++i) {
      CUTAWAY_UNROLL
      for (int u = 0; u < U; ++u) sums[i].of[u] *= job_.inverse_std;
      update_lower(row_of(words_, word, i), word * kWordPixels + i < job_.features, sums[i]);
    }
  }

  CUTAWAY_DEVICE void update_pixels_tf32(int first_word) {
    typename PixelProducts<U, Comm>::Gradients gradients;
    CUTAWAY_ROLLED
    for (int group = 0; group < groups_; ++group) {
      const std::uint8_t* const pixels = batches_.turn(step_, group);
      products_.add(gradients, first_word, pixels, batches_.rows_of(step_, group),
                    delta_ + group * kGroup * U);
    }
    const Memory memory = kept_memory(job_.memory[0], lower_, at_.lower_size);
    products_.for_each(gradients, first_word, [&](int word, int pixel, int u, float gradient) {
      if (word * kWordPixels + pixel < job_.features && u < real_units_)
        update(job_.rule, rates_, lower_, memory, row_of(words_, word, pixel) * U + u,
               gradient * job_.inverse_std);
    });
  }

  // What the optimizer remembers of weights that are kept, behind which it lies.
  CUTAWAY_DEVICE Memory kept_memory(const Memory& global, float* kept, std::int64_t size) const {
    return {global.first ? kept + size : nullptr, global.second ? kept + 2 * size : nullptr};
  }

  CUTAWAY_DEVICE void update_biases() {
    Units<U> sums = {};
    for (int sample = 0; sample < rows_; ++sample) {
      CUTAWAY_UNROLL
      for (int u = 0; u < U; ++u) sums.of[u] += delta_[sample * U + u];
    }
    update_lower(0, true, sums);
  }

  CUTAWAY_DEVICE void update_upper(int i) {
    const int row = i / classes_, k = i % classes_;
    if (row > real_units_) return;
    float sum = 0;
    for (int sample = 0; sample < rows_; ++sample)
      sum += (row == 0 ? 1.0f : a_[sample * U + row - 1]) * output_deltas_[sample * classes_ + k];
    update(job_.rule, rates_, upper_, kept_memory(job_.memory[1], upper_, at_.upper_size), i, sum);
  }

  Comm& comm_;
  const Epoch& job_;
  const Mailbox box_;
  const Layout<U> at_;
  MiniBatches<Comm> batches_;
  const PixelProducts<U, Comm> products_;
  const int rank_, thread_;
  const int first_unit_, real_units_;  // the hidden units of this block
  const int words_;                    // of a row of pixels
  const int classes_;
  float* const shared_;
  float* const lower_;
  float* const upper_;
  float* const a_;
  float* const delta_;
  const float* const sums_;
  const float* const output_deltas_;
  const int first_sample_, first_class_, samples_on_, classes_on_;  // of the sums that are sent

  std::int64_t step_ = 0;
  int rows_ = 0;  // of this step
  Rates rates_{};
  int groups_ = 0;               // of these rows
  const int* labels_ = nullptr;  // (owned,)
};

template <int U, class Comm>
CUTAWAY_DEVICE void work(Comm& comm, const Epoch& job) {
  if (job.group == kGroupOf<2>) {
    Learner<U, 2, Comm>(comm, job).run();
  } else {
    Learner<U, 1, Comm>(comm, job).run();
  }
}

}  // namespace cutaway::cuda
