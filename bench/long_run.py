"""Months of biological time: dwell times of Up and Down states in constant memory.

    python bench/long_run.py [--seconds 20000] [--figure FILE.png]

`lnp-up-down` (N = 200), mesoscopically, in a process that is killed three times and goes on from its
checkpoint; the memory of the process is read while it runs. What the first 20000 s gave is compared
with a run of that length in one piece, event by event. ``--seconds 1e6`` takes about half an hour.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from mesopop import LongRun, Simulation, presets, reducers, resume, run_long
from report import Report

PRESET, DT, RECORD_DT, SEED = "lnp-up-down", 0.1, 0.5, 21
COMPARED = 20_000.0  # s
LIVES = (5.0, 8.0, 30.0)  # s until the process is killed
EVERY, LOOK_EVERY = 2.0, 0.5  # s
GROWTH = 10.0  # MB, of the largest memory from the first to the last fifth, at most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=COMPARED, help="biological time")
    parser.add_argument("--figure", type=Path, help="memory over time, as a picture")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        run(arguments.seconds, arguments.child)
        return
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "run.checkpoint"
        looks, deaths = live(arguments.seconds, checkpoint)
        size = checkpoint.stat().st_size
        found = resume(checkpoint)
    report.table("Up and Down states", statistics(found))
    report.table("Memory of the process", memory(looks, report))
    took = looks[-1, 0]
    report.text(
        f"{arguments.seconds:g} s of biological time took {took / 60:.1f} min "
        f"({arguments.seconds / took:.0f} s per s), {len(deaths)} kills and new starts included; "
        f"checkpoints every {EVERY:g} s, the last one of {size / 1e6:.2f} MB."
    )
    report.text(compared(found, min(arguments.seconds, COMPARED), report))
    if arguments.figure:
        draw(looks, deaths, arguments.figure)
    report.close()


def run(seconds: float, checkpoint: Path | None) -> LongRun:
    """From the start, or from the checkpoint if there is one."""
    simulation = Simulation(presets.load(PRESET), dt=DT, level="meso", seed=SEED, n_threads=1)
    events = presets.experiment(PRESET).events
    assert events is not None
    thresholds = {"low": events.low, "high": events.high, "smooth": events.smooth}
    return run_long(
        simulation,
        1000 * seconds,
        reduce={
            "dwell": reducers.DwellTimes(events.observable, "E", **thresholds),
            "rates": reducers.Histogram("rate", "E", edges=np.arange(0, 101, 5)),
            "spectrum": reducers.Spectrum("rate", "E", segment=1024),
            "moments": reducers.Moments([("rate", "E"), ("x", "E->E")]),
        },
        record_dt=RECORD_DT,
        checkpoint=checkpoint,
        checkpoint_every=EVERY,
    )


def live(seconds: float, checkpoint: Path) -> tuple[np.ndarray, list[float]]:
    """The run in several lives: time (s) and memory (MB) of all looks at it, and its deaths."""
    looks, deaths, began = [], [], time.monotonic()
    for life in (*LIVES, np.inf):
        born = time.monotonic()
        command = [sys.executable, __file__, "--seconds", repr(seconds), "--child", str(checkpoint)]
        process = subprocess.Popen(command)
        while process.poll() is None:
            time.sleep(LOOK_EVERY)
            now = time.monotonic()
            size = resident(process.pid)
            if size is not None:
                looks.append((now - began, size))
            if now - born > life:
                process.send_signal(signal.SIGKILL)
                process.wait()
                deaths.append(now - began)
        if process.returncode == 0:
            return np.array(looks), deaths
        if process.returncode != -signal.SIGKILL:
            sys.exit(f"the run stopped by itself, with status {process.returncode}")
    raise AssertionError


def resident(pid: int) -> float | None:
    """Resident memory of a process, MB."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return None


def statistics(found: LongRun) -> list[dict[str, object]]:
    states = found.reduced["dwell"]
    return [
        {
            "biological time": f"{found.time / 1000:g} s",
            "Up times": len(states.up_times),
            "mean Up time": states.mean_up_time,
            "mean Down time": states.mean_down_time,
            "fraction Up": states.up_fraction,
            "mean rate": f"{found.reduced['moments'].mean[0]:.3f} Hz",
        }
    ]


def memory(looks: np.ndarray, report: Report) -> list[dict[str, object]]:
    fifths = np.array_split(looks[:, 1], 5)
    growth = fifths[-1].max() - fifths[0].max()
    verdict = report.at_most("growth of memory, MB", growth, GROWTH)
    largest = {f"fifth {i}": f"{part.max():.1f} MB" for i, part in enumerate(fifths, 1)}
    return [{**largest, "growth": f"{growth:+.1f} MB", "<= 10 MB": verdict}]


def compared(found: LongRun, seconds: float, report: Report) -> str:
    one = found.reduced["dwell"].onsets
    other = run(seconds, None).reduced["dwell"].onsets
    same = np.array_equal(one[: len(other)], other)
    report.at_least("equal to the uninterrupted run", same, 1)
    return (
        f"The first {seconds:g} s against a run in one piece: {len(other)} onsets of Up states, "
        f"{'the same to the last bit' if same else 'DIFFERENT'}."
    )


def draw(looks: np.ndarray, deaths: list[float], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 2.8), layout="constrained")
    axes = figure.add_subplot()
    minutes = looks[-1, 0] > 300
    unit = 60 if minutes else 1
    axes.plot(looks[:, 0] / unit, looks[:, 1], color="black", linewidth=1)
    for death in deaths:
        axes.axvline(death / unit, color="#d55e00", linewidth=1, linestyle=":")
    axes.plot([], [], color="#d55e00", linewidth=1, linestyle=":", label="killed, resumed")
    axes.set(
        xlabel=f"elapsed time ({'min' if minutes else 's'})",
        ylabel="resident memory (MB)",
        ylim=(0, 1.25 * looks[:, 1].max()),
        xlim=(0, None),
    )
    axes.legend(frameon=False, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
