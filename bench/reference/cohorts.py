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
    """Moments of u and x over each cohort, as arrays."""

    def __init__(
        self,
        activity: CohortActivity,
        groups: Sequence[AgeGroup],
        plasticity: Plasticity,
        u: np.ndarray,
        x: np.ndarray,
    ):
        self._activity = activity
        self._plasticity = plasticity
        everybody = np.arange(len(u))
        members = [everybody if g.members is None else g.members for g in groups]
        moments = [Moments.of(u[who], x[who]) for who in members]
        self._moments = np.array([vars_of(m) for m in moments]).T
        activity.synapses.append(self)

    @property
    def u(self) -> float:
        """Mean over all neurons."""
        return float(self._activity.count @ self._moments[0] / self._activity.size)

    @property
    def x(self) -> float:
        return float(self._activity.count @ self._moments[1] / self._activity.size)

    def keep(self, kept: np.ndarray) -> None:
        self._moments = self._moments[:, kept]

    def absorb_first(self, share: float) -> None:
        """Mix the first cohort, whose share is given, into the second."""
        first, second = Moments(*self._moments[:, 0]), Moments(*self._moments[:, 1])
        self._moments[:, 1] = vars_of(mixture(share, first, second))

    def step(self, n: float, normals: Callable[[int], np.ndarray] | None) -> float:
        """Relax to the end of the step and release the n spikes of the activity.

        `normals` returns a pair of standard normals for each of the cohorts that fire.
        """
        self._moments = np.array(vars_of(relax(Moments(*self._moments), self._plasticity)))
        if n == 0:
            return 0.0
        released, fired_now = self._fire(normals)
        self._moments = np.column_stack([self._moments, vars_of(fired_now)])
        return released

    def release(self, n: float) -> float:
        """Release of n spikes, one of every neuron: they are the one cohort that there is."""
        everybody = Moments(*self._moments[:, 0])
        self._moments[:, 0] = vars_of(after_spike(everybody, self._plasticity))
        return n * (everybody.u * everybody.x + everybody.cov)

    def _fire(self, normals: Callable[[int], np.ndarray] | None) -> tuple[float, Moments]:
        """Total release, and moments over the neurons that fired; the others keep the rest."""
        cohorts = np.flatnonzero(self._activity.fired)
        k = self._activity.fired[cohorts]
        others = self._activity.count[cohorts]  # from which those that fired have gone
        fired = self._moments[:, cohorts]
        if normals is not None:
            pairs = normals(len(cohorts))
            for i in np.flatnonzero(others > 0):
                drawn, left = split(Moments(*fired[:, i]), others[i] + k[i], k[i], pairs[i])
                fired[:, i] = vars_of(drawn)
                self._moments[:, cohorts[i]] = vars_of(left)
        drawn = Moments(*fired)
        released = k @ (drawn.u * drawn.x + drawn.cov)
        return float(released), pooled(k, after_spike(drawn, self._plasticity))


def vars_of(moments: Moments) -> list:
    return list(vars(moments).values())
