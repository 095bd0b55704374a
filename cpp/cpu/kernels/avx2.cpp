// The kernels for AVX2 with FMA: vectors of 32 bytes, 16 registers.
#include <immintrin.h>

#define CUTAWAY_ISA avx2
#define CUTAWAY_ISA_NAME "avx2"
#include "cpu/kernels/kernels.inl"
