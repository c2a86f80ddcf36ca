"""Input of a population: drive, delays, synaptic currents, and the step of the potential."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .connections import delays_of, mean_connection


@dataclass(frozen=True)
class Pathway:
    """What arrives through a projection with one delay.

    Attributes
    ----------
    tau_s : float
        Of the synaptic current, ms.
    delay : int
        Steps.
    weight : float or ndarray, shape (targets, sources)
        mV per unit of release of the whole source, the same for all targets; or of each neuron.
    releases : ndarray, shape (n_steps + 1,) or (n_steps + 1, sources)
        Release of the source, or of each of its neurons, in each step, beginning with step -1;
        filled in as the simulation goes on.
    """

    tau_s: float
    delay: int
    weight: float | np.ndarray
    releases: np.ndarray


def mean_pathways(network, projection, dt: float, releases: Mapping[tuple, np.ndarray]):
    """All targets receive the mean: `releases` by (source, stp)."""
    n_sources = next(p.size for p in network.populations if p.name == projection.source)
    weight = projection.weight * mean_connection(projection, n_sources)
    released = releases[projection.source, projection.stp]
    return [
        Pathway(projection.tau_s, delay, weight * share, released)
        for delay, share in delays_of(projection, dt)
    ]


class MembraneInput:
    """Drive and synaptic input of one population; numbers, or arrays if its neurons differ.

    Between arrivals the potential and each synaptic current obey

        dV/dt = (mu - V) / tau_m + sum_s I_s,      dI_s/dt = -I_s / tau_s

    where s runs over the different tau_s. A spike that releases 1 (u x = 1) adds J / tau_s to I_s,
    or, if tau_s = 0, J to V.

    Parameters
    ----------
    drive : ndarray, shape (n_steps,) or (n_steps, neurons)
        mu in each step, mV.
    pathways : list of Pathway
        Onto the population.
    tau_m, dt : float
        Membrane time constant and time step, ms.
    """

    def __init__(self, drive: np.ndarray, pathways: list[Pathway], tau_m: float, dt: float):
        self.drive = drive
        self._pathways = pathways
        self._decay_m = math.exp(-dt / tau_m)
        self._current = {p.tau_s: 0.0 for p in pathways if p.tau_s > 0}  # mV/ms
        self._decay_s = {tau_s: math.exp(-dt / tau_s) for tau_s in self._current}
        self._gain = {tau_s: current_gain(tau_m, tau_s, dt) for tau_s in self._current}

    def advance(self, step: int) -> tuple:
        """Let the releases due at the beginning of the step arrive, and pass through the step.

        Returns d, a, b: outside refractoriness the potential jumps by d at the beginning of the
        step and is a (V + d) + b at its end.
        """
        d = 0.0
        for p in self._pathways:
            # Spikes of step j carry the time of its end, so that those of step k - 1 - delay
            # arrive at the beginning of step k; the array begins with step -1.
            if step - p.delay < 0:
                continue
            jump = np.dot(p.weight, p.releases[step - p.delay])
            if p.tau_s == 0:
                d = d + jump
            else:
                self._current[p.tau_s] = self._current[p.tau_s] + jump / p.tau_s

        b = self.drive[step] * (1 - self._decay_m)
        for tau_s in self._current:
            b = b + self._gain[tau_s] * self._current[tau_s]
            self._current[tau_s] = self._current[tau_s] * self._decay_s[tau_s]
        return d, self._decay_m, b


def current_gain(tau_m: float, tau_s: float, dt: float) -> float:
    """Potential at the end of a step begun with V = 0 and I = 1 mV/ms.

    The integral over 0 < s < dt of e^{-(dt - s)/tau_m} e^{-s/tau_s}.
    """
    delta = dt * (1 / tau_m - 1 / tau_s)
    mean_growth = math.expm1(delta) / delta if delta != 0 else 1.0
    return dt * math.exp(-dt / tau_m) * mean_growth
