// The CPU's core: gather -> forward -> backprop -> update, on a pool of threads that meet at a
// barrier after every phase of a step. In: the views of core.h. Out: losses, weights, gradients.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "core.h"
#include "cpu/buffer.h"
#include "cpu/kernels.h"
#include "cpu/pool.h"

namespace cutaway {

inline int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

// Floats from one row of a matrix to the next: whole vectors, and never a multiple of 1 KiB, at
// which the rows of a column would all fall into the same few sets of the cache.
inline int64_t row_of(int64_t columns) {
  const int64_t row = round_up(columns, kLanes);
  return row > 0 && row % 256 == 0 ? row + kLanes : row;
}

class CpuCore final : public Core {
 public:
  CpuCore(Recipe recipe, int threads);

  const Recipe& recipe() const override { return recipe_; }
  void load(Images images, std::span<const int64_t> labels, float mean, float std) override;
  void use(const Optimizer& optimizer) override;
  bool learn(std::span<const int64_t> order, int64_t batch, std::span<const float> rates,
             std::span<float> losses, const Interrupted& interrupted) override;
  int64_t correct() const override { return correct_; }
  State state() const override;
  void set_state(const State& state) override;
  void forward(View<const float> x, std::span<float* const> activations) override;
  double backprop(View<const float> x, std::span<const int64_t> labels,
                  std::span<float* const> gradients) override;
  void weights(int64_t layer, float* values) const override;
  void set_weights(int64_t layer, const float* values) override;

  int threads() const { return pool_.workers(); }

 private:
  // The weights that lead to some units of a layer, in memory of their own: two threads that write
  // neighbouring cache lines slow each other down by a half.
  struct Slab {
    Pool::Share units;        // which, padding included
    int64_t row;              // floats from one row of weights to the next
    Buffer<float> weights;    // (1 + fan_in, row), row 0 the bias; columns of padding stay zero
    Buffer<float> memory[2];  // the optimizer's: velocity, or m and v; as weights, or empty
  };
  struct Layer {
    int64_t fan_in, fan_out;
    int64_t row;  // floats from one row of a and delta to the next
    Activation activation;
    std::vector<Slab> slabs;   // one per worker; one in all for the output layer
    Buffer<float> transposed;  // (fan_out, row of the layer below): the weights without the bias
    Buffer<float> a;           // (batch, row): activations
    Buffer<float> delta;       // (batch, row): d loss / d pre-activation
  };

  // What a worker keeps to itself: the mini-batch as it reads it. Bytes are multiplied as they are,
  // x = scale * u + shift being folded into the product: the zeros among them can be skipped.
  struct Desk {
    Buffer<float> x;                 // (capacity, x_row): u for bytes, x for floats
    Buffer<std::uint64_t> touched;   // (capacity, mask_row): which features of a row are not zero
    Buffer<std::uint64_t> touching;  // (features, capacity / 64): the same, transposed
    Buffer<float> shift;             // (row of the first layer): scratch for what the folding adds
    bool sparse = false;             // enough zeros to be worth skipping
  };

  // Where the rows of a mini-batch come from: sample numbers of the loaded images, or rows of x.
  struct Batch {
    int64_t rows;
    const int64_t* order;           // (rows,) or null
    const float* x;                 // (rows, features) if order is null
    const int64_t* labels;          // (rows,) if order is null; null for a forward pass alone
    float scale, shift;             // of the rows as they lie on the desk
    std::span<const int64_t> next;  // sample numbers that will be gathered after these
  };

  class InUse;

  void reserve(int64_t rows);
  int64_t label_of(const Batch& batch, int64_t row) const;

  // The phases of a step (step.cpp); each does one worker's part.
  void gather(const Batch& batch, Pool::Share rows, Desk& desk);
  void find_zeros(const Batch& batch, Desk& desk);
  void forward_hidden(int64_t l, const Batch& batch, int worker);
  void forward_output(const Batch& batch, int worker);
  void judge(const Batch& batch, int worker);
  void backprop_layer(int64_t l, int64_t rows, int worker);
  template <class Finish>
  void gradient(int64_t l, const Batch& batch, int worker, const Finish& finish);
  template <class Body>
  static void for_each_row(const Layer& layer, const Body& body);
  void store_gradient(int64_t l, const Batch& batch, float* out, int worker);
  void update_layer(int64_t l, const Batch& batch, float rate, int64_t step, int worker);

  // What a team does together, phase after phase.
  void run(const std::function<void(const Team&)>& job);
  void gather_all(const Batch& batch, const Team& team);
  void forward_to_output(const Batch& batch, const Team& team);
  void forward_and_judge(const Batch& batch, const Team& team);
  void backprop_to_first(int64_t rows, const Team& team);
  double batch_loss(int64_t rows) const;
  void hand_out(int64_t i, int64_t to, std::span<float* const> activations);

  Pool::Share units_of(int64_t l, int worker) const;
  bool owns_units() const;
  Batch batch_of(std::span<const int64_t> order, int64_t start, int64_t batch) const;
  Product<float> input_product(int64_t l, const Batch& batch, Pool::Share rows, const Slab& slab,
                               int worker);
  Desk& desk_of(int worker) { return desks_[one_desk_ ? 0 : worker]; }
  // The input of layer l: its rows and the floats from one to the next.
  const float* below(int64_t l, int worker) {
    return l ? layers_[l - 1].a.data() : desk_of(worker).x.data();
  }
  int64_t below_row(int64_t l) const { return l ? layers_[l - 1].row : x_row_; }

  const Recipe recipe_;
  const Kernels& kernels_;
  Pool pool_;
  mutable std::atomic<bool> in_use_{false};

  std::vector<Layer> layers_;
  int64_t x_row_;                // floats from one row of the mini-batch to the next
  int64_t capacity_ = 0;         // rows that the buffers below and in the layers have room for
  std::vector<Desk> desks_;      // one per worker
  bool shared_desk_ = false;     // one for all: a batch too large to keep several times
  bool one_desk_ = false;        // in this run: shared, or a single thread does all parts
  Buffer<float> sample_losses_;  // (capacity,)
  Buffer<std::uint8_t> sample_correct_;  // (capacity,)

  Images images_{nullptr, nullptr, 0, 0};
  std::vector<int64_t> labels_;
  float mean_ = 0, inverse_std_ = 1;
  bool folded_ = false;  // mean and std are folded into the products, not applied to the rows

  Optimizer optimizer_;
  int64_t step_ = 0;
  int64_t correct_ = 0;
};

}  // namespace cutaway
