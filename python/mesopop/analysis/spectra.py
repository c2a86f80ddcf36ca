"""Power spectra by Welch's method, with confidence bands."""

from __future__ import annotations

import math
from collections.abc import Iterable

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.averages import batches
from mesopop.analysis.estimate import Estimate
from mesopop.analysis.report import Table, counted, duration, significant
from mesopop.analysis.series import require_series
from mesopop.validation import require_integer, require_number

SEGMENTS = 8  # of a trial, by default
LEAST_BINS = 8  # of a segment
# Hann windows: neighbouring frequencies of a periodogram are correlated by these squares.
NEIGHBOURS = (1.0, (2 / 3) ** 2, (1 / 6) ** 2)
# Half-overlapping Hann windows share this part of their squared weight.
OVERLAP = (1 / 6) ** 2


@attrs.frozen(kw_only=True)
class Segments:
    """Half-overlapping segments of the trials, as Welch's method averages them.

    Attributes
    ----------
    bins : int
        Of each segment.
    count : int
        Of one trial.
    trials : int
    dt : float
        Width of the bins (ms).
    """

    bins: int
    count: int
    trials: int
    dt: float

    @property
    def dof(self) -> float:
        """Degrees of freedom of the average over all segments.

        2 K M / (1 + 2 (1 - 1/K) rho) of K segments in M trials: neighbours share some of the data.
        """
        return 2 * self.count * self.trials / (1 + 2 * (1 - 1 / self.count) * OVERLAP)

    def describe(self) -> str:
        """One line on the segments."""
        resolution = significant(1000 / (self.bins * self.dt))
        return (
            f"{counted(self.count * self.trials, 'segment')} of {duration(self.bins * self.dt)} "
            f"(Hann, overlapping by half), every {resolution} Hz"
        )


def require_segments(
    name: str, values: NDArray[np.float64], dt: float, segment: float | None
) -> Segments:
    """Divide a checked series into segments of a length (ms)."""
    trials, total = np.atleast_2d(values).shape
    longest = total * dt
    if segment is None:
        bins = total // SEGMENTS
    else:
        require_number("segment", segment, "ms", gt=0, le=longest * (1 + 1e-9))
        bins = min(round(segment / dt), total)
    if bins < LEAST_BINS:
        what = "the default segment" if segment is None else "segment"
        raise ValueError(
            f"{what} must have at least {LEAST_BINS} bins of {dt} ms, got {bins} "
            f"({name} has {total} bins)"
        )
    bins -= bins % 2
    return Segments(bins=bins, count=1 + (total - bins) // (bins // 2), trials=trials, dt=dt)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PowerSpectrum:
    """One-sided power spectral density of a series.

    Its integral over the frequency is the variance of the series.

    Attributes
    ----------
    frequency : ndarray, shape (n,)
        From the resolution to below half the sampling rate (Hz); 0, where the mean is, is left out.
    power : ndarray, shape (n,)
        Density (units of the series squared per Hz: Hz^2/Hz for a rate).
    dof : ndarray, shape (n,)
        Degrees of freedom of each value.
    pieces : ndarray, shape (n_pieces, n)
        The same densities of every trial, or of batches of successive segments if there are fewer
        than ten trials.
    segments : Segments
        What was averaged.
    """

    frequency: NDArray[np.float64]
    power: NDArray[np.float64]
    dof: NDArray[np.float64]
    pieces: NDArray[np.float64]
    segments: Segments

    def interval(self, confidence: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Pointwise confidence band, nu P / chi2_nu at both tails.

        For Gaussian series. Where the power itself comes and goes slowly, as with Up and Down
        states, it is too narrow, at single frequencies the less the fewer degrees of freedom there
        are; `band` and `coarse` see that.

        Parameters
        ----------
        confidence : float
            Probability of covering the true density at each frequency, between 0 and 1.

        Returns
        -------
        low, high : ndarray, shape (n,)

        Raises
        ------
        ValueError
            If `confidence` is not between 0 and 1.
        """
        confidence = require_number("confidence", confidence, gt=0, lt=1)
        from scipy.stats import chi2

        tail = (1 - confidence) / 2
        scaled = self.dof * self.power
        return scaled / chi2.isf(tail, self.dof), scaled / chi2.isf(1 - tail, self.dof)

    def band(self, low: float, high: float) -> Estimate:
        """Mean density from `low` (included) to `high` (excluded, Hz) with its standard error.

        The error is that of the mean over trials or batches, whatever the series.

        Raises
        ------
        ValueError
            If low >= high, or no frequency lies there.
        """
        low = require_number("low", low, "Hz", ge=0)
        high = require_number("high", high, "Hz", gt=low)
        inside = np.flatnonzero((self.frequency >= low) & (self.frequency < high))
        if not len(inside):
            raise ValueError(
                f"the band from {low} to {high} Hz holds no frequency: they lie every "
                f"{self.frequency[0]:.3g} Hz up to {self.frequency[-1]:.5g} Hz"
            )
        value = float(self.power[inside].mean())
        se = math.sqrt(self._variance_of_pieces(inside))
        return Estimate(value, se, len(self.pieces), "Hz²/Hz")

    def coarse(self, per_decade: int = 20) -> PowerSpectrum:
        """The same with averages over bands of equal logarithmic width where lines are denser.

        Degrees of freedom add up, but for the correlation of neighbours, as far as the scatter over
        trials or batches permits.
        """
        per_decade = require_integer("per_decade", per_decade, ge=1)
        band = np.floor(np.log10(self.frequency / self.frequency[0]) * per_decade + 1e-9)
        groups = np.split(np.arange(len(band)), np.flatnonzero(np.diff(band)) + 1)
        return PowerSpectrum(
            frequency=np.array([self.frequency[group].mean() for group in groups]),
            power=np.array([self.power[group].mean() for group in groups]),
            dof=np.array([self._dof(group) for group in groups]),
            pieces=np.array([self.pieces[:, group].mean(axis=1) for group in groups]).T,
            segments=self.segments,
        )

    def _dof(self, group: NDArray[np.int64]) -> float:
        # Of a mean of neighbours: 2 mean^2 / variance.
        if len(group) == 1 or not self.power[group].any():
            return float(self.dof[group[0]])
        sd = self.power[group] * np.sqrt(2 / self.dof[group])
        variance = 0.0
        for lag, correlation in enumerate(NEIGHBOURS[: len(group)]):
            products = float(np.sum(sd[lag:] * sd[: len(sd) - lag]))
            variance += (2 if lag else 1) * correlation * products / len(group) ** 2
        seen = self._variance_of_pieces(group)
        if not math.isnan(seen):
            variance = max(variance, seen)
        return 2 * float(self.power[group].mean()) ** 2 / variance

    def _variance_of_pieces(self, group: NDArray[np.int64]) -> float:
        means = self.pieces[:, group].mean(axis=1)
        return float(means.var(ddof=1)) / len(means) if len(means) > 1 else math.nan

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        top = int(np.argmax(self.power))
        low, high = (float(end[top]) for end in self.interval())
        return Table(
            title="Power spectral density, one-sided (square of the units of the series per Hz)",
            lines=[self.segments.describe()],
            header=None,
            rows=[
                [
                    "frequencies",
                    f"{significant(self.frequency[0])} to {significant(self.frequency[-1])} Hz",
                ],
                ["degrees of freedom", significant(float(self.dof[0]))],
                [
                    "largest density",
                    f"{significant(self.power[top])} at {significant(self.frequency[top])} Hz",
                ],
                ["  95 % interval", f"{significant(low)} to {significant(high)}"],
            ],
            notes=[],
        )


def power_spectrum(rate: ArrayLike, *, dt: float, segment: float | None = None) -> PowerSpectrum:
    """Estimate the power spectrum of a series by Welch's method [1]_.

    Periodograms of half-overlapping segments with a Hann window (`scipy.signal.spectrogram`) are averaged
    over segments and trials, after the mean over time and trials was subtracted. The average is
    nearly chi-squared distributed, with degrees of freedom that take the overlap into account [1]_,
    as far as a segment is longer than what the series remembers (`autocorrelation`): for slow Up
    and Down states take long segments. The bins of a rate are means over dt: close to half the
    sampling rate they damp its spectrum by sinc^2(f dt) and fold back what lies above.

    Parameters
    ----------
    rate : array_like, shape (bins,) or (trials, bins)
        Population activity (Hz), or any other series.
    dt : float
        Width of the bins (ms).
    segment : float, optional
        Length of a segment (ms), rounded to an even number of bins; its inverse is the resolution.
        Default: an eighth of a trial.

    Returns
    -------
    PowerSpectrum

    Raises
    ------
    TypeError, ValueError
        If `rate` is not a finite series, dt <= 0 ms, or a segment has fewer than 8 bins or is
        longer than a trial.

    References
    ----------
    .. [1] P. D. Welch, The use of fast Fourier transform for the estimation of power spectra, IEEE
       Trans. Audio Electroacoust. 15 (1967); degrees of freedom: D. B. Percival, A. T. Walden,
       Spectral Analysis for Physical Applications (1993), section 6.17.

    Examples
    --------
    >>> import numpy as np
    >>> from mesopop.analysis import power_spectrum
    >>> noise = np.random.default_rng(1).normal(0, 5, 40_000)
    >>> spectrum = power_spectrum(noise, dt=1.0, segment=1000.0)     # 25 / 500 Hz everywhere
    >>> spectrum
    Power spectral density, one-sided (square of the units of the series per Hz)
      79 segments of 1 s (Hann, overlapping by half), every 1 Hz
      frequencies          1 to 499 Hz
      degrees of freedom   150
      largest density      0.0685 at 232 Hz
        95 % interval      0.0553 to 0.0871
    >>> print(spectrum.band(10.0, 100.0))
    0.04888 ± 0.00068 Hz²/Hz
    """
    values = require_series("rate", rate)
    dt = require_number("dt", dt, "ms", gt=0)
    segments = require_segments("rate", values, dt, segment)
    from scipy.signal import spectrogram  # takes half a second to import

    count = batches(segments.trials, segments.count)
    starts = np.arange(count) * segments.count // count
    sizes = np.diff(starts, append=segments.count)
    sums = []
    # Trial by trial: all periodograms together take much more memory than the series.
    for trial in np.atleast_2d(values - values.mean()):
        frequency, _, periodograms = spectrogram(
            trial,
            fs=1000 / dt,
            window="hann",
            nperseg=segments.bins,
            noverlap=segments.bins // 2,
            detrend=False,
        )
        sums.append(np.add.reduceat(periodograms, starts, axis=1).T)
    # That at half the sampling rate is real, with half the density and degrees of freedom.
    pieces = np.concatenate(sums)[:, 1:-1]
    return PowerSpectrum(
        frequency=frequency[1:-1],
        power=pieces.sum(axis=0) / (segments.count * segments.trials),
        dof=np.full(len(frequency) - 2, segments.dof),
        pieces=pieces / np.tile(sizes, segments.trials)[:, None],
        segments=segments,
    )


def band_name(band: Iterable[float]) -> str:
    """A frequency band as tables call it, e.g. 4-15 Hz."""
    low, high = band
    return f"{significant(low)}-{significant(high)} Hz"
