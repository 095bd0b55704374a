#include "cuda/plan.h"

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

}  // namespace

Team team_for(Device& device, int hidden) {
  Team team;
  for (const int units : {4, 8, 16}) {
    int ranks = 1;
    while (ranks * std::int64_t{units} < hidden) ranks *= 2;
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
  for (job.stages = 2; job.stages > 0; --job.stages) {
    lay_out(job, 1, [&](auto, std::int64_t, std::size_t bytes) { plan.shared = bytes; });
    if (plan.shared <= shared) {
      plan.stages = job.stages;
      return plan;
    }
  }
  plan.why_not = "shared memory";
  return plan;
}

}  // namespace cutaway::cuda
