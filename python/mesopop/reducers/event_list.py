"""Lists of events that grow with time, in memory that does not."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesopop.atomic_file import naming, write_at
from mesopop.event_log import EventLog

_MOST = 2**20  # bytes in memory


class EventList:
    """A structured array that grows, with fields `trial` and `start`.

    What exceeds a megabyte is put into a temporary file, or all of it into an `EventLog`.

    Parameters
    ----------
    dtype : numpy.dtype
    values : ndarray, optional
        What it begins with.
    """

    def __init__(self, dtype: np.dtype[Any], values: NDArray[Any] | None = None) -> None:
        self._dtype = dtype
        self._parts: list[_Temporary | _Logged] = []
        self._waiting = bytearray()
        self._log: _Logged | None = None
        if values is not None:
            self.replace(values)

    def extend(self, events: NDArray[Any]) -> None:
        """Append events, in any order. They are in memory until `spill`."""
        self._waiting += events.tobytes()

    def replace(self, events: NDArray[Any]) -> None:
        """Forget all others."""
        self._parts, self._log = [], None
        self._waiting = bytearray(events.tobytes())

    def spill(self) -> None:
        """Put what is in memory where there is room for it.

        Raises
        ------
        OSError
            If there is none. Nothing is lost: it can be tried again.
        """
        if self._log is None:
            if len(self._waiting) < _MOST:
                return
            if not self._parts or not isinstance(self._parts[-1], _Temporary):
                self._parts.append(_Temporary())
        if self._waiting:
            self._parts[-1].append(bytes(self._waiting))
            self._waiting.clear()

    def values(self) -> NDArray[Any]:
        """All of them by trial and start, read back."""
        whole = np.frombuffer(b"".join(self._portions()), self._dtype)
        key = whole["trial"].astype(np.int64), whole["start"]
        later = (key[0][1:] > key[0][:-1]) | (
            (key[0][1:] == key[0][:-1]) & (key[1][1:] > key[1][:-1])
        )
        return whole if later.all() else whole[np.lexsort(key[::-1])]

    def begin_log(self, log: EventLog, channel: int) -> None:
        """Move to a new file."""
        logged = _Logged(log, channel)
        for portion in self._portions():
            logged.append(portion)
        self._parts, self._log = [logged], logged
        self._waiting.clear()

    def take_log(self, log: EventLog, channel: int) -> None:
        """Be what a file holds, and go on there."""
        self._log = _Logged(log, channel)
        self._parts = [self._log]
        self._waiting.clear()

    def leave_log(self) -> None:
        """Write no more to the file; what it holds is still read from there."""
        self._log = None

    def _portions(self) -> Iterator[bytes]:
        for part in self._parts:
            yield from part.read()
        yield bytes(self._waiting)

    def __reduce__(self) -> tuple[Callable[..., EventList], tuple[Any, ...]]:
        # Copies have a list of their own.
        return EventList, (self._dtype, self.values())


class _Temporary:
    # A file that nobody else sees, and that is gone with this process.
    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="mesopop-events-", buffering=0)
        weakref.finalize(self, self._file.close)
        self._size = 0

    def append(self, data: bytes) -> None:
        with naming(tempfile.gettempdir()):
            write_at(self._file.fileno(), self._size, data)
        self._size += len(data)

    def read(self) -> Iterator[bytes]:
        self._file.seek(0)
        left = self._size
        while left and (portion := self._file.read(min(left, _MOST))):
            left -= len(portion)
            yield portion


class _Logged:
    def __init__(self, log: EventLog, channel: int) -> None:
        self._log, self._channel = log, channel

    def append(self, data: bytes) -> None:
        self._log.append(self._channel, data)

    def read(self) -> Iterator[bytes]:
        return self._log.read(self._channel)
