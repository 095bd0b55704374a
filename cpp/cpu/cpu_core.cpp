#include "cpu/cpu_core.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "cpu/isa.h"

namespace cutaway {
namespace {

int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

// Floats from one row of a matrix to the next: whole vectors, and never a multiple of 1 KiB, at
// which the rows of a column would all fall into the same few sets of the cache.
int64_t row_of(int64_t columns) {
  const int64_t row = round_up(columns, kLanes);
  return row % 256 == 0 ? row + kLanes : row;
}

constexpr int64_t kForwardRows = 256;  // rows of a forward pass that go through all layers at once
constexpr auto kPatience = std::chrono::milliseconds(5);  // between two questions to `interrupted`

constexpr int64_t kPrivateFloats = 1 << 23;  // of mini-batches kept once per worker: 32 MiB

constexpr double kWorthSkipping = 0.35;  // part of the pixels that are not zero, at most

constexpr float kOne = 1.0f;  // what the bias is multiplied by

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
  images_ = images;
  labels_.assign(labels.begin(), labels.end());
  mean_ = mean;
  inverse_std_ = 1 / std;
}

void CpuCore::use(const Optimizer& optimizer) {
  const InUse guard(in_use_);
  for (Layer& layer : layers_)
    for (Slab& slab : layer.slabs)
      for (int i = 0; i < 2; ++i)
        slab.memory[i] =
            i < memories(optimizer) ? Buffer<float>(slab.weights.size()) : Buffer<float>();
  optimizer_ = optimizer;
  step_ = 0;
}

// ---- a step, phase by phase
// ----------------------------------------------------------------------

// Who does what. A worker owns units of every hidden layer: it computes their activations and
// deltas and updates the weights that lead to them, which so stay in its cache; of the output
// layer, it updates the weights that come from its units. Where the mini-batch is read and judged,
// a worker has some of the rows. A barrier stands wherever one worker needs what another has
// computed.

void CpuCore::reserve(int64_t rows) {
  if (rows <= capacity_) return;
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

// The worker's units of hidden layer l, padding included.
Pool::Share CpuCore::units_of(int64_t l, int worker) const {
  return layers_[l].slabs[worker].units;
}

// With one hidden layer, nobody reads or writes the weights of another's units after the output is
// judged, so that steps may follow each other without a barrier in between.
bool CpuCore::owns_units() const { return recipe_.layers() == 2; }

int64_t CpuCore::label_of(const Batch& batch, int64_t row) const {
  return batch.order ? labels_[batch.order[row]] : batch.labels[row];
}

CpuCore::Batch CpuCore::batch_of(std::span<const int64_t> order, int64_t start,
                                 int64_t batch) const {
  const auto part = [&](std::size_t from) {
    from = std::min(from, order.size());
    return order.subspan(from, std::min(static_cast<std::size_t>(batch), order.size() - from));
  };
  const std::span<const int64_t> rows = part(start);
  Batch result{
      static_cast<int64_t>(rows.size()), rows.data(), nullptr, nullptr, 1, 0, part(start + batch)};
  if (images_.bytes) {
    result.scale = inverse_std_;
    result.shift = -mean_ * inverse_std_;
  }
  return result;
}

// Every worker gathers the whole mini-batch for itself: that costs less than fetching rows from the
// cache of another core. Rows of the next one are asked for meanwhile: they come from memory.
void CpuCore::gather(const Batch& batch, Barrier& barrier, int worker) {
  Desk& desk = desk_of(worker);
  const Pool::Share rows = shared_desk_ ? Pool::share(batch.rows, 1, worker, pool_.workers())
                                        : Pool::Share{0, batch.rows};
  const int64_t features = recipe_.sizes.front();
  const int64_t words = round_up(features, 64) / 64;
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    float* row = desk.x.data() + i * x_row_;
    if (!batch.order) {
      std::copy_n(batch.x + i * features, features, row);
    } else if (const int64_t at = batch.order[i] * features; images_.bytes) {
      kernels_.unpack(images_.bytes + at, row, desk.touched.data() + i * words, features);
    } else {
      kernels_.normalise(images_.floats + at, row, features, mean_, inverse_std_);
    }
    if (i < static_cast<int64_t>(batch.next.size())) {
      const int64_t sample = batch.next[i], row_bytes = features * (images_.bytes ? 1 : 4);
      for (int64_t byte = 0; byte < row_bytes; byte += 64)
        __builtin_prefetch(images_.start() + sample * row_bytes + byte, 0, 2);
      __builtin_prefetch(&labels_[sample]);
    }
  }
  if (shared_desk_) {
    barrier.wait();
  } else {
    find_zeros(batch, worker);
  }
}

void CpuCore::find_zeros(const Batch& batch, int worker) {
  Desk& desk = desk_of(worker);
  desk.sparse = false;
  if (!batch.order || !images_.bytes) return;
  const int64_t features = recipe_.sizes.front();
  const int64_t words = round_up(features, 64) / 64;
  int64_t touched = 0;
  for (int64_t i = 0; i < batch.rows * words; ++i) touched += std::popcount(desk.touched[i]);
  desk.sparse =
      static_cast<double>(touched) < kWorthSkipping * static_cast<double>(batch.rows * features);
  if (!desk.sparse) return;
  const int64_t row_words = round_up(batch.rows, 64) / 64;
  for (int64_t i = 0; i < row_words; ++i)
    for (int64_t k = 0; k < words; ++k)
      kernels_.transpose_bits(desk.touched.data() + 64 * i * words + k, words,
                              std::min<int64_t>(64, batch.rows - 64 * i),
                              desk.touching.data() + 64 * k * row_words + i, row_words);
}

// a_below W + b for some rows and the units of a slab. At the first layer a_below is scale * u +
// shift, so that (a_below W + b) = scale * (u W) + (shift * (sum of W's rows) + b).
Product<float> CpuCore::input_product(int64_t l, const Batch& batch, Pool::Share rows,
                                      const Slab& slab, int worker) {
  const int64_t units = slab.units.end - slab.units.begin;
  Product<float> product{rows.end - rows.begin,
                         units,
                         layers_[l].fan_in,
                         below(l, worker) + rows.begin * below_row(l),
                         below_row(l),
                         1,
                         slab.weights.data() + slab.row,
                         slab.row,
                         slab.weights.data()};
  if (l > 0 || batch.shift == 0) return product;
  const Desk& desk = desk_of(worker);
  float* shift = desks_[worker].shift.data();
  kernels_.store(
      {1, units, product.k, &kOne, 0, 0, product.b, slab.row, product.shift, batch.shift},
      {shift, slab.row});
  product.shift = shift;
  product.scale = batch.scale;
  if (desk.sparse) {
    product.mask_row = round_up(product.k, 64) / 64;
    product.mask = desk.touched.data() + rows.begin * product.mask_row;
  }
  return product;
}

// a = f(a_below W + b), for the worker's units.
void CpuCore::forward_hidden(int64_t l, const Batch& batch, int worker) {
  Layer& layer = layers_[l];
  const Slab& slab = layer.slabs[worker];
  const auto [begin, end] = slab.units;
  if (begin == end) return;
  float* out = layer.a.data() + begin;
  kernels_.store(input_product(l, batch, {0, batch.rows}, slab, worker), {out, layer.row});
  for (int64_t i = 0; i < batch.rows; ++i, out += layer.row)
    kernels_.activate(layer.activation, out, end - begin);
}

// z = a_below W + b, into a, for the worker's rows; judge() or forward() applies the activation.
void CpuCore::forward_output(const Batch& batch, int worker) {
  const int64_t l = recipe_.layers() - 1;
  Layer& layer = layers_[l];
  const auto [begin, end] = Pool::share(batch.rows, 1, worker, pool_.workers());
  if (begin == end) return;
  kernels_.store(input_product(l, batch, {begin, end}, layer.slabs[0], worker),
                 {layer.a.data() + begin * layer.row, layer.row});
}

void CpuCore::judge(const Batch& batch, int worker) {
  Layer& layer = layers_.back();
  const auto [begin, end] = Pool::share(batch.rows, 1, worker, pool_.workers());
  const float scale = recipe_.mean ? 1.0f / static_cast<float>(batch.rows) : 1.0f;
  for (int64_t i = begin; i < end; ++i) {
    const Verdict verdict = kernels_.judge(
        layer.activation, recipe_.loss, layer.a.data() + i * layer.row,
        layer.delta.data() + i * layer.row, layer.fan_out, label_of(batch, i), scale);
    sample_losses_[i] = verdict.loss;
    sample_correct_[i] = verdict.correct;
  }
}

double CpuCore::batch_loss(int64_t rows) const {
  double sum = 0;
  for (int64_t i = 0; i < rows; ++i) sum += sample_losses_[i];
  return recipe_.mean ? sum / static_cast<double>(rows) : sum;
}

// delta_below = (delta W^T) * f'(z_below), for the worker's units of the layer below. The lanes run
// over W's rows, so the rows of those units are transposed first.
void CpuCore::backprop_layer(int64_t l, int64_t rows, int worker) {
  Layer& layer = layers_[l];
  Layer& to = layers_[l - 1];
  const auto [begin, end] = units_of(l - 1, worker);
  if (begin == end) return;
  const int64_t t_row = row_of(layer.fan_in);
  float* transposed = layer.transposed.data();
  const int64_t last = std::min(end, layer.fan_in);
  for (const Slab& slab : layer.slabs)
    for (int64_t j0 = slab.units.begin; j0 < slab.units.end; j0 += kLanes)
      for (int64_t i = begin; i < last; ++i) {
        const float* row = slab.weights.data() + (1 + i) * slab.row - slab.units.begin;
        for (int64_t j = j0; j < std::min(j0 + kLanes, layer.fan_out); ++j)
          transposed[j * t_row + i] = row[j];
      }

  float* delta = to.delta.data() + begin;
  kernels_.store({rows, end - begin, layer.fan_out, layer.delta.data(), layer.row, 1,
                  transposed + begin, t_row},
                 {delta, to.row});
  for (int64_t i = 0; i < rows; ++i)
    kernels_.derive(to.activation, to.a.data() + i * to.row + begin, delta + i * to.row,
                    end - begin);
}

// sum over samples of (1, a_below)^T delta, for the weights that the worker updates; `finish` takes
// the product, the slab, and the first row of the slab's weights that it is for. At the first layer
// a_below is scale * u + shift: u^T delta is scaled, and shift * (sum of delta's rows) added.
template <class Finish>
void CpuCore::gradient(int64_t l, const Batch& batch, int worker, const Finish& finish) {
  Layer& layer = layers_[l];
  const bool output = l + 1 == recipe_.layers();
  Slab& slab = layer.slabs[output ? 0 : worker];
  Pool::Share from{0, layer.fan_in};
  if (output) {  // the rows of the worker's units below
    from = l ? units_of(l - 1, worker) : Pool::share(layer.fan_in, 1, worker, pool_.workers());
    from.end = std::min(from.end, layer.fan_in);
  }
  const int64_t columns = slab.units.end - slab.units.begin;
  if (columns == 0) return;
  const float* delta = layer.delta.data() + slab.units.begin;
  const Product<float> bias{1, columns, batch.rows, &kOne, 0, 0, delta, layer.row};
  if (!output || worker == 0) finish(bias, slab, 0);
  if (from.begin >= from.end) return;

  Product<float> product{
      from.end - from.begin, columns, batch.rows, below(l, worker) + from.begin, 1,
      below_row(l),          delta,   layer.row};
  if (l == 0 && batch.shift != 0) {
    const Desk& desk = desk_of(worker);
    float* shift = desks_[worker].shift.data();
    kernels_.store(bias, {shift, slab.row});
    for (int64_t j = 0; j < columns; ++j) shift[j] *= batch.shift;
    product.shift = shift;
    product.scale = batch.scale;
    if (desk.sparse) {
      product.mask_row = round_up(batch.rows, 64) / 64;
      product.mask = desk.touching.data() + from.begin * product.mask_row;
    }
  }
  finish(product, slab, 1 + from.begin);
}

void CpuCore::update_layer(int64_t l, const Batch& batch, float rate, int64_t step, int worker) {
  const Optimizer& o = optimizer_;
  const auto f = [](double value) { return static_cast<float>(value); };
  gradient(l, batch, worker, [&](const Product<float>& product, Slab& slab, int64_t i) {
    float* w = slab.weights.data() + i * slab.row;
    float* first = slab.memory[0].data() + i * slab.row;
    float* second = slab.memory[1].data() + i * slab.row;
    if (o.kind == Optimizer::Kind::adam) {
      const double t = static_cast<double>(step);
      kernels_.adam(product, {w, first, second, slab.row, f(rate / (1 - std::pow(o.beta1, t))),
                              f(o.weight_decay), f(o.beta1), f(o.beta2), f(o.eps), f(1 - o.beta1),
                              f(1 - o.beta2), f(1 / std::sqrt(1 - std::pow(o.beta2, t)))});
    } else if (o.momentum != 0) {
      kernels_.momentum(product, {w, first, slab.row, rate, f(o.weight_decay), f(o.momentum)});
    } else {
      kernels_.sgd(product, {w, slab.row, rate, f(o.weight_decay)});
    }
  });
}

void CpuCore::forward_to_output(const Batch& batch, Barrier& barrier, int worker) {
  gather(batch, barrier, worker);
  for (int64_t l = 0; l + 1 < recipe_.layers(); ++l) {
    forward_hidden(l, batch, worker);
    barrier.wait();
  }
  forward_output(batch, worker);
}

void CpuCore::forward_and_judge(const Batch& batch, Barrier& barrier, int worker) {
  forward_to_output(batch, barrier, worker);
  judge(batch, worker);
  barrier.wait();
}

void CpuCore::backprop_to_first(int64_t rows, Barrier& barrier, int worker) {
  for (int64_t l = recipe_.layers() - 1; l > 0; --l) {
    backprop_layer(l, rows, worker);
    if (!owns_units()) barrier.wait();
  }
}

// ---- the contract
// --------------------------------------------------------------------------------

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

  Barrier barrier(pool_.workers());
  const int64_t before = step_;
  // Worker 0 lowers it to the step it is in, before a barrier of that step: all stop after it.
  std::atomic<int64_t> last = steps - 1;
  auto asked = std::chrono::steady_clock::now();
  pool_.run([&](int worker) {
    const FlushDenormals flush;
    for (int64_t s = 0; s <= last; ++s) {
      if (worker == 0) {
        if (const auto now = std::chrono::steady_clock::now(); now - asked > kPatience) {
          asked = now;
          if (interrupted()) last = s;
        }
      }
      const Batch rows = batch_of(order, s * batch, batch);
      forward_and_judge(rows, barrier, worker);
      if (worker == 0) {
        losses[s] = static_cast<float>(batch_loss(rows.rows));
        for (int64_t i = 0; i < rows.rows; ++i) correct_ += sample_correct_[i];
      }
      backprop_to_first(rows.rows, barrier, worker);
      for (int64_t l = 0; l < recipe_.layers(); ++l)
        update_layer(l, rows, rates[s], before + s + 1, worker);
      if (!owns_units()) barrier.wait();
    }
  });
  step_ = before + last + 1;
  return last == steps - 1;
}

void CpuCore::forward(View<const float> x, std::span<float* const> activations) {
  const InUse guard(in_use_);
  reserve(std::min(x.rows, kForwardRows));
  Barrier barrier(pool_.workers());
  pool_.run([&](int worker) {
    const FlushDenormals flush;
    for (int64_t start = 0; start < x.rows; start += kForwardRows) {
      const int64_t rows = std::min(kForwardRows, x.rows - start);
      forward_to_output({rows, nullptr, x.data + start * x.cols, nullptr, 1, 0, {}}, barrier,
                        worker);
      const auto [begin, end] = Pool::share(rows, 1, worker, pool_.workers());
      for (int64_t i = begin; i < end; ++i) {
        for (int64_t l = 0; l < recipe_.layers(); ++l) {
          Layer& layer = layers_[l];
          float* a = layer.a.data() + i * layer.row;
          if (layer.activation == Activation::softmax) {
            kernels_.softmax(a, layer.fan_out);
          } else if (l + 1 == recipe_.layers()) {
            kernels_.activate(layer.activation, a, layer.row);
          }
          std::copy_n(a, layer.fan_out, activations[l] + (start + i) * layer.fan_out);
        }
      }
      barrier.wait();
    }
  });
}

double CpuCore::backprop(View<const float> x, std::span<const int64_t> labels,
                         std::span<float* const> gradients) {
  const InUse guard(in_use_);
  reserve(x.rows);
  const Batch batch{x.rows, nullptr, x.data, labels.data(), 1, 0, {}};
  Barrier barrier(pool_.workers());
  pool_.run([&](int worker) {
    const FlushDenormals flush;
    forward_and_judge(batch, barrier, worker);
    backprop_to_first(batch.rows, barrier, worker);
    for (int64_t l = 0; l < recipe_.layers(); ++l) {
      const int64_t fan_out = layers_[l].fan_out;
      gradient(l, batch, worker, [&](Product<float> product, const Slab& slab, int64_t i) {
        product.n = std::min(product.n, fan_out - slab.units.begin);  // without padding
        if (product.n > 0)
          kernels_.store(product, {gradients[l] + i * fan_out + slab.units.begin, fan_out});
      });
    }
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

// ---- the optimizer's memory
// ----------------------------------------------------------------------

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
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    for (int i = 0; i < memories(optimizer_); ++i) {
      const std::string name = name_of(optimizer_, i, l);
      const auto found = state.arrays.find(name);
      if (found == state.arrays.end() ||
          static_cast<int64_t>(found->second.size()) != (1 + layer.fan_in) * layer.fan_out)
        throw std::invalid_argument("set_state: " + name + " is missing or has another size");
      for_each_row(layer, [&](std::size_t slab, int64_t to, int64_t from, int64_t count) {
        std::copy_n(found->second.data() + from, count, layer.slabs[slab].memory[i].data() + to);
      });
    }
  }
  step_ = state.step;
}

}  // namespace cutaway
