"""Gauss quadrature along the age of a neuron: of integrals over panels, and of sums over steps."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from mesopop.arrays import FloatArray

Number = TypeVar("Number", np.float64, np.complex128)

NODES = 10  # per panel or block: polynomials up to degree 19 are exact


@frozen
class Panels:
    """Gauss-Legendre nodes in every panel between two neighbouring edges.

    Parameters
    ----------
    edges : ndarray, shape (panels + 1,)
        Ascending.
    """

    edges: FloatArray

    @property
    def width(self) -> FloatArray:
        """Of each panel, shape (panels,)."""
        return np.diff(self.edges)

    @property
    def nodes(self) -> FloatArray:
        """Shape (panels * NODES,)."""
        node, _, _ = _legendre()
        return (self.edges[:-1, None] + self.width[:, None] * node).ravel()

    @property
    def weights(self) -> FloatArray:
        """Of the integral over all panels, shape (panels * NODES,)."""
        _, weight, _ = _legendre()
        return (self.width[:, None] * weight).ravel()

    def integral_to_nodes(self, values: NDArray[Number]) -> NDArray[Number]:
        """Integral of what has these values at the nodes (last axis), from 0 to each node."""
        _, weight, integral = _legendre()
        values = values.reshape(*values.shape[:-1], -1, NODES) * self.width[:, None]
        whole = np.einsum("...n,n->...", values, weight)
        before = np.cumsum(whole, axis=-1) - whole
        sums = before[..., None] + np.einsum("...n,mn->...m", values, integral)
        return np.asarray(sums.reshape(*sums.shape[:-2], -1))

    def integrals(self, values: FloatArray) -> FloatArray:
        """Integral over each panel, shape (panels,)."""
        _, weight, _ = _legendre()
        return (values.reshape(-1, NODES) @ weight) * self.width


@lru_cache
def _legendre() -> tuple[FloatArray, FloatArray, FloatArray]:
    # Nodes and weights on [0, 1], and the matrix that integrates the polynomial through values at
    # the nodes from 0 to each node.
    node, weight = np.polynomial.legendre.leggauss(NODES)
    degrees = np.arange(NODES)
    polynomials = np.polynomial.legendre.legvander(node, NODES)
    # The integral of P_n from -1 is (P_{n+1} - P_{n-1}) / (2 n + 1), and 1 + x for n = 0.
    lower = np.column_stack([-np.ones(NODES), polynomials[:, : NODES - 1]])
    integrated = (polynomials[:, 1:] - lower) / (2 * degrees + 1)
    to_coefficients = (polynomials[:, :NODES] * weight[:, None]).T * (degrees[:, None] + 0.5)
    return (node + 1) / 2, weight / 2, integrated @ to_coefficients / 2


def blocks_of_steps(first: int, lengths: list[int]) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of a sum over steps first, first + 1, ..., taken in blocks.

    A block longer than the number of nodes has the Gauss nodes of the sum over its steps, which are
    those of the discrete Chebyshev (Gram) polynomials: exact like those of an integral.
    """
    nodes, weights = [], []
    for length in lengths:
        node, weight = _gram(length)
        nodes.append(first + node)
        weights.append(weight)
        first += length
    return np.concatenate(nodes), np.concatenate(weights)


@lru_cache(maxsize=4096)
def _gram(length: int) -> tuple[FloatArray, FloatArray]:
    if length <= NODES:
        return np.arange(float(length)), np.ones(length)
    # Golub and Welsch: eigenvalues of the Jacobi matrix of the recurrence.
    n = np.arange(1.0, NODES)
    off_diagonal = np.sqrt((float(length) ** 2 - n**2) / (4 * (4 - n**-2)))
    jacobi = np.diag(off_diagonal, 1) + np.diag(off_diagonal, -1)
    node, vectors = np.linalg.eigh(jacobi)
    return node + (length - 1) / 2, length * vectors[0] ** 2
