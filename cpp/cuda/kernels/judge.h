// The arithmetic of a single number or a single row: activations and their slopes, the judgement of
// an output, the update of a weight. The formulas are those of reference.py.
#pragma once

#include <cmath>

#include "cuda/kernels/comm.h"

namespace cutaway::cuda {

CUTAWAY_DEVICE float activate(Activation activation, float z) {
  switch (activation) {
    case Activation::sigmoid: {
      const float e = expf(-fabsf(z));
      return (z < 0 ? e : 1.0f) / (1.0f + e);
    }
    case Activation::relu:
      return z < 0 ? 0.0f : z;  // NaN stays NaN
    case Activation::tanh:
      return tanhf(z);
    default:
      return z;
  }
}

// f'(z) from a = f(z).
CUTAWAY_DEVICE float slope(Activation activation, float a) {
  switch (activation) {
    case Activation::sigmoid:
      return a * (1.0f - a);
    case Activation::relu:
      return a > 0 ? 1.0f : 0.0f;
    case Activation::tanh:
      return 1.0f - a * a;
    default:
      return 1.0f;
  }
}

// Over the lanes of a warp, in the same order for every lane.
template <class Comm>
CUTAWAY_DEVICE float warp_sum(Comm& comm, float value) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2) value += comm.shuffle_xor(value, mask);
  return value;
}

template <class Comm>
CUTAWAY_DEVICE float warp_max(Comm& comm, float value) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2)
    value = fmaxf(value, comm.shuffle_xor(value, mask));
  return value;
}

// A row's z becomes its activation. A warp does it: class k is the business of lane k % 32. Returns
// ln of the sum of e^z for a softmax, otherwise 0.
template <class Comm>
CUTAWAY_DEVICE float activate_row(Comm& comm, Activation activation, float* z, int classes) {
  if (activation != Activation::softmax) {
    CUTAWAY_ROLLED
    for (int k = comm.lane(); k < classes; k += kWarp) z[k] = activate(activation, z[k]);
    return 0;
  }
  float highest = -INFINITY, sum = 0;
  CUTAWAY_ROLLED
  for (int k = comm.lane(); k < classes; k += kWarp) highest = fmaxf(highest, z[k]);
  highest = warp_max(comm, highest);
  CUTAWAY_ROLLED
  for (int k = comm.lane(); k < classes; k += kWarp) sum += expf(z[k] - highest);
  sum = warp_sum(comm, sum);
  CUTAWAY_ROLLED
  for (int k = comm.lane(); k < classes; k += kWarp) z[k] = expf(z[k] - highest) / sum;
  return highest + logf(sum);  // ln of the sum of e^z
}

struct Verdict {
  float loss;
  bool correct;  // the label is the first largest output
};

// A row's z becomes its activation; deliver(k, delta) gets the slope of the loss by z. A warp does
// it, and all its lanes get the verdict.
template <class Comm, class Deliver>
CUTAWAY_DEVICE Verdict judge_row(Comm& comm, const Judging& how, int rows, float* z, int label,
                                 const Deliver& deliver) {
  const float scale = how.mean ? 1.0f / static_cast<float>(rows) : 1.0f;
  float loss = 0;  // this lane's part
  float own = 0;   // the label's z, then its activation
  CUTAWAY_ROLLED
  for (int k = comm.lane(); k < how.classes; k += kWarp) {
    if (k == label) own = z[k];
    if (how.loss == Loss::binary_cross_entropy)
      loss += fmaxf(z[k], 0.0f) + log1pf(expf(-fabsf(z[k])));
  }
  const float normaliser = activate_row(comm, how.activation, z, how.classes);
  if (label % kWarp == comm.lane()) {
    if (how.loss == Loss::binary_cross_entropy) loss -= own;
    if (how.loss == Loss::cross_entropy) loss += normaliser - own;
  }

  float mixed = 0;  // a softmax couples the classes: its Jacobian is diag(a) - a a^T
  const bool squares = how.loss == Loss::squared_error;
  if (squares && how.activation == Activation::softmax) {
    CUTAWAY_ROLLED
    for (int k = comm.lane(); k < how.classes; k += kWarp)
      mixed += 2.0f * (z[k] - (k == label ? 1.0f : 0.0f)) * z[k];
    mixed = warp_sum(comm, mixed);
  }
  own = 0;
  CUTAWAY_ROLLED
  for (int k = comm.lane(); k < how.classes; k += kWarp) {
    const float a = z[k], error = a - (k == label ? 1.0f : 0.0f);
    if (k == label) own = a;
    float delta = error;  // with softmax or sigmoid and their cross-entropy, that is all
    if (squares) {
      loss += error * error;
      delta = how.activation == Activation::softmax ? a * (2.0f * error - mixed)
                                                    : 2.0f * error * slope(how.activation, a);
    }
    deliver(k, delta * scale);
  }

  own = warp_sum(comm, own);
  float higher = 0;  // outputs that come before the label's; NaN is larger than any number
  CUTAWAY_ROLLED
  for (int k = comm.lane(); k < how.classes; k += kWarp) {
    const bool first = k < label;
    const bool beaten = first ? z[k] < own : z[k] <= own;
    const bool beats = own != own ? first && z[k] != z[k] : !beaten;
    if (k != label && beats) higher += 1.0f;
  }
  return {warp_sum(comm, loss), warp_sum(comm, higher) == 0.0f};
}

// What an optimizer makes of a weight, its memory (velocity, or m and v) and its gradient; the
// formulas stand in optimizer.py.
CUTAWAY_DEVICE void update(const Rule& rule, const Rates& now, float& weight, float& first,
                           float& second, float gradient) {
  const float g = gradient + rule.weight_decay * weight;
  if (rule.adam) {
    first += rule.gain1 * (g - first);
    second += rule.gain2 * (g * g - second);
    weight -= now.rate * first / (sqrtf(second) * now.v_scale + rule.eps);
  } else {
    first = rule.momentum * first + g;  // without momentum, g
    weight -= now.rate * first;
  }
}

// Weight i of many, with such memory as there is.
CUTAWAY_DEVICE void update(const Rule& rule, const Rates& now, float* weights, const Memory& memory,
                           std::int64_t i, float gradient) {
  float first = memory.first ? memory.first[i] : 0.0f;
  float second = memory.second ? memory.second[i] : 0.0f;
  update(rule, now, weights[i], first, second, gradient);
  if (memory.first) memory.first[i] = first;
  if (memory.second) memory.second[i] = second;
}

}  // namespace cutaway::cuda
