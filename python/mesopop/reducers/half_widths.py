"""Widths of peaks at half their prominence, block by block.

What `scipy.signal.peak_widths` finds in the whole series, to the bit. The prominence of a peak is its
height above its foot, the higher of two minima: of all that lies between the peak and the next
higher one, or the end of the series, on either side. The minimum on the left is known once the peak
is. That on the right can only fall, and the foot with it, no deeper than to the minimum on the left: so
much of the flanks has to be kept until the foot is certain, of which no more than the bins
that are lower than all between them and the peak (`STEP`).
"""

from __future__ import annotations

import math

import numpy as np
from attrs import define, field
from numpy.typing import NDArray

from mesopop.reducers.reducer import Floats

# A bin of a flank, its value, and that of the next bin towards the peak.
STEP = np.dtype([("bin", np.int64), ("value", np.float64), ("beside", np.float64)])
Steps = NDArray[np.void]

_PORTION = 64  # bins searched first


def half_height(height: float, foot: float) -> float:
    """Half-way up a peak, rounded as `scipy.signal.peak_widths` does."""
    return height - (height - foot) * 0.5


def rising(curve: Floats, first_bin: int) -> Steps:
    """The bins of a piece that are lower than all after them, in order; the last one is."""
    backwards = curve[::-1]
    least = np.minimum.accumulate(backwards)
    kept = np.flatnonzero(np.append(True, backwards[1:] < least[:-1]))
    index = len(curve) - 1 - kept[::-1]
    return _steps(first_bin + index, curve[index], np.append(curve[1:], np.nan)[index])


def joined(earlier: Steps, curve: Floats, first_bin: int) -> Steps:
    """As `rising`, of a series of which the earlier part is known by its own."""
    later = rising(curve, first_bin)
    if not len(earlier):
        return later
    return np.concatenate([_below(earlier, curve[0], later["value"][0]), later])


def flank_before(curve: Floats, peak: int, first_bin: int, earlier: Steps, level: float) -> Steps:
    """The flank that rises to a bin of a block, from the first one at or below `level` on."""
    stop, portion = peak, _PORTION
    while stop > 0:
        start = max(0, stop - portion)
        low = np.flatnonzero(curve[start:stop] <= level)
        if len(low):
            first = start + int(low[-1])
            return rising(curve[first : peak + 1], first_bin + first)[:-1]
        stop, portion = start, 4 * portion
    own = rising(curve[: peak + 1], first_bin)
    older = _below(earlier, curve[0], own["value"][0]) if len(earlier) else earlier
    first = int(np.searchsorted(older["value"], level, side="right")) - 1
    return np.concatenate([older[max(first, 0) :], own[:-1]])


def flank_after(
    curve: Floats, start: int, first_bin: int, *, least: float, before: float, level: float
) -> Steps:
    """The flank that falls from bin `start` of a block on, to the first one at or below `level`.

    `least` is the lowest value since the peak, `before` that of the bin before.
    """
    stop, portion = start, _PORTION
    while stop < len(curve):
        begun, stop = stop, min(len(curve), stop + portion)
        low = np.flatnonzero(curve[begun:stop] <= level)
        if len(low):
            stop = begun + int(low[0]) + 1
            break
        portion *= 4
    piece = curve[start:stop]
    lowest = np.minimum.accumulate(np.append(least, piece))
    kept = np.flatnonzero(piece < lowest[:-1])
    return _steps(first_bin + start + kept, piece[kept], np.append(before, piece)[kept])


def _steps(bins: NDArray[np.int64], values: Floats, beside: Floats) -> Steps:
    steps = np.empty(len(bins), STEP)
    steps["bin"], steps["value"], steps["beside"] = bins, values, beside
    return steps


def _below(earlier: Steps, after: float, least: float) -> Steps:
    # Those that are lower than the least of what follows, of which the first value is `after`.
    kept = earlier[earlier["value"] < least]
    if len(kept) and math.isnan(kept["beside"][-1]):
        kept["beside"][-1] = after
    return kept


@define(eq=False)
class Peak:
    """A peak, its feet and its flanks.

    Attributes
    ----------
    height, left, right : float
        Of the peak, and of its feet, as far as they are known.
    rise, fall : ndarray of STEP
        The flanks, down to half-way between peak and left foot.
    event : structured ndarray, shape ()
        What else there is to know.
    """

    event: NDArray[np.void]
    height: float = -math.inf
    left: float = math.inf
    right: float = math.inf
    rise: Steps = field(factory=lambda: np.empty(0, STEP))
    fall: Steps = field(factory=lambda: np.empty(0, STEP))

    def raise_to(self, curve: Floats, peak: int, first_bin: int, left: float, rise: Steps) -> None:
        """Be the higher peak at a bin of a block; `rise` is of the series before it."""
        self.height, self.left = float(curve[peak]), left
        level = half_height(self.height, left)
        self.rise = flank_before(curve, peak, first_bin, rise, level)
        self.fall = np.empty(0, STEP)
        self.go_on(curve, peak + 1, first_bin, self.height)

    def go_on(self, curve: Floats, start: int, first_bin: int, before: float) -> None:
        """Take up a flank that falls, from a bin of a block on."""
        level = half_height(self.height, self.left)
        least = float(self.fall["value"][-1]) if len(self.fall) else self.height
        if least > level:
            more = flank_after(curve, start, first_bin, least=least, before=before, level=level)
            self.fall = np.concatenate([self.fall, more])

    @property
    def width(self) -> float:
        """In bins, as things stand."""
        level = half_height(self.height, max(self.left, self.right))
        rise = self.rise[np.searchsorted(self.rise["value"], level, side="right") - 1]
        left = float(rise["bin"])
        if rise["value"] < level:
            left += (level - rise["value"]) / (rise["beside"] - rise["value"])
        fall = self.fall[np.count_nonzero(self.fall["value"] > level)]
        right = float(fall["bin"])
        if fall["value"] < level:
            right -= (level - fall["value"]) / (fall["beside"] - fall["value"])
        return right - left


@define(eq=False)
class Feet:
    """Of the peaks of one trial: those whose width is not certain yet, and what it depends on.

    Attributes
    ----------
    waiting : list of Peak
        In order of time.
    blocking : list of [float, float]
        Heights of peaks that no later one exceeds, descending, and the minimum of the series between
        each and the next one; first what was before all of them.
    """

    waiting: list[Peak] = field(factory=list)
    blocking: list[list[float]] = field(factory=lambda: [[math.inf, math.inf]])

    def left_of(self, height: float) -> float:
        """Left foot of a peak that comes now."""
        foot = math.inf
        for higher, after in reversed(self.blocking):
            foot = min(foot, after)
            if higher > height:
                break
        return foot

    def sink(self, least: float) -> None:
        """Take up the minimum of a piece between two peaks."""
        self.blocking[-1][1] = min(self.blocking[-1][1], least)
        for peak in self.waiting:
            peak.right = min(peak.right, least)

    def block(self, height: float) -> list[Peak]:
        """Take up a peak; those lower than it need not wait any more."""
        certain = [peak for peak in self.waiting if peak.height < height]
        self.waiting = [peak for peak in self.waiting if peak.height >= height]
        foot = math.inf
        while self.blocking[-1][0] <= height:
            foot = min(foot, self.blocking.pop()[1])
        self.blocking[-1][1] = min(self.blocking[-1][1], foot)
        self.blocking.append([height, math.inf])
        return certain

    def certain(self) -> list[Peak]:
        """Those whose right foot is at least as low as the left one: they need not wait either."""
        certain = [peak for peak in self.waiting if peak.right <= peak.left]
        self.waiting = [peak for peak in self.waiting if peak.right > peak.left]
        return certain
