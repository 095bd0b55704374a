// Which way a learn() goes. In: a network's sizes, what was loaded, and a Device. Out: the plan of
// the fast path (epoch.h), or the word for why the steps go layer by layer (layers.h).
#pragma once

#include <string>
#include <vector>

#include "cuda/device.h"
#include "cuda/kernels/jobs.h"

namespace cutaway::cuda {

// The blocks that share a hidden layer.
struct Team {
  int ranks = 0, units = 0;  // blocks, and hidden units of each; 0: there is none
  // Larger teams that the device has not taken, and its words: one sentence for each.
  std::vector<std::string> refused{};
};

struct Plan {
  // off, depth, floats, batch, device, width, refused or shared memory; empty: it is the fast
  // path.
  std::string why_not{};
  int ranks = 0, units = 0;   // of the team
  int group = 0, stages = 0;  // as Epoch's
  std::size_t shared = 0;     // bytes of a block's shared memory; what it would take if it is short
};

// The first team that the device takes, the one with the fewest units to a block before all. It
// follows from the network's sizes and the device alone, so that all batches and optimizers of a
// network are shared alike, and all batches give the same bits.
Team team_for(Device& device, Epoch job);

// The groups and stages that fit a block's shared memory, and their bytes; they change no bit.
Plan plan_for(Epoch job, std::size_t shared);

}  // namespace cutaway::cuda
