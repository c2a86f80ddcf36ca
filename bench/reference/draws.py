"""The random draws that a simulation asks for, and a plain implementation of them.

Every draw is asked for by what it is for (population, neuron, step, ...). `NumpyDraws` ignores
that and takes the next numbers of one generator; `reference.keyed_draws.KeyedDraws` uses it as
the address of a counter-based stream, so that another program can make the same draws in any
order.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Draws(Protocol):
    """All randomness of the microscopic and mesoscopic simulations.

    Populations, projections, STP sets and components of a signal are given by their numbers.
    """

    def thresholds(self, population: int, neurons: np.ndarray, n_fired: np.ndarray) -> np.ndarray:
        """Exponential of mean 1 for each neuron, which has fired `n_fired` spikes so far."""

    def next_spike(self, population: int, n_drawn: int) -> float:
        """Exponential of mean 1 until the next spike of neurons that stand in line."""

    def initial_uniforms(self, population: int, size: int) -> np.ndarray:
        """Uniform on [0, 1) for each neuron: its age at t = 0."""

    def initial_counts(self, population: int, size: int, probabilities: np.ndarray) -> np.ndarray:
        """Multinomial numbers of neurons per age at t = 0."""

    def spike_count(self, population: int, step: int, size: int, probability: float) -> int:
        """Binomial number of spikes of a population in a step."""

    def cohort_spike_counts(
        self, population: int, step: int, sizes: np.ndarray, probabilities: np.ndarray
    ) -> np.ndarray:
        """Binomial number of spikes of each cohort of a population in a step."""

    def cohort_release_normals(self, stp_set: int, step: int, n: int) -> np.ndarray:
        """Two standard normals for each of the n cohorts that fire in a step, that of u first."""

    def spike_count_normal(self, population: int, step: int) -> float:
        """Standard normal for the number of spikes of a population in a step."""

    def connection_exponentials(self, projection: int, target: int, n: int) -> np.ndarray:
        """Exponentials of mean 1 for the gaps between the neurons that project onto a target."""

    def connection_uniforms(self, projection: int, target: int, n: int) -> np.ndarray:
        """Uniform on [0, 1) for each of the neurons that project onto a target."""

    def delay_uniforms(self, projection: int, target: int, n: int) -> np.ndarray:
        """Uniform on [0, 1) for the delay of each synapse of a target."""

    def release_normals(self, population: int, number: int, step: int) -> np.ndarray:
        """Two standard normals for the means of u and x over the neurons that fire in a step.

        `number`: of the STP set among those of the population.
        """

    def drive_normals(self, population: int, component: int, n_steps: int) -> np.ndarray:
        """Standard normals of steps 0 .. n_steps - 1 for a component of a population's signal."""


class NumpyDraws:
    """Draws taken one after another from one generator: for runs of the reference on its own.

    Parameters
    ----------
    seed : int or numpy.random.SeedSequence, optional
        Seed of the generator; None takes entropy from the operating system.
    """

    def __init__(self, seed: int | np.random.SeedSequence | None = None):
        self._rng = np.random.Generator(np.random.Philox(seed))

    def thresholds(self, population: int, neurons: np.ndarray, n_fired: np.ndarray) -> np.ndarray:
        return self._rng.standard_exponential(len(neurons))

    def next_spike(self, population: int, n_drawn: int) -> float:
        return self._rng.standard_exponential()

    def initial_uniforms(self, population: int, size: int) -> np.ndarray:
        return self._rng.random(size)

    def initial_counts(self, population: int, size: int, probabilities: np.ndarray) -> np.ndarray:
        return self._rng.multinomial(size, probabilities)

    def spike_count(self, population: int, step: int, size: int, probability: float) -> int:
        return int(self._rng.binomial(size, probability))

    def cohort_spike_counts(
        self, population: int, step: int, sizes: np.ndarray, probabilities: np.ndarray
    ) -> np.ndarray:
        return self._rng.binomial(sizes.astype(int), probabilities)

    def cohort_release_normals(self, stp_set: int, step: int, n: int) -> np.ndarray:
        return self._rng.standard_normal((n, 2))

    def spike_count_normal(self, population: int, step: int) -> float:
        return self._rng.standard_normal()

    def connection_exponentials(self, projection: int, target: int, n: int) -> np.ndarray:
        return self._rng.standard_exponential(n)

    def connection_uniforms(self, projection: int, target: int, n: int) -> np.ndarray:
        return self._rng.random(n)

    def delay_uniforms(self, projection: int, target: int, n: int) -> np.ndarray:
        return self._rng.random(n)

    def release_normals(self, population: int, number: int, step: int) -> np.ndarray:
        return self._rng.standard_normal(2)

    def drive_normals(self, population: int, component: int, n_steps: int) -> np.ndarray:
        return self._rng.standard_normal(n_steps)
