// A GPU that runs the kernels on the CPU, for tests (machine.h): how it behaves, and what it did.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "cuda/device.h"

namespace cutaway::cuda {

struct Emulation {
  // Whose turn it is; a shuffled schedule starves a block, too.
  enum class Schedule { forward, reverse, shuffled };
  Schedule schedule = Schedule::forward;
  unsigned seed = 0;  // of the shuffling
  Limits limits{.name = "an emulated GPU",
                .memory = std::size_t{1} << 31,
                .multiprocessors = 1,
                .ranks = 16,
                .cluster = true,
                .counted = true,
                .tf32 = true,
                .shared = 227 << 10};
  std::optional<int> largest_team;  // blocks; a larger one is refused. Otherwise as on a card
  bool asking = true;               // otherwise the question for a team fails
  std::string failing;              // a kernel, by name, that breaks the GPU
  bool lingers = false;             // whatever may take long lasts until somebody calls tick()
  bool unasked = false;             // the question makes nothing ready to run: a planted fault
  std::string dropped;  // a barrier that is left out, as in "epoch.h:100": a planted fault
};

// What the machines of this process did so far.
struct Traces {
  std::set<std::string> barriers;       // where they are in the source
  std::map<std::string, int> launches;  // of the kernels, by name
  // Those of products, by name and by the side of a tile.
  std::map<std::pair<std::string, int>, int> tiles;
  std::size_t uploaded = 0;    // bytes
  std::size_t downloaded = 0;  // bytes
  int waits = 0;               // for all that was launched, but to download
  int alone = 0;               // times that something lingered, and nobody went on
};

std::unique_ptr<Device> make_emulated(const Emulation& emulation);
Traces traces();
void note_barrier(const std::string& site);
// Tells those that linger that another thread has gone on.
void tick();

}  // namespace cutaway::cuda

// The same, to be found in a library: device.cpp compiled with other kernels (planted faults).
extern "C" cutaway::cuda::Device* cutaway_make_emulated(const cutaway::cuda::Emulation& emulation);
