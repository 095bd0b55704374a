// What a kernel may ask of its machine. Kernels are templates over it, so that the same source runs
// on a GPU and, one fiber per thread, in the emulation (emulated/machine.h), which offers the same:
//
//   thread() block() lane() warp()      who I am
//   shared()                            my block's memory, aligned to 16 bytes
//   block_sync()                        a barrier of my block
//   shuffle_xor(value, mask)            the value of lane ^ mask, a float or an int; all lanes of a
//                                       warp take part
//   mma_tf32(sums, a, b)                sums += A B, below; all lanes of a warp take part
//   copy_async<bytes>(to, from)         4 or 16 bytes from global into shared memory, which
//   copy_wait()                         have come for whoever asked
//   copy_rows(to, rows, bytes, from)    rows, of a multiple of 16 bytes: from(row) to its place in
//   rows_wait()                         (rows, bytes). All threads ask. After copy_wait(), too,
//                                       they have come for who asked for them
// and to blocks that work together, which send each other floats, in rounds: first those of the box
// kSums, then those of kDeltas:
//   rank()                              which of them is mine
//   open()                              before all else: a barrier of all of them
//   expect(box, count)                  so many will come to my block in this round: said by one
//                                       thread, after all have received the round before
//   send(box, rank, place, value)       one to a place of another's mailbox, or of my own
//   sent()                              I send no more in this round
//   receive(box)                        so many have come; of other boxes nothing is said
//   mailbox()                           where they lie
// A place may be sent to again by who knows that it has been read. All threads do all of it, but
// for expect() and send().
//
// mma_tf32: A (16, 8), B (8, 8) and the sums (16, 8) are spread over the lanes, as PTX has it of
// mma.m16n8k8 in tf32. With group = lane / 4 and part = lane % 4, a lane has
//   a[i]      of A: row group + 8 (i % 2), column part + 4 (i / 2)
//   b[i]      of B: row part + 4 i, column group
//   sums[i]   row group + 8 (i / 2), column 2 part + i % 2
// A and B must be rounded by to_tf32(). Products are exact; in which order, and to how many bits,
// the hardware adds eight of them and the sum is its own affair: it cuts bits off, as the emulation
// does in its way. The bits are the same every time, but not the emulation's.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "cuda/kernels/jobs.h"

namespace cutaway::cuda {

// What comes into a block's memory from elsewhere: two boxes of mail, and rows. Each may be
// counted.
enum Incoming { kSums, kDeltas, kRows, kCounters };

// Whether code is compiled for a GPU that has mma_tf32 (sm_80 and newer), if it is for one.
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
constexpr bool kHasTf32 = true;
#else
constexpr bool kHasTf32 = false;
#endif

}  // namespace cutaway::cuda

#ifdef __CUDACC__
#include <cooperative_groups.h>
#include <cuda_pipeline_primitives.h>

#define CUTAWAY_CUDA_VERSION (__CUDACC_VER_MAJOR__ * 100 + __CUDACC_VER_MINOR__)
#define CUTAWAY_COUNTS_MAIL (CUTAWAY_CUDA_VERSION >= 1201)  // before, there was no st.async
// Where bulk copies go. Before CUDA 12.8 a block could not say that it is itself; on sm_120, who
// does not say it gets code for others, too.
#if CUTAWAY_CUDA_VERSION >= 1208
#define CUTAWAY_OWN_SHARED "cta"
#else
#define CUTAWAY_OWN_SHARED "cluster"
#endif

#define CUTAWAY_DEVICE __device__ __forceinline__
#define CUTAWAY_BOTH __host__ __device__ inline
#define CUTAWAY_UNROLL _Pragma("unroll")    // so that arrays stay in registers
#define CUTAWAY_ROLLED _Pragma("unroll 1")  // or large bodies would not fit the instruction cache
#define CUTAWAY_UNROLL_FOUR _Pragma("unroll 4")

namespace cutaway::cuda {

extern __shared__ __align__(16) unsigned char dynamic_shared[];

// Byte i of a word as a number, less an integer. Put below the bits of 2^23, it is that much more.
CUTAWAY_DEVICE float byte_of(std::uint32_t word, int i, const Bytes& bytes, float less = 0) {
  return __uint_as_float(__byte_perm(word, bytes.above, 0x7440 + i)) - (8388608.0f + less);
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

template <class Comm, class From>
CUTAWAY_DEVICE void copy_by_lanes(Comm& comm, void* to, int rows, int bytes, const From& from);

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
  template <class From>
  CUTAWAY_DEVICE void copy_rows(void* to, int rows, int bytes, const From& from) const {
    copy_by_lanes(*this, to, rows, bytes, from);
  }
  CUTAWAY_DEVICE void rows_wait() const {}  // copy_wait() has waited for them
};

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
// Blocks that reach each other's shared memory (sm_90 and newer). What comes there is counted by
// mbarriers. A phase of one ends when so many bytes have come as are expected, and makes them
// visible: that is a round of mail, or the rows that are asked for at once, by one instruction
// each. So nobody waits for a block that has nothing for him, and no fence for all that a thread
// has written anywhere. Where mail is not counted, a round ends at a barrier of all.
class Cluster : public Block {
 public:
  CUTAWAY_DEVICE explicit Cluster(const Epoch& job) : counted_(job.counted) {}
  CUTAWAY_DEVICE int rank() const {
    return static_cast<int>(cooperative_groups::this_cluster().block_rank());
  }
  CUTAWAY_DEVICE void open() const {
    if (thread() == 0) {
      CUTAWAY_UNROLL
      for (int i = 0; i < kCounters; ++i)
        asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(counter(i)) : "memory");
      asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    cooperative_groups::this_cluster().sync();
  }
  CUTAWAY_DEVICE void expect(Incoming box, int count) const {
    if (counted_) expect_bytes(box, count * static_cast<int>(sizeof(float)));
  }
  CUTAWAY_DEVICE void send(Incoming box, int to, std::int64_t place, float value) const {
    if (counted_) {
      send_counted(at_rank(to, address(shared() + place)), value, at_rank(to, counter(box)));
    } else {
      cooperative_groups::this_cluster().map_shared_rank(shared(), to)[place] = value;
    }
  }
  CUTAWAY_DEVICE void sent() const {
    if (!counted_) cooperative_groups::cluster_group::barrier_arrive();
  }
  CUTAWAY_DEVICE void receive(Incoming box) {
    if (counted_) {
      wait(box);
    } else {
      cooperative_groups::cluster_group::barrier_wait();
    }
  }
  CUTAWAY_DEVICE const float* mailbox() const { return shared(); }

  // A thread asks for a row. The threads of a warp take turns for that, so all warps share them.
  template <class From>
  CUTAWAY_DEVICE void copy_rows(void* to, int rows, int bytes, const From& from) const {
    if (thread() == 0) expect_bytes(kRows, rows * bytes);
    CUTAWAY_ROLLED
    for (int row = warp() + kWarps * lane(); row < rows; row += kThreads)
      copy_bulk(address(to) + row * bytes, from(row), bytes);
  }
  CUTAWAY_DEVICE void rows_wait() { wait(kRows); }

 private:
  // In shared memory: of this block, and from there of the one with a rank.
  CUTAWAY_DEVICE std::uint32_t address(const void* at) const {
    return static_cast<std::uint32_t>(__cvta_generic_to_shared(at));
  }
  CUTAWAY_DEVICE std::uint32_t counter(int i) const {
    return address(reinterpret_cast<std::uint64_t*>(shared()) + i);
  }
  CUTAWAY_DEVICE std::uint32_t at_rank(int to, std::uint32_t here) const {
    std::uint32_t there;
    asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(here), "r"(to));
    return there;
  }
  CUTAWAY_DEVICE void send_counted(std::uint32_t to, float value, std::uint32_t counts) const {
#if CUTAWAY_COUNTS_MAIL
    asm volatile(
        "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.f32 [%0], %1, [%2];" ::"r"(to),
        "f"(value), "r"(counts)
        : "memory");
#endif
  }
  CUTAWAY_DEVICE void copy_bulk(std::uint32_t to, const void* from, int bytes) const {
    asm volatile("cp.async.bulk.shared::" CUTAWAY_OWN_SHARED
                 ".global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(to),
                 "l"(__cvta_generic_to_global(from)), "r"(bytes), "r"(counter(kRows))
                 : "memory");
  }
  CUTAWAY_DEVICE void expect_bytes(int i, int bytes) const {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(counter(i)),
                 "r"(bytes)
                 : "memory");
  }
  CUTAWAY_DEVICE void wait(int i) {
    while (!over(i)) {
    }
    phases_ ^= 1u << i;
  }
  // Whether the phase is over. It is asked for some time before the answer is no. What comes from
  // the block itself is visible without L1 being emptied.
  CUTAWAY_DEVICE bool over(int i) const {
    const std::uint32_t at = counter(i), phase = phases_ >> i & 1;
    std::uint32_t yes;
    if (i == kRows) {
      asm volatile(
          "{ .reg .pred yes;"
          "mbarrier.try_wait.parity.acquire.cta.shared::cta.b64 yes, [%1], %2;"
          "selp.u32 %0, 1, 0, yes; }"
          : "=r"(yes)
          : "r"(at), "r"(phase)
          : "memory");
    } else {
      asm volatile(
          "{ .reg .pred yes;"
          "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 yes, [%1], %2;"
          "selp.u32 %0, 1, 0, yes; }"
          : "=r"(yes)
          : "r"(at), "r"(phase)
          : "memory");
    }
    return yes != 0;
  }

  const bool counted_;
  std::uint32_t phases_ = 0;  // a bit of every counter: whether the phase to come is odd
};
#endif

// Blocks that reach each other through global memory only. A round ends at a barrier of all.
class Grid : public Block {
 public:
  CUTAWAY_DEVICE explicit Grid(const Epoch& job) : boxes_(job.mail), floats_(job.mail_floats) {}
  CUTAWAY_DEVICE int rank() const { return block(); }
  CUTAWAY_DEVICE void open() const { cooperative_groups::this_grid().sync(); }
  CUTAWAY_DEVICE void expect(Incoming, int) const {}
  CUTAWAY_DEVICE void send(Incoming, int to, std::int64_t place, float value) const {
    boxes_[to * floats_ + place] = value;
  }
  CUTAWAY_DEVICE void sent() const {}  // a grid's barrier is one call
  CUTAWAY_DEVICE void receive(Incoming) const { cooperative_groups::this_grid().sync(); }
  CUTAWAY_DEVICE const float* mailbox() const { return boxes_ + rank() * floats_; }

 private:
  float* const boxes_;  // (ranks, floats)
  const std::int64_t floats_;
};

}  // namespace cutaway::cuda

#else
#define CUTAWAY_DEVICE inline
#define CUTAWAY_BOTH inline
#define CUTAWAY_UNROLL
#define CUTAWAY_ROLLED
#define CUTAWAY_UNROLL_FOUR

namespace cutaway::cuda {

inline float byte_of(std::uint32_t word, int i, const Bytes&, float less = 0) {
  return static_cast<float>((word >> (8 * i)) & 0xff) - less;
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

// A row to a warp, and 16 bytes of it to a lane at a time.
template <class Comm, class From>
CUTAWAY_DEVICE void copy_by_lanes(Comm& comm, void* to, int rows, int bytes, const From& from) {
  CUTAWAY_ROLLED
  for (int row = comm.warp(); row < rows; row += kWarps) {
    const auto* const source = static_cast<const char*>(from(row));
    char* const place = static_cast<char*>(to) + row * bytes;
    CUTAWAY_ROLLED
    for (int at = 16 * comm.lane(); at < bytes; at += 16 * kWarp)
      comm.template copy_async<16>(place + at, source + at);
  }
}

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
