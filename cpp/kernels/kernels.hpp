// The vectorised inner loops, compiled once per instruction set. All versions give the same bits; the choice is
// made once per engine and can be forced, so that tests can compare them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/adaptation_kernel.hpp"
#include "kernels/age_bin_kernel.hpp"
#include "kernels/cohort_joint_kernel.hpp"
#include "kernels/cohort_kernel.hpp"
#include "kernels/cohort_release_kernel.hpp"
#include "kernels/cohort_spikes_kernel.hpp"
#include "kernels/lif_kernel.hpp"
#include "kernels/lnp_kernel.hpp"
#include "kernels/relaxation_kernel.hpp"
#include "kernels/threshold_kernel.hpp"

namespace mesopop {

struct Kernels {
  RangeFired (*lif_neurons)(const LifNeuronsStep&);
  RangeFired (*lnp_neurons)(const LnpNeuronsStep&);
  std::int64_t (*thresholds)(const ThresholdStep&);
  AgeBinSums (*age_bins)(const AgeBinStep&);
  double (*cohorts)(const CohortStep&);
  void (*relax_cohorts)(const CohortRelaxation&);
  void (*relax_cohort_pairs)(const CohortPairRelaxation&);
  std::int64_t (*cohort_spikes)(const CohortSpikes&);
  CohortReleaseSums (*cohort_release)(const CohortRelease&);
  void (*cohort_joint_release)(const CohortJointRelease&);
  void (*adaptation)(const AdaptationStep&);
  void (*relaxations)(const Relaxations&);
};

// Instruction sets compiled in, fastest last.
std::vector<std::string> compiled_instruction_sets();

// The fastest one that this processor executes.
std::string best_instruction_set();

// "auto" or a name from compiled_instruction_sets(); throws std::invalid_argument for a name that is not compiled
// in or that this processor cannot execute.
const Kernels& select_kernels(const std::string& instruction_set);

}  // namespace mesopop
