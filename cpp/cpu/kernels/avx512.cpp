// The kernels for AVX-512 (F, BW, DQ, VL): vectors of 64 bytes, 32 registers.
#include <immintrin.h>

#define CUTAWAY_ISA avx512
#define CUTAWAY_ISA_NAME "avx512"
#include "cpu/kernels/kernels.inl"
