// Threads that work together: a pool that runs a job on all of its workers, or hands out its parts
// to whichever comes free, and the meeting at which they wait for each other and agree on whether
// to go on. Idle workers spin a little, then sleep; a forked child starts a pool of its own.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "interrupted.h"

namespace cutaway {

struct Range {
  std::int64_t begin, end;
  std::int64_t size() const { return end - begin; }
};

class Meeting {
 public:
  // Nobody is asked if `interrupted` is empty.
  Meeting(int threads, const Interrupted& interrupted)
      : threads_(threads), interrupted_(interrupted) {}

  // Returns when every thread has come; what each wrote before is then seen by all. False, for all
  // of them alike, if the job is to end.
  bool wait(bool leader);
  // Whether the job is to end, as far as is known here; the leader asks.
  bool stopped(bool leader);
  // Returns when `value` is no longer `seen`. The leader asks meanwhile.
  template <class T>
  void wait_while(const std::atomic<T>& value, T seen, bool leader);

 private:
  const int threads_;
  const Interrupted& interrupted_;
  std::atomic<bool> stopped_{false};
  std::atomic<int> arrived_{0};
  std::atomic<std::uint32_t> round_{0};
  bool verdict_[2] = {};  // of the last two rounds: some thread may still be reading the one before
};

// The threads that do one job, seen from one of them. A job has as many parts as the pool has
// workers, whoever does them: a thread may do them all.
class Team {
 public:
  Team(Meeting& meeting, int thread, int threads, int workers)
      : meeting_(meeting), thread_(thread), threads_(threads), workers_(workers) {}

  // Calls part(worker) for this thread's parts.
  template <class Part>
  void each(const Part& part) const {
    for (int worker = thread_; worker < workers_; worker += threads_) part(worker);
  }
  // As Meeting's.
  bool wait() const { return meeting_.wait(leads()); }
  bool stopped() const { return meeting_.stopped(leads()); }
  bool leads() const { return thread_ == 0; }
  int thread() const { return thread_; }

  // Calls part(rows, columns, depth) for all tiles of a product, whose every number takes `depth`
  // multiply-adds; for those of some rows and columns in the order of their depth, of which a tile
  // has `most`. It takes some milliseconds; the job may end between two of them.
  template <class Part>
  void tiles(std::int64_t rows, std::int64_t columns, std::int64_t depth, std::int64_t most,
             const Part& part) const {
    if (rows * columns * depth <= kTile)
      return part(Range{0, rows}, Range{0, columns}, Range{0, depth});
    const std::int64_t deep = std::min(depth, most);
    const auto fitting = [&](std::int64_t other) {  // whole blocks of the kernels
      return std::max(kBlock, kTile / (other * deep) / kBlock * kBlock);
    };
    const std::int64_t width = std::min(columns, fitting(kBlock)), height = fitting(width);
    for (std::int64_t j = 0; j < columns; j += width)
      for (std::int64_t i = 0; i < rows; i += height)
        for (std::int64_t k = 0; k < depth; k += deep) {
          if (stopped()) return;
          part(Range{i, std::min(i + height, rows)}, Range{j, std::min(j + width, columns)},
               Range{k, std::min(k + deep, depth)});
        }
  }
  static constexpr std::int64_t kTile = std::int64_t{1} << 26;  // multiply-adds

 private:
  static constexpr std::int64_t kBlock = 64;
  Meeting& meeting_;
  const int thread_, threads_, workers_;
};

// Is told on the caller's thread, before a pool's first job, that the system grants fewer threads
// than it asked for, and why. What it throws, the caller gets.
using FewerTold = void (*)(int asked, int granted, const std::string& why);
void tell_fewer_threads(FewerTold told);

class Pool {
 public:
  explicit Pool(int workers);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int workers() const { return workers_; }

  // How many threads should do the next job that has barriers: all, or one if others want the CPUs.
  // Threads that wait for each other at every phase lose more to a neighbour than the second one
  // gains.
  int ready();

  // Runs job on so many threads and returns when all are done; the caller is the first of them.
  // False if it was interrupted. The first exception is thrown again here. Threads start when they
  // are first needed; those that the system grants do the work of all. One call at a time: the
  // owner sees to that.
  bool run(int threads, const Interrupted& interrupted,
           const std::function<void(const Team& team)>& job);

  // Calls part(team, i) for every i in [0, parts), and returns when that is done. Nobody is waited
  // for: a thread that gets no CPU does nothing, and the others do its work. As run() otherwise,
  // but parts do not meet.
  bool hand_out(std::int64_t parts, const Interrupted& interrupted,
                const std::function<void(const Team& team, std::int64_t part)>& part);

  // A worker's share of [0, n), cut at multiples of `grain`.
  static Range share(std::int64_t n, std::int64_t grain, int worker, int workers);

 private:
  struct Crew;
  int muster();
  bool call(int threads, bool all, Meeting& meeting,
            const std::function<void(const Team& team)>& job);
  const int workers_;
  std::unique_ptr<Crew> crew_;
  std::chrono::steady_clock::time_point looked_{};  // when ready() last did
  bool oversubscribed_ = false;
};

}  // namespace cutaway
