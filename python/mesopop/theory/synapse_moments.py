"""Moments of (u, x) over neurons: how they relax, what a spike does to them.

Raw moments <u>, <u^2>, <x>, <u x>, along the last axis. <x^2> influences none of these. The third
moment that a spike needs is that of Gaussian u and x: <u^2 x> = x P + 2 u R - 2 u^2 x.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from mesopop.arrays import FloatArray
from mesopop.plasticity import Parameter, TsodyksMarkram

U, P, X, R = range(4)  # <u>, <u^2>, <x>, <u x>


def decay(age: ArrayLike, tau: Parameter) -> FloatArray:
    """exp(-age / tau); 0 if tau = 0."""
    age, tau = np.asarray(age, float), float(tau)
    return np.exp(-age / tau) if tau > 0 else np.zeros(age.shape)


def relaxation(stp: TsodyksMarkram, age: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Matrix and vector of the affine map of the moments over a time (ms) without spikes.

    Shapes (..., 4, 4) and (..., 4) for ages of shape (...).
    """
    return relaxation_by(stp, decay(age, stp.tau_f), decay(age, stp.tau_d))


def relaxation_by(
    stp: TsodyksMarkram, a: FloatArray, b: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """As `relaxation`, by the factors by which u - U0 and x - 1 decay."""
    rest = stp.U0 * (1 - a)  # what u has of U0
    matrix, vector = np.zeros((*a.shape, 4, 4)), np.zeros((*a.shape, 4))
    matrix[..., U, U] = a
    matrix[..., P, P] = a**2
    matrix[..., P, U] = 2 * rest * a
    matrix[..., X, X] = b
    matrix[..., R, R] = a * b
    matrix[..., R, U] = a * (1 - b)
    matrix[..., R, X] = rest * b
    vector[..., U] = rest
    vector[..., P] = rest**2
    vector[..., X] = 1 - b
    vector[..., R] = rest * (1 - b)
    return matrix, vector


def after_spike(stp: TsodyksMarkram, m: FloatArray) -> FloatArray:
    """Moments after a spike of all neurons. (No depletion if tau_d = 0.)"""
    a, jump, depletes = 1 - stp.U, stp.U, float(stp.tau_d > 0)
    u, p, x, r = (m[..., i] for i in range(4))
    u2x = x * p + 2 * u * r - 2 * u**2 * x
    return np.stack(
        [
            jump + a * u,
            a**2 * p + 2 * a * jump * u + jump**2,
            x - depletes * r,
            a * (r - depletes * u2x) + jump * (x - depletes * r),
        ],
        axis=-1,
    )


def after_spike_jacobian(stp: TsodyksMarkram, m: FloatArray) -> FloatArray:
    """Derivative of `after_spike`, shape (..., 4, 4)."""
    a, jump, depletes = 1 - stp.U, stp.U, float(stp.tau_d > 0)
    u, p, x, r = (m[..., i] for i in range(4))
    out = np.zeros((*m.shape, 4))
    out[..., U, U] = a
    out[..., P, P] = a**2
    out[..., P, U] = 2 * a * jump
    out[..., X, X] = 1.0
    out[..., X, R] = -depletes
    out[..., R, U] = -a * depletes * (2 * r - 4 * u * x)
    out[..., R, P] = -a * depletes * x
    out[..., R, X] = jump - a * depletes * (p - 2 * u**2)
    out[..., R, R] = a * (1 - 2 * depletes * u) - jump * depletes
    return out


def moments_at_spikes(
    stp: TsodyksMarkram, *, age: FloatArray, weight: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Stationary moments of neurons before and after their spikes, for renewal intervals.

    Neurons that fired together are one group, Gaussian at every age; those that fire together now
    are mixed from all groups. Ages of shape (nodes,); returned are the moments before a spike at
    each age, shape (nodes, 4), and those after a spike, shape (4,).
    """
    matrix, vector = relaxation(stp, age)

    def mapped(m: FloatArray) -> FloatArray:
        before = np.einsum("nij,j->ni", matrix, m) + vector
        return np.asarray(np.einsum("n,ni->i", weight, after_spike(stp, before)))

    after = _solved(mapped)
    return matrix @ after + vector, after


def moments_of_population(stp: TsodyksMarkram, *, rate: float, dt: float | None) -> FloatArray:
    """Stationary moments before a spike if those that fire are a random sample of all neurons.

    `rate` in 1/ms. In steps of dt the fraction rate dt fires in every step.
    """
    if dt is None:
        return _population_in_continuous_time(stp, rate)
    matrix, vector = relaxation(stp, dt)
    fires = rate * dt

    def mapped(m: FloatArray) -> FloatArray:
        return np.asarray(matrix @ ((1 - fires) * m + fires * after_spike(stp, m)) + vector)

    return _solved(mapped)


def _population_in_continuous_time(stp: TsodyksMarkram, rate: float) -> FloatArray:
    # Drifts times the time constants, so that time constants of 0 need no care.
    tau, to_rest, constant = relaxation_times(stp)

    def mapped(m: FloatArray) -> FloatArray:
        return np.asarray(to_rest @ m + constant + tau * rate * (after_spike(stp, m) - m))

    return _solved(mapped)


def relaxation_times(stp: TsodyksMarkram) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Time constant tau of each moment, and matrix and vector of what it relaxes to.

    Without spikes tau dm/dt = matrix m + vector - m, in which tau may be 0.
    """
    f, d = stp.tau_f, stp.tau_d
    both = f * d / (f + d) if f + d > 0 else 0.0
    # <u x> relaxes to U0 <x> as u does, and to <u> as x does.
    share = d / (f + d) if f + d > 0 else 0.5
    matrix = np.zeros((4, 4))
    matrix[P, U] = stp.U0
    matrix[R, X], matrix[R, U] = share * stp.U0, 1 - share
    return np.array([f, f / 2, d, both]), matrix, np.array([stp.U0, 0.0, 1.0, 0.0])


def _solved(mapped: Callable[[FloatArray], FloatArray]) -> FloatArray:
    # Fixed point of a map that is affine in (u, P), and in (x, R) given these.
    m = np.zeros(4)
    for block in ([U, P], [X, R]):
        m[block] = 0.0
        offset = mapped(m)[block]
        slope = np.zeros((2, 2))
        for column, variable in enumerate(block):
            m[block] = 0.0
            m[variable] = 1.0
            slope[:, column] = mapped(m)[block] - offset
        m[block] = np.linalg.solve(np.eye(2) - slope, offset)
    return m


def first_order(stp: TsodyksMarkram, *, rate: float, dt: float | None) -> tuple[float, float]:
    """Stationary means of u and x before a spike, of neurons that all have these; 1/ms."""
    U0, U = float(stp.U0), float(stp.U)
    if dt is None:
        facilitation, depression = U * rate * float(stp.tau_f), rate * float(stp.tau_d)
        u = (U0 + facilitation) / (1 + facilitation)
        return u, 1 / (1 + u * depression)
    f, d = float(decay(dt, stp.tau_f)), float(decay(dt, stp.tau_d))
    fires = rate * dt
    u = (U0 * (1 - f) + f * fires * U) / (1 - f + f * fires * U)
    return u, (1 - d) / (1 - d + d * fires * u)


def population_means(
    stp: TsodyksMarkram, *, rate: float, u: float, release: float, dt: float | None
) -> tuple[float, float]:
    """Means of u and x over time, from u before spikes and the release per spike.

    What relaxes in a time must be what spikes change in it. In steps: at the ends of steps.
    """
    tau_f, tau_d = float(stp.tau_f), float(stp.tau_d)
    if dt is None:
        gain, loss = tau_f, tau_d
    else:
        gain = dt / -math.expm1(-dt / tau_f) if tau_f > 0 else dt
        loss = dt / -math.expm1(-dt / tau_d) if tau_d > 0 else 0.0
    return float(stp.U0) + gain * rate * float(stp.U) * (1 - u), 1 - loss * rate * release
