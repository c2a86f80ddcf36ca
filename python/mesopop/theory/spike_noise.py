"""Noise of the spikes of LNP and Poisson populations.

A spike counts one, releases, and changes the moments of u and x: the mean over spikes is one source
of noise of a population; what u and x of single neurons differ from it by are others, which the
plasticities of its synapses have in common.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen

from mesopop.arrays import FloatArray
from mesopop.plasticity import TsodyksMarkram
from mesopop.theory.cross_moments import cross_covariance
from mesopop.theory.lnp_linearisation import LnpLinearisation
from mesopop.theory.mean_field import MeanField, PopulationState
from mesopop.theory.spike_chain import exact_moments
from mesopop.theory.synapse_moments import P, R, U, X, first_order

HERMITE = 6  # Gauss nodes along each direction: polynomials of degree 11 are exact


@frozen
class SpikeNoise:
    """Square roots of the noise, 1/ms: columns are independent white sources of density 1.

    Parameters
    ----------
    rate : ndarray, shape (populations, sources)
    release : ndarray, shape (channels, sources)
    state : ndarray, shape (n, sources)
        In units of mass dX/dt of the linear system.
    """

    rate: FloatArray
    release: FloatArray
    state: FloatArray

    @classmethod
    def at(
        cls, equations: MeanField, states: list[PopulationState], linear: LnpLinearisation
    ) -> SpikeNoise:
        """Around the given state of every population."""
        populations = equations.network.populations
        n_rates, n_channels, n_state = len(populations), len(equations.channels), len(linear.mass)
        columns = []
        for i, population in enumerate(populations):
            strength = np.sqrt(states[i].rate / population.size)
            mean = np.zeros(n_rates + n_channels + n_state)
            mean[i] = strength
            places, spikes = [], []
            for c, (source, stp) in enumerate(equations.channels):
                if source != i:
                    continue
                first, dynamics = linear.moments[c]
                of = np.arange(first, first + dynamics.mass.size) + n_rates + n_channels
                places.append(np.append(of, n_rates + c))
                spikes.append(Spikes.of(stp, equations.closure, states[i], dynamics.mass))
                mean[places[-1]] = strength * spikes[-1].mean
            columns.append(mean)
            if spikes:
                values, vectors = np.linalg.eigh(_covariance(spikes, states[i]))
                deviations = np.zeros((len(mean), len(values)))
                deviations[np.concatenate(places)] = (
                    strength * vectors * np.sqrt(np.maximum(values, 0))
                )
                columns += list(deviations.T)
        sources = np.array(columns).T
        rate, release, state = np.split(sources, [n_rates, n_rates + n_channels])
        return cls(rate, release, state)


@frozen
class Spikes:
    """What a spike does through the synapses of one plasticity, as a function of (u, x).

    That is, changes of its moments times `mass`, and the release. `center` and `root` are the mean
    of (u, x) over spikes and a square root of its covariance.
    """

    stp: TsodyksMarkram | None
    mass: FloatArray
    closure: str
    center: FloatArray
    covariance: FloatArray

    @classmethod
    def of(
        cls, stp: TsodyksMarkram | None, closure: str, state: PopulationState, mass: FloatArray
    ) -> Spikes:
        """Of a population in a given state."""
        center, covariance = np.zeros(2), np.zeros((2, 2))
        if stp is not None and closure == "first_order":
            center = np.array(first_order(stp, rate=state.rate, dt=None))
        elif stp is not None:
            m = exact_moments(stp, age=state.intervals.age, weight=state.intervals.weight)
            center = np.array([m.u, m.x])
            covariance = np.array([[m.var_u, m.cov], [m.cov, m.var_x]])
        return cls(stp, mass, closure, center, covariance)

    def effects(self, values: FloatArray) -> FloatArray:
        """Of spikes with (u, x) of shape (nodes, 2): shape (nodes, moments + 1)."""
        stp = self.stp
        if stp is None:
            return np.ones((len(values), 1))
        u, x = values.T
        after_u, after_x = u + stp.U * (1 - u), x - float(stp.tau_d > 0) * u * x
        changes = np.zeros((len(u), 4))
        changes[:, U], changes[:, X] = after_u - u, after_x - x
        changes[:, P], changes[:, R] = after_u**2 - u**2, after_u * after_x - u * x
        if self.closure == "first_order":
            changes = changes[:, [U, X]]
        return np.column_stack([changes * self.mass, u * x])

    @property
    def mean(self) -> FloatArray:
        """Mean effects."""
        weight, nodes = _gaussian(self.center, self.covariance)
        return np.asarray(weight @ self.effects(nodes))


def _covariance(spikes: list[Spikes], state: PopulationState) -> FloatArray:
    # Of the effects of a spike through all plasticities of a population.
    blocks: list[list[FloatArray]] = [[] for _ in spikes]
    for i, a in enumerate(spikes):
        for j, b in enumerate(spikes):
            if j < i:
                blocks[i].append(blocks[j][i].T)
                continue
            if i == j:
                weight, nodes = _gaussian(a.center, a.covariance)
                of_a = of_b = nodes
            else:
                weight, nodes = _gaussian(*_together(a, b, state))
                of_a, of_b = nodes[:, :2], nodes[:, 2:]
            effects_a, effects_b = a.effects(of_a), b.effects(of_b)
            effects_a = effects_a - weight @ effects_a
            effects_b = effects_b - weight @ effects_b
            blocks[i].append((effects_a * weight[:, None]).T @ effects_b)
    return np.block(blocks)


def _together(a: Spikes, b: Spikes, state: PopulationState) -> tuple[FloatArray, FloatArray]:
    # Mean and covariance of (u, x) of two plasticities.
    cross = np.zeros((2, 2))
    if a.stp is not None and b.stp is not None and a.closure != "first_order":
        age, weight = state.intervals.age, state.intervals.weight
        of_a, of_b = (exact_moments(s, age=age, weight=weight) for s in (a.stp, b.stp))
        cross = cross_covariance(a.stp, b.stp, moments=(of_a, of_b), age=age, weight=weight)
    covariance = np.block([[a.covariance, cross], [cross.T, b.covariance]])
    return np.concatenate([a.center, b.center]), covariance


def _gaussian(center: FloatArray, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    # Weights and nodes, shape (nodes, variables); a covariance may be singular up to rounding.
    values, vectors = np.linalg.eigh(covariance)
    directions = (vectors * np.sqrt(np.maximum(values, 0)))[:, values > 1e-18]
    if directions.shape[1] == 0:
        return np.ones(1), center[None]
    node, one = np.polynomial.hermite_e.hermegauss(HERMITE)
    one = one / one.sum()
    count = directions.shape[1]
    weight = np.prod(np.meshgrid(*[one] * count, indexing="ij"), axis=0).ravel()
    grid = np.reshape(np.meshgrid(*[node] * count, indexing="ij"), (count, -1))
    return weight, center + grid.T @ directions.T
