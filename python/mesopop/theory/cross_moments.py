"""Covariances of (u, x) between two kinds of synapses of the same neurons, before their spikes.

The neurons and their spikes are the same. From spike to spike the deviations from rest u - U0 and
x - 1 of both decay over the same interval; at a spike both jump. Products of second order close the
hierarchy as in the simulations: those of Gaussian u and x.
"""

from __future__ import annotations

import numpy as np

from mesopop.arrays import FloatArray
from mesopop.plasticity import Parameter, TsodyksMarkram
from mesopop.theory.spike_chain import SpikeMoments
from mesopop.theory.synapse_moments import decay


def cross_covariance(
    first: TsodyksMarkram,
    second: TsodyksMarkram,
    *,
    moments: tuple[SpikeMoments, SpikeMoments],
    age: FloatArray,
    weight: FloatArray,
) -> FloatArray:
    """Covariance of (u, x) of the first with (u, x) of the second, shape (2, 2).

    For intervals given by the nodes and weights of a quadrature; `moments` are those of each before
    spikes.
    """
    m, n = moments
    U0, U = (float(first.U0), float(second.U0)), (float(first.U), float(second.U))
    # Of u after a spike by u before; of x by x, and what a deviation of u takes from x: nothing if
    # x = 1 always.
    slope = 1 - U[0], 1 - U[1]
    depletes = float(first.tau_d > 0), float(second.tau_d > 0)
    keeps = 1 - depletes[0] * m.u, 1 - depletes[1] * n.u
    takes = depletes[0] * m.x, depletes[1] * n.x

    def mean(tau_first: Parameter, tau_second: Parameter) -> float:
        # Of the product of both decays over an interval.
        return float(weight @ (decay(age, tau_first) * decay(age, tau_second)))

    def stationary(
        both: float,
        own: float,
        given: float,
        after: tuple[float, float],
        before: tuple[float, float],
    ) -> float:
        # The product of two deviations from rest is `both` times that after the last spike, which
        # consists of their means and the covariance own * cov + given.
        product = both * (after[0] * after[1] + given) - before[0] * before[1]
        return product / (1 - both * own)

    u = (m.u - U0[0], n.u - U0[1])
    x = (m.x - 1, n.x - 1)
    after_u = (u[0] + U[0] * (1 - m.u), u[1] + U[1] * (1 - n.u))
    after_x = (x[0] - depletes[0] * m.release, x[1] - depletes[1] * n.release)
    uu = stationary(mean(first.tau_f, second.tau_f), slope[0] * slope[1], 0.0, after_u, u)
    ux = stationary(
        mean(first.tau_f, second.tau_d),
        slope[0] * keeps[1],
        -slope[0] * takes[1] * uu,
        (after_u[0], after_x[1]),
        (u[0], x[1]),
    )
    xu = stationary(
        mean(first.tau_d, second.tau_f),
        slope[1] * keeps[0],
        -slope[1] * takes[0] * uu,
        (after_x[0], after_u[1]),
        (x[0], u[1]),
    )
    both_deplete = depletes[0] * depletes[1]
    xx = stationary(
        mean(first.tau_d, second.tau_d),
        keeps[0] * keeps[1] + both_deplete * uu,
        takes[0] * takes[1] * uu
        - takes[0] * keeps[1] * ux
        - keeps[0] * takes[1] * xu
        + both_deplete * ux * xu,
        after_x,
        x,
    )
    return np.array([[uu, ux], [xu, xx]])
