// What the contract asks of the GPU's core; the steps of a learn() are in steps.cpp.

#include "cuda/cuda_core.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>

#include "cuda/kernels/epoch.h"
#include "guards.h"

namespace cutaway::cuda {
namespace {

std::string gigabytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g GB", bytes / 1e9);
  return text;
}

// Throws if so much can never be there.
void check_room(const Device& device, const char* what, double bytes) {
  const Limits& limits = device.limits();
  if (bytes > static_cast<double>(limits.memory))
    throw Fault("TOO_BIG", std::string(what) + " need " + gigabytes(bytes) + " on the GPU; " +
                               limits.name + " has " +
                               gigabytes(static_cast<double>(limits.memory)) +
                               "; use backend='cpu'");
}

Rates rates_of(const Optimizer& o, float rate, int64_t step) {
  if (o.kind != Optimizer::Kind::adam) return {rate, 0};
  const double t = static_cast<double>(step);
  return {static_cast<float>(rate / (1 - std::pow(o.beta1, t))),
          static_cast<float>(1 / std::sqrt(1 - std::pow(o.beta2, t)))};
}

}  // namespace

// One call at a time, on the device, and in the process that it belongs to.
class CudaCore::Guard {
 public:
  explicit Guard(const CudaCore& core)
      : in_use_(core.in_use_), device_(*core.device_), before_(device_.enter()) {}
  ~Guard() { device_.leave(before_); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  const InUse in_use_;
  const Device& device_;
  const int before_;
};

CudaCore::CudaCore(Architecture architecture, std::unique_ptr<Device> device,
                   const Choices& choices)
    : architecture_(std::move(architecture)), device_(std::move(device)), choices_(choices) {
  const Guard guard(*this);
  double bytes = 0;
  for (int64_t l = 0; l < architecture_.layers(); ++l)
    bytes += sizeof(float) * (1.0 + static_cast<double>(architecture_.sizes[l])) *
             static_cast<double>(architecture_.sizes[l + 1]);
  check_room(*device_, "Network: the weights", bytes);
  for (const int64_t size : architecture_.sizes)
    if (size >= INT_MAX)
      throw Fault("TOO_BIG", "Network: a layer on a GPU has less than " + std::to_string(INT_MAX) +
                                 " units, got " + std::to_string(size));
  for (int64_t l = 0; l < architecture_.layers(); ++l) {
    const int64_t fan_in = architecture_.sizes[l], fan_out = architecture_.sizes[l + 1];
    Layer layer{static_cast<int>(fan_in),
                static_cast<int>(fan_out),
                architecture_.activations[l],
                {},
                {},
                {},
                {}};
    layer.weights = Buffer<float>(*device_, (1 + fan_in) * fan_out);
    device_->clear(layer.weights.data(), layer.weights.bytes());
    layers_.push_back(std::move(layer));
  }
  clock_ = Buffer<Clock>(*device_, 1);
}

template <class T>
void CudaCore::upload(const Buffer<T>& to, const T* from, int64_t count) const {
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
  device_->upload(to.data(), bytes, from, bytes, 1);
}

void CudaCore::load(Images images, std::span<const int64_t> labels, float mean, float std) {
  const Guard guard(*this);
  check_loaded(architecture_, images, labels);
  if (images.rows > INT_MAX) throw std::invalid_argument("load: too many images to count");
  // A fast path's rows are padded; see Epoch.
  int64_t pitch = images.features;
  if (images.bytes && choices_.fast && architecture_.layers() == 2)
    pitch = ((images.features + kPiecePixels - 1) / kPiecePixels | 1) * kPiecePixels;
  const auto count = static_cast<std::size_t>(images.rows), row = static_cast<std::size_t>(pitch);
  const std::size_t size = images.bytes ? 1 : sizeof(float);
  check_room(*device_, "load: the images", static_cast<double>(count) * row * size);

  image_count_ = 0;
  recordings_.clear();
  plans_.clear();
  images_ = {nullptr, nullptr, pitch, mean, 1 / std};
  if (bytes_.size() != (images.bytes ? images.rows * pitch : 0)) bytes_ = {};
  if (floats_.size() != (images.floats ? images.rows * pitch : 0)) floats_ = {};
  with_room([&] {
    if (images.bytes) bytes_.grow(*device_, images.rows * pitch);
    if (images.floats) floats_.grow(*device_, images.rows * pitch);
    labels_.grow(*device_, images.rows);
  });
  if (images.bytes) images_.bytes = bytes_.data();
  if (images.floats) images_.floats = floats_.data();
  if (images.rows > 0) {
    void* const to = images.bytes ? static_cast<void*>(bytes_.data()) : floats_.data();
    device_->upload(to, row * size, images.row(0), static_cast<std::size_t>(images.features) * size,
                    count);
    const std::vector<int> numbers(labels.begin(), labels.end());
    upload(labels_, numbers.data(), images.rows);
    device_->wait();
  }
  image_count_ = images.rows;
}

void CudaCore::use(const Optimizer& optimizer) {
  const Guard guard(*this);
  std::vector<Buffer<float>> fresh;  // all of it before anything changes
  with_room([&] {
    fresh.clear();
    for (const Layer& layer : layers_)
      for (int i = 0; i < 2; ++i) {
        fresh.emplace_back(*device_, i < memories(optimizer) ? layer.weights.size() : 0);
        if (fresh.back().data()) device_->clear(fresh.back().data(), fresh.back().bytes());
      }
  });
  auto next = fresh.begin();
  for (Layer& layer : layers_)
    for (Buffer<float>& memory : layer.memory) memory = std::move(*next++);
  recordings_.clear();
  plans_.clear();
  optimizer_ = optimizer;
  step_ = 0;
}

// Room for the activations of so many rows.
void CudaCore::reserve(int64_t rows) {
  if (rows <= capacity_) return;
  const int64_t features = layers_.front().fan_in;
  double bytes = sizeof(float) * static_cast<double>(rows * features);
  for (const Layer& layer : layers_)
    bytes += sizeof(float) * static_cast<double>(rows) * layer.fan_out;
  check_room(*device_, "Network: the activations of so many samples at once", bytes);
  capacity_ = 0;  // nothing counts until all is there
  recordings_.clear();
  x_.grow(*device_, rows * features);
  for (Layer& layer : layers_) layer.a.grow(*device_, rows * layer.fan_out);
  capacity_ = rows;
}

// The same, and for their deltas.
void CudaCore::reserve_to_learn(int64_t rows) {
  reserve(rows);
  for (Layer& layer : layers_)
    if (layer.delta.grow(*device_, rows * layer.fan_out)) recordings_.clear();
}

// Gives back whatever can be made again.
void CudaCore::make_room() {
  recordings_.clear();
  capacity_ = 0;
  x_ = {};
  for (Layer& layer : layers_) {
    layer.a = {};
    layer.delta = {};
  }
  order_ = {};
  sample_losses_ = {};
  sample_correct_ = {};
  rates_ = {};
  summaries_ = {};
  mail_ = {};
  given_bytes_ = {};
  given_labels_ = {};
}

// Calls body; once more, with all the room that there can be, if memory is short.
template <class Body>
void CudaCore::with_room(const Body& body) {
  try {
    body();
  } catch (const Fault& fault) {
    if (fault.code() != "OUT_OF_MEMORY") throw;
    make_room();
    body();
  }
}

void CudaCore::reserve_order(int64_t n, int64_t steps) {
  bool changed = order_.grow(*device_, n);
  changed |= sample_losses_.grow(*device_, n);
  changed |= sample_correct_.grow(*device_, n);
  changed |= rates_.grow(*device_, steps);
  changed |= summaries_.grow(*device_, steps);
  if (changed) recordings_.clear();
}

bool CudaCore::learn(std::span<const int64_t> order, int64_t batch, std::span<const float> rates,
                     std::span<float> losses, const Interrupted& interrupted) {
  const Guard guard(*this);
  const int64_t n = static_cast<int64_t>(order.size());
  const int64_t steps = check_order(order, image_count_, batch, rates.size(), losses.size());
  correct_ = 0;
  if (steps == 0) return true;
  const int64_t rows = std::min(batch, n);
  if (rows > INT_MAX) throw std::invalid_argument("learn: a mini-batch has too many samples");

  Epoch job;
  bool together = false;
  with_room([&] {
    reserve_order(n, steps);
    together = plan(job, batch);
    if (!together) reserve_to_learn(rows);
  });
  const std::vector<int> numbers(order.begin(), order.end());
  upload(order_, numbers.data(), n);
  std::vector<Rates> now;  // of every step
  for (int64_t s = 0; s < steps; ++s)
    now.push_back(rates_of(optimizer_, rates[static_cast<std::size_t>(s)], step_ + s + 1));
  upload(rates_, now.data(), steps);

  if (together) {
    job.order = order_.data();
    job.rates = rates_.data();
    job.sample_losses = sample_losses_.data();
    job.sample_correct = sample_correct_.data();
    job.n = n;
  } else {
    device_->clear(clock_.data(), clock_.bytes());
  }
  double work = 0;  // of a step
  for (const Layer& layer : layers_)
    work += 6.0 * static_cast<double>(layer.weights.size()) * static_cast<double>(rows);
  const auto at_once = static_cast<int64_t>(std::max(1.0, choices_.patience / work));
  const int64_t full = n / batch;  // the last mini-batch may be short
  int64_t done = 0;
  while (done < steps) {
    const int64_t last = std::min(done + at_once, steps);
    if (together) {
      job.first = done;
      job.last = last;
      device_->run(job);
    } else {
      replay_step(batch, static_cast<int>(rows), std::min(last, full) - done);
      if (last > full) replay_step(batch, static_cast<int>(n - full * batch), 1);
    }
    done = last;
    if (done == steps) break;
    device_->wait();
    if (interrupted()) break;
  }
  step_ += done;
  run_tally(n, batch, done, losses);
  return done == steps;
}

// Rows that are handed in, on the device and as the first layer takes them.
const float* CudaCore::given(const Images& x, float mean, float std) {
  const int64_t count = x.rows * x.features;
  if (!x.bytes) {
    upload(x_, x.floats, count);
    return x_.data();
  }
  given_bytes_.grow(*device_, count);
  upload(given_bytes_, x.bytes, count);
  const Pixels pixels{given_bytes_.data(), nullptr, x.features, mean, 1 / std};
  device_->run(Gather{
      pixels, nullptr, {nullptr, 0}, x_.data(), static_cast<int>(x.rows), layers_.front().fan_in});
  return x_.data();
}

void CudaCore::forward(Images x, float mean, float std, std::span<float* const> activations) {
  const Guard guard(*this);
  const Layer& output = layers_.back();
  const bool softmax = output.activation == Activation::softmax;
  int64_t at_once = std::min(kMostRows, x.rows);
  for (int64_t start = 0; start < x.rows;) {
    Images part = x.from(start);
    part.rows = std::min(at_once, part.rows);
    const float* first = nullptr;
    try {
      with_room([&] {
        reserve(part.rows);
        first = given(part, mean, std);
      });
    } catch (const Fault& fault) {
      const bool short_of_room = fault.code() == "OUT_OF_MEMORY" || fault.code() == "TOO_BIG";
      if (at_once == 1 || !short_of_room) throw;
      at_once = (at_once + 1) / 2;  // fewer may fit
      continue;
    }
    const int rows = static_cast<int>(part.rows);
    run_forward(first, rows, softmax ? Activation::identity : output.activation);
    if (softmax) device_->run(Activate{output.activation, output.a.data(), rows, output.fan_out});
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const int64_t width = layers_[l].fan_out;
      device_->download(activations[l] + start * width, layers_[l].a.data(),
                        static_cast<std::size_t>(rows * width) * sizeof(float));
    }
    start += part.rows;
  }
}

double CudaCore::backprop(View<const float> x, std::span<const int64_t> labels,
                          std::span<float* const> gradients) {
  const Guard guard(*this);
  if (x.rows > INT_MAX) throw std::invalid_argument("backprop: too many rows");
  const int rows = static_cast<int>(x.rows);
  std::vector<Buffer<float>> made;  // the gradients
  with_room([&] {
    made.clear();
    reserve_to_learn(rows);
    reserve_order(rows, 1);
    given_labels_.grow(*device_, rows);
    for (const Layer& layer : layers_) made.emplace_back(*device_, layer.weights.size());
  });
  const float* const first = given({nullptr, x.data, x.rows, x.cols}, 0, 1);
  const std::vector<int> numbers(labels.begin(), labels.end());
  upload(given_labels_, numbers.data(), rows);

  run_forward(first, rows, Activation::identity);
  run_judge(given_labels_.data(), nullptr, {nullptr, 0}, nullptr, rows);
  for (int64_t l = architecture_.layers() - 1; l >= 0; --l) {
    if (l > 0) run_backprop(l, rows);
    const Buffer<float>& gradient = made[static_cast<std::size_t>(l)];
    Update job = update_of(l, first, rows);
    job.gradient = gradient.data();
    device_->run(job);
    device_->download(gradients[static_cast<std::size_t>(l)], gradient.data(), gradient.bytes());
  }
  std::vector<float> losses(static_cast<std::size_t>(rows));
  device_->download(losses.data(), sample_losses_.data(), losses.size() * sizeof(float));
  double loss = 0;
  for (const float value : losses) loss += value;
  return architecture_.mean ? loss / rows : loss;
}

void CudaCore::weights(int64_t layer, float* values) const {
  const Guard guard(*this);
  const Buffer<float>& held = layers_.at(static_cast<std::size_t>(layer)).weights;
  device_->download(values, held.data(), held.bytes());
}

void CudaCore::set_weights(int64_t layer, const float* values) {
  const Guard guard(*this);
  const Buffer<float>& held = layers_.at(static_cast<std::size_t>(layer)).weights;
  upload(held, values, held.size());
  device_->wait();
}

State CudaCore::state() const {
  const Guard guard(*this);
  State state{step_, {}};
  for (std::size_t l = 0; l < layers_.size(); ++l)
    for (int i = 0; i < memories(optimizer_); ++i) {
      const Buffer<float>& held = layers_[l].memory[i];
      auto& values = state.arrays[memory_name(optimizer_, i, static_cast<int64_t>(l))];
      values.resize(static_cast<std::size_t>(held.size()));
      device_->download(values.data(), held.data(), held.bytes());
    }
  return state;
}

void CudaCore::set_state(const State& state) {
  const Guard guard(*this);
  for (const bool write : {false, true})  // all are checked before one is written
    for (std::size_t l = 0; l < layers_.size(); ++l)
      for (int i = 0; i < memories(optimizer_); ++i) {
        const Buffer<float>& held = layers_[l].memory[i];
        const std::vector<float>& values =
            memory_in(state, optimizer_, i, static_cast<int64_t>(l), held.size());
        if (write) upload(held, values.data(), held.size());
      }
  device_->wait();
  step_ = state.step;
}

}  // namespace cutaway::cuda
