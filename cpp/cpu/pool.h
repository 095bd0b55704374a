// Threads that work together: a pool that runs one job on all of its workers, and the barrier at
// which they wait for each other. Idle workers sleep; a forked child starts a pool of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace cutaway {

class Barrier {
 public:
  explicit Barrier(int workers) : workers_(workers) {}
  // Returns when every worker has come; what each wrote before is then seen by all.
  void wait();

 private:
  const int workers_;
  std::atomic<int> arrived_{0};
  std::atomic<std::uint32_t> round_{0};
};

class Pool {
 public:
  explicit Pool(int workers);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int workers() const { return workers_; }

  // Runs job(worker) for worker = 0..workers-1 and returns when all are done; the caller is worker
  // 0. The first exception is thrown again here. Threads start at the first call. One call at a
  // time: the owner sees to that.
  void run(const std::function<void(int worker)>& job);

  // Parts of [0, n): worker's share, cut at multiples of `grain`.
  struct Share {
    std::int64_t begin, end;
  };
  static Share share(std::int64_t n, std::int64_t grain, int worker, int workers);

 private:
  struct Crew;
  const int workers_;
  std::unique_ptr<Crew> crew_;
};

// Flushes denormal numbers to zero on this thread while it lives: arithmetic on them is some thirty
// times slower, and training gains nothing from them.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

  // Calls f, which is not ours, with the mode that was set before.
  template <class F>
  auto without(const F& f) const {
    set(saved_);
    const auto result = f();
    set(flushing());
    return result;
  }

 private:
  static void set(unsigned mode);
  unsigned flushing() const { return saved_ | 0x8040; }  // x86: FTZ and DAZ
  unsigned saved_;
};

}  // namespace cutaway
