// Answers about rows: forward() and evaluate(), block by block. In: rows, handed in anew or kept
// from the last evaluation. Out: activations; or the sum of the losses and how many are right.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "cuda/cuda_core.h"

namespace cutaway::cuda {

// Bytes that are on the device, as the first layer takes them.
const float* CudaCore::normalised(const std::uint8_t* bytes, int64_t rows, float mean, float std) {
  const int features = layers_.front().fan_in;
  device_->run(
      Gather{.images = {.bytes = bytes, .pitch = features, .mean = mean, .inverse_std = 1 / std},
             .x = x_.data(),
             .rows = static_cast<int>(rows),
             .features = features});
  return x_.data();
}

// Rows that are handed in, on the device and as the first layer takes them. Null: interrupted.
const float* CudaCore::given(const Images& x, float mean, float std,
                             const Interrupted& interrupted) {
  if (!x.bytes) return upload(x_.data(), x.features, x, interrupted) ? x_.data() : nullptr;
  given_bytes_.grow(*device_, x.rows * x.features);
  if (!upload(given_bytes_.data(), x.features, x, interrupted)) return nullptr;
  return normalised(given_bytes_.data(), x.rows, mean, std);
}

bool CudaCore::Kept::is(const Images& x, const Owner& whose) const {
  return owner && owner == whose && rows.bytes == x.bytes && rows.floats == x.floats &&
         rows.rows == x.rows;
}

// Keeps the rows of an owner on the device, if they are not there already and there is room. False:
// interrupted, and nothing is kept.
bool CudaCore::keep(const Images& x, const Owner& owner, const Interrupted& interrupted) {
  if (!owner || kept_.is(x, owner)) return true;
  kept_ = {};  // first, or both would have to fit
  Kept fresh{.rows = x, .owner = owner};
  const int64_t count = x.rows * x.features;
  const std::size_t bytes = static_cast<std::size_t>(count) * (x.bytes ? 1 : sizeof(float));
  if (bytes > device_->left() / 4) return true;  // others need room, too
  try {
    fresh.bytes = Buffer<std::uint8_t>(*device_, x.bytes ? count : 0);
    fresh.floats = Buffer<float>(*device_, x.bytes ? 0 : count);
  } catch (const Fault& fault) {
    if (fault.code() != "OUT_OF_MEMORY") throw;
    return true;  // they go through the device block by block
  }
  void* const to = x.bytes ? static_cast<void*>(fresh.bytes.data()) : fresh.floats.data();
  if (!upload(to, x.features, x, interrupted)) return false;
  kept_ = std::move(fresh);
  return true;
}

// Calls body(first row, rows, x of the first layer) for block after block of n rows: at_once of
// them, or as many as there is room for. What it needs and x it gets from place(first row, rows).
// False: one of the two was interrupted; body says so by false, place by null.
template <class Place, class Body>
bool CudaCore::by_blocks(int64_t n, int64_t at_once, const Place& place, const Body& body) {
  for (int64_t start = 0; start < n;) {
    const int64_t rows = std::min(at_once, n - start);
    const float* first = nullptr;
    try {
      with_room([&] {
        reserve(rows);
        first = place(start, rows);
      });
    } catch (const Fault& fault) {
      const bool short_of_room = fault.code() == "OUT_OF_MEMORY" || fault.code() == "TOO_BIG";
      if (rows == 1 || !short_of_room) throw;
      at_once = (rows + 1) / 2;  // fewer may fit
      continue;
    }
    if (!first || !body(start, static_cast<int>(rows), first)) return false;
    start += rows;
  }
  return true;
}

// Rows of a forward pass between two questions to `interrupted`.
int64_t CudaCore::rows_at_once() const {
  const double patience = choices_.patience / (2 * weight_count());
  return static_cast<int64_t>(std::clamp(patience, 1.0, static_cast<double>(kMostRows)));
}

bool CudaCore::forward(Images x, float mean, float std, std::span<const int64_t> layers,
                       std::span<float* const> activations, const Interrupted& interrupted) {
  const Guard guard(*this);
  const Layer& output = layers_.back();
  const bool softmax = output.activation == Activation::softmax;
  const auto place = [&](int64_t start, int64_t rows) {
    return given(x.part(start, rows), mean, std, interrupted);
  };
  const auto run = [&](int64_t start, int rows, const float* first) {
    run_forward(first, rows, softmax ? Activation::identity : output.activation);
    if (softmax)
      device_->run(Activate{.activation = output.activation,
                            .z = output.a.data(),
                            .rows = rows,
                            .classes = output.fan_out});
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const Layer& layer = layers_.at(static_cast<std::size_t>(layers[i]));
      const int64_t width = layer.fan_out;
      device_->download(activations[i] + start * width, layer.a.data(),
                        static_cast<std::size_t>(rows * width) * sizeof(float));
    }
    return start + rows == x.rows || !interrupted();
  };
  return by_blocks(x.rows, rows_at_once(), place, run);
}

Evaluation CudaCore::evaluate(Images x, std::span<const int64_t> labels, float mean, float std,
                              const Owner& owner, const Interrupted& interrupted) {
  const Guard guard(*this);
  check_labelled("evaluate", architecture_, x, labels);
  const int64_t n = x.rows;
  if (n == 0) return {};
  const std::vector<int> numbers(labels.begin(), labels.end());  // (n,)
  const auto place = [&](int64_t start, int64_t rows) {
    reserve_losses(n);  // nothing grows after the first block: what it left there stays
    given_labels_.grow(*device_, n);
    if (start == 0 && !keep(x, owner, interrupted)) return static_cast<const float*>(nullptr);
    if (!kept_.is(x, owner)) return given(x.part(start, rows), mean, std, interrupted);
    const int64_t from = start * x.features;
    if (x.floats) return static_cast<const float*>(kept_.floats.data() + from);
    return normalised(kept_.bytes.data() + from, rows, mean, std);
  };
  const auto run = [&](int64_t start, int rows, const float* first) {
    const std::size_t bytes = static_cast<std::size_t>(rows) * sizeof(int);
    device_->upload(given_labels_.data() + start, bytes, numbers.data() + start, bytes, 1);
    run_forward(first, rows, Activation::identity);
    OutputLoss job = loss_of(given_labels_.data() + start, rows);
    job.sample_losses += start;
    job.sample_correct += start;
    device_->run(job);
    if (start + rows == n) return true;
    device_->wait();
    return !interrupted();
  };
  if (!by_blocks(n, rows_at_once(), place, run)) return {.finished = false};
  device_->run(AddUp{.sample_losses = sample_losses_.data(),
                     .sample_correct = sample_correct_.data(),
                     .n = n,
                     .total = total_.data()});
  Total total;
  device_->download(&total, total_.data(), sizeof total);
  return {.loss = total.loss, .correct = total.correct};
}

}  // namespace cutaway::cuda
