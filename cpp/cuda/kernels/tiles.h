// What products in tiles have in common, however they multiply: operands, which are read element by
// element, so that a transposed matrix or one with a column of ones is another operand; and slices
// of them, on their way to shared memory.
#pragma once

#include "cuda/kernels/comm.h"

namespace cutaway::cuda {

// A number that is known when compiling, to be handed to a generic function.
template <int N>
struct Count {
  static constexpr int value = N;
};

CUTAWAY_BOTH std::int64_t tiles(std::int64_t rows, std::int64_t columns, int tile) {
  return (rows + tile - 1) / tile * ((columns + tile - 1) / tile);
}

// The operands of a product: where a line begins, and how far it is from one depth to the next;
// kAlongDepth tells that lines run along memory.

template <bool kTransposed>
struct Matrix {  // (depth, lines), or transposed
  static constexpr bool kAlongDepth = kTransposed;
  const float* values;
  std::int64_t row;  // values from one row to the next

  CUTAWAY_DEVICE const float* begin(std::int64_t line) const {
    return values + (kTransposed ? line * row : line);
  }
  CUTAWAY_DEVICE std::int64_t step() const { return kTransposed ? 1 : row; }
  CUTAWAY_DEVICE float value(std::int64_t, float read) const { return read; }
};

struct WithOnes {  // a column of ones, for the biases, and then x: (depth, 1 + row)
  static constexpr bool kAlongDepth = false;
  const float* x;
  std::int64_t row;

  CUTAWAY_DEVICE const float* begin(std::int64_t line) const { return x + (line ? line - 1 : 0); }
  CUTAWAY_DEVICE std::int64_t step() const { return row; }
  CUTAWAY_DEVICE float value(std::int64_t line, float read) const { return line ? read : 1.0f; }
};

// Part of an operand, on its way from global to shared memory through the registers of all threads.
// Spread tells which a thread has of its kDepth depths: kDepths, the first being depth(thread), the
// others below(d) deeper; of each of kLines lines, from line(thread) on, kLineStep apart.
template <class Spread, class Operand>
struct Slice {
  const Operand from;
  std::int64_t first;  // line
  int line, depth;     // of the thread's first value, in the slice
  const float* begins[Spread::kLines];
  float values[Spread::kLines][Spread::kDepths];

  // A line that is not there is read as the last one; its sums are nobody's.
  CUTAWAY_DEVICE Slice(int thread, const Operand& operand, std::int64_t line0, std::int64_t lines)
      : from(operand) {
    line = Spread::line(thread);
    depth = Spread::depth(thread);
    first = line0 + line;
    CUTAWAY_UNROLL
    for (int l = 0; l < Spread::kLines; ++l) {
      const std::int64_t wanted = first + l * Spread::kLineStep;
      begins[l] = from.begin(wanted < lines ? wanted : lines - 1) + depth * from.step();
    }
  }
  // The next of `left` depths.
  CUTAWAY_DEVICE void fetch(std::int64_t left) {
    const std::int64_t step = from.step();
    const int there = static_cast<int>(left < Spread::kDepth ? left : Spread::kDepth);
    CUTAWAY_UNROLL
    for (int l = 0; l < Spread::kLines; ++l) {
      CUTAWAY_UNROLL
      for (int d = 0; d < Spread::kDepths; ++d) {
        float& value = values[l][d];
        value = 0;
        if (depth + Spread::below(d) < there)
          value = from.value(first + l * Spread::kLineStep, begins[l][Spread::below(d) * step]);
      }
      begins[l] += Spread::kDepth * step;
    }
  }
};

}  // namespace cutaway::cuda
