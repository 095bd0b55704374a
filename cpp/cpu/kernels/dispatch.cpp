#include "cpu/kernels/dispatch.h"

#include <cstdlib>
#include <iterator>
#include <stdexcept>
#include <string>

namespace cutaway {
namespace {

struct InstructionSet {
  const char* name;
  const Kernels* kernels;  // null: not for this kind of processor
  bool (*available)();     // on the processor that runs this
};

#define CUTAWAY_SET(name, features) {#name, &kernels_##name, [] { return features; }}
#define CUTAWAY_ABSENT(name, features) {#name, nullptr, [] { return false; }}
#ifdef CUTAWAY_X86  // the built-in asks the operating system too: it must save the registers
#define CUTAWAY_HAS(feature) (__builtin_cpu_supports(feature) != 0)
#define CUTAWAY_X86_SET CUTAWAY_SET
#else
#define CUTAWAY_X86_SET CUTAWAY_ABSENT
#endif
#ifdef CUTAWAY_ARM64
#define CUTAWAY_ARM64_SET CUTAWAY_SET
#else
#define CUTAWAY_ARM64_SET CUTAWAY_ABSENT
#endif

// From the plainest to the widest; CUTAWAY_MAX_ISA takes their names, whatever the processor. It is
// a place in this table: "avx2" allows an ARM its NEON, and "neon" leaves x86 the generic set.
constexpr InstructionSet kInstructionSets[] = {
    CUTAWAY_SET(generic, true),
    CUTAWAY_ARM64_SET(neon, true),  // all of them have it
    CUTAWAY_X86_SET(avx2, CUTAWAY_HAS("avx2") && CUTAWAY_HAS("fma") && CUTAWAY_HAS("popcnt") &&
                              CUTAWAY_HAS("bmi")),
    CUTAWAY_X86_SET(avx512, CUTAWAY_HAS("avx2") && CUTAWAY_HAS("fma") && CUTAWAY_HAS("popcnt") &&
                                CUTAWAY_HAS("bmi") && CUTAWAY_HAS("avx512f") &&
                                CUTAWAY_HAS("avx512bw") && CUTAWAY_HAS("avx512dq") &&
                                CUTAWAY_HAS("avx512vl")),
};
constexpr std::size_t kCount = std::size(kInstructionSets);

// "a, b or c"
std::string names() {
  std::string list = kInstructionSets[0].name;
  for (std::size_t i = 1; i < kCount; ++i)
    list += (i + 1 < kCount ? ", " : " or ") + std::string(kInstructionSets[i].name);
  return list;
}

// The best set that CUTAWAY_MAX_ISA allows, by its place in the table.
std::size_t cap() {
  const char* variable = std::getenv("CUTAWAY_MAX_ISA");
  const std::string name = variable ? variable : "";
  if (name.empty()) return kCount - 1;
  for (std::size_t i = 0; i < kCount; ++i)
    if (name == kInstructionSets[i].name) return i;
  throw std::invalid_argument("CUTAWAY_MAX_ISA must be " + names() + ", got '" + name + "'");
}

const Kernels& choose() {
#ifdef CUTAWAY_X86
  __builtin_cpu_init();
#endif
  std::size_t best = cap();
  while (!kInstructionSets[best].available()) --best;  // the first always is
  return *kInstructionSets[best].kernels;
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

}  // namespace cutaway
