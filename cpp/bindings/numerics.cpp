// Random numbers and elementary functions, exposed so that references and tests can use the same ones.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "bindings/topics.hpp"
#include "random/distributions.hpp"

namespace py = pybind11;

namespace mesopop {

namespace {

Stream stream(PhiloxKey key, std::uint64_t trial, std::uint64_t purpose, std::uint64_t owner, std::uint64_t index,
              std::uint64_t event) {
  return Stream(Realisation{key, trial}, static_cast<Purpose>(purpose), owner, index, event);
}

template <class Draw>
py::array_t<double> repeat(py::ssize_t count, Draw draw) {
  py::array_t<double> values(count);
  double* out = values.mutable_data();
  for (py::ssize_t i = 0; i < count; ++i) out[i] = static_cast<double>(draw());
  return values;
}

}  // namespace

void bind_numerics(py::module_& m) {
  m.def("philox4x64", &philox4x64, py::arg("counter"), py::arg("key"));

  py::class_<Stream>(m, "Stream")
      .def(py::init(&stream), py::kw_only(), py::arg("key"), py::arg("trial"), py::arg("purpose"), py::arg("owner"),
           py::arg("index"), py::arg("event"))
      .def(
          "words",
          [](Stream& s, py::ssize_t count) {
            py::array_t<std::uint64_t> words(count);
            for (py::ssize_t i = 0; i < count; ++i) words.mutable_data()[i] = s.next();
            return words;
          },
          py::arg("count"))
      .def(
          "uniform", [](Stream& s, py::ssize_t n) { return repeat(n, [&] { return draw_uniform(s); }); },
          py::arg("count"))
      .def(
          "exponential", [](Stream& s, py::ssize_t n) { return repeat(n, [&] { return draw_exponential(s); }); },
          py::arg("count"))
      .def(
          "normal", [](Stream& s, py::ssize_t n) { return repeat(n, [&] { return draw_normal(s); }); },
          py::arg("count"))
      .def(
          "binomial",
          [](Stream& s, py::ssize_t count, std::int64_t n, double p) {
            py::array_t<std::int64_t> values(count);
            for (py::ssize_t i = 0; i < count; ++i) values.mutable_data()[i] = draw_binomial(s, n, p);
            return values;
          },
          py::arg("count"), py::arg("n"), py::arg("p"));

  m.def("exp", py::vectorize([](double x) { return exp(x); }), py::arg("x"));
  m.def("expm1_nonpositive", py::vectorize([](double x) { return expm1_nonpositive(x); }), py::arg("x"));
  m.def("log", py::vectorize([](double x) { return log(x); }), py::arg("x"));
  m.def("log1p", py::vectorize([](double x) { return log1p(x); }), py::arg("x"));
  m.def("sin_turns", py::vectorize([](double x) { return sin_turns(x); }), py::arg("turns"));
  m.def("normal_quantile", py::vectorize([](double p) { return normal_quantile(p); }), py::arg("probability"));
}

}  // namespace mesopop
