// Zeroed memory for numbers, aligned to a cache line so that threads never share one by accident.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

namespace cutaway {

template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::int64_t n) : data_(allocate(n)), size_(n) {
    std::memset(data_.get(), 0, static_cast<std::size_t>(n) * sizeof(T));
  }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::int64_t size() const { return size_; }
  T& operator[](std::int64_t i) { return data_[i]; }
  const T& operator[](std::int64_t i) const { return data_[i]; }

 private:
  static constexpr std::align_val_t kLine{64};
  struct Free {
    void operator()(T* p) const { ::operator delete[](p, kLine); }
  };
  static T* allocate(std::int64_t n) {
    return static_cast<T*>(::operator new[](static_cast<std::size_t>(n) * sizeof(T), kLine));
  }

  std::unique_ptr<T[], Free> data_;
  std::int64_t size_ = 0;
};

}  // namespace cutaway
