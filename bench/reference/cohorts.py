"""Renewal closure: integer numbers of neurons by age, each group with its own u and x.

Neurons that fired in the same step are a cohort. They share a potential and fire independently, so
that the activity of a renewal population is exact in law, given its input. Of u and x the moments
over each cohort are known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .adaptation import CohortTraces
from .age_bins import AgeBins
from .draws import Draws
from .initial import AgeGroup
from .membrane_input import MembraneInput
from .moments import Moments, after_spike, mixture, pooled, relax, split
from .plasticity import Plasticity

# Empty cohorts are dropped in steps that are multiples of this; until then they count. Which law of
# the spike numbers is used depends on the number of cohorts, and so do the random numbers.
STEPS_BETWEEN_DROPS = 8


class CohortSpikes:
    """Numbers of spikes of the cohorts in a step."""

    def __init__(self, population: int, noise: str, draws: Draws):
        self._population = population
        self._noise = noise
        self._draws = draws
        self._n_drawn = 0
        if noise != "none":
            self._threshold = self._next_threshold()

    def _next_threshold(self) -> float:
        draw = self._draws.thresholds(self._population, np.array([0]), np.array([self._n_drawn]))
        self._n_drawn += 1
        return float(draw[0])

    def step(self, step: int, size: np.ndarray, hazard: np.ndarray) -> np.ndarray:
        """Spikes of each cohort, of given size and integrated hazard of each neuron."""
        probability = -np.expm1(-hazard)
        if self._noise == "none":
            return size * probability
        if size @ hazard > 1 + len(size) / 8:  # many spikes
            return self._draws.cohort_spike_counts(self._population, step, size, probability)
        return np.array([self._thin(m, h) for m, h in zip(size, hazard, strict=True)], float)

    def _thin(self, left: float, hazard: float) -> int:
        # The neurons that are left fire at the sum of their hazards: an exponential threshold until
        # the next spike of any of them, which carries over from cohort to cohort and step to step.
        fired = 0
        while left > 0 and self._threshold <= left * hazard:
            hazard -= self._threshold / left
            left -= 1
            fired += 1
            self._threshold = self._next_threshold()
        self._threshold -= left * hazard
        return fired


class CohortActivity(AgeBins):
    """Age bins of whole numbers of neurons: cohorts.

    fired : spikes of each cohort in the last step; the newest cohort are those that fired.
    """

    def __init__(
        self,
        neuron,
        groups: Sequence[AgeGroup],
        membrane: MembraneInput,
        dt: float,
        spikes: CohortSpikes,
        traces: CohortTraces,
    ):
        super().__init__(neuron, groups, membrane, dt, traces)
        self._spikes = spikes
        self.synapses: list[CohortSynapses] = []
        self.fired = np.zeros(0)

    def step(self, step: int) -> float:
        if step % STEPS_BETWEEN_DROPS == 0:
            self.keep(self.count != 0)
        self.join_oldest(step)
        hazard = self.integrated_hazard(step)
        self.fired = self._spikes.step(step, self.count[: len(hazard)], hazard)
        self.count[: len(hazard)] -= self.fired
        n = float(self.fired.sum())
        self.add(step, n, self.fired)
        return n

    def absorb_first(self, share: float) -> None:
        super().absorb_first(share)
        for synapses in self.synapses:
            synapses.absorb_first(share)

    def keep(self, kept: np.ndarray) -> None:
        super().keep(kept)
        for synapses in self.synapses:
            synapses.keep(kept)


class CohortSynapses:
    """Moments of u and x of all STP sets over each cohort, as arrays along the cohorts."""

    def __init__(
        self,
        activity: CohortActivity,
        groups: Sequence[AgeGroup],
        plasticity: Plasticity,
        values: np.ndarray,
    ):
        self._activity = activity
        self._plasticity = plasticity
        everybody = np.arange(len(values))
        members = [everybody if g.members is None else g.members for g in groups]
        moments = [Moments.of(values[who]) for who in members]
        self._moments = Moments(
            np.array([m.mean for m in moments]), np.array([m.cov for m in moments])
        )
        activity.synapses.append(self)

    @property
    def u(self) -> np.ndarray:
        """Mean over all neurons, by set."""
        return self._activity.count @ self._moments.u / self._activity.size

    @property
    def x(self) -> np.ndarray:
        return self._activity.count @ self._moments.x / self._activity.size

    def keep(self, kept: np.ndarray) -> None:
        self._moments = selected(self._moments, kept)

    def absorb_first(self, share: float) -> None:
        """Mix the first cohort, whose share is given, into the second."""
        first, second = selected(self._moments, 0), selected(self._moments, 1)
        put(self._moments, 1, mixture(share, first, second))

    def step(self, n: float, normals: Callable[[int], np.ndarray] | None) -> np.ndarray:
        """Relax to the end of the step and release the n spikes of the activity.

        `normals` returns a pair of standard normals of each set for each of the cohorts that fire.
        """
        self._moments = relax(self._moments, self._plasticity)
        if n == 0:
            return np.zeros(len(self._plasticity.U))
        released, fired_now = self._fire(normals)
        self._moments = Moments(
            np.concatenate([self._moments.mean, fired_now.mean[None]]),
            np.concatenate([self._moments.cov, fired_now.cov[None]]),
        )
        return released

    def release(self, n: float) -> np.ndarray:
        """Release of n spikes, one of every neuron: they are the one cohort that there is."""
        everybody = self._moments
        self._moments = after_spike(everybody, self._plasticity)
        return n * everybody.release[0]

    def _fire(self, normals: Callable[[int], np.ndarray] | None) -> tuple[np.ndarray, Moments]:
        """Total release, and moments over the neurons that fired; the others keep the rest."""
        cohorts = np.flatnonzero(self._activity.fired)
        k = self._activity.fired[cohorts]
        others = self._activity.count[cohorts]  # from which those that fired have gone
        fired = selected(self._moments, cohorts)
        if normals is not None:
            rows = normals(len(cohorts))
            for i in np.flatnonzero(others > 0):
                drawn, left = split(selected(fired, i), others[i] + k[i], k[i], rows[i])
                put(fired, i, drawn)
                put(self._moments, cohorts[i], left)
        return k @ fired.release, pooled(k, after_spike(fired, self._plasticity))


def selected(moments: Moments, which) -> Moments:
    """Moments of some cohorts, or of one."""
    return Moments(moments.mean[which], moments.cov[which])


def put(moments: Moments, cohort: int, values: Moments) -> None:
    moments.mean[cohort], moments.cov[cohort] = values.mean, values.cov
