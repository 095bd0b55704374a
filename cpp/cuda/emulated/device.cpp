// The emulated GPU as a Device: memory is the heap, a launch runs at once, a recording is a list.

#include "cuda/emulated/device.h"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <type_traits>
#include <utility>
#include <vector>

#include "cuda/broken.h"
#include "cuda/emulated/machine.h"
#include "cuda/kernels/launch.h"

namespace cutaway::cuda {
namespace {

constexpr std::size_t kUnaskedShared = 48 << 10;  // bytes
constexpr std::int64_t kPortableCluster = 8, kLargestCluster = 16, kLargestGrid = 32;

std::mutex noting;
Traces noted;

template <class Change>
void note(const Change& change) {
  const std::lock_guard guard(noting);
  change(noted);
}

std::mutex ticking;
std::condition_variable ticked;
std::int64_t ticks = 0;

class Replay final : public Recording {
 public:
  explicit Replay(std::vector<std::function<void()>> launches) : launches_(std::move(launches)) {}
  void replay() override {
    for (const auto& launch : launches_) launch();
  }

 private:
  const std::vector<std::function<void()>> launches_;
};

Emulation heeding_settings(Emulation emulation) {
  emulation.limits.counted &= emulation.limits.cluster && !barriers_asked();
  return emulation;
}

class EmulatedDevice final : public Device {
 public:
  explicit EmulatedDevice(const Emulation& emulation)
      : emulation_(heeding_settings(emulation)),
        machine_(emulation, [this](const void* at, std::size_t bytes) { return holds(at, bytes); }),
        process_(getpid()) {}

  const Limits& limits() const override { return emulation_.limits; }
  int enter() const override {
    if (getpid() != process_) throw Fault("FORKED", "the emulated GPU stays with its process");
    Broken::check();
    return 0;
  }
  void leave(int) const override {}

  void* allocate(std::size_t bytes) override {
    linger();
    if (bytes > left())
      throw Fault("OUT_OF_MEMORY", "emulation: " + std::to_string(bytes) + " bytes are not left");
    void* const memory = std::malloc(bytes);
    if (!memory) throw std::bad_alloc();
    sizes_[memory] = bytes;
    used_ += bytes;
    return std::memset(memory, 0xff, bytes);
  }
  std::size_t left() override { return emulation_.limits.memory - used_; }
  void release(void* memory) noexcept override {
    lingered();
    used_ -= sizes_.at(memory);
    sizes_.erase(memory);
    std::free(memory);
  }
  void upload(void* to, std::size_t pitch, const void* from, std::size_t row,
              std::size_t rows) override {
    linger();
    note([&](Traces& traces) { traces.uploaded += row * rows; });
    for (std::size_t i = 0; i < rows; ++i)
      std::memcpy(static_cast<char*>(to) + i * pitch, static_cast<const char*>(from) + i * row,
                  row);
  }
  void clear(void* memory, std::size_t bytes) override { std::memset(memory, 0, bytes); }
  void download(void* to, const void* from, std::size_t bytes) override {
    linger();
    settle();
    note([&](Traces& traces) { traces.downloaded += bytes; });
    std::memcpy(to, from, bytes);
  }
  void wait() override {
    linger();
    note([](Traces& traces) { ++traces.waits; });
    settle();
  }

  void run(const Gather& job) override { launch("gather", job); }
  void run(const Forward& job) override { launch("forward", job); }
  void run(const OutputLoss& job) override { launch("loss", job); }
  void run(const Activate& job) override { launch("activate", job); }
  void run(const Backprop& job) override { launch("backprop", job); }
  void run(const Update& job) override { launch("update", job); }
  void run(const ApplyGradient& job) override { launch("apply gradient", job); }
  void run(const Tally& job) override { launch("tally", job); }
  void run(const AddUp& job) override { launch("add up", job); }
  void run(const Epoch& job) override { launch("epoch", job); }
  int teams(int ranks, int units) override {
    if (!emulation_.asking) throw Fault("LAUNCH", "emulation: there is no answer");
    if (!emulation_.unasked) asked_.insert(units);
    const auto most = emulation_.limits.cluster ? kLargestCluster : kLargestGrid;
    return ranks <= emulation_.largest_team.value_or(most) ? 1 : 0;
  }

  std::unique_ptr<Recording> record(const std::function<void()>& launches) override {
    recorded_.emplace();
    launches();
    auto recording = std::make_unique<Replay>(std::move(*recorded_));
    recorded_.reset();
    return recording;
  }

 private:
  // What a kernel did wrong is told to who waits.
  void settle() {
    if (recorded_) throw Fault("LAUNCH", "emulation: nobody waits for what is recorded");
    if (failed_) Broken::remember("emulation: wait" + launches_.running() + ": a planted failure");
    Broken::check();
    launches_.waited();
  }

  void linger() const {
    if (!lingered()) throw std::runtime_error("emulation: no other thread has gone on meanwhile");
  }
  // Whether another thread has gone on meanwhile; who cannot throw leaves it to the traces.
  bool lingered() const {
    if (!emulation_.lingers) return true;
    std::unique_lock lock(ticking);
    const auto gone_on = [before = ticks] { return ticks != before; };
    if (ticked.wait_for(lock, std::chrono::seconds(5), gone_on)) return true;
    note([](Traces& traces) { ++traces.alone; });
    return false;
  }

  template <class Job>
  void launch(const char* name, const Job& job) {
    if (recorded_) {
      recorded_->push_back([this, name, job] { launch(name, job); });
      if (blocking_) wait();
      return;
    }
    const Epoch* together = nullptr;  // only these blocks are
    if constexpr (std::is_same_v<Job, Epoch>) together = &job;
    lay_out(job, emulation_.limits.multiprocessors,
            [&](auto tile, std::int64_t blocks, std::size_t bytes) {
              check(name, blocks, bytes, together);
              note([&](Traces& traces) {
                ++traces.launches[name];
                if constexpr (requires { decltype(tile)::kTile; })
                  ++traces.tiles[{name, decltype(tile)::kTile}];
              });
              launches_.note(name);
              failed_ |= name == emulation_.failing;
              if (blocking_) wait();
              if (failed_) return;  // as on a GPU: nothing runs any more, and who waits is told
              machine_.run(blocks, bytes, together,
                           [&job, tile](EmulatedComm& comm) { work(tile, comm, job); });
            });
  }

  bool holds(const void* at, std::size_t bytes) const {
    const auto after = sizes_.upper_bound(const_cast<void*>(at));
    if (after == sizes_.begin()) return false;
    const auto& [memory, size] = *std::prev(after);
    const auto from = static_cast<const char*>(at) - static_cast<const char*>(memory);
    return static_cast<std::size_t>(from) + bytes <= size;
  }

  // As a card does: a kernel that did not ask for more has 48 KB, and 8 blocks to a cluster.
  void check(const char* name, std::int64_t blocks, std::size_t bytes,
             const Epoch* together) const {
    const bool asked = together && asked_.contains(together->units);
    const auto refuse = [name](const std::string& wish, std::size_t most) {
      throw Fault("EMULATION", std::string("emulation: ") + name + " wants " + wish + " at most " +
                                   std::to_string(most) + " here");
    };
    const std::size_t most_bytes = asked ? emulation_.limits.shared : kUnaskedShared;
    if (bytes > most_bytes)
      refuse(std::to_string(bytes) + " bytes of shared memory, a block has", most_bytes);
    const std::int64_t most_blocks = asked ? kLargestCluster : kPortableCluster;
    if (together && together->cluster && blocks > most_blocks)
      refuse("a cluster of " + std::to_string(blocks) + " blocks, which has",
             static_cast<std::size_t>(most_blocks));
  }

  const Emulation emulation_;
  Machine machine_;
  const pid_t process_;
  std::map<void*, std::size_t> sizes_;  // of what is allocated, in bytes
  std::size_t used_ = 0;
  bool failed_ = false;
  std::set<int> asked_;  // the units of kernels for which teams() was asked
  std::optional<std::vector<std::function<void()>>> recorded_;
};

}  // namespace

std::unique_ptr<Device> make_emulated(const Emulation& emulation) {
  return std::make_unique<EmulatedDevice>(emulation);
}

Traces traces() {
  const std::lock_guard guard(noting);
  return noted;
}

void note_barrier(const std::string& site) {
  note([&](Traces& traces) { traces.barriers.insert(site); });
}

void tick() {
  const std::lock_guard guard(ticking);
  ++ticks;
  ticked.notify_all();
}

}  // namespace cutaway::cuda

cutaway::cuda::Device* cutaway_make_emulated(const cutaway::cuda::Emulation& emulation) {
  return cutaway::cuda::make_emulated(emulation).release();
}
