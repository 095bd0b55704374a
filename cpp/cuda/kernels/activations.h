// Activations and their slopes, of a number and of a row. In: z, the pre-activations. Out: a =
// f(z). The formulas are those of reference.py.
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

}  // namespace cutaway::cuda
