// Adaptation as a set of exponential traces, of single neurons and, in the quasi-renewal approximation, of neurons of
// equal age.
#pragma once

#include <vector>

#include "model/network.hpp"

namespace mesopop {

struct AdaptationTrace {
  double tau = 1.0;               // ms
  double decay = 1.0;             // over one step
  double own = 0.0;               // mV, added by the last spike of the neuron itself
  double older = 0.0;             // mV per unit of the fraction of neurons that fired: what earlier spikes left behind
  double threshold_weight = 0.0;  // contribution to the threshold
  double current_gain = 0.0;      // what the current takes from the potential during a step

  // Mean left by earlier spikes, just before a spike, if a fraction `rate` of the neurons fires in every step.
  double stationary_older(double rate) const { return older * rate * decay / (1.0 - decay); }
};

// One trace per kernel; earlier spikes add linearly.
std::vector<AdaptationTrace> neuron_traces(const LifNeuron& neuron, double dt);

// Quasi-renewal approximation (SDG17): earlier spikes, known only through the activity, act on the threshold of a
// neuron through delta_u (1 - exp(-theta(t)/delta_u)), the average over their randomness. That function of theta is
// expanded into a polynomial, which turns a sum of exponentials into another sum of exponentials: nothing has to be
// remembered but one number per trace, whatever the length of the history.
std::vector<AdaptationTrace> quasi_renewal_traces(const LifNeuron& neuron, double dt);

}  // namespace mesopop
