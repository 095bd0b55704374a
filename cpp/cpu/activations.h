// The activations by themselves, for users who write their own loop: float by the core's kernels,
// double by the standard library.
#pragma once

#include <cstdint>

#include "terms.h"

namespace cutaway {

// values = f(values), in place; softmax over rows of `columns`.
template <class T>
void activate(Activation activation, T* values, std::int64_t rows, std::int64_t columns);

// slopes = f'(z), given a = f(z); not for softmax, whose derivative is a matrix.
template <class T>
void slopes(Activation activation, const T* a, T* out, std::int64_t n);

}  // namespace cutaway
