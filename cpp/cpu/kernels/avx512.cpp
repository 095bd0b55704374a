// The kernels for AVX-512 (F, BW, DQ, VL).
#include <immintrin.h>

#include "cpu/kernels/table.h"

namespace cutaway {
namespace avx512 {

#include "cpu/kernels/simd/avx512.inl"

#include "cpu/kernels/kernels.inl"

}  // namespace avx512

const Kernels kernels_avx512 = avx512::table("avx512");

}  // namespace cutaway
