// What the kernels are told: plain structs that the host, the GPU and the emulation understand
// alike. All pointers are the device's; those with a default may be null. A mini-batch has `rows`
// samples; matrices are row-major.
#pragma once

#include <cstdint>

#include "terms.h"

namespace cutaway::cuda {

constexpr int kThreads = 256;  // of every block
constexpr int kWarp = 32;      // threads
constexpr int kWarps = kThreads / kWarp;

// Which mini-batch of a learn() it is. Kept on the device, so that a recorded step can be replayed
// as it is. The kernels up to OutputLoss read `forward`, which OutputLoss copies to `update`; those
// after it read `update` and set `forward` to the next. No kernel reads what it writes.
struct Clock {
  std::int64_t forward, update;
};

// Where a mini-batch begins in the order.
struct Place {
  const std::int64_t* step = nullptr;  // one half of a Clock; null for the first
  std::int64_t batch = 0;              // samples per step
};

// Images, of bytes or of floats: they stand for (value - mean) * inverse_std.
struct Pixels {
  const std::uint8_t* bytes = nullptr;  // (n, pitch); either these are set
  const float* floats = nullptr;        // (n, pitch); or these
  std::int64_t pitch;                   // values from one image to the next
  float mean, inverse_std;
};

// x = the images of a mini-batch, normalised
struct Gather {
  Pixels images;
  const int* order = nullptr;  // the numbers of the images, or null: as they lie
  Place place = {};
  float* x;  // (rows, features)
  int rows, features;
};

// a = f(x W + b)
struct Forward {
  const float* x;         // (rows, fan_in)
  const float* weights;   // (1 + fan_in, fan_out), row 0 the bias
  float* a;               // (rows, fan_out)
  Activation activation;  // identity for an output that OutputLoss or Activate completes
  int rows, fan_in, fan_out;
  bool tf32 = false;  // the product's operands, rounded for tensor cores
};

// An output and its loss.
struct LossSettings {
  Activation activation;
  Loss loss;
  int classes;
  bool mean;  // over the mini-batch; otherwise the losses are added
};

// The output's z becomes its activation; the loss, and its slope by z.
struct OutputLoss {
  LossSettings output;
  float* z;                    // (rows, classes); a afterwards
  float* delta = nullptr;      // (rows, classes), if somebody wants it
  const int* labels;           // of the images
  const int* order = nullptr;  // as Gather's
  Place place = {};
  Clock* clock = nullptr;
  float* sample_losses;          // (samples of the order,)
  std::uint8_t* sample_correct;  // (samples of the order,)
  int rows;
};

// The output's z becomes its activation, without a label.
struct Activate {
  Activation activation;
  float* z;  // (rows, classes); a afterwards
  int rows, classes;
};

// delta_below = (delta W^T) * f'(z_below)
struct Backprop {
  const float* delta;    // (rows, fan_out)
  const float* weights;  // (1 + fan_in, fan_out)
  const float* a_below;  // (rows, fan_in)
  float* delta_below;    // (rows, fan_in)
  Activation activation_below;
  int rows, fan_in, fan_out;
  bool tf32 = false;  // the product's operands, rounded for tensor cores
};

// An optimizer's constants, and what changes from step to step.
struct Rule {
  bool adam;
  float momentum, weight_decay;
  float gain1, gain2;  // 1 - beta1, 1 - beta2
  float eps;
};
struct Rates {
  float rate;     // SGD: the learning rate. Adam: that, / (1 - beta1^t)
  float v_scale;  // Adam: 1 / sqrt(1 - beta2^t)
};
struct Memory {
  float* first = nullptr;   // velocity or m, as weights
  float* second = nullptr;  // v
};

// gradient = (1, x)^T delta, and what is done with it.
struct Update {
  const float* x;             // (rows, fan_in)
  const float* delta;         // (rows, fan_out)
  float* gradient = nullptr;  // (1 + fan_in, fan_out): stored here; or the weights are updated
  float* weights = nullptr;   // (1 + fan_in, fan_out)
  Memory memory = {};
  Rule rule = {};
  const Rates* rates = nullptr;  // (steps,)
  Clock* clock = nullptr;
  int rows, fan_in, fan_out;
  bool tf32 = false;  // the product's operands, rounded for tensor cores
};

// One step of the optimizer with a gradient from elsewhere.
struct ApplyGradient {
  const float* gradient;  // (count,)
  float* weights;         // (count,)
  Memory memory;
  Rule rule;
  Rates rates;  // of this step
  std::int64_t count;
};

// What is told of a mini-batch.
struct Summary {
  float loss;
  int correct;
};

// What was found of the samples becomes the mini-batches'.
struct Tally {
  const float* sample_losses;          // (n,)
  const std::uint8_t* sample_correct;  // (n,)
  std::int64_t n, batch, steps;
  bool mean;
  Summary* summaries;  // (steps,)
};

// What is told of an evaluation.
struct Total {
  double loss;
  std::int64_t correct;
};

// What was found of the samples, added up.
struct AddUp {
  const float* sample_losses;          // (n,)
  const std::uint8_t* sample_correct;  // (n,)
  std::int64_t n;
  Total* total;  // one
};

// What makes numbers of bytes. It is data, because ptxas would make an operand of a constant, and
// move what selects the byte to a register instead, for every byte anew; below sm_90 it does so all
// the same.
struct Bytes {
  std::uint32_t above = 0x4B000000;  // the bits of 2^23
};

// Many steps of a network with one hidden layer, in one launch (epoch.h).
struct Epoch {
  // (n, pitch): padded with anything to 16 bytes times an odd number, so that lanes which read a
  // row each hit all banks.
  const std::uint8_t* images;
  std::int64_t pitch;
  float mean, inverse_std;
  bool tf32 = false;  // products of pixels are taken on tensor cores (epoch_tf32.h)
  Bytes bytes = {};
  const int* labels;  // of the images

  const int* order;                  // (n,)
  std::int64_t n, batch;             // samples, of all and of a mini-batch
  std::int64_t first = 0, last = 0;  // of the order: the mini-batches [first, last)
  const Rates* rates;                // (steps,)
  float* sample_losses;              // (n,)
  std::uint8_t* sample_correct;      // (n,)

  int features, hidden;
  float* weights[2];  // (1 + features, hidden), (1 + hidden, classes)
  Memory memory[2];
  Rule rule;
  Activation activation;  // of the hidden layer
  LossSettings output;

  int ranks;       // blocks that share the hidden units: a power of two
  int units;       // of a block: 2, 4, 8 or 16
  int group = 64;  // images that are summed at a time, or 32
  int stages = 0;  // groups of them that are kept (epoch_batches.h): 2 to fetch the next, or 1
  bool cluster;    // the blocks reach each other's shared memory, where the mailboxes lie;
  bool counted;    // their mail is counted (comm.h), or else they meet at barriers
  float* mail = nullptr;  // without a cluster, the mailboxes lie here, (ranks, mail_floats)
  std::int64_t mail_floats = 0;
};

}  // namespace cutaway::cuda
