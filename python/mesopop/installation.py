"""What is installed: versions, how the core was compiled, and on what machine it runs."""

from __future__ import annotations

import os
import platform
import textwrap
from importlib.metadata import PackageNotFoundError, version

from mesopop.build import build_info
from mesopop.processors import available_processors

REQUIRED = ("numpy", "scipy", "matplotlib")
OPTIONAL = ("xarray", "h5netcdf", "h5py", "neo", "distributed", "loky")
WIDTH = 80


def as_text() -> str:
    """A table of two columns, at most 80 characters wide."""
    rows = [(name.replace("_", " "), _words(value)) for name, value in build_info().items()]
    rows += [
        ("operating system", f"{platform.system()} {platform.release()} {platform.machine()}"),
        ("processors", f"{available_processors()} of {os.cpu_count()}"),
        ("python", platform.python_version()),
    ]
    rows += [(package, version(package)) for package in REQUIRED]
    rows += [(f"{package} (optional)", _version(package)) for package in OPTIONAL]
    indent = 2 + max(len(name) for name, _ in rows)
    lines: list[str] = []
    for name, value in rows:
        lines += textwrap.wrap(
            value,
            WIDTH,
            initial_indent=name.ljust(indent),
            subsequent_indent=" " * indent,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
