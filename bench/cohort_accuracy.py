"""What merging cohorts of neurons does at the microscopic level, with standard errors.

    python bench/cohort_accuracy.py [--seconds 500] [--trials 40] [--seed 1]

Uncoupled LIF neurons: the rate, against the renewal integral; with tolerances against none on the same
random numbers. Reference networks: states and events, against the neurons one by one. Every entry is a
deviation in percent.
"""

from __future__ import annotations

import argparse

import numpy as np
from tabulate import tabulate

import mesopop as mp
from accuracy import DT, RECURRENT, SOURCES, events
from reference.renewal import stationary_rate

TOLERANCES = (0.0, 0.01, 0.1, 0.5)
HEADERS = [*(f"{tolerance:g} delta_u, %" for tolerance in TOLERANCES)]


def uncoupled_table(args: argparse.Namespace) -> str:
    """Rates of 20 000 uncoupled neurons."""
    rows = []
    for i, (source, (neuron, drive)) in enumerate(SOURCES.items()):
        if not isinstance(neuron, mp.LIF):
            continue
        network = mp.Network(
            populations=[mp.Population("E", size=20_000, neuron=neuron, drive=drive)]
        )
        exact = 1000 / DT * stationary_rate(neuron, drive, DT)
        row = [source, f"{exact:.4f} Hz"]
        against = exact
        for tolerance in TOLERANCES:
            result = mp.simulate(
                network,
                20_000.0,
                dt=DT,
                method="cohorts",
                cohort_tolerance=tolerance,
                seed=args.seed + i,
                trials=10,
                record=("rate",),
                record_dt=100.0,
            )
            rate = result.rate["E"].mean(1)
            ratio = rate / against
            against = rate if tolerance == 0 else against
            row.append(
                f"{100 * (ratio.mean() - 1):+.3f} ± {100 * ratio.std(ddof=1) / np.sqrt(10):.3f}"
            )
        rows.append(row)
    headers = [
        "renewal integral",
        "0, against it, %",
        *(h.replace(",", " - 0,") for h in HEADERS[1:]),
    ]
    return "\n### Uncoupled, rate\n\n" + tabulate(
        rows, headers=["", *headers], tablefmt="github", disable_numparse=True
    )


def recurrent_table(args: argparse.Namespace, preset: str) -> str:
    """One reference network, each method with random numbers of its own."""
    dt = RECURRENT[preset]
    neurons = events(preset, dt, args, args.seed, method="neurons")
    cohorts = [
        events(preset, dt, args, args.seed + 1 + i, method="cohorts", cohort_tolerance=tolerance)
        for i, tolerance in enumerate(TOLERANCES)
    ]
    rows = []
    for name, (value, error) in neurons.items():
        row = [name, f"{value:.4g} ± {error:.2g}"]
        for found in cohorts:
            other, other_error = found[name]
            relative = np.hypot(other_error, other * error / value) / value
            row.append(f"{100 * (other / value - 1):+.1f} ± {100 * relative:.1f}")
        rows.append(row)
    return f"\n### {preset}, dt {dt:g} ms\n\n" + tabulate(
        rows, headers=["", "neurons", *HEADERS], tablefmt="github"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=500.0, help="biological time of a trial")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(uncoupled_table(args), flush=True)
    for preset in ("lif-up-down", "lif-population-spikes"):
        print(recurrent_table(args, preset), flush=True)


if __name__ == "__main__":
    main()
