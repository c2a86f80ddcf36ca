"""Population activities: how many neurons of a population fire in a step."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .adaptation import QuasiRenewalTraces
from .age_bins import AgeBins
from .draws import Draws
from .hazards import lnp_hazard, spike_probability
from .initial import AgeGroup
from .membrane_input import MembraneInput
from .time_grid import step_of_spike


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


class LIFActivity(AgeBins):
    """Age-structured population of LIF or GIF neurons (Schwalger, Deger & Gerstner 2017).

    count : expected number of neurons in each bin (survivors of those that fired then)
    variance : of that number
    """

    def __init__(
        self,
        neuron,
        groups: Sequence[AgeGroup],
        membrane: MembraneInput,
        dt: float,
        spike_count: SpikeCount,
        traces: QuasiRenewalTraces,
    ):
        super().__init__(neuron, groups, membrane, dt, traces)
        self._spike_count = spike_count
        self.variance = np.zeros(len(groups))
        self._P_Lambda = 0.0

    def step(self, step: int) -> float:
        self.join_oldest(step)
        P = -np.expm1(-self.integrated_hazard(step))
        m, z = self.count[: len(P)] / self.size, self.variance[: len(P)] / self.size

        # Expected spikes of the bins. Their survivors do not add up to the population, because the
        # actual numbers of spikes differed from the expected ones: the missing part of the
        # population, 1 - X, fires with the probability P_Lambda, the mean of P weighted with the
        # uncertainty of the bins.
        W, X, Y, Z = P @ m, self.count.sum() / self.size, P @ z, z.sum()
        if Z > 0:
            self._P_Lambda = Y / Z
        elif m.sum() > 0:  # all bins are certain
            self._P_Lambda = min(max(W / m.sum(), 0.0), 1.0)
        p = min(max(W + self._P_Lambda * (1 - X), 0.0), 1.0)
        n = self._spike_count.step(step, float(p))

        # Gaussian numbers can be negative, their variance cannot.
        self.variance[: len(P)] = self.size * ((1 - P) ** 2 * z + P * (1 - P) * np.abs(m))
        self.count[: len(P)] *= 1 - P
        self.add(step, n)
        return n

    def absorb_first(self, share: float) -> None:
        super().absorb_first(share)
        self.variance[1] += self.variance[0]

    def keep(self, kept: np.ndarray) -> None:
        super().keep(kept)
        self.variance = self.variance[kept]

    def add(self, step: int, n: float, fired: np.ndarray | None = None) -> None:
        super().add(step, n, fired)
        if n != 0:
            self.variance = np.append(self.variance, 0.0)
