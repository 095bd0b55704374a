// What the environment asks of GPUs, real and emulated ones. A setting is on unless it is empty or
// 0.
#pragma once

#include <cstdlib>
#include <string_view>

namespace cutaway::cuda {

inline bool is_on(const char* setting) {
  const char* const asked = std::getenv(setting);
  return asked && *asked && std::string_view(asked) != "0";
}

// Every launch waits for its kernel, so that errors come from where they are made.
inline bool blocking_asked() { return is_on("CUTAWAY_CUDA_BLOCKING"); }
// Memory stays as it is found, for compute-sanitizer's initcheck.
inline bool unfilled_asked() { return is_on("CUTAWAY_CUDA_UNFILLED"); }
// The blocks of a cluster meet at barriers, where they would count their mail.
inline bool barriers_asked() { return is_on("CUTAWAY_CUDA_BARRIERS"); }

}  // namespace cutaway::cuda
