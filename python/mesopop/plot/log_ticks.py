"""Ticks of logarithmic axes that can be read whatever the range."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import Formatter, LogLocator, MaxNLocator
from numpy.typing import NDArray

_ENOUGH, _MOST = 3, 4  # labelled ticks
_FINER = ((1.0, 3.0), (1.0, 2.0, 5.0))
_PLAIN = (1e-3, 1e4)  # beyond these, powers of ten are easier to read


class LogTicks(LogLocator):
    """Powers of ten; within few decades 1, 3 or 1, 2, 5 of each; within less, equal steps."""

    def __init__(self) -> None:
        super().__init__(numticks=_MOST)

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """Places of the labelled ticks."""
        low, high = self.nonsingular(*sorted((vmin, vmax)))
        powers = np.asarray(super().tick_values(low, high))
        if _inside(powers, low, high) >= _ENOUGH:
            return list(powers)
        decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        for within in _FINER:
            ticks = np.outer(decades, within).ravel()
            if _inside(ticks, low, high) >= _ENOUGH:
                return list(ticks)
        equal = MaxNLocator(3, steps=[1, 2, 5, 10]).tick_values(low, high)
        return [tick for tick in equal if tick > 0]


class LogLabels(Formatter):
    """Plain numbers, or powers of ten if any of the ticks is very small or large."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """The label of a place, as under the mouse."""
        return f"{x:.3g}"

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """The labels of all ticks, in one manner."""
        assert self.axis is not None
        low, high = sorted(self.axis.get_view_interval())
        shown = np.array([x for x in values if low <= x <= high])
        if np.all((shown >= _PLAIN[0]) & (shown <= _PLAIN[1])):
            return [f"{x:g}" for x in values]
        if np.allclose(np.log10(shown) % 1, 0):
            return [f"$10^{{{np.log10(x):.0f}}}$" for x in values]
        parts = (f"{x:.5e}".split("e") for x in values)
        return [f"{float(number):g}e{int(power)}" for number, power in parts]


def _inside(ticks: NDArray[np.float64], low: float, high: float) -> int:
    return int(np.count_nonzero((ticks >= low) & (ticks <= high)))
