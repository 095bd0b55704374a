// cutaway._cuda_emulated: the same core on an emulated GPU, for tests. It has what _cuda has, and
// emulate() says how the machines that are made from then on behave.

#include <dlfcn.h>

#include <optional>

#include "bindings/bind_cuda.h"
#include "cuda/broken.h"
#include "cuda/emulated/device.h"

namespace cutaway::cuda {
namespace {

using MakeDevice = decltype(&cutaway_make_emulated);

struct Behaviour {
  Emulation emulation;
  CudaCore::Choices choices;
  MakeDevice make = &cutaway_make_emulated;
};
Behaviour behaviour;

// The machine that a library was made of; it stays loaded.
MakeDevice machine_in(const std::string& library) {
  void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const make = handle ? dlsym(handle, "cutaway_make_emulated") : nullptr;
  if (!make) throw std::runtime_error(std::string("emulate: ") + dlerror());
  return reinterpret_cast<MakeDevice>(make);
}

void emulate(const std::string& schedule, unsigned seed, int multiprocessors, int ranks,
             std::size_t shared, std::size_t memory, bool cluster, bool counted, bool tf32,
             std::optional<int> largest_team, bool asking, const std::string& failing, bool unasked,
             bool fast, double patience, std::size_t part, bool lingers, const std::string& dropped,
             const std::string& library) {
  using Schedule = Emulation::Schedule;
  Behaviour wanted;
  wanted.emulation.schedule = word<Schedule>({{"forward", Schedule::forward},
                                              {"reverse", Schedule::reverse},
                                              {"shuffled", Schedule::shuffled}},
                                             schedule);
  wanted.emulation.seed = seed;
  wanted.emulation.limits = {.name = wanted.emulation.limits.name,
                             .memory = memory,
                             .multiprocessors = multiprocessors,
                             .ranks = ranks,
                             .cluster = cluster,
                             .counted = counted,
                             .tf32 = tf32,
                             .shared = shared};
  wanted.emulation.largest_team = largest_team;
  wanted.emulation.asking = asking;
  wanted.emulation.failing = failing;
  wanted.emulation.lingers = lingers;
  wanted.emulation.unasked = unasked;
  wanted.emulation.dropped = dropped;
  wanted.choices = {.fast = fast, .patience = patience, .part = part};
  if (!library.empty()) wanted.make = machine_in(library);
  behaviour = wanted;
  Broken::forget();
}

std::unique_ptr<Device> make_device() {
  return std::unique_ptr<Device>(behaviour.make(behaviour.emulation));
}

// How many are right in each mini-batch, by the kernel alone: of more than a test can train.
std::vector<int> counted(const Array<std::uint8_t>& correct, int64_t batch) {
  const std::unique_ptr<Device> device = make_device();
  const int64_t n = correct.size(), steps = (n + batch - 1) / batch;
  const Buffer<float> losses(*device, n);
  const Buffer<std::uint8_t> right(*device, n);
  const Buffer<Summary> summaries(*device, steps);
  device->clear(losses.data(), losses.bytes());
  device->upload(right.data(), right.bytes(), correct.data(), right.bytes(), 1);
  device->run(Tally{.sample_losses = losses.data(),
                    .sample_correct = right.data(),
                    .n = n,
                    .batch = batch,
                    .steps = steps,
                    .mean = false,
                    .summaries = summaries.data()});
  std::vector<Summary> found(static_cast<std::size_t>(steps));
  device->download(found.data(), summaries.data(), summaries.bytes());
  std::vector<int> counts;
  for (const Summary& summary : found) counts.push_back(summary.correct);
  return counts;
}

Probe healthy() {
  const Limits& limits = behaviour.emulation.limits;
  return {.broken = Broken::words(),
          .driver = 13000,
          .runtime = 13000,
          .count = 1,
          .name = limits.name,
          .major = 9,
          .memory = limits.memory,
          .architectures = "90"};
}

}  // namespace
}  // namespace cutaway::cuda

PYBIND11_MODULE(_cuda_emulated, m) {
  using namespace cutaway;
  using namespace cutaway::cuda;
  m.doc() = "The CUDA core of cutaway on an emulated GPU. For tests.";
  bind_faults();
  m.def("probe", [](int) { return dict_of(healthy()); }, py::arg("device"));
  const Emulation usual;
  m.def("emulate", &emulate, py::arg("schedule") = "forward", py::arg("seed") = 0,
        py::arg("multiprocessors") = usual.limits.multiprocessors,
        py::arg("ranks") = usual.limits.ranks, py::arg("shared") = usual.limits.shared,
        py::arg("memory") = usual.limits.memory, py::arg("cluster") = true,
        py::arg("counted") = true, py::arg("tf32") = true,
        py::arg("largest_team") = usual.largest_team, py::arg("asking") = usual.asking,
        py::arg("failing") = usual.failing, py::arg("unasked") = usual.unasked,
        py::arg("fast") = true, py::arg("patience") = CudaCore::Choices{}.patience,
        py::arg("part") = CudaCore::Choices{}.part, py::arg("lingers") = false,
        py::arg("dropped") = "", py::arg("library") = "");
  m.def("barriers", [] { return traces().barriers; });
  m.def("launches", [] { return traces().launches; });
  m.def("tiles", [] { return traces().tiles; });
  m.def("uploaded", [] { return traces().uploaded; });
  m.def("downloaded", [] { return traces().downloaded; });
  m.def("waits", [] { return traces().waits; });
  m.def("alone", [] { return traces().alone; });
  m.def("tick", &tick);
  m.def("counted", &counted, py::arg("correct"), py::arg("batch"));
  bind_cuda_session(m).def(
      py::init([](const std::vector<int64_t>& sizes, const std::vector<std::string>& activations,
                  const std::string& loss, bool mean, int, bool fast, bool tf32) {
        Behaviour wanted = behaviour;
        wanted.choices.fast &= fast;
        wanted.choices.tf32 = tf32;
        return make_session(
            sizes, activations, loss, mean,
            [&wanted] { return std::unique_ptr<Device>(wanted.make(wanted.emulation)); },
            wanted.choices);
      }),
      py::arg("sizes"), py::arg("activations"), py::arg("loss"), py::arg("mean"), py::arg("device"),
      py::arg("fast") = true, py::arg("tf32") = false);
}
