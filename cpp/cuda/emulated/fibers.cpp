// Fibers by setjmp() and longjmp(), entered through ucontext; told to AddressSanitizer.

#include "cuda/emulated/fibers.h"

#include <sys/mman.h>

#include <new>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#else  // its wish to know about other stacks is nobody's
static void __sanitizer_start_switch_fiber(void**, const void*, std::size_t) {}
static void __sanitizer_finish_switch_fiber(void*, const void**, std::size_t*) {}
#endif

namespace cutaway::cuda {
namespace {

constexpr std::size_t kStack = 64 << 10;  // bytes; those that are never touched cost nothing

thread_local Fibers* entered = nullptr;  // a context is entered without arguments

}  // namespace

Fibers::~Fibers() {
  if (stacks_) munmap(stacks_, fibers_.size() * kStack);
}

void Fibers::reserve(int count) {
  const auto wanted = static_cast<std::size_t>(count);
  if (wanted <= fibers_.size()) return;
  if (stacks_) munmap(stacks_, fibers_.size() * kStack);
  stacks_ = nullptr;
  fibers_.clear();
  void* const stacks = mmap(nullptr, wanted * kStack, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stacks == MAP_FAILED) throw std::bad_alloc();
  stacks_ = static_cast<char*>(stacks);
  fibers_ = std::vector<Fiber>(wanted);
}

char* Fibers::stack_of(int i) const { return stacks_ + static_cast<std::size_t>(i) * kStack; }

// swapcontext() would ask the system for the signal mask at every switch.
bool Fibers::resume(int i) {
  Fiber& fiber = fibers_[static_cast<std::size_t>(i)];
  current_ = i;
  fiber.ended = false;
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, stack_of(i), kStack);
  if (_setjmp(outside_) == 0) {
    if (fiber.begun) _longjmp(fiber.place, 1);
    fiber.begun = true;
    getcontext(&fiber.start);
    fiber.start.uc_stack.ss_sp = stack_of(i);
    fiber.start.uc_stack.ss_size = kStack;
    fiber.start.uc_link = nullptr;
    entered = this;
    makecontext(&fiber.start, &Fibers::enter, 0);
    setcontext(&fiber.start);
  }
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
  return fiber.ended;
}

void Fibers::yield() {
  Fiber& fiber = fibers_[static_cast<std::size_t>(current_)];
  __sanitizer_start_switch_fiber(&fiber.fake_stack, outer_stack_, outer_size_);
  if (_setjmp(fiber.place) == 0) _longjmp(outside_, 1);
  __sanitizer_finish_switch_fiber(fiber.fake_stack, &outer_stack_, &outer_size_);
}

void Fibers::forget() {
  for (Fiber& fiber : fibers_) fiber.begun = false;
}

void Fibers::enter() { entered->live(); }

void Fibers::live() {
  const int i = current_;
  __sanitizer_finish_switch_fiber(nullptr, &outer_stack_, &outer_size_);
  for (;;) {
    life_(i);
    fibers_[static_cast<std::size_t>(i)].ended = true;
    yield();
  }
}

}  // namespace cutaway::cuda
