"""Connections given one by one, as a sparse matrix."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from mesopop.arrays import FloatArray, Rebuilt, read_only, require_array, short_repr, value_key

IndexArray = NDArray[np.uint32]


def _indices(value: Any) -> Any:
    # Read-only 32-bit integers; anything else is left for the validator to refuse.
    array = np.asarray(value)
    if array.dtype.kind not in "iu" and array.size:
        return value
    if array.size and (array.min() < 0 or array.max() >= 2**32):
        return value
    array = array.astype(np.uint32)
    array.setflags(write=False)
    return array


def _shape(value: Any) -> Any:
    if isinstance(value, (tuple, list)) and all(isinstance(n, (int, np.integer)) for n in value):
        return tuple(int(n) for n in value)
    return value


@frozen(kw_only=True)
class SparseMatrix(Rebuilt):
    """The entries of a matrix of targets x sources that are not zero.

    Parameters
    ----------
    shape : tuple of int
        Numbers of targets and sources.
    targets, sources : array_like of int, shape (n,)
        Row and column of each entry, ascending by target, then by source; each pair once.
    weights : array_like, shape (n,)
        The entries.

    Raises
    ------
    ValueError
        If an index is out of range or out of order, the lengths differ, or a weight is not finite.
    TypeError
        If an argument is of the wrong kind.
    """

    shape: tuple[int, ...] = field(converter=_shape)
    targets: IndexArray = field(converter=_indices, eq=value_key, repr=short_repr)
    sources: IndexArray = field(converter=_indices, eq=value_key, repr=short_repr)
    weights: FloatArray = field(converter=read_only, eq=value_key, repr=short_repr)

    def __attrs_post_init__(self) -> None:
        if not (isinstance(self.shape, tuple) and len(self.shape) == 2 and min(self.shape) > 0):
            raise ValueError(f"shape must be two numbers of neurons, got {self.shape!r}")
        for name, size in zip(("targets", "sources"), self.shape, strict=True):
            index = getattr(self, name)
            if not isinstance(index, np.ndarray) or index.ndim != 1 or index.dtype != np.uint32:
                raise TypeError(f"{name} must be an array of integers >= 0, got {index!r}")
            if index.size and int(index.max()) >= size:
                raise ValueError(f"{name} must be < {size}, got {int(index.max())}")
        require_array("weights", self.weights, empty=True)
        if not len(self.targets) == len(self.sources) == len(self.weights):
            raise ValueError(
                "targets, sources and weights must have equal lengths, got "
                f"{len(self.targets)}, {len(self.sources)} and {len(self.weights)}"
            )
        place = self.targets.astype(np.uint64) * np.uint64(self.shape[1]) + self.sources
        if np.any(place[1:] <= place[:-1]):
            first = int(np.argmax(place[1:] <= place[:-1])) + 1
            raise ValueError(
                "entries must ascend by target, then by source, each pair once; "
                f"entry {first} does not: target {self.targets[first]}, "
                f"source {self.sources[first]}"
            )

    @property
    def mean(self) -> float:
        """Mean over all entries, zeros included."""
        return float(self.weights.sum()) / (self.shape[0] * self.shape[1])

    def by_target(self) -> dict[str, Any]:
        """Sources and weights, with the position of the first of each target."""
        first = np.zeros(self.shape[0] + 1, np.int64)
        np.cumsum(np.bincount(self.targets, minlength=self.shape[0]), out=first[1:])
        return {"first": first, "source": self.sources, "weight": self.weights}


def _as_sparse(matrix: Any) -> Any:
    # Anything but a matrix of real numbers is left for the validator to refuse.
    known = isinstance(matrix, np.ndarray) or hasattr(matrix, "tocoo")
    if not known or matrix.ndim != 2 or matrix.dtype.kind not in "iufb":
        return matrix
    if hasattr(matrix, "tocoo"):  # of scipy.sparse
        # Via CSR, which sorts and adds up what is given several times; in numbers that do not overflow.
        rows = matrix.astype(np.float64).tocsr()
        rows.sum_duplicates()
        found = rows.tocoo()
        targets, sources, weights = found.row, found.col, found.data
    else:
        targets, sources = np.nonzero(matrix)
        weights = matrix[targets, sources].astype(np.float64)
    present = weights != 0
    return SparseMatrix(
        shape=matrix.shape,
        targets=targets[present],
        sources=sources[present],
        weights=weights[present],
    )


def _matrix(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if isinstance(value, SparseMatrix):
        return
    got = repr(value)
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        got = f"{type(value).__name__} of dtype {value.dtype} and shape {value.shape}"
    raise TypeError(
        f"{attribute.name} must be a scipy.sparse matrix or a two-dimensional array of real numbers, "
        f"got {got}"
    )


@frozen
class ExplicitConnections:
    """Connections given one by one, with a weight each.

    Parameters
    ----------
    matrix : scipy.sparse array or matrix, or ndarray, shape (targets, sources)
        Entry [i, j] is the connection from neuron j of the source to neuron i of the target,
        relative to the `weight` of the projection: with ``weight=1`` the entries are in mV. What is
        zero, False or left out is not connected. The mesoscopic level uses the mean of all entries.

    Raises
    ------
    ValueError
        If an entry is not finite.
    TypeError
        If it is not a matrix of real numbers or truth values.

    Examples
    --------
    >>> import mesopop as mp
    >>> import scipy.sparse
    >>> ring = scipy.sparse.diags_array([1.0, 1.0], offsets=[1, -99], shape=(100, 100))
    >>> mp.ExplicitConnections(ring).matrix.mean
    0.01
    """

    matrix: SparseMatrix = field(converter=_as_sparse, validator=_matrix)
