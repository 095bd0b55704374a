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

int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

// Floats from one row of a matrix to the next: whole vectors, and never a multiple of 1 KiB, at
// which the rows of a column would all fall into the same few sets of the cache.
int64_t row_of(int64_t columns) {
  const int64_t row = round_up(columns, kLanes);
  return row % 256 == 0 ? row + kLanes : row;
}

// One worker's rectangle of a product (m, n): columns where there are enough of them, because
// then each thread keeps its part of the weights in its own cache; rows otherwise.
struct Rectangle {
  Pool::Share rows, columns;
};
Rectangle rectangle(int64_t m, int64_t n, int worker, int workers) {
  const int64_t padded = round_up(n, kLanes);
  if (padded / kLanes >= workers) return {{0, m}, Pool::share(padded, kLanes, worker, workers)};
  return {Pool::share(m, 1, worker, workers), {0, padded}};
}

constexpr int64_t kForwardRows = 256;  // rows of a forward pass that go through all layers at once
constexpr auto kPatience = std::chrono::milliseconds(5);  // between two questions to `interrupted`

constexpr float kOne = 1.0f;  // what the bias is multiplied by

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
    layer.weights = Buffer<float>((1 + layer.fan_in) * layer.row);
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
  const bool adam = optimizer.kind == Optimizer::Kind::adam;
  const int arrays = adam ? 2 : optimizer.momentum != 0 ? 1 : 0;
  for (Layer& layer : layers_)
    for (int i = 0; i < 2; ++i)
      layer.memory[i] = i < arrays ? Buffer<float>(layer.weights.size()) : Buffer<float>();
  optimizer_ = optimizer;
  step_ = 0;
}

// ---- a step, phase by phase ----------------------------------------------------------------------

void CpuCore::reserve(int64_t rows) {
  if (rows <= capacity_) return;
  x_ = Buffer<float>(rows * x_row_);
  sample_losses_ = Buffer<float>(rows);
  sample_correct_ = Buffer<std::uint8_t>(rows);
  for (Layer& layer : layers_) {
    layer.a = Buffer<float>(rows * layer.row);
    layer.delta = Buffer<float>(rows * layer.row);
  }
  capacity_ = rows;
}

int64_t CpuCore::label_of(const Batch& batch, int64_t row) const {
  return batch.order ? labels_[batch.order[row]] : batch.labels[row];
}

void CpuCore::gather(const Batch& batch, int worker) {
  const auto [begin, end] = Pool::share(batch.rows, 1, worker, pool_.workers());
  const int64_t features = recipe_.sizes.front();
  for (int64_t i = begin; i < end; ++i) {
    float* row = x_.data() + i * x_row_;
    if (!batch.order) {
      std::copy_n(batch.x + i * features, features, row);
    } else if (const int64_t at = batch.order[i] * features; images_.bytes) {
      kernels_.normalise_bytes(images_.bytes + at, row, features, mean_, inverse_std_);
    } else {
      kernels_.normalise_floats(images_.floats + at, row, features, mean_, inverse_std_);
    }
  }
}

// z = a_below W + b, into a; then the activation in place; the output layer's waits for judge() or forward().
void CpuCore::forward_layer(int64_t l, int64_t rows, int worker) {
  Layer& layer = layers_[l];
  const auto [r, c] = rectangle(rows, layer.fan_out, worker, pool_.workers());
  const float* below = l == 0 ? x_.data() : layers_[l - 1].a.data();
  const int64_t below_row = l == 0 ? x_row_ : layers_[l - 1].row;
  float* out = layer.a.data() + r.begin * layer.row + c.begin;
  kernels_.store({r.end - r.begin, c.end - c.begin, layer.fan_in, below + r.begin * below_row,
                  below_row, 1, layer.weights.data() + layer.row + c.begin, layer.row},
                 {out, layer.row, layer.weights.data() + c.begin});
  if (l + 1 == recipe_.layers()) return;
  for (int64_t i = r.begin; i < r.end; ++i, out += layer.row)
    kernels_.activate(layer.activation, out, c.end - c.begin);
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

// delta_below = (delta W^T) * f'(z_below). The lanes run over W's rows, so W is transposed first:
// each worker its own columns of the result, which nobody else reads.
void CpuCore::backprop_layer(int64_t l, int64_t rows, int worker) {
  Layer& layer = layers_[l];
  Layer& below = layers_[l - 1];
  const int64_t columns = round_up(layer.fan_in, kLanes);
  const auto [begin, end] = Pool::share(columns, kLanes, worker, pool_.workers());
  if (begin == end) return;
  const int64_t t_row = row_of(layer.fan_in);
  float* transposed = layer.transposed.data();
  const int64_t last = std::min(end, layer.fan_in);
  for (int64_t j0 = 0; j0 < layer.fan_out; j0 += kLanes)
    for (int64_t i = begin; i < last; ++i)
      for (int64_t j = j0; j < std::min(j0 + kLanes, layer.fan_out); ++j)
        transposed[j * t_row + i] = layer.weights[(1 + i) * layer.row + j];

  float* delta = below.delta.data() + begin;
  kernels_.store({rows, end - begin, layer.fan_out, layer.delta.data(), layer.row, 1,
                  transposed + begin, t_row},
                 {delta, below.row, nullptr});
  for (int64_t i = 0; i < rows; ++i)
    kernels_.derive(below.activation, below.a.data() + i * below.row + begin,
                    delta + i * below.row, end - begin);
}

// sum over samples of (1, a_below)^T delta; `finish` takes the product and its place: the first row
// and column of the weights' layout.
template <class Finish>
void CpuCore::gradient(int64_t l, int64_t rows, int worker, const Finish& finish) {
  Layer& layer = layers_[l];
  const float* below = l == 0 ? x_.data() : layers_[l - 1].a.data();
  const int64_t below_row = l == 0 ? x_row_ : layers_[l - 1].row;
  const auto [r, c] = rectangle(layer.fan_in, layer.fan_out, worker, pool_.workers());
  const int64_t columns = c.end - c.begin;
  const float* delta = layer.delta.data() + c.begin;
  if (columns == 0 || r.begin == r.end) return;
  if (r.begin == 0)
    finish(Product<float>{1, columns, rows, &kOne, 0, 0, delta, layer.row}, 0, c.begin);
  finish(Product<float>{r.end - r.begin, columns, rows, below + r.begin, 1, below_row, delta,
                        layer.row},
         1 + r.begin, c.begin);
}

void CpuCore::update_layer(int64_t l, int64_t rows, float rate, int64_t step, int worker) {
  Layer& layer = layers_[l];
  const Optimizer& o = optimizer_;
  const auto f = [](double value) { return static_cast<float>(value); };
  gradient(l, rows, worker, [&](const Product<float>& product, int64_t i, int64_t j) {
    const int64_t at = i * layer.row + j;
    float* w = layer.weights.data() + at;
    float* first = layer.memory[0].data() + at;
    float* second = layer.memory[1].data() + at;
    if (o.kind == Optimizer::Kind::adam) {
      const double t = static_cast<double>(step);
      kernels_.adam(product, {w, first, second, layer.row, f(rate / (1 - std::pow(o.beta1, t))),
                              f(o.weight_decay), f(o.beta1), f(o.beta2), f(o.eps),
                              f(1 / std::sqrt(1 - std::pow(o.beta2, t)))});
    } else if (o.momentum != 0) {
      kernels_.momentum(product,
                        {w, first, layer.row, rate, f(o.weight_decay), f(o.momentum)});
    } else {
      kernels_.sgd(product, {w, layer.row, rate, f(o.weight_decay)});
    }
  });
}

void CpuCore::forward_and_judge(const Batch& batch, Barrier& barrier, int worker) {
  gather(batch, worker);
  barrier.wait();
  for (int64_t l = 0; l < recipe_.layers(); ++l) {
    forward_layer(l, batch.rows, worker);
    barrier.wait();
  }
  judge(batch, worker);
  barrier.wait();
}

void CpuCore::backprop_to_first(int64_t rows, Barrier& barrier, int worker) {
  for (int64_t l = recipe_.layers() - 1; l > 0; --l) {
    backprop_layer(l, rows, worker);
    barrier.wait();
  }
}

// ---- the contract --------------------------------------------------------------------------------

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
  bool stop = false;  // written by worker 0 before a barrier, read by all after it
  auto asked = std::chrono::steady_clock::now();
  pool_.run([&](int worker) {
    const FlushDenormals flush;
    for (int64_t s = 0; s < steps && !stop; ++s) {
      const int64_t start = s * batch;
      const Batch rows{std::min(batch, n - start), order.data() + start, nullptr, nullptr};
      forward_and_judge(rows, barrier, worker);
      if (worker == 0) {
        losses[s] = static_cast<float>(batch_loss(rows.rows));
        for (int64_t i = 0; i < rows.rows; ++i) correct_ += sample_correct_[i];
      }
      backprop_to_first(rows.rows, barrier, worker);
      for (int64_t l = 0; l < recipe_.layers(); ++l)
        update_layer(l, rows.rows, rates[s], step_ + 1, worker);
      barrier.wait();
      if (worker == 0) {
        ++step_;
        if (const auto now = std::chrono::steady_clock::now(); now - asked > kPatience) {
          asked = now;
          stop = interrupted();
        }
      }
      barrier.wait();
    }
  });
  return !stop;
}

void CpuCore::forward(View<const float> x, std::span<float* const> activations) {
  const InUse guard(in_use_);
  reserve(std::min(x.rows, kForwardRows));
  Barrier barrier(pool_.workers());
  pool_.run([&](int worker) {
    const FlushDenormals flush;
    for (int64_t start = 0; start < x.rows; start += kForwardRows) {
      const int64_t rows = std::min(kForwardRows, x.rows - start);
      gather({rows, nullptr, x.data + start * x.cols, nullptr}, worker);
      barrier.wait();
      for (int64_t l = 0; l < recipe_.layers(); ++l) {
        forward_layer(l, rows, worker);
        barrier.wait();
      }
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
  const Batch batch{x.rows, nullptr, x.data, labels.data()};
  Barrier barrier(pool_.workers());
  pool_.run([&](int worker) {
    const FlushDenormals flush;
    forward_and_judge(batch, barrier, worker);
    backprop_to_first(batch.rows, barrier, worker);
    for (int64_t l = 0; l < recipe_.layers(); ++l) {
      const int64_t fan_out = layers_[l].fan_out;
      gradient(l, batch.rows, worker, [&](Product<float> product, int64_t i, int64_t j) {
        product.n = std::min(product.n, fan_out - j);  // the caller's rows are not padded
        kernels_.store(product, {gradients[l] + i * fan_out + j, fan_out, nullptr});
      });
    }
  });
  return batch_loss(batch.rows);
}

void CpuCore::weights(int64_t layer, float* values) const {
  const InUse guard(in_use_);
  const Layer& l = layers_.at(static_cast<std::size_t>(layer));
  for (int64_t i = 0; i <= l.fan_in; ++i)
    std::copy_n(l.weights.data() + i * l.row, l.fan_out, values + i * l.fan_out);
}

void CpuCore::set_weights(int64_t layer, const float* values) {
  const InUse guard(in_use_);
  Layer& l = layers_.at(static_cast<std::size_t>(layer));
  for (int64_t i = 0; i <= l.fan_in; ++i)
    std::copy_n(values + i * l.fan_out, l.fan_out, l.weights.data() + i * l.row);
}

// ---- the optimizer's memory ----------------------------------------------------------------------

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
    for (int i = 0; i < 2; ++i) {
      if (layer.memory[i].size() == 0) continue;
      std::vector<float>& values = state.arrays[name_of(optimizer_, i, l)];
      for (int64_t r = 0; r <= layer.fan_in; ++r) {
        const float* row = layer.memory[i].data() + r * layer.row;
        values.insert(values.end(), row, row + layer.fan_out);
      }
    }
  }
  return state;
}

void CpuCore::set_state(const State& state) {
  const InUse guard(in_use_);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    for (int i = 0; i < 2; ++i) {
      if (layer.memory[i].size() == 0) continue;
      const std::string name = name_of(optimizer_, i, l);
      const auto found = state.arrays.find(name);
      if (found == state.arrays.end() ||
          static_cast<int64_t>(found->second.size()) != (1 + layer.fan_in) * layer.fan_out)
        throw std::invalid_argument("set_state: " + name + " is missing or has another size");
      for (int64_t r = 0; r <= layer.fan_in; ++r)
        std::copy_n(found->second.data() + r * layer.fan_out, layer.fan_out,
                    layer.memory[i].data() + r * layer.row);
    }
  }
  step_ = state.step;
}

}  // namespace cutaway
