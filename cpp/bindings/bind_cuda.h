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
  const Unlocked unlocked;  // to start a GPU takes a while
  session->core = std::make_unique<CudaCore>(std::move(architecture), make_device(), choices);
  return session;
}

// What network.backend_info() tells; learn/network.py says what the words mean.
inline py::dict info(Session& session) {
  auto& core = static_cast<CudaCore&>(*session.core);
  const Info found = [&core] {
    const Unlocked unlocked;  // the device may be asked
    return core.info();
  }();
  const Limits& limits = found.limits;
  const Plan& plan = found.plan;
  py::dict told;
  told["name"] = limits.name;
  told["memory"] = limits.memory;
  told["multiprocessors"] = limits.multiprocessors;
  told["ranks"] = limits.ranks;
  told["cluster"] = limits.cluster;
  told["counted"] = limits.counted;
  told["tf32"] = limits.tf32;
  told["shared"] = limits.shared;
  told["fast"] = plan.why_not.empty();
  told["why_not"] = plan.why_not.empty() ? py::object(py::none()) : py::str(plan.why_not);
  py::dict of_plan;
  of_plan["batch"] = found.batch;
  of_plan["ranks"] = plan.ranks;
  of_plan["units"] = plan.units;
  of_plan["group"] = plan.group;
  of_plan["stages"] = plan.stages;
  of_plan["shared"] = plan.shared;
  told["plan"] = plan.ranks == 0 ? py::object(py::none()) : of_plan;
  told["refused"] = found.refused;
  py::dict launches;
  for (const auto& [kernel, times] : found.launches)
    launches[py::str(kernel.data(), kernel.size())] = times;
  told["launches"] = launches;
  return told;
}

inline py::class_<Session> bind_cuda_session(py::module_& m) {
  return bind_session(m, "CudaCore").def("info", &info);
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
  found["broken"] = probe.broken;
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
