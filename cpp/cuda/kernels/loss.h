// The loss of a sample. In: a row of the output's z, and its label. Out: its activations, the loss,
// whether the label was found, and the slope of the loss by z. The formulas are those of
// reference.py.
#pragma once

#include <cmath>

#include "cuda/kernels/activations.h"

namespace cutaway::cuda {

struct SampleLoss {
  float loss;    // summed over the classes
  bool correct;  // the label is the first largest output
};

// A row's z becomes its activation; deliver(k, delta) gets the slope of the loss by z. A warp does
// it, and every lane gets its part of the loss.
template <class Comm, class Deliver>
CUTAWAY_DEVICE float slopes_of_row(Comm& comm, const LossSettings& output, int rows, float* z,
                                   int label, const Deliver& deliver) {
  const float scale = output.mean ? 1.0f / static_cast<float>(rows) : 1.0f;
  float loss = 0;
  float own = 0;  // the label's z
  CUTAWAY_ROLLED
  for (int k = comm.lane(); k < output.classes; k += kWarp) {
    if (k == label) own = z[k];
    if (output.loss == Loss::binary_cross_entropy)
      loss += fmaxf(z[k], 0.0f) + log1pf(expf(-fabsf(z[k])));
  }
  const float normaliser = activate_row(comm, output.activation, z, output.classes);
  if (label % kWarp == comm.lane()) {
    if (output.loss == Loss::binary_cross_entropy) loss -= own;
    if (output.loss == Loss::cross_entropy) loss += normaliser - own;
  }

  float mixed = 0;  // a softmax couples the classes: its Jacobian is diag(a) - a a^T
  const bool squares = output.loss == Loss::squared_error;
  if (squares && output.activation == Activation::softmax) {
    CUTAWAY_ROLLED
    for (int k = comm.lane(); k < output.classes; k += kWarp)
      mixed += 2.0f * (z[k] - (k == label ? 1.0f : 0.0f)) * z[k];
    mixed = warp_sum(comm, mixed);
  }
  CUTAWAY_ROLLED
  for (int k = comm.lane(); k < output.classes; k += kWarp) {
    const float a = z[k], error = a - (k == label ? 1.0f : 0.0f);
    float delta = error;  // with softmax or sigmoid and their cross-entropy, that is all
    if (squares) {
      loss += error * error;
      delta = output.activation == Activation::softmax ? a * (2.0f * error - mixed)
                                                       : 2.0f * error * slope(output.activation, a);
    }
    deliver(k, delta * scale);
  }
  return loss;
}

// What the warp has found of a row of activations; all its lanes get it.
template <class Comm>
CUTAWAY_DEVICE SampleLoss judge_row(Comm& comm, int classes, const float* a, int label,
                                    float part_of_loss) {
  const float own = warp_sum(comm, label % kWarp == comm.lane() ? a[label] : 0.0f);
  float higher = 0;  // outputs that come before the label's; NaN is larger than any number
  CUTAWAY_ROLLED
  for (int k = comm.lane(); k < classes; k += kWarp) {
    const bool first = k < label;
    const bool beaten = first ? a[k] < own : a[k] <= own;
    const bool beats = own != own ? first && a[k] != a[k] : !beaten;
    if (k != label && beats) higher += 1.0f;
  }
  return {warp_sum(comm, part_of_loss), warp_sum(comm, higher) == 0.0f};
}

}  // namespace cutaway::cuda
