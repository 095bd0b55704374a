#include "cuda/plan.h"

#include <utility>

#include "cuda/kernels/launch.h"

namespace cutaway::cuda {
namespace {

// What the device has against a team; nothing if it takes it.
std::string refusal(Device& device, int ranks, int units) {
  const std::string team = std::to_string(ranks) + " blocks of " + std::to_string(units) + " units";
  try {
    if (device.teams(ranks, units) >= 1) return {};
    return team + ": there is no room for them at once";
  } catch (const Fault& fault) {  // who is asked and fails says no
    if (fault.code() == "BROKEN" || fault.code() == "OUT_OF_MEMORY") throw;
    return team + ": " + fault.what();
  }
}

constexpr int kLargeGroup = kGroupOf<2>, kSmallGroup = kGroupOf<1>;

std::size_t shared_bytes(const Epoch& job) {
  std::size_t shared = 0;
  lay_out(job, 1, [&](auto, std::int64_t, std::size_t bytes) { shared = bytes; });
  return shared;
}

// Whether any optimizer may be used with such blocks, of a mini-batch that is a group.
bool has_room(Epoch job, int units, std::size_t shared) {
  float some = 0;
  job.memory[0] = job.memory[1] = {&some, &some};  // as Adam's
  job.units = units;
  job.ranks = 1;
  job.stages = 1;
  job.batch = job.group = kSmallGroup;
  return shared_bytes(job) <= shared;
}

}  // namespace

Team team_for(Device& device, Epoch job) {
  Team team;
  for (const int units : {2, 4, 8, 16}) {
    // Two units are little work for what blocks wait for each other.
    if (units == 2 && has_room(job, 4, device.limits().shared)) continue;
    int ranks = 1;
    while (ranks * std::int64_t{units} < job.hidden) ranks *= 2;
    if (ranks > device.limits().ranks) continue;
    std::string words = refusal(device, ranks, units);
    if (words.empty()) {
      team.ranks = ranks;
      team.units = units;
      break;
    }
    team.refused.push_back(std::move(words));
  }
  return team;
}

Plan plan_for(Epoch job, std::size_t shared) {
  Plan plan{.ranks = job.ranks, .units = job.units};
  // Groups of 32 take a tenth more instructions, which is less than to wait for every copy.
  for (const auto& [group, stages] :
       {std::pair{kLargeGroup, 2}, {kSmallGroup, 2}, {kSmallGroup, 1}}) {
    if (group > kSmallGroup && job.batch <= kSmallGroup) continue;
    job.group = group;
    job.stages = stages;
    plan.shared = shared_bytes(job);
    if (plan.shared > shared) continue;
    plan.group = group;
    plan.stages = stages;
    return plan;
  }
  plan.why_not = "shared memory";
  return plan;
}

}  // namespace cutaway::cuda
