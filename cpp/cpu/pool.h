// Threads that work together: a pool that runs one job on all of its workers, and the barrier at
// which they wait for each other. Idle workers spin a little, then sleep; a forked child starts a
// pool of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace cutaway {

struct Range {
  std::int64_t begin, end;
  std::int64_t size() const { return end - begin; }
};

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

// The threads that do one job, seen from one of them. A job has as many parts as the pool has
// workers, whoever does them: if the CPUs are oversubscribed, one thread does them all.
class Team {
 public:
  Team(Barrier& barrier, int thread, int threads, int workers)
      : barrier_(barrier), thread_(thread), threads_(threads), workers_(workers) {}

  // Calls part(worker) for this thread's parts.
  template <class Part>
  void each(const Part& part) const {
    for (int worker = thread_; worker < workers_; worker += threads_) part(worker);
  }
  // Returns when the whole team is here.
  void wait() const {
    if (threads_ > 1) barrier_.wait();
  }
  bool leads() const { return thread_ == 0; }

 private:
  Barrier& barrier_;
  const int thread_, threads_, workers_;
};

class Pool {
 public:
  explicit Pool(int workers);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int workers() const { return workers_; }

  // How many threads should do the next job: all, or one if others want the CPUs. Threads that wait
  // for each other at every phase lose more to a neighbour than the second one gains.
  int ready();

  // Runs job on so many threads and returns when all are done; the caller is the first of them. The
  // first exception is thrown again here. Threads start when they are first needed. One call at a
  // time: the owner sees to that.
  void run(int threads, const std::function<void(const Team& team)>& job);

  // A worker's share of [0, n), cut at multiples of `grain`.
  static Range share(std::int64_t n, std::int64_t grain, int worker, int workers);

 private:
  struct Crew;
  void muster();
  const int workers_;
  std::unique_ptr<Crew> crew_;
  std::chrono::steady_clock::time_point asked_{};  // when ready() last looked around
  bool oversubscribed_ = false;
};

}  // namespace cutaway
