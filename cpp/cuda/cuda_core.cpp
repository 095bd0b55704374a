// What the contract asks of the GPU's core, but for answers about rows (answers.cpp) and the steps
// of its optimizer (steps.cpp).

#include "cuda/cuda_core.h"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <string>
#include <utility>

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

}  // namespace

CudaCore::CudaCore(Architecture architecture, std::unique_ptr<Device> device,
                   const Choices& choices)
    : architecture_(std::move(architecture)), device_(std::move(device)), choices_(choices) {
  const Guard guard(*this);
  if (choices_.tf32 && !device_->limits().tf32)
    throw Fault("NO_KERNEL",
                "Network: products in tf32 need compute capability 8.0 (Ampere) or newer, and a "
                "build for it; " +
                    device_->limits().name + " has them in fp32 only: use backend='cuda'");
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
    Layer layer{.fan_in = static_cast<int>(fan_in),
                .fan_out = static_cast<int>(fan_out),
                .activation = architecture_.activations[l],
                .weights = Buffer<float>(*device_, (1 + fan_in) * fan_out)};
    device_->clear(layer.weights.data(), layer.weights.bytes());
    layers_.push_back(std::move(layer));
  }
  clock_ = Buffer<Clock>(*device_, 1);
  total_ = Buffer<Total>(*device_, 1);
}

bool CudaCore::load(Images images, std::span<const int64_t> labels, float mean, float std,
                    const Interrupted& interrupted) {
  const Guard guard(*this);
  check_labelled("load", architecture_, images, labels);
  if (images.rows > INT_MAX) throw std::invalid_argument("load: too many images to count");
  const int64_t pitch = pitch_of(images.bytes != nullptr);
  const auto count = static_cast<std::size_t>(images.rows), row = static_cast<std::size_t>(pitch);
  const std::size_t size = images.bytes ? 1 : sizeof(float);
  check_room(*device_, "load: the images", static_cast<double>(count) * row * size);

  image_count_ = 0;
  recordings_.clear();
  plans_.clear();
  images_ = {.pitch = pitch, .mean = mean, .inverse_std = 1 / std};
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
    if (pitch > images.features) device_->clear(to, count * row);  // the padding is read, too
    if (!upload(to, pitch, images, interrupted)) return false;
    const std::vector<int> numbers(labels.begin(), labels.end());
    upload(labels_, numbers.data(), images.rows);
    device_->wait();
  }
  image_count_ = images.rows;
  return true;
}

// Uploads rows, `pitch` values apart there, and asks between two parts. False: interrupted.
bool CudaCore::upload(void* to, int64_t pitch, const Images& rows,
                      const Interrupted& interrupted) const {
  const std::size_t size = rows.bytes ? 1 : sizeof(float);
  const std::size_t row = static_cast<std::size_t>(rows.features) * size;
  const std::size_t apart = static_cast<std::size_t>(pitch) * size;
  const auto at_once = static_cast<int64_t>(std::max<std::size_t>(1, choices_.part / row));
  for (int64_t first = 0; first < rows.rows; first += at_once) {
    const int64_t count = std::min(at_once, rows.rows - first);
    device_->upload(static_cast<char*>(to) + static_cast<std::size_t>(first) * apart, apart,
                    rows.row(first), row, static_cast<std::size_t>(count));
    if (first + count == rows.rows) break;
    device_->wait();
    if (interrupted()) return false;
  }
  return true;
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
    layer.gradient = {};
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
  kept_ = {};
}

void CudaCore::reserve_losses(int64_t n) {
  bool changed = sample_losses_.grow(*device_, n);
  changed |= sample_correct_.grow(*device_, n);
  if (changed) recordings_.clear();
}

void CudaCore::reserve_order(int64_t n, int64_t steps) {
  reserve_losses(n);
  bool changed = order_.grow(*device_, n);
  changed |= rates_.grow(*device_, steps);
  changed |= summaries_.grow(*device_, steps);
  if (changed) recordings_.clear();
}

void CudaCore::reserve_gradients() {
  for (Layer& layer : layers_) layer.gradient.grow(*device_, layer.weights.size());
}

double CudaCore::weight_count() const {
  double count = 0;
  for (const Layer& layer : layers_) count += static_cast<double>(layer.weights.size());
  return count;
}

std::optional<double> CudaCore::backprop(View<const float> x, std::span<const int64_t> labels,
                                         std::span<float* const> gradients,
                                         const Interrupted& interrupted) {
  const Guard guard(*this);
  if (x.rows > INT_MAX) throw std::invalid_argument("backprop: too many rows");
  const int rows = static_cast<int>(x.rows);
  with_room([&] {
    reserve_to_learn(rows);
    reserve_losses(rows);
    reserve_gradients();
    given_labels_.grow(*device_, rows);
  });
  const Images given_rows{.bytes = nullptr, .floats = x.data, .rows = x.rows, .features = x.cols};
  const float* const first = given(given_rows, 0, 1, interrupted);
  if (!first) return std::nullopt;
  const std::vector<int> numbers(labels.begin(), labels.end());
  upload(given_labels_, numbers.data(), rows);

  return gradients_of(first, loss_of(given_labels_.data(), rows), gradients, interrupted);
}

std::optional<double> CudaCore::gradients(std::span<const int64_t> order,
                                          std::span<float* const> gradients,
                                          const Interrupted& interrupted) {
  const Guard guard(*this);
  const int64_t n = static_cast<int64_t>(order.size());
  check_samples("gradients", order, image_count_);
  if (n > INT_MAX) throw std::invalid_argument("gradients: too many samples");
  const int rows = static_cast<int>(n);
  correct_ = 0;
  with_room([&] {
    reserve_order(n, 1);
    reserve_to_learn(n);
    reserve_gradients();
  });
  const std::vector<int> numbers(order.begin(), order.end());
  upload(order_, numbers.data(), n);
  device_->run(Gather{.images = images_,
                      .order = order_.data(),
                      .x = x_.data(),
                      .rows = rows,
                      .features = layers_.front().fan_in});
  OutputLoss output = loss_of(labels_.data(), rows);
  output.order = order_.data();
  const std::optional<double> loss = gradients_of(x_.data(), output, gradients, interrupted);
  if (!loss) return loss;
  std::vector<std::uint8_t> correct(order.size());
  device_->download(correct.data(), sample_correct_.data(), correct.size());
  for (const std::uint8_t right : correct) correct_ += right;
  return loss;
}

// From the rows of the first layer to the gradients, which the caller gets, and the loss.
std::optional<double> CudaCore::gradients_of(const float* first, OutputLoss output,
                                             std::span<float* const> gradients,
                                             const Interrupted& interrupted) {
  const int rows = output.rows;
  run_forward(first, rows, Activation::identity);
  output.delta = layers_.back().delta.data();
  device_->run(output);
  for (int64_t l = architecture_.layers() - 1; l >= 0; --l) {
    if (l > 0) run_backprop(l, rows);
    const Buffer<float>& gradient = layers_[static_cast<std::size_t>(l)].gradient;
    Update job = update_of(l, first, rows);
    job.gradient = gradient.data();
    device_->run(job);
    device_->download(gradients[static_cast<std::size_t>(l)], gradient.data(), gradient.bytes());
    if (l > 0 && interrupted()) return std::nullopt;
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
