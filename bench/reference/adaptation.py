"""Adaptation of GIF neurons: what their past spikes leave behind.

Each spike raises the threshold by theta(s) and takes w(s) from the drive, s after the spike,

    theta(s) = sum over threshold kernels of  amplitude exp(-s / tau)
    w(s)     = sum over spike-triggered currents of  amplitude exp(-s / tau)

also while the neuron is refractory. Spikes of a neuron add up. Neurons without adaptation are those
without kernels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .membrane_input import current_gain

# Times from which kernels are taken as 0, in time constants.
FORGOTTEN = 40.0


def threshold_kernels(neuron) -> list:
    return kernels_of_type(neuron, "ThresholdKernel")


def spike_triggered_currents(neuron) -> list:
    return kernels_of_type(neuron, "SpikeTriggeredCurrent")


def kernels_of_type(neuron, name: str) -> list:
    return [k for k in getattr(neuron, "adaptation", ()) if type(k).__name__ == name]


def pull_of_current(neuron, tau: float, dt: float) -> float:
    """What a current that is 1 mV at the start of a step takes from the potential during it."""
    return current_gain(neuron.tau_m, tau, dt) / neuron.tau_m


class NeuronTraces:
    """Threshold and currents of every neuron, from all of its own spikes.

    Parameters
    ----------
    neuron : LIF or GIF
    dt : float
        ms
    age : ndarray
        Steps since the last spike of each neuron; inf if it never fired.
    past_rate : float or ndarray
        Spikes per step before the last one: they have left what they leave in the mean.
    """

    def __init__(self, neuron, dt: float, age: np.ndarray, past_rate: float | np.ndarray):
        thresholds, currents = threshold_kernels(neuron), spike_triggered_currents(neuron)

        def initial(kernel):
            decay = math.exp(-dt / kernel.tau)
            earlier = past_rate * decay / (1 - decay)  # sum of past_rate decay^j over j >= 1
            return kernel.amplitude * (1 + earlier) * np.exp(-age * dt / kernel.tau)

        self._kernels = [*thresholds, *currents]
        self._traces = np.array([initial(k) for k in self._kernels]).reshape(-1, len(age))
        self._decay = np.array([[math.exp(-dt / k.tau)] for k in self._kernels]).reshape(-1, 1)
        self._n_thresholds = len(thresholds)
        self._pull = np.array([pull_of_current(neuron, k.tau, dt) for k in currents])

    @property
    def threshold(self) -> np.ndarray:
        """Rise of the threshold of each neuron, mV."""
        return self._traces[: self._n_thresholds].sum(axis=0)

    @property
    def pull(self) -> np.ndarray:
        """What the currents will take from each potential in the next step, mV."""
        return self._pull @ self._traces[self._n_thresholds :]

    def relax(self) -> None:
        self._traces *= self._decay

    def spike(self, fired: np.ndarray) -> None:
        for kernel, trace in zip(self._kernels, self._traces, strict=True):
            trace[fired] += kernel.amplitude


class Effect:
    """An effect of a spike by its age in steps: of the last one of the neuron, and of earlier ones.

    `beyond` is the sum of `older` over all ages greater than each.
    """

    def __init__(self, own: np.ndarray, older: np.ndarray):
        self.own = own
        self.older = older
        self.beyond = np.append(np.cumsum(older[:0:-1])[::-1], 0.0)


class LastSpikes:
    """Steps of the last spikes of the neurons of a bin, with weights that add up to 1."""

    def __init__(self, step: int):
        self.step = np.array([step])
        self.weight = np.array([1.0])

    def absorb(self, other: LastSpikes, share: float) -> None:
        """Mix with the neurons of another bin, who then are the given share of the neurons."""
        self.step = np.concatenate([self.step, other.step])
        self.weight = np.concatenate([(1 - share) * self.weight, share * other.weight])


class QuasiRenewal:
    """Threshold and currents of neurons of given last spikes (Schwalger, Deger & Gerstner 2017).

    Of a neuron only the last spike is known. Earlier ones are those of the population, n_k / N per
    neuron in step k. Taken as Poisson spikes they change the mean hazard by the factor

        < exp(-sum theta(t - t_k) / delta_u) >
            = exp(-sum over steps k of (n_k / N) (1 - exp(-theta(t - t_k) / delta_u)))

    so that each of them raises the threshold by delta_u (1 - exp(-theta / delta_u)) n_k / N.
    Currents act on the potential, linearly, and their mean on its mean. Earlier spikes are those
    before the step of the last spike. Here they are summed one by one.

    Parameters
    ----------
    neuron : LIF or GIF
    dt : float
        ms
    n_steps : int
        Length of the simulation.
    past : float or sequence of (age, fraction)
        What is known of the time before t = 0. Either the rate, for ever (spikes per step). Or the
        last spikes: the fraction of the neurons that fired so many steps ago; before their last
        spike, they then remember none.
    """

    # Step of the last spike of neurons that never fired.
    NEVER = -(10**9)

    def __init__(self, neuron, dt: float, n_steps: int, past: float | Sequence[tuple[int, float]]):
        thresholds, currents = threshold_kernels(neuron), spike_triggered_currents(neuron)
        self.adapts = bool(thresholds or currents)
        if not self.adapts:
            return
        longest = max(k.tau for k in (*thresholds, *currents))
        # Initial ages are up to 5 time constants.
        time = np.arange(n_steps + math.ceil((FORGOTTEN + 5) * longest / dt)) * dt
        theta, pull = np.zeros(len(time)), np.zeros(len(time))
        for k in thresholds:
            theta += k.amplitude * np.exp(-time / k.tau)
        for k in currents:
            pull += k.amplitude * pull_of_current(neuron, k.tau, dt) * np.exp(-time / k.tau)
        self._threshold = Effect(theta, -neuron.delta_u * np.expm1(-theta / neuron.delta_u))
        self._pull = Effect(pull, pull)
        self._past = past
        self._fired = np.zeros(n_steps)

    def record(self, step: int, fraction: float) -> None:
        """A fraction of the neurons fires in the step."""
        if self.adapts:
            self._fired[step] = fraction

    def threshold(self, step: int, last_spike: np.ndarray) -> np.ndarray:
        """Rise of the threshold (mV) at the start of the step, by the step of the last spike."""
        if not self.adapts:
            return np.zeros(len(last_spike))
        return self._value(self._threshold, step, last_spike)

    def pull(self, step: int, last_spike: np.ndarray) -> np.ndarray:
        """What the currents take from the potential (mV) in the step."""
        if not self.adapts:
            return np.zeros(len(last_spike))
        return self._value(self._pull, step, last_spike)

    def _value(self, effect: Effect, step: int, last_spike: np.ndarray) -> np.ndarray:
        # At the start of step k, spikes of step j have the age k - 1 - j.
        age = np.minimum(step - 1 - last_spike, len(effect.own) - 1)
        if isinstance(self._past, float):
            before_start = self._past * effect.beyond[max(step - 1, 0)]
            of_initial = self._past * effect.beyond[age]
        else:
            before_start = sum(f * effect.older[step + a] for a, f in self._past)
            of_initial = 0.0
        # Sums over the steps 0 .. j - 1, for j = 0 .. step.
        since_start = np.append(0.0, np.cumsum(self._fired[:step] * effect.older[:step][::-1]))
        older = before_start + since_start[np.maximum(last_spike, 0)]
        return effect.own[age] + np.where(last_spike >= 0, older, of_initial)
