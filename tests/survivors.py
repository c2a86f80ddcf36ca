"""The renewal process of an uncoupled LIF neuron under constant drive, on the grid of time steps."""

from __future__ import annotations

import math

import numpy as np


def survivor_function(neuron, drive, dt, ages=None):
    """Probability to have fired by none of the steps after a spike, and the potential there.

    Arrays start at age 0, the time of the spike, and have `ages` entries or end where 1e-18 are
    left. In step j after the spike a neuron fires with the probability 1 - S[j + 1] / S[j].
    """
    refractory = round(neuron.t_ref / dt)
    decay = math.exp(-dt / neuron.tau_m)

    def hazard(v):
        relative = math.exp((v - neuron.v_th) / neuron.delta_u)
        if neuron.escape == "softplus":
            relative = math.log1p(relative) / math.log(2)
        return neuron.rate_at_threshold / 1000 * relative

    survivors, potential = [1.0], [neuron.v_reset]
    while survivors[-1] > 1e-18 if ages is None else len(survivors) < ages:
        before = potential[-1]
        if len(survivors) <= refractory:
            survivors.append(1.0)
            potential.append(before)
            continue
        after = decay * before + (1 - decay) * drive
        survivors.append(survivors[-1] * math.exp(-(hazard(before) + hazard(after)) * dt / 2))
        potential.append(after)
    return np.array(survivors), np.array(potential)


def stationary_rate(neuron, drive, dt):
    """Rate in Hz: the mean interval is the sum of the survivor function."""
    survivors, _ = survivor_function(neuron, drive, dt)
    return 1000 / (dt * survivors.sum())
