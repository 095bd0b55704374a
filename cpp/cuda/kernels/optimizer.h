// What an optimizer does to a weight. In: the weight, what is remembered of it, its gradient. Out:
// both, updated.
#pragma once

#include <cmath>
#include <cstdint>

#include "cuda/kernels/comm.h"

namespace cutaway::cuda {

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
