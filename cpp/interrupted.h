// Who is asked whether to stop.
#pragma once

#include <functional>

namespace cutaway {

// Asked every 0.1 s of work at the latest, on the caller's thread; true ends the call, which then
// has done nothing of the step that it was in.
using Interrupted = std::function<bool()>;

}  // namespace cutaway
