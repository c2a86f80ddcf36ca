#include "engine/ensemble.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "bindings/network.hpp"
#include "bindings/state.hpp"
#include "bindings/topics.hpp"

namespace py = pybind11;

namespace mesopop {

namespace {

template <class T>
T choice(const std::string& argument, const std::string& value,
         std::initializer_list<std::pair<const char*, T>> options) {
  for (const auto& [name, option] : options) {
    if (value == name) return option;
  }
  throw std::invalid_argument("unknown " + argument + ": " + value);
}

using Channels = py::array_t<double, py::array::c_style>;

// Arrays are (channel, trial, bin); a missing one is not recorded.
std::vector<double*> pointers(const std::optional<Channels>& array, std::size_t channels, std::int64_t trial) {
  if (!array) return std::vector<double*>(channels, nullptr);
  std::vector<double*> found;
  for (std::size_t c = 0; c < channels; ++c) {
    found.push_back(const_cast<double*>(array->data(static_cast<py::ssize_t>(c), trial, 0)));
  }
  return found;
}

void check_shape(const std::optional<Channels>& array, std::size_t channels, std::int64_t trials, std::int64_t bins) {
  if (!array) return;
  if (array->ndim() != 3 || array->shape(0) != static_cast<py::ssize_t>(channels) || array->shape(1) != trials ||
      array->shape(2) < bins || !array->writeable()) {
    throw std::invalid_argument("recording arrays must be writeable and of shape (channels, trials, bins)");
  }
}

// An ensemble with the spikes that it has recorded and not handed out yet.
class PyEnsemble {
 public:
  PyEnsemble(const py::dict& network, const std::string& level, const std::string& closure, const std::string& noise,
             double bin_tolerance, const std::vector<bool>& cohorts, double cohort_tolerance, PhiloxKey key,
             std::int64_t trials, const std::string& instruction_set, int threads, double memory_limit)
      : network_(std::make_shared<NetworkSpec>(network_from_dict(network))),
        ensemble_(build(
            network_,
            EngineSettings{
                choice<Level>("level", level, {{"micro", Level::micro}, {"meso", Level::meso}}),
                choice<Closure>("closure", closure,
                                {{"first_order", Closure::first_order},
                                 {"second_order", Closure::second_order},
                                 {"renewal", Closure::renewal}}),
                choice<Noise>("noise", noise,
                              {{"binomial", Noise::binomial}, {"gaussian", Noise::gaussian}, {"none", Noise::none}}),
                bin_tolerance, cohorts, cohort_tolerance, instruction_set},
            key, trials, threads, memory_limit)),
        spikes_(static_cast<std::size_t>(trials), std::vector<std::vector<Spike>>(network_->populations.size())) {}

  py::tuple advance(std::int64_t first_bin, std::int64_t bins, std::int64_t steps_per_bin,
                    const std::optional<Channels>& rate, const std::optional<Channels>& potential,
                    const std::optional<Channels>& release, const std::optional<Channels>& u,
                    const std::optional<Channels>& x, const std::vector<bool>& record_spikes, int threads) {
    const std::size_t populations = network_->populations.size(), sets = network_->stp.size();
    const std::int64_t trials = ensemble_->trials(), last = first_bin + bins;
    if (first_bin < 0 || bins < 0 || steps_per_bin < 1 || threads < 1 || record_spikes.size() != populations) {
      throw std::invalid_argument("advance: argument out of range");
    }
    for (const auto* array : {&rate, &potential}) check_shape(*array, populations, trials, last);
    for (const auto* array : {&release, &u, &x}) check_shape(*array, sets, trials, last);

    std::vector<Recording> recordings;
    for (std::int64_t trial = 0; trial < trials; ++trial) {
      Recording r;
      r.steps_per_bin = steps_per_bin;
      r.rate = pointers(rate, populations, trial);
      r.potential = pointers(potential, populations, trial);
      r.release = pointers(release, sets, trial);
      r.u = pointers(u, sets, trial);
      r.x = pointers(x, sets, trial);
      for (std::size_t p = 0; p < populations; ++p) {
        const NeuronSpec& neuron = network_->populations[p].neuron;
        if (std::holds_alternative<PoissonNeuron>(neuron) || std::holds_alternative<GivenSpikes>(neuron)) {
          r.potential[p] = nullptr;  // these have no potential
        }
        r.spikes.push_back(record_spikes[p] ? &spikes_[static_cast<std::size_t>(trial)][p] : nullptr);
      }
      recordings.push_back(std::move(r));
    }
    // Without the interpreter lock another thread could come in.
    if (first_bin == 0) completed_ = 0;
    const std::unique_lock<std::mutex> alone(running_, std::try_to_lock);
    if (!alone.owns_lock()) throw std::runtime_error("this simulation is already running in another thread");
    Failure failure;
    std::int64_t completed;
    {
      py::gil_scoped_release unlocked;
      completed = ensemble_->advance(first_bin, bins, recordings, threads, failure);
    }
    completed_ = first_bin + completed;
    failure_ = completed < bins ? py::object(py::make_tuple(failure.trial, failure.state.step, failure.state.population,
                                                            failure.state.variable))
                                : py::none();
    return progress();
  }

  // Kept here, so that an interruption between the end of advance() and the use of what it returns loses nothing.
  py::tuple progress() const { return py::make_tuple(completed_, failure_); }

  py::tuple take_spikes(std::size_t trial, std::size_t population) {
    std::vector<Spike> spikes;
    spikes.swap(spikes_.at(trial).at(population));
    py::array_t<double> time(static_cast<py::ssize_t>(spikes.size()));
    py::array_t<std::int64_t> neuron(static_cast<py::ssize_t>(spikes.size()));
    for (std::size_t i = 0; i < spikes.size(); ++i) {
      time.mutable_data()[i] = spikes[i].time;
      neuron.mutable_data()[i] = spikes[i].neuron;
    }
    return py::make_tuple(time, neuron);
  }

  std::int64_t step(std::int64_t trial) { return ensemble_->trial(trial).step(); }
  py::dict state(std::int64_t trial) { return read_state(ensemble_->trial(trial)); }
  void set_state(std::int64_t trial, const py::dict& state) { write_state(ensemble_->trial(trial), state); }

 private:
  // Large networks take their time to draw.
  static std::unique_ptr<Ensemble> build(std::shared_ptr<const NetworkSpec> network, const EngineSettings& settings,
                                         PhiloxKey key, std::int64_t trials, int threads, double memory_limit) {
    if (threads < 1) throw std::invalid_argument("threads must be >= 1");
    py::gil_scoped_release unlocked;
    return std::make_unique<Ensemble>(std::move(network), settings, key, trials, threads, memory_limit);
  }

  std::shared_ptr<const NetworkSpec> network_;
  std::unique_ptr<Ensemble> ensemble_;
  std::vector<std::vector<std::vector<Spike>>> spikes_;  // trial, population
  std::int64_t completed_ = 0;                           // bins, counted from the last advance() with first_bin = 0
  py::object failure_ = py::none();
  std::mutex running_;
};

}  // namespace

void bind_ensemble(py::module_& m) {
  py::class_<PyEnsemble>(m, "Ensemble")
      .def(py::init<const py::dict&, const std::string&, const std::string&, const std::string&, double,
                    const std::vector<bool>&, double, PhiloxKey, std::int64_t, const std::string&, int, double>(),
           py::kw_only(), py::arg("network"), py::arg("level"), py::arg("closure"), py::arg("noise"),
           py::arg("bin_tolerance"), py::arg("cohorts"), py::arg("cohort_tolerance"), py::arg("key"), py::arg("trials"),
           py::arg("instruction_set"), py::arg("threads") = 1,
           py::arg("memory_limit") = std::numeric_limits<double>::infinity())
      .def("advance", &PyEnsemble::advance, py::kw_only(), py::arg("first_bin"), py::arg("bins"),
           py::arg("steps_per_bin"), py::arg("rate").noconvert().none(true),
           py::arg("potential").noconvert().none(true), py::arg("release").noconvert().none(true),
           py::arg("u").noconvert().none(true), py::arg("x").noconvert().none(true), py::arg("record_spikes"),
           py::arg("threads"))
      .def("progress", &PyEnsemble::progress)
      .def("take_spikes", &PyEnsemble::take_spikes, py::arg("trial"), py::arg("population"))
      .def("step", &PyEnsemble::step, py::arg("trial"))
      .def("state", &PyEnsemble::state, py::arg("trial"))
      .def("set_state", &PyEnsemble::set_state, py::arg("trial"), py::arg("state"));
}

}  // namespace mesopop
