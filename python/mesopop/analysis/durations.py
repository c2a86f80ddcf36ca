"""How long something lasts: times from a beginning that was seen to an end that perhaps was not."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.estimate import Estimate, EventRate, mean
from mesopop.analysis.exponentiality import ExponentialityTest, exponentiality
from mesopop.analysis.report import Table, duration
from mesopop.analysis.series import require_times
from mesopop.analysis.survival import SurvivalFunction, survival_function
from mesopop.validation import require_number


def _complete(times: ArrayLike) -> NDArray[np.float64]:
    return require_times("complete", times)


def _cut_off(times: ArrayLike) -> NDArray[np.float64]:
    return require_times("cut_off", times)


def _limits(times: ArrayLike) -> NDArray[np.float64]:
    return require_times("limits", times)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Durations:
    """Durations of which the beginnings were seen.

    What was already going on when a trial began is left out: how long it had lasted is unknown.
    What was still going on at the end of a trial is cut off (right-censored).

    Parameters
    ----------
    complete : array_like
        Durations of which the end was seen (ms).
    cut_off : array_like, optional
        What was seen of those that the end of a trial cut off (ms).
    limits : array_like, optional
        Longest time that could have been seen of each (ms), from its beginning to the end of its
        trial: first of the complete ones, then of those cut off. Only the test of exponentiality
        needs it, if anything was cut off.
    dt : float
        Resolution of the times (ms), of which they are multiples; 0: continuous.

    Raises
    ------
    TypeError, ValueError
        If times are not finite and >= 0 ms, `limits` is not one for each and at least as long, or
        dt < 0 ms.

    Examples
    --------
    >>> from mesopop.analysis import Durations
    >>> times = Durations(complete=[700.0, 300.0, 1100.0, 450.0, 50.0], cut_off=[900.0])
    >>> times.rate.events, times.rate.exposure
    (5, 3500.0)
    >>> print(times.rate)
    1.43 Hz (0.464 to 3.33)
    >>> times.survival().at(600.0)
    0.5
    """

    complete: NDArray[np.float64] = attrs.field(converter=_complete)
    cut_off: NDArray[np.float64] = attrs.field(converter=_cut_off, factory=lambda: np.empty(0))
    limits: NDArray[np.float64] = attrs.field(converter=_limits, factory=lambda: np.empty(0))
    dt: float = 0.0

    def __attrs_post_init__(self) -> None:
        require_number("dt", self.dt, "ms", ge=0)
        if not len(self.limits):
            return
        seen = np.concatenate((self.complete, self.cut_off))
        if self.limits.shape != seen.shape:
            raise ValueError(
                f"limits must hold one time for each duration ({len(seen)}), got {len(self.limits)}"
            )
        if np.any(self.limits < seen - 1e-6 * np.abs(seen)):
            where = int(np.argmax(seen - self.limits))
            raise ValueError(
                f"limits must be >= the durations, got {self.limits[where]} ms for {seen[where]} ms"
            )

    def __len__(self) -> int:
        return len(self.complete) + len(self.cut_off)

    @property
    def mean(self) -> Estimate:
        """Mean of the complete ones (ms), too short if many were cut off; error sd / sqrt(n)."""
        return mean(self.complete, "ms")

    @property
    def rate(self) -> EventRate:
        """Ends per time at risk, those cut off included (Hz): 1 / mean if exponential."""
        exposure = float(self.complete.sum() + self.cut_off.sum())
        return EventRate(events=len(self.complete), exposure=exposure)

    def survival(self, *, confidence: float = 0.95) -> SurvivalFunction:
        """Fraction that lasts longer than t: `survival_function` of these."""
        return survival_function(self.complete, cut_off=self.cut_off, confidence=confidence)

    def exponentiality(self, *, samples: int = 999, seed: int = 0) -> ExponentialityTest:
        """Test of an exponential distribution: `exponentiality` of these."""
        return exponentiality(
            self.complete,
            cut_off=self.cut_off,
            limits=self.limits if len(self.limits) else None,
            dt=self.dt,
            samples=samples,
            seed=seed,
        )

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        rows = [["mean of the complete ones", str(self.mean)], ["rate of ending", str(self.rate)]]
        cut_off = f"{len(self.cut_off)} cut off"
        if len(self.cut_off):
            cut_off += f" ({duration(float(self.cut_off.sum()))} seen)"
        return Table(
            title=f"Durations: {len(self.complete)} complete, {cut_off}",
            lines=[],
            header=None,
            rows=rows,
            notes=["± standard error; in brackets 95 % interval of a constant rate"],
        )
