"""Numbers with their uncertainty."""

from __future__ import annotations

import math

import attrs
import numpy as np
from numpy.typing import NDArray

from mesopop.analysis.report import p_value, significant, with_error
from mesopop.validation import require_number

LEAST_PAIRS = 4  # of a correlation


@attrs.frozen
class Estimate:
    """An estimated number and its standard error.

    Attributes
    ----------
    value : float
        The estimate; nan if there is nothing to estimate it from.
    se : float
        Its standard error; nan if there are too few observations to tell.
    n : int
        Number of observations (dwell times, intervals, events) behind it.
    unit : str
        Unit of `value` and `se`; empty for plain numbers.

    Examples
    --------
    >>> from mesopop.analysis import Estimate
    >>> print(Estimate(4083.1, 241.7, 284, "ms"))
    4.08 ± 0.24 s
    """

    value: float
    se: float
    n: int
    unit: str = ""

    def __str__(self) -> str:
        return with_error(self.value, self.se, self.unit)


@attrs.frozen
class EventRate:
    """Rate of events that happen at random moments of an observed time.

    Attributes
    ----------
    events : int
        Number of events.
    exposure : float
        Time during which they could happen (ms).

    Examples
    --------
    >>> from mesopop.analysis import EventRate
    >>> rate = EventRate(events=16, exposure=8000.0)
    >>> rate.value
    2.0
    >>> low, high = rate.interval()
    >>> round(low, 2), round(high, 2)
    (1.14, 3.25)
    """

    events: int
    exposure: float

    @property
    def value(self) -> float:
        """Maximum-likelihood rate, events / exposure (Hz); nan without exposure."""
        return 1000.0 * self.events / self.exposure if self.exposure > 0 else math.nan

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Confidence interval of the rate (Hz), exact for exponential waiting times.

        The equal-tailed gamma (chi-squared) interval of a Poisson count [1]_: it covers the true
        rate with at least the stated probability, also for few events; without any event the lower
        end is 0. Without exposure both ends are nan.

        Parameters
        ----------
        confidence : float
            Probability of covering the true rate, between 0 and 1.

        Raises
        ------
        ValueError
            If `confidence` is not between 0 and 1.

        References
        ----------
        .. [1] F. Garwood, Fiducial limits for the Poisson distribution, Biometrika 28 (1936).
        """
        confidence = require_number("confidence", confidence, gt=0, lt=1)
        if self.exposure <= 0:
            return math.nan, math.nan
        from scipy.special import gammaincinv

        tail = (1 - confidence) / 2
        low = gammaincinv(self.events, tail) if self.events else 0.0
        high = gammaincinv(self.events + 1, 1 - tail)
        return 1000.0 * float(low) / self.exposure, 1000.0 * float(high) / self.exposure

    def __str__(self) -> str:
        if self.exposure <= 0:
            return "–"
        low, high = self.interval()
        return f"{significant(self.value)} Hz ({significant(low)} to {significant(high)})"


@attrs.frozen
class Correlation:
    """A correlation coefficient and how likely it is by chance.

    Attributes
    ----------
    value : float
        From -1 to 1; nan if there are too few pairs, or one of both quantities does not vary.
    p : float
        Probability of one at least as large in size if the quantities are independent.
    n : int
        Number of pairs.

    Examples
    --------
    >>> from mesopop.analysis import Correlation
    >>> print(Correlation(0.4213, 0.00214, 51))
    0.421 (p = 0.0021, n = 51)
    """

    value: float
    p: float
    n: int

    def __str__(self) -> str:
        if math.isnan(self.value):
            return f"– (n = {self.n})"
        return f"{significant(self.value)} ({p_value(self.p)}, n = {self.n})"


def correlation(
    first: NDArray[np.float64], second: NDArray[np.float64], *, ranks: bool
) -> Correlation:
    """Correlation of pairs: Spearman's of the ranks, or Pearson's."""
    n = len(first)
    if n < LEAST_PAIRS or np.ptp(first) == 0 or np.ptp(second) == 0:
        return Correlation(math.nan, math.nan, n)
    from scipy.stats import pearsonr, spearmanr

    found = spearmanr(first, second) if ranks else pearsonr(first, second)
    return Correlation(float(found.statistic), float(found.pvalue), n)


def mean(sample: NDArray[np.float64], unit: str = "") -> Estimate:
    """Mean of independent observations, standard error sd / sqrt(n)."""
    n = len(sample)
    value = float(np.mean(sample)) if n else math.nan
    se = float(np.std(sample, ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    return Estimate(value, se, n, unit)


def coefficient_of_variation(sample: NDArray[np.float64]) -> Estimate:
    """Sd / mean of independent positive observations, with the jackknife standard error."""
    n = len(sample)
    if n < 2:
        return Estimate(math.nan, math.nan, n)
    centre = float(np.mean(sample))
    deviation = sample - centre
    squares = float(np.sum(deviation**2))
    value = math.sqrt(squares / (n - 1)) / centre
    if n < 3:
        return Estimate(value, math.nan, n)
    # Mean and sum of squares with each observation left out in turn.
    means = centre - deviation / (n - 1)
    left = np.maximum(squares - deviation**2 * (n / (n - 1)), 0.0)
    replicates = np.sqrt(left / (n - 2)) / means
    se = math.sqrt((n - 1) / n * float(np.sum((replicates - replicates.mean()) ** 2)))
    return Estimate(value, se, n)


def ratio(
    numerators: NDArray[np.float64], denominators: NDArray[np.float64], unit: str = ""
) -> Estimate:
    """Sum / sum over n independent pieces, with the standard error of a ratio (delta method).

    r = sum a_i / sum b_i,  se^2 = n / (n - 1) sum (a_i - r b_i)^2 / (sum b_i)^2
    """
    n, whole = len(denominators), float(denominators.sum())
    if whole == 0:
        return Estimate(math.nan, math.nan, n, unit)
    value = float(numerators.sum()) / whole
    if n < 2:
        return Estimate(value, math.nan, n, unit)
    spread = float(np.sum((numerators - value * denominators) ** 2))
    return Estimate(value, math.sqrt(n / (n - 1) * spread) / whole, n, unit)
