#include "engine/ensemble.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
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

// Arrays of the chosen neurons of one population are (trial, neuron, bin).
double* rows(const py::handle& array, std::int64_t trial, std::size_t neurons, std::int64_t trials, std::int64_t bins) {
  if (array.is_none()) return nullptr;
  auto values = array.cast<Channels>();
  if (values.ndim() != 3 || values.shape(0) != trials || values.shape(1) != static_cast<py::ssize_t>(neurons) ||
      values.shape(2) < bins) {
    throw std::invalid_argument("arrays of neurons must be of shape (trials, neurons, bins)");
  }
  return values.mutable_data(trial, 0, 0);
}

// An ensemble with the spikes that it has recorded and not handed out yet.
class PyEnsemble {
 public:
  PyEnsemble(const py::dict& network, const std::string& level, const std::string& closure, const std::string& noise,
             double bin_tolerance, const std::vector<bool>& cohorts, double cohort_tolerance, PhiloxKey key,
             std::int64_t trials, const std::string& instruction_set, int threads, double memory_limit,
             const PyEnsemble* previous)
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
            key, trials, threads, memory_limit, previous ? previous->ensemble_.get() : nullptr)),
        spikes_(static_cast<std::size_t>(trials), std::vector<std::vector<Spike>>(network_->populations.size())),
        chosen_spikes_(spikes_) {}

  py::tuple advance(std::int64_t first_bin, std::int64_t bins, std::int64_t steps_per_bin,
                    const std::optional<Channels>& rate, const std::optional<Channels>& potential,
                    const std::optional<Channels>& release, const std::optional<Channels>& u,
                    const std::optional<Channels>& x, const std::vector<bool>& record_spikes, const py::list& neurons,
                    std::int64_t most_spikes, int threads) {
    const std::size_t populations = network_->populations.size(), sets = network_->stp.size();
    const std::int64_t trials = ensemble_->trials(), last = first_bin + bins;
    if (first_bin < 0 || bins < 0 || steps_per_bin < 1 || threads < 1 || record_spikes.size() != populations ||
        neurons.size() != populations) {
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
        r.chosen.push_back(chosen(neurons[p], p, trial, last));
      }
      r.most_spikes = most_spikes;
      recordings.push_back(std::move(r));
    }
    // Without the interpreter lock another thread could come in.
    const std::unique_lock<std::mutex> alone(running_, std::try_to_lock);
    if (!alone.owns_lock()) throw std::runtime_error("this simulation is already running in another thread");
    if (first_bin == 0) completed_ = 0;
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

  // Of all neurons, or of those chosen.
  py::array_t<Spike> take_spikes(std::size_t trial, std::size_t population, bool chosen) {
    auto spikes = std::make_unique<std::vector<Spike>>();
    spikes->swap((chosen ? chosen_spikes_ : spikes_).at(trial).at(population));
    // The array owns the vector: there may be little room for a copy.
    const auto size = static_cast<py::ssize_t>(spikes->size());
    const Spike* const data = spikes->data();
    const py::capsule owner(spikes.release(), [](void* p) { delete static_cast<std::vector<Spike>*>(p); });
    return py::array_t<Spike>(size, data, owner);
  }

  std::int64_t step(std::int64_t trial) { return ensemble_->trial(trial).step(); }
  py::dict state(std::int64_t trial) { return read_state(ensemble_->trial(trial)); }
  void set_state(std::int64_t trial, const py::dict& state) { write_state(ensemble_->trial(trial), state); }

 private:
  // Large networks take their time to draw.
  static std::unique_ptr<Ensemble> build(std::shared_ptr<const NetworkSpec> network, const EngineSettings& settings,
                                         PhiloxKey key, std::int64_t trials, int threads, double memory_limit,
                                         const Ensemble* previous) {
    if (threads < 1) throw std::invalid_argument("threads must be >= 1");
    py::gil_scoped_release unlocked;
    return std::make_unique<Ensemble>(std::move(network), settings, key, trials, threads, memory_limit, previous);
  }

  NeuronRecording chosen(const py::handle& wanted, std::size_t population, std::int64_t trial, std::int64_t bins) {
    NeuronRecording r;
    if (wanted.is_none()) return r;
    r.neurons = wanted["index"].cast<std::vector<std::int64_t>>();
    for (const std::int64_t neuron : r.neurons) {
      if (neuron < 0 || neuron >= network_->populations[population].size) throw std::out_of_range("no such neuron");
    }
    const auto array = [&](const py::handle& values) {
      if (!values.is_none()) r.stride = static_cast<std::int64_t>(values.cast<Channels>().shape(2));
      return rows(values, trial, r.neurons.size(), ensemble_->trials(), bins);
    };
    r.potential = array(wanted["potential"]);
    r.input = array(wanted["input"]);
    for (const py::handle values : wanted["u"]) r.u.push_back(array(values));
    for (const py::handle values : wanted["x"]) r.x.push_back(array(values));
    const auto sets = std::count_if(network_->stp.begin(), network_->stp.end(),
                                    [&](const StpSpec& s) { return s.source == population; });
    if (static_cast<std::ptrdiff_t>(r.u.size()) != sets || r.x.size() != r.u.size()) {
      throw std::invalid_argument("neurons: u and x must have one entry per STP set of the population");
    }
    if (wanted["spikes"].cast<bool>()) r.spikes = &chosen_spikes_[static_cast<std::size_t>(trial)][population];
    return r;
  }

  std::shared_ptr<const NetworkSpec> network_;
  std::unique_ptr<Ensemble> ensemble_;
  std::vector<std::vector<std::vector<Spike>>> spikes_, chosen_spikes_;  // trial, population
  std::int64_t completed_ = 0;  // bins, counted from the last advance() with first_bin = 0
  py::object failure_ = py::none();
  std::mutex running_;
};

}  // namespace

void bind_ensemble(py::module_& m) {
  PYBIND11_NUMPY_DTYPE(Spike, time, neuron);
  py::class_<PyEnsemble>(m, "Ensemble")
      .def(py::init<const py::dict&, const std::string&, const std::string&, const std::string&, double,
                    const std::vector<bool>&, double, PhiloxKey, std::int64_t, const std::string&, int, double,
                    const PyEnsemble*>(),
           py::kw_only(), py::arg("network"), py::arg("level"), py::arg("closure"), py::arg("noise"),
           py::arg("bin_tolerance"), py::arg("cohorts"), py::arg("cohort_tolerance"), py::arg("key"), py::arg("trials"),
           py::arg("instruction_set"), py::arg("threads") = 1,
           py::arg("memory_limit") = std::numeric_limits<double>::infinity(), py::arg("previous") = nullptr)
      .def("advance", &PyEnsemble::advance, py::kw_only(), py::arg("first_bin"), py::arg("bins"),
           py::arg("steps_per_bin"), py::arg("rate").noconvert().none(true),
           py::arg("potential").noconvert().none(true), py::arg("release").noconvert().none(true),
           py::arg("u").noconvert().none(true), py::arg("x").noconvert().none(true), py::arg("record_spikes"),
           py::arg("neurons"), py::arg("most_spikes"), py::arg("threads"))
      .def("progress", &PyEnsemble::progress)
      .def("take_spikes", &PyEnsemble::take_spikes, py::arg("trial"), py::arg("population"), py::arg("chosen"))
      .def("step", &PyEnsemble::step, py::arg("trial"))
      .def("state", &PyEnsemble::state, py::arg("trial"))
      .def("set_state", &PyEnsemble::set_state, py::arg("trial"), py::arg("state"));
}

}  // namespace mesopop
