"""Cost of plastic networks neuron by neuron, against NEST and Brian2.

One population in which every neuron receives from 1000 others, whatever its size. Rate and release
are asserted to agree between the programs, and with infinitely many neurons.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import frozen

from agreement import relative_difference, require_agreement
from mesopop import Simulation, simulate
from mesopop.analysis import Estimate, time_average
from mesoscopic_memory import peak_memory
from peers.neurons import BrianRun, NestNeurons, add_arguments, run_brian
from report import Report
from timing import Timing, cpu_seconds, interleaved
from workloads import plastic_population

DT = 0.1  # ms
TRANSIENT = 3000.0  # ms
BOUND = 0.01
# Where one step takes longer than this, peers would need hours: they are timed on request.
LARGE = 100_000


@frozen
class Work:
    """A size with its targets.

    Parameters
    ----------
    size : int
    slice, nest_slice : float
        Biological time per repetition, ms.
    piece, pieces : float, int
        What decides on agreement.
    seconds, build, megabytes : float
        Targets: CPU seconds per biological second, CPU seconds and MB.
    """

    size: int
    slice: float
    nest_slice: float
    piece: float
    pieces: int
    seconds: float
    build: float
    megabytes: float

    @property
    def name(self) -> str:
        if self.size == 1000:
            return "1e3, all-to-all"
        return f"{self.size:.0e}, p = {1000 / self.size:g}".replace("e+0", "e")


WORKS = [
    Work(1000, 5000.0, 1000.0, 2000.0, 40, 0.02, 1.0, 100.0),
    Work(10_000, 1000.0, 200.0, 1000.0, 20, 0.35, 1.0, 100.0),
    Work(LARGE, 300.0, 100.0, 250.0, 8, 4.0, 10.0, 600.0),
]


def build_alone(size: int) -> dict[str, float]:
    """CPU seconds and memory of building and a few steps, in a process of its own."""
    answer = subprocess.run(
        [sys.executable, __file__, "--build", str(size)], check=True, capture_output=True
    )
    return json.loads(answer.stdout)


def report_build(size: int) -> None:
    """What that process does."""
    start = time.process_time()
    simulation = Simulation(plastic_population(size), dt=DT, seed=1, n_threads=1)
    seconds = time.process_time() - start
    simulation.run(10.0, record=("rate",), record_dt=1.0)
    print(json.dumps({"seconds": seconds, "megabytes": peak_memory()}))


def limit() -> dict[str, Estimate]:
    """Rate and release of infinitely many neurons, Hz: the renewal closure without noise."""
    result = simulate(
        plastic_population(10_000),
        8000.0,
        dt=DT,
        level="meso",
        closure="renewal",
        noise="none",
        bin_tolerance=0.01,
        record=("rate", "release"),
        record_dt=100.0,
    )
    last = {"rate": result.rate["E"][-1], "release": result.release["E->E"][-1]}
    return {name: Estimate(float(value), 0.0, 1) for name, value in last.items()}


def measured(simulation: Simulation, work: Work) -> dict[str, Estimate]:
    """Rate and release of the next pieces."""
    record, duration = ("rate", "release"), work.piece * work.pieces
    result = simulation.run(duration, record=record, record_dt=work.piece)
    return estimates(result.rate["E"], result.release["E->E"])


def estimates(rates: np.ndarray, releases: np.ndarray) -> dict[str, Estimate]:
    """Their means over pieces."""
    return {"rate": time_average(rates), "release": time_average(releases)}


def differences(
    found: Mapping[str, Estimate], reference: Mapping[str, Estimate]
) -> dict[str, Estimate]:
    """Relative differences of rate and release."""
    return {name: relative_difference(found[name], reference[name]) for name in found}


def measure(work: Work, arguments: argparse.Namespace, report: Report) -> tuple[list, list, str]:
    """Rows of the tables of costs and of agreement for one size, and the versions of the peers."""
    network = plastic_population(work.size)
    with_peers = work.size < LARGE or arguments.large_peers
    nest: NestNeurons | None = None
    brian: BrianRun | None = None
    simulation = Simulation(network, dt=DT, seed=1, n_threads=1)
    simulation.run(TRANSIENT, record=("rate",), record_dt=1.0)
    tasks: dict[str, Any] = {
        "mesopop": lambda: (
            cpu_seconds(lambda: simulation.run(work.slice, record=("rate",), record_dt=1.0))
            / (1e-3 * work.slice)
        )
    }
    if with_peers and arguments.nest:
        nest = NestNeurons(arguments.nest, network, dt=DT, seed=1)
        if work.size < LARGE:
            nest.simulate(TRANSIENT)
        tasks["NEST"] = lambda: nest.simulate(work.nest_slice) / (1e-3 * work.nest_slice)
    repetitions = arguments.repetitions if work.size < LARGE or not nest else 1
    timings: dict[str, Timing] = interleaved(tasks, repetitions)

    compared = {"mesopop - infinitely many": differences(measured(simulation, work), limit())}
    mine = measured(simulation, work)
    if nest and work.size < LARGE:
        peer = estimates(*nest.measure(work.piece, work.pieces))
        compared["mesopop - NEST"] = differences(mine, peer)
    if with_peers and arguments.brian2:
        # Of 10^5 neurons only the time is taken.
        large = work.size >= LARGE
        transient, duration, pieces = (
            (0.0, 100.0, 2) if large else (TRANSIENT, work.piece, work.pieces)
        )
        brian = run_brian(
            arguments.brian2,
            network,
            dt=DT,
            seed=1,
            transient=transient,
            duration=duration,
            pieces=pieces,
        )
        brian_seconds = brian.run_seconds / (1e-3 * (transient + duration * pieces))
        if not large:
            peer = estimates(brian.rates, brian.releases)
            compared["mesopop - Brian2"] = differences(mine, peer)

    built = build_alone(work.size)
    own = timings["mesopop"]
    rows = [
        {
            "neurons": work.name,
            "program": "mesopop",
            "s/s": str(own),
            "times mesopop": "",
            "build, s": f"{built['seconds']:.2f}",
            "MB": f"{built['megabytes']:.0f}",
            "target": f"<= {work.seconds:g} s/s, {work.build:g} s, {work.megabytes:g} MB",
            "": verdict(work, own.median, built, report),
        }
    ]
    if nest:
        rows.append(
            {
                **dict.fromkeys(rows[0], ""),
                "neurons": work.name,
                "program": "NEST",
                "s/s": str(timings["NEST"]),
                "times mesopop": str(timings["NEST"].over(own)),
                "build, s": f"{nest.build_seconds:.1f}",
                "MB": f"{nest.memory():.0f}",
            }
        )
        nest.close()
    if brian:
        rows.append(
            {
                **dict.fromkeys(rows[0], ""),
                "neurons": work.name,
                "program": "Brian2",
                "s/s": f"{brian_seconds:.3g}",
                "times mesopop": f"{brian_seconds / own.median:.3g}",
                "build, s": f"{brian.build_seconds:.1f} + {brian.compile_seconds:.1f} compiling",
                "MB": f"{brian.megabytes:.0f}",
            }
        )
    agreement = [
        {
            "neurons": work.name,
            "compared": what,
            "largest relative difference": require_agreement(f"{work.name}, {what}", d, BOUND),
            "bound": f"{100 * BOUND:g} %",
        }
        for what, d in compared.items()
    ]
    versions = [f"NEST {nest.version}"] if nest else []
    versions += [f"Brian2 {brian.version}"] if brian else []
    return rows, agreement, ", ".join(versions)


def verdict(work: Work, seconds: float, built: Mapping[str, float], report: Report) -> str:
    """Whether all three targets of a size were met."""
    found = {
        report.at_most(f"{work.name}, s/s", seconds, work.seconds),
        report.at_most(f"{work.name}, s to build", built["seconds"], work.build),
        report.at_most(f"{work.name}, MB", built["megabytes"], work.megabytes),
    }
    return "missed" if "missed" in found else "met"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument(
        "--large-peers",
        action="store_true",
        help="also time the peers with 10^5 neurons (several minutes, 12 GB)",
    )
    parser.add_argument("--build", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.build:
        report_build(arguments.build)
        return

    report = Report()
    speed, agreement, versions = [], [], set()
    for work in WORKS:
        rows, compared, version = measure(work, arguments, report)
        speed += rows
        agreement += compared
        versions.add(version)
    report.table("CPU seconds per biological second, one thread", speed)
    report.text(
        "Medians with half the interquartile range; of Brian2 the elapsed time of one run. "
        + "; ".join(sorted(filter(None, versions)))
    )
    report.table("Rate and release", agreement)
    report.close()


if __name__ == "__main__":
    main()
