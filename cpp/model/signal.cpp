#include "model/signal.hpp"

#include <algorithm>
#include <cmath>

#include "numerics/elementary.hpp"
#include "random/distributions.hpp"

namespace mesopop {

Signal::Signal(const DriveSpec& spec, const Realisation& realisation, std::uint64_t owner)
    : constant_(spec.constant), realisation_(realisation), owner_(owner) {
  for (std::size_t i = 0; i < spec.components.size(); ++i) {
    if (const auto* steps = std::get_if<StepSignal>(&spec.components[i])) {
      tables_.push_back({&steps->onset, &steps->value, 1});
    } else if (const auto* sampled = std::get_if<SampledSignal>(&spec.components[i])) {
      tables_.push_back({nullptr, &sampled->value, sampled->steps_per_sample});
    } else if (const auto* sinusoid = std::get_if<SinusoidSignal>(&spec.components[i])) {
      sinusoids_.push_back(*sinusoid);
    } else {
      const auto& process = std::get<OrnsteinUhlenbeckSignal>(spec.components[i]);
      const double decay = exp(-1.0 / process.tau_in_steps);
      const double increment = process.std * std::sqrt(event_probability(2.0 / process.tau_in_steps));
      processes_.push_back({process.mean, process.std, decay, increment, 0.0, i});
    }
  }
}

double Signal::at(std::int64_t step) {
  double value = constant_;
  for (const Table& table : tables_) {
    std::size_t index;
    if (table.onset) {
      const auto next = std::upper_bound(table.onset->begin(), table.onset->end(), step);
      index = static_cast<std::size_t>(next - table.onset->begin()) - 1;
    } else {
      index = std::min(static_cast<std::size_t>(step / table.steps_per_sample), table.value->size() - 1);
    }
    value += (*table.value)[index];
  }
  for (const SinusoidSignal& s : sinusoids_) {
    value += s.mean + s.amplitude * sin_turns(s.phase + s.turns_per_step * static_cast<double>(step));
  }
  for (Process& p : processes_) {
    Stream stream(realisation_, Purpose::drive, owner_, p.component, static_cast<std::uint64_t>(step));
    const double xi = draw_normal(stream);
    p.deviation = step == 0 ? p.std * xi : p.deviation * p.decay + p.increment * xi;
    value += p.mean + p.deviation;
  }
  return value;
}

void Signal::visit(StateVisitor& visitor, const std::string& prefix) {
  for (Process& p : processes_) {
    visitor.field(prefix + "/ornstein_uhlenbeck/" + std::to_string(p.component), p.deviation);
  }
}

}  // namespace mesopop
