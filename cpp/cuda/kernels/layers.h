// The general path: a kernel per layer and phase, for any depth and width. What flows in and out is
// told in jobs.h. Every output is summed by one thread in one order, so the bits do not depend on
// the size of the tiles.
#pragma once

#include "cuda/kernels/comm.h"
#include "cuda/kernels/judge.h"

namespace cutaway::cuda {

CUTAWAY_BOTH std::int64_t first_of(const Place& place) {
  return place.step ? *place.step * place.batch : 0;
}

// A number that is known when compiling, to be handed to a generic function.
template <int N>
struct Count {
  static constexpr int value = N;
};

// A product is made in tiles: a block of 16 x 16 threads makes one, every thread R x R outputs.
constexpr int kSide = 16;
constexpr int kDepth = 32;  // products summed between two barriers

template <int R>
constexpr int kTile = kSide * R;
template <int R>
constexpr int kTileRow = kTile<R> + 1;  // one more, or a column would lie in a single bank
template <int R>
constexpr std::size_t kTileBytes = sizeof(float) * 2 * 2 * kDepth * kTileRow<R>;

CUTAWAY_BOTH std::int64_t tiles(std::int64_t rows, std::int64_t columns, int tile) {
  return (rows + tile - 1) / tile * ((columns + tile - 1) / tile);
}

// The operands of a product, element by element; kAlongDepth tells which index runs along memory.

template <bool kTransposed>
struct Matrix {  // (depth, lines), or transposed
  static constexpr bool kAlongDepth = kTransposed;
  const float* values;
  std::int64_t row;  // values from one row to the next

  CUTAWAY_DEVICE float at(std::int64_t line, std::int64_t depth) const {
    return kTransposed ? values[line * row + depth] : values[depth * row + line];
  }
};

struct WithOnes {  // a column of ones, for the biases, and then x: (depth, 1 + row)
  static constexpr bool kAlongDepth = false;
  const float* x;
  std::int64_t row;

  CUTAWAY_DEVICE float at(std::int64_t line, std::int64_t depth) const {
    return line == 0 ? 1.0f : x[depth * row + line - 1];
  }
};

// Part of an operand, on its way from global to shared memory through the registers of all threads.
template <int R, class Operand>
struct Slice {
  static constexpr int kEach = kDepth * kTile<R> / kThreads;
  float values[kEach];

  CUTAWAY_DEVICE static void place(int thread, int i, int& line, int& depth) {
    const int number = i * kThreads + thread;
    line = Operand::kAlongDepth ? number / kDepth : number % kTile<R>;
    depth = Operand::kAlongDepth ? number % kDepth : number / kTile<R>;
  }
  CUTAWAY_DEVICE void fetch(int thread, const Operand& from, std::int64_t line0, std::int64_t lines,
                            std::int64_t depth0, std::int64_t depths) {
    for (int i = 0; i < kEach; ++i) {
      int line, depth;
      place(thread, i, line, depth);
      const bool inside = line0 + line < lines && depth0 + depth < depths;
      values[i] = inside ? from.at(line0 + line, depth0 + depth) : 0.0f;
    }
  }
  CUTAWAY_DEVICE void store(int thread, float* to) const {  // (kDepth, kTileRow)
    for (int i = 0; i < kEach; ++i) {
      int line, depth;
      place(thread, i, line, depth);
      to[depth * kTileRow<R> + line] = values[i];
    }
  }
};

// finish(m, n, sum over k < depth of a.at(m, k) * b.at(n, k)) for every m < rows and n < columns.
template <int R, class Comm, class A, class B, class Finish>
CUTAWAY_DEVICE void product(Comm& comm, std::int64_t rows, std::int64_t columns, std::int64_t depth,
                            const A& a, const B& b, const Finish& finish) {
  const int across = static_cast<int>((columns + kTile<R> - 1) / kTile<R>);
  const std::int64_t m0 = std::int64_t{comm.block() / across} * kTile<R>;
  const std::int64_t n0 = std::int64_t{comm.block() % across} * kTile<R>;
  // A thread makes output (m, n) of the tile, and every kSide-th from there.
  const int thread = comm.thread(), m = thread / kSide, n = thread % kSide;
  constexpr int kHalf = kDepth * kTileRow<R>;  // of two: one is summed while the next is stored
  float* const a_tiles = comm.shared();        // 2 x (kDepth, kTileRow)
  float* const b_tiles = a_tiles + 2 * kHalf;  // 2 x (kDepth, kTileRow)

  float sums[R][R] = {};
  Slice<R, A> a_slice;
  Slice<R, B> b_slice;
  a_slice.fetch(thread, a, m0, rows, 0, depth);
  b_slice.fetch(thread, b, n0, columns, 0, depth);
  int half = 0;
  for (std::int64_t k0 = 0; k0 < depth; k0 += kDepth, half ^= 1) {
    float* const a_tile = a_tiles + half * kHalf;
    float* const b_tile = b_tiles + half * kHalf;
    a_slice.store(thread, a_tile);
    b_slice.store(thread, b_tile);
    comm.block_sync();
    if (k0 + kDepth < depth) {  // on their way during the sums
      a_slice.fetch(thread, a, m0, rows, k0 + kDepth, depth);
      b_slice.fetch(thread, b, n0, columns, k0 + kDepth, depth);
    }
    for (int k = 0; k < kDepth; ++k) {
      const float* const a_row = a_tile + k * kTileRow<R> + m;
      const float* const b_row = b_tile + k * kTileRow<R> + n;
      CUTAWAY_UNROLL
      for (int i = 0; i < R; ++i) {
        CUTAWAY_UNROLL
        for (int j = 0; j < R; ++j) sums[i][j] += a_row[kSide * i] * b_row[kSide * j];
      }
    }
  }
  CUTAWAY_UNROLL
  for (int i = 0; i < R; ++i) {
    CUTAWAY_UNROLL
    for (int j = 0; j < R; ++j) {
      const std::int64_t row = m0 + m + kSide * i, column = n0 + n + kSide * j;
      if (row < rows && column < columns) finish(row, column, sums[i][j]);
    }
  }
}

template <int R, class Comm>
CUTAWAY_DEVICE void work(Comm& comm, const Forward& job) {
  product<R>(comm, job.rows, job.fan_out, job.fan_in, Matrix<true>{job.x, job.fan_in},
             Matrix<false>{job.weights + job.fan_out, job.fan_out},
             [&](std::int64_t sample, std::int64_t unit, float sum) {
               job.a[sample * job.fan_out + unit] =
                   activate(job.activation, sum + job.weights[unit]);
             });
}

template <int R, class Comm>
CUTAWAY_DEVICE void work(Comm& comm, const Backprop& job) {
  product<R>(comm, job.rows, job.fan_in, job.fan_out, Matrix<true>{job.delta, job.fan_out},
             Matrix<true>{job.weights + job.fan_out, job.fan_out},
             [&](std::int64_t sample, std::int64_t unit, float sum) {
               const std::int64_t i = sample * job.fan_in + unit;
               job.delta_below[i] = sum * slope(job.activation_below, job.a_below[i]);
             });
}

template <int R, class Comm>
CUTAWAY_DEVICE void work(Comm& comm, const Update& job) {
  const Rates now = job.gradient ? Rates{} : job.rates[job.clock->update];
  product<R>(comm, 1 + job.fan_in, job.fan_out, job.rows, WithOnes{job.x, job.fan_in},
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

template <int, class Comm>
CUTAWAY_DEVICE void work(Comm& comm, const Gather& job) {
  const std::int64_t row = comm.block();
  const std::int64_t image = job.order ? job.order[first_of(job.place) + row] : row;
  const std::int64_t from = image * job.images.pitch, to = row * job.features;
  for (int i = comm.thread(); i < job.features; i += kThreads) {
    const float value = job.images.bytes ? static_cast<float>(job.images.bytes[from + i])
                                         : job.images.floats[from + i];
    job.x[to + i] = (value - job.images.mean) * job.images.inverse_std;
  }
}

template <int, class Comm>
CUTAWAY_DEVICE void work(Comm& comm, const ApplyGradient& job) {
  const std::int64_t i = static_cast<std::int64_t>(comm.block()) * kThreads + comm.thread();
  if (i < job.count) update(job.rule, job.rates, job.weights, job.memory, i, job.gradient[i]);
}

// Below, every warp has rows of its own.
template <int, class Comm>
CUTAWAY_DEVICE void work(Comm& comm, const Judge& job) {
  const std::int64_t first = first_of(job.place);
  const int row = comm.block() * kWarps + comm.warp();
  if (row < job.rows) {
    const int image = job.order ? job.order[first + row] : row;
    const std::int64_t at = static_cast<std::int64_t>(row) * job.how.classes;
    const Verdict verdict =
        judge_row(comm, job.how, job.rows, job.z + at, job.labels[image], [&](int k, float value) {
          if (job.delta) job.delta[at + k] = value;
        });
    if (comm.lane() == 0) {
      job.sample_losses[first + row] = verdict.loss;
      job.sample_correct[first + row] = verdict.correct;
    }
  }
  if (job.clock && comm.block() == 0 && comm.thread() == 0) job.clock->update = *job.place.step;
}

template <int, class Comm>
CUTAWAY_DEVICE void work(Comm& comm, const Activate& job) {
  const int row = comm.block() * kWarps + comm.warp();
  if (row < job.rows)
    activate_row(comm, job.activation, job.z + static_cast<std::int64_t>(row) * job.classes,
                 job.classes);
}

template <int, class Comm>
CUTAWAY_DEVICE void work(Comm& comm, const Tally& job) {
  const std::int64_t step = static_cast<std::int64_t>(comm.block()) * kWarps + comm.warp();
  if (step >= job.steps) return;
  const std::int64_t first = step * job.batch;
  const std::int64_t rest = job.n - first, rows = rest < job.batch ? rest : job.batch;
  float loss = 0, correct = 0;
  for (std::int64_t i = first + comm.lane(); i < first + rows; i += kWarp) {
    loss += job.sample_losses[i];
    correct += job.sample_correct[i];
  }
  loss = warp_sum(comm, loss);
  correct = warp_sum(comm, correct);
  if (comm.lane() == 0)
    job.summaries[step] = {job.mean ? loss / static_cast<float>(rows) : loss,
                           static_cast<int>(correct)};
}

}  // namespace cutaway::cuda
