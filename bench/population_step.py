"""Fixed cost of one step of one population: populations that hardly ever fire, without synapses.

Their rates are asserted to be those of the hazard at rest.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from agreement import require_agreement
from mesopop import LIF, LNP, Simulation, simulate
from mesopop.analysis import Estimate, time_average
from report import Report
from timing import cpu_seconds, interleaved
from workloads import SILENT_LIF, SILENT_LNP, near_silent

POPULATIONS, DT, STEPS = 100, 0.1, 20_000
BOUND = 0.15  # microseconds

CASES = {
    "LNP": (SILENT_LNP, "renewal"),
    "LIF, first_order": (SILENT_LIF, "first_order"),
    "LIF, second_order": (SILENT_LIF, "second_order"),
    "LIF, renewal": (SILENT_LIF, "renewal"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=9)
    arguments = parser.parse_args()

    report = Report()
    tasks = {name: task(neuron, closure) for name, (neuron, closure) in CASES.items()}
    found = interleaved(tasks, arguments.repetitions)
    rows = []
    for name, (neuron, closure) in CASES.items():
        difference = rate_difference(neuron, closure)
        rows.append(
            {
                "population": name,
                "microseconds per step": str(found[name]),
                "target": f"<= {BOUND:g}",
                "": report.at_most(name, found[name].median, BOUND),
                "rate - theory": require_agreement(name, {"rate": difference}, 0.003),
            }
        )
    report.table(f"One step of one of {POPULATIONS} uncoupled populations of 100 neurons", rows)
    report.close()


def task(neuron: LIF | LNP, closure: str) -> Callable[[], float]:
    """Microseconds per population and step."""
    simulation = Simulation(
        near_silent(neuron, POPULATIONS),
        dt=DT,
        level="meso",
        closure=closure,
        seed=1,
        n_threads=1,
    )
    duration = STEPS * DT

    def run() -> float:
        task = lambda: simulation.run(duration, record=("rate",), record_dt=duration)  # noqa: E731
        return 1e6 * cpu_seconds(task) / (STEPS * POPULATIONS)

    return run


def rate_difference(neuron: LIF | LNP, closure: str) -> Estimate:
    """Relative difference of the mean rate from that of a constant hazard."""
    if isinstance(neuron, LNP):
        expected = float(neuron.transfer(0.0))
    else:
        hazard = neuron.rate_at_threshold * np.exp(-neuron.v_th / neuron.delta_u)
        expected = hazard / (1 + 1e-3 * hazard * neuron.t_ref)
    network = near_silent(neuron, POPULATIONS)
    result = simulate(
        network, 1e5, dt=DT, level="meso", closure=closure, seed=2, record=("rate",), record_dt=1e5
    )
    mean = time_average(np.array([rate[0] for rate in result.rate.values()]))
    return Estimate(mean.value / expected - 1, mean.se / expected, mean.n)


if __name__ == "__main__":
    main()
