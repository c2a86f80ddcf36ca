"""Eight trials, or one large one, on one and on two threads.

Elapsed time means something only on a machine that has two cores to spare; CPU time tells what the
threads cost each other even where they have to share them. The numbers are asserted to be the same
to the bit.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from mesopop import Network, Simulation, ThresholdKernel, presets
from mesopop.analysis.report import counted
from report import Report
from timing import Timing, cpu_seconds, interleaved, wall_seconds
from workloads import adapting, microcircuit, plastic_population, uncoupled

TRIALS = 8
BOUND = 1.9

CASES = {
    "microcircuit, meso second_order": (
        microcircuit(),
        {"dt": 0.1, "level": "meso", "closure": "second_order"},
        1000.0,
    ),
    "microcircuit, meso renewal": (microcircuit(), {"dt": 0.1, "level": "meso"}, 1000.0),
    "lif-up-down, micro": (presets.load("lif-up-down"), {"dt": 0.5, "level": "micro"}, 20_000.0),
    # Threads share the neurons.
    "1e5 plastic neurons, random": (
        plastic_population(100_000),
        {"dt": 0.1, "level": "micro", "trials": 1},
        50.0,
    ),
    "1e5 adapting neurons": (
        uncoupled(adapting(ThresholdKernel(amplitude=2.0, tau=100.0)), 100_000),
        {"dt": 0.1, "level": "micro", "trials": 1},
        50.0,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=9)
    arguments = parser.parse_args()

    report = Report()
    rows = []
    for name, (network, settings, duration) in CASES.items():
        simulations = {n: simulation(network, settings, n) for n in (1, 2)}
        cpu: dict[int, list[float]] = {1: [], 2: []}
        found = interleaved(
            {str(n): task(s, duration, cpu[n]) for n, s in simulations.items()},
            arguments.repetitions,
        )
        speedup = found["1"].over(found["2"])
        work = Timing(np.array(cpu[2])).over(Timing(np.array(cpu[1])))
        for one, two in zip(last(simulations[1]), last(simulations[2]), strict=True):
            np.testing.assert_array_equal(one, two)
        rows.append(
            {
                "work": f"{name}, {counted(simulations[1].trials, 'trial')}",
                "elapsed, one thread / two": str(speedup),
                "CPU, two threads / one": str(work),
                "one thread, s elapsed": str(found["1"]),
                "two threads, s elapsed": str(found["2"]),
                "target": f">= {BOUND:g}",
                "": report.at_least(name, speedup.median, BOUND),
            }
        )
    report.table("Two threads", rows)
    report.close()


def simulation(network: Network, settings: dict[str, object], n_threads: int) -> Simulation:
    """Both have the same seed, and so far have done the same."""
    return Simulation(network, seed=1, n_threads=n_threads, **{"trials": TRIALS} | settings)


def task(simulation: Simulation, duration: float, cpu: list[float]) -> Callable[[], float]:
    """Elapsed seconds; CPU seconds are appended to `cpu`."""

    def run() -> None:
        simulation.run(duration, record=("rate",), record_dt=10.0)

    def timed() -> float:
        return wall_seconds(lambda: cpu.append(cpu_seconds(run)))

    return timed


def last(simulation: Simulation) -> list[np.ndarray]:
    """What a further tenth of a second gives."""
    return list(simulation.run(100.0, record=("rate",)).rate.values())


if __name__ == "__main__":
    main()
