"""What short-term plasticity adds to the cost of a mesoscopic network with static synapses.

Both networks work at nearly the same rates. Rates and release of the plastic one are asserted to be
the same with bins merged and unmerged.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from attrs import frozen

from agreement import paired_difference, require_agreement
from mesopop import Network, Simulation, TsodyksMarkram, simulate
from mesopop.analysis import Estimate
from report import Report
from timing import cpu_seconds, interleaved
from workloads import ei_pair, microcircuit

TRANSIENT = 1000.0  # ms
DEPRESSING = TsodyksMarkram(U0=0.5, U=0.5, tau_d=200.0)
# Relative to static synapses with the same closure; none is asked for with renewal.
BOUND = {"first_order": 1.2, "second_order": 1.2, "renewal": None}


@frozen
class Pair:
    """A network with static and with plastic excitatory synapses; times in ms."""

    name: str
    static: Network
    plastic: Network
    dt: float
    slice: float
    piece: float


PAIRS = (
    Pair(
        "microcircuit, dt 0.1 ms",
        microcircuit(),
        microcircuit(synapses="plastic"),
        dt=0.1,
        slice=6000.0,
        piece=6000.0,
    ),
    Pair(
        "E-I pair, dt 0.5 ms",
        ei_pair(),
        ei_pair(DEPRESSING),
        dt=0.5,
        slice=120_000.0,
        piece=30_000.0,
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=9)
    arguments = parser.parse_args()

    report = Report()
    rows, agreement = [], []
    for pair in PAIRS:
        tasks = {}
        for closure in BOUND:
            tasks[f"static {closure}"] = task(pair, pair.static, closure)
            tasks[f"plastic {closure}"] = task(pair, pair.plastic, closure)
        found = interleaved(tasks, arguments.repetitions)
        for closure, bound in BOUND.items():
            static, plastic = found[f"static {closure}"], found[f"plastic {closure}"]
            ratio = plastic.over(static)
            rows.append(
                {
                    "work": pair.name,
                    "closure": closure,
                    "plastic / static": str(ratio),
                    "static, s/s": str(static),
                    "plastic, s/s": str(plastic),
                    "target": f"<= {bound:g}" if bound else "",
                    "": report.at_most(f"{pair.name}, {closure}", ratio.median, bound)
                    if bound
                    else "",
                }
            )
            largest = require_agreement(f"{pair.name}, {closure}", merging(pair, closure), 0.002)
            agreement.append(
                {
                    "work": pair.name,
                    "closure": closure,
                    "rates and release, merged - unmerged, at most": largest,
                    "bound": "0.2 %",
                }
            )
    report.table("CPU seconds per biological second, one thread", rows)
    report.table("Agreement", agreement)
    report.close()


def task(pair: Pair, network: Network, closure: str) -> Callable[[], float]:
    """CPU seconds per biological second."""
    simulation = Simulation(network, dt=pair.dt, level="meso", closure=closure, seed=1, n_threads=1)
    simulation.run(TRANSIENT, record=("rate",), record_dt=1.0)

    def run() -> float:
        task = lambda: simulation.run(pair.slice, record=("rate",), record_dt=1.0)  # noqa: E731
        return cpu_seconds(task) / (1e-3 * pair.slice)

    return run


def merging(pair: Pair, closure: str) -> dict[str, Estimate]:
    """Relative effect of merging bins on rates and releases, ten trials with the same seed."""
    merged, unmerged = (averages(pair, closure, **tolerance) for tolerance in ({}, UNMERGED))
    return {name: paired_difference(merged[name], unmerged[name]) for name in merged}


UNMERGED = {"bin_tolerance": 0}


def averages(pair: Pair, closure: str, **settings: float) -> dict[str, np.ndarray]:
    """Means over each of ten trials of the plastic network, shape (10,)."""
    result = simulate(
        pair.plastic,
        TRANSIENT + pair.piece,
        dt=pair.dt,
        level="meso",
        closure=closure,
        seed=2,
        trials=10,
        record=("rate", "release"),
        record_dt=TRANSIENT,
        **settings,
    )
    return {
        name: values[:, 1:].mean(axis=1) for name, values in (result.rate | result.release).items()
    }


if __name__ == "__main__":
    main()
