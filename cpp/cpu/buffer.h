// Zeroed memory for numbers, aligned to a cache line so that threads never share one by accident.
// The system's own zeros: gigabytes take no time before they are touched. Much of it is asked for
// in huge pages: a walk down a column of a wide matrix would meet a new page at every row.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace cutaway {

template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::int64_t n) : data_(allocate(n)), size_(n) {}

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::int64_t size() const { return size_; }
  T& operator[](std::int64_t i) { return data_[i]; }
  const T& operator[](std::int64_t i) const { return data_[i]; }

 private:
  static constexpr std::size_t kLine = 64, kHuge = std::size_t{1} << 21;
  struct Free {  // what calloc gave lies in the line before
    void operator()(T* p) const { std::free(reinterpret_cast<void**>(p)[-1]); }
  };
  static T* allocate(std::int64_t n) {
    const std::size_t size = static_cast<std::size_t>(n) * sizeof(T);
    const std::size_t aligned = size < kHuge ? kLine : kHuge;
    void* const given = std::calloc(size + kLine + aligned, 1);
    if (!given) throw std::bad_alloc();
    void* first = static_cast<char*>(given) + kLine;
    std::size_t space = size + aligned;
    std::align(aligned, 0, first, space);
    static_cast<void**>(first)[-1] = given;
#ifdef MADV_HUGEPAGE
    if (size >= kHuge) madvise(first, size / kHuge * kHuge, MADV_HUGEPAGE);
#endif
    return static_cast<T*>(first);
  }

  std::unique_ptr<T[], Free> data_;
  std::int64_t size_ = 0;
};

}  // namespace cutaway
