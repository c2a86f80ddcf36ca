#include "micro/memory.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "micro/connection_store.hpp"
#include "micro/connections.hpp"

namespace mesopop {

double input_bytes(const NetworkSpec& network, std::int64_t trials) {
  double shared = 0.0, per_trial = 0.0;
  std::map<std::pair<std::size_t, double>, std::int64_t> slots;  // by target and tau_s
  for (const ProjectionSpec& p : network.projections) {
    if (!p.reaches_single_neurons()) continue;
    (ConnectionStore::is_same_in_all_trials(p) ? shared : per_trial) += Connections::expected_bytes(network, p);
    auto& longest = slots[{p.target, p.tau_s}];
    longest = std::max(longest, p.delay_steps.back() + 1);
  }
  for (const auto& [port, count] : slots) {
    // The current is one more value per neuron.
    const auto values = static_cast<double>(count + (port.second > 0.0 ? 1 : 0));
    per_trial +=
        values * static_cast<double>(sizeof(double)) * static_cast<double>(network.populations[port.first].size);
  }
  return shared + static_cast<double>(trials) * per_trial;
}

void check_input_memory(const NetworkSpec& network, std::int64_t trials, double limit) {
  const double needed = input_bytes(network, trials);
  if (needed <= limit) return;
  char text[128];
  std::snprintf(text, sizeof text,
                "must need <= %.4g bytes, the memory of this machine, got %.4g bytes for %lld trial%s", limit, needed,
                static_cast<long long>(trials), trials == 1 ? "" : "s");
  throw std::invalid_argument(std::string("connections ") + text);
}

}  // namespace mesopop
