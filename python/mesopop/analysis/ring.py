"""Bumps of activity on a ring of units: where they are, and how they travel."""

from __future__ import annotations

import math

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.estimate import Estimate, mean
from mesopop.analysis.population_spikes import PopulationSpikes, population_spikes
from mesopop.analysis.report import Table, counted
from mesopop.analysis.series import require_series
from mesopop.analysis.smoothing import exponential_smoothing
from mesopop.validation import require_number

LEAST_UNITS = 3  # of a ring: two have no direction


@attrs.frozen(kw_only=True, eq=False)
class BumpPosition:
    """Where on a ring the activity is, bin by bin.

    Attributes
    ----------
    position : ndarray, shape (bins,) or (trials, bins)
        Circular mean of the activity, in units: unit i is at i, and positions are at least 0 and
        less than the number of units. nan where nothing is active.
    concentration : ndarray, shape of `position`
        Length of the mean vector: 1 if one unit alone is active, 0 if all are alike; nan where
        nothing is active.
    """

    position: NDArray[np.float64]
    concentration: NDArray[np.float64]


def bump_position(rates: ArrayLike, *, dt: float, smooth: float = 10.0) -> BumpPosition:
    """Locate the activity on a ring of units by its circular mean (the population vector).

    With units j = 0 ... n - 1 at the angles phi_j = 2 pi j / n, z = sum_j A_j exp(i phi_j) /
    sum_j A_j; the position is n arg(z) / (2 pi), the concentration |z|.

    Parameters
    ----------
    rates : array_like, shape (units, bins) or (units, trials, bins)
        Activity of each unit (Hz, >= 0), in their order on the ring.
    dt : float
        Width of the bins (ms).
    smooth : float
        Time constant of causal exponential smoothing of the activity (ms); 0: none.

    Returns
    -------
    BumpPosition

    Raises
    ------
    TypeError, ValueError
        If there are fewer than 3 units, a rate is negative or not finite, there are fewer than 2
        bins, dt <= 0 ms, or smooth < 0 ms.

    Examples
    --------
    >>> import numpy as np
    >>> from mesopop.analysis import bump_position
    >>> unit = np.arange(10)[:, np.newaxis]
    >>> centre = np.array([2.0, 8.5, 9.9])                 # a bump, five units wide, in three bins
    >>> distance = (unit - centre + 5) % 10 - 5
    >>> found = bump_position(np.exp(-0.5 * (distance / 1.2) ** 2), dt=1.0, smooth=0.0)
    >>> found.position.round(1).tolist()
    [2.0, 8.5, 9.9]
    """
    return _located(*_population_vector(_units(rates), dt, smooth))


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ReplayEvents:
    """Bursts of activity on a ring, and how far and how fast they travelled.

    Arrays hold one item for each complete burst, in order of trial and time.

    Attributes
    ----------
    bursts : PopulationSpikes
        Of the mean activity of the ring: onsets, durations (ms), trials, intervals.
    position : ndarray, shape (bins,) or (trials, bins)
        Of the bump (`bump_position`), nan outside the bursts.
    starts, stops : ndarray of int, shape (n_events,)
        First bin of each burst, and the one after its last.
    distances : ndarray, shape (n_events,)
        From its position in the first bin to that in its last (units), along the way that it took:
        positive towards higher units, more than the number of units if it went around.
    speeds : ndarray, shape (n_events,)
        Slope of the straight line through the positions over time, weighted by the activity
        (units/s); nan for a burst of one bin.
    units : int
        Of the ring.
    """

    bursts: PopulationSpikes
    position: NDArray[np.float64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    distances: NDArray[np.float64]
    speeds: NDArray[np.float64]
    units: int

    def __len__(self) -> int:
        return len(self.distances)

    def travelling(self, least: float) -> NDArray[np.bool_]:
        """Which bursts travelled by at least so many units.

        Parameters
        ----------
        least : float
            Units, > 0.

        Raises
        ------
        ValueError
            If `least` is not > 0 units.
        """
        least = require_number("least", least, "units", gt=0)
        return np.asarray(np.abs(self.distances) >= least)

    @property
    def mean_distance(self) -> Estimate:
        """Mean of the absolute distances (units), standard error sd / sqrt(n)."""
        return mean(np.abs(self.distances), "units")

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        span, method = self.bursts.segmentation.describe()
        rows = []
        if len(self):
            speed = mean(np.abs(self.speeds[np.isfinite(self.speeds)]), "units/s")
            rows = [
                ["interval between onsets", f"{self.bursts.mean_interval}"],
                ["duration", str(mean(self.bursts.durations, "ms"))],
                ["distance, absolute", str(self.mean_distance)],
                ["longest distance", f"{np.abs(self.distances).max():.1f} units"],
                ["speed, absolute", str(speed)],
                ["towards higher units", f"{np.count_nonzero(self.distances > 0)} of {len(self)}"],
            ]
        return Table(
            title=f"Replay: {counted(len(self), 'burst')} on {self.units} units in {span}",
            lines=[method, self.bursts.reason] if self.bursts.reason else [method],
            header=None,
            rows=rows,
            notes=["± standard error"] if rows else [],
        )


def replay_events(
    rates: ArrayLike, *, dt: float, low: float, high: float, smooth: float = 10.0
) -> ReplayEvents:
    """Find the bursts of a ring of units and follow the bump of each.

    Bursts are the `population_spikes` of the mean activity of all units; within each, the position
    of the bump is followed from bin to bin by the shorter way around the ring.

    Parameters
    ----------
    rates : array_like, shape (units, bins) or (units, trials, bins)
        Activity of each unit (Hz, >= 0), in their order on the ring.
    dt : float
        Width of the bins (ms). A bump must travel by less than half of the ring in a bin.
    low, high : float
        Thresholds of the mean activity (Hz), low < high.
    smooth : float
        Time constant of causal exponential smoothing of the activity (ms); 0: none.

    Returns
    -------
    ReplayEvents

    Raises
    ------
    TypeError, ValueError
        As `bump_position` and `population_spikes`.

    Examples
    --------
    >>> import numpy as np
    >>> from mesopop.analysis import replay_events
    >>> unit, t = np.arange(40)[:, np.newaxis], np.arange(1000)      # bins of 1 ms
    >>> distance = (unit - 0.1 * t + 20) % 40 - 20                   # moves at 100 units/s
    >>> active = (t > 200) & (t <= 700)
    >>> rates = np.where(active, 50 * np.exp(-0.5 * (distance / 3) ** 2), 0.1)
    >>> events = replay_events(rates, dt=1.0, low=2.0, high=5.0, smooth=0.0)
    >>> events.distances.round(3), events.speeds.round(3)
    (array([49.9]), array([100.]))
    """
    series = _units(rates)
    vector, total, units = _population_vector(series, dt, smooth)
    bursts = population_spikes(sum(series) / units, dt=dt, low=low, high=high, smooth=smooth)
    starts = np.rint(bursts.onsets / dt).astype(np.int64) - 1
    stops = starts + np.rint(bursts.durations / dt).astype(np.int64)
    everywhere = np.atleast_2d(_located(vector, total, units).position)
    weights = np.atleast_2d(total)
    position = np.full(everywhere.shape, np.nan)
    distances, speeds = np.empty(len(starts)), np.empty(len(starts))
    for event, (trial, start, stop) in enumerate(zip(bursts.trials, starts, stops, strict=True)):
        inside = everywhere[trial, start:stop]
        position[trial, start:stop] = inside
        path = np.unwrap(inside, period=units)
        distances[event] = path[-1] - path[0]
        speeds[event] = 1000 * _slope(path, weights[trial, start:stop], dt)
    return ReplayEvents(
        bursts=bursts,
        position=position.reshape(total.shape),
        starts=starts,
        stops=stops,
        distances=distances,
        speeds=speeds,
        units=units,
    )


def _units(rates: ArrayLike) -> list[NDArray[np.float64]]:
    # Not one array of all: results hold one for each population.
    series = [require_series(f"rates[{unit}]", values) for unit, values in enumerate(rates)]  # type: ignore[arg-type]
    if len(series) < LEAST_UNITS:
        raise ValueError(f"rates must be those of at least {LEAST_UNITS} units, got {len(series)}")
    for unit, values in enumerate(series):
        if values.shape != series[0].shape:
            raise ValueError(
                f"rates must have one shape for all units, got {series[0].shape} and {values.shape}"
            )
        if values.min() < 0:
            raise ValueError(f"rates must be >= 0 Hz, got {values.min():g} Hz of unit {unit}")
    return series


def _population_vector(
    series: list[NDArray[np.float64]], dt: float, smooth: float
) -> tuple[NDArray[np.complex128], NDArray[np.float64], int]:
    # Sum of A_j exp(i phi_j), sum of A_j, and the number of units.
    vector = np.zeros(series[0].shape, dtype=np.complex128)
    total = np.zeros(series[0].shape)
    for unit, values in enumerate(series):
        curve = exponential_smoothing(values, dt=dt, tau=smooth)
        vector += curve * np.exp(2j * math.pi * unit / len(series))
        total += curve
    return vector, total, len(series)


def _located(
    vector: NDArray[np.complex128], total: NDArray[np.float64], units: int
) -> BumpPosition:
    active = total > 0
    z = np.where(active, vector, np.nan) / np.where(active, total, 1.0)
    angle = np.angle(z) % (2 * math.pi)
    # Rounding can make the remainder of a small negative angle the whole circle.
    position = np.where(angle < 2 * math.pi, angle, 0.0) * units / (2 * math.pi)
    return BumpPosition(
        position=np.where(active, position % units, np.nan), concentration=np.abs(z)
    )


def _slope(path: NDArray[np.float64], weight: NDArray[np.float64], dt: float) -> float:
    # Least squares, per ms.
    t = np.arange(len(path)) * dt
    t = t - np.average(t, weights=weight)
    spread = float(np.sum(weight * t**2))
    return float(np.sum(weight * t * path)) / spread if spread > 0 else math.nan
