// The kernels for any processor: vectors of 16 bytes, no fused multiply-add.
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define CUTAWAY_ISA generic
#define CUTAWAY_ISA_NAME "generic"
#include "cpu/kernels/kernels.inl"
