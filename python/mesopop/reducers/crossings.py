"""Up and Down states of a series, block by block: what `analysis.segment` finds in the whole."""

from __future__ import annotations

import numpy as np
from attrs import define, field
from numpy.typing import NDArray

from mesopop.analysis.hysteresis import (
    UNDEFINED,
    SegmentationInBlocks,
    hysteresis,
    intervals,
    switches,
)
from mesopop.analysis.smoothing import SmoothedBlocks, settling_bins
from mesopop.analysis.thresholds import Thresholds
from mesopop.reducers.event_list import EventList
from mesopop.reducers.reducer import Floats, Reducer, SettingsOfFields, State, quantity_known
from mesopop.validation import number, real_number, text

_SWITCH = np.dtype([("trial", np.int32), ("state", np.int8), ("start", np.int64)])


@define(eq=False)
class Crossings(SettingsOfFields, Reducer):
    """Base of the reducers that look for crossings of two thresholds by the smoothed series."""

    quantity: str = field(validator=quantity_known)
    label: str = field(validator=text())
    low: float = field(converter=real_number, validator=number(), kw_only=True)
    high: float = field(converter=real_number, validator=number(), kw_only=True)
    smooth: float = field(
        default=10.0, converter=real_number, validator=number("ms", ge=0), kw_only=True
    )
    _smoothing: SmoothedBlocks = field(init=False, repr=False, factory=SmoothedBlocks)
    _state: NDArray[np.int8] = field(init=False, repr=False, factory=lambda: np.empty(0, np.int8))
    _extremes: Floats = field(init=False, repr=False, factory=lambda: np.array([np.inf, -np.inf]))
    _switches: EventList = field(init=False, repr=False, factory=lambda: EventList(_SWITCH))

    def __attrs_post_init__(self) -> None:
        Thresholds(low=self.low, high=self.high)  # refuses low >= high

    @property
    def series(self) -> tuple[tuple[str, str], ...]:
        """The series that crosses the thresholds."""
        return ((self.quantity, self.label),)

    def take(self, values: Floats) -> None:
        """Smooth the next bins, divide them into states and list the switches."""
        if self.bins == 0:
            self._state = np.full(self.trials, UNDEFINED, np.int8)
        curve = self._smoothing.smoothed(values[0], self.record_dt, self.smooth)
        unsettled = max(settling_bins(self.record_dt, self.smooth) - self.bins, 0)
        judged = curve[:, unsettled:]
        self._extremes = np.array(
            [
                judged.min(initial=self._extremes[0]),
                judged.max(initial=self._extremes[1]),
            ]
        )
        before = self._state
        state = hysteresis(curve, self.low, self.high, before, unsettled)
        trial, start, new = switches(state, before)
        found = np.empty(len(trial), _SWITCH)
        found["trial"], found["state"], found["start"] = trial, new, start + self.bins
        self._switches.extend(found)
        self.measure(values, curve, state)
        self._state = state[:, -1].copy()

    def measure(self, values: Floats, curve: Floats, state: NDArray[np.int8]) -> None:
        """Take up all series; the smoothed first one and its state have shape (trials, bins)."""

    def segmentation(self) -> SegmentationInBlocks:
        """How the series was divided so far."""
        found = self._switches.values()
        trial = found["trial"].astype(np.int64)
        return SegmentationInBlocks(
            found=intervals(trial, found["start"], found["state"], self.bins),
            low=self.low,
            high=self.high,
            smooth=self.smooth,
            dt=self.record_dt,
            trials=self.trials,
            bins=self.bins,
        )

    def extremes(self) -> tuple[float, float]:
        """Of the smoothed series."""
        return float(self._extremes[0]), float(self._extremes[1])

    def memory(self) -> State:
        """Smoothing, the present states, and the extremes so far."""
        return {
            **self._smoothing.memory(),
            "state": self._state,
            "extremes": self._extremes,
        }

    def lists(self) -> dict[str, EventList]:
        """Switches of the state."""
        return {"switches": self._switches}

    def remember(self, memory: State) -> None:
        """Put back what `memory` gave."""
        self._smoothing = SmoothedBlocks.remembered(memory)
        self._state, self._extremes = memory["state"], memory["extremes"]
