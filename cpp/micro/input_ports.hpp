// Where the spikes of other neurons arrive: one port per synaptic time constant among the projections that reach the
// neurons of a population one by one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/network.hpp"

namespace mesopop {

struct InputPort {
  double tau_s;
  std::int64_t slots;  // steps for which arrivals are kept
};

inline bool is_own_input(const ProjectionSpec& projection, std::size_t population) {
  return projection.target == population && !projection.is_shared();
}

// In ascending order of tau_s, so that 0 comes first. They do not depend on weights, which may change during a run.
inline std::vector<InputPort> input_ports(const NetworkSpec& network, std::size_t population) {
  std::vector<InputPort> ports;
  for (const ProjectionSpec& p : network.projections) {
    if (!is_own_input(p, population)) continue;
    const auto at = std::lower_bound(ports.begin(), ports.end(), p.tau_s,
                                     [](const InputPort& port, double tau_s) { return port.tau_s < tau_s; });
    // A slot is free again once its step has begun, before the spikes of that step are sent.
    const std::int64_t slots = p.delay_steps.back() + 1;
    if (at == ports.end() || at->tau_s != p.tau_s) {
      ports.insert(at, {p.tau_s, slots});
    } else {
      at->slots = std::max(at->slots, slots);
    }
  }
  return ports;
}

}  // namespace mesopop
