"""What Python adds: importing the package, setting up a run, recording it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np

from mesopop import Simulation, presets, simulate
from report import Report
from timing import cpu_seconds, interleaved, process_cpu_seconds
from workloads import ei_pair, microcircuit, one_population

IMPORT_BOUND = 0.3  # s
SIMULATE_BOUND = 5e-3  # s
RECORDING_BOUND = 1.05
CALLS = 5  # of simulate() per repetition

SETUPS = {
    "lif-up-down, micro, dt 0.5 ms": (presets.load("lif-up-down"), {"dt": 0.5, "level": "micro"}),
    "E-I pair, meso, dt 0.5 ms": (ei_pair(), {"dt": 0.5, "level": "meso"}),
    "microcircuit, meso, dt 0.1 ms": (microcircuit(), {"dt": 0.1, "level": "meso"}),
}
RECORDINGS = {
    "one population, meso, dt 0.1 ms": (one_population(), {"dt": 0.1, "level": "meso"}, 20_000.0),
    "E-I pair, meso, dt 0.5 ms": (ei_pair(), {"dt": 0.5, "level": "meso"}, 100_000.0),
    "lif-up-down, micro, dt 0.5 ms": (
        presets.load("lif-up-down"),
        {"dt": 0.5, "level": "micro"},
        100_000.0,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=15)
    arguments = parser.parse_args()

    report = Report()
    report.table("Importing", [importing(arguments.repetitions, report)])
    report.table(
        "simulate() for one biological second, less the steps themselves",
        [setting_up(name, arguments.repetitions, report) for name in SETUPS],
    )
    report.table(
        "Recording, relative to one bin for the whole run",
        [recording(name, arguments.repetitions, report) for name in RECORDINGS],
    )
    report.close()


def importing(repetitions: int, report: Report) -> dict[str, object]:
    """CPU time of an interpreter that imports the package, less that of one that does not."""

    def run(code: str) -> float:
        return process_cpu_seconds([sys.executable, "-c", code])

    found = interleaved(
        {
            "nothing": lambda: run("pass"),
            "mesopop": lambda: run("import mesopop"),
            "simulate": lambda: run("from mesopop import Network, presets, simulate"),
        },
        repetitions,
    )
    seconds = found["mesopop"].median - found["nothing"].median
    return {
        "import mesopop, s": f"{seconds:.3f}",
        "with simulate and presets, s": (
            f"{found['simulate'].median - found['nothing'].median:.3f}"
        ),
        "bare interpreter, s": str(found["nothing"]),
        "target": f"<= {IMPORT_BOUND:g}",
        "": report.at_most("import, s", seconds, IMPORT_BOUND),
    }


def setting_up(name: str, repetitions: int, report: Report) -> dict[str, object]:
    """Time of a run of one second that does not grow with its length."""
    network, settings = SETUPS[name]
    short, long = 1000.0, 4000.0
    for_all = {"seed": 1, "n_threads": 1, "record": ("rate",), "record_dt": 1.0, **settings}

    def run(duration: float) -> Callable[[], float]:
        def simulations() -> None:
            for _ in range(CALLS):
                simulate(network, duration, **for_all)

        return lambda: cpu_seconds(simulations) / CALLS

    found = interleaved({"short": run(short), "long": run(long)}, repetitions)
    steps = (found["long"].median - found["short"].median) / (long - short) * short
    overhead = found["short"].median - steps
    return {
        "work": name,
        "overhead, ms": f"{1e3 * overhead:.2f}",
        "steps of 1 s, ms": f"{1e3 * steps:.2f}",
        "target": f"<= {1e3 * SIMULATE_BOUND:g} ms",
        "": report.at_most(f"simulate, {name}, s", overhead, SIMULATE_BOUND),
    }


def recording(name: str, repetitions: int, report: Report) -> dict[str, object]:
    """CPU time with rates in bins, and with everything at every step; the mean rate is the same."""
    network, settings, duration = RECORDINGS[name]
    rates: dict[str, list[np.ndarray]] = {}

    def run(case: str, **record: object) -> Callable[[], float]:
        simulation = Simulation(network, seed=1, n_threads=1, **settings)
        rates[case] = []

        def task() -> float:
            def simulated() -> None:
                result = simulation.run(duration, **record)
                rates[case].append([rate.mean() for rate in result.rate.values()])

            return cpu_seconds(simulated)

        return task

    found = interleaved(
        {
            "none": run("none", record=("rate",), record_dt=duration),
            "rates": run("rates", record=("rate",), record_dt=1.0),
            "all": run("all"),
        },
        repetitions,
    )
    for case in ("rates", "all"):
        np.testing.assert_allclose(rates[case], rates["none"], rtol=1e-9)
    ratio, everything = found["rates"].over(found["none"]), found["all"].over(found["none"])
    return {
        "work": name,
        "rates in 1 ms bins": str(ratio),
        "target": f"<= {RECORDING_BOUND:g}",
        "": report.at_most(f"recording, {name}", ratio.median, RECORDING_BOUND),
        "all quantities at every step": str(everything),
    }


if __name__ == "__main__":
    main()
