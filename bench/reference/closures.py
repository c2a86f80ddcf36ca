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
    """Means of u and x alone, of every STP set: every neuron has the mean values.

    `values` are those of each neuron, shape (neurons, 2 sets): u and x of each set in turn.
    """

    def __init__(self, plasticity: Plasticity, values: np.ndarray):
        self._plasticity = plasticity
        self._size = len(values)
        self.u, self.x = values.mean(axis=0).reshape(-1, 2).T

    def step(self, n: float, normals: Callable[[], np.ndarray] | None) -> np.ndarray:
        """Relax to the end of the step and release n spikes. No random numbers are needed."""
        p = self._plasticity
        self.u = p.U0 + (self.u - p.U0) * p.decay_u
        self.x = 1 + (self.x - 1) * p.decay_x
        return self.release(n)

    def release(self, n: float) -> np.ndarray:
        """Total release of n spikes, by set."""
        p = self._plasticity
        fraction = n / self._size
        released = self.u * self.x
        self.u = self.u + fraction * p.U * (1 - self.u)
        self.x = self.x - fraction * p.depletion * released
        return n * released


class SecondOrder:
    """Means and covariances of u and x, and the finite number of spikes in a step."""

    def __init__(self, plasticity: Plasticity, values: np.ndarray):
        self._plasticity = plasticity
        self._size = len(values)
        self._moments = Moments.of(values)

    @property
    def u(self) -> np.ndarray:
        return self._moments.u

    @property
    def x(self) -> np.ndarray:
        return self._moments.x

    def step(self, n: float, normals: Callable[[], np.ndarray] | None) -> np.ndarray:
        """Relax to the end of the step and release n spikes.

        `normals` returns the two standard normals of the sample means of u and x of each set; None:
        without noise.
        """
        self._moments = relax(self._moments, self._plasticity)
        return self.release(n, normals) if n != 0 else np.zeros(len(self.u))

    def release(self, n: float, normals: Callable[[], np.ndarray] | None = None) -> np.ndarray:
        """Total release of n spikes, by set."""
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
        return n * fired.release


CLOSURES = {"first_order": FirstOrder, "second_order": SecondOrder}
