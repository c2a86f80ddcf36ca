"""Stationary renewal process of an uncoupled LIF neuron at constant drive."""

from __future__ import annotations

import math

import numpy as np

from .hazards import exponential_escape, spike_probability
from .time_grid import history_steps, whole_steps


def stationary_ages(neuron, drive: float, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Distribution of the age, and the potential (mV) at each age.

    The age counts the steps since the last spike: 0 right after it, R = t_ref/dt at the beginning
    of the first step outside refractoriness. Both arrays have K + 1 entries, K the history: the
    last one stands for all ages >= K.

    With the survivor function S_0 = 1, S_{a+1} = S_a (1 - P_a), P_a the spike probability of a
    step begun at age a, the probability of age a is proportional to S_a for a < K, and to
    S_K / P_K (a geometric series: the potential no longer changes) for the last class.
    """
    K = history_steps(neuron, dt)
    R = whole_steps("t_ref", neuron.t_ref, dt)
    decay = math.exp(-dt / neuron.tau_m)

    potential = np.full(K + 1, float(neuron.v_reset))
    for age in range(R, K):
        potential[age + 1] = decay * potential[age] + drive * (1 - decay)
    hazard = exponential_escape(potential, neuron)
    spikes = spike_probability(hazard[:-1], hazard[1:], dt)
    spikes[:R] = 0.0
    survivors = np.concatenate([[1.0], np.cumprod(1 - spikes)])

    spikes_old = -math.expm1(-hazard[-1] * dt)
    weight = survivors.copy()
    weight[-1] = survivors[-1] / spikes_old if spikes_old > 0 else math.inf
    if not math.isfinite(weight[-1]):  # spikes are so rare that nobody has fired
        return np.eye(K + 1)[K], potential
    return weight / weight.sum(), potential
