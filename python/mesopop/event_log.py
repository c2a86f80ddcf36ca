"""A file of lists that only grow, appended to between the checkpoints of a run.

After the first line, frames of a channel (the number of the list), a length in bytes and so much data. A
checkpoint tells how far the file goes (`Extent`), and what comes after that is cut off when the run
goes on from there.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from attrs import frozen

from mesopop.atomic_file import naming, sync_folder, write_at

_MAGIC = b"mesopop events 1\n"
_FRAME = struct.Struct("<II")
_PORTION = 2**20  # bytes read at a time


@frozen
class Extent:
    """How far a file goes that a checkpoint relies on, and the SHA-256 of so much of it."""

    size: int
    sha256: str


class EventLog:
    """The file. What is appended is held in memory until `flush` or `commit`.

    Parameters
    ----------
    path : Path
    extent : Extent, optional
        Where to go on; without it the file will begin anew.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If it is damaged, or not the one that the checkpoint relies on.
    """

    def __init__(self, path: Path, extent: Extent | None = None) -> None:
        self.path = path
        self._descriptor = -1
        self._waiting = bytearray(b"" if extent else _MAGIC)
        self._size = extent.size if extent else 0  # on the disk
        self._hash = hashlib.sha256()
        if extent is None:
            return
        with open(path, "rb") as file:
            left = extent.size
            while left and (portion := file.read(min(left, _PORTION))):
                self._hash.update(portion)
                left -= len(portion)
        if left or self._hash.hexdigest() != extent.sha256:
            raise ValueError(
                f"{path} is damaged, or does not belong to the checkpoint: of the {extent.size} "
                f"bytes that this knows {'some are missing' if left else 'some are others'}"
            )

    def open(self) -> None:
        """Make the file ready to be written to, cut to where it goes on.

        Raises
        ------
        OSError
            If it cannot be written to.
        FileExistsError
            If it would begin anew in place of a file of another kind.
        """
        if not self._size and self.path.exists():
            with open(self.path, "rb") as file:
                found = file.read(len(_MAGIC))
            if not _MAGIC.startswith(found):
                raise FileExistsError(
                    f"{self.path} exists and is not a file of events: remove it, or choose another "
                    "name for the checkpoint"
                )
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self._descriptor = os.open(self.path, flags, 0o666)
        os.ftruncate(self._descriptor, self._size)
        sync_folder(self.path.parent)

    @property
    def pending(self) -> int:
        """Bytes that are in memory alone."""
        return len(self._waiting)

    def append(self, channel: int, data: bytes) -> None:
        """Append to the list of a number."""
        self._waiting += _FRAME.pack(channel, len(data)) + data

    def flush(self) -> None:
        """Hand what is in memory to the system.

        Raises
        ------
        OSError
            If that is not possible. Nothing is lost: it can be tried again.
        """
        # A copy: while an error is handled, what was being written could not be added to.
        with naming(self.path):
            write_at(self._descriptor, self._size, bytes(self._waiting))
        self._size += len(self._waiting)
        self._hash.update(self._waiting)
        self._waiting.clear()

    def commit(self) -> Extent:
        """Bring the disk up to date; how far the file goes then.

        Raises
        ------
        OSError
            As `flush`.
        """
        self.flush()
        with naming(self.path):
            os.fsync(self._descriptor)
        return Extent(self._size, self._hash.hexdigest())

    def close(self) -> None:
        """Close. What is not on the disk stays in memory, so that `read` still knows it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def read(self, channel: int) -> Iterator[bytes]:
        """All that was appended to a list, frame by frame."""
        if self._size:
            with open(self.path, "rb") as file:
                yield from _frames(file, self._size, channel)
        position = 0 if self._size else len(_MAGIC)
        while position < len(self._waiting):
            found, length = _FRAME.unpack_from(self._waiting, position)
            position += _FRAME.size + length
            if found == channel:
                yield bytes(self._waiting[position - length : position])


def _frames(file: BinaryIO, size: int, channel: int) -> Iterator[bytes]:
    file.seek(len(_MAGIC))
    while file.tell() < size:
        found, length = _FRAME.unpack(file.read(_FRAME.size))
        if found == channel:
            yield file.read(length)
        else:
            file.seek(length, os.SEEK_CUR)
