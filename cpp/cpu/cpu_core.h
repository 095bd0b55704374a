// The CPU's core: gather -> forward -> backprop -> update, on a pool of threads that meet at a
// barrier where one needs what another has made. In: the views of core.h. Out: losses, weights,
// gradients.
#pragma once

#include <atomic>
#include <optional>
#include <span>
#include <vector>

#include "core.h"
#include "cpu/buffer.h"
#include "cpu/kernels/table.h"
#include "cpu/pool.h"

namespace cutaway {

inline int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

// Floats from one row of a matrix to the next: whole vectors, and never a multiple of 1 KiB, at
// which the rows of a column would all fall into the same few sets of the cache.
inline int64_t row_of(int64_t columns) {
  const int64_t row = round_up(columns, kLanes);
  return row > 0 && row % 256 == 0 ? row + kLanes : row;
}

// The sum of the k rows of b as a product: with ones, which are all the same one.
inline Product<Dense<float>> sum_of_rows(const float* b, int64_t k, int64_t columns, int64_t row) {
  static constexpr float kOne = 1;
  return {
      .m = 1, .n = columns, .k = k, .a = {.at = &kOne, .row = 0, .col = 0}, .b = b, .b_row = row};
}

class CpuCore final : public Core {
 public:
  CpuCore(Architecture architecture, int threads);

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
  std::optional<double> backprop(View<const float> x, std::span<const int64_t> labels,
                                 std::span<float* const> gradients,
                                 const Interrupted& interrupted) override;
  std::optional<double> gradients(std::span<const int64_t> order, std::span<float* const> gradients,
                                  const Interrupted& interrupted) override;
  void weights(int64_t layer, float* values) const override;
  void set_weights(int64_t layer, const float* values) override;

  int threads() const { return pool_.workers(); }

 private:
  // Some rows and columns of a layer's (1 + fan_in, fan_out), in memory of their own: two threads
  // that write neighbouring cache lines slow each other down by a half.
  struct Slab {
    int64_t first;  // its first row; row 0 is the bias
    int64_t rows;
    Range units;              // its columns, padding included
    int64_t row;              // floats from one row to the next
    Buffer<float> weights;    // (rows, row); columns of padding stay zero
    Buffer<float> memory[2];  // the optimizer's: velocity, or m and v; as weights, or empty
    Buffer<float> gradient;   // as weights, where a step takes so long that it may be interrupted

    int64_t columns() const { return units.size(); }
  };
  struct Layer {
    int64_t fan_in, fan_out;
    int64_t row;  // floats from one row of a and delta to the next
    Activation activation;
    std::vector<Slab> slabs;   // the bias; then one per worker at the first layer, above it one per
                               // kPanel units
    Buffer<float> transposed;  // above the first layer, (fan_in / kPanel, fan_out, kPanel): the
                               // weights without the bias
    Buffer<float> a;           // (batch, row): activations
    Buffer<float> delta;       // (batch, row): d loss / d pre-activation

    Slab& bias() { return slabs[0]; }
    Slab& worker_slab(int worker) { return slabs[static_cast<std::size_t>(1 + worker)]; }
    std::span<Slab> panels() { return std::span(slabs).subspan(1); }
  };

  // A share of the inputs, as the mini-batch has them. Bytes are multiplied as they are, x = scale
  // * u + shift being folded into the product: the zeros among them can be skipped.
  struct InputShare {
    Range inputs;                           // a worker reads no others, unless it is alone
    Range parts;                            // which parts these are
    bool sparse = false;                    // enough zeros to be worth skipping
    std::vector<const std::uint8_t*> rows;  // (batch,): where the bytes of a row lie, if bytes
    Buffer<std::uint64_t> row_masks;        // (batch, inputs / 64): which of them are not zero
    Buffer<std::uint8_t> columns;           // (batch / 64, inputs, 64): the bytes, transposed
    Buffer<std::uint64_t> column_masks;     // (batch / 64, inputs)
    Buffer<float> x;                        // (batch, x_row): normalised, if not folded
    int64_t x_row;
  };

  // Rows of images, and how they are multiplied: x = scale * u + shift.
  struct Batch {
    int64_t rows;
    Images images;
    const int64_t* order;   // (rows,) the numbers of the images, or null: those from `first` on, as
                            // floats just as they are
    const int64_t* labels;  // of the images, or null for a forward pass alone
    float mean, inverse_std;
    bool folded;  // these two are folded into the product, not applied to the rows
    std::span<const int64_t> next;  // images that will be gathered after these
    int64_t first = 0;              // image of row 0, which may be before the first image

    int64_t image(int64_t i) const { return order ? order[i] : first + i; }
    bool in_place() const { return !order && images.floats; }
    float scale() const { return folded ? inverse_std : 1; }
    float shift() const { return folded ? -mean * inverse_std : 0; }
  };

  void reserve(int64_t rows);
  bool reserve_gradients(int64_t rows);
  Batch batch_of(std::span<const int64_t> order, int64_t start, int64_t batch) const;
  static Batch batch_of(Images x, const int64_t* labels, float mean, float std);

  // The phases of a step (step.cpp); each does one worker's part.
  bool find_zeros(const Batch& batch, Range rows, InputShare& share) const;
  void unpack(const Batch& batch, Range rows, Range inputs, InputShare& share) const;
  void gather(const Batch& batch, int worker);
  void prefetch(const Batch& batch, Range inputs) const;
  void sum_weights(int worker);
  void multiply_inputs(const Batch& batch, const Team& team, int worker, Range rows, bool sparse);
  void forward_rows(const Batch& batch, const Team& team, int worker, Range rows, int64_t top);
  void activate_output(int64_t i);
  void output_loss(const Batch& batch, Range rows);
  void backprop_rows(const Team& team, Range rows);

  // The last phase (update.cpp).
  template <class Epilogue>
  void gradient(int64_t l, const Batch& batch, int worker, const Epilogue& epilogue);
  void store_gradient(int64_t l, const Batch& batch, const Team& team, float* out, int worker);
  void keep_gradient(int64_t l, const Batch& batch, const Team& team, int worker);
  template <class A>
  void update_rows(Slab& slab, int64_t i, const Products<A>& products, const Product<A>& gradient,
                   float rate, int64_t step);
  void update_layer(int64_t l, const Batch& batch, float rate, int64_t step, int worker);
  template <class RowOf>
  void apply_rows(int64_t l, int worker, float rate, int64_t step, const RowOf& row_of);
  void apply(int64_t l, const float* gradient, float rate, int64_t step, int worker);
  void apply_kept(int64_t l, float rate, int64_t step, int worker);
  void transpose_rows(int64_t l, const Slab& slab, Range rows);

  // What a team does together, phase after phase; false: interrupted.
  bool learn_from(const Batch& batch, const Team& team);
  std::optional<double> gradients_of(const Batch& batch, std::span<float* const> gradients,
                                     const Interrupted& interrupted);
  template <class Use>
  bool forward_blocks(Batch batch, int64_t top, const Interrupted& interrupted, const Use& use);
  template <class Job>
  bool work(const Interrupted& interrupted, const Job& job);
  double batch_loss(int64_t rows) const;

  template <class Body>
  static void for_each_row(const Layer& layer, const Body& body);
  Range rows_of(const Batch& batch, int worker) const {
    return Pool::share(batch.rows, 1, worker, pool_.workers());
  }
  InputShare& share_of(int worker) {
    return shares_[static_cast<std::size_t>(worker / workers_per_share_)];
  }

  // Units whose weights lie together, above the first layer: as many as a block of a product has,
  // so that it reads memory in its order.
  static constexpr int64_t kPanel = 64;
  // Rows that go through all layers before others do, at most.
  static constexpr int64_t kRowsAtOnce = 128;

  const Architecture architecture_;
  const Kernels& kernels_;
  Pool pool_;
  mutable std::atomic<bool> in_use_{false};

  std::vector<Layer> layers_;
  std::vector<InputShare> shares_;
  int workers_per_share_;  // each owns some units of the first layer, for all inputs of the share

  // The first layer's sums over the inputs are split: made part by part and joined pair by pair, so
  // that threads can share the inputs and the bits do not depend on how many do.
  static constexpr int64_t kMostParts = 4;
  std::vector<Range> parts_;                // of the inputs
  std::vector<Buffer<float>> part_sums_;    // per part (batch, row)
  std::vector<Buffer<float>> weight_sums_;  // per part (row,): the sum of the weights' rows
  bool weight_sums_known_ = false;          // as the weights are now
  std::vector<Buffer<float>> scratch_;      // per worker (the longest row of a layer)
  std::vector<Buffer<float>> panels_;       // per worker (batch, kPanel), if a layer has several

  int64_t capacity_ = 0;           // rows that the buffers have room for
  Buffer<int64_t> sample_labels_;  // (capacity,), the two below alike
  Buffer<float> sample_losses_;
  Buffer<std::uint8_t> sample_correct_;

  Images images_{nullptr, nullptr, 0, 0};
  std::vector<int64_t> labels_;
  float mean_ = 0, inverse_std_ = 1;
  bool folded_ = false;  // mean and std are folded into the products, not applied to the rows

  Optimizer optimizer_;
  int64_t step_ = 0;
  int64_t correct_ = 0;
};

}  // namespace cutaway
