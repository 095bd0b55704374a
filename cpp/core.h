// The contract of a numerical backend. In: views of the caller's arrays and an architecture that
// Python has checked. Out: losses, activations, gradients. No Python, no CUDA, no SIMD.
//
// A core does arithmetic and guards memory; names, defaults and prose are Python's. Its results are
// a function of weights, data and order alone: never of the number of threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "interrupted.h"
#include "terms.h"

namespace cutaway {

using std::int64_t;

struct Architecture {
  std::vector<int64_t> sizes;           // features, hidden units..., classes
  std::vector<Activation> activations;  // one per layer, the output's last
  Loss loss;
  bool mean;  // average the loss over the mini-batch; otherwise add

  int64_t layers() const { return static_cast<int64_t>(activations.size()); }
};

// What an update does with a gradient; the rate comes with every mini-batch.
struct Optimizer {
  enum class Kind { sgd, adam };
  Kind kind = Kind::sgd;
  double momentum = 0, weight_decay = 0;
  double beta1 = 0, beta2 = 0, eps = 0;
};

// What an optimizer remembers, by name: "m.0", "v.0", "velocity.0"; each (1 + fan_in, fan_out).
struct State {
  int64_t step = 0;
  std::map<std::string, std::vector<float>> arrays;
};

template <class T>
struct View {  // row-major, contiguous
  T* data;
  int64_t rows, cols;
};

// Rows of bytes or of floats: exactly one of the two pointers is set.
struct Images {
  const std::uint8_t* bytes;
  const float* floats;
  int64_t rows, features;

  Images part(int64_t first, int64_t count) const {
    return {bytes ? bytes + first * features : nullptr,
            floats ? floats + first * features : nullptr, count, features};
  }
  const char* row(int64_t i) const {
    return bytes ? reinterpret_cast<const char*>(bytes + i * features)
                 : reinterpret_cast<const char*>(floats + i * features);
  }
};

// Whose rows are: while somebody holds it, they stay as and where they are. Null: they may change.
using Owner = std::shared_ptr<const void>;

// What evaluate() finds: the sum of the losses, and how many samples had their label as the first
// largest output. Not finished: interrupted.
struct Evaluation {
  double loss = 0;
  int64_t correct = 0;
  bool finished = true;
};

class Core {
 public:
  virtual ~Core() = default;

  virtual const Architecture& architecture() const = 0;

  // Keeps the images (the caller keeps them alive) and copies the labels. False: interrupted, and
  // nothing is loaded.
  virtual bool load(Images images, std::span<const int64_t> labels, float mean, float std,
                    const Interrupted& interrupted) = 0;
  virtual void use(const Optimizer& optimizer) = 0;

  // For each mini-batch of `order`: gather, forward, backprop, update with its rate. Writes one
  // loss per mini-batch, taken before its update. False: interrupted, after a whole step.
  virtual bool learn(std::span<const int64_t> order, int64_t batch, std::span<const float> rates,
                     std::span<float> losses, const Interrupted& interrupted) = 0;
  // One step of the optimizer with gradients from elsewhere, laid out as weights.
  virtual void update(std::span<const float* const> gradients, float rate) = 0;
  // How many samples of the last learn(), or gradients(), had their label as the first largest
  // output.
  virtual int64_t correct() const = 0;

  virtual State state() const = 0;
  virtual void set_state(const State& state) = 0;

  // activations[i] is (rows of x, sizes[layers[i] + 1]). Bytes stand for (byte - mean) / std,
  // floats for themselves.
  // False: interrupted.
  virtual bool forward(Images x, float mean, float std, std::span<const int64_t> layers,
                       std::span<float* const> activations, const Interrupted& interrupted) = 0;
  // As forward(), but no activation leaves the core. Each loss is the core's float, their sum a
  // double, in an order that follows from the number of rows alone. A core may hold the owner with
  // a copy of x, which it knows again by both.
  virtual Evaluation evaluate(Images x, std::span<const int64_t> labels, float mean, float std,
                              const Owner& owner, const Interrupted& interrupted) = 0;
  // gradients[l] is (1 + sizes[l], sizes[l + 1]), row 0 the bias. Returns the loss; none if
  // interrupted.
  virtual std::optional<double> backprop(View<const float> x, std::span<const int64_t> labels,
                                         std::span<float* const> gradients,
                                         const Interrupted& interrupted) = 0;

  // The same of loaded samples, of one mini-batch as learn() has it; correct() counts them, too.
  virtual std::optional<double> gradients(std::span<const int64_t> order,
                                          std::span<float* const> gradients,
                                          const Interrupted& interrupted) = 0;

  // (1 + sizes[layer], sizes[layer + 1]), row 0 the bias.
  virtual void weights(int64_t layer, float* values) const = 0;
  virtual void set_weights(int64_t layer, const float* values) = 0;
};

}  // namespace cutaway
