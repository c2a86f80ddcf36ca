#include "kernels/kernels.hpp"

#include <stdexcept>

namespace mesopop {

namespace {

// Each clone inlines the same bodies under its own target attribute.
#define MESOPOP_CLONE(name, attribute)                                                                         \
  attribute RangeFired lif_neurons_##name(const LifNeuronsStep& s) { return lif_neurons_body(s); }             \
  attribute RangeFired lnp_neurons_##name(const LnpNeuronsStep& s) { return lnp_neurons_body(s); }             \
  attribute std::int64_t thresholds_##name(const ThresholdStep& s) { return thresholds_body(s); }              \
  attribute AgeBinSums age_bins_##name(const AgeBinStep& s) { return age_bins_body(s); }                       \
  attribute double cohorts_##name(const CohortStep& s) { return cohorts_body(s); }                             \
  attribute void relax_cohorts_##name(const CohortRelaxation& s) { relax_cohorts_body(s); }                    \
  attribute void relax_cohort_pairs_##name(const CohortPairRelaxation& s) { relax_cohort_pairs_body(s); }      \
  attribute std::int64_t cohort_spikes_##name(const CohortSpikes& s) { return cohort_spikes_body(s); }         \
  attribute CohortReleaseSums cohort_release_##name(const CohortRelease& s) { return cohort_release_body(s); } \
  attribute void cohort_joint_release_##name(const CohortJointRelease& s) { cohort_joint_release_body(s); }    \
  attribute void adaptation_##name(const AdaptationStep& s) { adaptation_body(s); }                            \
  attribute void relaxations_##name(const Relaxations& s) { relaxations_body(s); }                             \
  constexpr Kernels kernels_##name{                                                                            \
      lif_neurons_##name,    lnp_neurons_##name,          thresholds_##name,         age_bins_##name,          \
      cohorts_##name,        relax_cohorts_##name,        relax_cohort_pairs_##name, cohort_spikes_##name,     \
      cohort_release_##name, cohort_joint_release_##name, adaptation_##name,         relaxations_##name};

MESOPOP_CLONE(baseline, )
#ifdef MESOPOP_MULTIVERSIONING
MESOPOP_CLONE(avx2, __attribute__((target("avx2"))))
MESOPOP_CLONE(avx512, __attribute__((target("avx512f,avx512dq,avx512vl,prefer-vector-width=512"))))
#endif
#undef MESOPOP_CLONE

struct Version {
  const char* name;
  const Kernels* kernels;
  bool supported;
};

const std::vector<Version>& versions() {
  static const std::vector<Version> list = [] {
    std::vector<Version> found{{"baseline", &kernels_baseline, true}};
#ifdef MESOPOP_MULTIVERSIONING
    __builtin_cpu_init();
    found.push_back({"avx2", &kernels_avx2, __builtin_cpu_supports("avx2") != 0});
    found.push_back({"avx512", &kernels_avx512,
                     __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                         __builtin_cpu_supports("avx512vl")});
#endif
    return found;
  }();
  return list;
}

}  // namespace

std::vector<std::string> compiled_instruction_sets() {
  std::vector<std::string> names;
  for (const Version& version : versions()) names.emplace_back(version.name);
  return names;
}

std::string best_instruction_set() {
  std::string best;
  for (const Version& version : versions()) {
    if (version.supported) best = version.name;
  }
  return best;
}

const Kernels& select_kernels(const std::string& instruction_set) {
  const std::string wanted = instruction_set == "auto" ? best_instruction_set() : instruction_set;
  for (const Version& version : versions()) {
    if (wanted != version.name) continue;
    if (!version.supported) {
      throw std::invalid_argument("instruction set '" + wanted + "' cannot be executed by this processor");
    }
    return *version.kernels;
  }
  throw std::invalid_argument("instruction set '" + wanted + "' is not compiled in");
}

}  // namespace mesopop
