// The general path: a kernel per layer and phase, for any depth and width. What flows in and out is
// told in jobs.h.
#pragma once

#include "cuda/kernels/activations.h"
#include "cuda/kernels/comm.h"
#include "cuda/kernels/loss.h"
#include "cuda/kernels/optimizer.h"
#include "cuda/kernels/product.h"
#include "cuda/kernels/product_tf32.h"

namespace cutaway::cuda {

CUTAWAY_BOTH std::int64_t first_of(const Place& place) {
  return place.step ? *place.step * place.batch : 0;
}

template <class Tile, class Comm>
CUTAWAY_DEVICE void work(Tile tile, Comm& comm, const Forward& job) {
  product(tile, comm, job.rows, job.fan_out, job.fan_in, Matrix<true>{job.x, job.fan_in},
          Matrix<false>{job.weights + job.fan_out, job.fan_out},
          [&](std::int64_t sample, std::int64_t unit, float sum) {
            job.a[sample * job.fan_out + unit] = activate(job.activation, sum + job.weights[unit]);
          });
}

template <class Tile, class Comm>
CUTAWAY_DEVICE void work(Tile tile, Comm& comm, const Backprop& job) {
  product(tile, comm, job.rows, job.fan_in, job.fan_out, Matrix<true>{job.delta, job.fan_out},
          Matrix<true>{job.weights + job.fan_out, job.fan_out},
          [&](std::int64_t sample, std::int64_t unit, float sum) {
            const std::int64_t i = sample * job.fan_in + unit;
            job.delta_below[i] = sum * slope(job.activation_below, job.a_below[i]);
          });
}

template <class Tile, class Comm>
CUTAWAY_DEVICE void work(Tile tile, Comm& comm, const Update& job) {
  const Rates now = job.gradient ? Rates{} : job.rates[job.clock->update];
  product(tile, comm, 1 + job.fan_in, job.fan_out, job.rows, WithOnes{job.x, job.fan_in},
          Matrix<false>{job.delta, job.fan_out},
          [&](std::int64_t row, std::int64_t unit, float sum) {
            const std::int64_t i = row * job.fan_out + unit;
            if (job.gradient) {
              job.gradient[i] = sum;
            } else {
              update(job.rule, now, job.weights, job.memory, i, sum);
            }
          });
  if (job.clock && comm.block() == 0 && comm.thread() == 0)
    job.clock->forward = job.clock->update + 1;
}

template <class Tile, class Comm>
CUTAWAY_DEVICE void work(Tile, Comm& comm, const Gather& job) {
  const std::int64_t row = comm.block();
  const std::int64_t image = job.order ? job.order[first_of(job.place) + row] : row;
  const std::int64_t from = image * job.images.pitch, to = row * job.features;
  for (int i = comm.thread(); i < job.features; i += kThreads) {
    const float value = job.images.bytes ? static_cast<float>(job.images.bytes[from + i])
                                         : job.images.floats[from + i];
    job.x[to + i] = (value - job.images.mean) * job.images.inverse_std;
  }
}

template <class Tile, class Comm>
CUTAWAY_DEVICE void work(Tile, Comm& comm, const ApplyGradient& job) {
  const std::int64_t i = static_cast<std::int64_t>(comm.block()) * kThreads + comm.thread();
  if (i < job.count) update(job.rule, job.rates, job.weights, job.memory, i, job.gradient[i]);
}

// Below, every warp has rows of its own.
template <class Tile, class Comm>
CUTAWAY_DEVICE void work(Tile, Comm& comm, const OutputLoss& job) {
  const std::int64_t first = first_of(job.place);
  const int row = comm.block() * kWarps + comm.warp();
  if (row < job.rows) {
    const int image = job.order ? job.order[first + row] : row;
    const std::int64_t at = static_cast<std::int64_t>(row) * job.output.classes;
    const int label = job.labels[image];
    const float part =
        slopes_of_row(comm, job.output, job.rows, job.z + at, label, [&](int k, float value) {
          if (job.delta) job.delta[at + k] = value;
        });
    const SampleLoss found = judge_row(comm, job.output.classes, job.z + at, label, part);
    if (comm.lane() == 0) {
      job.sample_losses[first + row] = found.loss;
      job.sample_correct[first + row] = found.correct;
    }
  }
  if (job.clock && comm.block() == 0 && comm.thread() == 0) job.clock->update = *job.place.step;
}

template <class Tile, class Comm>
CUTAWAY_DEVICE void work(Tile, Comm& comm, const Activate& job) {
  const int row = comm.block() * kWarps + comm.warp();
  if (row < job.rows)
    activate_row(comm, job.activation, job.z + static_cast<std::int64_t>(row) * job.classes,
                 job.classes);
}

template <class Tile, class Comm>
CUTAWAY_DEVICE void work(Tile, Comm& comm, const Tally& job) {
  const std::int64_t step = static_cast<std::int64_t>(comm.block()) * kWarps + comm.warp();
  if (step >= job.steps) return;
  const std::int64_t first = step * job.batch;
  const std::int64_t rest = job.n - first, rows = rest < job.batch ? rest : job.batch;
  float loss = 0;
  int correct = 0;
  for (std::int64_t i = first + comm.lane(); i < first + rows; i += kWarp) {
    loss += job.sample_losses[i];
    correct += job.sample_correct[i];
  }
  loss = warp_sum(comm, loss);
  correct = warp_sum(comm, correct);
  if (comm.lane() == 0)
    job.summaries[step] = {job.mean ? loss / static_cast<float>(rows) : loss, correct};
}

// One block: every thread adds up its samples, and then they do so two by two.
template <class Tile, class Comm>
CUTAWAY_DEVICE void work(Tile, Comm& comm, const AddUp& job) {
  Total* const totals = reinterpret_cast<Total*>(comm.shared());  // (kThreads,)
  Total own{};
  for (std::int64_t i = comm.thread(); i < job.n; i += kThreads) {
    own.loss += static_cast<double>(job.sample_losses[i]);
    own.correct += job.sample_correct[i];
  }
  totals[comm.thread()] = own;
  for (int half = kThreads / 2; half > 0; half /= 2) {
    comm.block_sync();
    if (comm.thread() >= half) continue;
    totals[comm.thread()].loss += totals[comm.thread() + half].loss;
    totals[comm.thread()].correct += totals[comm.thread() + half].correct;
  }
  if (comm.thread() == 0) *job.total = totals[0];
}

}  // namespace cutaway::cuda
