// All kernels, and the table of them. Included by one .cpp per instruction set, in a namespace of
// its own, after the set's vectors (simd/). In: raw pointers and sizes. Out: table(name).
//
// Vector lanes run over output columns, and every output element is one chain of fused
// multiply-adds in the order of k: neither the vector width nor the way that the work is cut
// between threads changes a bit.

#include "cpu/kernels/simd/math.inl"

#include "cpu/kernels/activations.inl"
#include "cpu/kernels/gather.inl"
#include "cpu/kernels/output.inl"

#include "cpu/kernels/dense.inl"

#include "cpu/kernels/bytes.inl"

#include "cpu/kernels/product.inl"

#include "cpu/kernels/peak.inl"

constexpr Kernels table(const char* name) {
  return {
      .name = name,
      .unpack = unpack,
      .normalise = normalise,
      .find_non_zero = find_non_zero,
      .transpose = transpose,
      .transpose_floats = transpose_floats,
      .dense = products_of<Dense<float>>(),
      .byte_columns = products_of<ByteColumns>(),
      .sparse_tiles = products_of<SparseTiles>(),
      .store_byte_rows = store_product<ByteRows>,
      .store_sparse_rows = store_product<SparseRows>,
      .store_stack = store_stack<float>,
      .store_stack64 = store_stack<double>,
      .join = join,
      .activate = activate,
      .derive = derive,
      .softmax = softmax,
      .loss_row = loss_row,
      .multiply_adds = multiply_adds,
  };
}
