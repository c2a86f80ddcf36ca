#include "micro/population.hpp"

#include <algorithm>
#include <numeric>

namespace mesopop {

MicroPopulation::MicroPopulation(const LevelContext& context)
    : input_(NeuronInput::of(context)),
      neurons_(make_neurons({context.population(), context.index, context.network.dt, context.initial_drive,
                             context.realisation, context.kernels, context.stationary, input_.get(), context.team,
                             context.cohorts, context.cohort_tolerance})),
      fired_(static_cast<std::size_t>(context.population().size)) {
  for (const std::size_t set : context.stp_sets) {
    synapses_.emplace_back(context.network.stp[set], context.population().size, context.network.dt, context.kernels);
    released_.emplace_back(fired_.size());
  }
}

double MicroPopulation::step(std::int64_t step, const MembraneStep& membrane, double drive, double* release) {
  fired_count_ =
      std::visit([&](auto& neurons) { return neurons.step(step, membrane, drive, fired_.data()); }, neurons_);
  for (NeuronSynapses& synapses : synapses_) synapses.relax_means();
  release_spikes(step, release);
  return static_cast<double>(fired_count_);
}

void MicroPopulation::fire_all(std::int64_t step, double* release) {
  std::iota(fired_.begin(), fired_.end(), std::int64_t{0});
  fired_count_ = static_cast<std::int64_t>(fired_.size());
  release_spikes(step, release);
}

void MicroPopulation::release_spikes(std::int64_t step, double* release) {
  for (std::size_t set = 0; set < synapses_.size(); ++set) {
    release[set] = synapses_[set].release(fired_.data(), fired_count_, step + 1, released_[set].data());
  }
}

void MicroPopulation::exchange(std::vector<MicroPopulation>& populations, std::int64_t step, const Team& team) {
  const auto has_input = [](const MicroPopulation& p) { return p.input_ != nullptr; };
  if (std::none_of(populations.begin(), populations.end(), has_input)) return;
  std::vector<FiredNeurons> fired;
  for (const MicroPopulation& p : populations) fired.push_back({p.fired_.data(), p.fired_count_, &p.released_});
  for (MicroPopulation& p : populations) {
    if (p.input_) p.input_->deliver(step, fired, team);
  }
}

double MicroPopulation::mean_potential() const {
  return std::visit([](const auto& neurons) { return neurons.mean_potential(); }, neurons_);
}

void MicroPopulation::watch(const std::vector<std::int64_t>& neurons, std::int64_t step) {
  watched_.assign(neurons.empty() ? 0 : fired_.size(), false);
  for (const std::int64_t neuron : neurons) watched_[static_cast<std::size_t>(neuron)] = true;
  if (auto* const cohorts = std::get_if<LifCohorts>(&neurons_)) cohorts->watch(neurons, step);
}

double MicroPopulation::potential(std::int64_t neuron) const {
  const auto i = static_cast<std::size_t>(neuron);
  return std::visit([&](const auto& neurons) { return neurons.potential(i); }, neurons_);
}

void MicroPopulation::visit(StateVisitor& visitor, const std::string& prefix) {
  std::visit([&](auto& neurons) { neurons.visit(visitor, prefix); }, neurons_);
  if (input_) input_->visit(visitor, prefix);
  for (std::size_t set = 0; set < synapses_.size(); ++set) {
    synapses_[set].visit(visitor, prefix + "/stp/" + std::to_string(set));
  }
}

}  // namespace mesopop
