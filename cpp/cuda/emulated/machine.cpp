// Whose turn it is, where threads meet, and what is wrong on any GPU.

#include "cuda/emulated/machine.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace cutaway::cuda {
namespace {

constexpr std::int64_t kMostCounted = 1 << 20;  // bytes

// As tensor cores are known to add: what is below the last bit of the largest term, as a float, is
// cut off, of all terms and of the sum.
float sum_cut_off(const std::array<double, 9>& terms) {
  double largest = 0, sum = 0;
  for (const double term : terms) largest = std::max(largest, std::abs(term));
  for (const double term : terms) sum += term;
  if (!std::isfinite(sum) || largest == 0) return static_cast<float>(sum);
  const double unit = std::ldexp(1.0, std::max(std::ilogb(largest) - 23, -149));
  sum = 0;
  for (const double term : terms) sum += std::trunc(term / unit) * unit;
  const auto nearest = static_cast<float>(sum);
  const bool over = std::isfinite(nearest) && std::abs(nearest) > std::abs(sum);
  return over ? std::nextafter(nearest, 0.0f) : nearest;
}

std::string site_of(const char* file, int line) {
  const char* slash = std::strrchr(file, '/');
  return (slash ? slash + 1 : file) + (":" + std::to_string(line));
}

}  // namespace

Machine::Machine(const Emulation& emulation, Holds holds)
    : emulation_(emulation),
      holds_(std::move(holds)),
      random_(emulation.seed),
      fibers_([this](int i) {
        EmulatedComm comm(*this, threads_[static_cast<std::size_t>(i)]);
        (*kernel_)(comm);
      }) {}

void Machine::run(std::int64_t blocks, std::size_t shared_bytes, const Epoch* together,
                  const Kernel& kernel) {
  kernel_ = &kernel;
  together_ = together;
  shared_lines_ = (shared_bytes + sizeof(Line) - 1) / sizeof(Line);
  if (together) {
    run_together(0, static_cast<int>(blocks));
    return;
  }
  std::vector<std::int64_t> order(static_cast<std::size_t>(blocks));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
  arrange(order);
  for (const std::int64_t block : order) run_together(block, 1);
}

void Machine::run_together(std::int64_t first_block, int blocks) {
  const int threads = blocks * kThreads;
  fibers_.reserve(threads);
  first_block_ = first_block;
  blocks_.clear();
  for (int rank = 0; rank < blocks; ++rank) {
    Block& block = blocks_.emplace_back();
    block.shared = std::make_unique<Line[]>(shared_lines_);
    std::memset(block.shared.get(), 0xff, shared_lines_ * sizeof(Line));
    block.meeting.expected = kThreads;
  }
  all_ = {};
  all_.expected = threads;
  warps_.assign(static_cast<std::size_t>(threads / kWarp), {});
  for (Meeting& warp : warps_) warp.expected = kWarp;
  given_.resize(static_cast<std::size_t>(2 * threads));

  threads_.resize(static_cast<std::size_t>(threads));
  std::vector<int> order;
  for (int i = 0; i < threads; ++i) {
    threads_[static_cast<std::size_t>(i)] = {.rank = i / kThreads, .number = i % kThreads};
    order.push_back(i);
  }
  arrange(order);
  take_turns(std::move(order));
}

template <class T>
void Machine::arrange(std::vector<T>& order) {
  if (emulation_.schedule == Emulation::Schedule::reverse) std::reverse(order.begin(), order.end());
  if (emulation_.schedule == Emulation::Schedule::shuffled)
    std::shuffle(order.begin(), order.end(), random_);
}

// Every thread that can go on does so in turn, until all are done. Shuffled, one block starves: its
// turn comes only when no other block can go on.
void Machine::take_turns(std::vector<int> order) {
  const bool shuffled = emulation_.schedule == Emulation::Schedule::shuffled;
  const bool starves = shuffled && blocks_.size() > 1;
  const int starved = starves ? static_cast<int>(random_() % blocks_.size()) : -1;
  bool starving = starves;
  for (std::size_t live = order.size(); live > 0;) {
    bool moved = false;
    for (const int i : order) {
      Thread& thread = threads_[static_cast<std::size_t>(i)];
      if (!ready(thread) || (starving && thread.rank == starved)) continue;
      moved = true;
      if (fibers_.resume(i)) {
        thread.done = true;
        ++blocks_[static_cast<std::size_t>(thread.rank)].left;
        --live;
      }
      if (!error_.empty()) break;
    }
    if (error_.empty() && !letters_.empty()) {
      deliver(!moved && !starving);
    } else if (!moved && !starving) {
      error_ = stuck();
    }
    if (!error_.empty()) {
      fibers_.forget();
      letters_.clear();
      throw Fault("EMULATION", "emulation: " + std::exchange(error_, {}));
    }
    starving = starves && moved;
    if (shuffled) std::shuffle(order.begin(), order.end(), random_);
  }
  if (!std::exchange(letters_, {}).empty())
    throw Fault("EMULATION", "emulation: mail is on its way to blocks that have left");
}

// Some of the mail comes, in any order: as soon as it can, or not before all others wait for it.
void Machine::deliver(bool others_wait) {
  std::size_t count = letters_.size();
  if (emulation_.schedule == Emulation::Schedule::reverse && !others_wait) return;
  if (emulation_.schedule == Emulation::Schedule::shuffled) {
    if (!others_wait && random_() % 4 != 0) return;
    count = 1 + random_() % count;
  }
  arrange(letters_);
  for (std::size_t i = 0; i < count && error_.empty(); ++i) deliver(letters_[i]);
  letters_.erase(letters_.begin(), letters_.begin() + static_cast<std::ptrdiff_t>(count));
}

void Machine::deliver(const Letter& letter) {
  Counter& counter = counter_of(letter.rank, letter.counter);
  if (blocks_[static_cast<std::size_t>(letter.rank)].left > 0) {
    error_ = "mail comes to a block that has left";
  } else if (letter.round != counter.round.times) {
    error_ = "mail comes in a round that is not its own";
  } else {
    std::memcpy(letter.to, letter.from ? letter.from : &letter.value, letter.bytes);
    count(counter, -static_cast<std::int64_t>(letter.bytes));
  }
}

bool Machine::ready(const Thread& thread) const {
  return !thread.done && !(thread.waiting && thread.waiting->times == thread.since);
}

std::string Machine::stuck() const {
  std::set<std::string> sites;
  for (const Thread& thread : threads_)
    if (!thread.done) sites.insert(site_of(thread.waiting->file, thread.waiting->line));
  std::string text = "threads wait for others that will not come:";
  for (const std::string& site : sites) text += " " + site;
  return text;
}

// Whether a barrier is left out, on purpose.
bool Machine::passes(const char* file, int line) {
  if (seen_.insert({file, line}).second) note_barrier(site_of(file, line));
  return !emulation_.dropped.empty() && emulation_.dropped == site_of(file, line);
}

void Machine::meet(Thread& thread, Meeting& meeting, const char* file, int line) {
  wait(thread, meeting, arrive(meeting, file, line));
}

// Returns the meeting's `times` before it.
std::int64_t Machine::arrive(Meeting& meeting, const char* file, int line) {
  if (meeting.arrived == 0) {
    meeting.file = file;
    meeting.line = line;
  } else if (meeting.line != line || std::strcmp(meeting.file, file) != 0) {
    fail("threads wait at different barriers: " + site_of(meeting.file, meeting.line) + " and " +
         site_of(file, line));
  }
  const std::int64_t before = meeting.times;
  if (++meeting.arrived == meeting.expected) {
    meeting.arrived = 0;
    ++meeting.times;
  }
  return before;
}

// The last that arrives goes on at once; the others are free to.
void Machine::wait(Thread& thread, const Meeting& meeting, std::int64_t since) {
  if (meeting.times != since) return;
  thread.waiting = &meeting;
  thread.since = since;
  fibers_.yield();
  thread.waiting = nullptr;
}

// So many bytes more are due, or less.
void Machine::count(Counter& counter, std::int64_t bytes) {
  counter.due += bytes;
  if (std::abs(counter.due) >= kMostCounted) error_ = "more mail in a round than a card can count";
  if (counter.due != 0 || !counter.expecting) return;
  counter.expecting = false;
  ++counter.round.times;
}

// Counters lie in a block's shared memory, and are made when all blocks begin. Here they are
// elsewhere, and nobody may have written where they would be.
void Machine::check_counters(const Thread& thread) {
  if (all_.times == 0) fail("a counter is used before all blocks have begun");
  const unsigned char* const there =
      blocks_[static_cast<std::size_t>(thread.rank)].shared.get()->bytes;
  if (std::any_of(there, there + kCounters * sizeof(std::uint64_t),
                  [](unsigned char byte) { return byte != 0xff; }))
    fail("something is written over the counters");
}

void Machine::expect(Thread& thread, int counter, std::int64_t bytes) {
  check_counters(thread);
  Counter& mine = counter_of(thread.rank, counter);
  if (mine.expecting) fail("the mail of a round is expected twice");
  mine.expecting = true;
  count(mine, bytes);
  if (!error_.empty()) fail(std::string(error_));
}

// A card knows rounds by whether they are odd.
void Machine::receive(Thread& thread, int counter, const char* file, int line) {
  check_counters(thread);
  Meeting& round = counter_of(thread.rank, counter).round;
  const std::int64_t mine = thread.rounds[static_cast<std::size_t>(counter)]++;
  if (passes(file, line)) return;
  round.file = file;
  round.line = line;
  wait(thread, round, mine);
  if (round.times != mine + 1) fail("a thread has slept through a round of mail");
}

// What all lanes of the thread's warp give, once they have.
const Machine::Given* Machine::exchange(Thread& thread, const Given& given, const char* file,
                                        int line) {
  const int number = thread.rank * kThreads + thread.number;
  Meeting& warp = warps_[static_cast<std::size_t>(number / kWarp)];
  // One half is written while somebody may still read the other.
  const auto threads = static_cast<std::int64_t>(threads_.size());
  Given* const all = given_.data() + warp.times % 2 * threads;
  all[number] = given;
  meet(thread, warp, file, line);
  return all + number / kWarp * kWarp;
}

// Fibers cannot throw: their stacks know nothing of each other.
void Machine::fail(const std::string& why) {
  error_ = why;
  fibers_.yield();
  std::abort();  // it is never resumed
}

void EmulatedComm::block_sync(const char* file, int line) {
  if (!machine_.passes(file, line)) machine_.meet(thread_, block_.meeting, file, line);
}

void EmulatedComm::open(const char* file, int line) {
  if (!machine_.passes(file, line)) machine_.meet(thread_, machine_.all_, file, line);
}

void EmulatedComm::expect(Incoming box, int count) {
  if (counted()) machine_.expect(thread_, box, count * std::int64_t{sizeof(float)});
}

void EmulatedComm::send(Incoming box, int rank, std::int64_t place, float value) {
  float* const to = mail(rank) + place;
  if (counted()) {
    machine_.letters_.push_back({.to = to,
                                 .from = nullptr,
                                 .value = value,
                                 .bytes = sizeof value,
                                 .rank = rank,
                                 .counter = box,
                                 .round = thread_.rounds[box]});
  } else {
    *to = value;
  }
}

void EmulatedComm::sent(const char* file, int line) {
  if (counted()) return;
  const bool passes = machine_.passes(file, line);
  thread_.arrived = passes ? -1 : machine_.arrive(machine_.all_, file, line);
}

void EmulatedComm::receive(Incoming box, const char* file, int line) {
  if (counted()) {
    machine_.receive(thread_, box, file, line);
    return;
  }
  if (machine_.passes(file, line) || thread_.arrived < 0) return;
  machine_.wait(thread_, machine_.all_, thread_.arrived);
}

float EmulatedComm::exchange(float value, int mask, const char* file, int line) {
  return machine_.exchange(thread_, {value}, file, line)[lane() ^ mask][0];
}

// By the layout in comm.h: what a lane gives is a[0] to a[3], b[0] and b[1].
void EmulatedComm::mma_tf32(float (&sums)[4], const float (&a)[4], const float (&b)[2],
                            const char* file, int line) {
  for (const float value : {a[0], a[1], a[2], a[3], b[0], b[1]})
    if (to_tf32(value) != value && value == value)
      machine_.fail("an operand of mma_tf32 is not rounded");
  const auto* const lanes =
      machine_.exchange(thread_, {a[0], a[1], a[2], a[3], b[0], b[1]}, file, line);
  for (int i = 0; i < 4; ++i) {
    const int row = lane() / 4 + i / 2 * 8, column = lane() % 4 * 2 + i % 2;
    std::array<double, 9> terms = {sums[i]};
    for (int k = 0; k < 8; ++k) {
      const std::size_t of_a = static_cast<std::size_t>(row / 8 + k / 4 * 2);
      const std::size_t of_b = static_cast<std::size_t>(4 + k / 4);
      const double a_k = lanes[row % 8 * 4 + k % 4][of_a];
      terms[static_cast<std::size_t>(k) + 1] = a_k * lanes[column * 4 + k % 4][of_b];
    }
    sums[i] = sum_cut_off(terms);
  }
}

float* EmulatedComm::mail(int rank) const {
  const Epoch& job = *machine_.together_;
  if (!job.cluster) return job.mail + rank * job.mail_floats;
  Machine::Block& block = machine_.blocks_[static_cast<std::size_t>(rank)];
  if (rank != thread_.rank && machine_.all_.times == 0)
    machine_.fail("mail is sent before all blocks have begun");
  if (block.left > 0) machine_.fail("mail is sent to a block that has left");
  return reinterpret_cast<float*>(block.shared.get());
}

void EmulatedComm::check_copy(void* to, const void* from, std::size_t bytes, std::size_t unit) {
  if (!machine_.holds_(from, bytes)) machine_.fail("a copy from where nothing is");
  for (const std::uintptr_t number :
       {reinterpret_cast<std::uintptr_t>(to), reinterpret_cast<std::uintptr_t>(from), bytes})
    if (number % unit != 0)
      machine_.fail("a copy of " + std::to_string(bytes) + " bytes is not aligned to " +
                    std::to_string(unit));
  std::memset(to, 0xff, bytes);  // who reads it too early shall notice
}

void EmulatedComm::copy_later(void* to, const void* from, std::size_t bytes) {
  check_copy(to, from, bytes, bytes);
  thread_.copies.push_back({.to = to, .from = from, .bytes = bytes});
}

void EmulatedComm::copy_wait(const char* file, int line) {
  if (machine_.passes(file, line)) return;
  for (const auto& [to, from, bytes] : thread_.copies) std::memcpy(to, from, bytes);
  thread_.copies.clear();
}

void EmulatedComm::copy_row(void* to, const void* from, std::size_t bytes) {
  machine_.check_counters(thread_);
  check_copy(to, from, bytes, 16);
  machine_.letters_.push_back({.to = to,
                               .from = from,
                               .value = 0,
                               .bytes = bytes,
                               .rank = rank(),
                               .counter = kRows,
                               .round = thread_.rounds[kRows]});
}

void EmulatedComm::rows_wait(const char* file, int line) {
  if (cluster()) machine_.receive(thread_, kRows, file, line);
}

}  // namespace cutaway::cuda
