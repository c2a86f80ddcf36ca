"""Averages of series around events."""

from __future__ import annotations

import math
from typing import Literal

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.population_spikes import PopulationSpikes
from mesopop.analysis.report import Table, counted, significant, with_error
from mesopop.analysis.series import require_series
from mesopop.validation import require_number


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EventAverage:
    """Average of a series around events.

    Attributes
    ----------
    times : ndarray, shape (n_bins,)
        From the peak or onset (ms).
    mean, se : ndarray, shape (n_bins,)
        Mean over the events and its standard error, sd / sqrt(n) (units of the series); nan without
        events, the error also with one.
    n : int
        Number of events averaged.
    left_out : int
        Events too near to a border of their trial.
    align : str
        "peak" or "onset".
    """

    times: NDArray[np.float64]
    mean: NDArray[np.float64]
    se: NDArray[np.float64]
    n: int
    left_out: int
    align: str

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        span = f"{significant(self.times[0])} to {significant(self.times[-1])} ms"
        rows = []
        if self.n:
            top = int(np.argmax(self.mean))
            at = f"at {significant(self.times[top])} ms"
            rows = [["largest mean", f"{with_error(self.mean[top], self.se[top])} {at}"]]
        notes = []
        if self.left_out:
            notes.append(f"left out near a border: {counted(self.left_out, 'event')}")
        return Table(
            title=f"Average of {counted(self.n, 'event')}, {span} from the {self.align}",
            lines=[] if self.n else ["no event to average"],
            header=None,
            rows=rows,
            notes=notes,
        )


def event_average(
    series: ArrayLike,
    events: PopulationSpikes,
    *,
    before: float = 100.0,
    after: float = 100.0,
    align: Literal["peak", "onset"] = "peak",
) -> EventAverage:
    """Average a series around population spikes.

    Standard errors take the events as independent.

    Parameters
    ----------
    series : array_like, shape (bins,) or (trials, bins)
        Activity, release, u or x, of the bins and trials in which the events were found.
    events : PopulationSpikes
    before, after : float
        How much to average before and after (ms). Events nearer to a border are left out.
    align : {"peak", "onset"}
        What is at time 0: the peak, or the onset of the excursion.

    Returns
    -------
    EventAverage
        Without events its arrays are nan.

    Raises
    ------
    TypeError, ValueError
        If `series` is not finite or of another shape than the events, or a time not > 0 ms.

    Examples
    --------
    >>> import numpy as np
    >>> from mesopop.analysis import event_average, population_spikes
    >>> rate = np.zeros(900)
    >>> rate[[200, 500, 700]] = 90.0, 110.0, 100.0
    >>> events = population_spikes(rate, dt=1.0, low=5.0, high=30.0, smooth=0.0)
    >>> around = event_average(rate, events, before=2.0, after=1.0)
    >>> around.times, around.mean
    (array([-2., -1.,  0.,  1.]), array([  0.,   0., 100.,   0.]))
    >>> around
    Average of 3 events, -2 to 1 ms from the peak
      largest mean   100.0 ± 5.8 at 0 ms
    """
    values = np.atleast_2d(require_series("series", series))
    shape = events.segmentation.trials, events.segmentation.bins
    if values.shape != shape:
        raise ValueError(f"series must have the shape of the events, {shape}, got {values.shape}")
    before = require_number("before", before, "ms", gt=0)
    after = require_number("after", after, "ms", gt=0)
    if align not in ("peak", "onset"):
        raise ValueError(f'align must be "peak" or "onset", got {align!r}')
    dt = events.segmentation.dt
    offsets = np.arange(-round(before / dt), round(after / dt) + 1)
    times = events.peak_times if align == "peak" else events.onsets
    bins = np.rint(times / dt).astype(int) - 1
    inside = (bins + offsets[0] >= 0) & (bins + offsets[-1] < values.shape[1])
    around = values[events.trials[inside, None], bins[inside, None] + offsets]
    n = len(around)
    none = np.full(len(offsets), math.nan)
    return EventAverage(
        times=dt * offsets.astype(np.float64),
        mean=around.mean(axis=0) if n else none,
        se=around.std(axis=0, ddof=1) / math.sqrt(n) if n > 1 else none,
        n=n,
        left_out=len(events) - n,
        align=align,
    )
