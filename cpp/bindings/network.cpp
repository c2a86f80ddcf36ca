#include "bindings/network.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <stdexcept>

namespace py = pybind11;

namespace mesopop {

namespace {

template <class T>
T get(const py::handle& dict, const char* key) {
  return dict[py::str(key)].cast<T>();
}

template <class T>
std::vector<T> array(const py::handle& dict, const char* key) {
  const auto values = get<py::array_t<T, py::array::c_style | py::array::forcecast>>(dict, key);
  return {values.data(), values.data() + values.size()};
}

SignalSpec signal(const py::handle& d) {
  const auto kind = get<std::string>(d, "kind");
  if (kind == "steps") return StepSignal{array<std::int64_t>(d, "onset"), array<double>(d, "value")};
  if (kind == "sampled") {
    return SampledSignal{get<std::int64_t>(d, "steps_per_sample"), array<double>(d, "value")};
  }
  if (kind == "sinusoid") {
    return SinusoidSignal{get<double>(d, "mean"), get<double>(d, "amplitude"), get<double>(d, "turns_per_step"),
                          get<double>(d, "phase")};
  }
  if (kind == "ornstein_uhlenbeck") {
    return OrnsteinUhlenbeckSignal{get<double>(d, "mean"), get<double>(d, "std"), get<double>(d, "tau_in_steps")};
  }
  throw std::invalid_argument("unknown kind of signal: " + kind);
}

DriveSpec drive(const py::handle& d) {
  DriveSpec spec;
  spec.constant = get<double>(d, "constant");
  spec.per_neuron = array<double>(d, "per_neuron");
  for (const py::handle component : get<py::list>(d, "components")) spec.components.push_back(signal(component));
  return spec;
}

ExponentialEscape escape(const py::handle& d) {
  return {get<double>(d, "v_th"), get<double>(d, "delta_u"), get<double>(d, "rate")};
}

std::vector<AdaptationKernel> adaptation(const py::list& kernels) {
  std::vector<AdaptationKernel> found;
  for (const py::handle k : kernels) {
    found.push_back({get<double>(k, "tau"), get<double>(k, "threshold"), get<double>(k, "current")});
  }
  return found;
}

NeuronSpec neuron(const py::handle& d) {
  const auto kind = get<std::string>(d, "kind");
  if (kind == "poisson") return PoissonNeuron{};
  if (kind == "given") return GivenSpikes{array<std::int64_t>(d, "step"), array<std::int64_t>(d, "neuron")};
  if (kind == "lif") {
    return LifNeuron{get<double>(d, "tau_m"),
                     get<double>(d, "v_reset"),
                     get<std::int64_t>(d, "refractory_steps"),
                     get<std::int64_t>(d, "history_steps"),
                     {escape(get<py::dict>(d, "escape")), get<bool>(get<py::dict>(d, "escape"), "softplus")},
                     adaptation(get<py::list>(d, "adaptation"))};
  }
  if (kind == "lnp") {
    const auto transfer = get<py::dict>(d, "transfer");
    LnpNeuron lnp{get<double>(d, "tau_m"), Softplus{}};
    if (get<std::string>(transfer, "kind") == "softplus") {
      lnp.transfer = Softplus{get<double>(transfer, "alpha"), get<double>(transfer, "gain")};
    } else {
      lnp.transfer = escape(transfer);
    }
    return lnp;
  }
  throw std::invalid_argument("unknown kind of neuron: " + kind);
}

InitialSpec initial(const py::handle& d) {
  InitialSpec spec;
  const auto kind = get<std::string>(d, "kind");
  if (kind == "rest") {
    spec.kind = InitialKind::rest;
  } else if (kind == "synchronous") {
    spec.kind = InitialKind::synchronous;
  } else if (kind == "given") {
    spec = {InitialKind::given, array<double>(d, "potential"), array<std::int64_t>(d, "age")};
  } else if (kind != "stationary") {
    throw std::invalid_argument("unknown initial state: " + kind);
  }
  return spec;
}

// Parameters come as arrays of one value, or of one per neuron.
StpSpec stp(const py::handle& d) {
  StpSpec spec;
  spec.source = get<std::size_t>(d, "source");
  spec.u = array<double>(d, "u");
  spec.x = array<double>(d, "x");
  const auto U0 = array<double>(d, "U0"), U = array<double>(d, "U");
  const auto tau_d = array<double>(d, "tau_d"), tau_f = array<double>(d, "tau_f");
  const std::size_t size = U0.size();
  if (size == 0 || U.size() != size || tau_d.size() != size || tau_f.size() != size) {
    throw std::invalid_argument("STP parameters must be arrays of one length");
  }
  std::vector<TsodyksMarkram> parameters;
  for (std::size_t i = 0; i < size; ++i) parameters.push_back({U0[i], U[i], tau_d[i], tau_f[i]});
  static_cast<TsodyksMarkram&>(spec) = parameters.front();
  if (size > 1) spec.per_neuron = std::move(parameters);
  return spec;
}

ConnectivitySpec connectivity(const py::handle& d) {
  const auto kind = get<std::string>(d, "kind");
  if (kind == "all_to_all") return AllToAll{};
  if (kind == "bernoulli") return BernoulliConnections{get<double>(d, "probability"), get<bool>(d, "self_connections")};
  if (kind == "fixed_in_degree") {
    return FixedInDegree{get<std::int64_t>(d, "in_degree"), get<bool>(d, "self_connections"),
                         get<bool>(d, "multapses")};
  }
  if (kind == "given") {
    return GivenConnections{array<std::int64_t>(d, "first"), array<std::uint32_t>(d, "source"),
                            array<double>(d, "weight")};
  }
  throw std::invalid_argument("unknown kind of connectivity: " + kind);
}

}  // namespace

NetworkSpec network_from_dict(const py::dict& description) {
  NetworkSpec network;
  network.dt = get<double>(description, "dt");
  for (const py::handle p : get<py::list>(description, "populations")) {
    network.populations.push_back({get<std::string>(p, "name"), get<std::int64_t>(p, "size"),
                                   neuron(get<py::dict>(p, "neuron")), drive(get<py::dict>(p, "drive")),
                                   initial(get<py::dict>(p, "initial"))});
  }
  for (const py::handle s : get<py::list>(description, "stp")) {
    network.stp.push_back(stp(s));
  }
  for (const py::handle p : get<py::list>(description, "projections")) {
    network.projections.push_back({get<std::size_t>(p, "source"), get<std::size_t>(p, "target"),
                                   get<std::int64_t>(p, "stp"), get<double>(p, "mean_weight"), get<double>(p, "weight"),
                                   get<double>(p, "tau_s"), array<std::int64_t>(p, "delay_steps"),
                                   array<double>(p, "delay_share"), connectivity(get<py::dict>(p, "connectivity"))});
  }
  network.check();
  return network;
}

}  // namespace mesopop
