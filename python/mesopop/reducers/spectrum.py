"""Power spectra."""

from __future__ import annotations

import numpy as np
from attrs import define, field, frozen

from mesopop.reducers.pending import Pending
from mesopop.reducers.reducer import (
    Floats,
    Reducer,
    SettingsOfFields,
    State,
    quantity_known,
    shape_repr,
)
from mesopop.validation import number, real_number, steps, text

_BATCH = 2**16  # values transformed at a time


@frozen(kw_only=True, eq=False)
class SpectralDensity:
    """A power spectral density, from frequency 0 on, trial by trial.

    Attributes
    ----------
    frequency : ndarray, shape (n,)
        Hz.
    density : ndarray, shape (n,) or (trials, n)
        One-sided, in squared units of the series per Hz; nan before there is a segment.
    segments : int
        Number of (half overlapping) segments averaged over, in each trial.
    """

    frequency: Floats = field(repr=shape_repr)
    density: Floats = field(repr=shape_repr)
    segments: int


@define(eq=False)
class Spectrum(SettingsOfFields, Reducer):
    """Welch's estimate of the power spectral density. Its `result` is a `SpectralDensity`.

    The mean of the periodograms of segments that overlap by half, each with its mean removed and a
    Hann window: what `scipy.signal.welch` gives for the whole series.

    Parameters
    ----------
    quantity, label : str
        The series, e.g. ``"rate", "E"``.
    segment : float
        Length of the segments, ms, a multiple of the recording bin; frequencies are 1000 / segment
        Hz apart.

    Raises
    ------
    ValueError, TypeError
        If the quantity is unknown, or the length not > 0 ms.

    Examples
    --------
    >>> import mesopop as mp
    >>> simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, level="meso", seed=1)
    >>> spectrum = mp.reducers.Spectrum("rate", "E", segment=1000)
    >>> for block in simulation.blocks(20_000, block=1000, record_dt=10):
    ...     spectrum.update(block)
    >>> found = spectrum.result
    >>> found.segments, found.frequency[:3]
    (39, array([0., 1., 2.]))
    """

    quantity: str = field(validator=quantity_known)
    label: str = field(validator=text())
    segment: float = field(converter=real_number, validator=number("ms", gt=0), kw_only=True)
    _sum: Floats = field(init=False, repr=False, factory=lambda: np.empty(0))  # of the periodograms
    _segments: int = field(init=False, repr=False, default=0)
    _pending: Pending = field(init=False, repr=False, factory=Pending)

    @property
    def series(self) -> tuple[tuple[str, str], ...]:
        """The series that is transformed."""
        return ((self.quantity, self.label),)

    def take(self, values: Floats) -> None:
        """Add the periodograms of the segments that are complete."""
        length, hop = self._length(), self._hop()
        if self.bins == 0:
            self._sum = np.zeros((self.trials, length // 2 + 1))
        # So many segments at once that begin at the same bins whatever the blocks: sums and
        # transforms then have the same bits.
        segments = max(1, _BATCH // length)
        for batch in self._pending.chunks(
            values[0], (segments - 1) * hop + length, step=segments * hop
        ):
            self._sum += self._periodograms(batch)
            self._segments += segments

    @property
    def result(self) -> SpectralDensity:
        """The average over all segments so far."""
        length = self._length()
        total, segments = self._sum, self._segments
        left = self._pending.values
        if left.size and left.shape[-1] >= length:
            total = total + self._periodograms(left)
            segments += (left.shape[-1] - length) // self._hop() + 1
        with np.errstate(invalid="ignore"):
            density = total / segments if segments else np.full_like(total, np.nan)
        return SpectralDensity(
            frequency=np.fft.rfftfreq(length, self.record_dt / 1000).astype(np.float64),
            density=self.per_trial(density),
            segments=segments,
        )

    def memory(self) -> State:
        """Sum and number of the periodograms, and the bins that wait for a segment."""
        return {
            "sum": self._sum,
            "segments": np.array(self._segments),
            "pending": self._pending.values,
        }

    def remember(self, memory: State) -> None:
        """Put back what `memory` gave."""
        self._sum, self._segments = memory["sum"], int(memory["segments"])
        self._pending = Pending(memory["pending"])

    def check(self, record_dt: float) -> None:
        """Check that a segment is a whole number of bins, two at least.

        Raises
        ------
        ValueError
            If not.
        """
        if steps("segment", self.segment, record_dt, "record_dt") < 2:
            raise ValueError(
                f"segment must be >= 2 bins of {record_dt:g} ms, got {self.segment!r} ms"
            )

    def _length(self) -> int:
        return steps("segment", self.segment, self.record_dt, "record_dt")

    def _hop(self) -> int:
        return self._length() - self._length() // 2

    def _periodograms(self, values: Floats) -> Floats:
        # Summed over the segments of (trials, bins).
        from scipy.signal import periodogram  # takes half a second to import

        windows = np.lib.stride_tricks.sliding_window_view(values, self._length(), axis=-1)
        powers: Floats = periodogram(
            windows[:, :: self._hop()],
            fs=1000 / self.record_dt,
            window="hann",
            detrend="constant",
            axis=-1,
        )[1]
        total: Floats = powers.sum(axis=1)
        return total
