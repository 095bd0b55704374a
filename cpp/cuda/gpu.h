// The GPUs of this machine: whether they can be used, and one as a Device. No CUDA headers.
#pragma once

#include <memory>
#include <string>

#include "cuda/device.h"

namespace cutaway::cuda {

// What was found; cuda.py makes sentences of it. Fields after a failure mean nothing.
struct Probe {
  bool forked = false;          // from a process that had used CUDA
  std::string broken{};         // what has failed in this process for good; else empty
  std::string loader{};         // what the loader says if there is no driver; else empty
  int driver = 0, runtime = 0;  // versions, as 12040 for 12.4
  int error = 0;                // of counting the GPUs: CUDA's number, name and text
  std::string error_name{}, error_text{};
  int count = 0;             // of visible GPUs
  std::string name{};        // of the one that was asked about
  int major = 0, minor = 0;  // its compute capability
  std::size_t memory = 0;    // its bytes
  int kernel_error = 0;      // whether the kernels run on it: CUDA's number, name, text
  std::string kernel_error_name{}, kernel_error_text{};
  std::string architectures{};  // that the kernels were built for
};

Probe probe(int index);
std::unique_ptr<Device> make_gpu(int index);

}  // namespace cutaway::cuda
