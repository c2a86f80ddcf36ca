"""Archives: a header and named arrays, with a format version and a checksum.

An archive is an ``.npz`` file that plain numpy reads: ``header`` is JSON, ``checksum`` the SHA-256 of
everything else.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesopop.atomic_file import write_atomically

# Raised when what the entries mean changes. Every version reads all formats up to its own.
FORMAT = 2
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, NotImplementedError)


def write_archive(
    path: Path, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Write header and arrays to `path` atomically.

    Raises
    ------
    OSError
        If it cannot be written; what was there is unchanged.
    TypeError
        If an array holds Python objects.
    """
    text = json.dumps({"format": FORMAT, **header})
    entries: dict[str, Any] = {"header": np.array(text), **arrays}
    for name, values in entries.items():
        if values.dtype.hasobject:
            raise TypeError(f"{name} must hold plain numbers, got dtype {values.dtype}")
    entries["checksum"] = np.array(checksum(entries))
    write_atomically(path, lambda file: np.savez(file, **entries))


def read_archive(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read what `write_archive` wrote.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If it is damaged or truncated, no such file, or of a newer format.
    """
    with open(path, "rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError(f"{path} is not a simulation file, or it is damaged or truncated")
        file.seek(0)
        try:
            with np.load(file, allow_pickle=False) as archive:
                entries = {name: archive[name] for name in archive.files}
                stored = str(entries.pop("checksum"))
            header = json.loads(str(entries["header"]))
            version = header["format"]
        except (*_DAMAGED, AttributeError, TypeError) as error:
            raise ValueError(
                f"{path} is not a simulation file, or it is damaged or truncated ({error})"
            ) from None
    # Before the checksum, whose rule a newer format may have changed.
    if version > FORMAT:
        made_by = header.get("versions", {}).get("mesopop", "newer")
        raise ValueError(
            f"{path} has format {version}, this version of mesopop reads formats up to {FORMAT}: "
            f"it was written by mesopop {made_by}"
        )
    if checksum(entries) != stored:
        raise ValueError(f"{path} is damaged: its checksum is wrong")
    del entries["header"]
    return header, entries


def without_slashes(name: str) -> str:
    """A name that can be part of the path of an entry, of its own for every name."""
    return name.replace("%", "%25").replace("/", "%2F")


def checksum(arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 of named arrays: names, types, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}\0{values.dtype.str}\0{values.shape}\0".encode())
        digest.update(values.data)
    return digest.hexdigest()
