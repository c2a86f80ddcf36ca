"""How release responds to a small change of the activity or of the drive, exp(lambda t)."""

from __future__ import annotations

import numpy as np
from attrs import frozen

from mesopop.arrays import FloatArray
from mesopop.plasticity import TsodyksMarkram
from mesopop.theory.renewal_response import ComplexArray, RenewalResponse
from mesopop.theory.synapse_moments import (
    R,
    after_spike,
    after_spike_jacobian,
    first_order,
    moments_at_spikes,
    moments_of_population,
    relaxation_by,
    relaxation_times,
)

A_POWERS, B_POWERS = 3, 2  # moments after a relaxed spike are of degree 2 in a, and 1 in b


@frozen(kw_only=True)
class MomentDynamics:
    """Synapses linearised around their stationary state, driven by the activity.

    mass dm/dt = matrix m + drive dA, and the release is dy = per_activity dA + per_moment m.

    Parameters
    ----------
    mass : ndarray, shape (n,)
        ms; 0 for moments that follow at once.
    matrix : ndarray, shape (n, n)
    drive : ndarray, shape (n,)
    per_activity : float
    per_moment : ndarray, shape (n,)
        1/ms.
    """

    mass: FloatArray
    matrix: FloatArray
    drive: FloatArray
    per_activity: float
    per_moment: FloatArray

    def response(self, lam: ComplexArray) -> ComplexArray:
        """Release per activity, shape of lambda."""
        if not self.mass.size:
            return np.full(lam.shape, self.per_activity, complex)
        system = lam[:, None, None] * np.diag(self.mass) - self.matrix
        drive = np.broadcast_to(self.drive.astype(complex)[:, None], (lam.size, self.mass.size, 1))
        moments = np.linalg.solve(system, drive)[..., 0]
        return np.asarray(self.per_activity + moments @ self.per_moment)


def moment_dynamics(stp: TsodyksMarkram | None, closure: str, rate: float) -> MomentDynamics:
    """Of the first- or second-order closure, at a rate in 1/ms."""
    if stp is None:
        return MomentDynamics(
            mass=np.zeros(0),
            matrix=np.zeros((0, 0)),
            drive=np.zeros(0),
            per_activity=1.0,
            per_moment=np.zeros(0),
        )
    if closure == "first_order":
        u, x = first_order(stp, rate=rate, dt=None)
        f, d = stp.tau_f, stp.tau_d
        return MomentDynamics(
            mass=np.array([f, d]),
            matrix=np.array([[-1 - f * rate * stp.U, 0.0], [-d * rate * x, -1 - d * rate * u]]),
            drive=np.array([f * stp.U * (1 - u), -d * u * x]),
            per_activity=u * x,
            per_moment=rate * np.array([x, u]),
        )
    m = moments_of_population(stp, rate=rate, dt=None)
    tau, to_rest, _ = relaxation_times(stp)
    change = after_spike_jacobian(stp, m) - np.eye(4)
    return MomentDynamics(
        mass=tau,
        matrix=to_rest - np.eye(4) + rate * tau[:, None] * change,
        drive=tau * (after_spike(stp, m) - m),
        per_activity=float(m[R]),
        per_moment=rate * np.eye(4)[R],
    )


@frozen(kw_only=True)
class CohortSynapses:
    """Synapses of LIF neurons in the renewal closure, by the powers of a and b of a cohort.

    What neurons hold at age s is a polynomial in a = exp(-s / tau_f) and b = exp(-s / tau_d), so
    that transforms over s are those of the intervals at shifted arguments.
    """

    after: FloatArray  # moments after a spike, shape (4,)
    shifts: FloatArray  # of a^i b^j, 1/ms, shape (terms,)
    jump: FloatArray  # moments after the next spike, shape (terms, 4)
    jump_slope: FloatArray  # their derivative by those after the last one, shape (terms, 4, 4)
    release: FloatArray  # shape (terms,)
    release_slope: FloatArray  # shape (terms, 4)

    @classmethod
    def at(cls, stp: TsodyksMarkram, *, age: FloatArray, weight: FloatArray) -> CohortSynapses:
        """In the stationary state of intervals given by nodes and weights."""
        _, after = moments_at_spikes(stp, age=age, weight=weight)
        # Polynomials from their values.
        a, b = np.array([0.0, 0.5, 1.0]), np.array([0.0, 1.0])
        grid_a, grid_b = (grid.ravel() for grid in np.meshgrid(a, b, indexing="ij"))
        powers = [(i, j) for i in range(A_POWERS) for j in range(B_POWERS)]
        vandermonde = np.stack([grid_a**i * grid_b**j for i, j in powers], axis=1)
        matrix, vector = relaxation_by(stp, grid_a, grid_b)
        before = matrix @ after + vector
        slopes = after_spike_jacobian(stp, before) @ matrix

        def coefficients(values: FloatArray) -> FloatArray:
            flat = values.reshape(len(powers), -1)
            return np.linalg.solve(vandermonde, flat).reshape(values.shape)

        jump, jump_slope = coefficients(after_spike(stp, before)), coefficients(slopes)
        release, release_slope = coefficients(before[:, R]), coefficients(matrix[:, R])
        facilitates, depresses = bool(stp.tau_f > 0), bool(stp.tau_d > 0)
        present = [(i == 0 or facilitates) and (j == 0 or depresses) for i, j in powers]
        shifts = [
            (i / stp.tau_f if i else 0.0) + (j / stp.tau_d if j else 0.0)
            for (i, j), there in zip(powers, present, strict=True)
            if there
        ]
        return cls(
            after=after,
            shifts=np.array(shifts),
            jump=jump[present],
            jump_slope=jump_slope[present],
            release=release[present],
            release_slope=release_slope[present],
        )


def cohort_release_response(
    response: RenewalResponse, synapses: CohortSynapses, lam: ComplexArray
) -> ComplexArray:
    """dy per mV of drive in the renewal closure."""
    rate, shifts = response.rate, synapses.shifts
    activity, memory = response.activity(lam)
    transform = response.density_transform(lam[:, None] + shifts)  # (lambdas, terms)
    changed = response.changed(lam, shifts, memory)
    # Spikes of a changed number of neurons per age, weighted by powers of a and b.
    spikes = activity[:, None] * transform + rate * changed
    source = spikes @ synapses.jump - activity[:, None] * synapses.after
    system = np.eye(4) - np.einsum("lt,tij->lij", transform, synapses.jump_slope)
    moments = np.linalg.solve(rate * system, source[..., None])[..., 0]
    slope = transform @ synapses.release_slope
    return np.asarray(spikes @ synapses.release + rate * np.sum(slope * moments, axis=1))
