// The kernels for any processor.
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "cpu/kernels/table.h"

namespace cutaway {
namespace generic {

#include "cpu/kernels/simd/generic.inl"

#include "cpu/kernels/kernels.inl"

}  // namespace generic

const Kernels kernels_generic = generic::table("generic");

}  // namespace cutaway
