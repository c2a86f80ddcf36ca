// The compiled network: plain structs in steps, mV, ms and 1/ms, filled once from the Python description and
// read-only afterwards. Names and units are validated in Python; check() guards the invariants that memory safety
// depends on.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace mesopop {

// --- External signals: drive in mV, or the rate of a Poisson population in 1/ms --------------------------------

struct StepSignal {
  std::vector<std::int64_t> onset;  // first step of each value, ascending from 0
  std::vector<double> value;
};

struct SampledSignal {
  std::int64_t steps_per_sample = 1;
  std::vector<double> value;
};

struct SinusoidSignal {
  double mean = 0.0;
  double amplitude = 0.0;
  double turns_per_step = 0.0;
  double phase = 0.0;  // turns, at the middle of step 0
};

struct OrnsteinUhlenbeckSignal {
  double mean = 0.0;
  double std = 0.0;
  double tau_in_steps = 1.0;
};

using SignalSpec = std::variant<StepSignal, SampledSignal, SinusoidSignal, OrnsteinUhlenbeckSignal>;

struct DriveSpec {
  double constant = 0.0;
  std::vector<SignalSpec> components;  // added to the constant
  std::vector<double> per_neuron;      // likewise, one value per neuron; empty: none
};

// --- Neurons ----------------------------------------------------------------------------------------------------

struct PoissonNeuron {};  // the drive is the rate

// Spikes given in advance, sorted by step.
struct GivenSpikes {
  std::vector<std::int64_t> step;
  std::vector<std::int64_t> neuron;
};

struct Softplus {
  double alpha = 1.0;  // mV
  double gain = 1.0;   // 1/(ms mV)
};

// rate exp((potential - v_th)/delta_u)
struct ExponentialEscape {
  double v_th = 0.0;
  double delta_u = 1.0;
  double rate = 1.0;  // 1/ms, at threshold
};

// Hazard of LIF neurons: exponential, or rate log2(1 + exp((potential - v_th)/delta_u)), which has the same value at
// threshold and grows linearly far above.
struct EscapeSpec : ExponentialEscape {
  bool softplus = false;
};

struct LnpNeuron {
  double tau_m = 1.0;
  std::variant<Softplus, ExponentialEscape> transfer;
};

// What every spike of a neuron leaves behind, decaying with tau: a rise of its threshold or a hyperpolarising current.
struct AdaptationKernel {
  double tau = 1.0;        // ms
  double threshold = 0.0;  // mV
  double current = 0.0;    // mV of drive
};

// With adaptation a GIF neuron.
struct LifNeuron {
  double tau_m = 1.0;
  double v_reset = 0.0;
  std::int64_t refractory_steps = 0;
  std::int64_t history_steps = 0;  // age at which potential and threshold have forgotten the spike
  EscapeSpec escape;
  std::vector<AdaptationKernel> adaptation;
};

using NeuronSpec = std::variant<PoissonNeuron, GivenSpikes, LnpNeuron, LifNeuron>;

// --- Initial state ----------------------------------------------------------------------------------------------

enum class InitialKind { stationary, rest, synchronous, given };

struct InitialSpec {
  InitialKind kind = InitialKind::stationary;
  // Given state, per neuron.
  std::vector<double> potential;
  std::vector<std::int64_t> age;  // steps since the last spike, negative: never fired
};

// --- Populations, synapses, projections -------------------------------------------------------------------------

struct PopulationSpec {
  std::string name;
  std::int64_t size = 0;
  NeuronSpec neuron;
  DriveSpec drive;
  InitialSpec initial;
};

struct TsodyksMarkram {
  double U0 = 1.0;
  double U = 0.0;
  double tau_d = 0.0;  // ms; 0: always recovered
  double tau_f = 0.0;  // ms; 0: never facilitated
};

// One (u, x) state: the projections of one population with equal Tsodyks-Markram parameters share it.
struct StpSpec : TsodyksMarkram {
  std::size_t source = 0;
  // Given initial values per neuron of the source; empty: U0 and 1.
  std::vector<double> u;
  std::vector<double> x;
  std::vector<TsodyksMarkram> per_neuron;  // in place of the common parameters; empty: all alike
};

inline constexpr std::int64_t kStatic = -1;

// Who is connected to whom, neuron by neuron.
struct AllToAll {};

// Every connection exists with the same probability, independently of all others.
struct BernoulliConnections {
  double probability = 1.0;
  bool self_connections = true;
};

// Every neuron of the target receives the same number of connections.
struct FixedInDegree {
  std::int64_t in_degree = 0;
  bool self_connections = true;
  bool multapses = true;  // whether a pair of neurons may be connected several times
};

// Given connections, the sources of each target in turn.
struct GivenConnections {
  std::vector<std::int64_t> first;  // per target, and the end
  std::vector<std::uint32_t> source;
  std::vector<double> weight;  // relative to that of the projection
};

using ConnectivitySpec = std::variant<AllToAll, BernoulliConnections, FixedInDegree, GivenConnections>;

struct ProjectionSpec {
  std::size_t source = 0;
  std::size_t target = 0;
  std::int64_t stp = kStatic;  // index into NetworkSpec::stp
  double mean_weight = 0.0;    // mV per unit of release of the whole source: what a target receives on average
  double weight = 0.0;         // mV per unit of release at one synapse
  double tau_s = 0.0;          // ms; 0: the potential jumps
  // In steps, ascending, with the share of the synapses that has each.
  std::vector<std::int64_t> delay_steps;
  std::vector<double> delay_share;
  ConnectivitySpec connectivity;

  // Whether all neurons of the target receive the same.
  bool is_shared() const { return std::holds_alternative<AllToAll>(connectivity) && delay_steps.size() == 1; }
};

struct NetworkSpec {
  double dt = 0.0;  // ms
  std::vector<PopulationSpec> populations;
  std::vector<StpSpec> stp;
  std::vector<ProjectionSpec> projections;

  // Throws std::invalid_argument if an index or size is out of range.
  void check() const;
};

}  // namespace mesopop
