"""Stationary renewal process of an uncoupled neuron at constant drive.

With adaptation: of the quasi-renewal process, whose earlier spikes come at the stationary rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from .adaptation import QuasiRenewal
from .hazards import exponential_escape, spike_probability
from .time_grid import history_steps, whole_steps

# Until the potential of old neurons has settled, in tau_m beyond the history.
SETTLING_TIME = 15.0


@dataclass
class Survival:
    """What becomes of neurons after a spike; index: age in steps, as in `stationary_ages`."""

    survivors: np.ndarray  # fraction that has not fired again; the last entry: summed to infinity
    potential: np.ndarray  # mV
    ends: bool  # whether they all fire again

    @property
    def rate(self) -> float:
        """Spikes per neuron and step: the mean interval is the sum of the survivors."""
        return 1 / self.survivors.sum() if self.ends else 0.0


def survival(neuron, drive: float, dt: float, past_rate: float) -> Survival:
    """Neurons after a spike, if all fired `past_rate` spikes per step before it."""
    K = history_steps(neuron, dt)
    R = whole_steps("t_ref", neuron.t_ref, dt)
    settled = K + int(SETTLING_TIME * neuron.tau_m / dt)
    decay = math.exp(-dt / neuron.tau_m)
    adaptation = QuasiRenewal(neuron, dt, 0, past_rate)
    # At t = 0 the age of a neuron that fired in step -1 - a is a.
    ages = -1 - np.arange(settled + 1)
    pull = adaptation.pull(0, ages)

    V = np.full(settled + 1, float(neuron.v_reset))
    for age in range(R, settled):
        V[age + 1] = decay * V[age] + drive * (1 - decay) - pull[age]
    hazard = exponential_escape(V - adaptation.threshold(0, ages), neuron)
    spikes = spike_probability(hazard[:-1], hazard[1:], dt)
    spikes[:R] = 0.0
    survivors = np.concatenate([[1.0], np.cumprod(1 - spikes)])

    # From where the hazard has settled the survivors are a geometric series.
    spikes_old = -math.expm1(-hazard[-1] * dt)
    ends = spikes_old >= 1e-300
    if ends:
        survivors[-1] /= spikes_old
    return Survival(survivors, V, ends)


def stationary_rate(neuron, drive: float, dt: float) -> float:
    """Rate (spikes per step) that results if the neurons remember this rate."""
    if not getattr(neuron, "adaptation", ()):
        return survival(neuron, drive, dt, 0.0).rate
    return brentq(
        lambda rate: survival(neuron, drive, dt, rate).rate - rate, 0.0, 1.0, xtol=1e-15, rtol=1e-14
    )


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
    past_rate = stationary_rate(neuron, drive, dt) if getattr(neuron, "adaptation", ()) else 0.0
    after = survival(neuron, drive, dt, past_rate)
    survivors, V = after.survivors, after.potential
    if not after.ends:  # spikes are so rare that nobody has fired
        return np.eye(K + 1)[K], np.append(V[:K], V[-1])
    old = survivors[K:].sum()
    weight = np.append(survivors[:K], old)
    V_old = survivors[K:] @ V[K:] / old if old > 0 else V[-1]
    return weight / weight.sum(), np.append(V[:K], V_old)
