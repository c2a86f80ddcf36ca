"""Survival functions of durations, of which some are cut off."""

from __future__ import annotations

import warnings
from typing import Any

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.report import Table, significant
from mesopop.analysis.series import require_times
from mesopop.validation import require_number


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SurvivalFunction:
    """Fraction of durations that are longer than t.

    Attributes
    ----------
    times : ndarray, shape (n,)
        Durations at which the function steps, in order (ms); it is 1 before the first one.
    fraction : ndarray, shape (n,)
        Its values from each time on.
    low, high : ndarray, shape (n,)
        Pointwise confidence interval; nan where it is not known (once the function is 0).
    confidence : float
        Of the interval.
    complete, cut_off : int
        How many durations are behind it.
    """

    times: NDArray[np.float64]
    fraction: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    confidence: float
    complete: int
    cut_off: int

    def at(self, time: float) -> float:
        """Fraction longer than `time` (ms); nan beyond the last time if the rest was cut off."""
        time = require_number("time", time, "ms", ge=0)
        if not len(self.times):
            return float("nan")
        if time > self.times[-1]:
            return 0.0 if self.fraction[-1] == 0 else float("nan")
        index = int(np.searchsorted(self.times, time, side="right"))
        return float(self.fraction[index - 1]) if index else 1.0

    @property
    def median(self) -> float:
        """Time that half of the durations exceed (ms); nan if more than half are cut off."""
        below = np.flatnonzero(self.fraction <= 0.5)
        return float(self.times[below[0]]) if len(below) else float("nan")

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        # A few times are enough to be read.
        chosen = np.unique(np.searchsorted(-self.fraction, -np.linspace(0.9, 0.1, 5)))
        chosen = chosen[chosen < len(self.times)]
        percent = significant(100 * self.confidence)
        return Table(
            title=f"Survival function of {self.complete} complete durations and {self.cut_off} "
            "cut off",
            lines=[] if self.complete else ["nothing to estimate: no complete duration"],
            header=["time", "longer", f"{percent} % interval"] if len(chosen) else None,
            rows=[
                [
                    f"{significant(self.times[i])} ms",
                    significant(self.fraction[i]),
                    f"{significant(self.low[i])} to {significant(self.high[i])}",
                ]
                for i in chosen
            ],
            notes=[],
        )


def survival_function(
    complete: ArrayLike, *, cut_off: ArrayLike = (), confidence: float = 0.95
) -> SurvivalFunction:
    """Estimate what fraction of durations is longer than t.

    The product-limit estimate of Kaplan and Meier [1]_, in which those cut off count as long as
    they were seen; without any it is the plain fraction. It holds for alternating renewal processes
    cut off at a fixed time [2]_. Intervals are those of Greenwood's variance on the scale of
    log(-log S), from `scipy.stats.ecdf`.

    Parameters
    ----------
    complete : array_like, shape (n,)
        Durations (ms).
    cut_off : array_like, shape (m,), optional
        What was seen of durations that lasted longer (ms), from their beginning.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    SurvivalFunction
        Empty if no duration is complete.

    Raises
    ------
    TypeError, ValueError
        If times are not finite and >= 0 ms, or `confidence` is not between 0 and 1.

    References
    ----------
    .. [1] E. L. Kaplan, P. Meier, Nonparametric estimation from incomplete observations, J. Am.
       Stat. Assoc. 53 (1958).
    .. [2] R. D. Gill, Nonparametric estimation based on censored observations of a Markov renewal
       process, Z. Wahrscheinlichkeitstheorie verw. Gebiete 53 (1980).

    Examples
    --------
    >>> from mesopop.analysis import survival_function
    >>> longer = survival_function([100.0, 200.0, 400.0], cut_off=[300.0])
    >>> longer.times, longer.fraction
    (array([100., 200., 400.]), array([0.75, 0.5 , 0.  ]))
    """
    times, seen = require_times("complete", complete), require_times("cut_off", cut_off)
    confidence = require_number("confidence", confidence, gt=0, lt=1)
    none = np.empty(0)
    if not len(times):
        return SurvivalFunction(
            times=none,
            fraction=none,
            low=none,
            high=none,
            confidence=confidence,
            complete=0,
            cut_off=len(seen),
        )
    from scipy.stats import CensoredData, ecdf

    function = ecdf(CensoredData(uncensored=times, right=seen)).sf
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # Of the ends that are not known, which are nan.
        warnings.simplefilter("ignore", RuntimeWarning)
        interval: Any = function.confidence_interval(confidence, method="log-log")
    # Steps only where something ended.
    steps = np.isin(function.quantiles, times)
    return SurvivalFunction(
        times=function.quantiles[steps],
        fraction=function.probabilities[steps],
        low=interval.low.probabilities[steps],
        high=interval.high.probabilities[steps],
        confidence=confidence,
        complete=len(times),
        cut_off=len(seen),
    )
