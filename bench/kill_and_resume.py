"""Long runs that are killed hundreds of times: the resumed run has the bits of an uninterrupted one.

    python bench/kill_and_resume.py [--kills 300] [--seed 1]

Every life of a run is a process that is killed (SIGKILL, now and then SIGTERM) after a random time,
anywhere between its first statement, its checkpoints and its writing to the file. Checkpoints are
made as often as possible. At last the run is finished, and compared with one that was left alone:
recorded file, what the reducers found, and the state of the simulation. Needs ``h5netcdf`` and a
POSIX system.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import attrs
import h5netcdf  # noqa: F401  imported here so that the lives need not
import numpy as np
import scipy.signal  # noqa: F401

from mesopop import (
    LongRun,
    Result,
    Simulation,
    checkpointed_run,
    presets,
    reducers,
    resume,
    run_long,
)
from report import Report

LONGEST = 0.8  # s, of a life
FOREVER, REST = 1e9, 2000.0  # ms
RECORD_DT = 1.0

CASES = {
    "LNP, second order": ("lnp-up-down", {"level": "meso", "closure": "second_order"}, {}),
    "LIF, renewal": ("lif-up-down", {"level": "meso", "closure": "renewal"}, {}),
    "LIF, renewal, 3 trials": (
        "lif-population-spikes",
        {"level": "meso", "closure": "renewal"},
        {"trials": 3},
    ),
    "LIF, neuron by neuron": ("lif-up-down", {"level": "micro"}, {}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=300, help="of all cases together")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    arguments = parser.parse_args()
    # Many blocks in a life.
    checkpointed_run._BLOCK_VALUES = 50_000
    report, rng, rows = Report(), np.random.default_rng(arguments.seed), []
    each = -(-arguments.kills // len(CASES))
    # All kills first: a process must not be forked after it has used threads.
    folders = {name: tempfile.TemporaryDirectory() for name in CASES}
    killed = {name: kill(name, Path(folders[name].name), each, rng) for name in CASES}
    for name in CASES:
        rows.append(compare(name, Path(folders[name].name), killed[name], report))
        folders[name].cleanup()
    report.table("Runs killed and resumed", rows)
    report.close()


def run(name: str, folder: Path, file: str, duration: float, checkpoint: bool) -> LongRun:
    """From the start, or from the checkpoint if there is one."""
    preset, engine, more = CASES[name]
    simulation = Simulation(presets.load(preset), dt=0.5, seed=7, n_threads=1, **engine, **more)
    return run_long(
        simulation,
        duration,
        reduce={
            "dwell": reducers.DwellTimes("rate", "E", low=6, high=25),
            "spikes": reducers.PopulationSpikes(
                "rate", "E", low=5, high=30, release="E->E", u="E->E", x="E->E"
            ),
            "spectrum": reducers.Spectrum("rate", "E", segment=500),
            "moments": reducers.Moments([("rate", "E"), ("x", "E->E")]),
            "counts": reducers.Histogram("rate", "E", edges=[0, 1, 10, 100]),
        },
        to=folder / file,
        record=["rate", "x", "spikes"] if engine["level"] == "micro" else ["rate", "x"],
        record_dt=RECORD_DT,
        checkpoint=folder / "run.checkpoint" if checkpoint else None,
        checkpoint_every=0.0,
    )


def kill(name: str, folder: Path, times: int, rng: np.random.Generator) -> int:
    """Start the run so many times; how often it died by the signal, and of nothing else."""
    for _ in range(times):
        kind = signal.SIGTERM if rng.random() < 0.2 else signal.SIGKILL
        process = os.fork()
        if process == 0:
            try:
                run(name, folder, "run.nc", FOREVER, checkpoint=True)
            finally:
                os._exit(1)
        time.sleep(rng.uniform(0.0, LONGEST))
        os.kill(process, kind)
        _, status = os.waitpid(process, 0)
        if os.waitstatus_to_exitcode(status) != -kind:
            sys.exit(f"{name}: the run stopped by itself")
    return times


def compare(name: str, folder: Path, kills: int, report: Report) -> dict[str, object]:
    reached = Simulation.load(folder / "run.checkpoint").time
    duration = reached + REST
    run(name, folder, "run.nc", duration, checkpoint=True)
    one = resume(folder / "run.checkpoint")  # complete: read back
    other = run(name, folder, "whole.nc", duration, checkpoint=False)
    parts = {
        "file": [numbers(Result.load(folder / file)) for file in ("run.nc", "whole.nc")],
        "reducers": [numbers(r.reduced) for r in (one, other)],
        "state": [
            [r.simulation.state(i) for i in range(r.simulation.trials)] for r in (one, other)
        ],
    }
    same = {part: flat(a) == flat(b) for part, (a, b) in parts.items()}
    for part, equal in same.items():
        report.at_least(f"{name}, {part}", equal, 1)
    return {
        "run": name,
        "kills": kills,
        "biological time": f"{duration / 1000:.0f} s",
        "numbers compared": sum(len(flat(a)) // 8 for a, _ in parts.values()),
        "file, reducers, state": ", ".join("same bits" if e else "DIFFER" for e in same.values()),
    }


def numbers(value: object) -> object:
    """What holds numbers: everything but what describes the run."""
    if attrs.has(type(value)):
        names = [f.name for f in attrs.fields(type(value))]
        without = ("network", "settings", "versions", "segmentation", "reason")
        return {name: numbers(getattr(value, name)) for name in names if name not in without}
    if isinstance(value, dict):
        return {name: numbers(item) for name, item in value.items()}
    return value


def flat(value: object) -> bytes:
    """All numbers in a row."""
    if isinstance(value, dict):
        return b"".join(flat(value[name]) for name in sorted(value))
    if isinstance(value, (list, tuple)):
        return b"".join(map(flat, value))
    if isinstance(value, np.ndarray):
        return value.tobytes()
    return repr(value).encode()


if __name__ == "__main__":
    main()
