// Who is asked whether to stop.
#pragma once

#include <chrono>
#include <functional>

namespace cutaway {

// Asked every 0.1 s of work at the latest, on the caller's thread; true ends the call, which then
// has done nothing of the step that it was in.
using Interrupted = std::function<bool()>;

// One that may be asked all the time, and passes that on every few milliseconds.
inline Interrupted patient(Interrupted interrupted) {
  constexpr auto kPatience = std::chrono::milliseconds(5);
  if (!interrupted) return interrupted;
  return [=, asked = std::chrono::steady_clock::now()]() mutable {
    const auto now = std::chrono::steady_clock::now();
    if (now - asked <= kPatience) return false;
    asked = now;
    return interrupted();
  };
}

}  // namespace cutaway
