"""CPU time of things that are compared: they take turns, because no machine is quiet for long."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from attrs import frozen

from mesopop import build_info


@frozen
class Timing:
    """Repeated measurements of one task.

    Parameters
    ----------
    values : ndarray, shape (repetitions,)
        What each repetition took, in the unit that the task reports.
    """

    values: np.ndarray

    @property
    def median(self) -> float:
        """The middle one: what others do on the machine only ever adds to some of them."""
        return float(np.median(self.values))

    @property
    def spread(self) -> float:
        """Half the interquartile range, relative to the median."""
        low, high = np.percentile(self.values, [25, 75])
        return float((high - low) / 2 / self.median)

    def over(self, other: Timing) -> Timing:
        """Ratios of repetitions that were neighbours in time."""
        return Timing(self.values / other.values)

    def __str__(self) -> str:
        return f"{self.median:.3g} ± {100 * self.spread:.0f} %"


def interleaved(tasks: Mapping[str, Callable[[], float]], repetitions: int) -> dict[str, Timing]:
    """Call all tasks in turn, `repetitions` times over; each returns what it took.

    A first round is not counted: it fills caches and lets lazy imports happen.
    """
    values: dict[str, list[float]] = {name: [] for name in tasks}
    for repetition in range(repetitions + 1):
        for name, task in tasks.items():
            value = task()
            if repetition > 0:
                values[name].append(value)
    return {name: Timing(np.array(v)) for name, v in values.items()}


def cpu_seconds(task: Callable[[], object]) -> float:
    """CPU time of this process, all threads together, while `task` runs."""
    start = time.process_time()
    task()
    return time.process_time() - start


def process_cpu_seconds(command: list[str]) -> float:
    """CPU time of a process from its start to its end."""

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    start = spent()
    subprocess.run(command, check=True)
    return spent() - start


def wall_seconds(task: Callable[[], object]) -> float:
    """Elapsed time while `task` runs."""
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def machine() -> str:
    """Processor, cores, system, compiler and instruction set, for the head of a table."""
    build = build_info()
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [x.split(":")[1] for x in cpuinfo.read_text().splitlines() if "model name" in x]
        processor = names[0].strip() if names else processor
    return (
        f"{processor}, {os.cpu_count()} cores, {platform.system()}; mesopop {build['version']}, "
        f"{build['compiler']}, {build['instruction_set']}; Python {platform.python_version()}, "
        f"NumPy {np.__version__}"
    )
