"""Days of biological time: dwell times and events of Up and Down states in constant memory.

    python bench/long_run.py [--seconds 20000] [--folder DIR] [--figure FILE.png]

`lnp-up-down` (N = 200), mesoscopically, in a process that is killed three times and goes on from its
checkpoint; the memory of the process is read while it runs. What the first 20000 s gave is compared
with a run of that length in one piece, event by event. ``--seconds 1e6`` takes about half an hour;
with ``--folder`` the same command goes on if it is stopped itself.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TextIO

import numpy as np

from mesopop import LongRun, Simulation, presets, reducers, resume, run_long
from report import Report

PRESET, DT, RECORD_DT, SEED = "lnp-up-down", 0.1, 0.5, 21
COMPARED = 20_000.0  # s
LIVES = (5.0, 8.0, 30.0)  # s until the process is killed
EVERY, LOOK_EVERY = 2.0, 0.5  # s
CHECKPOINT, LOOKS = "run.checkpoint", "memory.txt"
GROWTH = 10.0  # MB, of the largest memory from the first to the last fifth, at most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=COMPARED, help="biological time")
    parser.add_argument("--folder", type=Path, help="for the checkpoint (default: a temporary one)")
    parser.add_argument("--figure", type=Path, help="memory over time, as a picture")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        run(arguments.seconds, arguments.child)
        return
    report = Report()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        looks, deaths = live(arguments.seconds, folder)
        end = last_checkpoint(folder, looks)
        size = (folder / CHECKPOINT).stat().st_size
        found = resume(folder / CHECKPOINT)
    report.table("Up and Down states", statistics(found))
    report.table("Memory of the process", memory(looks, end, report))
    report.text(
        f"{arguments.seconds:g} s of biological time took {found.seconds / 60:.1f} min "
        f"({arguments.seconds / found.seconds:.0f} s per s) without new starts, after "
        f"{len(deaths)} kills; checkpoints every {EVERY:g} s, the last one of {size / 1e6:.2f} MB."
    )
    report.text(compared(found, min(arguments.seconds, COMPARED), report))
    if arguments.figure:
        draw(looks, deaths, end, arguments.figure)
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
            "spikes": reducers.PopulationSpikes(
                events.observable, "E", **thresholds, release="E->E", u="E->E", x="E->E"
            ),
            "rates": reducers.Histogram("rate", "E", edges=np.arange(0, 101, 5)),
            "spectrum": reducers.Spectrum("rate", "E", segment=1024),
            "moments": reducers.Moments([("rate", "E"), ("x", "E->E")]),
        },
        record_dt=RECORD_DT,
        checkpoint=checkpoint,
        checkpoint_every=EVERY,
    )


def live(seconds: float, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """The run in several lives: time (s) and memory (MB) of all looks at it, and its deaths (s)."""
    with open(folder / LOOKS, "a+", encoding="utf-8") as looks:
        looks.seek(0)
        times = [float(line.split()[0]) for line in looks]
        live_on(seconds, folder / CHECKPOINT, time.monotonic() - max(times, default=0.0), looks)
    rows = np.loadtxt(folder / LOOKS, ndmin=2)
    dead = np.isnan(rows[:, 1])
    return rows[~dead], rows[dead, 0]


def live_on(seconds: float, checkpoint: Path, began: float, looks: TextIO) -> None:
    """To the end of the run; what is seen goes to a file, a death as a memory of nan."""
    for life in (*LIVES, np.inf):
        born = time.monotonic()
        command = [sys.executable, __file__, "--seconds", repr(seconds), "--child", str(checkpoint)]
        process = subprocess.Popen(command)
        while process.poll() is None:
            time.sleep(LOOK_EVERY)
            now = time.monotonic()
            size = resident(process.pid)
            if size is not None:
                print(now - began, size, file=looks, flush=True)
            if now - born > life:
                process.send_signal(signal.SIGKILL)
                process.wait()
                print(now - began, "nan", file=looks, flush=True)
        if process.returncode == 0:
            return
        if process.returncode != -signal.SIGKILL:
            sys.exit(f"the run stopped by itself, with status {process.returncode}")


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


def last_checkpoint(folder: Path, looks: np.ndarray) -> float:
    """When it was made, on the clock of the looks (s). What comes after it is the result."""
    last_look = (folder / LOOKS).stat().st_mtime
    return float(looks[-1, 0] - (last_look - (folder / CHECKPOINT).stat().st_mtime))


def memory(looks: np.ndarray, end: float, report: Report) -> list[dict[str, object]]:
    running = looks[looks[:, 0] <= end, 1]
    fifths = np.array_split(running, 5)
    growth = fifths[-1].max() - fifths[0].max()
    verdict = report.at_most("growth of memory, MB", growth, GROWTH)
    largest = {f"fifth {i}": f"{part.max():.1f} MB" for i, part in enumerate(fifths, 1)}
    return [
        {
            **largest,
            "growth": f"{growth:+.1f} MB",
            "<= 10 MB": verdict,
            "with the result": f"{looks[:, 1].max():.1f} MB",
        }
    ]


def compared(found: LongRun, seconds: float, report: Report) -> str:
    other = run(seconds, None)
    same = all(
        np.array_equal(one[: len(two)], two)
        for one, two in zip(onsets_and_peaks(found), onsets_and_peaks(other), strict=True)
    )
    report.at_least("equal to the uninterrupted run", same, 1)
    number = len(other.reduced["dwell"].onsets)
    return (
        f"The first {seconds:g} s against a run in one piece: {number} onsets of Up states, peaks and "
        f"releases, {'the same to the last bit' if same else 'DIFFERENT'}."
    )


def onsets_and_peaks(found: LongRun) -> list[np.ndarray]:
    spikes = found.reduced["spikes"]
    return [found.reduced["dwell"].onsets, spikes.peak_times, spikes.amplitudes, spikes.released]


def draw(looks: np.ndarray, deaths: np.ndarray, end: float, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 2.8), layout="constrained")
    axes = figure.add_subplot()
    minutes = looks[-1, 0] > 300
    unit = 60 if minutes else 1
    running = looks[:, 0] <= end
    axes.plot(looks[running, 0] / unit, looks[running, 1], color="black", linewidth=1)
    axes.plot(
        looks[~running, 0] / unit,
        looks[~running, 1],
        color="#0072b2",
        marker=".",
        label="its events are read back",
    )
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
