"""LIF or GIF neurons by age: those that fired in the same step share a bin and a potential."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .adaptation import CohortTraces, QuasiRenewal, QuasiRenewalTraces
from .hazards import escape_hazard
from .initial import AgeGroup
from .membrane_input import MembraneInput
from .time_grid import history_steps, whole_steps


class AgeBins:
    """Age bins of a population, as arrays from the oldest to the newest.

    When the history is over, a bin joins the first one, which holds all older neurons.

    count : number of neurons
    last_spike : step of their last spike
    birth : step since which the potential has been forgetting where it started
    """

    def __init__(
        self,
        neuron,
        groups: Sequence[AgeGroup],
        membrane: MembraneInput,
        dt: float,
        traces: CohortTraces | QuasiRenewalTraces,
    ):
        self._neuron = neuron
        self._refractory_steps = whole_steps("t_ref", neuron.t_ref, dt)
        self._history_steps = history_steps(neuron, dt)
        self._membrane = membrane
        self._dt = dt
        self._traces = traces
        self.count = np.array([g.count for g in groups], float)
        self.size = self.count.sum()
        self.last_spike = np.array([-1 - g.age if g.fired else QuasiRenewal.NEVER for g in groups])
        self.birth = np.array(
            [
                g.birth if g.age > self._refractory_steps else last
                for g, last in zip(groups, self.last_spike, strict=True)
            ]
        )
        self._potential = np.array([g.potential for g in groups], float)
        self._hazard = self._end_hazard()

    @property
    def potential(self) -> float:
        """Mean potential, mV; expected numbers need not add up to exactly the population."""
        return float(self.count @ self._potential / self.count.sum())

    def n_awake(self, step: int) -> int:
        """Number of bins outside refractoriness in the step: all but the last ones."""
        return int(np.count_nonzero(self.last_spike < step - self._refractory_steps))

    def join_oldest(self, step: int) -> None:
        """Bins whose history is over join the first one."""
        while self.n_awake(step) >= 2 and self.birth[1] < step - self._history_steps:
            # Gaussian noise can make counts negative: with |count|, means stay between two values.
            weight = np.abs(self.count[:2])
            share = weight[0] / weight.sum() if weight.sum() > 0 else 0.5
            self.absorb_first(share)
            self.keep(np.arange(len(self.count)) > 0)

    def absorb_first(self, share: float) -> None:
        """Mix the first bin, whose share is given, into the second."""
        for values in (self._potential, self._hazard):
            values[1] += share * (values[0] - values[1])
        self._traces.absorb_first(share)
        self.count[1] += self.count[0]

    def keep(self, kept: np.ndarray) -> None:
        """Drop the other bins."""
        self.count, self.birth = self.count[kept], self.birth[kept]
        self.last_spike = self.last_spike[kept]
        self._potential, self._hazard = self._potential[kept], self._hazard[kept]
        self._traces.keep(kept)

    def integrated_hazard(self, step: int) -> np.ndarray:
        """Of each bin outside refractoriness in the step, whose potentials move on to its end.

        Refractory bins are held at v_reset, and what arrives is lost.
        """
        d, a, b = self._membrane.advance(step)
        free = slice(self.n_awake(step))
        # A jump of the potential multiplies an exponential hazard. (The first bin's hazard is a
        # mean over the bins that joined it, not the hazard at their mean potential.)
        if d == 0 or self._neuron.escape == "exponential":
            start = self._hazard[free] * math.exp(d / self._neuron.delta_u)
        else:
            threshold = self._traces.threshold[free]
            start = escape_hazard(self._potential[free] + d - threshold, self._neuron)
        V = self._potential
        V[free] = a * (V[free] + d) + b - self._traces.pull[free]
        self._traces.relax()
        self._hazard = self._end_hazard()
        return (start + self._hazard[free]) * self._dt / 2

    def add(self, step: int, n: float, fired: np.ndarray | None = None) -> None:
        """n neurons fire in the step; `fired`: of each bin outside refractoriness, if known."""
        self._traces.record(step, n / self.size)
        if n == 0:
            return
        self._traces.add(step, fired)
        v_reset = float(self._neuron.v_reset)
        threshold = self._traces.threshold[-1]
        self.count = np.append(self.count, n)
        self.birth = np.append(self.birth, step)
        self.last_spike = np.append(self.last_spike, step)
        self._potential = np.append(self._potential, v_reset)
        self._hazard = np.append(self._hazard, escape_hazard(v_reset - threshold, self._neuron))

    def _end_hazard(self) -> np.ndarray:
        return escape_hazard(self._potential - self._traces.threshold, self._neuron)
