#include "engine/ensemble.hpp"

#include <algorithm>
#include <exception>

#include "micro/memory.hpp"
#include "model/renewal.hpp"

namespace mesopop {

namespace {

// Below, a step takes no longer than it takes threads to meet on a busy machine.
constexpr std::int64_t kManyNeurons = 32768;

}  // namespace

Ensemble::Ensemble(std::shared_ptr<const NetworkSpec> network, const EngineSettings& settings, PhiloxKey key,
                   std::int64_t trials, int threads, double memory_limit, const Ensemble* previous)
    : network_(std::move(network)), settings_(settings) {
  network_->check();
  if (settings.level == Level::micro) check_memory(*network_, settings.cohorts, trials, memory_limit);
  if (previous) connections_ = previous->connections_;
  StationaryStates stationary;
  const Team team(threads);
  for (std::int64_t trial = 0; trial < trials; ++trial) {
    engines_.push_back(make_engine(*network_, settings, Realisation{key, static_cast<std::uint64_t>(trial)}, stationary,
                                   connections_, team));
  }
}

bool Ensemble::is_large() const {
  if (settings_.level != Level::micro) return false;
  for (std::size_t p = 0; p < network_->populations.size(); ++p) {
    if (network_->populations[p].size >= kManyNeurons && !settings_.cohorts.at(p)) return true;
  }
  return false;
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
