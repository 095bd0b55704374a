// What the contract asks of the CPU's core; the phases of a step are in step.cpp.

#include "cpu/cpu_core.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "cpu/isa.h"

namespace cutaway {
namespace {

constexpr int64_t kForwardRows = 256;  // rows of a forward pass that go through all layers at once
constexpr auto kPatience = std::chrono::milliseconds(5);  // between two questions to `interrupted`

// Folding subtracts two sums that are |mean| / std times as large as their difference: with bright
// pixels that hardly differ, the digits would be lost.
constexpr float kMostCancelling = 8;

constexpr int64_t kPrivateFloats = 1 << 23;  // of mini-batches kept once per worker: 32 MiB

// How many arrays of a weight's size an optimizer remembers.
int memories(const Optimizer& optimizer) {
  if (optimizer.kind == Optimizer::Kind::adam) return 2;
  return optimizer.momentum != 0 ? 1 : 0;
}

}  // namespace

// One call at a time: a second thread gets an error, not half-updated weights.
class CpuCore::InUse {
 public:
  explicit InUse(std::atomic<bool>& flag) : flag_(flag) {
    if (flag_.exchange(true))
      throw std::runtime_error("Network: in use by another thread; give each thread its own");
  }
  ~InUse() { flag_ = false; }
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;

 private:
  std::atomic<bool>& flag_;
};

CpuCore::CpuCore(Recipe recipe, int threads)
    : recipe_(std::move(recipe)), kernels_(kernels()), pool_(threads) {
  for (int64_t l = 0; l < recipe_.layers(); ++l) {
    Layer layer{};
    layer.fan_in = recipe_.sizes[l];
    layer.fan_out = recipe_.sizes[l + 1];
    layer.row = row_of(layer.fan_out);
    layer.activation = recipe_.activations[l];
    const bool output = l + 1 == recipe_.layers();
    for (int worker = 0; worker < (output ? 1 : threads); ++worker) {
      const int64_t padded = round_up(layer.fan_out, kLanes);
      const Pool::Share units = Pool::share(padded, kLanes, worker, output ? 1 : threads);
      const int64_t row = row_of(units.end - units.begin);
      layer.slabs.push_back({units, row, Buffer<float>((1 + layer.fan_in) * row), {}});
    }
    if (l > 0) layer.transposed = Buffer<float>(layer.fan_out * row_of(layer.fan_in));
    layers_.push_back(std::move(layer));
  }
  x_row_ = row_of(recipe_.sizes[0]);
}

void CpuCore::load(Images images, std::span<const int64_t> labels, float mean, float std) {
  const InUse guard(in_use_);
  if (images.features != recipe_.sizes.front() ||
      images.rows != static_cast<int64_t>(labels.size()))
    throw std::invalid_argument("load: images and labels do not fit the network");
  for (const int64_t label : labels)
    if (label < 0 || label >= recipe_.sizes.back())
      throw std::invalid_argument("load: label " + std::to_string(label) +
                                  " is not one of the network's " +
                                  std::to_string(recipe_.sizes.back()) + " classes");
  folded_ = images.bytes && std::abs(mean) <= kMostCancelling * std;
  images_ = images;
  labels_.assign(labels.begin(), labels.end());
  mean_ = mean;
  inverse_std_ = 1 / std;
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
  shared_desk_ = rows * x_row_ * pool_.workers() > kPrivateFloats;
  desks_.clear();
  const int64_t features = round_up(recipe_.sizes.front(), 64);
  for (int worker = 0; worker < pool_.workers(); ++worker) {
    Desk desk;
    desk.shift = Buffer<float>(layers_.front().row);
    if (worker == 0 || !shared_desk_) {
      desk.x = Buffer<float>(rows * x_row_);
      desk.touched = Buffer<std::uint64_t>(rows * (features / 64));
      desk.touching = Buffer<std::uint64_t>(features * (round_up(rows, 64) / 64));
    }
    desks_.push_back(std::move(desk));
  }
  sample_losses_ = Buffer<float>(rows);
  sample_correct_ = Buffer<std::uint8_t>(rows);
  for (Layer& layer : layers_) {
    layer.a = Buffer<float>(rows * layer.row);
    layer.delta = Buffer<float>(rows * layer.row);
  }
  capacity_ = rows;
}

void CpuCore::run(const std::function<void(const Team&)>& job) {
  const int threads = pool_.ready();
  one_desk_ = shared_desk_ || threads == 1;
  pool_.run(threads, job);
}

bool CpuCore::learn(std::span<const int64_t> order, int64_t batch, std::span<const float> rates,
                    std::span<float> losses, const Interrupted& interrupted) {
  const InUse guard(in_use_);
  for (const int64_t sample : order)
    if (sample < 0 || sample >= images_.rows)
      throw std::out_of_range("learn: sample number " + std::to_string(sample) +
                              " is out of range for " + std::to_string(images_.rows) + " images");
  const int64_t n = static_cast<int64_t>(order.size());
  const int64_t steps = (n + batch - 1) / batch;
  if (static_cast<int64_t>(rates.size()) != steps || static_cast<int64_t>(losses.size()) != steps)
    throw std::invalid_argument("learn: one rate per mini-batch is needed");
  reserve(std::min(batch, n));
  correct_ = 0;

  const int64_t before = step_;
  // The leader lowers it to the step it is in, before a barrier of that step: all stop after it.
  std::atomic<int64_t> last = steps - 1;
  auto asked = std::chrono::steady_clock::now();
  run([&](const Team& team) {
    const FlushDenormals flush;
    for (int64_t s = 0; s <= last; ++s) {
      if (team.leads()) {
        if (const auto now = std::chrono::steady_clock::now(); now - asked > kPatience) {
          asked = now;
          if (flush.without(interrupted)) last = s;
        }
      }
      const Batch rows = batch_of(order, s * batch, batch);
      forward_and_judge(rows, team);
      if (team.leads()) {
        losses[s] = static_cast<float>(batch_loss(rows.rows));
        for (int64_t i = 0; i < rows.rows; ++i) correct_ += sample_correct_[i];
      }
      backprop_to_first(rows.rows, team);
      for (int64_t l = 0; l < recipe_.layers(); ++l)
        team.each([&](int worker) { update_layer(l, rows, rates[s], before + s + 1, worker); });
      if (!owns_units() || shared_desk_) team.wait();
    }
  });
  step_ = before + last + 1;
  return last == steps - 1;
}

void CpuCore::forward(View<const float> x, std::span<float* const> activations) {
  const InUse guard(in_use_);
  reserve(std::min(x.rows, kForwardRows));
  run([&](const Team& team) {
    const FlushDenormals flush;
    for (int64_t start = 0; start < x.rows; start += kForwardRows) {
      const int64_t rows = std::min(kForwardRows, x.rows - start);
      forward_to_output({rows, nullptr, x.data + start * x.cols, nullptr, 1, 0, {}}, team);
      team.each([&](int worker) {
        const auto [begin, end] = Pool::share(rows, 1, worker, pool_.workers());
        for (int64_t i = begin; i < end; ++i) hand_out(i, start + i, activations);
      });
      team.wait();
    }
  });
}

// Row i of the output's z becomes its activation, and every layer's row goes to the caller.
void CpuCore::hand_out(int64_t i, int64_t to, std::span<float* const> activations) {
  Layer& output = layers_.back();
  float* z = output.a.data() + i * output.row;
  if (output.activation == Activation::softmax) {
    kernels_.softmax(z, output.fan_out);
  } else {
    kernels_.activate(output.activation, z, output.row);
  }
  for (int64_t l = 0; l < recipe_.layers(); ++l) {
    const Layer& layer = layers_[l];
    std::copy_n(layer.a.data() + i * layer.row, layer.fan_out, activations[l] + to * layer.fan_out);
  }
}

double CpuCore::backprop(View<const float> x, std::span<const int64_t> labels,
                         std::span<float* const> gradients) {
  const InUse guard(in_use_);
  reserve(x.rows);
  const Batch batch{x.rows, nullptr, x.data, labels.data(), 1, 0, {}};
  run([&](const Team& team) {
    const FlushDenormals flush;
    forward_and_judge(batch, team);
    backprop_to_first(batch.rows, team);
    for (int64_t l = 0; l < recipe_.layers(); ++l)
      team.each([&](int worker) { store_gradient(l, batch, gradients[l], worker); });
  });
  return batch_loss(batch.rows);
}

// Calls body(slab, offset in the slab, offset in (1 + fan_in, fan_out), count) for every row of
// every slab.
template <class Body>
void CpuCore::for_each_row(const Layer& layer, const Body& body) {
  for (std::size_t s = 0; s < layer.slabs.size(); ++s) {
    const auto [begin, end] = layer.slabs[s].units;
    const int64_t count = std::min(end, layer.fan_out) - begin;
    for (int64_t i = 0; i <= layer.fan_in && count > 0; ++i)
      body(s, i * layer.slabs[s].row, i * layer.fan_out + begin, count);
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
  Layer& l = layers_.at(static_cast<std::size_t>(layer));
  for_each_row(l, [&](std::size_t slab, int64_t to, int64_t from, int64_t count) {
    std::copy_n(values + from, count, l.slabs[slab].weights.data() + to);
  });
}

namespace {

std::string name_of(const Optimizer& optimizer, int i, std::size_t layer) {
  const char* name = optimizer.kind == Optimizer::Kind::adam ? (i == 0 ? "m." : "v.") : "velocity.";
  return name + std::to_string(layer);
}

}  // namespace

State CpuCore::state() const {
  const InUse guard(in_use_);
  State state{step_, {}};
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    for (int i = 0; i < memories(optimizer_); ++i) {
      std::vector<float>& values = state.arrays[name_of(optimizer_, i, l)];
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
  const auto values_of = [&](std::size_t l, int i) -> const std::vector<float>& {
    const std::string name = name_of(optimizer_, i, l);
    const auto found = state.arrays.find(name);
    const Layer& layer = layers_[l];
    if (found == state.arrays.end() ||
        static_cast<int64_t>(found->second.size()) != (1 + layer.fan_in) * layer.fan_out)
      throw std::invalid_argument("set_state: " + name + " is missing or has another size");
    return found->second;
  };
  for (const bool write : {false, true}) {  // all are checked before one is written
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      for (int i = 0; i < memories(optimizer_); ++i) {
        const std::vector<float>& values = values_of(l, i);
        if (!write) continue;
        Layer& layer = layers_[l];
        for_each_row(layer, [&](std::size_t slab, int64_t to, int64_t from, int64_t count) {
          std::copy_n(values.data() + from, count, layer.slabs[slab].memory[i].data() + to);
        });
      }
    }
  }
  step_ = state.step;
}

}  // namespace cutaway
