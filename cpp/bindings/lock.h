// The interpreter's lock: given away while a core works, and taken back. Once the interpreter ends,
// only the thread that ends it has the lock. Whoever else asks for it waits for ever, from Python
// 3.14 on; before that his thread is unwound, which no destructor may let happen: the process would
// abort. So he waits here.
#pragma once

#include <pybind11/pybind11.h>
#include <unistd.h>

#include <optional>

#ifdef __GLIBCXX__
#include <cxxabi.h>
#endif

namespace cutaway {

// Does what takes the lock.
template <class Take>
void take_lock(const Take& take) {
#ifdef __GLIBCXX__
  try {
    take();
  } catch (abi::__forced_unwind&) {
    for (;;) pause();  // until the process has ended
  }
#else
  take();
#endif
}

// While it lives, other threads of Python go on.
class Unlocked {
 public:
  Unlocked() : thread_(PyEval_SaveThread()) {}
  ~Unlocked() {
    take_lock([this] { PyEval_RestoreThread(thread_); });
  }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* const thread_;
};

// While it lives, the thread may use Python, whether it had the lock or not.
class Locked {
 public:
  Locked() {
    take_lock([this] { lock_.emplace(); });
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  std::optional<pybind11::gil_scoped_acquire> lock_;
};

inline bool finalizing() {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing();
#else
  return _Py_IsFinalizing();
#endif
}

}  // namespace cutaway
