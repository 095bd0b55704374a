// What a process remembers of its GPU once a kernel has failed: from then on CUDA answers every
// call with an error, until the process ends. In: the first such error. Out: the same words for
// every later call.
#pragma once

#include <mutex>
#include <string>

#include "cuda/device.h"

namespace cutaway::cuda {

class Broken {
 public:
  // The sentence; empty: nothing is broken.
  static std::string words() {
    const std::lock_guard guard(state().mutex);
    return state().words;
  }
  static void check() {
    const std::string words = Broken::words();
    if (!words.empty()) throw Fault("BROKEN", words);
  }
  static void remember(const std::string& error) {
    const std::lock_guard guard(state().mutex);
    if (!state().words.empty()) return;
    state().words = "a kernel has failed, and no GPU works in this process any more (" + error +
                    "); start the process again";
    if (!blocking_asked()) state().words += ", with CUTAWAY_CUDA_BLOCKING=1 to learn which it was";
  }
  static void forget() {  // an emulated GPU is another one
    const std::lock_guard guard(state().mutex);
    state().words.clear();
  }

 private:
  struct State {
    std::mutex mutex;
    std::string words;
  };
  static State& state() {
    static State held;
    return held;
  }
};

}  // namespace cutaway::cuda
