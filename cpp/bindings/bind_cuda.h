// What the modules _cuda and _cuda_emulated have in common: the core, made on one device or
// another, and Fault as cutaway.DeviceError.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings/bind_core.h"
#include "cuda/cuda_core.h"
#include "cuda/gpu.h"

namespace cutaway::cuda {

template <class MakeDevice>
std::unique_ptr<Session> make_session(const std::vector<int64_t>& sizes,
                                      const std::vector<std::string>& activations,
                                      const std::string& loss, bool mean,
                                      const MakeDevice& make_device,
                                      const CudaCore::Choices& choices) {
  Architecture architecture = architecture_from(sizes, activations, loss, mean);
  auto session = std::make_unique<Session>();
  const py::gil_scoped_release release;  // to start a GPU takes a while
  session->core = std::make_unique<CudaCore>(std::move(architecture), make_device(), choices);
  return session;
}

inline void bind_faults() {
  py::register_local_exception_translator([](std::exception_ptr error) {
    try {
      if (error) std::rethrow_exception(error);
    } catch (const Fault& fault) {
      const py::object type = py::module_::import("cutaway.errors").attr("DeviceError");
      const py::object made = type(fault.code(), fault.what());
      PyErr_SetObject(type.ptr(), made.ptr());
    }
  });
}

inline py::dict dict_of(const Probe& probe) {
  py::dict found;
  found["forked"] = probe.forked;
  found["loader"] = probe.loader;
  found["driver"] = probe.driver;
  found["runtime"] = probe.runtime;
  found["error"] = probe.error;
  found["error_name"] = probe.error_name;
  found["error_text"] = probe.error_text;
  found["count"] = probe.count;
  found["name"] = probe.name;
  found["capability"] = std::pair(probe.major, probe.minor);
  found["memory"] = probe.memory;
  found["kernel_error"] = probe.kernel_error;
  found["kernel_error_name"] = probe.kernel_error_name;
  found["kernel_error_text"] = probe.kernel_error_text;
  found["architectures"] = probe.architectures;
  return found;
}

}  // namespace cutaway::cuda
