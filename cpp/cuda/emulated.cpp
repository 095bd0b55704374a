#include "cuda/emulated.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>
#include <random>
#include <type_traits>
#include <utility>

#include "cuda/launch.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

namespace cutaway::cuda {
namespace {

constexpr std::size_t kStack = 64 << 10;

Traces done;
std::set<std::pair<const char*, int>> seen_places;

std::string site_of(const char* file, int line) {
  const char* slash = std::strrchr(file, '/');
  return (slash ? slash + 1 : file) + (":" + std::to_string(line));
}

// Where threads of a block, a warp or a launch meet.
struct Meeting {
  int expected = 0, arrived = 0;
  std::int64_t times = 0;  // that all were there
  const char* file = nullptr;
  int line = 0;
};

class Machine;

struct Fiber {
  ucontext_t start;
  jmp_buf place;
  bool begun = false;  // the context has been entered, and `place` is where it stopped
  bool done = true;
  Meeting* waiting = nullptr;
  std::int64_t since = 0;  // the meeting's `times` when it began to wait
  int rank = 0, thread = 0;
  struct Copy {
    void* to;
    const void* from;
  };
  std::vector<Copy> copies;  // asked for, not yet waited for
#ifdef __SANITIZE_ADDRESS__
  void* fake_stack = nullptr;
#endif
};

// What a kernel sees of its machine (comm.h).
class EmulatedComm {
 public:
  EmulatedComm(Machine& machine, Fiber& fiber) : machine_(machine), fiber_(fiber) {}
  int thread() const { return fiber_.thread; }
  int block() const;
  int lane() const { return thread() % kWarp; }
  int warp() const { return thread() / kWarp; }
  float* shared() const;
  void block_sync(const char* file = __builtin_FILE(), int line = __builtin_LINE());
  float shuffle_xor(float value, int mask, const char* file = __builtin_FILE(),
                    int line = __builtin_LINE());
  int rank() const { return fiber_.rank; }
  void all_sync(const char* file = __builtin_FILE(), int line = __builtin_LINE());
  float* mailbox() const;
  float* mail(int rank) const;
  void copy_async(void* to, const void* from);
  void copy_wait(const char* file = __builtin_FILE(), int line = __builtin_LINE());

 private:
  Machine& machine_;
  Fiber& fiber_;
};

// Blocks that run at the same time, and the scheduler of their threads.
class Machine {
 public:
  using Body = std::function<void(EmulatedComm&)>;

  explicit Machine(const Emulation& emulation) : emulation_(emulation), random_(emulation.seed) {}
  Machine(const Machine&) = delete;
  ~Machine() {
    if (stacks_) munmap(stacks_, capacity_ * kStack);
  }

  // All blocks at once if they work together, otherwise one after another.
  void run(std::int64_t blocks, std::size_t shared_bytes, const Epoch* together, const Body& body) {
    job_ = together;
    body_ = &body;
    shared_bytes_ = std::max<std::size_t>(shared_bytes, 16);
    if (together) {
      run_team(0, static_cast<int>(blocks));
      return;
    }
    std::vector<std::int64_t> order(static_cast<std::size_t>(blocks));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
    arrange(order);
    for (const std::int64_t block : order) run_team(block, 1);
  }

  // Whether this barrier is left out, on purpose.
  bool dropped(const char* file, int line) const {
    if (seen_places.insert({file, line}).second) done.barriers.insert(site_of(file, line));
    return !emulation_.dropped.empty() && emulation_.dropped == site_of(file, line);
  }

  void meet(Fiber& fiber, Meeting& meeting, const char* file, int line) {
    if (meeting.arrived == 0) {
      meeting.file = file;
      meeting.line = line;
    } else if (meeting.line != line || std::strcmp(meeting.file, file) != 0) {
      fail("threads of one block wait at different barriers, " +
           site_of(meeting.file, meeting.line) + " and " + site_of(file, line));
    }
    if (++meeting.arrived == meeting.expected) {
      meeting.arrived = 0;
      ++meeting.times;
      return;  // the last goes on at once; the others are free to
    }
    fiber.waiting = &meeting;
    fiber.since = meeting.times;
    yield(fiber);
    fiber.waiting = nullptr;
  }

  // Ends the launch. Fibers cannot throw: their stacks know nothing of each other.
  [[noreturn]] void fail(const std::string& why) {
    error_ = why;
    yield(*current_);
    std::abort();  // nobody resumes it
  }

  struct Team {
    std::int64_t first_block;
    int ranks;
    std::vector<std::unique_ptr<Units<4>[]>> shared;  // per block; Units for the alignment
    std::vector<Meeting> blocks, warps;
    Meeting all;
    std::vector<float> slots;  // (2, threads): the values that are shuffled, and those before
    std::vector<int> left;     // per block: threads that are done
  };
  Team& team() { return team_; }
  const Epoch* job() const { return job_; }
  const Emulation& emulation() const { return emulation_; }

 private:
  void run_team(std::int64_t first_block, int ranks) {
    const int threads = ranks * kThreads;
    reserve(threads);
    team_ = Team{};
    team_.first_block = first_block;
    team_.ranks = ranks;
    const std::size_t units = (shared_bytes_ + sizeof(Units<4>) - 1) / sizeof(Units<4>);
    for (int r = 0; r < ranks; ++r) {
      team_.shared.emplace_back(new Units<4>[units]);
      std::memset(static_cast<void*>(team_.shared.back().get()), 0xff, units * sizeof(Units<4>));
    }
    team_.blocks.resize(static_cast<std::size_t>(ranks));
    for (Meeting& block : team_.blocks) block.expected = kThreads;
    team_.warps.resize(static_cast<std::size_t>(threads / kWarp));
    for (Meeting& warp : team_.warps) warp.expected = kWarp;
    team_.all.expected = threads;
    team_.slots.resize(static_cast<std::size_t>(2 * threads));
    team_.left.resize(static_cast<std::size_t>(ranks));

    std::vector<int> order(static_cast<std::size_t>(threads));
    for (int i = 0; i < threads; ++i) {
      order[static_cast<std::size_t>(i)] = i;
      Fiber& fiber = fibers_[static_cast<std::size_t>(i)];
      fiber.done = false;
      fiber.waiting = nullptr;
      fiber.rank = i / kThreads;
      fiber.thread = i % kThreads;
      fiber.copies.clear();
    }
    arrange(order);
    schedule(order);
  }

  template <class T>
  void arrange(std::vector<T>& order) {
    if (emulation_.schedule == Emulation::Schedule::reverse)
      std::reverse(order.begin(), order.end());
    if (emulation_.schedule == Emulation::Schedule::shuffled)
      std::shuffle(order.begin(), order.end(), random_);
  }

  // Lets every thread that can go on do so in turn, until all are done.
  void schedule(std::vector<int>& order) {
    const bool shuffled = emulation_.schedule == Emulation::Schedule::shuffled;
    const int starved = shuffled ? static_cast<int>(random_() % team_.ranks) : -1;
    bool starving = team_.ranks > 1 && shuffled;
    for (std::size_t live = order.size(); live > 0;) {
      bool moved = false;
      for (const int i : order) {
        Fiber& fiber = fibers_[static_cast<std::size_t>(i)];
        if (fiber.done || (fiber.waiting && fiber.waiting->times == fiber.since)) continue;
        if (starving && fiber.rank == starved) continue;
        resume(fiber);
        moved = true;
        if (!error_.empty()) give_up();
        if (fiber.done) --live;
      }
      if (!moved && !starving) {
        error_ = stuck(order);
        give_up();
      }
      starving = starving ? moved : team_.ranks > 1 && shuffled;
      if (shuffled) std::shuffle(order.begin(), order.end(), random_);
    }
  }

  std::string stuck(const std::vector<int>& order) const {
    std::set<std::string> sites;
    for (const int i : order) {
      const Fiber& fiber = fibers_[static_cast<std::size_t>(i)];
      if (!fiber.done && fiber.waiting)
        sites.insert(site_of(fiber.waiting->file, fiber.waiting->line));
    }
    std::string text = "threads wait for others that will not come:";
    for (const std::string& site : sites) text += " " + site;
    return text;
  }

  [[noreturn]] void give_up() {
    for (Fiber& fiber : fibers_) fiber.begun = false;  // what they were doing is forgotten
    const std::string why = std::exchange(error_, {});
    throw Fault("EMULATION", "emulation: " + why);
  }

  void reserve(int threads) {
    const auto wanted = static_cast<std::size_t>(threads);
    if (wanted <= capacity_) return;
    if (stacks_) munmap(stacks_, capacity_ * kStack);
    capacity_ = 0;
    void* const stacks = mmap(nullptr, wanted * kStack, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    stacks_ = stacks == MAP_FAILED ? nullptr : static_cast<char*>(stacks);
    if (!stacks_) throw std::bad_alloc();
    fibers_ = std::vector<Fiber>(wanted);
    capacity_ = wanted;
  }

  char* stack_of(const Fiber& fiber) const {
    return stacks_ + static_cast<std::size_t>(&fiber - fibers_.data()) * kStack;
  }

  // Switching: swapcontext() would ask the kernel for the signal mask every time.

  void resume(Fiber& fiber) {
    current_ = &fiber;
#ifdef __SANITIZE_ADDRESS__
    void* fake_stack;
    __sanitizer_start_switch_fiber(&fake_stack, stack_of(fiber), kStack);
#endif
    if (_setjmp(scheduler_) == 0) {
      if (fiber.begun) _longjmp(fiber.place, 1);
      fiber.begun = true;
      getcontext(&fiber.start);
      fiber.start.uc_stack.ss_sp = stack_of(fiber);
      fiber.start.uc_stack.ss_size = kStack;
      fiber.start.uc_link = nullptr;
      entered_ = this;
      makecontext(&fiber.start, &Machine::enter, 0);
      setcontext(&fiber.start);
    }
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
  }

  void yield(Fiber& fiber) {
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(&fiber.fake_stack, home_, home_size_);
#endif
    if (_setjmp(fiber.place) == 0) _longjmp(scheduler_, 1);
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(fiber.fake_stack, &home_, &home_size_);
#endif
  }

  // A fiber's life: one kernel after another.
  static void enter() {
    Machine& machine = *entered_;
    Fiber& fiber = *machine.current_;
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(nullptr, &machine.home_, &machine.home_size_);
#endif
    for (;;) {
      {
        EmulatedComm comm(machine, fiber);
        (*machine.body_)(comm);
      }
      ++machine.team_.left[static_cast<std::size_t>(fiber.rank)];
      fiber.done = true;
      machine.yield(fiber);
    }
  }

  const Emulation emulation_;
  std::mt19937 random_;
  const Body* body_ = nullptr;
  const Epoch* job_ = nullptr;
  std::size_t shared_bytes_ = 0;
  Team team_;

  char* stacks_ = nullptr;
  std::size_t capacity_ = 0;
  std::vector<Fiber> fibers_;
  Fiber* current_ = nullptr;
  jmp_buf scheduler_;
  std::string error_;
#ifdef __SANITIZE_ADDRESS__
  const void* home_ = nullptr;
  std::size_t home_size_ = 0;
#endif
  static thread_local Machine* entered_;
};

thread_local Machine* Machine::entered_ = nullptr;

int EmulatedComm::block() const {
  return static_cast<int>(machine_.team().first_block) + fiber_.rank;
}

float* EmulatedComm::shared() const {
  return machine_.team().shared[static_cast<std::size_t>(fiber_.rank)].get()->of;
}

void EmulatedComm::block_sync(const char* file, int line) {
  if (machine_.dropped(file, line)) return;
  machine_.meet(fiber_, machine_.team().blocks[static_cast<std::size_t>(fiber_.rank)], file, line);
}

void EmulatedComm::all_sync(const char* file, int line) {
  if (machine_.dropped(file, line)) return;
  machine_.meet(fiber_, machine_.team().all, file, line);
}

float EmulatedComm::shuffle_xor(float value, int mask, const char* file, int line) {
  Machine::Team& team = machine_.team();
  const int number = fiber_.rank * kThreads + fiber_.thread;
  Meeting& warp = team.warps[static_cast<std::size_t>(number / kWarp)];
  // One half is written while somebody may still read the other.
  float* const slots = team.slots.data() + warp.times % 2 * team.ranks * kThreads;
  slots[number] = value;
  machine_.meet(fiber_, warp, file, line);
  return slots[number ^ mask];
}

float* EmulatedComm::mailbox() const { return mail(rank()); }

float* EmulatedComm::mail(int rank) const {
  Machine::Team& team = machine_.team();
  const Epoch& job = *machine_.job();
  if (!machine_.emulation().cluster) return job.mail + rank * job.mail_floats;
  if (rank != fiber_.rank) {
    if (team.all.times == 0) machine_.fail("mail is sent before all blocks have begun");
    if (team.left[static_cast<std::size_t>(rank)] > 0)
      machine_.fail("mail is sent to a block that has left");
  }
  return team.shared[static_cast<std::size_t>(rank)].get()->of;
}

void EmulatedComm::copy_async(void* to, const void* from) {
  std::memset(to, 0xff, sizeof(Piece));  // who reads it too early shall notice
  fiber_.copies.push_back({to, from});
}

void EmulatedComm::copy_wait(const char* file, int line) {
  if (machine_.dropped(file, line)) return;
  for (const Fiber::Copy& copy : fiber_.copies) std::memcpy(copy.to, copy.from, sizeof(Piece));
  fiber_.copies.clear();
}

class Replay final : public Recording {
 public:
  explicit Replay(std::vector<std::function<void()>> launches) : launches_(std::move(launches)) {}
  void replay() override {
    for (const auto& launch : launches_) launch();
  }

 private:
  const std::vector<std::function<void()>> launches_;
};

class EmulatedDevice final : public Device {
 public:
  explicit EmulatedDevice(const Emulation& emulation)
      : emulation_(emulation), machine_(emulation), process_(getpid()) {}

  const Limits& limits() const override { return emulation_.limits; }
  void check() const override {
    if (getpid() != process_) throw Fault("FORKED", "the emulated GPU stays with its process");
  }

  void* allocate(std::size_t bytes) override {
    if (bytes > emulation_.limits.memory - used_)
      throw Fault("OUT_OF_MEMORY", "emulation: " + std::to_string(bytes) + " bytes are not left");
    void* const memory = std::malloc(bytes);
    if (!memory) throw std::bad_alloc();
    sizes_[memory] = bytes;
    used_ += bytes;
    return std::memset(memory, 0xff, bytes);
  }
  void release(void* memory) noexcept override {
    used_ -= sizes_.at(memory);
    sizes_.erase(memory);
    std::free(memory);
  }
  void upload(void* to, std::size_t pitch, const void* from, std::size_t row,
              std::size_t rows) override {
    for (std::size_t i = 0; i < rows; ++i)
      std::memcpy(static_cast<char*>(to) + i * pitch, static_cast<const char*>(from) + i * row,
                  row);
  }
  void clear(void* memory, std::size_t bytes) override { std::memset(memory, 0, bytes); }
  void download(void* to, const void* from, std::size_t bytes) override {
    std::memcpy(to, from, bytes);
  }
  void wait() override {}

  void run(const Gather& job) override { launch("gather", job); }
  void run(const Forward& job) override { launch("forward", job); }
  void run(const Judge& job) override { launch("judge", job); }
  void run(const Activate& job) override { launch("activate", job); }
  void run(const Backprop& job) override { launch("backprop", job); }
  void run(const Update& job) override { launch("update", job); }
  void run(const Tally& job) override { launch("tally", job); }
  void run(const Epoch& job) override { launch("epoch", job); }
  bool fits(const Epoch& job) override {
    bool enough = false;
    lay_out(job, 1, [&](auto, std::int64_t blocks, std::size_t bytes) {
      enough = blocks <= emulation_.limits.ranks && bytes <= emulation_.shared;
    });
    return enough;
  }

  std::unique_ptr<Recording> record(const std::function<void()>& launches) override {
    recorded_.emplace();
    launches();
    auto recording = std::make_unique<Replay>(std::move(*recorded_));
    recorded_.reset();
    return recording;
  }

 private:
  template <class Job>
  void launch(const char* name, const Job& job) {
    if (recorded_) {
      recorded_->push_back([this, name, job] { launch(name, job); });
      return;
    }
    const Epoch* together = nullptr;  // only these blocks are
    if constexpr (std::is_same_v<Job, Epoch>) together = &job;
    ++done.launches[name];
    lay_out(job, emulation_.limits.multiprocessors,
            [&](auto count, std::int64_t blocks, std::size_t bytes) {
              machine_.run(blocks, bytes, together,
                           [&job](EmulatedComm& comm) { work<decltype(count)::value>(comm, job); });
            });
  }

  const Emulation emulation_;
  Machine machine_;
  const pid_t process_;
  std::map<void*, std::size_t> sizes_;  // of what is allocated, in bytes
  std::size_t used_ = 0;
  std::optional<std::vector<std::function<void()>>> recorded_;
};

}  // namespace

std::unique_ptr<Device> make_emulated(const Emulation& emulation) {
  return std::make_unique<EmulatedDevice>(emulation);
}

const Traces& traces() { return done; }

}  // namespace cutaway::cuda

cutaway::cuda::Device* cutaway_make_emulated(const cutaway::cuda::Emulation& emulation) {
  return cutaway::cuda::make_emulated(emulation).release();
}
