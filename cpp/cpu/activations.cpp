#include "cpu/activations.h"

#include <algorithm>
#include <cmath>

#include "cpu/kernels/dispatch.h"

namespace cutaway {
namespace {

double value(Activation activation, double z) {
  switch (activation) {
    case Activation::sigmoid: {
      const double e = std::exp(-std::abs(z));  // never overflows
      return (z < 0 ? e : 1) / (1 + e);
    }
    case Activation::relu:
      return z < 0 ? 0 : z;  // NaN stays NaN
    case Activation::tanh:
      return std::tanh(z);
    default:
      return z;
  }
}

double slope(Activation activation, double a) {
  switch (activation) {
    case Activation::sigmoid:
      return a * (1 - a);
    case Activation::relu:
      return a > 0 ? 1 : 0;
    case Activation::tanh:
      return 1 - a * a;
    default:
      return 1;
  }
}

void softmax(double* row, std::int64_t n) {
  double highest = row[0];
  for (std::int64_t j = 1; j < n; ++j)
    if (!(row[j] <= highest)) highest = row[j];  // also takes a NaN, which then spreads
  double sum = 0;
  for (std::int64_t j = 0; j < n; ++j) sum += row[j] = std::exp(row[j] - highest);
  for (std::int64_t j = 0; j < n; ++j) row[j] /= sum;
}

}  // namespace

template <>
void activate(Activation activation, float* values, std::int64_t rows, std::int64_t columns) {
  if (activation != Activation::softmax)
    return kernels().activate(activation, values, rows * columns);
  if (columns == 0) return;
  for (std::int64_t i = 0; i < rows; ++i) kernels().softmax(values + i * columns, columns);
}

template <>
void activate(Activation activation, double* values, std::int64_t rows, std::int64_t columns) {
  if (activation == Activation::softmax) {
    if (columns == 0) return;
    for (std::int64_t i = 0; i < rows; ++i) softmax(values + i * columns, columns);
  } else {
    for (std::int64_t i = 0; i < rows * columns; ++i) values[i] = value(activation, values[i]);
  }
}

template <>
void slopes(Activation activation, const float* a, float* out, std::int64_t n) {
  std::fill_n(out, n, 1.0f);
  kernels().derive(activation, a, out, n);
}

template <>
void slopes(Activation activation, const double* a, double* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = slope(activation, a[i]);
}

}  // namespace cutaway
