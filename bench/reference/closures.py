"""Mesoscopic synapses: what a population's spikes release, from moments of (u, x) over its neurons.

Both closures take the neurons that fire in a step as a random sample of the population, which is
exact if they are Poisson neurons.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .moments import Moments, after_spike, mixture, relax, split
from .plasticity import Plasticity


class FirstOrder:
    """Means of u and x alone: every neuron has the mean values."""

    def __init__(self, plasticity: Plasticity, u: np.ndarray, x: np.ndarray):
        self._plasticity = plasticity
        self._size = len(u)
        self.u = float(u.mean())
        self.x = float(x.mean())

    def step(self, n: float, normals: Callable[[], np.ndarray] | None) -> float:
        """Relax to the end of the step and release n spikes. No random numbers are needed."""
        p = self._plasticity
        self.u = p.U0 + (self.u - p.U0) * p.decay_u
        self.x = 1 + (self.x - 1) * p.decay_x
        return self.release(n)

    def release(self, n: float) -> float:
        """Total release of n spikes."""
        p = self._plasticity
        fraction = n / self._size
        released = self.u * self.x
        self.u += fraction * p.U * (1 - self.u)
        self.x -= fraction * p.depletion * released
        return n * released


class SecondOrder:
    """Means, variances and covariance of u and x, and the finite number of spikes in a step."""

    def __init__(self, plasticity: Plasticity, u: np.ndarray, x: np.ndarray):
        self._plasticity = plasticity
        self._size = len(u)
        self._moments = Moments.of(u, x)

    @property
    def u(self) -> float:
        return self._moments.u

    @property
    def x(self) -> float:
        return self._moments.x

    def step(self, n: float, normals: Callable[[], np.ndarray] | None) -> float:
        """Relax to the end of the step and release n spikes.

        `normals` returns the two standard normals of the sample means of u and x; None: without
        noise.
        """
        self._moments = relax(self._moments, self._plasticity)
        return self.release(n, normals) if n != 0 else 0.0

    def release(self, n: float, normals: Callable[[], np.ndarray] | None = None) -> float:
        """Total release of n spikes."""
        population = self._moments
        if normals is None or self._size == 1:
            # The mean over the spikes is the population mean: a single neuron is its own sample.
            fired, others = population, population
        else:
            fired, others = split(population, self._size, n, normals())
        after = after_spike(fired, self._plasticity)
        self._moments = mixture(n / self._size, after, others)
        # <u x> over the neurons that fire. A sample of n out of N has the covariance C (1 - q/n):
        # with the C (1 - 1/n) of docs/model.md, section 8.1, which does not see that the sample is
        # drawn without replacement, the mean release would depend on how many neurons share a step.
        return n * (fired.u * fired.x + fired.cov)


CLOSURES = {"first_order": FirstOrder, "second_order": SecondOrder}
