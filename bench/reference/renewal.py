"""Stationary renewal process of an uncoupled LIF neuron at constant drive."""

from __future__ import annotations

import math

import numpy as np

from .hazards import exponential_escape, spike_probability
from .time_grid import history_steps, whole_steps


# Until the potential of old neurons has settled, in tau_m beyond the history.
SETTLING_TIME = 15.0


def stationary_ages(neuron, drive: float, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Distribution of the age, and the potential (mV) at each age.

    The age counts the steps since the last spike: 0 right after it, R = t_ref/dt at the beginning
    of the first step outside refractoriness. Both arrays have K + 1 entries, K the history: the
    last one stands for all ages >= K.

    With the survivor function S_0 = 1, S_{a+1} = S_a (1 - P_a), P_a the spike probability of a
    step begun at age a, the probability of age a is proportional to S_a. The last class is summed
    until its potential has settled, and from there on as a geometric series; its potential is the
    mean.
    """
    K = history_steps(neuron, dt)
    R = whole_steps("t_ref", neuron.t_ref, dt)
    settled = K + int(SETTLING_TIME * neuron.tau_m / dt)
    decay = math.exp(-dt / neuron.tau_m)

    V = np.full(settled + 1, float(neuron.v_reset))
    for age in range(R, settled):
        V[age + 1] = decay * V[age] + drive * (1 - decay)
    hazard = exponential_escape(V, neuron)
    spikes = spike_probability(hazard[:-1], hazard[1:], dt)
    spikes[:R] = 0.0
    survivors = np.concatenate([[1.0], np.cumprod(1 - spikes)])

    spikes_old = -math.expm1(-hazard[-1] * dt)
    if spikes_old < 1e-300:  # spikes are so rare that nobody has fired
        return np.eye(K + 1)[K], np.append(V[:K], V[-1])
    survivors[-1] /= spikes_old
    old = survivors[K:].sum()
    weight = np.append(survivors[:K], old)
    V_old = survivors[K:] @ V[K:] / old if old > 0 else V[-1]
    return weight / weight.sum(), np.append(V[:K], V_old)
