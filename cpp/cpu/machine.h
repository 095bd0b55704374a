// What this machine can do at best, measured: so that the time of a training can be understood.
#pragma once

#include <vector>

namespace cutaway {

// GFLOP/s of one thread that does nothing but fused multiply-adds: the best of some ten tries, for
// whatever disturbs a try makes it slower.
double fma_peak(double seconds);

// How long a cache line takes from one CPU to another and back.
struct RoundTrip {
  int from, to;  // their numbers
  double nanoseconds;
};

// From the CPU that the caller is on to each of the others that it may use, so many seconds in all;
// none where CPUs cannot be chosen. The median of many: others may want the CPUs, too.
std::vector<RoundTrip> round_trips(double seconds);

}  // namespace cutaway
