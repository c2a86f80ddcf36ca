"""Stationary renewal process of an uncoupled neuron at constant drive.

With adaptation neurons have a `memory` of earlier spikes. With "mean", all have just after a spike
the same traces, which reproduce themselves on average. With "quasi-renewal", earlier spikes come at
the stationary rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, root

from .adaptation import QuasiRenewal, Traces, kernels
from .hazards import escape_hazard, spike_probability
from .time_grid import history_steps, whole_steps

# Until the potential and the adaptation of old neurons have settled: so many time constants beyond
# the history, each of them.
SETTLING_TIME = 30.0


@dataclass
class Survival:
    """What becomes of neurons after a spike; index: age in steps, as in `stationary_ages`."""

    survivors: np.ndarray  # fraction that has not fired again; the last entry: summed to infinity
    potential: np.ndarray  # mV
    spikes_old: float  # probability of a spike per step of the oldest neurons

    @property
    def ends(self) -> bool:
        """Whether all neurons fire again."""
        return self.spikes_old >= 1e-300

    @property
    def rate(self) -> float:
        """Spikes per neuron and step: the mean interval is the sum of the survivors."""
        return 1 / self.survivors.sum() if self.ends else 0.0

    def mean_power(self, decay: np.ndarray) -> np.ndarray:
        """Mean of decay^T over the intervals T (steps)."""
        if not self.ends:
            return np.zeros(len(decay))
        survivors = np.append(self.survivors[:-1], self.survivors[-1] * self.spikes_old)
        age = np.arange(1, len(survivors))
        young = np.array([-np.diff(survivors) @ d**age for d in decay])
        p = self.spikes_old
        return young + survivors[-1] * decay ** len(survivors) * p / (1 - (1 - p) * decay)


def survival(neuron, drive: float, dt: float, traces: Callable[[int], tuple]) -> Survival:
    """Neurons after a spike; `traces(n)`: rise of the threshold and pull at the ages 0 .. n - 1."""
    K = history_steps(neuron, dt)
    R = whole_steps("t_ref", neuron.t_ref, dt)
    longest = max([neuron.tau_m, *(k.tau for k in kernels(neuron))])
    settled = K + int(SETTLING_TIME * longest / dt)
    decay = math.exp(-dt / neuron.tau_m)
    threshold, pull = traces(settled + 1)

    V = np.full(settled + 1, float(neuron.v_reset))
    for age in range(R, settled):
        V[age + 1] = decay * V[age] + drive * (1 - decay) - pull[age]
    hazard = escape_hazard(V - threshold, neuron)
    spikes = spike_probability(hazard[:-1], hazard[1:], dt)
    spikes[:R] = 0.0
    survivors = np.concatenate([[1.0], np.cumprod(1 - spikes)])

    # From where the hazard has settled the survivors are a geometric series.
    after = Survival(survivors, V, -math.expm1(-hazard[-1] * dt))
    if after.ends:
        survivors[-1] /= after.spikes_old
    return after


def with_mean(neuron, dt: float, at_spike: np.ndarray | None) -> Callable[[int], tuple]:
    """Traces with these values after a spike."""

    def traces(n: int) -> tuple[np.ndarray, np.ndarray]:
        found = Traces(neuron, dt, np.arange(n), at_spike)
        return found.threshold, found.pull

    return traces


def with_rate(neuron, dt: float, rate: float) -> Callable[[int], tuple]:
    """Traces if all neurons fired `rate` spikes per step before the last one."""
    past = QuasiRenewal(neuron, dt, 0, rate)
    # At t = 0 the age of a neuron that fired in step -1 - a is a.
    return lambda n: (past.threshold(0, -1 - np.arange(n)), past.pull(0, -1 - np.arange(n)))


def stationary_traces(neuron, drive: float, dt: float) -> np.ndarray:
    """Values of the traces after a spike: the amplitude, and what is left of them by then."""
    amplitude = np.array([k.amplitude for k in kernels(neuron)])
    decay = np.exp(-dt / np.array([k.tau for k in kernels(neuron)]))

    def excess(log_ratio: np.ndarray) -> np.ndarray:
        at_spike = amplitude * np.exp(log_ratio)
        left = survival(neuron, drive, dt, with_mean(neuron, dt, at_spike)).mean_power(decay)
        return log_ratio + np.log1p(-left)

    rate = stationary_rate(neuron, drive, dt, "quasi-renewal")
    guess = np.log1p(rate * decay / (1 - decay))
    found = root(excess, guess, tol=1e-13)
    if np.abs(excess(found.x)).max() > 1e-9:
        raise ArithmeticError(f"no stationary traces found: {found.message}")
    return amplitude * np.exp(found.x)


def stationary_survival(neuron, drive: float, dt: float, memory: str) -> Survival:
    """The process that reproduces what its neurons remember."""
    if not getattr(neuron, "adaptation", ()):
        return survival(neuron, drive, dt, with_mean(neuron, dt, None))
    if memory == "mean":
        at_spike = stationary_traces(neuron, drive, dt)
        return survival(neuron, drive, dt, with_mean(neuron, dt, at_spike))

    def after(rate: float) -> Survival:
        return survival(neuron, drive, dt, with_rate(neuron, dt, rate))

    return after(brentq(lambda r: after(r).rate - r, 0.0, 1.0, xtol=1e-15, rtol=1e-14))


def stationary_rate(neuron, drive: float, dt: float, memory: str = "mean") -> float:
    """Rate (spikes per step)."""
    return stationary_survival(neuron, drive, dt, memory).rate


def stationary_ages(
    neuron, drive: float, dt: float, memory: str = "mean"
) -> tuple[np.ndarray, np.ndarray]:
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
    after = stationary_survival(neuron, drive, dt, memory)
    survivors, V = after.survivors, after.potential
    if not after.ends:  # spikes are so rare that nobody has fired
        return np.eye(K + 1)[K], np.append(V[:K], V[-1])
    old = survivors[K:].sum()
    weight = np.append(survivors[:K], old)
    V_old = survivors[K:] @ V[K:] / old if old > 0 else V[-1]
    return weight / weight.sum(), np.append(V[:K], V_old)
