"""Networks of LNP and Poisson populations linearised around a stationary state.

mass dX/dt = A X + sum over delays B_d y(t - d),    y = C X,

with X the potentials h, the synaptic currents (as mV of drive; one per target and tau_s), and the
moments of u and x of each channel. Moments whose time constant is 0 have mass 0.
"""

from __future__ import annotations

import numpy as np
from attrs import field, frozen
from scipy.linalg import eigvals

from mesopop.arrays import FloatArray
from mesopop.neurons import LNP
from mesopop.theory.mean_field import MeanField, PopulationState, delay_shares, summed_weight
from mesopop.theory.renewal_response import ComplexArray
from mesopop.theory.synaptic_response import MomentDynamics, moment_dynamics
from mesopop.transfer import Softplus, Transfer

CHEBYSHEV = 24  # nodes of the history of what is delayed


def slope(transfer: Transfer, h: float) -> float:
    """Derivative of a transfer function, Hz/mV."""
    if isinstance(transfer, Softplus):
        return transfer.gain * float(np.exp(-np.logaddexp(0.0, -h / transfer.alpha)))
    return float(transfer(h)) / transfer.delta_u


@frozen(kw_only=True, eq=False)
class LnpLinearisation:
    """Matrices of the linear system; made by `at`.

    Parameters
    ----------
    mass : ndarray, shape (n,)
        ms.
    matrix : ndarray, shape (n, n)
    inputs : list of (delay in ms, ndarray of shape (n, channels))
    outputs : ndarray, shape (channels, n)
        1/ms.
    potential : list of int or None
        Place of h in X by population; None for Poisson populations.
    moments : list of (first place in X, MomentDynamics) or None
        By channel; None for those of Poisson populations, which nothing influences.
    gain : ndarray, shape (populations,)
        f'(h), 1/(ms mV); 0 for Poisson populations.
    """

    mass: FloatArray
    matrix: FloatArray
    inputs: list[tuple[float, FloatArray]]
    outputs: FloatArray
    potential: list[int | None]
    moments: list[tuple[int, MomentDynamics]] = field(repr=False)
    gain: FloatArray

    @classmethod
    def at(cls, equations: MeanField, states: list[PopulationState]) -> LnpLinearisation:
        """Around the given state of every population, in continuous time."""
        network = equations.network
        populations = network.populations
        names = [p.name for p in populations]
        channels = equations.channels
        currents = list(
            dict.fromkeys((names.index(p.target), p.tau_s) for p in network.projections if p.tau_s)
        )
        potential: list[int | None] = []
        for population in populations:
            is_lnp = isinstance(population.neuron, LNP)
            potential.append(sum(p is not None for p in potential) if is_lnp else None)
        n = sum(place is not None for place in potential) + len(currents)
        place_of_current = {key: n - len(currents) + i for i, key in enumerate(currents)}
        moments = []
        for source, stp in channels:
            dynamics = moment_dynamics(stp, equations.closure, states[source].rate)
            moments.append((n, dynamics))
            n += dynamics.mass.size

        mass, matrix, outputs = np.zeros(n), np.zeros((n, n)), np.zeros((len(channels), n))
        gain = np.zeros(len(populations))
        for i, population in enumerate(populations):
            place, neuron = potential[i], population.neuron
            if place is not None and isinstance(neuron, LNP):
                mass[place], matrix[place, place] = neuron.tau_m, -1.0
                h = equations.mean_potential(states[i], population)
                gain[i] = slope(neuron.transfer, h) / 1000
        for (target, tau_s), place in place_of_current.items():
            mass[place], matrix[place, place] = tau_s, -1.0
            onto = potential[target]
            assert onto is not None
            matrix[onto, place] = 1.0
        for c, ((source, _), (first, dynamics)) in enumerate(zip(channels, moments, strict=True)):
            of = slice(first, first + dynamics.mass.size)
            mass[of], matrix[of, of] = dynamics.mass, dynamics.matrix
            outputs[c, of] = dynamics.per_moment
            h_place = potential[source]
            if h_place is not None:
                matrix[of, h_place] = dynamics.drive * gain[source]
                outputs[c, h_place] += dynamics.per_activity * gain[source]
        inputs: dict[float, FloatArray] = {}
        for projection in network.projections:
            target = names.index(projection.target)
            neuron = populations[target].neuron
            assert isinstance(neuron, LNP)
            onto = place_of_current.get((target, projection.tau_s), potential[target])
            assert onto is not None
            weight = neuron.tau_m * summed_weight(network, projection)
            for delay, share in delay_shares(projection):
                effect = inputs.setdefault(delay, np.zeros((n, len(channels))))
                effect[onto, equations.channel_of(projection)] += share * weight
        return cls(
            mass=mass,
            matrix=matrix,
            inputs=sorted(inputs.items(), key=lambda item: item[0]),
            outputs=outputs,
            potential=potential,
            moments=moments,
            gain=gain,
        )

    def system(self, lam: ComplexArray) -> ComplexArray:
        """The matrix that is singular at eigenvalues, shape (..., n, n)."""
        out = lam[..., None, None] * np.diag(self.mass) - self.matrix
        for delay, effect in self.inputs:
            out = out - np.exp(-lam * delay)[..., None, None] * (effect @ self.outputs)
        return np.asarray(out)

    def eigenvalues(self) -> ComplexArray:
        """In 1/ms, that of the largest real part first.

        With delays there are infinitely many. What is delayed is then known by its values at
        Chebyshev nodes of the longest delay (collocation of its transport; Breda, Maset and
        Vermiglio 2005), which gives those eigenvalues that these nodes can resolve.
        """
        longest = max((delay for delay, _ in self.inputs), default=0.0)
        mass, matrix = self.mass, self.matrix.copy()
        for delay, effect in self.inputs:
            if delay == 0:
                matrix += effect @ self.outputs
        if longest > 0:
            mass, matrix = self._with_history(matrix, longest)
        found: ComplexArray = eigvals(matrix, np.diag(mass)).astype(complex)
        found = found[np.isfinite(found)]
        if longest > 0:
            found = found[np.abs(found) * longest < CHEBYSHEV / 2]
        # Pairs in one order, though rounding may tell their real parts apart.
        order = np.lexsort((-found.imag, -np.round(found.real, 12)))
        return np.asarray(found[order])

    def _with_history(self, matrix: FloatArray, longest: float) -> tuple[FloatArray, FloatArray]:
        nodes, derivative, barycentric = _chebyshev()
        theta = (nodes - 1) * longest / 2  # from 0 back to -longest
        derivative = derivative * 2 / longest
        n, count = len(self.mass), len(self.outputs)
        size = n + count * CHEBYSHEV
        whole = np.zeros((size, size))
        whole[:n, :n] = matrix
        for delay, effect in self.inputs:
            if delay == 0:
                continue
            weights = _interpolation(theta, barycentric, -delay)
            whole[:n, :n] += weights[0] * effect @ self.outputs
            for c in range(count):
                of = slice(n + c * CHEBYSHEV, n + (c + 1) * CHEBYSHEV)
                whole[:n, of] += np.outer(effect[:, c], weights[1:])
        for c in range(count):
            of = slice(n + c * CHEBYSHEV, n + (c + 1) * CHEBYSHEV)
            whole[of, of] = derivative[1:, 1:]
            whole[of, :n] = np.outer(derivative[1:, 0], self.outputs[c])
        return np.append(self.mass, np.ones(size - n)), whole


def _chebyshev() -> tuple[FloatArray, FloatArray, FloatArray]:
    # Nodes from 1 to -1, differentiation matrix (Trefethen 2000), weights of interpolation.
    k = np.arange(CHEBYSHEV + 1.0)
    nodes: FloatArray = np.cos(np.pi * k / CHEBYSHEV)
    barycentric: FloatArray = np.where(k % 2 == 0, 1.0, -1.0)
    barycentric[[0, -1]] /= 2
    ratio = barycentric[None, :] / barycentric[:, None]
    difference = nodes[:, None] - nodes[None, :] + np.eye(CHEBYSHEV + 1)
    matrix = ratio / difference
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    return nodes, matrix, barycentric


def _interpolation(nodes: FloatArray, barycentric: FloatArray, at: float) -> FloatArray:
    distance = at - nodes
    nearest = int(np.argmin(np.abs(distance)))
    if abs(distance[nearest]) < 1e-12 * abs(nodes[-1]):
        return np.asarray(np.eye(len(nodes))[nearest])
    weights = barycentric / distance
    return np.asarray(weights / weights.sum())
