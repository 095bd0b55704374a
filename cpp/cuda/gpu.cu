// A GPU as a Device: memory, copies, launches and graphs, every call checked.

#include <cuda_runtime.h>
#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cuda/broken.h"
#include "cuda/gpu.h"
#include "cuda/kernels/launch.h"

namespace cutaway::cuda {
namespace {

std::atomic<pid_t> first_process = 0;  // that has used a GPU; its children cannot

// Whether the process must end after it. Of most, CUDA's documentation says so; of the first two,
// that it met what nothing can correct. Numbers stand for names that CUDA 12.0 has not.
bool breaks(cudaError_t error) {
  switch (static_cast<int>(error)) {
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case 226:  // cudaErrorContained
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case 721:  // cudaErrorTensorMemoryLeak
    case cudaErrorMpsClientTerminated:
    case 911:  // cudaErrorExternalDevice
      return true;
    default:
      return false;
  }
}

void must(cudaError_t error, const char* call, const std::string& about = "") {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // it was told, and shall not be told again
  const std::string words =
      call + about + ": " + cudaGetErrorName(error) + ": " + cudaGetErrorString(error);
  if (breaks(error)) Broken::remember(words);
  Broken::check();
  throw Fault(error == cudaErrorMemoryAllocation ? "OUT_OF_MEMORY" : "LAUNCH", words);
}

// Whether somebody has used a GPU in this process, so that to make it current costs nothing.
bool has_context(int index) {
  using State = int (*)(int, unsigned*, int*);  // cuDevicePrimaryCtxGetState(device, flags, active)
  static const auto state_of = [] {
    void* const driver = dlopen("libcuda.so.1", RTLD_LAZY);
    return reinterpret_cast<State>(driver ? dlsym(driver, "cuDevicePrimaryCtxGetState") : nullptr);
  }();
  unsigned flags = 0;
  int active = 0;
  return state_of && state_of(index, &flags, &active) == 0 && active;
}

// Makes a GPU the thread's current one, which is everybody's in this process; returns the former.
int make_current(int index) {
  int before = index;
  must(cudaGetDevice(&before), "cudaGetDevice");
  must(cudaSetDevice(index), "cudaSetDevice");
  return before;
}
// One without a context would get one: some hundred MB, on a GPU that nobody asked for.
void put_back(int before, int index) {
  if (before != index && has_context(before)) cudaSetDevice(before);
}

// The thread's current device for a while.
class Current {
 public:
  explicit Current(int index) : index_(index), before_(index) {
    cudaGetDevice(&before_);
    cudaSetDevice(index);
  }
  ~Current() { put_back(before_, index_); }
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;

 private:
  const int index_;
  int before_;
};

// The properties of a GPU, which a driver takes milliseconds to tell: they are asked for once.
cudaError_t properties_of(int index, cudaDeviceProp& properties) {
  static std::mutex asking;
  static std::map<int, cudaDeviceProp> known;
  const std::lock_guard guard(asking);
  const auto found = known.find(index);
  if (found != known.end()) {
    properties = found->second;
    return cudaSuccess;
  }
  const cudaError_t error = cudaGetDeviceProperties(&properties, index);
  if (error == cudaSuccess) known[index] = properties;
  return error;
}

bool forked() { return first_process != 0 && first_process != getpid(); }

template <class Tile, class Job>
__global__ void __launch_bounds__(kThreads, 1) kernel(const __grid_constant__ Job job) {
  Block comm;
  work(Tile{}, comm, job);
}

// On tensor cores; where there are none it is empty (see Gpu).
template <class Tile, class Job>
__global__ void __launch_bounds__(kThreads, 1) kernel_tf32(const __grid_constant__ Job job) {
  if constexpr (kHasTf32) {
    Block comm;
    work(Tile{}, comm, job);
  }
}

// The kernel for a tile.
template <class Job, class Tile>
auto kernel_for(Tile) {
  return kernel<Tile, Job>;
}
template <class Job, int W>
auto kernel_for(Tf32<W>) {
  return kernel_tf32<Tf32<W>, Job>;
}

// One of the two has code: that of the architecture which was compiled for (see Gpu).
template <int U>
__global__ void __launch_bounds__(kThreads, 1) learn_in_cluster(const __grid_constant__ Epoch job) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  Cluster comm(job);
  work<U>(comm, job);
#endif
}
template <int U>
__global__ void __launch_bounds__(kThreads, 1) learn_in_grid(const __grid_constant__ Epoch job) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 900
  Grid comm(job);
  work<U>(comm, job);
#endif
}

class Graph final : public Recording {
 public:
  // `names` of its kernels are noted in `launches` when they run.
  Graph(cudaStream_t stream, cudaGraph_t graph, std::vector<const char*> names, Launches& launches)
      : stream_(stream), names_(std::move(names)), launches_(launches) {
    const cudaError_t error = cudaGraphInstantiate(&executable_, graph, 0);
    cudaGraphDestroy(graph);
    must(error, "cudaGraphInstantiate");
  }
  ~Graph() override {
    if (!forked()) cudaGraphExecDestroy(executable_);
  }
  void replay() override {
    for (const char* const name : names_) launches_.note(name);
    must(cudaGraphLaunch(executable_, stream_), "cudaGraphLaunch", launches_.running());
  }

 private:
  const cudaStream_t stream_;
  const std::vector<const char*> names_;
  Launches& launches_;
  cudaGraphExec_t executable_ = nullptr;
};

class Gpu final : public Device {
 public:
  explicit Gpu(int index) : index_(index) {
    if (forked()) refuse();
    Broken::check();
    const Current current(index);
    cudaDeviceProp properties;
    must(properties_of(index, properties), "cudaGetDeviceProperties");
    first_process = getpid();
    limits_.name = properties.name;
    limits_.memory = properties.totalGlobalMem;
    limits_.multiprocessors = properties.multiProcessorCount;
    limits_.shared = properties.sharedMemPerBlockOptin;
    // A newer GPU may run code for an older one, whose kernels for clusters and tf32 are empty.
    cudaFuncAttributes attributes;
    must(cudaFuncGetAttributes(&attributes, learn_in_cluster<4>), "cudaFuncGetAttributes");
    limits_.cluster = properties.clusterLaunch && attributes.ptxVersion >= 90;
    limits_.counted = limits_.cluster && CUTAWAY_COUNTS_MAIL && !barriers_asked();
    limits_.tf32 = attributes.ptxVersion >= 80;
    if (limits_.cluster) {
      limits_.ranks = kLargestCluster;
    } else if (properties.cooperativeLaunch && attributes.ptxVersion < 90) {
      limits_.ranks = kLargestGrid;
    }
    must(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
  }
  ~Gpu() override {
    if (forked()) return;
    const Current current(index_);
    cudaStreamDestroy(stream_);
  }
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  const Limits& limits() const override { return limits_; }

  int enter() const override {
    if (forked()) refuse();
    Broken::check();
    return make_current(index_);
  }
  void leave(int before) const override { put_back(before, index_); }

  void* allocate(std::size_t bytes) override {
    void* memory = nullptr;
    const cudaError_t error = cudaMalloc(&memory, bytes);
    if (error == cudaErrorMemoryAllocation) {
      std::size_t free = 0, total = 0;
      cudaGetLastError();
      cudaMemGetInfo(&free, &total);  // if it fails, too, the first error is the one to tell
      must(error, "cudaMalloc",
           " of " + std::to_string(bytes) + " bytes, with " + std::to_string(free) + " of " +
               std::to_string(limits_.memory) + " free on " + limits_.name);
    }
    must(error, "cudaMalloc", launches_.running());
    if (unfilled_asked()) return memory;
    const cudaError_t filled = cudaMemsetAsync(memory, 0xff, bytes, stream_);
    if (filled != cudaSuccess) cudaFree(memory);
    must(filled, "cudaMemsetAsync", launches_.running());
    return memory;
  }
  std::size_t left() override {
    std::size_t free = 0, total = 0;
    must(cudaMemGetInfo(&free, &total), "cudaMemGetInfo", launches_.running());
    return free;
  }
  void release(void* memory) noexcept override {
    if (forked()) return;
    const Current current(index_);
    cudaFree(memory);  // waits for what uses it; at the end of the process, errors mean nothing
  }
  void upload(void* to, std::size_t pitch, const void* from, std::size_t row,
              std::size_t rows) override {
    if (pitch == row) {
      must(cudaMemcpyAsync(to, from, row * rows, cudaMemcpyHostToDevice, stream_),
           "cudaMemcpyAsync", launches_.running());
    } else {
      must(cudaMemcpy2DAsync(to, pitch, from, row, row, rows, cudaMemcpyHostToDevice, stream_),
           "cudaMemcpy2DAsync", launches_.running());
    }
  }
  void clear(void* memory, std::size_t bytes) override {
    must(cudaMemsetAsync(memory, 0, bytes, stream_), "cudaMemsetAsync", launches_.running());
  }
  void download(void* to, const void* from, std::size_t bytes) override {
    must(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_), "cudaMemcpyAsync",
         launches_.running());
    wait();
  }
  void wait() override {
    must(cudaStreamSynchronize(stream_), "cudaStreamSynchronize", launches_.running());
    launches_.waited();
  }

  void run(const Gather& job) override { launch("gather", job); }
  void run(const Forward& job) override { launch("forward", job); }
  void run(const OutputLoss& job) override { launch("loss", job); }
  void run(const Activate& job) override { launch("activate", job); }
  void run(const Backprop& job) override { launch("backprop", job); }
  void run(const Update& job) override { launch("update", job); }
  void run(const ApplyGradient& job) override { launch("apply gradient", job); }
  void run(const Tally& job) override { launch("tally", job); }
  void run(const AddUp& job) override { launch("add up", job); }

  void run(const Epoch& job) override {
    with_team(job, [&](auto kernel, cudaLaunchConfig_t& config) {
      note("epoch");
      must(cudaLaunchKernelEx(&config, kernel, job), "launch", launches_.running());
      if (blocking_) wait();
    });
  }

  int teams(int ranks, int units) override {
    Epoch job{};
    job.ranks = ranks;
    job.units = units;
    int count = 0;
    with_team(job, [&](auto kernel, cudaLaunchConfig_t& config) {
      const int shared = static_cast<int>(limits_.shared);
      config.dynamicSmemBytes = limits_.shared;
      must(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, shared),
           "cudaFuncSetAttribute");
      if (limits_.cluster) {
        must(cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1),
             "cudaFuncSetAttribute");
        must(cudaOccupancyMaxActiveClusters(&count, kernel, &config),
             "cudaOccupancyMaxActiveClusters");
      } else {
        int blocks = 0;  // of a multiprocessor
        must(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, kThreads,
                                                           config.dynamicSmemBytes),
             "cudaOccupancyMaxActiveBlocksPerMultiprocessor");
        count = blocks * limits_.multiprocessors / ranks;
      }
    });
    return count;
  }

  std::unique_ptr<Recording> record(const std::function<void()>& launches) override {
    must(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal),
         "cudaStreamBeginCapture");
    cudaGraph_t graph = nullptr;
    recorded_.emplace();
    try {
      launches();
    } catch (...) {
      recorded_.reset();
      cudaStreamEndCapture(stream_, &graph);
      if (graph) cudaGraphDestroy(graph);
      throw;
    }
    std::vector<const char*> names = std::move(*recorded_);
    recorded_.reset();
    must(cudaStreamEndCapture(stream_, &graph), "cudaStreamEndCapture");
    return std::make_unique<Graph>(stream_, graph, std::move(names), launches_);
  }

 private:
  [[noreturn]] static void refuse() {
    throw Fault("FORKED",
                "CUDA was used before this process was forked, and does not work in its children; "
                "start them with multiprocessing's 'spawn', or use the GPU in the children only");
  }

  static constexpr int kLargestCluster = 16;  // blocks; above 8, a GPU may refuse it
  static constexpr int kLargestGrid = 32;     // blocks whose barrier goes through global memory

  void note(const char* kernel) {
    if (recorded_) {
      recorded_->push_back(kernel);
    } else {
      launches_.note(kernel);
    }
  }

  template <class Job>
  void launch(const char* name, const Job& job) {
    lay_out(job, limits_.multiprocessors, [&](auto tile, std::int64_t blocks, std::size_t bytes) {
      cudaLaunchConfig_t config{};
      config.gridDim = dim3(static_cast<unsigned>(blocks));
      config.blockDim = dim3(kThreads);
      config.dynamicSmemBytes = bytes;
      config.stream = stream_;
      note(name);
      must(cudaLaunchKernelEx(&config, kernel_for<Job>(tile), job), "launch", launches_.running());
      if (blocking_) wait();
    });
  }

  // Calls go(kernel, configuration) for the blocks that work together.
  template <class Go>
  void with_team(const Epoch& job, const Go& go) const {
    lay_out(job, 1, [&](auto count, std::int64_t blocks, std::size_t bytes) {
      constexpr int U = decltype(count)::value;
      cudaLaunchConfig_t config{};
      config.gridDim = dim3(static_cast<unsigned>(blocks));
      config.blockDim = dim3(kThreads);
      config.dynamicSmemBytes = bytes;
      config.stream = stream_;
      cudaLaunchAttribute attribute{};
      if (limits_.cluster) {
        attribute.id = cudaLaunchAttributeClusterDimension;
        attribute.val.clusterDim.x = static_cast<unsigned>(blocks);
        attribute.val.clusterDim.y = 1;
        attribute.val.clusterDim.z = 1;
      } else {
        attribute.id = cudaLaunchAttributeCooperative;
        attribute.val.cooperative = 1;
      }
      config.attrs = &attribute;
      config.numAttrs = 1;
      if (limits_.cluster) {
        go(learn_in_cluster<U>, config);
      } else {
        go(learn_in_grid<U>, config);
      }
    });
  }

  const int index_;
  Limits limits_{};
  cudaStream_t stream_ = nullptr;
  std::optional<std::vector<const char*>> recorded_;  // kernels, while launches are recorded
};

}  // namespace

Probe probe(int index) {
  Probe found;
  found.architectures = CUTAWAY_CUDA_ARCHITECTURES;
  // Without a driver, the runtime would complain of an old one.
  if (void* const driver = dlopen("libcuda.so.1", RTLD_LAZY)) {
    dlclose(driver);
  } else {
    const char* const words = dlerror();
    found.loader = words ? words : "libcuda.so.1: not found";
    return found;
  }
  found.forked = forked();
  if (found.forked) return found;
  found.broken = Broken::words();
  if (!found.broken.empty()) return found;
  cudaDriverGetVersion(&found.driver);
  cudaRuntimeGetVersion(&found.runtime);
  const auto tell = [&found](cudaError_t error, int& number, std::string& name, std::string& text) {
    number = error;
    if (error == cudaSuccess) return;
    name = cudaGetErrorName(error);
    text = cudaGetErrorString(error);
    cudaGetLastError();
    if (breaks(error)) Broken::remember(name + ": " + text);  // others have used it, too
    found.broken = Broken::words();
  };
  tell(cudaGetDeviceCount(&found.count), found.error, found.error_name, found.error_text);
  if (found.error != cudaSuccess) return found;
  first_process = getpid();
  if (index >= found.count) return found;
  const Current current(index);
  cudaDeviceProp properties;
  cudaError_t error = properties_of(index, properties);
  if (error == cudaSuccess) {
    found.name = properties.name;
    found.major = properties.major;
    found.minor = properties.minor;
    found.memory = properties.totalGlobalMem;
  }
  cudaFuncAttributes attributes;
  if (error == cudaSuccess) error = cudaFuncGetAttributes(&attributes, kernel<Count<1>, Tally>);
  tell(error, found.kernel_error, found.kernel_error_name, found.kernel_error_text);
  return found;
}

std::unique_ptr<Device> make_gpu(int index) { return std::make_unique<Gpu>(index); }

}  // namespace cutaway::cuda
