"""Means and covariances."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from attrs import define, field, frozen

from mesopop.reducers.pending import Pending
from mesopop.reducers.reducer import Floats, Reducer, State, quantity_known

_CHUNK = 4096  # bins summed at a time, counted from the first, whatever the blocks


@frozen(kw_only=True, eq=False)
class MomentsFound:
    """Mean and covariance of several series.

    Attributes
    ----------
    series : tuple of (str, str)
        Quantity and label of each.
    mean : ndarray, shape (series,) or (trials, series)
    covariance : ndarray, shape (series, series) or (trials, series, series)
        Divided by the number of bins - 1, as by `numpy.cov`. (Bins are not independent.)
    bins : int
    """

    series: tuple[tuple[str, str], ...]
    mean: Floats
    covariance: Floats
    bins: int


def _pairs(series: Iterable[Any]) -> Any:
    if isinstance(series, Iterable) and not isinstance(series, str):
        return tuple(tuple(pair) if isinstance(pair, list) else pair for pair in series)
    return series


def _check_pairs(instance: Any, attribute: Any, value: Any) -> None:
    if not isinstance(value, tuple) or not value:
        raise TypeError(f'series must be pairs such as ("rate", "E"), got {value!r}')
    for pair in value:
        if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[1], str)):
            raise TypeError(f'series must be pairs such as ("rate", "E"), got {pair!r}')
        quantity_known(instance, attribute, pair[0])


@define(eq=False)
class Moments(Reducer):
    """Mean and covariance matrix of one or several series. Its `result` is a `MomentsFound`.

    Parameters
    ----------
    series : sequence of (str, str)
        Quantity and label of each, e.g. ``[("rate", "E"), ("x", "E->E")]``.

    Raises
    ------
    ValueError, TypeError
        If there is none, or a quantity is unknown.

    Examples
    --------
    >>> import mesopop as mp
    >>> simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, level="meso", seed=1)
    >>> moments = mp.reducers.Moments([("rate", "E"), ("x", "E->E")])
    >>> for block in simulation.blocks(20_000, block=1000, record_dt=10):
    ...     moments.update(block)
    >>> moments.result.mean.round(3)
    array([32.33,  0.65])
    """

    series: tuple[tuple[str, str], ...] = field(converter=_pairs, validator=_check_pairs)
    # Of whole chunks: number of bins, mean, and sum of products of deviations.
    _n: int = field(init=False, repr=False, default=0)
    _mean: Floats = field(init=False, repr=False, factory=lambda: np.empty(0))
    _products: Floats = field(init=False, repr=False, factory=lambda: np.empty(0))
    _pending: Pending = field(init=False, repr=False, factory=Pending)

    def settings(self) -> dict[str, Any]:
        """The series, as lists."""
        return {"series": [list(pair) for pair in self.series]}

    def take(self, values: Floats) -> None:
        """Sum the next bins, a whole chunk at a time."""
        if self.bins == 0:
            n = len(self.series)
            self._mean, self._products = np.zeros((self.trials, n)), np.zeros((self.trials, n, n))
        for chunk in self._pending.chunks(values, _CHUNK):
            self._n, self._mean, self._products = self._joined(chunk)

    @property
    def result(self) -> MomentsFound:
        """Mean and covariance of all bins so far, those of an incomplete chunk too."""
        n, mean, products = self._joined(self._pending.values)
        with np.errstate(divide="ignore", invalid="ignore"):
            covariance = products / (n - 1)
        return MomentsFound(
            series=self.series,
            mean=self.per_trial(mean),
            covariance=self.per_trial(covariance),
            bins=n,
        )

    def memory(self) -> State:
        """Moments of whole chunks, and the bins of an incomplete one."""
        return {
            "n": np.array(self._n),
            "mean": self._mean,
            "products": self._products,
            "pending": self._pending.values,
        }

    def remember(self, memory: State) -> None:
        """Put back what `memory` gave."""
        self._n = int(memory["n"])
        self._mean, self._products = memory["mean"], memory["products"]
        self._pending = Pending(memory["pending"])

    def _joined(self, chunk: Floats) -> tuple[int, Floats, Floats]:
        # Chan, Golub and LeVeque, Am. Stat. 37 (1983) 242: sums of two samples to those of both.
        m = chunk.shape[-1]
        if m == 0:
            return self._n, self._mean, self._products
        trials_first = np.moveaxis(chunk, 0, 1)
        mean = trials_first.mean(axis=-1)
        deviation = trials_first - mean[..., np.newaxis]
        products = np.einsum("tik,tjk->tij", deviation, deviation)
        n = self._n + m
        shift = mean - self._mean
        between = shift[..., :, np.newaxis] * shift[..., np.newaxis, :] * (self._n * m / n)
        return n, self._mean + shift * (m / n), self._products + products + between
