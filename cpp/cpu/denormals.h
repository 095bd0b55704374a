// Denormal numbers count as zero where it is asked for: arithmetic on them is some thirty times
// slower, and training gains nothing from them. The mode is a thread's; where neither SSE nor
// NEON is, it stays as it is.
#pragma once

#ifdef CUTAWAY_X86
#include <xmmintrin.h>
#endif

namespace cutaway {

// Flushes denormal numbers to zero on this thread while it lives, or keeps them.
class Denormals {
 public:
  enum class Are { kept, flushed };
  explicit Denormals(Are are) {
    set(are == Are::flushed ? before_ | kFlushed : before_ & ~kFlushed);
  }
  ~Denormals() { set(before_); }
  Denormals(const Denormals&) = delete;
  Denormals& operator=(const Denormals&) = delete;

 private:
#if defined(CUTAWAY_X86)
  using Mode = unsigned;
  static constexpr Mode kFlushed = 0x8000 | 0x40;  // flush to zero; denormals are zero
  static Mode mode() { return _mm_getcsr(); }
  static void set(Mode mode) { _mm_setcsr(mode); }
#elif defined(CUTAWAY_ARM64)
  using Mode = unsigned long;
  static constexpr Mode kFlushed = 1 << 24;  // FZ is both
  static Mode mode() {
    Mode mode;
    asm volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
  }
  static void set(Mode mode) { asm volatile("msr fpcr, %0" : : "r"(mode)); }
#else
  using Mode = unsigned;
  static constexpr Mode kFlushed = 0;
  static Mode mode() { return 0; }
  static void set(Mode) {}
#endif
  const Mode before_ = mode();
};

}  // namespace cutaway
