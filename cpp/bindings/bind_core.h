// A core as Python sees it: NumPy arrays <-> views, the interpreter's lock, exceptions. No
// arithmetic. Arrays must come with the exact dtype and layout (noconvert): Python makes the one
// copy.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bindings/lock.h"
#include "core.h"

namespace py = pybind11;

namespace cutaway {

template <class T>
using Array = py::array_t<T, py::array::c_style>;

template <class T>
T word(const std::map<std::string, T>& words, const std::string& name) {
  const auto found = words.find(name);
  if (found == words.end()) throw std::invalid_argument("unknown name '" + name + "'");
  return found->second;
}

inline Activation activation_from(const std::string& name) {
  return word<Activation>({{"identity", Activation::identity},
                           {"sigmoid", Activation::sigmoid},
                           {"relu", Activation::relu},
                           {"tanh", Activation::tanh},
                           {"softmax", Activation::softmax}},
                          name);
}

inline Loss loss_from(const std::string& name) {
  return word<Loss>({{"squared_error", Loss::squared_error},
                     {"binary_cross_entropy", Loss::binary_cross_entropy},
                     {"cross_entropy", Loss::cross_entropy}},
                    name);
}

inline void require(bool holds, const char* rule) {
  if (!holds) throw std::invalid_argument(rule);
}

template <class T>
std::span<const T> span_of(const Array<T>& array) {
  require(array.ndim() == 1, "expected one axis");
  return {array.data(), static_cast<std::size_t>(array.shape(0))};
}

// A core and the images that it reads from.
struct Session {
  std::unique_ptr<Core> core;
  py::array images;

  Session() = default;
  // To end a core takes a while on a GPU that is at work. Once the interpreter ends there is nobody
  // to let go on, and its lock is not given away any more.
  ~Session() {
    if (finalizing()) return;
    const Unlocked unlocked;
    core.reset();
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  std::vector<py::ssize_t> shape(int64_t layer) const {
    const auto& sizes = core->architecture().sizes;
    if (layer < 0 || layer >= core->architecture().layers())
      throw py::index_error("layer " + std::to_string(layer) + " is out of range");
    return {1 + sizes[layer], sizes[layer + 1]};
  }
};

// Lets Python's handlers run; true if one has raised, as Ctrl-C's does.
inline bool signals_pending() {
  return locked([] { return PyErr_CheckSignals() != 0; });
}

// Does work without the interpreter's lock, so that other threads go on meanwhile; false of it
// means that a handler has raised.
template <class Work>
void stoppable(const Work& work) {
  bool finished;
  {
    const Unlocked unlocked;
    finished = work();
  }
  if (!finished) throw py::error_already_set();
}

template <class T>
Images images_of(const Array<T>& images) {
  require(images.ndim() == 2, "images must have two axes");
  Images view{nullptr, nullptr, images.shape(0), images.shape(1)};
  if constexpr (sizeof(T) == 1) {
    view.bytes = images.data();
  } else {
    view.floats = images.data();
  }
  return view;
}

template <class T>
void load(Session& session, const Array<T>& images, const Array<int64_t>& labels, float mean,
          float std) {
  const Images view = images_of(images);
  const auto numbers = span_of(labels);
  stoppable([&] { return session.core->load(view, numbers, mean, std, signals_pending); });
  session.images = images;
}

inline void use(Session& session, const py::object& optimizer) {
  const auto number = [&](const char* name) { return optimizer.attr(name).cast<double>(); };
  Optimizer o;
  o.weight_decay = number("weight_decay");
  if (optimizer.attr("name").cast<std::string>() == "adam") {
    o.kind = Optimizer::Kind::adam;
    std::tie(o.beta1, o.beta2) = optimizer.attr("betas").cast<std::pair<double, double>>();
    o.eps = number("eps");
  } else {
    o.momentum = number("momentum");
  }
  const Unlocked unlocked;
  session.core->use(o);
}

inline Array<float> learn(Session& session, const Array<int64_t>& order, int64_t batch,
                          const Array<float>& rates) {
  require(batch >= 1, "learn: batch must be at least 1");
  const auto numbers = span_of(order);
  const auto rate_of = span_of(rates);
  Array<float> losses(rates.shape(0));
  const std::span<float> out(losses.mutable_data(), rate_of.size());
  stoppable([&] { return session.core->learn(numbers, batch, rate_of, out, signals_pending); });
  return losses;
}

inline void update(Session& session, const py::sequence& gradients, float rate) {
  const int64_t layers = session.core->architecture().layers();
  require(static_cast<int64_t>(gradients.size()) == layers, "update: one gradient per layer");
  std::vector<Array<float>> held;
  std::vector<const float*> views;
  for (int64_t l = 0; l < layers; ++l) {
    const py::object gradient = gradients[static_cast<std::size_t>(l)];
    require(py::isinstance<Array<float>>(gradient), "update: gradients must be float32, C order");
    held.push_back(py::cast<Array<float>>(gradient));
    const auto shape = session.shape(l);
    require(held.back().ndim() == 2 && held.back().shape(0) == shape[0] &&
                held.back().shape(1) == shape[1],
            "update: gradients must be (1 + fan_in, fan_out)");
    views.push_back(held.back().data());
  }
  const Unlocked unlocked;
  session.core->update(views, rate);
}

inline py::dict state(const Session& session) {
  State held;
  {
    const Unlocked unlocked;
    held = session.core->state();
  }
  py::dict result;
  result["step"] = held.step;
  for (const auto& [name, values] : held.arrays) {
    const int64_t layer = std::stoll(name.substr(name.find('.') + 1));
    Array<float> array(session.shape(layer));
    std::copy(values.begin(), values.end(), array.mutable_data());
    result[py::str(name)] = array;
  }
  return result;
}

inline void set_state(Session& session, const py::dict& values) {
  State state;
  for (const auto& [key, value] : values) {
    const auto name = key.cast<std::string>();
    if (name == "step") {
      state.step = value.cast<int64_t>();
    } else {
      require(py::isinstance<Array<float>>(value), "set_state: arrays must be float32, C order");
      const auto array = py::cast<Array<float>>(value);
      state.arrays[name].assign(array.data(), array.data() + array.size());
    }
  }
  const Unlocked unlocked;
  session.core->set_state(state);
}

inline Array<float> weights(const Session& session, int64_t layer) {
  Array<float> values(session.shape(layer));
  float* const to = values.mutable_data();
  const Unlocked unlocked;
  session.core->weights(layer, to);
  return values;
}

inline void set_weights(Session& session, int64_t layer, const Array<float>& values) {
  const auto shape = session.shape(layer);
  require(values.ndim() == 2 && values.shape(0) == shape[0] && values.shape(1) == shape[1],
          "set_weights: values must be (1 + fan_in, fan_out)");
  const float* const from = values.data();
  const Unlocked unlocked;
  session.core->set_weights(layer, from);
}

template <class T>
std::vector<Array<float>> forward(Session& session, const Array<T>& x, float mean, float std,
                                  const std::vector<int64_t>& layers) {
  const auto& sizes = session.core->architecture().sizes;
  const Images rows = images_of(x);
  require(rows.features == sizes[0], "forward: x must be (rows, features)");
  std::vector<Array<float>> activations;
  std::vector<float*> out;
  for (const int64_t layer : layers) {
    activations.emplace_back(std::vector<py::ssize_t>{x.shape(0), session.shape(layer)[1]});
    out.push_back(activations.back().mutable_data());
  }
  stoppable([&] { return session.core->forward(rows, mean, std, layers, out, signals_pending); });
  return activations;
}

// Whoever holds it needs no lock of the interpreter's, and has the rows, too.
inline Owner held(const py::object& owner, const py::array& rows) {
  if (owner.is_none()) return nullptr;
  return {owner.inc_ref().ptr(), [owner = owner.ptr(), rows = rows.inc_ref().ptr()](const void*) {
            locked([=] {
              Py_DECREF(owner);
              Py_DECREF(rows);
            });
          }};
}

template <class T>
std::pair<double, int64_t> evaluate(Session& session, const Array<T>& x,
                                    const Array<int64_t>& labels, float mean, float std,
                                    const py::object& owner) {
  const Images rows = images_of(x);
  const auto numbers = span_of(labels);
  const Owner holder = held(owner, x);
  Evaluation found;
  stoppable([&] {
    found = session.core->evaluate(rows, numbers, mean, std, holder, signals_pending);
    return found.finished;
  });
  return {found.loss, found.correct};
}

// What find(views of the gradients) finds.
template <class Find>
std::pair<double, std::vector<Array<float>>> loss_and_gradients(const Session& session,
                                                                const Find& find) {
  std::vector<Array<float>> gradients;
  std::vector<float*> views;
  for (int64_t l = 0; l < session.core->architecture().layers(); ++l) {
    gradients.emplace_back(session.shape(l));
    views.push_back(gradients.back().mutable_data());
  }
  std::optional<double> loss;
  stoppable([&] {
    loss = find(views);
    return loss.has_value();
  });
  return {*loss, gradients};
}

inline std::pair<double, std::vector<Array<float>>> backprop(Session& session,
                                                             const Array<float>& x,
                                                             const Array<int64_t>& labels) {
  const auto& sizes = session.core->architecture().sizes;
  require(x.ndim() == 2 && x.shape(1) == sizes[0], "backprop: x must be (rows, features)");
  const auto numbers = span_of(labels);
  require(labels.shape(0) == x.shape(0), "backprop: one label per row");
  require(x.shape(0) >= 1, "backprop: x must have at least 1 row");
  for (const int64_t label : numbers)
    require(label >= 0 && label < sizes.back(), "backprop: label out of range");
  const View<const float> rows{x.data(), x.shape(0), x.shape(1)};
  return loss_and_gradients(session, [&](std::span<float* const> out) {
    return session.core->backprop(rows, numbers, out, signals_pending);
  });
}

inline std::pair<double, std::vector<Array<float>>> gradients(Session& session,
                                                              const Array<int64_t>& order) {
  const auto numbers = span_of(order);
  require(!numbers.empty(), "gradients: order must have at least 1 sample");
  return loss_and_gradients(session, [&](std::span<float* const> out) {
    return session.core->gradients(numbers, out, signals_pending);
  });
}

inline Architecture architecture_from(const std::vector<int64_t>& sizes,
                                      const std::vector<std::string>& activations,
                                      const std::string& loss, bool mean) {
  require(activations.size() >= 1 && sizes.size() == activations.size() + 1,
          "Core: one activation per layer");
  for (const int64_t size : sizes) require(size >= 1, "Core: sizes must be at least 1");
  Architecture architecture{sizes, {}, loss_from(loss), mean};
  for (const std::string& name : activations)
    architecture.activations.push_back(activation_from(name));
  return architecture;
}

// The methods of the contract; how a core comes to be, the module adds. Local to the module: the
// compiled modules share no types.
inline py::class_<Session> bind_session(py::module_& m, const char* name) {
  return py::class_<Session>(m, name, py::module_local())
      .def("load", &load<std::uint8_t>, py::arg("images").noconvert(),
           py::arg("labels").noconvert(), py::arg("mean"), py::arg("std"))
      .def("load", &load<float>, py::arg("images").noconvert(), py::arg("labels").noconvert(),
           py::arg("mean"), py::arg("std"))
      .def("use", &use, py::arg("optimizer"))
      .def("learn", &learn, py::arg("order").noconvert(), py::arg("batch"),
           py::arg("rates").noconvert())
      .def("update", &update, py::arg("gradients"), py::arg("rate"))
      .def("correct", [](const Session& s) { return s.core->correct(); })
      .def("state", &state)
      .def("set_state", &set_state, py::arg("state"))
      .def("forward", &forward<std::uint8_t>, py::arg("x").noconvert(), py::arg("mean"),
           py::arg("std"), py::arg("layers"))
      .def("forward", &forward<float>, py::arg("x").noconvert(), py::arg("mean"), py::arg("std"),
           py::arg("layers"))
      .def("evaluate", &evaluate<std::uint8_t>, py::arg("x").noconvert(),
           py::arg("labels").noconvert(), py::arg("mean"), py::arg("std"),
           py::arg("owner") = py::none())
      .def("evaluate", &evaluate<float>, py::arg("x").noconvert(), py::arg("labels").noconvert(),
           py::arg("mean"), py::arg("std"), py::arg("owner") = py::none())
      .def("backprop", &backprop, py::arg("x").noconvert(), py::arg("labels").noconvert())
      .def("gradients", &gradients, py::arg("order").noconvert())
      .def("weights", &weights, py::arg("layer"))
      .def("set_weights", &set_weights, py::arg("layer"), py::arg("values").noconvert());
}

}  // namespace cutaway
