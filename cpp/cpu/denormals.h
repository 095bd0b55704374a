// Denormal numbers count as zero where it is asked for: arithmetic on them is some thirty times
// slower, and training gains nothing from them. The mode is a thread's; without SSE it stays as it
// is.
#pragma once

#ifdef CUTAWAY_X86
#include <xmmintrin.h>
#endif

namespace cutaway {

// Flushes denormal numbers to zero on this thread while it lives.
class FlushDenormals {
 public:
  FlushDenormals() { set(flushing()); }
  ~FlushDenormals() { set(saved_); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

  // Calls f, which is not ours, with the mode that was set before.
  template <class F>
  auto without(const F& f) const {
    set(saved_);
    const auto result = f();
    set(flushing());
    return result;
  }

 private:
#ifdef CUTAWAY_X86
  static unsigned mode() { return _mm_getcsr(); }
  static void set(unsigned mode) { _mm_setcsr(mode); }
#else
  static unsigned mode() { return 0; }
  static void set(unsigned) {}
#endif
  static constexpr unsigned kFlushToZero = 0x8000, kDenormalsAreZero = 0x40;
  unsigned flushing() const { return saved_ | kFlushToZero | kDenormalsAreZero; }

  const unsigned saved_ = mode();
};

}  // namespace cutaway
