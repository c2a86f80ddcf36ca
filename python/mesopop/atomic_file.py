"""Files that are either the old or the new one, whatever happens while they are written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file beside `path`, on the disk to the last byte, and put it in its place.

    Parameters
    ----------
    path : Path
        Replaced if it exists.
    write : callable
        Is handed the open file.

    Raises
    ------
    OSError
        If the disk is full, the folder cannot be written to ...; what was at `path` is unchanged.
    """
    # One name, so that processes that are killed leave one file at most, which the next overwrites.
    beside = path.with_name(f".{path.name}.part")
    try:
        with naming(path):
            with open(beside, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextmanager
def naming(path: object) -> Iterator[None]:
    """Errors of the system within say which file they are of."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise


def sync_folder(folder: Path) -> None:
    """Make new names in a folder survive a loss of power, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with naming(folder):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_at(descriptor: int, offset: int, data: bytes | bytearray) -> None:
    """Write all of `data` to an open file, from a position on.

    Raises
    ------
    OSError
        If that is not possible; perhaps a part of it was written.
    """
    os.lseek(descriptor, offset, os.SEEK_SET)
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
