// cutaway._core: the CPU's core, and its parts by themselves.

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "bindings/bind_core.h"
#include "cpu/activations.h"
#include "cpu/cpu_core.h"
#include "cpu/kernels/dispatch.h"
#include "cpu/machine.h"
#include "cpu/matmul.h"
#include "cpu/pool.h"

namespace cutaway {
namespace {

template <class T>
using Strided = py::array_t<T, 0>;

template <class T, class Q>
Stack<T> stack_of(const Strided<Q>& array, T* data) {
  const auto axes = array.ndim();
  require(axes >= 2, "matmul: expected two axes or more");
  const auto stride = [&](py::ssize_t axis) {
    if (array.shape(axis) <= 1) return py::ssize_t{0};  // NumPy leaves it undefined
    const py::ssize_t bytes = array.strides(axis);
    require(bytes % static_cast<py::ssize_t>(sizeof(Q)) == 0, "matmul: array is misaligned");
    return bytes / static_cast<py::ssize_t>(sizeof(Q));
  };
  Stack<T> stack{data,
                 {},
                 {},
                 array.shape(axes - 2),
                 array.shape(axes - 1),
                 stride(axes - 2),
                 stride(axes - 1)};
  for (py::ssize_t axis = 0; axis < axes - 2; ++axis) {
    stack.shape.push_back(array.shape(axis));
    stack.strides.push_back(stride(axis));
  }
  return stack;
}

template <class T>
void multiply(const Strided<T>& a, const Strided<T>& b, Array<T>& out, int threads) {
  const auto left = stack_of<const T>(a, a.data());
  const auto right = stack_of<const T>(b, b.data());
  const auto result = stack_of<T, T>(Strided<T>(out), out.mutable_data());
  require(left.shape == result.shape && right.shape == result.shape && left.rows == result.rows &&
              left.columns == right.rows && right.columns == result.columns && threads >= 1,
          "matmul: shapes do not agree");
  stoppable([&] { return matmul(left, right, result, threads, signals_pending); });
}

template <class T>
void activate_rows(const std::string& name, Array<T>& values) {
  const Activation activation = activation_from(name);
  const int64_t columns = values.ndim() == 0 ? 1 : values.shape(values.ndim() - 1);
  const int64_t rows = columns == 0 ? 0 : values.size() / columns;
  T* data = values.mutable_data();
  const Unlocked unlocked;
  activate(activation, data, rows, columns);
}

template <class T>
Array<T> slopes_of(const std::string& name, const Array<T>& a) {
  const Activation activation = activation_from(name);
  Array<T> result(std::vector<py::ssize_t>(a.shape(), a.shape() + a.ndim()));
  const T* from = a.data();
  T* to = result.mutable_data();
  const int64_t n = a.size();
  const Unlocked unlocked;
  slopes(activation, from, to, n);
  return result;
}

std::vector<std::tuple<int, int, double>> round_trips_of(double seconds) {
  std::vector<std::tuple<int, int, double>> found;
  for (const auto& [from, to, nanoseconds] : round_trips(seconds))
    found.emplace_back(from, to, nanoseconds);
  return found;
}

// Lets Python warn, which may raise.
void warn_of_fewer_threads(int asked, int granted, const std::string& why) {
  locked([&] { py::module_::import("cutaway.threads").attr("tell_fewer")(asked, granted, why); });
}

std::unique_ptr<Session> make_core(const std::vector<int64_t>& sizes,
                                   const std::vector<std::string>& activations,
                                   const std::string& loss, bool mean, int threads) {
  require(threads >= 1 && threads <= 1024, "CpuCore: threads must be between 1 and 1024");
  auto session = std::make_unique<Session>();
  session->core =
      std::make_unique<CpuCore>(architecture_from(sizes, activations, loss, mean), threads);
  return session;
}

}  // namespace
}  // namespace cutaway

PYBIND11_MODULE(_core, m) {
  using namespace cutaway;
  m.doc() = "The CPU core of cutaway. Private: cutaway.Network is the way in.";
  m.attr("__version__") = CUTAWAY_VERSION;
  tell_fewer_threads(warn_of_fewer_threads);
  m.def("isa", [] { return kernels().name; });
  const py::call_guard<Unlocked> alone;
  m.def("fma_peak", &fma_peak, py::arg("seconds"), alone);
  m.def("round_trips", &round_trips_of, py::arg("seconds"), alone);

  bind_session(m, "CpuCore")
      .def(py::init(&make_core), py::arg("sizes"), py::arg("activations"), py::arg("loss"),
           py::arg("mean"), py::arg("threads"));

  const auto parts = [&m](auto type) {
    using T = decltype(type);
    m.def("matmul", &multiply<T>, py::arg("a").noconvert(), py::arg("b").noconvert(),
          py::arg("out").noconvert(), py::arg("threads"));
    m.def("activate", &activate_rows<T>, py::arg("name"), py::arg("values").noconvert());
    m.def("slopes", &slopes_of<T>, py::arg("name"), py::arg("a").noconvert());
  };
  parts(float{});
  parts(double{});
}
