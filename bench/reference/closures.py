"""Mesoscopic synapses: what a population's spikes release, from moments of (u, x) over its neurons.

Both closures take the neurons that fire in a step as a random sample of the population, which is
exact if they are Poisson neurons.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .moments import Moments, after_spike, mixture, relax, split


class FirstOrder:
    """Means of u and x alone: every neuron has the mean values."""

    def __init__(self, stp, u: np.ndarray, x: np.ndarray, dt: float):
        self._stp = stp
        self._size = len(u)
        self._decay_u, self._decay_x = decays(stp, dt)
        self.u = float(u.mean())
        self.x = float(x.mean())

    def step(self, n: float, normals: Callable[[], np.ndarray] | None) -> float:
        """Relax to the end of the step and release n spikes. No random numbers are needed."""
        self.u = self._stp.U0 + (self.u - self._stp.U0) * self._decay_u
        self.x = 1 + (self.x - 1) * self._decay_x
        return self.release(n)

    def release(self, n: float) -> float:
        """Total release of n spikes."""
        fraction = n / self._size
        released = self.u * self.x
        self.u += fraction * self._stp.U * (1 - self.u)
        self.x -= fraction * released
        return n * released


class SecondOrder:
    """Means, variances and covariance of u and x, and the finite number of spikes in a step."""

    def __init__(self, stp, u: np.ndarray, x: np.ndarray, dt: float):
        self._stp = stp
        self._size = len(u)
        self._decay_u, self._decay_x = decays(stp, dt)
        self._moments = Moments.of(u, x)

    @property
    def u(self) -> float:
        return self._moments.u

    @property
    def x(self) -> float:
        return self._moments.x

    def step(self, n: float, normals: Callable[[], np.ndarray] | None) -> float:
        """Relax to the end of the step and release n spikes.

        `normals` returns the two standard normals of the sample means of u and x; None: noise
        free.
        """
        self._moments = relax(self._moments, self._stp, self._decay_u, self._decay_x)
        if n == 0:
            return 0.0
        return self.release(n, normals)

    def release(self, n: float, normals: Callable[[], np.ndarray] | None = None) -> float:
        """Total release of n spikes."""
        population = self._moments
        if normals is None or n <= 0 or self._size == 1:
            # The mean over the spikes is the population mean. (A Gaussian spike count can be
            # negative; a single neuron is its own sample.)
            fired, others = population, population
        else:
            fired, others = split(population, self._size, n, normals())
        self._moments = mixture(n / self._size, after_spike(fired, self._stp.U), others)
        # <u x> over the neurons that fire. Of a sample of n out of M the covariance is C (1 - q/n):
        # model.md has C (1 - 1/n), which ignores that the sample is drawn without replacement.
        return n * (fired.u * fired.x + fired.cov)


def decays(stp, dt: float) -> tuple[float, float]:
    """Factors by which deviations of u and x decay in a step; a time constant of 0 is immediate."""
    decay_u = math.exp(-dt / stp.tau_f) if stp.tau_f > 0 else 0.0
    decay_x = math.exp(-dt / stp.tau_d) if stp.tau_d > 0 else 0.0
    return decay_u, decay_x


CLOSURES = {"first_order": FirstOrder, "second_order": SecondOrder}
