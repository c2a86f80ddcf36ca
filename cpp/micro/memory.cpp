#include "micro/memory.hpp"

#include <cstddef>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "micro/connection_store.hpp"
#include "micro/connections.hpp"
#include "micro/input_ports.hpp"
#include "micro/synapses.hpp"

namespace mesopop {

namespace {

// Numbers of 8 bytes that are kept for every neuron of a population.
double numbers_per_neuron(const NetworkSpec& network, std::size_t p, bool cohorts) {
  const PopulationSpec& population = network.populations[p];
  const std::vector<InputPort> ports = input_ports(network, p);
  const bool own_input = !ports.empty() || !population.drive.per_neuron.empty();
  double numbers = 1.0;  // that it fires
  for (const InputPort& port : ports) numbers += static_cast<double>(port.slots) + (port.tau_s > 0.0 ? 1.0 : 0.0);
  if (!population.drive.per_neuron.empty()) numbers += 1.0;
  if (const auto* lif = std::get_if<LifNeuron>(&population.neuron)) {
    // Twice 4 bytes of membership; or potential, hazard, end of refractoriness, and the threshold with its number.
    numbers += cohorts ? 1.0 : 5.0;
    if (!lif->adaptation.empty()) numbers += 3.0 + static_cast<double>(lif->adaptation.size());
  } else if (std::holds_alternative<LnpNeuron>(population.neuron)) {
    numbers += (cohorts ? 0.0 : 2.0) + (own_input ? 2.0 : 0.0);
  } else if (std::holds_alternative<PoissonNeuron>(population.neuron)) {
    numbers += cohorts ? 0.0 : 2.0;
  }
  return numbers;
}

}  // namespace

double expected_bytes(const NetworkSpec& network, const std::vector<bool>& cohorts, std::int64_t trials) {
  double shared = 0.0, per_trial = 0.0;
  for (const ProjectionSpec& p : network.projections) {
    if (p.is_shared() || p.weight == 0.0) continue;
    (ConnectionStore::is_same_in_all_trials(p) ? shared : per_trial) += Connections::expected_bytes(network, p);
  }
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    const auto size = static_cast<double>(network.populations[p].size);
    per_trial += size * static_cast<double>(sizeof(double)) * numbers_per_neuron(network, p, cohorts.at(p));
  }
  for (const StpSpec& set : network.stp) {
    const auto size = static_cast<double>(network.populations[set.source].size);
    per_trial += size * static_cast<double>(NeuronSynapses::bytes_per_neuron(set));
  }
  return shared + static_cast<double>(trials) * per_trial;
}

void check_memory(const NetworkSpec& network, const std::vector<bool>& cohorts, std::int64_t trials, double limit) {
  const double needed = expected_bytes(network, cohorts, trials);
  if (needed <= limit) return;
  char text[128];
  std::snprintf(text, sizeof text,
                "must need <= %.4g bytes, what this process may use, got %.4g bytes for %lld trial%s", limit, needed,
                static_cast<long long>(trials), trials == 1 ? "" : "s");
  throw std::invalid_argument(std::string("network ") + text);
}

}  // namespace mesopop
