// The kernels for AVX2 with FMA.
#include <immintrin.h>

#include "cpu/kernels/table.h"

namespace cutaway {
namespace avx2 {

#include "cpu/kernels/simd/avx2.inl"

#include "cpu/kernels/kernels.inl"

}  // namespace avx2

const Kernels kernels_avx2 = avx2::table("avx2");

}  // namespace cutaway
