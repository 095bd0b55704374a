// The kernels for NEON, which every 64-bit processor of ARM has.
#include <arm_neon.h>

#include "cpu/kernels/table.h"

namespace cutaway {
namespace neon {

#include "cpu/kernels/simd/neon.inl"

#include "cpu/kernels/kernels.inl"

}  // namespace neon

const Kernels kernels_neon = neon::table("neon");

}  // namespace cutaway
