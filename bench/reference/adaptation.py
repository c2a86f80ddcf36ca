"""Adaptation of GIF neurons: what their past spikes leave behind.

Each spike raises the threshold by theta(s) and takes w(s) from the drive, s after the spike,

    theta(s) = sum over threshold kernels of  amplitude exp(-s / tau)
    w(s)     = sum over spike-triggered currents of  amplitude exp(-s / tau)

also while the neuron is refractory. Spikes of a neuron add up. Neurons without adaptation are those
without kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

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


def kernels(neuron) -> list:
    """All of them, threshold kernels first."""
    return [*threshold_kernels(neuron), *spike_triggered_currents(neuron)]


class Traces:
    """Threshold and currents of neurons, or their means over groups of neurons.

    Parameters
    ----------
    neuron : LIF or GIF
    dt : float
        ms
    age : ndarray
        Steps since the last spike of each neuron or group; inf if it never fired.
    at_spike : ndarray, optional
        Value of each of the `kernels` just after that spike, perhaps with a column per neuron; by
        default that of the first one ever.
    """

    def __init__(self, neuron, dt: float, age: np.ndarray, at_spike: np.ndarray | None = None):
        of_neuron = kernels(neuron)
        self._amplitude = np.array([k.amplitude for k in of_neuron])
        if at_spike is None:
            at_spike = self._amplitude
        tau = np.array([k.tau for k in of_neuron]).reshape(-1, 1)
        self._traces = np.atleast_2d(at_spike.T).T * np.exp(-age * dt / tau)
        self._decay = np.exp(-dt / tau)
        self._n_thresholds = len(threshold_kernels(neuron))
        currents = of_neuron[self._n_thresholds :]
        self._pull = np.array([pull_of_current(neuron, k.tau, dt) for k in currents])

    @property
    def threshold(self) -> np.ndarray:
        """Rise of the threshold, mV."""
        return self._traces[: self._n_thresholds].sum(axis=0)

    @property
    def pull(self) -> np.ndarray:
        """What the currents will take from the potential in the next step, mV."""
        return self._pull @ self._traces[self._n_thresholds :]

    def relax(self) -> None:
        self._traces *= self._decay


class NeuronTraces(Traces):
    """Of every neuron, from all of its own spikes."""

    def spike(self, fired: np.ndarray) -> None:
        self._traces[:, fired] += self._amplitude[:, None]


class CohortTraces(Traces):
    """Means over cohorts: those who fire together go on with the mean of what they had."""

    def absorb_first(self, share: float) -> None:
        self._traces[:, 1] += share * (self._traces[:, 0] - self._traces[:, 1])

    def keep(self, kept: np.ndarray) -> None:
        self._traces = self._traces[:, kept]

    def record(self, step: int, fraction: float) -> None:
        """Spikes of the population do not matter."""

    def add(self, step: int, fired: np.ndarray) -> None:
        """A new cohort of the neurons that fired, so many of each cohort outside refractoriness."""
        earlier = self._traces[:, : len(fired)] @ fired / fired.sum()
        self._traces = np.column_stack([self._traces, earlier + self._amplitude])


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


class QuasiRenewalTraces:
    """Threshold and currents of age bins in the quasi-renewal approximation.

    Parameters
    ----------
    quasi_renewal : QuasiRenewal
    last_spike : ndarray
        Step of the last spike of the neurons of each bin.
    """

    def __init__(self, quasi_renewal: QuasiRenewal, last_spike: np.ndarray):
        self._quasi_renewal = quasi_renewal
        self._last_spike = last_spike
        # Only the first bin can hold neurons of different last spikes.
        self._first = LastSpikes(last_spike[0])
        self._now = 0

    @property
    def threshold(self) -> np.ndarray:
        """Rise of the threshold, mV."""
        return self._by_bin(self._quasi_renewal.threshold)

    @property
    def pull(self) -> np.ndarray:
        """What the currents will take from the potential in the next step, mV."""
        return self._by_bin(self._quasi_renewal.pull)

    def _by_bin(self, effect: Callable) -> np.ndarray:
        values = effect(self._now, self._last_spike)
        values[0] = self._first.weight @ effect(self._now, self._first.step)
        return values

    def relax(self) -> None:
        self._now += 1

    def absorb_first(self, share: float) -> None:
        second = LastSpikes(self._last_spike[1])
        second.absorb(self._first, share)
        self._first = second

    def keep(self, kept: np.ndarray) -> None:
        """Drop the others; the first only after the second has absorbed it."""
        self._last_spike = self._last_spike[kept]

    def record(self, step: int, fraction: float) -> None:
        """A fraction of the neurons fires in the step."""
        self._quasi_renewal.record(step, fraction)

    def add(self, step: int, fired: np.ndarray | None) -> None:
        """A new bin of the neurons that fired, whichever these are."""
        self._last_spike = np.append(self._last_spike, step)
