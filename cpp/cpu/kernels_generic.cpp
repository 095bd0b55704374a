// The kernels for any processor: vectors of 16 bytes, no fused multiply-add.
#define CUTAWAY_ISA generic
#define CUTAWAY_ISA_NAME "generic"
#include "cpu/kernels.inl"
