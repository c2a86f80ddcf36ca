// Random numbers and elementary functions, exposed so that references and tests can use the same ones.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "bindings/topics.hpp"
#include "kernels/cohort_spikes_kernel.hpp"
#include "kernels/kernels.hpp"
#include "random/distributions.hpp"
#include "random/lane_stream.hpp"

namespace py = pybind11;

namespace mesopop {

namespace {

Stream stream(PhiloxKey key, std::uint64_t trial, std::uint64_t purpose, std::uint64_t owner, std::uint64_t index,
              std::uint64_t event) {
  return Stream(Realisation{key, trial}, static_cast<Purpose>(purpose), owner, index, event);
}

std::array<std::uint64_t, 4> philox32(std::array<std::uint64_t, 4> counter, std::array<std::uint64_t, 2> key) {
  const Philox32Block words = philox4x32({counter[0], counter[1], counter[2], counter[3]}, key[0], key[1]);
  return {words.word0, words.word1, words.word2, words.word3};
}

// Numbers of spikes of cohorts of `count` neurons with integrated hazards `hazard`, as in a step of the engine.
py::array_t<double> cohort_spikes(PhiloxKey key, std::uint64_t trial, std::uint64_t population, std::int64_t step,
                                  const std::vector<double>& count, const std::vector<double>& hazard,
                                  const std::string& instruction_set) {
  if (count.size() != hazard.size()) throw std::invalid_argument("count and hazard must be equally long");
  const auto size = static_cast<std::int64_t>(count.size());
  std::vector<double> padded_count(count), padded_hazard(hazard);
  padded_count.resize(count.size() + kLanes, 0.0);
  padded_hazard.resize(count.size() + kLanes, 0.0);
  std::vector<std::int64_t> cohort(padded_count.size());
  std::vector<double> fired(padded_count.size());
  const LaneStream stream(Realisation{key, trial}, Purpose::cohort_count, population);
  const std::int64_t firing = select_kernels(instruction_set)
                                  .cohort_spikes({size, padded_count.data(), padded_hazard.data(), stream.at(step),
                                                  cohort.data(), fired.data()});
  py::array_t<double> spikes(static_cast<py::ssize_t>(size));
  std::fill_n(spikes.mutable_data(), size, 0.0);
  for (std::int64_t i = 0; i < firing; ++i) {
    spikes.mutable_data()[cohort[static_cast<std::size_t>(i)]] = fired[static_cast<std::size_t>(i)];
  }
  return spikes;
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
  m.def("philox4x32", &philox32, py::arg("counter"), py::arg("key"));
  m.def("cohort_spikes", &cohort_spikes, py::kw_only(), py::arg("key"), py::arg("trial"), py::arg("population"),
        py::arg("step"), py::arg("count"), py::arg("hazard"), py::arg("instruction_set"));

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

  m.def("binomial_quantile",
        py::vectorize([](double n, double p, double z) { return detail::binomial_quantile(n, p, z); }), py::arg("n"),
        py::arg("p"), py::arg("z"));
  m.def("exp", py::vectorize([](double x) { return exp(x); }), py::arg("x"));
  m.def("expm1_nonpositive", py::vectorize([](double x) { return expm1_nonpositive(x); }), py::arg("x"));
  m.def("log", py::vectorize([](double x) { return log(x); }), py::arg("x"));
  m.def("log1p", py::vectorize([](double x) { return log1p(x); }), py::arg("x"));
  m.def("sin_turns", py::vectorize([](double x) { return sin_turns(x); }), py::arg("turns"));
  m.def("normal_quantile", py::vectorize([](double p) { return normal_quantile(p); }), py::arg("probability"));
}

}  // namespace mesopop
