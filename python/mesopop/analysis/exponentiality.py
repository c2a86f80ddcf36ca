"""Whether durations are exponential: whether they end at a constant rate."""

from __future__ import annotations

import math

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.report import significant
from mesopop.analysis.series import require_times
from mesopop.validation import require_integer, require_number

LEAST = 5  # complete durations
CHUNK = 2**20  # durations drawn at a time


@attrs.frozen(kw_only=True)
class ExponentialityTest:
    """Result of a test of exponentiality.

    Attributes
    ----------
    statistic : float
        Anderson and Darling's A^2; nan without a test.
    p : float
        Probability of a statistic at least as large if the durations were exponential; nan without
        a test.
    samples : int
        Bootstrap samples behind `p`, which is never below 1 / (samples + 1).
    complete, cut_off : int
        Durations tested.
    reason : str or None
        Why there is no test.
    """

    statistic: float
    p: float
    samples: int
    complete: int
    cut_off: int
    reason: str | None

    def __str__(self) -> str:
        if self.reason:
            return f"not tested: {self.reason}"
        bound = "<=" if self.p <= 1 / (self.samples + 1) else "="
        return (
            f"A^2 = {significant(self.statistic)}, p {bound} {significant(self.p, 2)} "
            f"(n = {self.complete}, {self.cut_off} cut off)"
        )


def exponentiality(
    complete: ArrayLike,
    *,
    cut_off: ArrayLike = (),
    limits: ArrayLike | None = None,
    dt: float = 0.0,
    samples: int = 999,
    seed: int = 0,
) -> ExponentialityTest:
    """Test whether durations are exponentially distributed, of unknown mean.

    Anderson and Darling's distance [1]_ between the product-limit estimate of the distribution and
    the exponential one of the estimated rate (ends / time at risk), up to the longest duration. Its
    distribution under the null hypothesis comes from a parametric bootstrap: durations are drawn
    from the fitted exponential, cut off at `limits` and rounded up to bins of `dt` like the data.
    Without any cut off and rounding the test is exact, since A^2 does not depend on the mean.

    Smoothing and two thresholds suppress short durations: many durations will show that the states
    of a Markov process, found by thresholds, are not quite exponential.

    Parameters
    ----------
    complete : array_like, shape (n,)
        Durations (ms).
    cut_off : array_like, shape (m,), optional
        What was seen of durations that lasted longer (ms).
    limits : array_like, shape (n + m,), optional
        Longest time that could have been seen of each (ms), complete ones first. Needed if any is
        cut off.
    dt : float
        Resolution of the times (ms), of which they are multiples; 0: continuous.
    samples : int
        Bootstrap samples, >= 99.
    seed : int
        Of the bootstrap.

    Returns
    -------
    ExponentialityTest
        Without a test (p is nan) for fewer than 5 complete durations.

    Raises
    ------
    TypeError, ValueError
        If times are not finite and >= 0 ms, there are no `limits` for those cut off, or another
        argument is out of bounds.

    References
    ----------
    .. [1] T. W. Anderson, D. A. Darling, A test of goodness of fit, J. Am. Stat. Assoc. 49 (1954);
       for cut-off samples A. N. Pettitt, M. A. Stephens, Modified Cramer-von Mises statistics for
       censored data, Biometrika 63 (1976).

    Examples
    --------
    >>> import numpy as np
    >>> from mesopop.analysis import exponentiality
    >>> rng = np.random.default_rng(1)
    >>> print(exponentiality(rng.exponential(400.0, 200)))
    A^2 = 0.362, p = 0.74 (n = 200, 0 cut off)
    >>> print(exponentiality(rng.gamma(2.0, 200.0, 200)))
    A^2 = 10.9, p <= 0.001 (n = 200, 0 cut off)
    """
    times, seen = require_times("complete", complete), require_times("cut_off", cut_off)
    dt = require_number("dt", dt, "ms", ge=0)
    samples = require_integer("samples", samples, ge=99)
    seed = require_integer("seed", seed, ge=0)
    n = len(times) + len(seen)
    if limits is None:
        if len(seen):
            raise ValueError("limits must be given for durations of which some are cut off")
        longest = np.full(n, math.inf)
    else:
        longest = require_times("limits", limits)
        if len(longest) != n:
            raise ValueError(
                f"limits must hold one time for each duration ({n}), got {len(longest)}"
            )
    numbers = {"samples": samples, "complete": len(times), "cut_off": len(seen)}
    if len(times) < LEAST:
        reason = f"{len(times)} complete durations, at least {LEAST} are needed"
        return ExponentialityTest(statistic=math.nan, p=math.nan, reason=reason, **numbers)
    if not times.max() > 0:
        reason = "all durations are 0 ms"
        return ExponentialityTest(statistic=math.nan, p=math.nan, reason=reason, **numbers)

    durations = np.concatenate((times, seen))[None]
    ended = np.arange(n)[None] < len(times)
    statistic = float(_anderson_darling(durations, ended)[0])
    fitted = _mean_of_bins(float(durations.sum()) / len(times), dt)
    rng = np.random.default_rng(seed)
    drawn = []
    rows = max(CHUNK // n, 1)
    for begin in range(0, samples, rows):
        sample = rng.exponential(fitted, (min(rows, samples - begin), n))
        if dt:
            sample = np.ceil(sample / dt) * dt
        inside = sample <= longest * (1 + 1e-9)
        drawn.append(_anderson_darling(np.minimum(sample, longest), inside))
    as_large = np.count_nonzero(np.concatenate(drawn) >= statistic)
    p = (1 + int(as_large)) / (1 + samples)
    return ExponentialityTest(statistic=statistic, p=p, reason=None, **numbers)


def _mean_of_bins(mean: float, dt: float) -> float:
    # Mean of the exponential that has this mean once it is rounded up to bins.
    if dt == 0 or mean <= dt:
        return mean
    return -dt / math.log1p(-dt / mean)


def _anderson_darling(
    durations: NDArray[np.float64], ended: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """A^2 = n integral (G - F)^2 / (F (1 - F)) dF for each row of durations.

    G is the product-limit estimate, F the exponential of rate ends / sum; the integral ends at the
    longest duration if that one was cut off.
    """
    n = durations.shape[1]
    # Among equal ones those that ended come first.
    order = np.lexsort((~ended, durations), axis=1)
    t = np.take_along_axis(durations, order, axis=1)
    ends = np.take_along_axis(ended, order, axis=1)
    rate = np.maximum(ends.sum(axis=1), 1) / durations.sum(axis=1)
    z = np.zeros((len(t), n + 2))
    z[:, 1:-1] = -np.expm1(-rate[:, None] * t)
    z[:, -1] = np.where(ends[:, -1], 1.0, z[:, -2])
    surviving = np.ones((len(t), n + 1))
    np.cumprod(1 - ends / np.arange(n, 0, -1), axis=1, out=surviving[:, 1:])
    G = 1 - surviving
    # G is constant from each z to the next: the integral of G^2/F + (1-G)^2/(1-F) - 1.
    with np.errstate(divide="ignore", invalid="ignore"):
        log_z, log_rest = np.log(z), np.log1p(-z)
        below = np.where(G > 0, G**2 * np.diff(log_z), 0.0)
        above = np.where(surviving > 0, surviving**2 * np.diff(log_rest), 0.0)
    squares: NDArray[np.float64] = n * np.sum(below - above - np.diff(z), axis=1)
    return squares
