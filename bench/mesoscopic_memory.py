"""Memory of a long mesoscopic run: it must not grow with the time simulated.

Every piece of the run is thrown away before the next, so that only the engine remains.
"""

from __future__ import annotations

import argparse
import resource
import sys

import numpy as np

from agreement import relative_difference, require_agreement
from mesopop import Simulation
from mesopop.analysis import time_average
from peers.nest import Nest, add_argument
from report import Report
from workloads import microcircuit

DT = 0.1  # ms
PIECE, PIECES = 30_000.0, 10  # ms
NEST_PIECE, NEST_PIECES = 3000.0, 10
BOUND = 0.01  # MB per biological second


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_argument(parser)
    arguments = parser.parse_args()

    report = Report()
    network = microcircuit()
    names = [p.name for p in network.populations]
    rows, rates = [], {}
    for closure in ("second_order", "renewal"):
        simulation = Simulation(network, dt=DT, level="meso", closure=closure, seed=1, n_threads=1)
        mean_rates(simulation)
        before = peak_memory()
        found = [mean_rates(simulation) for _ in range(PIECES)]
        growth = (peak_memory() - before) / (1e-3 * PIECE * PIECES)
        rates[closure] = np.transpose(found)
        rows.append(row(closure, PIECE * PIECES, growth, report))
    if arguments.nest:
        with Nest(arguments.nest, network, dt=DT, seed=1) as nest:
            nest.simulate(NEST_PIECE)
            before = nest.memory()
            for _ in range(NEST_PIECES):
                nest.simulate(NEST_PIECE)
            growth = (nest.memory() - before) / (1e-3 * NEST_PIECE * NEST_PIECES)
        rows.append(row("NEST", NEST_PIECE * NEST_PIECES, growth, None))
    report.table("Growth of the largest resident set", rows)
    if not arguments.nest:
        report.text("NEST was not run: give --nest PYTHON.")

    differences = {
        name: relative_difference(time_average(a), time_average(b))
        for name, a, b in zip(names, *rates.values(), strict=True)
    }
    largest = require_agreement("second_order - renewal", differences, 0.005)
    report.text(f"Rates of the long run, second_order against renewal: {largest}.")
    report.close()


def mean_rates(simulation: Simulation) -> list[float]:
    """Of the next piece, which is then thrown away."""
    result = simulation.run(PIECE, record=("rate",), record_dt=1.0)
    return [float(rate.mean()) for rate in result.rate.values()]


def row(program: str, duration: float, growth: float, report: Report | None) -> dict[str, object]:
    """One program."""
    return {
        "program": program,
        "MB per biological second": f"{growth:.3f}",
        "biological time": f"{1e-3 * duration:g} s",
        "target": f"<= {BOUND:g}" if report else "",
        "": report.at_most(f"{program}, MB/s", growth, BOUND) if report else "",
    }


def peak_memory() -> float:
    """Largest resident set of this process so far, MB."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / (1024 if sys.platform != "darwin" else 1024**2)


if __name__ == "__main__":
    main()
