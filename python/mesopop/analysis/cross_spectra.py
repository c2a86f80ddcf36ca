"""How two series go together at each frequency."""

from __future__ import annotations

import math

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.report import Table, significant
from mesopop.analysis.series import require_series
from mesopop.analysis.spectra import Segments, require_segments
from mesopop.validation import require_number


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CrossSpectrum:
    """One-sided cross-spectral density of two series, and their coherence.

    Attributes
    ----------
    frequency : ndarray, shape (n,)
        From the resolution to below half the sampling rate (Hz).
    cross : ndarray of complex, shape (n,)
        Mean of conj(X) Y (product of the units per Hz: Hz^2/Hz for rates).
    coherence : ndarray, shape (n,)
        |cross|^2 / (power of X times power of Y), 0 to 1; too large by about
        2 (1 - coherence)^2 / dof on average. nan where one has no power.
    dof : float
        Degrees of freedom; half of it is the number of independent segments.
    segments : Segments
        What was averaged.
    """

    frequency: NDArray[np.float64]
    cross: NDArray[np.complex128]
    coherence: NDArray[np.float64]
    dof: float
    segments: Segments

    @property
    def phase(self) -> NDArray[np.float64]:
        """Phase of Y relative to X (rad, -pi to pi); negative: Y lags behind X."""
        phase: NDArray[np.float64] = np.angle(self.cross)
        return phase

    def significance(self, level: float = 0.05) -> float:
        """Coherence that independent series exceed with probability `level` at one frequency.

        1 - level^(1 / (n - 1)) for n independent segments [1]_.

        Raises
        ------
        ValueError
            If `level` is not between 0 and 1.

        References
        ----------
        .. [1] G. C. Carter, C. H. Knapp, A. H. Nuttall, Estimation of the magnitude-squared
           coherence function via overlapped fast Fourier transform processing, IEEE Trans. Audio
           Electroacoust. 21 (1973).
        """
        level = require_number("level", level, gt=0, lt=1)
        return float(1 - level ** (1 / (self.dof / 2 - 1)))

    def interval(self, confidence: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Pointwise confidence interval of the coherence.

        atanh of its root is nearly normal with variance 1 / dof [1]_; not to be used near 0, where
        the question is whether it exceeds `significance`.

        Raises
        ------
        ValueError
            If `confidence` is not between 0 and 1.

        References
        ----------
        .. [1] L. D. Enochson, N. R. Goodman, Gaussian approximations to the distribution of sample
           coherence, AFFDL TR 65-57 (1965).
        """
        confidence = require_number("confidence", confidence, gt=0, lt=1)
        from scipy.special import ndtri

        margin = float(ndtri((1 + confidence) / 2)) / math.sqrt(self.dof)
        centre = np.arctanh(np.sqrt(np.minimum(self.coherence, 1 - 1e-12)))
        low, high = np.maximum(centre - margin, 0), centre + margin
        return np.tanh(low) ** 2, np.tanh(high) ** 2

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        known = np.isfinite(self.coherence)
        rows = [["significant above", f"{significant(self.significance())} (5 % at one frequency)"]]
        if known.any():
            top = int(np.nanargmax(self.coherence))
            where = f"{significant(self.frequency[top])} Hz"
            largest = f"{significant(self.coherence[top])} at {where}"
            above = float(np.mean(self.coherence[known] > self.significance()))
            rows = [
                ["largest coherence", largest],
                ["  phase there", f"{significant(self.phase[top])} rad"],
                *rows,
                ["frequencies above that", f"{significant(100 * above)} %"],
            ]
        return Table(
            title="Coherence of two series",
            lines=[self.segments.describe()],
            header=None,
            rows=rows,
            notes=[] if known.all() else ["nan where one of both has no power"],
        )


def cross_spectrum(
    first: ArrayLike, second: ArrayLike, *, dt: float, segment: float | None = None
) -> CrossSpectrum:
    """Estimate cross-spectrum, coherence and phase of two series, e.g. of two populations.

    Averages over the segments of `power_spectrum`; of segments there must be several, since the
    coherence of a single one is 1 whatever the series.

    Parameters
    ----------
    first, second : array_like, shape (bins,) or (trials, bins)
        Two series of the same shape.
    dt : float
        Width of the bins (ms).
    segment : float, optional
        Length of a segment (ms), rounded to an even number of bins. Default: an eighth of a trial.

    Returns
    -------
    CrossSpectrum

    Raises
    ------
    TypeError, ValueError
        If a series is not finite, their shapes differ, dt <= 0 ms, or there are fewer than 2
        segments or 8 bins in one.

    Examples
    --------
    >>> import numpy as np
    >>> from mesopop.analysis import cross_spectrum
    >>> shared, own = np.random.default_rng(1).normal(size=(2, 100_000))
    >>> together = cross_spectrum(shared, shared + own, dt=1.0, segment=500.0)
    >>> round(float(together.coherence.mean()), 3)              # half of the power is shared
    0.5
    >>> round(together.significance(), 4)
    0.0079
    """
    values = require_series("first", first)
    others = require_series("second", second)
    if others.shape != values.shape:
        raise ValueError(f"second must have the shape of first, {values.shape}, got {others.shape}")
    dt = require_number("dt", dt, "ms", gt=0)
    segments = require_segments("first", values, dt, segment)
    if segments.count * segments.trials < 2:
        raise ValueError(
            f"segment must fit in at least twice (by half overlapping), got {segments.bins * dt} ms "
            f"of {values.shape[-1] * dt} ms"
        )
    from scipy.signal import csd

    def mean_density(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.complex128]:
        density = csd(
            np.atleast_2d(a - a.mean()),
            np.atleast_2d(b - b.mean()),
            fs=1000 / dt,
            window="hann",
            nperseg=segments.bins,
            detrend=False,
            axis=1,
        )[1]
        # The last one is real, with fewer degrees of freedom.
        return np.asarray(density.mean(axis=0)[1:-1], dtype=np.complex128)

    cross = mean_density(values, others)
    powers = mean_density(values, values).real * mean_density(others, others).real
    with np.errstate(invalid="ignore", divide="ignore"):
        coherence = np.where(powers > 0, np.abs(cross) ** 2 / powers, math.nan)
    return CrossSpectrum(
        frequency=np.arange(1, len(cross) + 1) * 1000 / (segments.bins * dt),
        cross=cross,
        coherence=np.minimum(coherence, 1.0),
        dof=segments.dof,
        segments=segments,
    )
