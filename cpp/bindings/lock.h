// The interpreter's lock: given away while a core works, and taken back. Once the interpreter ends,
// only the thread that ends it has the lock. Whoever else asks for it waits for ever, from Python
// 3.14 on; before that glibc unwinds his thread, which no destructor may let happen: the process
// would abort. So he waits here.
#pragma once

#include <pybind11/pybind11.h>
#include <unistd.h>

#include <optional>

#ifdef __GLIBCXX__
#include <cxxabi.h>
#endif

namespace cutaway {

// Does what may ask for the lock. What glibc throws is nothing that a reference could be bound to,
// which UndefinedBehaviorSanitizer would tell.
template <class Ask>
[[gnu::no_sanitize("null")]] auto or_wait(const Ask& ask) {
#ifdef __GLIBCXX__
  try {
    return ask();
  } catch (abi::__forced_unwind&) {
    for (;;) pause();  // until the process has ended
  }
#else
  return ask();
#endif
}

// While it lives, other threads of Python go on.
class Unlocked {
 public:
  Unlocked() : thread_(PyEval_SaveThread()) {}
  ~Unlocked() {
    or_wait([this] { PyEval_RestoreThread(thread_); });
  }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* const thread_;
};

// Does what uses Python, and may let its other threads go on: with the lock, whether the thread had
// it or not.
template <class Body>
auto locked(const Body& body) {
  std::optional<pybind11::gil_scoped_acquire> lock;
  or_wait([&lock] { lock.emplace(); });
  return or_wait(body);
}

inline bool finalizing() {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing();
#else
  return _Py_IsFinalizing();
#endif
}

}  // namespace cutaway
