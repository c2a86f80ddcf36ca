#include "micro/neuron_input.hpp"

#include <algorithm>

#include "micro/connection_store.hpp"
#include "micro/input_ports.hpp"
#include "model/membrane.hpp"
#include "numerics/elementary.hpp"

namespace mesopop {

namespace {

// Spikes ahead whose synapses are fetched while those of one are delivered.
constexpr std::int64_t kAheadRow = 8, kAheadSynapses = 4;

}  // namespace

std::unique_ptr<NeuronInput> NeuronInput::of(const LevelContext& context) {
  const auto& projections = context.network.projections;
  const bool any = std::any_of(projections.begin(), projections.end(),
                               [&](const ProjectionSpec& p) { return is_own_input(p, context.index); });
  const bool driven = !context.population().drive.per_neuron.empty();
  return any || driven ? std::make_unique<NeuronInput>(context) : nullptr;
}

NeuronInput::NeuronInput(const LevelContext& context)
    : slices_(context.population().size),
      tau_m_(membrane_time_constant(context.population())),
      stride_(padded_to_block(slices_.size())) {
  const NetworkSpec& network = context.network;
  const std::vector<InputPort> ports = input_ports(network, context.index);
  for (const auto& [tau_s, slots] : ports) {
    Port port{tau_s, 0.0, 0.0, {}, slots, {}};
    if (tau_s > 0.0) {
      port.decay = exp(-network.dt / tau_s);
      port.gain = current_gain(network.dt, tau_m_, tau_s);
      port.current.assign(static_cast<std::size_t>(stride_), 0.0);
    }
    port.pending.assign(static_cast<std::size_t>(port.slots * stride_), 0.0);
    ports_.push_back(std::move(port));
  }
  for (const Port& port : ports_) {
    if (port.tau_s == 0.0) continue;
    gain_.push_back(port.gain);
    decay_.push_back(port.decay);
  }

  for (std::size_t i = 0; i < network.projections.size(); ++i) {
    const ProjectionSpec& p = network.projections[i];
    if (!is_own_input(p, context.index) || p.weight == 0.0) continue;
    const auto port = std::find_if(ports.begin(), ports.end(),
                                   [&](const InputPort& candidate) { return candidate.tau_s == p.tau_s; }) -
                      ports.begin();
    std::int64_t set = kStatic;
    if (p.stp != kStatic) {
      set = std::count_if(network.stp.begin(), network.stp.begin() + p.stp,
                          [&](const StpSpec& other) { return other.source == p.source; });
    }
    pathways_.push_back({context.connections.of(network, i, context.realisation, context.team), p.source, set,
                         static_cast<std::size_t>(port), p.tau_s == 0.0 ? p.weight : p.weight / p.tau_s,
                         p.delay_steps});
  }

  const std::vector<double>& drive = context.population().drive.per_neuron;
  if (drive.empty()) return;
  constant_.assign(static_cast<std::size_t>(stride_), 0.0);
  const double gain = event_probability(network.dt / tau_m_);
  std::transform(drive.begin(), drive.end(), constant_.begin(), [&](double mu) { return gain * mu; });
}

NeuronInputStep NeuronInput::arrivals(std::int64_t step) {
  NeuronInputStep s;
  current_.clear();
  arriving_.clear();
  for (Port& port : ports_) {
    double* const arriving = port.arriving(step, stride_);
    if (port.tau_s == 0.0) {
      s.jump = arriving;
    } else {
      current_.push_back(port.current.data());
      arriving_.push_back(arriving);
    }
  }
  s.ports = static_cast<std::int64_t>(current_.size());
  s.current = current_.data();
  s.arriving = arriving_.data();
  s.gain = gain_.data();
  s.decay = decay_.data();
  s.constant = constant_.empty() ? nullptr : constant_.data();
  return s;
}

void NeuronInput::deliver(std::int64_t step, const std::vector<FiredNeurons>& fired, const Team& team) {
  const bool any = std::any_of(pathways_.begin(), pathways_.end(),
                               [&](const Pathway& pathway) { return fired[pathway.source].count > 0; });
  if (!any) return;
  team.each(slices_.count(), [&](std::int64_t slice) {
    for (const Pathway& pathway : pathways_) {
      const FiredNeurons& spikes = fired[pathway.source];
      const double* const released =
          pathway.set == kStatic ? nullptr : (*spikes.released)[static_cast<std::size_t>(pathway.set)].data();
      Port& port = ports_[pathway.port];
      const Connections& connections = *pathway.connections;
      for (std::int64_t i = 0; i < spikes.count; ++i) {
        if (i + kAheadRow < spikes.count) connections.prefetch_row(slice, spikes.neuron[i + kAheadRow]);
        if (i + kAheadSynapses < spikes.count) connections.prefetch_synapses(slice, spikes.neuron[i + kAheadSynapses]);
        const double amount = released ? pathway.per_release * released[i] : pathway.per_release;
        for (std::size_t d = 0; d < pathway.delay_steps.size(); ++d) {
          double* const arriving = port.arriving(step + 1 + pathway.delay_steps[d], stride_);
          connections.deliver(slice, spikes.neuron[i], d, amount, arriving + slices_.first(slice));
        }
      }
    }
  });
}

double NeuronInput::current(std::size_t neuron) const {
  double sum = 0.0;
  for (const Port& port : ports_) {
    if (port.tau_s > 0.0) sum += port.current[neuron];
  }
  return tau_m_ * sum;
}

void NeuronInput::visit(StateVisitor& visitor, const std::string& prefix) {
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    const std::string port = prefix + "/input/" + std::to_string(i);
    if (ports_[i].tau_s > 0.0) visitor.field(port + "/current", ports_[i].current);
    visitor.field(port + "/pending", ports_[i].pending);
  }
}

}  // namespace mesopop
