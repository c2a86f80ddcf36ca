"""Locks that keep two processes from writing one file."""

from __future__ import annotations

import errno
import os
from pathlib import Path


class FileLock:
    """A lock of a file, held until `release` or the end of the process.

    Systems and file systems that know no locks, as on some clusters, have none. It is a lock of
    another file beside it: one of the file itself would keep HDF5 from reading it.

    Raises
    ------
    OSError
        If another process holds it, or the folder cannot be written to.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f".{path.name}.lock")
        self._descriptor = -1
        try:
            import fcntl
        except ImportError:  # not a POSIX system
            return
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Not one that its last owner has just removed.
            if os.fstat(self._descriptor).st_nlink == 0:
                raise BlockingIOError
        except BlockingIOError:
            os.close(self._descriptor)
            raise OSError(f"{path} is being written by another process") from None
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK):
                os.close(self._descriptor)
                raise

    def release(self) -> None:
        """Let others have it."""
        if self._descriptor >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1
