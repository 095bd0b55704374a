// Denormal numbers count as zero where it is asked for: arithmetic on them is some thirty times
// slower, and training gains nothing from them. The mode is a thread's; without SSE it stays as it
// is.
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
    constexpr unsigned kFlushToZero = 0x8000, kDenormalsAreZero = 0x40;
    constexpr unsigned kFlushed = kFlushToZero | kDenormalsAreZero;
    set(are == Are::flushed ? before_ | kFlushed : before_ & ~kFlushed);
  }
  ~Denormals() { set(before_); }
  Denormals(const Denormals&) = delete;
  Denormals& operator=(const Denormals&) = delete;

 private:
#ifdef CUTAWAY_X86
  static unsigned mode() { return _mm_getcsr(); }
  static void set(unsigned mode) { _mm_setcsr(mode); }
#else
  static unsigned mode() { return 0; }
  static void set(unsigned) {}
#endif
  const unsigned before_ = mode();
};

}  // namespace cutaway
