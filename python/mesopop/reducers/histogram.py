"""Histograms."""

from __future__ import annotations

import numpy as np
from attrs import define, field, frozen
from numpy.typing import NDArray

from mesopop.arrays import FloatArray, read_only, require_array, require_ascending, short_repr
from mesopop.reducers.reducer import (
    Floats,
    Reducer,
    SettingsOfFields,
    State,
    quantity_known,
    shape_repr,
)
from mesopop.validation import text


@frozen(kw_only=True, eq=False)
class Counts:
    """A histogram.

    Attributes
    ----------
    edges : ndarray, shape (n + 1,)
        Of the classes, which include their lower edge; the last one both.
    counts : ndarray of int, shape (n,) or (trials, n)
        Bins of the recording with a value in each class.
    below, above : ndarray of int, shape () or (trials,)
        Bins with a value below the first and above the last edge.
    """

    edges: FloatArray = field(repr=short_repr)
    counts: NDArray[np.int64] = field(repr=shape_repr)
    below: NDArray[np.int64] = field(repr=shape_repr)
    above: NDArray[np.int64] = field(repr=shape_repr)

    @property
    def density(self) -> Floats:
        """Probability density, per unit of the series; what is outside counts as well."""
        outside = (self.below + self.above)[..., np.newaxis]
        whole = self.counts.sum(axis=-1, keepdims=True) + outside
        density: Floats = self.counts / (whole * np.diff(self.edges))
        return density


@define(eq=False)
class Histogram(SettingsOfFields, Reducer):
    """How often a series takes which values. Its `result` is a `Counts`.

    Parameters
    ----------
    quantity, label : str
        The series, e.g. ``"rate", "E"``.
    edges : array_like, shape (n + 1,)
        Of the classes, ascending, in the units of the series.

    Raises
    ------
    ValueError, TypeError
        If the quantity is unknown, or the edges do not ascend.

    Examples
    --------
    >>> import mesopop as mp
    >>> simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, level="meso", seed=1)
    >>> rates = mp.reducers.Histogram("rate", "E", edges=[0, 10, 20, 30, 60])
    >>> for block in simulation.blocks(20_000, block=1000, record_dt=10):
    ...     rates.update(block)
    >>> rates.result.counts, int(rates.result.above)
    (array([ 471,   57,  236, 1083]), 153)
    """

    quantity: str = field(validator=quantity_known)
    label: str = field(validator=text())
    edges: FloatArray = field(converter=read_only, kw_only=True)
    _counts: NDArray[np.int64] = field(
        init=False, repr=False, factory=lambda: np.empty((0, 0), np.int64)
    )

    def __attrs_post_init__(self) -> None:
        require_array("edges", self.edges)
        require_ascending("edges", self.edges, "", strictly=True)
        if len(self.edges) < 2:
            raise ValueError(f"edges must be at least 2, got {len(self.edges)}")

    @property
    def series(self) -> tuple[tuple[str, str], ...]:
        """The series that is counted."""
        return ((self.quantity, self.label),)

    def take(self, values: Floats) -> None:
        """Count the values of the next bins."""
        if self.bins == 0:
            self._counts = np.zeros((self.trials, len(self.edges) + 1), np.int64)
        for counts, series in zip(self._counts, values[0], strict=True):
            counts[1:-1] += np.histogram(series, self.edges)[0]
            counts[0] += np.count_nonzero(series < self.edges[0])
            counts[-1] += np.count_nonzero(series > self.edges[-1])

    @property
    def result(self) -> Counts:
        """The counts so far."""
        counts = self.per_trial(self._counts)
        return Counts(
            edges=self.edges,
            counts=counts[..., 1:-1].copy(),
            below=counts[..., 0].copy(),
            above=counts[..., -1].copy(),
        )

    def memory(self) -> State:
        """Counts, those below and above the edges first and last."""
        return {"counts": self._counts}

    def remember(self, memory: State) -> None:
        """Put back what `memory` gave."""
        self._counts = memory["counts"]
