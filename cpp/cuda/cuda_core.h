// The GPU's core: what the contract asks (core.h), as launches of kernels on a Device. A network
// with one hidden layer that fits learns many steps in one launch (epoch.h); any other goes layer
// by layer (layers.h), its steps recorded once and replayed. In: the caller's views, copied to the
// device. Out: losses, weights, gradients. It waits for the device at the end of a learn(), and in
// between after `patience` FLOPs.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core.h"
#include "cuda/device.h"
#include "cuda/plan.h"
#include "guards.h"

namespace cutaway::cuda {

// Memory of a device.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  Buffer(Device& device, std::int64_t size)
      : data_(size ? static_cast<T*>(device.allocate(static_cast<std::size_t>(size) * sizeof(T)))
                   : nullptr,
              Release{&device}),
        size_(size) {}

  // Room for at least so many; what was in it is lost if it was too small. True: it is another now.
  bool grow(Device& device, std::int64_t size) {
    if (size <= size_) return false;
    *this = {};  // first, or both would have to fit
    *this = Buffer(device, size);
    return true;
  }

  T* data() const { return data_.get(); }
  std::int64_t size() const { return size_; }
  std::size_t bytes() const { return static_cast<std::size_t>(size_) * sizeof(T); }

 private:
  struct Release {
    Device* device = nullptr;
    void operator()(T* memory) const { device->release(memory); }
  };
  std::unique_ptr<T[], Release> data_;
  std::int64_t size_ = 0;
};

// What a core tells of its device and of itself.
struct Info {
  Limits limits;
  int64_t batch;  // of the last learn(), or kUsualBatch: what the plan is for
  Plan plan;
  std::vector<std::string> refused;              // as Team's
  std::map<std::string_view, int64_t> launches;  // of the kernels, by name
};

class CudaCore final : public Core {
 public:
  static constexpr int64_t kMostRows = 8192;  // of a forward pass or of the fast path, at once
  static constexpr int64_t kUsualBatch = 64;  // before the first learn()

  struct Choices {
    bool fast = true;        // otherwise every network goes layer by layer
    bool tf32 = false;       // products are taken on tensor cores
    double patience = 4e10;  // FLOPs between two questions to `interrupted`: some 0.1 s if the
                             // device is poorly used, as is what launches take (steps.cpp). An
                             // epoch of MNIST is less
    std::size_t part = std::size_t{64} << 20;  // bytes of an upload between two questions: 10 ms
  };
  CudaCore(Architecture architecture, std::unique_ptr<Device> device, const Choices& choices);

  const Architecture& architecture() const override { return architecture_; }
  bool load(Images images, std::span<const int64_t> labels, float mean, float std,
            const Interrupted& interrupted) override;
  void use(const Optimizer& optimizer) override;
  bool learn(std::span<const int64_t> order, int64_t batch, std::span<const float> rates,
             std::span<float> losses, const Interrupted& interrupted) override;
  void update(std::span<const float* const> gradients, float rate) override;
  int64_t correct() const override { return correct_; }
  State state() const override;
  void set_state(const State& state) override;
  bool forward(Images x, float mean, float std, std::span<const int64_t> layers,
               std::span<float* const> activations, const Interrupted& interrupted) override;
  Evaluation evaluate(Images x, std::span<const int64_t> labels, float mean, float std,
                      const Owner& owner, const Interrupted& interrupted) override;
  std::optional<double> gradients(std::span<const int64_t> order, std::span<float* const> gradients,
                                  const Interrupted& interrupted) override;
  std::optional<double> backprop(View<const float> x, std::span<const int64_t> labels,
                                 std::span<float* const> gradients,
                                 const Interrupted& interrupted) override;
  void weights(int64_t layer, float* values) const override;
  void set_weights(int64_t layer, const float* values) override;
  Info info();

 private:
  struct Layer {
    int fan_in, fan_out;
    Activation activation;
    Buffer<float> weights;         // (1 + fan_in, fan_out), row 0 the bias
    Buffer<float> memory[2] = {};  // the optimizer's: velocity, or m and v; as weights, or empty
    Buffer<float> gradient = {};   // of backprop() and update(): as weights, or empty
    Buffer<float> a = {};          // (capacity, fan_out)
    Buffer<float> delta = {};      // as a, for the largest mini-batch so far

    Memory remembered() const { return {memory[0].data(), memory[1].data()}; }
  };
  class Guard;  // of a call

  // Room on the device.
  void reserve(int64_t rows);
  void reserve_to_learn(int64_t rows);
  void reserve_losses(int64_t n);
  void reserve_order(int64_t n, int64_t steps);
  void reserve_gradients();
  void make_room();
  template <class Body>
  void with_room(const Body& body);

  template <class T>
  void upload(const Buffer<T>& to, const T* from, int64_t count) const;
  bool upload(void* to, int64_t pitch, const Images& rows, const Interrupted& interrupted) const;
  double weight_count() const;

  // What forward() and evaluate() are made of (answers.cpp).
  const float* normalised(const std::uint8_t* bytes, int64_t rows, float mean, float std);
  const float* given(const Images& x, float mean, float std, const Interrupted& interrupted);
  bool keep(const Images& x, const Owner& owner, const Interrupted& interrupted);
  template <class Place, class Body>
  bool by_blocks(int64_t n, int64_t at_once, const Place& place, const Body& body);
  int64_t rows_at_once() const;

  // The launches of a step (steps.cpp); forward() and others are made of them, too.
  void run_forward(const float* x, int rows, Activation output);
  LossSettings loss_settings() const;
  OutputLoss loss_of(const int* labels, int rows) const;
  void run_backprop(int64_t layer, int rows);
  std::optional<double> gradients_of(const float* first, OutputLoss output,
                                     std::span<float* const> gradients,
                                     const Interrupted& interrupted);
  Update update_of(int64_t layer, const float* x, int rows) const;

  // What learn() is made of (steps.cpp).
  int64_t pitch_of(bool bytes) const;
  const Plan& plan(int64_t batch);
  std::string why_layer_by_layer(int64_t batch);
  Epoch epoch_of(const Plan& plan, int64_t n, int64_t batch);
  void run_step(int64_t batch, int rows);
  void replay_step(int64_t batch, int rows, int64_t times);
  void run_tally(int64_t n, int64_t batch, int64_t steps, std::span<float> losses);

  const Architecture architecture_;
  const std::unique_ptr<Device> device_;  // outlives its buffers
  const Choices choices_;
  mutable std::atomic<bool> in_use_{false};

  std::vector<Layer> layers_;
  Buffer<float> x_;       // (capacity, features): a mini-batch's images, normalised
  int64_t capacity_ = 0;  // rows that x and the layers have room for

  // What was loaded.
  Buffer<std::uint8_t> bytes_;  // (images, pitch); this
  Buffer<float> floats_;        // (images, pitch); or this
  Buffer<int> labels_;          // (images,)
  Pixels images_{};             // views them
  int64_t image_count_ = 0;

  // What a learn() is told and tells.
  Buffer<int> order_;                    // (samples,)
  Buffer<float> sample_losses_;          // (samples,)
  Buffer<std::uint8_t> sample_correct_;  // (samples,)
  Buffer<Rates> rates_;                  // (steps,)
  Buffer<Summary> summaries_;            // (steps,)
  Buffer<Clock> clock_;                  // one
  Buffer<float> mail_;                   // of the blocks that work together
  // Steps that were recorded, by their batch and rows; dropped when a buffer that they use is
  // replaced.
  std::map<std::pair<int64_t, int>, std::unique_ptr<Recording>> recordings_;

  std::optional<Team> team_;       // once it was asked for
  std::map<int64_t, Plan> plans_;  // by batch, for what was loaded and the optimizer
  int64_t batch_ = kUsualBatch;    // of the last learn()

  Buffer<std::uint8_t> given_bytes_;  // rows and labels that are handed in
  Buffer<int> given_labels_;

  // The rows of the last evaluate() that had an owner, where there was room for them.
  struct Kept {
    Images rows{};  // where the owner has them
    Owner owner = {};
    Buffer<std::uint8_t> bytes = {};  // (rows, features); this
    Buffer<float> floats = {};        // (rows, features); or this

    bool is(const Images& x, const Owner& whose) const;
  };
  Kept kept_;
  Buffer<Total> total_;  // one

  Optimizer optimizer_;
  int64_t step_ = 0;
  int64_t correct_ = 0;
};

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

template <class T>
void CudaCore::upload(const Buffer<T>& to, const T* from, int64_t count) const {
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
  device_->upload(to.data(), bytes, from, bytes, 1);
}

}  // namespace cutaway::cuda
