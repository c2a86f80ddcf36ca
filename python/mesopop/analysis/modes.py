"""Modes of the distribution of a series: one, or two with a valley between them."""

from __future__ import annotations

import math

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.autocorrelation import integral_time
from mesopop.analysis.dip import dip_p, dip_statistic
from mesopop.analysis.report import Table, counted, significant
from mesopop.analysis.series import require_series
from mesopop.analysis.smoothing import settled
from mesopop.validation import require_integer, require_number

CELLS = 1024  # of the histogram from the lowest to the highest value
FINEST = 0.5  # bandwidth in cells: less is not resolved


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Bimodality:
    """Whether a distribution has two modes, and where.

    Attributes
    ----------
    down, valley, up : float
        Lower mode, minimum between the modes, upper mode, in the units of the series; nan if no
        bandwidth shows two.
    depth : float
        1 - density at the valley / density at the lower of both modes: 0 to 1.
    dip : float
        Hartigan's dip of the independent values.
    p : float
        Probability of a larger one if there is one mode only.
    independent : int
        Number of values behind the test: one per two correlation times.
    samples : int
        Simulated samples behind `p`, which is never below 1 / (samples + 1).
    """

    down: float
    valley: float
    up: float
    depth: float
    dip: float
    p: float
    independent: int
    samples: int

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        bound = "<=" if self.p <= 1 / (self.samples + 1) else "="
        return Table(
            title="Modes of the distribution",
            lines=[],
            header=None,
            rows=[
                ["lower mode", significant(self.down)],
                ["valley", f"{significant(self.valley)} (depth {significant(self.depth, 2)})"],
                ["upper mode", significant(self.up)],
                [
                    "one mode only",
                    f"p {bound} {significant(self.p, 2)} (dip {significant(self.dip, 2)})",
                ],
            ],
            notes=[counted(self.independent, "independent value")],
        )


def bimodality(
    rate: ArrayLike, *, dt: float, smooth: float = 10.0, samples: int = 199, seed: int = 0
) -> Bimodality:
    """Find two modes of the smoothed series and test whether there is only one.

    The test is Hartigan's [1]_: the dip is the largest distance of the distribution function to the
    nearest unimodal one, and p the probability of a larger one for uniform values, the least
    unimodal of all distributions with one mode: for others the test errs on the side of one mode.
    Unlike the bimodality coefficient it is not misled by the skewed distributions that activity has,
    and unlike Ashman's D it needs no division into two groups. A state that takes only some percent
    of the time makes no dip: population spikes need given thresholds.

    The modes are those of Gaussian kernel estimates of the density. The larger the bandwidth, the
    fewer they are [2]_: h1 is the smallest bandwidth with one, h2 the smallest with two. Modes and
    valley are read at the geometric mean of both.

    Counts of spikes, and rates that are multiples of one spike per bin, are no distribution of one mode
    as they are: equal values are spread evenly between the midpoints to the neighbouring ones.

    Values within a correlation time depend on each other: of the series those two correlation times
    (`autocorrelation`) apart enter the test.

    Parameters
    ----------
    rate : array_like, shape (bins,) or (trials, bins)
        Population activity (Hz), or any other series (a potential in mV).
    dt : float
        Width of the bins (ms).
    smooth : float
        Time constant of causal exponential smoothing (ms); 0: none. Its first 5 time constants are
        left out (at most half of a trial).
    samples : int
        Simulated samples behind p, >= 99.
    seed : int
        Of these.

    Returns
    -------
    Bimodality

    Raises
    ------
    TypeError, ValueError
        If `rate` is not a finite series of at least 2 bins, it is constant, or another argument is
        out of bounds.

    References
    ----------
    .. [1] J. A. Hartigan, P. M. Hartigan, The dip test of unimodality, Ann. Stat. 13 (1985).
    .. [2] B. W. Silverman, Using kernel density estimates to investigate multimodality, J. R. Stat.
       Soc. B 43 (1981).

    Examples
    --------
    >>> import numpy as np
    >>> from mesopop.analysis import bimodality
    >>> rng = np.random.default_rng(1)
    >>> states = np.repeat(np.tile([2.0, 30.0], 50), rng.geometric(0.02, 100))
    >>> bimodality(states + rng.normal(0, 3, len(states)), dt=10.0, smooth=0.0)
    Modes of the distribution
      lower mode      1.9
      valley          16 (depth 0.99)
      upper mode      30
      one mode only   p <= 0.005 (dip 0.14)
      65 independent values
    """
    values = require_series("rate", rate)
    dt = require_number("dt", dt, "ms", gt=0)
    smooth = require_number("smooth", smooth, "ms", ge=0)
    samples = require_integer("samples", samples, ge=99)
    seed = require_integer("seed", seed, ge=0)
    return modes_of(settled(values, dt, smooth), dt, samples, seed)


def modes_of(
    curve: NDArray[np.float64], dt: float, samples: int = 199, seed: int = 0
) -> Bimodality:
    """The modes of a checked and smoothed series."""
    spread = spread_ties(curve)
    low, high = float(spread[0]), float(spread[-1])
    if not high > low:
        raise ValueError(f"rate must vary to have modes, got {low} in every bin")
    counts = _histogram(spread, low, high)
    cell = (high - low) / CELLS
    down, valley, up, depth = _two_modes(counts)
    apart = max(math.ceil(2 * integral_time(curve, dt) / dt), 1)
    independent = spread_ties(np.atleast_2d(curve)[:, ::apart])
    return Bimodality(
        down=low + cell * (down + 0.5),
        valley=low + cell * (valley + 0.5),
        up=low + cell * (up + 0.5),
        depth=depth,
        dip=dip_statistic(independent),
        p=dip_p(independent, samples, np.random.default_rng(seed)),
        independent=len(independent),
        samples=samples,
    )


def spread_ties(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sorted values, equal ones evenly between the midpoints to their neighbours."""
    ordered = np.sort(values, axis=None)
    distinct, first, counts = np.unique(ordered, return_index=True, return_counts=True)
    if len(distinct) < 2 or len(distinct) == len(ordered):
        return ordered
    half = np.diff(distinct) / 2
    below = np.append(half[0], half)
    width = below + np.append(half, half[-1])
    rank = np.arange(len(ordered)) - np.repeat(first, counts)
    share = np.repeat(width, counts) * (rank + 0.5) / np.repeat(counts, counts)
    spread: NDArray[np.float64] = ordered - np.repeat(below, counts) + share
    return np.where(np.repeat(counts, counts) > 1, spread, ordered)


def _histogram(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    # With room on both sides for the kernel.
    counts, _ = np.histogram(values, bins=CELLS, range=(low, high))
    return np.pad(counts.astype(np.float64), CELLS)


def _smooth(counts: NDArray[np.float64], bandwidth: float) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter1d

    density: NDArray[np.float64] = gaussian_filter1d(
        counts, bandwidth, axis=-1, mode="constant", truncate=6.0
    )
    # Where the truncated kernel ends there is no slope.
    density[density < 1e-7 * density.max(axis=-1, keepdims=True)] = 0
    return density


def _maxima(density: NDArray[np.float64]) -> NDArray[np.bool_]:
    # Of each row, all but its ends; the first cell of a flat top.
    padded = np.diff(density, axis=-1)
    rises = padded > 0
    # A flat stretch goes on as what came before it.
    flat = padded == 0
    where = np.where(flat, 0, np.arange(padded.shape[-1]))
    np.maximum.accumulate(where, axis=-1, out=where)
    rises = np.take_along_axis(rises, where, axis=-1)
    peaks: NDArray[np.bool_] = rises[..., :-1] & ~rises[..., 1:]
    return peaks


def _number_of_modes(counts: NDArray[np.float64], bandwidth: float) -> NDArray[np.int64]:
    number: NDArray[np.int64] = np.count_nonzero(_maxima(_smooth(counts, bandwidth)), axis=-1)
    return number


def _critical_bandwidth(counts: NDArray[np.float64], modes: int) -> float:
    # Smallest with at most so many modes, in cells: their number never rises with it.
    low, high = FINEST, float(CELLS)
    if _number_of_modes(counts, low) <= modes:
        return low
    while high > 1.01 * low:
        middle = math.sqrt(low * high)
        if _number_of_modes(counts, middle) <= modes:
            high = middle
        else:
            low = middle
    return high


def _two_modes(counts: NDArray[np.float64]) -> tuple[float, float, float, float]:
    # Cells of lower mode, valley and upper mode, and the depth of the valley.
    one, two = _critical_bandwidth(counts, 1), _critical_bandwidth(counts, 2)
    density = _smooth(counts, math.sqrt(one * two))
    peaks = np.flatnonzero(_maxima(density)) + 1
    if len(peaks) != 2:
        return math.nan, math.nan, math.nan, 0.0
    down, up = peaks
    valley = down + int(np.argmin(density[down : up + 1]))
    depth = 1 - float(density[valley] / min(density[down], density[up]))
    return float(down - CELLS), float(valley - CELLS), float(up - CELLS), depth
