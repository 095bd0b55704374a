// Stacks of matrix products, by the same kernels as the core. In: strided views whose stacks agree.
// Out: a contiguous stack. No broadcasting rules, no dtypes: those are Python's.
#pragma once

#include <cstdint>
#include <vector>

#include "interrupted.h"

namespace cutaway {

// matrices (..., rows, columns); every axis has a stride, in elements.
template <class T>
struct Stack {
  T* data;
  std::vector<std::int64_t> shape;    // of the stack, without rows and columns
  std::vector<std::int64_t> strides;  // as many; 0 repeats a matrix
  std::int64_t rows, columns, row_stride, column_stride;

  std::int64_t matrices() const;
  T* matrix(std::int64_t i) const;
};

// out = a b for every matrix of the stack; T is float or double. The rows of out are contiguous.
// False: interrupted.
template <class T>
bool matmul(Stack<const T> a, Stack<const T> b, Stack<T> out, int threads,
            const Interrupted& interrupted);

}  // namespace cutaway
