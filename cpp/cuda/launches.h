// The kernels that a device was told to run, by name. In: every launch, and every wait. Out: how
// often each was launched, and which an error may be of that comes later.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cutaway::cuda {

class Launches {
 public:
  void note(std::string_view kernel) {  // a literal: it is kept as it is
    ++counts_[kernel];
    const auto known = std::find(running_.begin(), running_.end(), kernel);
    if (known != running_.end()) running_.erase(known);
    running_.push_back(kernel);
  }
  void waited() { running_.clear(); }

  const std::map<std::string_view, std::int64_t>& counts() const { return counts_; }

  // " after gather, forward": what was launched since somebody has waited, the last at the end.
  std::string running() const {
    std::string words;
    for (const std::string_view kernel : running_)
      words.append(words.empty() ? " after " : ", ").append(kernel);
    return words;
  }

 private:
  std::map<std::string_view, std::int64_t> counts_;
  std::vector<std::string_view> running_;
};

}  // namespace cutaway::cuda
