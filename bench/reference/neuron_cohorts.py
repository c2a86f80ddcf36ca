"""Cohort method of the microscopic model: neurons of equal potential are simulated together.

Which of them fire is drawn by one exponential number per spike: the neurons stand in line, each
taking up a stretch as long as its integrated hazard, and from one spike to the next the line is
followed for a length of mean 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .draws import Draws
from .hazards import escape_hazard
from .membrane_input import MembraneInput
from .time_grid import whole_steps

STEPS_BETWEEN_MERGERS = 8
# Potentials that differ by less, in units of delta_u, are equal in any case.
EQUAL = 1e-8


class NextSpike:
    """Which neuron of the line fires next."""

    def __init__(self, population: int, draws: Draws):
        self._population = population
        self._draws = draws
        self._n_drawn = 0
        self._renew()

    def _renew(self) -> None:
        self._remaining = self._draws.next_spike(self._population, self._n_drawn)
        self._n_drawn += 1

    def find(self, hazard: float, position: int, count: int) -> int:
        """First of neurons position .. count - 1, all of that hazard, to fire; count if none."""
        stretch = (count - position) * hazard
        if self._remaining > stretch or position == count:
            self._remaining -= stretch
            return count
        skipped = int(self._remaining / hazard)
        self._renew()
        return position + skipped


class CommonCohort:
    """All neurons of a Poisson or LNP population, in the order of their numbers."""

    def __init__(self, population: int, size: int, draws: Draws):
        self._size = size
        self._next = NextSpike(population, draws)

    def step(self, integrated_hazard: float) -> np.ndarray:
        """Numbers of the neurons that fire in the step."""
        fired = []
        i = self._next.find(integrated_hazard, 0, self._size)
        while i < self._size:
            fired.append(i)
            i = self._next.find(integrated_hazard, i + 1, self._size)
        return np.array(fired, int)


@dataclass
class Cohort:
    """Neurons with the same potential."""

    potential: float  # mV
    hazard: float  # 1/ms
    members: list[int]

    def absorb(self, younger: Cohort) -> None:
        share = len(younger.members) / (len(self.members) + len(younger.members))
        self.potential += share * (younger.potential - self.potential)
        self.hazard += share * (younger.hazard - self.hazard)
        self.members += younger.members


class LIFCohorts:
    """LIF neurons; `tolerance` (in delta_u) is that of the potentials of a cohort."""

    def __init__(
        self,
        neuron,
        age: np.ndarray,
        potential: np.ndarray,
        membrane: MembraneInput,
        dt: float,
        next_spike: NextSpike,
        tolerance: float,
    ):
        self.size = len(age)
        self._neuron = neuron
        self._refractory_steps = whole_steps("t_ref", neuron.t_ref, dt)
        self._membrane = membrane
        self._dt = dt
        self._next = next_spike
        self._tolerance = max(tolerance, EQUAL) * neuron.delta_u
        self._cohorts: list[Cohort] = []
        self._refractory: dict[int, list[int]] = {}  # by the step of their spike
        for steps, V in sorted(set(zip(age, potential, strict=True)), reverse=True):
            members = np.flatnonzero((age == steps) & (potential == V)).tolist()
            if steps <= self._refractory_steps:
                self._refractory[-1 - int(steps)] = members
            else:
                self._cohorts.append(Cohort(V, escape_hazard(V, neuron), members))

    @property
    def potential(self) -> float:
        """Mean over all neurons."""
        held = sum(len(members) for members in self._refractory.values())
        free = sum(c.potential * len(c.members) for c in self._cohorts)
        return (held * self._neuron.v_reset + free) / self.size

    def step(self, step: int) -> np.ndarray:
        d, a, b = self._membrane.advance(step)
        awake = self._refractory.pop(step - 1 - self._refractory_steps, None)
        if awake:
            V = self._neuron.v_reset
            self._cohorts.append(Cohort(V, escape_hazard(V, self._neuron), awake))
        if step % STEPS_BETWEEN_MERGERS == 0:
            self._merge()
        fired: list[int] = []
        for cohort in self._cohorts:
            if d == 0 or self._neuron.escape == "exponential":
                start = cohort.hazard * np.exp(d / self._neuron.delta_u)
            else:
                start = escape_hazard(cohort.potential + d, self._neuron)
            cohort.potential = a * (cohort.potential + d) + b
            cohort.hazard = escape_hazard(cohort.potential, self._neuron)
            fired += self._fire(cohort.members, (start + cohort.hazard) * self._dt / 2)
        if fired:
            self._refractory[step] = fired
        return np.sort(np.array(fired, int))

    def _fire(self, members: list[int], integrated_hazard: float) -> list[int]:
        # Who fires leaves the line, and the last one takes the place.
        fired = []
        i = self._next.find(integrated_hazard, 0, len(members))
        while i < len(members):
            fired.append(members[i])
            members[i] = members[-1]
            members.pop()
            i = self._next.find(integrated_hazard, i, len(members))
        return fired

    def _merge(self) -> None:
        kept: list[Cohort] = []
        for cohort in self._cohorts:
            if not cohort.members:
                continue
            if kept and abs(kept[-1].potential - cohort.potential) <= self._tolerance:
                kept[-1].absorb(cohort)
            else:
                kept.append(cohort)
        self._cohorts = kept
