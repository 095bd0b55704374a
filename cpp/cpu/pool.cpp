#include "cpu/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#ifdef CUTAWAY_X86
#include <xmmintrin.h>
#endif

#include <algorithm>
#include <cstdio>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace cutaway {
namespace {

// Spinning before a thread goes to sleep. At a barrier some 30 us: longer than any phase of a small
// step. Between two jobs some 300 us: as long as Python may take to call again, while to wake a
// sleeper takes longer than a small product. (A pause is 15 ns here, and up to three times that.)
constexpr int kSpins = 2000, kIdleSpins = 20000;

inline void pause() {
#ifdef CUTAWAY_X86
  _mm_pause();
#endif
}

// Tells whether `value` is no longer `seen`, after waiting a little for it.
template <class T>
bool spin_while(const std::atomic<T>& value, T seen, int spins) {
  for (int i = 0; i < spins; ++i) {
    if (value.load(std::memory_order_acquire) != seen) return true;
    pause();
  }
  return false;
}

// How many threads of the whole machine run or want to, this one among them; 1 if nobody tells.
int running_threads() {
  int running = 1;
#ifdef __linux__
  if (std::FILE* file = std::fopen("/proc/loadavg", "re")) {
    if (std::fscanf(file, "%*f %*f %*f %d", &running) != 1) running = 1;
    std::fclose(file);
  }
#endif
  return running;
}

// How many forks lie between the first process and this one. A child has no threads but the one
// that forked, so a crew from before the fork is left alone and a new one is started.
std::atomic<std::uint64_t> forks{0};

// Workers of all pools of this process that are not asleep: no pool counts them as others.
std::atomic<int> awake{0};

FewerTold fewer_told = nullptr;

void watch_forks() {
  static std::once_flag once;
  std::call_once(once, [] {
    pthread_atfork(nullptr, nullptr, [] {
      ++forks;
      awake = 0;
    });
  });
}

}  // namespace

void tell_fewer_threads(FewerTold told) { fewer_told = told; }

bool Meeting::wait(bool leader) {
  if (threads_ == 1) return !stopped_.load(std::memory_order_relaxed);
  const std::uint32_t round = round_.load(std::memory_order_relaxed);
  bool& verdict = verdict_[round % 2];
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
    // The last to come knows what any of them knew, and left undone for that.
    verdict = stopped_.load(std::memory_order_relaxed);
    arrived_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
    round_.notify_all();
  } else {
    wait_while(round_, round, leader);
  }
  return !verdict;
}

bool Meeting::stopped(bool leader) {
  if (leader && interrupted_ && !stopped_.load(std::memory_order_relaxed))
    stopped_.store(interrupted_(), std::memory_order_relaxed);
  return stopped_.load(std::memory_order_relaxed);
}

// Between its questions the leader naps, an eighth of what it has waited: so much is lost at most.
template <class T>
void Meeting::wait_while(const std::atomic<T>& value, T seen, bool leader) {
  using namespace std::chrono;
  const auto begin = steady_clock::now();
  while (!spin_while(value, seen, kSpins)) {
    if (!leader || !interrupted_) return value.wait(seen, std::memory_order_acquire);
    stopped(leader);
    const auto waited = steady_clock::now() - begin;
    std::this_thread::sleep_for(std::min<nanoseconds>(milliseconds(5), waited / 8));
  }
}

struct Pool::Crew {
  std::vector<std::thread> threads;
  // A job is open from its number's coming up until it is closed; whoever is inside may do it. A
  // thread enters first and looks then, and the caller closes first and looks then: so none of
  // them misses the other (both are sequentially consistent).
  std::atomic<std::uint32_t> number{0};
  std::atomic<std::uint32_t> closed{0};  // the number of the last job that is
  std::atomic<int> inside{0};
  std::atomic<int> missing{0};                    // threads that have not done the job
  const std::function<void(int)>* job = nullptr;  // null: go home
  std::mutex failure_mutex;
  std::exception_ptr failure;
  const std::uint64_t born = forks;
#ifdef __linux__
  std::vector<std::atomic<bool>> asleep;  // per thread
  cpu_set_t allowed;                      // the CPUs that the caller may use
  explicit Crew(int workers) : asleep(static_cast<std::size_t>(workers)) { CPU_ZERO(&allowed); }
#else
  explicit Crew(int) {}
#endif

  void execute(int worker) noexcept {
    try {
      (*job)(worker);
    } catch (...) {
      const std::lock_guard lock(failure_mutex);
      if (!failure) failure = std::current_exception();
    }
  }

  void start(int worker) {  // signals are the caller's business: workers block them all
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const auto restore = [&](int*) { pthread_sigmask(SIG_SETMASK, &before, nullptr); };
    int token = 0;
    const std::unique_ptr<int, decltype(restore)> guard(&token, restore);
    threads.emplace_back([this, worker] { work(worker); });
    ++awake;
  }

  void work(int worker) {
    for (std::uint32_t seen = 0;;) {
      if (!spin_while(number, seen, kIdleSpins)) sleep(worker, seen);
      inside.fetch_add(1);
      seen = number.load();
      const bool open = closed.load() != seen;
      const bool home = open && !job;
      if (open && job) {
        execute(worker);
        if (missing.fetch_sub(1) == 1) missing.notify_one();
      }
      if (inside.fetch_sub(1) == 1) inside.notify_one();
      if (home) {
        --awake;
        return;
      }
    }
  }

  void sleep([[maybe_unused]] int worker, std::uint32_t seen) {
    --awake;
#ifdef __linux__
    std::atomic<bool>& mine = asleep[static_cast<std::size_t>(worker)];
    mine = true;
    number.wait(seen, std::memory_order_acquire);
    if (!mine.exchange(false)) sched_setaffinity(0, sizeof allowed, &allowed);  // woken aside
#else
    number.wait(seen, std::memory_order_acquire);
#endif
    ++awake;
  }

  // Lets sleepers wake up on another CPU than the caller's. The system likes to wake them there,
  // and for some milliseconds all would take turns on one CPU while the others sleep. Once awake, a
  // worker may go where it likes.
  void step_aside() {
#ifdef __linux__
    const int cpu = sched_getcpu();
    cpu_set_t others;
    if (cpu < 0 || sched_getaffinity(0, sizeof others, &others) != 0) return;
    if (CPU_COUNT(&others) <= static_cast<int>(threads.size())) return;
    allowed = others;
    CPU_CLR(static_cast<std::size_t>(cpu), &others);
    for (std::size_t i = 0; i < threads.size(); ++i)
      if (asleep[i + 1].exchange(false))
        pthread_setaffinity_np(threads[i].native_handle(), sizeof others, &others);
#endif
  }

  void dismiss() {
    open(nullptr);
    for (std::thread& thread : threads) thread.join();
    threads.clear();
  }

  void open(const std::function<void(int)>* next) {
    job = next;
    missing = static_cast<int>(threads.size());
    number.fetch_add(1);
    number.notify_all();
  }

  // Returns when nobody is inside any more; if so wished, when all have done the job.
  void close(bool all, Meeting& meeting) {
    for (int left; all && (left = missing.load()) != 0;) meeting.wait_while(missing, left, true);
    closed = number.load();
    for (int left; (left = inside.load()) != 0;) meeting.wait_while(inside, left, true);
  }
};

Pool::Pool(int workers) : workers_(workers) { watch_forks(); }

Pool::~Pool() {
  if (!crew_) return;
  if (crew_->born != forks) {
    static_cast<void>(crew_.release());  // its threads live in the parent: nothing to join
    return;
  }
  crew_->dismiss();
}

// Starts the crew if there is none; returns how many threads there are, the caller's among them.
int Pool::muster() {
  if (crew_ && crew_->born != forks) static_cast<void>(crew_.release());
  std::string why;
  const bool anew = !crew_;
  if (anew) {
    auto crew = std::make_unique<Crew>(workers_);
    try {
      for (int worker = 1; worker < workers_; ++worker) crew->start(worker);
    } catch (const std::system_error& error) {  // no thread: without what the library adds to that
      why = error.code().message();
    } catch (const std::exception& error) {  // no memory for one
      why = error.what();
    }
    crew_ = std::move(crew);
  }
  const int granted = 1 + static_cast<int>(crew_->threads.size());
  if (anew && granted < workers_ && fewer_told) fewer_told(workers_, granted, why);
  return granted;
}

int Pool::ready() {
  constexpr auto kPatience = std::chrono::milliseconds(5);
  if (workers_ == 1) return 1;
  if (const auto now = std::chrono::steady_clock::now(); now - looked_ > kPatience) {
    looked_ = now;
    const int cpus = static_cast<int>(std::thread::hardware_concurrency());
    oversubscribed_ = workers_ <= cpus;  // who asks for more threads than CPUs has them
    for (int look = 0; look < 3 && oversubscribed_; ++look) {  // a passer-by does not count
      oversubscribed_ = running_threads() - awake + workers_ - 1 > cpus;
    }
  }
  return oversubscribed_ ? 1 : workers_;
}

// Runs job on some threads, the caller among them. All: each of them does it; otherwise those that
// come before the caller is done.
bool Pool::call(int threads, bool all, Meeting& meeting,
                const std::function<void(const Team&)>& job) {
  const auto part = [&](int thread) { job(Team(meeting, thread, threads, workers_)); };
  if (threads == 1) {
    part(0);
    return !meeting.stopped(false);
  }
  crew_->step_aside();
  const std::function<void(int)> open = part;
  crew_->open(&open);
  crew_->execute(0);
  crew_->close(all, meeting);
  if (crew_->failure) std::rethrow_exception(std::exchange(crew_->failure, nullptr));
  return !meeting.stopped(false);
}

bool Pool::run(int threads, const Interrupted& interrupted,
               const std::function<void(const Team&)>& job) {
  if (threads > 1) threads = std::min(threads, muster());
  Meeting meeting(threads, interrupted);
  return call(threads, true, meeting, job);
}

bool Pool::hand_out(std::int64_t parts, const Interrupted& interrupted,
                    const std::function<void(const Team&, std::int64_t)>& part) {
  const int threads = workers_ > 1 && parts > 1 ? muster() : 1;
  Meeting meeting(threads, interrupted);
  std::atomic<std::int64_t> next{0};
  return call(threads, false, meeting, [&](const Team& team) {
    for (std::int64_t i; !team.stopped() && (i = next.fetch_add(1)) < parts;) part(team, i);
  });
}

Range Pool::share(std::int64_t n, std::int64_t grain, int worker, int workers) {
  const std::int64_t grains = (n + grain - 1) / grain;
  const auto cut = [&](int w) { return std::min(n, grains * w / workers * grain); };
  return {cut(worker), cut(worker + 1)};
}

}  // namespace cutaway
