"""A file whose changes reach the disk all together or not at all.

HDF5 rewrites its indices in place: a process that is killed in the middle leaves a file that nothing
can read. Here all that it writes is held in memory until `commit`, which

1. writes what lies beyond the old end of the file, which nothing refers to yet,
2. writes what replaces old bytes to a journal beside the file, atomically,
3. writes it to the file too, and removes the journal.

Whatever stops the process, the file as it was before or after the commit is there, at worst once
`JournaledFile` has opened it again and taken up the journal.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from mesopop.atomic_file import naming, write_at, write_atomically
from mesopop.file_lock import FileLock

_PAGE = 4096
_MAGIC = b"mesopop journal 1\n"


class JournaledFile:
    """A file object for reading and writing, as h5py takes it.

    Parameters
    ----------
    path : Path
    create : bool
        Make a new file, in place of one that exists.

    Raises
    ------
    OSError
        If it cannot be opened, or another process is writing it.
    ValueError
        If its journal is damaged.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        self.path = path
        self._journal = _journal_of(path)
        self._lock = FileLock(path)
        self._descriptor = -1
        try:
            flags = os.O_RDWR | getattr(os, "O_BINARY", 0) | (os.O_CREAT if create else 0)
            self._descriptor = os.open(path, flags, 0o666)
            if create:
                self._journal.unlink(missing_ok=True)
                os.ftruncate(self._descriptor, 0)
            else:
                self._take_up_journal()
            self._committed = os.fstat(self._descriptor).st_size
        except BaseException:
            self.close()
            raise
        self._size = self._committed
        self._position = 0
        self._pages: dict[int, bytearray] = {}  # what differs from the disk

    @property
    def pending(self) -> int:
        """Bytes held in memory."""
        return len(self._pages) * _PAGE

    # --- What h5py calls -------------------------------------------------------------------------

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self._size - self._position))
        done = 0
        while done < count:
            page, start = divmod(self._position, _PAGE)
            size = min(count - done, _PAGE - start)
            view[done : done + size] = self._page(page)[start : start + size]
            done += size
            self._position += size
        return count

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._position)
        buffer = bytearray(left if size < 0 else min(size, left))
        self.readinto(buffer)
        return bytes(buffer)

    def write(self, data: bytes | memoryview) -> int:
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view):
            page, start = divmod(self._position, _PAGE)
            size = min(len(view) - done, _PAGE - start)
            self._pages.setdefault(page, self._page(page))[start : start + size] = view[
                done : done + size
            ]
            done += size
            self._position += size
        self._size = max(self._size, self._position)
        return done

    def truncate(self, size: int | None = None) -> int:
        # HDF5 only ever extends a file by this; what it gives up is overwritten later.
        self._size = max(self._size, self._position if size is None else size)
        return self._size

    def flush(self) -> None:
        pass

    # ---------------------------------------------------------------------------------------------

    def commit(self) -> None:
        """Bring the disk up to date.

        Raises
        ------
        OSError
            If that is not possible; it can be tried again.
        """
        new = {page: data for page, data in self._pages.items() if page * _PAGE >= self._committed}
        with naming(self.path):
            for offset, data in _runs(new):
                write_at(self._descriptor, offset, data[: self._size - offset])
            os.fsync(self._descriptor)
        old = {page: data for page, data in self._pages.items() if page not in new}
        if old:
            replaced = b"".join(
                _entry(offset, data[: self._size - offset]) for offset, data in _runs(old)
            )
            digest = hashlib.sha256(replaced).digest()
            write_atomically(self._journal, lambda file: file.write(_MAGIC + digest + replaced))
            self._take_up_journal()
        self._committed = os.fstat(self._descriptor).st_size
        self._pages.clear()

    def close(self) -> None:
        """Close without bringing the disk up to date."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._lock.release()

    def _page(self, page: int) -> bytearray:
        if page in self._pages:
            return self._pages[page]
        data = bytearray(_PAGE)
        if page * _PAGE < self._committed:
            os.lseek(self._descriptor, page * _PAGE, os.SEEK_SET)
            found = os.read(self._descriptor, _PAGE)
            data[: len(found)] = found
        return data

    def _take_up_journal(self) -> None:
        if not self._journal.exists():
            return
        written = self._journal.read_bytes()
        digest, entries = written[len(_MAGIC) : len(_MAGIC) + 32], written[len(_MAGIC) + 32 :]
        if not written.startswith(_MAGIC) or hashlib.sha256(entries).digest() != digest:
            raise ValueError(f"{self._journal} is damaged")
        position = 0
        while position < len(entries):
            offset, size = (
                int.from_bytes(entries[position + at : position + at + 8], "little")
                for at in (0, 8)
            )
            position += 16 + size
            write_at(self._descriptor, offset, entries[position - size : position])
        os.fsync(self._descriptor)
        self._journal.unlink()


def finish_commit(path: Path) -> None:
    """Take up the journal that a process has left which was killed at the end of a commit.

    Raises
    ------
    OSError
        If the file cannot be written to, or another process is just doing so.
    ValueError
        If the journal is damaged.
    """
    if path.exists() and _journal_of(path).exists():
        JournaledFile(path, create=False).close()


def _journal_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.journal")


def _runs(pages: dict[int, bytearray]) -> list[tuple[int, bytearray]]:
    # Offsets and contents, neighbouring pages joined.
    runs: list[tuple[int, bytearray]] = []
    for page in sorted(pages):
        if runs and runs[-1][0] + len(runs[-1][1]) == page * _PAGE:
            runs[-1][1].extend(pages[page])
        else:
            runs.append((page * _PAGE, bytearray(pages[page])))
    return runs


def _entry(offset: int, data: bytearray) -> bytes:
    return offset.to_bytes(8, "little") + len(data).to_bytes(8, "little") + data
