// What a kernel may ask of its machine. Kernels are templates over it, so that the same source runs
// on a GPU and, one fiber per thread, in the emulation (emulated/machine.h), which offers the same:
//
//   thread() block() lane() warp()      who I am
//   shared()                            my block's memory, aligned to 16 bytes
//   block_sync()                        a barrier of my block
//   shuffle_xor(value, mask)            the value of lane ^ mask, a float or an int; all lanes of a
//                                       warp take part
//   mma_tf32(sums, a, b)                sums += A B, below; all lanes of a warp take part
// and to blocks that work together:
//   rank()                              which of them is mine
//   all_sync()                          a barrier of all of them
//   all_arrive() all_wait()             the same in two parts: others see what I wrote before I
//                                       arrived
//   mailbox() mail(rank)                where others write to me, and where I write to them
//   copy_async<bytes>(to, from)         4 or 16 bytes from global into shared memory, which
//   copy_wait()                         have come for whoever asked
//
// mma_tf32: A (16, 8), B (8, 8) and the sums (16, 8) are spread over the lanes, as PTX has it of
// mma.m16n8k8 in tf32. With group = lane / 4 and part = lane % 4, a lane has
//   a[i]      of A: row group + 8 (i % 2), column part + 4 (i / 2)
//   b[i]      of B: row part + 4 i, column group
//   sums[i]   row group + 8 (i / 2), column 2 part + i % 2
// A and B must be rounded by to_tf32(). Products are exact; in which order, and to how many bits,
// the hardware adds eight of them and the sum is its own affair: it cuts bits off, where the
// emulation rounds. The bits are the same every time, but not the emulation's.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "cuda/kernels/jobs.h"

#ifdef __CUDACC__
#include <cooperative_groups.h>
#include <cuda_pipeline_primitives.h>

#define CUTAWAY_DEVICE __device__ __forceinline__
#define CUTAWAY_BOTH __host__ __device__ inline
#define CUTAWAY_UNROLL _Pragma("unroll")    // so that arrays stay in registers
#define CUTAWAY_ROLLED _Pragma("unroll 1")  // or large bodies would not fit the instruction cache
#define CUTAWAY_UNROLL_FOUR _Pragma("unroll 4")

namespace cutaway::cuda {

// Whether code is compiled for a GPU that has mma_tf32 (sm_80 and newer), if it is for one.
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
constexpr bool kHasTf32 = true;
#else
constexpr bool kHasTf32 = false;
#endif

extern __shared__ __align__(16) unsigned char dynamic_shared[];

// Byte i of a word as a number: put below the bits of 2^23, it is that much more.
CUTAWAY_DEVICE float byte_of(std::uint32_t word, int i, const Bytes& bytes) {
  return __uint_as_float(__byte_perm(word, bytes.above, 0x7440 + i)) - 8388608.0f;
}

// The nearest number with 10 bits after the point. Between two, the even one, by an instruction
// that GPUs have from sm_90 on; before, away from zero by three, which make infinities of the NaN
// that no arithmetic makes (the first 10 bits after the point are 0).
CUTAWAY_DEVICE float to_tf32(float value) {
  std::uint32_t bits;
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm("cvt.rn.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
#else
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
#endif
  return __uint_as_float(bits);
}

// A block by itself.
struct Block {
  CUTAWAY_DEVICE int thread() const { return static_cast<int>(threadIdx.x); }
  CUTAWAY_DEVICE int block() const { return static_cast<int>(blockIdx.x); }
  CUTAWAY_DEVICE int lane() const { return thread() % kWarp; }
  CUTAWAY_DEVICE int warp() const { return thread() / kWarp; }
  CUTAWAY_DEVICE float* shared() const { return reinterpret_cast<float*>(dynamic_shared); }
  CUTAWAY_DEVICE void block_sync() const { __syncthreads(); }
  template <class T>
  CUTAWAY_DEVICE T shuffle_xor(T value, int mask) const {
    return __shfl_xor_sync(~0u, value, mask);
  }
  CUTAWAY_DEVICE void mma_tf32(float (&sums)[4], const float (&a)[4], const float (&b)[2]) const {
    const auto bits = [](float value) { return __float_as_uint(value); };
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(bits(a[0])), "r"(bits(a[1])), "r"(bits(a[2])), "r"(bits(a[3])), "r"(bits(b[0])),
          "r"(bits(b[1])));
  }
  template <int kBytes>
  CUTAWAY_DEVICE void copy_async(void* to, const void* from) const {
    __pipeline_memcpy_async(to, from, kBytes);
  }
  CUTAWAY_DEVICE void copy_wait() const {
    __pipeline_commit();
    __pipeline_wait_prior(0);
  }
};

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
// Blocks that reach each other's shared memory (sm_90 and newer).
struct Cluster : Block {
  CUTAWAY_DEVICE explicit Cluster(const Epoch&) {}
  CUTAWAY_DEVICE int rank() const {
    return static_cast<int>(cooperative_groups::this_cluster().block_rank());
  }
  CUTAWAY_DEVICE void all_sync() const { cooperative_groups::this_cluster().sync(); }
  CUTAWAY_DEVICE void all_arrive() const { cooperative_groups::cluster_group::barrier_arrive(); }
  CUTAWAY_DEVICE void all_wait() const { cooperative_groups::cluster_group::barrier_wait(); }
  CUTAWAY_DEVICE float* mailbox() const { return shared(); }
  CUTAWAY_DEVICE float* mail(int rank) const {
    return cooperative_groups::this_cluster().map_shared_rank(shared(), rank);
  }
};
#endif

// Blocks that reach each other through global memory only.
struct Grid : Block {
  float* boxes;  // (ranks, floats)
  std::int64_t floats;

  CUTAWAY_DEVICE explicit Grid(const Epoch& job) : boxes(job.mail), floats(job.mail_floats) {}
  CUTAWAY_DEVICE int rank() const { return block(); }
  CUTAWAY_DEVICE void all_sync() const { cooperative_groups::this_grid().sync(); }
  CUTAWAY_DEVICE void all_arrive() const {}  // a grid's barrier is one call
  CUTAWAY_DEVICE void all_wait() const { all_sync(); }
  CUTAWAY_DEVICE float* mailbox() const { return mail(rank()); }
  CUTAWAY_DEVICE float* mail(int rank) const { return boxes + rank * floats; }
};

}  // namespace cutaway::cuda

#else
#define CUTAWAY_DEVICE inline
#define CUTAWAY_BOTH inline
#define CUTAWAY_UNROLL
#define CUTAWAY_ROLLED
#define CUTAWAY_UNROLL_FOUR

namespace cutaway::cuda {

inline float byte_of(std::uint32_t word, int i, const Bytes&) {
  return static_cast<float>((word >> (8 * i)) & 0xff);
}

inline float to_tf32(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7f800000) == 0x7f800000) return value;  // NaN and infinity stay as they are
  bits = (bits + 0xfff + (bits >> 13 & 1)) & ~0x1fffu;
  std::memcpy(&value, &bits, sizeof bits);
  return value;
}

}  // namespace cutaway::cuda
#endif

namespace cutaway::cuda {

// Over the lanes of a warp, in the same order for every lane.
template <class Comm, class T>
CUTAWAY_DEVICE T warp_sum(Comm& comm, T value) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2) value += comm.shuffle_xor(value, mask);
  return value;
}

template <class Comm>
CUTAWAY_DEVICE float warp_max(Comm& comm, float value) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2)
    value = fmaxf(value, comm.shuffle_xor(value, mask));
  return value;
}

}  // namespace cutaway::cuda
