"""Exact moments of u and x before the spikes of a renewal process.

From one spike to the next (u, x) is a Markov chain driven by independent intervals. With w = 1 - u,

    w' = (1 - U0) (1 - a) + (1 - U) a w,    x' = 1 - b + b w x,
    a = exp(-interval / tau_f),  b = exp(-interval / tau_d),

so that <w^k> closes at every order, while <w^k x> needs <w^(k+1) x>, and <w^k x^2> needs
<w^(k+2) x^2>. These influences decay with k, since w < 1: the hierarchy is cut where the result no
longer changes.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen

from mesopop.arrays import FloatArray
from mesopop.plasticity import TsodyksMarkram
from mesopop.theory.synapse_moments import decay

ORDERS = (8, 16, 32, 64, 128, 256)
TOLERANCE = 1e-12


@frozen
class SpikeMoments:
    """Moments of u and x immediately before spikes."""

    u: float
    x: float
    var_u: float
    var_x: float
    cov: float
    release: float
    var_release: float


def exact_moments(stp: TsodyksMarkram, *, age: FloatArray, weight: FloatArray) -> SpikeMoments:
    """For intervals given by the nodes and weights of a quadrature.

    Raises
    ------
    ArithmeticError
        If the hierarchy does not converge.
    """
    a, b = decay(age, stp.tau_f), decay(age, stp.tau_d)
    found = _cut(stp, a, b, weight, ORDERS[0])
    for order in ORDERS[1:]:
        finer = _cut(stp, a, b, weight, order)
        change = np.abs(np.subtract(finer, found)).max()
        found = finer
        if change < TOLERANCE:
            break
    else:
        raise ArithmeticError(f"moments of u and x do not converge for {stp!r}")
    u, u2, x, x2, ux, u2x2 = map(float, found)
    return SpikeMoments(
        u=u,
        x=x,
        var_u=u2 - u**2,
        var_x=x2 - x**2,
        cov=ux - u * x,
        release=ux,
        var_release=u2x2 - ux**2,
    )


def _cut(
    stp: TsodyksMarkram, a: FloatArray, b: FloatArray, weight: FloatArray, order: int
) -> list[float]:
    rest, slope = (1 - stp.U0) * (1 - a), (1 - stp.U) * a
    n = order + 3
    mean, once, twice = np.zeros((3, n, n))  # of coefficients times 1, b, b^2
    coefficients = np.zeros((n, a.size))  # of w^j in (rest + slope w)^k
    coefficients[0] = 1.0
    for k in range(n):
        if k:
            coefficients[1 : k + 1] = rest * coefficients[1 : k + 1] + slope * coefficients[:k]
            coefficients[0] *= rest
        weighted = coefficients[: k + 1] * weight
        mean[k, : k + 1] = weighted.sum(axis=1)
        once[k, : k + 1] = weighted @ b
        twice[k, : k + 1] = weighted @ b**2
    w = np.zeros(n)
    w[0] = 1.0
    for k in range(1, n):
        w[k] = mean[k, :k] @ w[:k] / (1 - mean[k, k])
    wx = _hierarchy(once, (mean - once) @ w, w, shift=1)
    source = (mean - 2 * once + twice) @ w + 2 * (once - twice)[:, :-1] @ wx[1:]
    wxx = _hierarchy(twice, source, w, shift=2)
    return [
        1 - w[1],
        1 - 2 * w[1] + w[2],
        wx[0],
        wxx[0],
        wx[0] - wx[1],
        wxx[0] - 2 * wxx[1] + wxx[2],
    ]


def _hierarchy(matrix: FloatArray, source: FloatArray, w: FloatArray, *, shift: int) -> FloatArray:
    # m_k = source_k + sum over j of matrix_kj m_{j + shift}, and beyond the last as if x did not
    # depend on w.
    n = len(w)
    system = np.eye(n)
    system[:, shift:] -= matrix[:, : n - shift]
    ratio = w[-1] / w[-2] if w[-2] > 0 else 0.0
    for column in range(n - shift, n):
        system[:, -1] -= matrix[:, column] * ratio ** (column + shift - n + 1)
    return np.asarray(np.linalg.solve(system, source), float)
