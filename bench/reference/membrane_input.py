"""Input of a population: drive, delays, synaptic currents, and the step of the potential."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from .time_grid import whole_steps


class MembraneInput:
    """Drive and synaptic input of one population, the same for all of its neurons.

    Between arrivals the potential and each synaptic current obey

        dV/dt = (mu - V) / tau_m + sum_s I_s,      dI_s/dt = -I_s / tau_s

    where s runs over the different tau_s. A spike that releases 1 (u x = 1) adds J / tau_s to I_s,
    or, if tau_s = 0, J to V.

    Parameters
    ----------
    drive : ndarray
        mu in each step, mV.
    projections : sequence
        Projections onto the population.
    tau_m, dt : float
        Membrane time constant and time step, ms.
    releases : mapping
        For (source, stp): the total release of the source population in each step, beginning with
        step -1; filled in as the simulation goes on.
    """

    def __init__(
        self,
        drive: np.ndarray,
        projections: Sequence,
        tau_m: float,
        dt: float,
        releases: Mapping[tuple, np.ndarray],
    ):
        self.drive = drive
        self._releases = releases
        self._pathways = [
            (p.tau_s, whole_steps("delay", p.delay, dt), p.weight * p.probability, p.source, p.stp)
            for p in projections
        ]
        self._decay_m = math.exp(-dt / tau_m)
        self._current = {p.tau_s: 0.0 for p in projections if p.tau_s > 0}  # mV/ms
        self._decay_s = {tau_s: math.exp(-dt / tau_s) for tau_s in self._current}
        self._gain = {tau_s: current_gain(tau_m, tau_s, dt) for tau_s in self._current}

    def advance(self, step: int) -> tuple[float, float, float]:
        """Let the releases due at the beginning of the step arrive, and pass through the step.

        Returns d, a, b: outside refractoriness the potential jumps by d at the beginning of the
        step and is a (V + d) + b at its end.
        """
        d = 0.0
        for tau_s, delay, weight, source, stp in self._pathways:
            # Spikes of step j carry the time of its end, so that those of step k - 1 - delay
            # arrive at the beginning of step k; the array begins with step -1.
            if step - delay < 0:
                continue
            jump = weight * self._releases[source, stp][step - delay]
            if tau_s == 0:
                d += jump
            else:
                self._current[tau_s] += jump / tau_s

        b = self.drive[step] * (1 - self._decay_m)
        for tau_s in self._current:
            b += self._gain[tau_s] * self._current[tau_s]
            self._current[tau_s] *= self._decay_s[tau_s]
        return d, self._decay_m, b


def current_gain(tau_m: float, tau_s: float, dt: float) -> float:
    """Potential at the end of a step begun with V = 0 and I = 1 mV/ms.

    The integral over 0 < s < dt of e^{-(dt - s)/tau_m} e^{-s/tau_s}.
    """
    delta = dt * (1 / tau_m - 1 / tau_s)
    mean_growth = math.expm1(delta) / delta if delta != 0 else 1.0
    return dt * math.exp(-dt / tau_m) * mean_growth
