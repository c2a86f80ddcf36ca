"""A growing list of events."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class EventList:
    """A structured array that grows at its end, with a field `trial`."""

    def __init__(self, dtype: np.dtype[Any], values: NDArray[Any] | None = None) -> None:
        self._room = np.empty(0, dtype) if values is None else values
        self._length = len(self._room)

    def extend(self, events: NDArray[Any]) -> None:
        """Append events."""
        length = self._length + len(events)
        if length > len(self._room):
            room = np.empty(max(length, len(self._room) * 9 // 8), self._room.dtype)
            room[: self._length] = self.values
            self._room = room
        self._room[self._length : length] = events
        self._length = length

    @property
    def values(self) -> NDArray[Any]:
        """All of them, in the order in which they came."""
        return self._room[: self._length]

    def by_trial(self) -> NDArray[Any]:
        """All of them by trial, which does not depend on how trials took turns."""
        trial = self.values["trial"]
        if (trial[1:] >= trial[:-1]).all():
            return self.values
        return self.values[np.argsort(trial, kind="stable")]
