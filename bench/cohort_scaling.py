"""Cost and memory of the microscopic level by cohorts, from a thousand to a million neurons.

All-to-all excitatory LIF neurons with short-term plasticity, dt = 0.1 ms. Rate and release per spike
are asserted to be those of the neurons one by one, and for a million those of N to infinity.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from agreement import relative_difference, require_agreement
from mesopop import Simulation, simulate
from mesopop.analysis import Estimate, ratio_of_averages, time_average
from report import Report
from timing import cpu_seconds, interleaved
from workloads import plastic_all_to_all

DT = 0.1  # ms
# Biological time of one measurement, ms.
SLICES = {1000: 3000.0, 2000: 2000.0, 5000: 1000.0, 10_000: 1000.0, 100_000: 500.0, 10**6: 200.0}
METHODS = {
    "neurons": {"method": "neurons"},
    "cohorts": {"method": "cohorts"},
    "cohorts, tolerance 0.01": {"method": "cohorts", "cohort_tolerance": 0.01},
}
LARGEST_BY_NEURONS = 100_000
BOUNDS = {  # CPU seconds per biological second
    ("neurons", 1000): 0.02,
    ("cohorts", 1000): 0.008,
    ("cohorts, tolerance 0.01", 1000): 0.008,
    ("cohorts", 10**6): 1.0,
}
MEMORY_BOUND = 300.0  # MB, of a million
TRANSIENT = 3000.0  # ms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory_of:
        simulate(plastic_all_to_all(arguments.memory_of), 100.0, dt=DT, seed=1, method="cohorts")
        print(peak_memory())
        return

    report = Report()
    cases = [
        (name, size)
        for size in SLICES
        for name in METHODS
        if name != "neurons" or size <= LARGEST_BY_NEURONS
    ]
    simulations = {case: started(*case) for case in cases}
    tasks = {case: task(simulations[case], SLICES[case[1]]) for case in cases}
    found = interleaved(tasks, arguments.repetitions)
    rows: list[dict[str, object]] = []
    for name, size in cases:
        bound = BOUNDS.get((name, size))
        timing = found[name, size]
        rows.append(
            {
                "neurons": f"{size:,}",
                "method": name,
                "CPU s/s": str(timing),
                "groups": "" if name == "neurons" else str(groups(simulations[name, size])),
                "target": "" if bound is None else f"<= {bound:g}",
                "": "" if bound is None else report.at_most(name, timing.median, bound),
            }
        )
    report.table("CPU seconds per biological second", rows)

    rows = []
    for size in SLICES:
        command = [sys.executable, __file__, "--memory-of", str(size)]
        memory = float(subprocess.run(command, check=True, capture_output=True).stdout)
        target = size == 10**6
        rows.append(
            {
                "neurons": f"{size:,}",
                "largest resident set, MB": f"{memory:.0f}",
                "target": f"<= {MEMORY_BOUND:g}" if target else "",
                "": report.at_most("memory", memory, MEMORY_BOUND) if target else "",
            }
        )
    report.table("Memory by cohorts, the Python interpreter included", rows)

    for size, duration in ((1000, 20_000.0), (10_000, 10_000.0)):
        neurons = statistics(size, duration, seed=2, method="neurons")
        for name in ("cohorts", "cohorts, tolerance 0.01"):
            cohorts = statistics(size, duration, seed=3, **METHODS[name])
            difference = {key: relative_difference(cohorts[key], neurons[key]) for key in neurons}
            largest = require_agreement(name, difference, 0.005)
            report.text(f"{name}, {size} neurons, against neurons one by one: {largest}.")
    report.text(f"A million neurons against N to infinity: {against_limit(simulations)}.")
    report.close()


def peak_memory() -> float:
    """Largest resident set of this program, MB; what it was started from does not count."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("/proc/self/status does not tell the largest resident set")


def started(name: str, size: int) -> Simulation:
    """Past its transient, which the largest can afford only in part."""
    simulation = Simulation(plastic_all_to_all(size), dt=DT, seed=1, n_threads=1, **METHODS[name])
    simulation.run(500.0, record=("rate",), record_dt=500.0)
    return simulation


def task(simulation: Simulation, duration: float) -> Callable[[], float]:
    """CPU seconds per biological second."""

    def run() -> float:
        task = lambda: simulation.run(duration, record=("rate",), record_dt=1.0)  # noqa: E731
        return cpu_seconds(task) / (1e-3 * duration)

    return run


def groups(simulation: Simulation) -> int:
    """Groups that have neurons."""
    return int(np.count_nonzero(simulation.state()["population/0/bins/2"]))


def statistics(size: int, duration: float, **options: object) -> dict[str, Estimate]:
    """Mean rate and mean release per spike."""
    result = simulate(
        plastic_all_to_all(size),
        TRANSIENT + duration,
        dt=DT,
        trials=10,
        record=("rate", "release"),
        record_dt=100.0,
        **options,
    ).after(TRANSIENT)
    rate, release = result.rate["E"].mean(axis=1), result.release["E->E"].mean(axis=1)
    return {"rate": time_average(rate), "release per spike": ratio_of_averages(release, rate)}


def against_limit(simulations: dict[tuple[str, int], Simulation]) -> str:
    """Stationary rate and release of the largest network and of infinitely many neurons."""
    simulation = simulations["cohorts", 10**6]
    simulation.run(TRANSIENT, record=("rate",), record_dt=TRANSIENT)
    found = simulation.run(4000.0, record=("rate", "release"), record_dt=500.0)
    limit = simulate(
        plastic_all_to_all(10**6),
        20_000.0,
        dt=DT,
        level="meso",
        closure="renewal",
        noise="none",
        bin_tolerance=0.001,
        record=("rate", "release"),
        record_dt=100.0,
    )
    differences = {}
    for name, values, expected in (
        ("rate", found.rate["E"], limit.rate["E"][-1]),
        ("release", found.release["E->E"], limit.release["E->E"][-1]),
    ):
        mean = time_average(values)
        differences[name] = Estimate(mean.value / expected - 1, mean.se / expected, mean.n)
    return require_agreement("a million neurons", differences, 0.005)


if __name__ == "__main__":
    main()
