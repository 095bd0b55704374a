// The emulated machine: blocks of threads, each a fiber, that meet at barriers. In which order they
// go on is the machine's choice, as it is a GPU's. What is wrong on any GPU is an error here:
// threads that wait for others that will not come, or at different barriers; mail to a block that
// has not begun or has left, or in a round that is not its own; copies that are not aligned, or
// from where nothing is. Memory is NaN until it is written.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cuda/emulated/device.h"
#include "cuda/emulated/fibers.h"
#include "cuda/kernels/comm.h"

namespace cutaway::cuda {

class EmulatedComm;

class Machine {
 public:
  using Kernel = std::function<void(EmulatedComm&)>;
  using Holds = std::function<bool(const void*, std::size_t)>;  // whether so many bytes are there

  Machine(const Emulation& emulation, Holds holds);

  // All blocks at once if they work `together`, otherwise one after another.
  void run(std::int64_t blocks, std::size_t shared_bytes, const Epoch* together,
           const Kernel& kernel);

 private:
  friend class EmulatedComm;

  // Where threads of a warp, a block or a launch meet.
  struct Meeting {
    int expected = 0, arrived = 0;
    std::int64_t times = 0;  // that all were there
    const char* file = nullptr;
    int line = 0;
  };
  using Given = std::array<float, 6>;  // what a thread gives to its warp, at most
  struct Thread {
    int rank, number;  // its block among those that run, and its number there
    bool done = false;
    const Meeting* waiting = nullptr;
    std::int64_t since = 0;     // the meeting's `times` then
    std::int64_t arrived = -1;  // likewise of that of all, if it has arrived there, or else -1
    std::array<std::int64_t, kCounters> rounds = {};  // that it has received
    struct Copy {
      void* to;
      const void* from;
      std::size_t bytes;
    };
    std::vector<Copy> copies = {};  // asked for, not yet waited for
  };
  struct alignas(16) Line {
    unsigned char bytes[16];
  };
  // Of what comes into a block's memory. A round is over when somebody has said how much is
  // expected in it, and nothing of that is due any more.
  struct Counter {
    Meeting round;
    std::int64_t due = 0;  // bytes; below 0: they have come before they were expected
    bool expecting = false;
  };
  struct Block {
    std::unique_ptr<Line[]> shared;
    Meeting meeting;
    std::array<Counter, kCounters> counters;
    int left = 0;  // threads that are done
  };
  // What is on its way, and will be counted.
  struct Letter {
    void* to;
    const void* from;  // or nothing: a float
    float value;
    std::size_t bytes;
    int rank, counter;  // of the block that it comes to
    std::int64_t round;
  };

  void run_together(std::int64_t first_block, int blocks);
  void take_turns(std::vector<int> order);
  bool ready(const Thread& thread) const;
  std::string stuck() const;
  void deliver(bool others_wait);
  void deliver(const Letter& letter);
  template <class T>
  void arrange(std::vector<T>& order);

  // For a thread that runs.
  bool passes(const char* file, int line);
  void meet(Thread& thread, Meeting& meeting, const char* file, int line);
  std::int64_t arrive(Meeting& meeting, const char* file, int line);
  void wait(Thread& thread, const Meeting& meeting, std::int64_t since);
  void count(Counter& counter, std::int64_t bytes);
  void expect(Thread& thread, int counter, std::int64_t bytes);
  void receive(Thread& thread, int counter, const char* file, int line);
  void check_counters(const Thread& thread);
  Counter& counter_of(int rank, int counter) {
    return blocks_[static_cast<std::size_t>(rank)].counters[static_cast<std::size_t>(counter)];
  }
  const Given* exchange(Thread& thread, const Given& given, const char* file, int line);
  [[noreturn]] void fail(const std::string& why);

  const Emulation emulation_;
  const Holds holds_;
  std::mt19937 random_;
  Fibers fibers_;
  std::string error_;
  std::set<std::pair<const char*, int>> seen_;  // barriers

  const Kernel* kernel_ = nullptr;
  const Epoch* together_ = nullptr;
  std::size_t shared_lines_ = 0;
  std::int64_t first_block_ = 0;
  std::vector<Block> blocks_;
  std::vector<Thread> threads_;
  std::vector<Meeting> warps_;
  std::vector<Given> given_;  // (2, threads): what is exchanged, and what was before
  Meeting all_;
  std::vector<Letter> letters_;
};

// What a kernel sees of it (comm.h).
class EmulatedComm {
 public:
  EmulatedComm(Machine& machine, Machine::Thread& thread)
      : machine_(machine), thread_(thread), block_(machine.blocks_[rank_of(thread)]) {}

  int thread() const { return thread_.number; }
  int block() const { return static_cast<int>(machine_.first_block_) + thread_.rank; }
  int lane() const { return thread() % kWarp; }
  int warp() const { return thread() / kWarp; }
  float* shared() const { return reinterpret_cast<float*>(block_.shared.get()); }
  void block_sync(const char* file = __builtin_FILE(), int line = __builtin_LINE());
  template <class T>
  T shuffle_xor(T value, int mask, const char* file = __builtin_FILE(),
                int line = __builtin_LINE()) {
    return std::bit_cast<T>(exchange(std::bit_cast<float>(value), mask, file, line));
  }
  void mma_tf32(float (&sums)[4], const float (&a)[4], const float (&b)[2],
                const char* file = __builtin_FILE(), int line = __builtin_LINE());
  int rank() const { return thread_.rank; }
  void open(const char* file = __builtin_FILE(), int line = __builtin_LINE());
  void expect(Incoming box, int count);
  void send(Incoming box, int rank, std::int64_t place, float value);
  void sent(const char* file = __builtin_FILE(), int line = __builtin_LINE());
  void receive(Incoming box, const char* file = __builtin_FILE(), int line = __builtin_LINE());
  const float* mailbox() const { return mail(rank()); }
  template <std::size_t kBytes>
  void copy_async(void* to, const void* from) {
    copy_later(to, from, kBytes);
  }
  void copy_wait(const char* file = __builtin_FILE(), int line = __builtin_LINE());
  template <class From>
  void copy_rows(void* to, int rows, int bytes, const From& from) {
    if (!cluster()) {
      copy_by_lanes(*this, to, rows, bytes, from);
      return;
    }
    if (thread() == 0) machine_.expect(thread_, kRows, std::int64_t{rows} * bytes);
    for (int row = warp() + kWarps * lane(); row < rows; row += kThreads)
      copy_row(static_cast<char*>(to) + row * bytes, from(row), static_cast<std::size_t>(bytes));
  }
  void rows_wait(const char* file = __builtin_FILE(), int line = __builtin_LINE());

 private:
  float exchange(float value, int mask, const char* file, int line);
  bool cluster() const { return machine_.together_->cluster; }
  bool counted() const { return machine_.together_->counted; }
  float* mail(int rank) const;
  void copy_later(void* to, const void* from, std::size_t bytes);
  void copy_row(void* to, const void* from, std::size_t bytes);
  void check_copy(void* to, const void* from, std::size_t bytes, std::size_t unit);
  static std::size_t rank_of(const Machine::Thread& thread) {
    return static_cast<std::size_t>(thread.rank);
  }

  Machine& machine_;
  Machine::Thread& thread_;
  Machine::Block& block_;
};

}  // namespace cutaway::cuda
