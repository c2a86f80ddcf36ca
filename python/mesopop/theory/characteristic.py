"""The characteristic equation of a network, det(1 - L(lambda)) = 0, and its solutions.

L is the change of the drive of each population that a change of the drives causes, exp(lambda t),
through the populations' responses, release, delays and synaptic currents. It holds for every kind
of neuron; solutions are the eigenvalues of the stationary state.
"""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import Any

import numpy as np
from attrs import field, frozen
from scipy.interpolate import AAA
from scipy.optimize import newton

from mesopop.neurons import LIF, LNP
from mesopop.theory.lnp_linearisation import slope
from mesopop.theory.mean_field import MeanField, PopulationState, delay_shares, summed_weight
from mesopop.theory.renewal_response import ComplexArray, RenewalResponse
from mesopop.theory.synaptic_response import (
    CohortSynapses,
    MomentDynamics,
    cohort_release_response,
    moment_dynamics,
)

HIGHEST = 2.0  # frequency up to which eigenvalues are looked for, 1/ms (318 Hz)
LOWEST = 1e-5  # 1/ms
SAMPLES = 50  # of the imaginary axis between these
ACCURACY = (1e-6, 1e-10)  # of the rational functions through them
MOST_TERMS = 30  # of these
SAME = 1e-5  # eigenvalues that differ by less, relative to their size, are one


class _LeftTheRegion(Exception):
    """An iteration has gone where the determinant means nothing."""


@frozen(kw_only=True, eq=False)
class Characteristic:
    """The function L at one stationary state; made by `at`."""

    equations: MeanField
    states: list[PopulationState]
    responses: list[RenewalResponse | None] = field(repr=False)

    @classmethod
    def at(cls, equations: MeanField, states: list[PopulationState]) -> Characteristic:
        """At the given state of every population, in continuous time."""
        responses = []
        for population, state in zip(equations.network.populations, states, strict=True):
            neuron, response = population.neuron, None
            if isinstance(neuron, LIF):
                drive = equations.mean_potential(state, population)
                response = RenewalResponse.at(
                    neuron, drive, state.rate, state.intervals.memory, HIGHEST
                )
            responses.append(response)
        return cls(equations=equations, states=states, responses=responses)

    def activity(self, population: int, lam: ComplexArray) -> ComplexArray:
        """Activity of a population per mV of its drive, 1/(ms mV); lambda of shape (n,)."""
        neuron = self.equations.network.populations[population].neuron
        response = self.responses[population]
        if response is not None:
            return response.activity(lam)[0]
        if isinstance(neuron, LNP):
            state = self.states[population]
            h = self.equations.mean_potential(state, self.equations.network.populations[population])
            return np.asarray(slope(neuron.transfer, h) / 1000 / (1 + lam * neuron.tau_m))
        return np.zeros(lam.shape, complex)

    def release(self, channel: int, lam: ComplexArray) -> ComplexArray:
        """Release of a channel per mV of the drive of its population, 1/(ms mV)."""
        population, _ = self.equations.channels[channel]
        response, synapses = self.responses[population], self._synapses[channel]
        if isinstance(synapses, MomentDynamics):
            return self.activity(population, lam) * synapses.response(lam)
        assert response is not None
        return cohort_release_response(response, synapses, lam)

    @cached_property
    def _synapses(self) -> list[MomentDynamics | CohortSynapses]:
        closure, found = self.equations.closure, []
        for population, stp in self.equations.channels:
            state = self.states[population]
            by_age = self.responses[population] is not None and closure in ("renewal", "exact")
            synapses: MomentDynamics | CohortSynapses
            if stp is not None and by_age:
                intervals = state.intervals
                synapses = CohortSynapses.at(stp, age=intervals.age, weight=intervals.weight)
            else:
                synapses = moment_dynamics(stp, closure, state.rate)
            found.append(synapses)
        return found

    def loop(self, lam: ComplexArray) -> ComplexArray:
        """L(lambda), shape (n, populations, populations)."""
        network = self.equations.network
        names = [p.name for p in network.populations]
        releases = [self.release(c, lam) for c in range(len(self.equations.channels))]
        out = np.zeros((lam.size, len(names), len(names)), complex)
        for projection in network.projections:
            target, source = names.index(projection.target), names.index(projection.source)
            neuron = network.populations[target].neuron
            assert isinstance(neuron, (LIF, LNP))
            weight = neuron.tau_m * summed_weight(network, projection)
            delayed = sum(share * np.exp(-lam * delay) for delay, share in delay_shares(projection))
            filtered = weight * delayed / (1 + lam * projection.tau_s)
            out[:, target, source] += filtered * releases[self.equations.channel_of(projection)]
        return out

    def determinant(self, lam: ComplexArray) -> ComplexArray:
        """det(1 - L(lambda)), shape of lambda (n,)."""
        loop = self.loop(lam)
        return np.asarray(np.linalg.det(np.eye(loop.shape[1]) - loop))

    def eigenvalues(self) -> ComplexArray:
        """Solutions that can be found, 1/ms, that of the largest real part first.

        A rational function (AAA; Nakatsukasa, Sete and Trefethen 2018) through values on the
        imaginary axis has zeros near those of the determinant, from where a secant iteration on
        the determinant itself goes on. Solutions to the left of -1 / tau are left out, with the
        longest tau_m or time constant of adaptation of a LIF or GIF population.
        """
        omega = np.geomspace(LOWEST, HIGHEST, SAMPLES)
        values = self.determinant((1j * omega).astype(complex))
        points = np.concatenate([1j * omega, -1j * omega])
        values = np.concatenate([values, np.conj(values)])
        # Of different accuracy, since a root may be lost with what is taken for rounding.
        with warnings.catch_warnings():
            # That more terms would be needed does not matter: roots are only guesses.
            warnings.simplefilter("ignore", RuntimeWarning)
            fits = [AAA(points, values, rtol=rtol, max_terms=MOST_TERMS) for rtol in ACCURACY]
        guesses = np.concatenate([fit.roots() for fit in fits])
        guesses = guesses[(guesses.imag >= -1e-9) & (np.abs(guesses) < HIGHEST)]
        guesses = guesses[guesses.real > self.leftmost]
        found = self._polished(guesses)
        both = [
            z for root in found for z in ((root,) if root.imag == 0 else (root, root.conjugate()))
        ]
        ordered = sorted(both, key=lambda z: (-z.real, -z.imag))
        return np.array(ordered, complex)

    @property
    def leftmost(self) -> float:
        """1/ms: solutions further left are not looked for."""
        return max([r.leftmost for r in self.responses if r is not None], default=-HIGHEST)

    def _polished(self, guesses: ComplexArray) -> list[complex]:
        # Guesses at the same place are polished once.
        apart: list[complex] = []
        for guess in map(complex, guesses):
            if not any(abs(guess - other) < 1e-3 * abs(other) for other in apart):
                apart.append(guess)

        def determinant(z: complex) -> complex:
            if z.real < 1.5 * self.leftmost or abs(z) > 2 * HIGHEST:
                raise _LeftTheRegion
            return complex(self.determinant(np.array([z]))[0])

        secant: Any = newton  # whose type hints know of no complex numbers
        found: list[complex] = []
        for guess in apart:
            step = 1e-4 * abs(guess) + 1e-7
            try:
                root, outcome = secant(
                    determinant,
                    guess,
                    x1=guess + step,
                    tol=1e-12,
                    maxiter=30,
                    full_output=True,
                    disp=False,
                )
            except _LeftTheRegion:
                continue
            if not outcome.converged or root.real < self.leftmost:
                continue
            if abs(root.imag) < 1e-9 * abs(root):
                root = complex(root.real)
            size = max(abs(root), 1e-6)
            near = abs(root - guess) < 0.2 * size
            if near and not any(abs(root - other) < SAME * size for other in found):
                found.append(complex(root.real, abs(root.imag)))
        return found
