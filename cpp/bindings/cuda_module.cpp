// cutaway._cuda: the GPU's core.

#include "bindings/bind_cuda.h"

PYBIND11_MODULE(_cuda, m) {
  using namespace cutaway;
  using namespace cutaway::cuda;
  m.doc() = "The CUDA core of cutaway. Private: cutaway.Network is the way in.";
  bind_faults();
  m.def(
      "probe",
      [](int device) {
        Probe found;
        {
          const Unlocked unlocked;  // a first look may take seconds
          found = probe(device);
        }
        return dict_of(found);
      },
      py::arg("device"));
  bind_cuda_session(m).def(
      py::init([](const std::vector<int64_t>& sizes, const std::vector<std::string>& activations,
                  const std::string& loss, bool mean, int device, bool fast, bool tf32) {
        return make_session(sizes, activations, loss, mean, [device] { return make_gpu(device); },
                            {.fast = fast, .tf32 = tf32});
      }),
      py::arg("sizes"), py::arg("activations"), py::arg("loss"), py::arg("mean"), py::arg("device"),
      py::arg("fast") = true,  // or, for tests, layer by layer
      py::arg("tf32") = false);
}
