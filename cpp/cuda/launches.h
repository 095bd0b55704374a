// The kernels that a device was told to run, by name. In: every launch. Out: how often each was.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

namespace cutaway::cuda {

class Launches {
 public:
  void note(std::string_view kernel) { ++counts_[kernel]; }  // a literal: it is kept as it is
  const std::map<std::string_view, std::int64_t>& counts() const { return counts_; }

 private:
  std::map<std::string_view, std::int64_t> counts_;
};

}  // namespace cutaway::cuda
