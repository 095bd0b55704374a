// What CudaCore asks of the machine that runs its kernels: memory, copies, launches, recordings.
// A GPU is one (gpu.cu), the emulation another (emulated/device.cpp). No CUDA headers, no
// Python.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "cuda/kernels/jobs.h"
#include "cuda/launches.h"
#include "cuda/settings.h"

namespace cutaway::cuda {

// Something about the device that a user must know; the codes are those of cutaway.DeviceError.
class Fault : public std::runtime_error {
 public:
  Fault(std::string code, const std::string& text)
      : std::runtime_error(text), code_(std::move(code)) {}
  const std::string& code() const { return code_; }

 private:
  std::string code_;
};

struct Limits {
  std::string name;
  std::size_t memory;   // bytes
  int multiprocessors;  // that a product should keep busy
  int ranks;            // blocks that work together, at most; 0: none can
  bool cluster;         // these reach each other's shared memory,
  bool counted;         // and wait for so much mail, not for each other
  bool tf32;            // there are tensor cores that take tf32, and kernels for them
  std::size_t shared;   // bytes that a block can have of it
};

// Launches that were recorded, to be made again at once.
class Recording {
 public:
  virtual ~Recording() = default;
  virtual void replay() = 0;
};

// Launches and uploads are queued, and done in their order; wait() and download() wait for them.
class Device {
 public:
  virtual ~Device() = default;
  virtual const Limits& limits() const = 0;

  // Around every use by a thread; enter() returns what leave() wants, and throws unless the device
  // can be used in this process.
  virtual int enter() const = 0;
  virtual void leave(int before) const = 0;

  // All bits are set, so that floats are NaN until written; CUTAWAY_CUDA_UNFILLED leaves a GPU's as
  // they are.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual std::size_t left() = 0;  // bytes that nobody has
  virtual void release(void* memory) noexcept = 0;
  // `rows` rows of `row` bytes, side by side here and `pitch` bytes apart on the device. They must
  // stay as they are until something has waited.
  virtual void upload(void* to, std::size_t pitch, const void* from, std::size_t row,
                      std::size_t rows) = 0;
  virtual void clear(void* memory, std::size_t bytes) = 0;
  virtual void download(void* to, const void* from, std::size_t bytes) = 0;
  virtual void wait() = 0;

  virtual void run(const Gather& job) = 0;
  virtual void run(const Forward& job) = 0;
  virtual void run(const OutputLoss& job) = 0;
  virtual void run(const Activate& job) = 0;
  virtual void run(const Backprop& job) = 0;
  virtual void run(const Update& job) = 0;
  virtual void run(const ApplyGradient& job) = 0;
  virtual void run(const Tally& job) = 0;
  virtual void run(const AddUp& job) = 0;
  virtual void run(const Epoch& job) = 0;
  // How many teams of so many blocks, each with so many hidden units and all the shared memory it
  // can have, would run at once. To ask is what makes them ready to run.
  virtual int teams(int ranks, int units) = 0;

  // What `launches` runs is recorded instead.
  virtual std::unique_ptr<Recording> record(const std::function<void()>& launches) = 0;

  const Launches& launches() const { return launches_; }  // so far
  bool blocking() const { return blocking_; }             // every launch waits

 protected:
  Launches launches_;
  const bool blocking_ = blocking_asked();
};

}  // namespace cutaway::cuda
