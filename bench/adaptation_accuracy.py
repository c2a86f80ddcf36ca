"""How close the mesoscopic level comes to GIF neurons simulated one by one, with standard errors.

    python bench/adaptation_accuracy.py [--seed 1] [--trials 16]

Uncoupled neurons with one kernel of adaptation: rate in the limit of infinitely many neurons, and
power of the activity of 500 neurons at low frequencies, as deviations from the microscopic level in
percent. The first second of every trial is cut.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy import signal
from tabulate import tabulate

from mesopop import Network, Population, simulate
from workloads import ADAPTING, adapting

CLOSURES = ("second_order", "renewal")
SIZE, DT, RECORD_DT, SECONDS = 500, 0.5, 2.0, 40
BAND = (0.3, 2.0)  # Hz


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=int, default=16)
    arguments = parser.parse_args()
    print(f"`python bench/adaptation_accuracy.py --seed {arguments.seed}`\n")
    rows = [row(name, arguments.seed, arguments.trials) for name in ADAPTING]
    print(tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True))


def row(name: str, seed: int, trials: int) -> dict[str, str]:
    kernel, drive = ADAPTING[name]
    network = Network(
        populations=[Population("E", size=SIZE, neuron=adapting(kernel), drive=drive)]
    )

    def activity(level_seed: int, **engine: str) -> np.ndarray:
        result = simulate(
            network,
            1000.0 * (SECONDS + 1),
            dt=DT,
            seed=np.random.SeedSequence((seed, level_seed)),
            trials=1 if engine.get("noise") == "none" else trials,
            record=("rate",),
            record_dt=RECORD_DT,
            **engine,
        )
        return np.atleast_2d(result.rate["E"])[:, round(1000 / RECORD_DT) :]

    micro = activity(0, level="micro")
    cells = {
        "kernel": f"{name}: {kernel.amplitude:g} mV, {kernel.tau:g} ms",
        "drive, mV": f"{drive:g}",
        "rate, Hz": f"{micro.mean():.3f}",
    }
    for closure in CLOSURES:
        limit = activity(0, level="meso", closure=closure, noise="none").mean()
        cells[f"rate, {closure}"] = deviation(np.array([limit]), micro.mean(axis=1))
    for number, closure in enumerate(CLOSURES, 1):
        meso = activity(number, level="meso", closure=closure)
        cells[f"power, {closure}"] = deviation(low_power(meso), low_power(micro))
    return cells


def low_power(activity: np.ndarray) -> np.ndarray:
    """Mean power spectral density in the band, of each trial."""
    frequency, power = signal.welch(activity, fs=1000 / RECORD_DT, nperseg=2048)
    return power[:, (frequency > BAND[0]) & (frequency <= BAND[1])].mean(axis=1)


def deviation(values: np.ndarray, references: np.ndarray) -> str:
    """Relative difference of two means over trials in percent, with its standard error."""
    value, reference = values.mean(), references.mean()
    relative = [
        v.std(ddof=1) / np.sqrt(v.size) / v.mean() for v in (values, references) if v.size > 1
    ]
    error = value / reference * np.hypot(*relative) if len(relative) > 1 else relative[0]
    return f"{100 * (value / reference - 1):+.2f} ± {100 * error:.2f} %"


if __name__ == "__main__":
    main()
