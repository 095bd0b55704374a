#include "cpu/machine.h"

#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include "cpu/kernels/dispatch.h"

namespace cutaway {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

#ifdef __linux__
bool stay_on(int cpu) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(cpu), &one);
  return sched_setaffinity(0, sizeof one, &one) == 0;
}

// Where the caller may run, put back as it was whatever happens meanwhile.
class Allowed {
 public:
  Allowed() { known_ = sched_getaffinity(0, sizeof cpus_, &cpus_) == 0; }
  ~Allowed() {
    if (known_) sched_setaffinity(0, sizeof cpus_, &cpus_);
  }
  Allowed(const Allowed&) = delete;
  Allowed& operator=(const Allowed&) = delete;
  int count() const { return known_ ? CPU_COUNT(&cpus_) : 0; }
  bool has(int cpu) const { return CPU_ISSET(static_cast<std::size_t>(cpu), &cpus_); }

 private:
  cpu_set_t cpus_;
  bool known_;
};

// Two threads write to one line in turn; the time of one round, or 0 if the other cannot be there.
double median_round(int cpu, double seconds) {
  constexpr int kRounds = 500;  // between two looks at the clock
  alignas(64) std::atomic<int> turn{0};
  alignas(64) std::atomic<bool> over{false}, there{false}, failed{false};
  std::thread other([&] {
    failed = !stay_on(cpu);
    there = true;
    while (!failed) {
      while (turn.load(std::memory_order_acquire) == 0)
        if (over.load(std::memory_order_relaxed)) return;
      turn.store(0, std::memory_order_release);
    }
  });
  while (!there) std::this_thread::yield();
  std::vector<double> rounds;
  for (const auto begin = Clock::now(); !failed && seconds_since(begin) < seconds;) {
    const auto start = Clock::now();
    for (int i = 0; i < kRounds; ++i) {
      turn.store(1, std::memory_order_release);
      while (turn.load(std::memory_order_acquire) != 0) continue;
    }
    rounds.push_back(seconds_since(start) / kRounds);
  }
  over = true;
  other.join();
  if (rounds.empty()) return 0;
  const auto middle = rounds.begin() + static_cast<std::ptrdiff_t>(rounds.size() / 2);
  std::nth_element(rounds.begin(), middle, rounds.end());
  return *middle;
}
#endif

}  // namespace

double fma_peak(double seconds) {
  double best = 0, spent = 0;
  for (std::int64_t rounds = 1 << 10; spent < seconds;) {
    float sink;
    const auto begin = Clock::now();
    const std::int64_t count = kernels().multiply_adds(rounds, &sink);
    const double took = seconds_since(begin);
    spent += took;
    best = std::max(best, 2e-9 * static_cast<double>(count) / took);
    if (took < seconds / 10) rounds *= 2;
  }
  return best;
}

std::vector<RoundTrip> round_trips([[maybe_unused]] double seconds) {
  std::vector<RoundTrip> found;
#ifdef __linux__
  const Allowed allowed;
  const int here = sched_getcpu(), others = allowed.count() - 1;
  if (here < 0 || others < 1 || !stay_on(here)) return found;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (cpu == here || !allowed.has(cpu)) continue;
    const double round = median_round(cpu, seconds / others);
    if (round > 0) found.push_back({.from = here, .to = cpu, .nanoseconds = 1e9 * round});
  }
#endif
  return found;
}

}  // namespace cutaway
