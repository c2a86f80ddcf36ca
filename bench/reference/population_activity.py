"""Population activities: how many neurons of a population fire in a step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from .adaptation import LastSpikes, QuasiRenewal
from .draws import Draws
from .hazards import exponential_escape, lnp_hazard, spike_probability
from .initial import AgeGroup
from .membrane_input import MembraneInput
from .time_grid import history_steps, step_of_spike, whole_steps


class SpikeCount:
    """Number of spikes of a population in a step, given the expected fraction that fires."""

    def __init__(self, population: int, size: int, noise: str, draws: Draws):
        self._population = population
        self._size = size
        self._noise = noise
        self._draws = draws

    def step(self, step: int, probability: float) -> float:
        expected = self._size * probability
        match self._noise:
            case "binomial":
                return self._draws.spike_count(self._population, step, self._size, probability)
            case "gaussian":  # not an integer, and possibly negative
                normal = self._draws.spike_count_normal(self._population, step)
                return expected + math.sqrt(expected) * normal
            case "none":
                return expected


class GivenSpikeCounts:
    """Spikes that are given."""

    def __init__(self, trains, n_steps: int, dt: float):
        self.size = len(trains)
        steps = step_of_spike(np.concatenate(trains), dt)
        self._counts = np.bincount(steps[steps < n_steps], minlength=n_steps)

    def step(self, step: int) -> int:
        return int(self._counts[step])


class PoissonActivity:
    """Neurons that fire at a given rate (Hz)."""

    def __init__(self, size: int, rate: np.ndarray, dt: float, spike_count: SpikeCount):
        self.size = size
        self._probability = spike_probability(rate / 1000, rate / 1000, dt)
        self._spike_count = spike_count

    def step(self, step: int) -> float:
        return self._spike_count.step(step, float(self._probability[step]))


class LNPActivity:
    """Linear-nonlinear-Poisson neurons: one h, and no memory of spikes."""

    def __init__(
        self,
        neuron,
        size: int,
        h: float,
        membrane: MembraneInput,
        dt: float,
        spike_count: SpikeCount,
    ):
        self.size = size
        self.potential = h
        self._transfer = neuron.transfer
        self._membrane = membrane
        self._dt = dt
        self._spike_count = spike_count

    def step(self, step: int) -> float:
        d, a, b = self._membrane.advance(step)
        start = lnp_hazard(self.potential + d, self._transfer)
        self.potential = a * (self.potential + d) + b
        end = lnp_hazard(self.potential, self._transfer)
        return self._spike_count.step(step, float(spike_probability(start, end, self._dt)))


class LIFActivity:
    """Age-structured population of LIF or GIF neurons (Schwalger, Deger & Gerstner 2017).

    Index l of the arrays is the age: neurons that fired in the step before the present one have
    age 0. The last entry, the free bin, holds all neurons whose last spike is K or more steps old.

    m : expected fraction of the population in the bin (survivors of those that fired then)
    z : variance of that fraction, times N
    potential, hazard : of the neurons in the bin at the end of the last step, mV and 1/ms
    """

    def __init__(
        self,
        neuron,
        size: int,
        groups: Sequence[AgeGroup],
        membrane: MembraneInput,
        dt: float,
        spike_count: SpikeCount,
        adaptation: QuasiRenewal,
    ):
        self.size = size
        self._neuron = neuron
        self._refractory_steps = whole_steps("t_ref", neuron.t_ref, dt)
        self._membrane = membrane
        self._dt = dt
        self._spike_count = spike_count
        self._adaptation = adaptation
        # Between the bins and the free bin, one place for those who are about to join it.
        K = history_steps(neuron, dt)
        self.m = np.zeros(K + 2)
        self.z = np.zeros(K + 2)
        self._potential = np.full(K + 2, float(neuron.v_reset))
        for group in groups:
            place = group.age if group.fired else K + 1
            self.m[place] = group.count / size
            self._potential[place] = group.potential
        self._oldest = LastSpikes(adaptation.NEVER)
        self._hazard = exponential_escape(self._potential - self._threshold(0, 0), neuron)

    @property
    def potential(self) -> float:
        """Mean potential, mV; the expected survivors need not add up to exactly 1."""
        return float(self.m @ self._potential / self.m.sum())

    def step(self, step: int) -> float:
        d, a, b = self._membrane.advance(step)
        self._join_free_bin(step)
        # Bins of age < R are refractory: they are held at v_reset and what arrives is lost.
        free = slice(self._refractory_steps, None)
        m, z, V = self.m[free], self.z[free], self._potential[free]
        # A jump of the potential multiplies an exponential hazard. (The free bin's hazard is a mean
        # over the bins that joined it, not the hazard at their mean potential.)
        hazard_start = self._hazard[free] * np.exp(d / self._neuron.delta_u)
        V[:] = a * (V + d) + b - self._by_age(self._adaptation.pull, step, 0)[free]
        self._hazard[:] = exponential_escape(self._potential - self._threshold(step + 1, 1), self._neuron)
        P = spike_probability(hazard_start, self._hazard[free], self._dt)

        # Expected spikes of the bins. Their survivors do not add up to the population, because the
        # actual numbers of spikes differed from the expected ones: the missing part of the
        # population, 1 - X, fires with the probability P_Lambda, the mean of P weighted with the
        # uncertainty of the bins.
        W, X, Y, Z = P @ m, self.m.sum(), P @ z, z.sum()
        P_Lambda = Y / Z if Z > 0 else 0.0
        p = min(max(W + P_Lambda * (1 - X), 0.0), 1.0)
        n = self._spike_count.step(step, float(p))

        z[:] = (1 - P) ** 2 * z + P * (1 - P) * m
        m[:] = (1 - P) * m
        self._adaptation.record(step, n / self.size)
        self._grow_older(step, n / self.size)
        return n

    def _by_age(self, effect: Callable, step: int, elapsed: int) -> np.ndarray:
        """Effect of adaptation at the start of the step; indices are the ages `elapsed` steps ago."""
        last_spike = step - elapsed - 1 - np.arange(len(self.m))
        values = effect(step, last_spike)
        values[-1] = self._oldest.weight @ effect(step, self._oldest.step)
        return values

    def _threshold(self, step: int, elapsed: int) -> np.ndarray:
        return self._by_age(self._adaptation.threshold, step, elapsed)

    def _join_free_bin(self, step: int) -> None:
        m, z, V, hazard = self.m, self.z, self._potential, self._hazard
        # Gaussian noise can make m negative: with |m|, the means stay between the two values.
        weight = np.abs(m[-2:])
        if weight.sum() > 0:
            share = weight[0] / weight.sum()
            for mean in (V, hazard):
                mean[-1] += share * (mean[-2] - mean[-1])
            if self._adaptation.adapts:
                self._oldest.absorb(LastSpikes(step + 1 - len(m)), share)
        m[-1] += m[-2]
        z[-1] += z[-2]
        m[-2] = z[-2] = 0.0

    def _grow_older(self, step: int, fired: float) -> None:
        """All bins age by one step, and the new spikes get age 0."""
        m, z, V, hazard = self.m, self.z, self._potential, self._hazard
        for bins in (m, z, V, hazard):
            bins[1:-1] = bins[:-2]
        m[0], z[0] = fired, 0.0
        V[0] = self._neuron.v_reset
        threshold = self._adaptation.threshold(step + 1, np.array([step]))
        hazard[0] = exponential_escape(V[0] - threshold[0], self._neuron)
