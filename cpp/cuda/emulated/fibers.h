// Fibers: flows of control that take turns in one thread of the operating system. Whoever runs,
// runs until it yields.
#pragma once

#include <setjmp.h>
#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <vector>

namespace cutaway::cuda {

class Fibers {
 public:
  // What fiber i does, every time that it is resumed after it has ended. It must not throw.
  explicit Fibers(std::function<void(int)> life) : life_(std::move(life)) {}
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;
  ~Fibers();

  // At least so many; nobody may be in the middle of something.
  void reserve(int count);
  // Runs fiber i until it yields or ends. True: it has ended.
  bool resume(int i);
  // From within a fiber: back to where it was resumed.
  void yield();
  // They begin anew, whatever they were doing.
  void forget();

 private:
  struct Fiber {
    ucontext_t start;
    jmp_buf place;       // where it yielded
    bool begun = false;  // it has been entered since it was made
    bool ended = false;
    void* fake_stack = nullptr;  // AddressSanitizer's
  };

  static void enter();
  void live();
  char* stack_of(int i) const;

  const std::function<void(int)> life_;
  char* stacks_ = nullptr;
  std::vector<Fiber> fibers_;
  int current_ = 0;
  jmp_buf outside_;
  const void* outer_stack_ = nullptr;  // for AddressSanitizer
  std::size_t outer_size_ = 0;
};

}  // namespace cutaway::cuda
