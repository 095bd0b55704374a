#include "cpu/kernels/dispatch.h"

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace cutaway {
namespace {

enum class Isa { generic, avx2, avx512 };

Isa allowed() {
  const char* cap = std::getenv("CUTAWAY_MAX_ISA");
  const std::string name = cap ? cap : "";
  if (name.empty() || name == "avx512") return Isa::avx512;
  if (name == "avx2") return Isa::avx2;
  if (name == "generic") return Isa::generic;
  throw std::invalid_argument("CUTAWAY_MAX_ISA must be generic, avx2 or avx512, got '" + name +
                              "'");
}

const Kernels& choose() {
  const Isa cap = allowed();
#ifdef CUTAWAY_X86  // these built-ins ask the operating system too: it must save the registers
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  if (cap >= Isa::avx512 && avx512) return kernels_avx512;
  if (cap >= Isa::avx2 && avx2) return kernels_avx2;
#else
  static_cast<void>(cap);
#endif
  return kernels_generic;
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

}  // namespace cutaway
