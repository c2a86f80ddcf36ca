#include "model/synaptic_input.hpp"

#include <algorithm>
#include <map>

#include "model/membrane.hpp"
#include "numerics/elementary.hpp"

namespace mesopop {

SynapticInput::SynapticInput(const NetworkSpec& network, const std::vector<const ProjectionSpec*>& projections) {
  // Ports in order of population, then of synaptic time constant; tau_s = 0 sorts first.
  std::map<std::pair<std::size_t, double>, std::size_t> port_of;
  std::int64_t longest = 0;
  for (const ProjectionSpec* p : projections) {
    port_of.emplace(std::pair{p->target, p->tau_s}, 0);
    longest = std::max(longest, p->delay_steps.back());
  }
  targets_.resize(network.populations.size());
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const double tau_m = membrane_time_constant(network.populations[i]);
    if (tau_m == 0.0) continue;
    targets_[i].tau_m = tau_m;
    targets_[i].decay = exp(-network.dt / tau_m);
    targets_[i].drive_gain = event_probability(network.dt / tau_m);
  }
  for (auto& [key, port] : port_of) {
    port = static_cast<std::size_t>(port_count_++);
    const auto [population, tau_s] = key;
    Target& target = targets_[population];
    const bool jumps = tau_s == 0.0;
    current_decay_.push_back(jumps ? 0.0 : exp(-network.dt / tau_s));
    current_gain_.push_back(jumps ? 0.0 : current_gain(network.dt, target.tau_m, tau_s));
    if (jumps) {
      target.jump_port = port;
    } else {
      if (target.first == target.last) target.first = port;
      target.last = port + 1;
    }
  }

  const std::size_t channels = network.populations.size() + network.stp.size();
  for (std::size_t channel = 0; channel < channels; ++channel) {
    first_term_.push_back(terms_.size());
    for (const ProjectionSpec* p : projections) {
      const std::size_t source =
          p->stp == kStatic ? p->source : network.populations.size() + static_cast<std::size_t>(p->stp);
      if (source != channel || p->mean_weight == 0.0) continue;
      const double per_release = p->tau_s == 0.0 ? p->mean_weight : p->mean_weight / p->tau_s;
      const std::size_t port = port_of.at({p->target, p->tau_s});
      for (std::size_t d = 0; d < p->delay_steps.size(); ++d) {
        terms_.push_back({port, per_release * p->delay_share[d], p->delay_steps[d]});
      }
    }
  }
  first_term_.push_back(terms_.size());

  std::int64_t slots = 1;
  while (slots < longest + 2) slots *= 2;
  slot_mask_ = slots - 1;
  current_.assign(static_cast<std::size_t>(port_count_), 0.0);
  pending_.assign(static_cast<std::size_t>(slots * port_count_), 0.0);
}

void SynapticInput::arrive(std::int64_t step) {
  double* arriving = arrivals(step);
  for (std::int64_t port = 0; port < port_count_; ++port) {
    current_[static_cast<std::size_t>(port)] += arriving[port];
    arriving[port] = 0.0;
  }
}

MembraneStep SynapticInput::advance(std::size_t population, double mu) {
  const Target& target = targets_[population];
  MembraneStep step{target.decay, mu * target.drive_gain, 0.0};
  for (std::size_t port = target.first; port < target.last; ++port) {
    step.shift += current_gain_[port] * current_[port];
    current_[port] *= current_decay_[port];
  }
  if (target.jump_port != kNoPort) {
    step.jump = current_[target.jump_port];
    current_[target.jump_port] = 0.0;
  }
  return step;
}

double SynapticInput::current(std::size_t population) const {
  const Target& target = targets_[population];
  double sum = 0.0;
  for (std::size_t port = target.first; port < target.last; ++port) sum += current_[port];
  return target.tau_m * sum;
}

void SynapticInput::send(std::int64_t step, std::size_t channel, double amount) {
  if (amount == 0.0) return;
  for (std::size_t i = first_term_[channel]; i < first_term_[channel + 1]; ++i) {
    const Term& term = terms_[i];
    arrivals(step + 1 + term.delay)[term.port] += term.weight * amount;
  }
}

void SynapticInput::visit(StateVisitor& visitor) {
  visitor.field("synapses/current", current_);
  visitor.field("synapses/pending", pending_);
}

}  // namespace mesopop
