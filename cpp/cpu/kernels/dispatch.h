// Which instruction set's kernels run: the best that the processor has and CUTAWAY_MAX_ISA allows.
#pragma once

#include "cpu/kernels/table.h"

namespace cutaway {

// Chosen at the first call. Throws std::invalid_argument for an unknown CUTAWAY_MAX_ISA.
const Kernels& kernels();

}  // namespace cutaway
