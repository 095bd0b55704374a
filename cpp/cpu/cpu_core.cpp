// What the contract asks of the CPU's core; the phases of a step are in step.cpp and update.cpp.

#include "cpu/cpu_core.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "cpu/denormals.h"
#include "cpu/kernels/dispatch.h"
#include "guards.h"

namespace cutaway {
namespace {

constexpr int64_t kWorthWaking = 1e6;  // multiply-adds that are worth a thread's while
constexpr double kLongUpdate = 1e9;    // multiply-adds of a thread that must not be interrupted

// Folding subtracts two sums that are |mean| / std times as large as their difference: with bright
// pixels that hardly differ, the digits would be lost.
bool foldable(const Images& images, float mean, float std) {
  constexpr float kMostCancelling = 8;
  return images.bytes && std::abs(mean) <= kMostCancelling * std;
}

constexpr int64_t kFewUnits = 256;  // of the first layer, at most, for threads to share the inputs

// Steps flush denormals; whoever is asked has them as they are.
Interrupted with_denormals(const Interrupted& interrupted) {
  if (!interrupted) return interrupted;
  return [&] {
    const Denormals kept(Denormals::Are::kept);
    return interrupted();
  };
}

}  // namespace

CpuCore::CpuCore(Architecture architecture, int threads)
    : architecture_(std::move(architecture)), kernels_(kernels()), pool_(threads) {
  // With few units, threads share the inputs; with many, the units.
  const int64_t inputs = architecture_.sizes[0];
  int64_t parts = 1;
  while (architecture_.sizes[1] <= kFewUnits && parts < kMostParts && inputs >= 128 * parts)
    parts *= 2;
  for (int64_t part = 0; part < parts; ++part)
    parts_.push_back({inputs / 64 * part / parts * 64,
                      part + 1 == parts ? inputs : inputs / 64 * (part + 1) / parts * 64});
  int shares = 1;
  while (threads % (2 * shares) == 0 && 2 * shares <= parts) shares *= 2;
  workers_per_share_ = threads / shares;
  for (int64_t i = 0; i < shares; ++i) {
    InputShare& share = shares_.emplace_back();
    share.parts = {parts * i / shares, parts * (i + 1) / shares};
    share.inputs = {parts_[share.parts.begin].begin, parts_[share.parts.end - 1].end};
    share.x_row = row_of(share.inputs.size());
  }

  for (int64_t l = 0; l < architecture_.layers(); ++l) {
    Layer layer{};
    layer.fan_in = architecture_.sizes[l];
    layer.fan_out = architecture_.sizes[l + 1];
    layer.row = row_of(layer.fan_out);
    layer.activation = architecture_.activations[l];
    const int64_t padded = round_up(layer.fan_out, kLanes);
    const auto add_slab = [&](int64_t first, int64_t rows, Range units) {
      const int64_t row = row_of(units.size());
      layer.slabs.push_back({.first = first,
                             .rows = rows,
                             .units = units,
                             .row = row,
                             .weights = Buffer<float>(rows * row),
                             .memory = {},
                             .gradient = {}});
    };
    add_slab(0, 1, {0, padded});
    if (l > 0) {
      for (int64_t j = 0; j < padded; j += kPanel)
        add_slab(1, layer.fan_in, {j, std::min(j + kPanel, padded)});
      layer.transposed = Buffer<float>(layer.fan_out * round_up(layer.fan_in, kPanel));
    } else {
      for (int worker = 0; worker < threads; ++worker) {
        const Range from = share_of(worker).inputs;
        add_slab(1 + from.begin, from.size(),
                 Pool::share(padded, kLanes, worker % workers_per_share_, workers_per_share_));
      }
    }
    layers_.push_back(std::move(layer));
  }
  for (int64_t part = 0; part < parts; ++part) weight_sums_.emplace_back(layers_[0].row);
  int64_t longest = 0;
  for (const Layer& layer : layers_) longest = std::max(longest, layer.row);
  for (int worker = 0; worker < threads; ++worker) scratch_.emplace_back(longest);
}

bool CpuCore::load(Images images, std::span<const int64_t> labels, float mean, float std,
                   const Interrupted&) {
  const InUse guard(in_use_);
  check_labelled("load", architecture_, images, labels);
  folded_ = foldable(images, mean, std);
  images_ = images;
  labels_.assign(labels.begin(), labels.end());
  mean_ = mean;
  inverse_std_ = 1 / std;
  return true;
}

void CpuCore::use(const Optimizer& optimizer) {
  const InUse guard(in_use_);
  std::vector<Buffer<float>> fresh;  // all of it before anything changes
  for (const Layer& layer : layers_)
    for (const Slab& slab : layer.slabs)
      for (int i = 0; i < 2; ++i)
        fresh.push_back(i < memories(optimizer) ? Buffer<float>(slab.weights.size())
                                                : Buffer<float>());
  auto next = fresh.begin();
  for (Layer& layer : layers_)
    for (Slab& slab : layer.slabs)
      for (Buffer<float>& memory : slab.memory) memory = std::move(*next++);
  optimizer_ = optimizer;
  step_ = 0;
}

void CpuCore::reserve(int64_t rows) {
  if (rows <= capacity_) return;
  capacity_ = 0;  // nothing counts until all is there
  for (InputShare& share : shares_) {
    share.rows.resize(static_cast<std::size_t>(rows));
    const int64_t inputs = share.inputs.size(), words = round_up(rows, 64) / 64;
    share.row_masks = Buffer<std::uint64_t>(rows * (round_up(inputs, 64) / 64));
    share.columns = Buffer<std::uint8_t>(64 * words * inputs);
    share.column_masks = Buffer<std::uint64_t>(words * inputs);
    share.x = Buffer<float>(rows * share.x_row);
  }
  panels_.clear();
  const bool wide = std::any_of(layers_.begin() + 1, layers_.end(),
                                [](const Layer& layer) { return layer.row > kPanel; });
  for (int worker = 0; wide && worker < pool_.workers(); ++worker)
    panels_.emplace_back(rows * kPanel);
  part_sums_.clear();
  for (std::size_t part = 0; part < parts_.size(); ++part)
    part_sums_.emplace_back(rows * layers_[0].row);
  sample_labels_ = Buffer<int64_t>(rows);
  sample_losses_ = Buffer<float>(rows);
  sample_correct_ = Buffer<std::uint8_t>(rows);
  for (Layer& layer : layers_) {
    layer.a = Buffer<float>(rows * layer.row);
    layer.delta = Buffer<float>(rows * layer.row);
  }
  capacity_ = rows;
}

// Runs job on the pool, where threads may wait for each other.
template <class Job>
bool CpuCore::work(const Interrupted& interrupted, const Job& job) {
  return pool_.run(pool_.ready(), patient(with_denormals(interrupted)), [&](const Team& team) {
    const Denormals flushed(Denormals::Are::flushed);
    job(team);
  });
}

// Makes room for the gradients, if updates with so many rows take longer than may be waited for.
bool CpuCore::reserve_gradients(int64_t rows) {
  double weights = 0;
  for (const Layer& layer : layers_)
    weights += static_cast<double>(layer.fan_in) * static_cast<double>(layer.fan_out);
  if (weights * static_cast<double>(rows) <= kLongUpdate * threads()) return false;
  for (Layer& layer : layers_)
    for (Slab& slab : layer.slabs)
      if (slab.gradient.size() == 0) slab.gradient = Buffer<float>(slab.weights.size());
  return true;
}

bool CpuCore::learn(std::span<const int64_t> order, int64_t batch, std::span<const float> rates,
                    std::span<float> losses, const Interrupted& interrupted) {
  const InUse guard(in_use_);
  const int64_t n = static_cast<int64_t>(order.size());
  const int64_t steps = check_order(order, images_.rows, batch, rates.size(), losses.size());
  reserve(std::min(batch, n));
  const bool kept = reserve_gradients(std::min(batch, n));
  correct_ = 0;
  weight_sums_known_ = false;
  const int64_t before = step_;
  return work(interrupted, [&](const Team& team) {
    for (int64_t s = 0; s < steps; ++s) {
      const Batch rows = batch_of(order, s * batch, batch);
      const auto each_layer = [&](const auto& part) {
        team.each([&](int worker) {
          for (int64_t l = 0; l < architecture_.layers(); ++l) part(l, worker);
        });
      };
      team.stopped();  // asks: a step may be too short to have tiles
      if (!learn_from(rows, team)) return;
      if (kept) {
        each_layer([&](int64_t l, int worker) { keep_gradient(l, rows, team, worker); });
        if (!team.wait()) return;
      }
      if (team.leads()) {
        losses[s] = static_cast<float>(batch_loss(rows.rows));
        for (int64_t i = 0; i < rows.rows; ++i) correct_ += sample_correct_[i];
        ++step_;
      }
      each_layer([&](int64_t l, int worker) {  // from here on to the end of the step
        if (kept) {
          apply_kept(l, rates[s], before + s + 1, worker);
        } else {
          update_layer(l, rows, rates[s], before + s + 1, worker);
        }
      });
      if (workers_per_share_ > 1) team.wait();  // the next rows come to the same share
    }
  });
}

void CpuCore::update(std::span<const float* const> gradients, float rate) {
  const InUse guard(in_use_);
  weight_sums_known_ = false;
  work(nullptr, [&](const Team& team) {
    team.each([&](int worker) {
      for (int64_t l = 0; l < architecture_.layers(); ++l)
        apply(l, gradients[l], rate, step_ + 1, worker);
    });
  });
  ++step_;
}

// From inputs to the pre-activations of the output, or to the activations of a layer `top` below
// it, block by block: a thread that comes free takes the next, and use(batch, rows) has its rows.
template <class Use>
bool CpuCore::forward_blocks(Batch batch, int64_t top, const Interrupted& interrupted,
                             const Use& use) {
  int64_t weights = 0;
  for (const Layer& layer : layers_) weights += layer.fan_in * layer.fan_out;
  const int64_t fair = batch.rows / (4 * pool_.workers()), worth = kWorthWaking / weights;
  const int64_t block = std::clamp(std::max(fair, worth), int64_t{1}, kRowsAtOnce);
  const int64_t blocks = (batch.rows + block - 1) / block;
  reserve(blocks == 1 ? batch.rows : pool_.workers() * block);
  if (batch.folded && !weight_sums_known_) {
    const Denormals flushed(Denormals::Are::flushed);
    for (int worker = 0; worker < pool_.workers(); ++worker) sum_weights(worker);
    weight_sums_known_ = true;
  }
  const Interrupted asked = patient(with_denormals(interrupted));
  return pool_.hand_out(blocks, asked, [&](const Team& team, int64_t i) {
    const Denormals flushed(Denormals::Are::flushed);
    const int64_t begin = team.thread() * block;  // the thread's own rows of the buffers
    const Range rows{begin, begin + std::min(block, batch.rows - i * block)};
    Batch mine = batch;
    mine.first = i * block - begin;
    bool sparse = false;
    for (int worker = 0; worker < pool_.workers(); ++worker) {
      InputShare& share = share_of(worker);
      if (worker % workers_per_share_ == 0) {
        sparse = find_zeros(mine, rows, share);
        if (!mine.folded && !mine.in_place()) unpack(mine, rows, {0, share.inputs.size()}, share);
      }
      multiply_inputs(mine, team, worker, rows, sparse);
    }
    forward_rows(mine, team, team.thread(), rows, top);
    use(mine, rows);
  });
}

// Rows of x, in their order, and their labels, if there are any.
CpuCore::Batch CpuCore::batch_of(Images x, const int64_t* labels, float mean, float std) {
  return {.rows = x.rows,
          .images = x,
          .order = nullptr,
          .labels = labels,
          .mean = mean,
          .inverse_std = 1 / std,
          .folded = foldable(x, mean, std),
          .next = {}};
}

bool CpuCore::forward(Images x, float mean, float std, std::span<const int64_t> layers,
                      std::span<float* const> activations, const Interrupted& interrupted) {
  const InUse guard(in_use_);
  if (layers.empty()) return true;
  const int64_t top = *std::max_element(layers.begin(), layers.end());
  return forward_blocks(batch_of(x, nullptr, mean, std), top, interrupted,
                        [&](const Batch& batch, Range rows) {
                          for (int64_t i = rows.begin; i < rows.end; ++i) {
                            if (top == architecture_.layers() - 1) activate_output(i);
                            for (std::size_t n = 0; n < layers.size(); ++n) {
                              const Layer& layer = layers_[layers[n]];
                              std::copy_n(layer.a.data() + i * layer.row, layer.fan_out,
                                          activations[n] + batch.image(i) * layer.fan_out);
                            }
                          }
                        });
}

Evaluation CpuCore::evaluate(Images x, std::span<const int64_t> labels, float mean, float std,
                             const Owner&, const Interrupted& interrupted) {
  const InUse guard(in_use_);
  check_labelled("evaluate", architecture_, x, labels);
  std::vector<float> losses(labels.size());
  std::vector<std::uint8_t> correct(labels.size());
  Evaluation sum;
  sum.finished = forward_blocks(batch_of(x, labels.data(), mean, std), architecture_.layers() - 1,
                                interrupted, [&](const Batch& batch, Range rows) {
                                  output_loss(batch, rows);
                                  std::copy_n(sample_losses_.data() + rows.begin, rows.size(),
                                              losses.data() + batch.image(rows.begin));
                                  std::copy_n(sample_correct_.data() + rows.begin, rows.size(),
                                              correct.data() + batch.image(rows.begin));
                                });
  for (const float loss : losses) sum.loss += loss;  // in the order of the rows: the same bits
  for (const std::uint8_t one : correct) sum.correct += one;
  return sum;
}

std::optional<double> CpuCore::backprop(View<const float> x, std::span<const int64_t> labels,
                                        std::span<float* const> gradients,
                                        const Interrupted& interrupted) {
  const InUse guard(in_use_);
  reserve(x.rows);
  const Batch batch{
      .rows = x.rows,
      .images = {.bytes = nullptr, .floats = x.data, .rows = x.rows, .features = x.cols},
      .order = nullptr,
      .labels = labels.data(),
      .mean = 0,
      .inverse_std = 1,
      .folded = false,
      .next = {}};
  return gradients_of(batch, gradients, interrupted);
}

std::optional<double> CpuCore::gradients(std::span<const int64_t> order,
                                         std::span<float* const> gradients,
                                         const Interrupted& interrupted) {
  const InUse guard(in_use_);
  const int64_t n = static_cast<int64_t>(order.size());
  check_samples("gradients", order, images_.rows);
  reserve(n);
  for (Slab& slab : layers_[0].slabs)  // products of bytes are whole vectors wide
    if (folded_ && slab.gradient.size() == 0) slab.gradient = Buffer<float>(slab.weights.size());
  correct_ = 0;
  const std::optional<double> loss = gradients_of(batch_of(order, 0, n), gradients, interrupted);
  for (int64_t i = 0; loss && i < n; ++i) correct_ += sample_correct_[i];
  return loss;
}

std::optional<double> CpuCore::gradients_of(const Batch& batch, std::span<float* const> gradients,
                                            const Interrupted& interrupted) {
  const bool finished = work(interrupted, [&](const Team& team) {
    if (!learn_from(batch, team)) return;
    team.each([&](int worker) {
      for (int64_t l = 0; l < architecture_.layers(); ++l)
        store_gradient(l, batch, team, gradients[l], worker);
    });
  });
  if (!finished) return std::nullopt;
  return batch_loss(batch.rows);
}

// Calls body(slab, offset in the slab, offset in (1 + fan_in, fan_out), count) for every row of
// every slab.
template <class Body>
void CpuCore::for_each_row(const Layer& layer, const Body& body) {
  for (std::size_t s = 0; s < layer.slabs.size(); ++s) {
    const Slab& slab = layer.slabs[s];
    const int64_t count = std::min(slab.units.end, layer.fan_out) - slab.units.begin;
    for (int64_t i = 0; i < slab.rows && count > 0; ++i)
      body(s, i * slab.row, (slab.first + i) * layer.fan_out + slab.units.begin, count);
  }
}

void CpuCore::weights(int64_t layer, float* values) const {
  const InUse guard(in_use_);
  const Layer& l = layers_.at(static_cast<std::size_t>(layer));
  for_each_row(l, [&](std::size_t slab, int64_t from, int64_t to, int64_t count) {
    std::copy_n(l.slabs[slab].weights.data() + from, count, values + to);
  });
}

void CpuCore::set_weights(int64_t layer, const float* values) {
  const InUse guard(in_use_);
  weight_sums_known_ = false;
  Layer& l = layers_.at(static_cast<std::size_t>(layer));
  for_each_row(l, [&](std::size_t slab, int64_t to, int64_t from, int64_t count) {
    std::copy_n(values + from, count, l.slabs[slab].weights.data() + to);
  });
  for (std::size_t slab = 1; layer > 0 && slab < l.slabs.size(); ++slab)
    transpose_rows(layer, l.slabs[slab], {0, l.fan_in});
}

State CpuCore::state() const {
  const InUse guard(in_use_);
  State state{step_, {}};
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    for (int i = 0; i < memories(optimizer_); ++i) {
      std::vector<float>& values =
          state.arrays[memory_name(optimizer_, i, static_cast<int64_t>(l))];
      values.resize(static_cast<std::size_t>((1 + layer.fan_in) * layer.fan_out));
      for_each_row(layer, [&](std::size_t slab, int64_t from, int64_t to, int64_t count) {
        std::copy_n(layer.slabs[slab].memory[i].data() + from, count, values.data() + to);
      });
    }
  }
  return state;
}

void CpuCore::set_state(const State& state) {
  const InUse guard(in_use_);
  for (const bool write : {false, true}) {  // all are checked before one is written
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      for (int i = 0; i < memories(optimizer_); ++i) {
        Layer& layer = layers_[l];
        const std::vector<float>& values = memory_in(state, optimizer_, i, static_cast<int64_t>(l),
                                                     (1 + layer.fan_in) * layer.fan_out);
        if (!write) continue;
        for_each_row(layer, [&](std::size_t slab, int64_t to, int64_t from, int64_t count) {
          std::copy_n(values.data() + from, count, layer.slabs[slab].memory[i].data() + to);
        });
      }
    }
  }
  step_ = state.step;
}

}  // namespace cutaway
