// What every core checks of its arguments, whoever calls it, and the names of what an optimizer
// remembers. Python has checked before and said it better; here memory is at stake.
#pragma once

#include <atomic>
#include <stdexcept>
#include <string>

#include "core.h"

namespace cutaway {

// One call at a time: a second thread gets an error, not half-updated weights.
class InUse {
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

// Of load() and of evaluate(), which `who` names.
inline void check_labelled(const char* who, const Architecture& architecture, const Images& images,
                           std::span<const int64_t> labels) {
  if (images.features != architecture.sizes.front() ||
      images.rows != static_cast<int64_t>(labels.size()))
    throw std::invalid_argument(std::string(who) + ": images and labels do not fit the network");
  for (const int64_t label : labels)
    if (label < 0 || label >= architecture.sizes.back())
      throw std::invalid_argument(std::string(who) + ": label " + std::to_string(label) +
                                  " is not one of the network's " +
                                  std::to_string(architecture.sizes.back()) + " classes");
}

// Returns how many mini-batches there are.
inline void check_samples(const char* who, std::span<const int64_t> order, int64_t images) {
  for (const int64_t sample : order)
    if (sample < 0 || sample >= images)
      throw std::out_of_range(who + (": sample number " + std::to_string(sample)) +
                              " is out of range for " + std::to_string(images) + " images");
}

inline int64_t check_order(std::span<const int64_t> order, int64_t images, int64_t batch,
                           std::size_t rates, std::size_t losses) {
  check_samples("learn", order, images);
  const int64_t n = static_cast<int64_t>(order.size()), steps = (n + batch - 1) / batch;
  if (static_cast<int64_t>(rates) != steps || static_cast<int64_t>(losses) != steps)
    throw std::invalid_argument("learn: one rate per mini-batch is needed");
  return steps;
}

// How many arrays of a weight's size an optimizer remembers.
inline int memories(const Optimizer& optimizer) {
  if (optimizer.kind == Optimizer::Kind::adam) return 2;
  return optimizer.momentum != 0 ? 1 : 0;
}

inline std::string memory_name(const Optimizer& optimizer, int i, int64_t layer) {
  const char* name = optimizer.kind == Optimizer::Kind::adam ? (i == 0 ? "m." : "v.") : "velocity.";
  return name + std::to_string(layer);
}

// The values of such an array in a State that somebody hands in.
inline const std::vector<float>& memory_in(const State& state, const Optimizer& optimizer, int i,
                                           int64_t layer, int64_t size) {
  const std::string name = memory_name(optimizer, i, layer);
  const auto found = state.arrays.find(name);
  if (found == state.arrays.end() || static_cast<int64_t>(found->second.size()) != size)
    throw std::invalid_argument("set_state: " + name + " is missing or has another size");
  return found->second;
}

}  // namespace cutaway
