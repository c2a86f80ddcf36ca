"""How much memory a process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

_PROCESS_GROUPS = Path("/proc/self/cgroup")
_LIMITS = Path("/sys/fs/cgroup")
# cgroup v1 writes a number near 2^63 for "no limit".
_NO_LIMIT = 2.0**60


def memory_limit() -> float:
    """Bytes that this process may use: the least of the limits that the system tells.

    These are the physical memory, the limit of its address space (``ulimit -v``), and the limits of
    its control groups, which containers and batch systems set. inf if none is known.
    """
    return min(_physical(), _address_space(), *_control_groups())


def _physical() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return math.inf


def _address_space() -> float:
    try:
        import resource
    except ImportError:  # not on Windows
        return math.inf
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return math.inf if soft == resource.RLIM_INFINITY else float(soft)


def _control_groups() -> list[float]:
    # The limits of a group and of all groups that it is in; in a container, its own is the root.
    try:
        lines = _PROCESS_GROUPS.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return [math.inf]
    found = [math.inf]
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers == "":
            root, name = _LIMITS, "memory.max"
        elif "memory" in controllers.split(","):
            root, name = _LIMITS / "memory", "memory.limit_in_bytes"
        else:
            continue
        inside = root / group.lstrip("/")
        for folder in (inside, *inside.parents):
            found.append(_limit_in(folder / name))
            if folder == root:
                break
    return found


def _limit_in(path: Path) -> float:
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return math.inf
    limit = math.inf if text == "max" else float(text)
    return limit if limit < _NO_LIMIT else math.inf
