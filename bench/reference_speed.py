"""The compiled engines against the readable NumPy references of bench/reference, both levels.

The microscopic reference is vectorised over the neurons of a population, the mesoscopic one over its
age bins; both loop over the time steps in Python. So they are far behind where arrays are short,
and at their best where arrays are long. The mesoscopic one never merges bins, which by default
mesopop does. Rates and release per spike are asserted to agree.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from attrs import frozen

from agreement import relative_difference, require_agreement
from mesopop import Network, Simulation, presets, simulate
from mesopop.analysis import Estimate, ratio_of_averages, time_average
from reference import NumpyDraws, simulate_mesoscopic, simulate_microscopic
from report import Report
from timing import cpu_seconds, interleaved

TRANSIENT, PIECE = 500.0, 10_000.0  # ms
# Both programs solve the same equations: what differs is the standard error.
AGREEMENT = 0.0
BOUND = 200.0


@frozen
class Case:
    """A run of both programs; times in ms."""

    name: str
    network: Network
    dt: float
    reference: Callable[..., dict[str, Any]]
    settings: dict[str, Any]
    arguments: dict[str, Any]
    arrays: str
    slice: float


def cases() -> list[Case]:
    """Both levels, with short and with long arrays."""
    found = []
    for size in (100, 1000, 10_000):
        found.append(
            Case(
                f"micro, {size} neurons",
                resized(size),
                0.5,
                simulate_microscopic,
                {"level": "micro", "method": "neurons"},
                {},
                f"{size} neurons",
                slice=200.0,
            )
        )
    for closure, merging in (
        ("first_order", {}),
        ("second_order", {}),
        ("second_order", {"bin_tolerance": 0}),
    ):
        found += [
            Case(
                f"meso, {closure}{', unmerged' if merging else ''}, dt {dt:g} ms",
                resized(100),
                dt,
                simulate_mesoscopic,
                {"level": "meso", "closure": closure, **merging},
                {"closure": closure},
                f"{round(104 / dt)} age bins",
                slice=400 * dt,
            )
            for dt in (0.5, 0.1)
        ]
    return found


def resized(size: int) -> Network:
    """The network of "lif-population-spikes" with a quarter of its coupling: no events, about 6 Hz."""
    network = presets.load("lif-population-spikes")
    (population,), (projection,) = network.populations, network.projections
    weight = 0.25 * projection.weight * population.size / size
    return Network(
        populations=[attrs.evolve(population, size=size, drive=13.0)],
        projections=[attrs.evolve(projection, weight=weight)],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=7)
    arguments = parser.parse_args()

    report = Report()
    rows = []
    for case in cases():
        found = interleaved(
            {"reference": time_reference(case), "mesopop": time_engine(case)},
            arguments.repetitions,
        )
        ratio = found["reference"].over(found["mesopop"])
        rows.append(
            {
                "work": case.name,
                "NumPy / mesopop": str(ratio),
                "mesopop, s/s": str(found["mesopop"]),
                "NumPy, s/s": str(found["reference"]),
                "NumPy works on": case.arrays,
                "target": f">= {BOUND:g} x",
                "": report.at_least(case.name, ratio.median, BOUND),
                "largest difference": require_agreement(case.name, differences(case), AGREEMENT),
            }
        )
    report.table("CPU seconds per biological second, one thread", rows)
    report.close()


def time_reference(case: Case) -> Callable[[], float]:
    """CPU seconds per biological second of the reference, its start not counted."""
    draws = NumpyDraws(1)

    def run(duration: float) -> float:
        return cpu_seconds(
            lambda: case.reference(
                case.network, duration, dt=case.dt, draws=draws, **case.arguments
            )
        )

    return lambda: (run(case.slice + case.dt) - run(case.dt)) / (1e-3 * case.slice)


def time_engine(case: Case) -> Callable[[], float]:
    """CPU seconds per biological second of mesopop, recording as the reference does: every step."""
    simulation = Simulation(case.network, dt=case.dt, seed=1, n_threads=1, **case.settings)
    simulation.run(TRANSIENT)
    duration = 50 * case.slice
    return lambda: cpu_seconds(lambda: simulation.run(duration)) / (1e-3 * duration)


def differences(case: Case) -> dict[str, Estimate]:
    """Rate, and release per spike, relative to the reference."""
    duration = TRANSIENT + PIECE
    reference = case.reference(
        case.network, duration, dt=case.dt, draws=NumpyDraws(2), **case.arguments
    )
    engine = simulate(case.network, duration, dt=case.dt, seed=3, trials=10, **case.settings)
    first = round(TRANSIENT / case.dt)
    theirs = estimates(reference["rate"]["E"][first:], reference["release"]["E->E"][first:])
    ours = estimates(engine.rate["E"][:, first:], engine.release["E->E"][:, first:])
    return {name: relative_difference(ours[name], theirs[name]) for name in ours}


def estimates(rate: np.ndarray, release: np.ndarray) -> dict[str, Estimate]:
    """Mean rate, Hz, and mean release per spike."""
    return {"rate": time_average(rate), "release": ratio_of_averages(release, rate)}


if __name__ == "__main__":
    main()
