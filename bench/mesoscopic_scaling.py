"""Cost of the mesoscopic microcircuit when the number of neurons grows a thousandfold.

Weights shrink as the network grows, so that the mean input stays. In the smallest network most steps
pass without a spike and leave no bin behind, so it is cheaper than those where every step has one.
The rates of the largest network are asserted to be those of infinitely many neurons.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack

from agreement import require_agreement
from mesopop import Network, Simulation, simulate
from mesopop.analysis import Estimate, time_average
from peers.nest import Nest, add_argument
from report import Report
from timing import Timing, cpu_seconds, interleaved
from workloads import microcircuit

SCALES = (0.1, 1.0, 10.0, 100.0)
CLOSURES = ("second_order", "renewal")
DT, SLICE, NEST_SLICE = 0.1, 6000.0, 600.0  # ms
# Of the largest to the smallest network; a tenth is left to the timing.
BOUND = 1.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_argument(parser)
    parser.add_argument("--repetitions", type=int, default=7)
    arguments = parser.parse_args()

    report = Report()
    networks = {scale: microcircuit(scale) for scale in SCALES}
    with ExitStack() as stack:
        tasks = {
            f"{closure} {scale:g}": mesoscopic(network, closure)
            for scale, network in networks.items()
            for closure in CLOSURES
        }
        if arguments.nest:
            for scale, network in networks.items():
                nest = stack.enter_context(Nest(arguments.nest, network, dt=DT, seed=1))
                tasks[f"NEST {scale:g}"] = nest_task(nest)
        found = interleaved(tasks, arguments.repetitions)

    programs = [*CLOSURES, *(["NEST"] if arguments.nest else [])]
    rows = [row(program, networks, found, report) for program in programs]
    report.table("CPU seconds per biological second, by number of neurons", rows)
    if not arguments.nest:
        report.text("NEST was not timed: give --nest PYTHON.")
    for closure in CLOSURES:
        largest = require_agreement(closure, from_limit(networks[SCALES[-1]], closure), 0.005)
        report.text(f"{closure}, rates of the largest network against N to infinity: {largest}.")
    report.close()


def mesoscopic(network: Network, closure: str) -> Callable[[], float]:
    """A task: CPU seconds per biological second."""
    simulation = Simulation(network, dt=DT, level="meso", closure=closure, seed=1, n_threads=1)

    def run() -> float:
        task = lambda: simulation.run(SLICE, record=("rate",), record_dt=1.0)  # noqa: E731
        return cpu_seconds(task) / (1e-3 * SLICE)

    return run


def nest_task(nest: Nest) -> Callable[[], float]:
    """The same in NEST."""
    return lambda: nest.simulate(NEST_SLICE) / (1e-3 * NEST_SLICE)


def row(
    program: str, networks: dict[float, Network], found: dict[str, Timing], report: Report
) -> dict[str, object]:
    """One program at all sizes."""
    timings = {scale: found[f"{program} {scale:g}"] for scale in SCALES}
    growth = timings[SCALES[-1]].over(timings[SCALES[0]])
    above = timings[SCALES[-1]].over(timings[SCALES[1]])
    cells: dict[str, object] = {
        "program": program,
        "largest / smallest": str(growth),
        "largest / second": str(above),
    }
    for scale, network in networks.items():
        size = sum(p.size for p in network.populations)
        cells[f"N = {size:.2g}"] = str(timings[scale])
    mesopop = program != "NEST"
    cells["target"] = f"<= {BOUND:g}" if mesopop else ""
    cells[""] = report.at_most(f"{program}, growth", growth.median, BOUND) if mesopop else ""
    return cells


def from_limit(network: Network, closure: str) -> dict[str, Estimate]:
    """Relative difference of the rates from those without finite-size noise."""
    common = {"dt": DT, "level": "meso", "closure": closure, "record": ("rate",)}
    noisy = simulate(network, 4000.0, trials=10, seed=2, record_dt=1000.0, **common)
    limit = simulate(network, 4000.0, noise="none", record_dt=1000.0, **common)
    found = {}
    for name, rate in noisy.rate.items():
        mean, expected = time_average(rate[:, 1:].mean(axis=1)), limit.rate[name][-1]
        found[name] = Estimate(mean.value / expected - 1, mean.se / expected, mean.n)
    return found


if __name__ == "__main__":
    main()
