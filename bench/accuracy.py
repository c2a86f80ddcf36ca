"""How close each mesoscopic closure comes to the microscopic network, with standard errors.

    python bench/accuracy.py [--seconds 200] [--trials 16] [--seed 1] [--output docs/accuracy-tables.md]

Feedforward: one population without coupling projects with depressing, facilitating or mixed
synapses; compared are the mean rate, the mean release per spike, the variance of the release in bins
of 50 ms, and power spectra of the activity A and the release y in bands. Recurrent: the reference
networks, of which states, dwell times and intervals are compared. Every entry is the deviation from
the microscopic level in percent, with the standard error of both levels together.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy import signal
from tabulate import tabulate

import mesopop as mp

CLOSURES = ("first_order", "second_order", "renewal")
DT = 0.5
BANDS = ((0.4, 4.0), (4.0, 15.0), (15.0, 60.0), (60.0, 500.0))
SYNAPSES = {
    "depressing": mp.TsodyksMarkram(U0=0.5, U=0.5, tau_d=300.0, tau_f=20.0),
    "facilitating": mp.TsodyksMarkram(U0=0.1, U=0.1, tau_d=100.0, tau_f=1000.0),
    "mixed": mp.TsodyksMarkram(U0=0.2, U=0.2, tau_d=300.0, tau_f=600.0),
}


def lif(t_ref: float = 4.0) -> mp.LIF:
    return mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=t_ref, delta_u=2, rate_at_threshold=10)


# Presynaptic neurons, from irregular to regular.
SOURCES = {
    "Poisson 10 Hz": (mp.Poisson(10.0), 0.0),
    "LIF 3 Hz": (lif(), 12.9),
    "LIF 10 Hz": (lif(), 16.5),
    "LIF 28 Hz": (lif(), 25.0),
}
SIZES = (50, 200, 1000)
RECURRENT = {
    "lif-up-down": 0.5,
    "lif-population-spikes": 0.5,
    "lnp-up-down": 0.1,
    "lnp-population-spikes": 0.1,
}


def feedforward(source: str, size: int) -> mp.Network:
    """The source projects with every kind of synapse onto a readout."""
    neuron, drive = SOURCES[source]
    return mp.Network(
        populations=[
            mp.Population("pre", size=size, neuron=neuron, drive=drive),
            mp.Population("post", size=1, neuron=mp.LNP(10.0, transfer=mp.Softplus(1.0))),
        ],
        projections=[
            mp.Projection("pre", "post", weight=0.0, stp=stp, name=name)
            for name, stp in SYNAPSES.items()
        ],
    )


def per_trial(result: mp.Result) -> dict[str, np.ndarray]:
    """Every compared number of every trial."""
    rate = result.rate["pre"]
    numbers = {"rate": rate.mean(1)}
    for band, power in spectrum(rate, result.record_dt):
        numbers[f"power of A, {band}"] = power
    for name in SYNAPSES:
        y = result.release[name]
        bins = y[:, : y.shape[1] // 100 * 100].reshape(len(y), -1, 100).mean(2)
        numbers[f"{name}: release per spike"] = y.mean(1) / rate.mean(1)
        numbers[f"{name}: variance of y, 50 ms"] = bins.var(1)
        for band, power in spectrum(y, result.record_dt):
            numbers[f"{name}: power of y, {band}"] = power
    return numbers


def spectrum(series: np.ndarray, dt: float) -> list[tuple[str, np.ndarray]]:
    """Power of each trial in each band."""
    frequency, power = signal.welch(series, fs=1000 / dt, nperseg=round(5000 / dt), axis=1)
    return [
        (f"{low:g}-{high:g} Hz", power[:, (frequency >= low) & (frequency < high)].mean(1))
        for low, high in BANDS
    ]


def deviation(meso: np.ndarray, micro: np.ndarray) -> str:
    """Deviation of the mean over trials in percent, with its standard error."""
    ratio = meso.mean() / micro.mean()
    relative = [x.std(ddof=1) / np.sqrt(len(x)) / x.mean() for x in (meso, micro)]
    return f"{100 * (ratio - 1):+.2f} ± {100 * ratio * np.hypot(*relative):.2f}"


def feedforward_table(args: argparse.Namespace, source: str, size: int) -> str:
    options = {
        "dt": DT,
        "trials": args.trials,
        "record": ("rate", "release"),
    }
    network, duration = feedforward(source, size), 1000 * args.seconds
    micro = per_trial(mp.simulate(network, duration, method="neurons", seed=args.seed, **options))
    columns = {}
    for i, closure in enumerate(CLOSURES):
        meso = mp.simulate(
            network, duration, level="meso", closure=closure, seed=args.seed + 1 + i, **options
        )
        columns[closure] = per_trial(meso)
    rows = [
        [name, f"{values.mean():.4g}", *(deviation(columns[c][name], values) for c in CLOSURES)]
        for name, values in micro.items()
    ]
    title = f"\n### {source}, N = {size}\n\n"
    return title + tabulate(
        rows, headers=["", "micro", *(f"{c}, %" for c in CLOSURES)], tablefmt="github"
    )


def events(preset: str, dt: float, args: argparse.Namespace, seed: int, **level: object) -> dict:
    """Estimates of the states or events of a preset, with standard errors."""
    experiment = mp.presets.experiment(preset)
    wanted = experiment.events
    result = mp.simulate(
        experiment.network,
        1000 * args.seconds,
        dt=dt,
        trials=args.trials,
        seed=seed,
        record=("rate", "release", "potential"),
        record_dt=0.5,
        **level,
    )
    series = getattr(result, wanted.observable)[wanted.population]
    states = mp.analysis.up_down_states(
        series, dt=0.5, low=wanted.low, high=wanted.high, smooth=wanted.smooth
    )
    rate, y = result.rate["E"].mean(1), result.release["E->E"].mean(1)
    trials = np.sqrt(args.trials)
    return {
        "rate, Hz": (rate.mean(), rate.std(ddof=1) / trials),
        "release per spike": ((y / rate).mean(), (y / rate).std(ddof=1) / trials),
        "Up fraction": (states.up_fraction.value, states.up_fraction.se),
        "mean Up time, ms": (states.mean_up_time.value, states.mean_up_time.se),
        "mean Down time, ms": (states.mean_down_time.value, states.mean_down_time.se),
        "interval between Up onsets, ms": (states.mean_interval.value, states.mean_interval.se),
    }


def recurrent_table(args: argparse.Namespace, preset: str, dt: float) -> str:
    micro = events(preset, dt, args, args.seed, method="neurons")
    meso = {
        closure: events(preset, dt, args, args.seed + 1 + i, level="meso", closure=closure)
        for i, closure in enumerate(CLOSURES)
    }
    rows = []
    for name, (value, error) in micro.items():
        row = [name, f"{value:.4g} ± {error:.2g}"]
        for closure in CLOSURES:
            other, other_error = meso[closure][name]
            ratio = other / value
            relative = ratio * np.hypot(other_error / other, error / value)
            row.append(f"{100 * (ratio - 1):+.1f} ± {100 * relative:.1f}")
        rows.append(row)
    return f"\n### {preset}, dt {dt:g} ms\n\n" + tabulate(
        rows, headers=["", "micro", *(f"{c}, %" for c in CLOSURES)], tablefmt="github"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=200.0, help="biological time of a trial")
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, help="write the tables there too")
    parser.add_argument("--recurrent-only", action="store_true")
    args = parser.parse_args()
    tables = [
        f"Deviation from the microscopic level in percent, ± one standard error; {args.trials} "
        f"trials of {args.seconds:g} s, seed {args.seed}."
    ]
    print(tables[0])
    jobs = [(recurrent_table, preset, dt) for preset, dt in RECURRENT.items()]
    if not args.recurrent_only:
        jobs += [(feedforward_table, source, size) for source in SOURCES for size in SIZES]
    for table, *arguments in jobs:
        tables.append(table(args, *arguments))
        print(tables[-1], flush=True)
    if args.output:
        args.output.write_text("\n".join(tables) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
