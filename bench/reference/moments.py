"""First and second moments of (u, x) over a group of neurons, and what spikes do to them.

The synapses of a population may have several sets of plasticity parameters. The neurons are the same,
and so are their spikes: the u and x of all sets together are one vector (u_1, x_1, u_2, x_2, ...) for
each neuron, of which the group has one mean and one covariance matrix.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .plasticity import Plasticity


@dataclass(frozen=True)
class Moments:
    """Mean and covariance (about the group's own mean, divided by its size).

    mean : ndarray, shape (..., 2 sets)
        u and x of each set in turn.
    cov : ndarray, shape (..., 2 sets, 2 sets)
    """

    mean: np.ndarray
    cov: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Moments:
        """Empirical moments of given neurons, shape (neurons, 2 sets)."""
        return cls(values.mean(axis=0), np.cov(values.T, bias=True))

    @property
    def u(self) -> np.ndarray:
        return self.mean[..., ::2]

    @property
    def x(self) -> np.ndarray:
        return self.mean[..., 1::2]

    @property
    def release(self) -> np.ndarray:
        """<u x> of each set."""
        return self.u * self.x + np.diagonal(self.cov[..., ::2, 1::2], axis1=-2, axis2=-1)


def in_turn(of_u: np.ndarray, of_x: np.ndarray) -> np.ndarray:
    """Values of u and x of each set in turn."""
    return np.stack([of_u, of_x], axis=-1).reshape(*np.shape(of_u)[:-1], -1)


def relax(group: Moments, p: Plasticity) -> Moments:
    """Exact relaxation over a step: the deviations of u and x decay."""
    rest, decay = in_turn(p.U0, np.ones_like(p.U0)), in_turn(p.decay_u, p.decay_x)
    return Moments(rest + (group.mean - rest) * decay, group.cov * np.outer(decay, decay))


def after_spike(group: Moments, p: Plasticity) -> Moments:
    """Every neuron of the group fires once: u -> u + U (1 - u), x -> x - u x.

    With the vector taken as Gaussian. Of its deviations the map has a linear part, the matrix J, and
    the products du dx, whose covariance is that of products of Gaussian numbers (Isserlis); those of
    odd order do not correlate with those of even order.
    """
    n_sets = len(p.U)
    u, x = 2 * np.arange(n_sets), 2 * np.arange(n_sets) + 1
    jacobian = np.zeros(group.cov.shape)
    jacobian[..., u, u] = 1 - p.U
    jacobian[..., x, u] = -p.depletion * group.x  # depletion 0: x = 1 always
    jacobian[..., x, x] = 1 - p.depletion * group.u
    cov = jacobian @ group.cov @ np.swapaxes(jacobian, -1, -2)
    uu, ux = group.cov[..., ::2, ::2], group.cov[..., ::2, 1::2]
    xu, xx = group.cov[..., 1::2, ::2], group.cov[..., 1::2, 1::2]
    cov[..., 1::2, 1::2] += np.outer(p.depletion, p.depletion) * (uu * xx + ux * xu)
    return Moments(
        in_turn(group.u + p.U * (1 - group.u), group.x - p.depletion * group.release), cov
    )


def outer(a: np.ndarray) -> np.ndarray:
    return a[..., :, None] * a[..., None, :]


def mixture(fraction: float, first: Moments, second: Moments) -> Moments:
    """Moments of a group of which `fraction` has the moments `first`, the rest `second`."""
    rest = 1 - fraction
    return Moments(
        fraction * first.mean + rest * second.mean,
        fraction * first.cov
        + rest * second.cov
        + fraction * rest * outer(first.mean - second.mean),
    )


def pooled(sizes: np.ndarray, groups: Moments) -> Moments:
    """Moments of several groups together, which are along the first axis."""
    weight = sizes / sizes.sum()
    mean = weight @ groups.mean
    return Moments(mean, np.einsum("g,gij->ij", weight, groups.cov + outer(groups.mean - mean)))


def split(group: Moments, size: int, k: float, normals: np.ndarray) -> tuple[Moments, Moments]:
    """Draw k of the group's `size` neurons at random, without replacement: those drawn, the others.

    The mean over those drawn has the covariance Sigma q / k with q = (size - k) / (size - 1); it is
    taken as Gaussian (`normals`: two standard normals for each set). The others keep what remains of
    the total, so that means are conserved exactly. Within the two parts the covariances are the
    expected ones, Sigma (1 - q / k) and, for the others, the same expression with size - k; with the
    variance between the two means they add up to Sigma, on average over the normals.

    Gaussian numbers of spikes are real and may be negative. Sums over the spikes then keep the
    variance |k| Sigma if the mean is that over max(|k|, 1) neurons; over |k| < 1 neurons its
    variance, and what its square does to the moments, would have no bound.
    """
    drawn_size = max(abs(k), 1.0)
    spread = max(size - drawn_size, 0) / ((size - 1) * drawn_size)
    shift = math.sqrt(spread) * (root(group.cov) @ normals)
    drawn = shifted(group, shift, 1 - spread)
    others = size - k
    if others <= 0:
        return drawn, group  # nobody is left, with weight 0 in the mixture
    return drawn, shifted(group, -shift * k / others, max(1 - spread * (k / others) ** 2, 0.0))


def root(cov: np.ndarray) -> np.ndarray:
    """Cholesky factor, row by row, of a covariance that may be singular.

    A part of a variance that may be rounding error is left out: within the first set, whose draws
    are those of a set alone, 1e-12; between sets, where errors grow as they are divided by it, 1e-6.
    After negative numbers of spikes the matrix may not be a covariance; no variable of a later set
    then varies more than its variance says.
    """
    factor = np.zeros_like(cov)
    explains = np.zeros(len(cov), bool)
    for i, variance in enumerate(np.diagonal(cov)):
        first_set = i < 2
        left = max(variance, 0.0)
        for j in range(i):
            if explains[j] or (first_set and factor[j, j] > 0):
                factor[i, j] = (cov[i, j] - factor[i, :j] @ factor[j, :j]) / factor[j, j]
            if not first_set:
                factor[i, j] = min(max(factor[i, j], -math.sqrt(left)), math.sqrt(left))
            left -= factor[i, j] ** 2
            if not first_set and left <= 1e-6 * variance:
                left = 0.0
        explains[i] = left > max(1e-6 * variance, 0.0)
        if explains[i] or (first_set and left > max(1e-12 * variance, 0.0)):
            factor[i, i] = math.sqrt(left)
    return factor


def shifted(group: Moments, shift: np.ndarray, covariance_factor: float) -> Moments:
    """Moments of a part of a group whose means differ by `shift`."""
    return Moments(group.mean + shift, group.cov * covariance_factor)
