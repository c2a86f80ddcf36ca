#include "engine/ensemble.hpp"

#include <algorithm>
#include <exception>

#include "micro/connection_store.hpp"
#include "micro/memory.hpp"
#include "model/renewal.hpp"

namespace mesopop {

namespace {

// Below, a step takes no longer than it takes threads to meet on a busy machine.
constexpr std::int64_t kManyNeurons = 32768;

}  // namespace

Ensemble::Ensemble(std::shared_ptr<const NetworkSpec> network, const EngineSettings& settings, PhiloxKey key,
                   std::int64_t trials, int threads, double memory_limit)
    : network_(std::move(network)), level_(settings.level) {
  network_->check();
  if (level_ == Level::micro) check_input_memory(*network_, trials, memory_limit);
  StationaryStates stationary;
  ConnectionStore connections;
  const Team team(threads);
  for (std::int64_t trial = 0; trial < trials; ++trial) {
    engines_.push_back(make_engine(*network_, settings, Realisation{key, static_cast<std::uint64_t>(trial)}, stationary,
                                   connections, team));
  }
}

bool Ensemble::is_large() const {
  return level_ == Level::micro && std::any_of(network_->populations.begin(), network_->populations.end(),
                                               [](const PopulationSpec& p) { return p.size >= kManyNeurons; });
}

std::int64_t Ensemble::advance(std::int64_t first_bin, std::int64_t bins, const std::vector<Recording>& recordings,
                               int threads, Failure& failure) {
  const auto count = static_cast<std::int64_t>(engines_.size());
  std::vector<std::int64_t> completed(engines_.size(), bins);
  std::vector<NonFiniteState> failures(engines_.size());
  const bool within = count < threads && is_large();
  const auto advance_trial = [&](std::int64_t i) {
    const auto trial = static_cast<std::size_t>(i);
    completed[trial] =
        engines_[trial]->advance(first_bin, bins, recordings[trial], Team(within ? threads : 1), failures[trial]);
  };
  std::exception_ptr error;  // must not leave the parallel region
  const int trials_at_once = within ? 1 : static_cast<int>(std::min<std::int64_t>(threads, count));
#pragma omp parallel for schedule(dynamic, 1) num_threads(trials_at_once) if (trials_at_once > 1)
  for (std::int64_t i = 0; i < count; ++i) {
    try {
      advance_trial(i);
    } catch (...) {
#pragma omp critical
      error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
  const auto worst = std::min_element(completed.begin(), completed.end());
  if (*worst < bins) {
    const auto trial = static_cast<std::size_t>(worst - completed.begin());
    failure = {static_cast<std::int64_t>(trial), failures[trial]};
  }
  return *worst;
}

}  // namespace mesopop
