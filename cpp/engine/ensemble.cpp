#include "engine/ensemble.hpp"

#include <algorithm>
#include <exception>

#include "model/renewal.hpp"

namespace mesopop {

Ensemble::Ensemble(std::shared_ptr<const NetworkSpec> network, const EngineSettings& settings, PhiloxKey key,
                   std::int64_t trials)
    : network_(std::move(network)) {
  network_->check();
  StationaryStates stationary;
  for (std::int64_t trial = 0; trial < trials; ++trial) {
    engines_.push_back(
        make_engine(*network_, settings, Realisation{key, static_cast<std::uint64_t>(trial)}, stationary));
  }
}

std::int64_t Ensemble::advance(std::int64_t first_bin, std::int64_t bins, const std::vector<Recording>& recordings,
                               [[maybe_unused]] int threads, Failure& failure) {
  const auto count = static_cast<std::int64_t>(engines_.size());
  std::vector<std::int64_t> completed(engines_.size(), bins);
  std::vector<NonFiniteState> failures(engines_.size());
  std::exception_ptr error;  // must not leave the parallel region
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
  for (std::int64_t i = 0; i < count; ++i) {
    const auto trial = static_cast<std::size_t>(i);
    try {
      completed[trial] = engines_[trial]->advance(first_bin, bins, recordings[trial], failures[trial]);
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
