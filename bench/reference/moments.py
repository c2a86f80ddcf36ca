"""First and second moments of (u, x) over a group of neurons, and what spikes do to them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .plasticity import Plasticity


@dataclass(frozen=True)
class Moments:
    """Means and covariances (about the group's own means, divided by its size) of u and x."""

    u: float
    x: float
    var_u: float
    var_x: float
    cov: float

    @classmethod
    def of(cls, u: np.ndarray, x: np.ndarray) -> Moments:
        """Empirical moments of given neurons."""
        (var_u, cov), (_, var_x) = np.cov(u, x, bias=True)
        return cls(u.mean(), x.mean(), var_u, var_x, cov)


def relax(group: Moments, p: Plasticity) -> Moments:
    """Exact relaxation over a step: the deviations of u and x decay."""
    return Moments(
        u=p.U0 + (group.u - p.U0) * p.decay_u,
        x=1 + (group.x - 1) * p.decay_x,
        var_u=group.var_u * p.decay_u**2,
        var_x=group.var_x * p.decay_x**2,
        cov=group.cov * p.decay_u * p.decay_x,
    )


def after_spike(group: Moments, p: Plasticity) -> Moments:
    """Every neuron of the group fires once: u -> u + U (1 - u), x -> x - u x.

    With (u, x) taken as Gaussian. This is the map of the raw moments P = <u^2>, Q = <x^2>,
    R = <u x> with the Gaussian closure <u^2 x> = x P + 2 u R - 2 u^2 x, ..., written for
    covariances: u is mapped affinely, with slope 1 - U, and x is multiplied by w = 1 - u, so that

        Var(w x)    = x^2 Var(u) + w^2 Var(x) - 2 w x C + Var(u) Var(x) + C^2
        Cov(u, w x) = w C - x Var(u)
    """
    slope = 1 - p.U
    var_x, cov = group.var_x, group.cov
    if p.depletion > 0:  # otherwise x = 1 always
        w = 1 - group.u
        cov = w * group.cov - group.x * group.var_u
        var_x = (
            group.x**2 * group.var_u
            + w**2 * group.var_x
            - 2 * w * group.x * group.cov
            + group.var_u * group.var_x
            + group.cov**2
        )
    return Moments(
        u=p.U + slope * group.u,
        x=group.x - p.depletion * (group.u * group.x + group.cov),
        var_u=slope**2 * group.var_u,
        var_x=var_x,
        cov=slope * cov,
    )


def mixture(fraction: float, first: Moments, second: Moments) -> Moments:
    """Moments of a group of which `fraction` has the moments `first`, the rest `second`."""
    rest = 1 - fraction
    between = fraction * rest
    du, dx = first.u - second.u, first.x - second.x
    return Moments(
        u=fraction * first.u + rest * second.u,
        x=fraction * first.x + rest * second.x,
        var_u=fraction * first.var_u + rest * second.var_u + between * du**2,
        var_x=fraction * first.var_x + rest * second.var_x + between * dx**2,
        cov=fraction * first.cov + rest * second.cov + between * du * dx,
    )


def pooled(sizes: np.ndarray, groups: Moments) -> Moments:
    """Moments of several groups together; `groups` holds arrays."""
    weight = sizes / sizes.sum()
    u, x = weight @ groups.u, weight @ groups.x
    du, dx = groups.u - u, groups.x - x
    return Moments(
        u=u,
        x=x,
        var_u=weight @ (groups.var_u + du**2),
        var_x=weight @ (groups.var_x + dx**2),
        cov=weight @ (groups.cov + du * dx),
    )


def split(group: Moments, size: int, k: float, normals: np.ndarray) -> tuple[Moments, Moments]:
    """Draw k of the group's `size` neurons at random, without replacement: those drawn, the others.

    The mean over those drawn has the covariance Sigma q / k with q = (size - k) / (size - 1); it is
    taken as Gaussian (`normals`: two standard normals). The others keep what remains of the total,
    so that means are conserved exactly. Within the two parts the covariances are the expected ones,
    Sigma (1 - q / k) and, for the others, the same expression with size - k; with the variance
    between the two means they add up to Sigma, on average over the normals.

    Gaussian numbers of spikes are real and may be negative. Sums over the spikes then keep the
    variance |k| Sigma if the mean is that over max(|k|, 1) neurons; over |k| < 1 neurons its
    variance, and what its square does to the moments, would have no bound.
    """
    drawn_size = max(abs(k), 1.0)
    spread = max(size - drawn_size, 0) / ((size - 1) * drawn_size)
    # Cholesky factor of Sigma; rounding may leave a variance slightly negative.
    var_u = max(group.var_u, 0.0)
    slope = group.cov / var_u if var_u > 0 else 0.0
    var_x_given_u = group.var_x - slope * group.cov
    if var_x_given_u <= 1e-12 * group.var_x:
        var_x_given_u = 0.0  # u and x in lockstep: what is left is rounding
    du = math.sqrt(var_u * spread) * normals[0]
    dx = slope * du + math.sqrt(var_x_given_u * spread) * normals[1]

    drawn = shifted(group, du, dx, 1 - spread)
    others = size - k
    if others <= 0:
        return drawn, group  # nobody is left, with weight 0 in the mixture
    return drawn, shifted(
        group, -du * k / others, -dx * k / others, max(1 - spread * (k / others) ** 2, 0.0)
    )


def shifted(group: Moments, du: float, dx: float, covariance_factor: float) -> Moments:
    """Moments of a part of a group whose means differ by du and dx."""
    return Moments(
        group.u + du,
        group.x + dx,
        group.var_u * covariance_factor,
        group.var_x * covariance_factor,
        group.cov * covariance_factor,
    )
