"""Long runs that are stopped anywhere go on with the bits of an uninterrupted run."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from long_runs import ENVIRONMENT, UP_DOWN, Killed, Stop, found, make_reducers, start
from networks import assert_same_bits, recorded

import mesopop as mp
from mesopop import checkpointed_run, reducers

xarray = pytest.importorskip("xarray")
pytest.importorskip("h5netcdf")


@pytest.mark.parametrize(
    ("by_path", "trials"), [(False, 1), (True, 3)], ids=["same call", "resume"]
)
def test_stopped_at_any_checkpoint_and_resumed(monkeypatch, tmp_path, by_path, trials, engine, zoo):
    record = ["rate", "x", "spikes"] if engine["level"] == "micro" else ["rate", "x"]
    options = {"record": record, "record_dt": 1.0, "checkpoint_every": 0.0}
    paths = {"to": tmp_path / "run.nc", "checkpoint": tmp_path / "run.checkpoint"}
    monkeypatch.setattr(checkpointed_run, "_BLOCK_VALUES", trials * 60 * 20 * len(record))

    def begin():
        return mp.run_long(
            start(zoo, engine, trials=trials), 200.0, reduce=make_reducers(), **paths, **options
        )

    whole = mp.run_long(
        start(zoo, engine, trials=trials),
        200.0,
        reduce=make_reducers(),
        to=tmp_path / "whole.nc",
        record=record,
        record_dt=1.0,
    )
    for after in (0, 1, 3):
        with monkeypatch.context() as patch:
            Stop(patch, after)
            with pytest.raises(Killed):
                begin()
    run = mp.resume(paths["checkpoint"], n_threads=1) if by_path else begin()
    assert run.complete
    assert_same_bits(found(run), found(whole))
    files = [recorded(mp.Result.load(tmp_path / name)) for name in ("run.nc", "whole.nc")]
    assert_same_bits(*files)
    for trial in range(trials):
        assert_same_bits(run.simulation.state(trial), whole.simulation.state(trial))
    # Once more: nothing is left to do, and the same comes back.
    assert_same_bits(found(begin()), found(whole))
    # And longer.
    longer = mp.run_long(
        start(zoo, engine, trials=trials),
        250.0,
        reduce=make_reducers(),
        **paths,
        **options,
    )
    assert longer.time == 250.0
    assert len(mp.Result.load(paths["to"]).t) == 250


SCRIPT = """
import sys
import mesopop as mp
from mesopop import checkpointed_run, reducers
checkpointed_run._BLOCK_VALUES = 20_000
mp.run_long(
    mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, level="meso", seed=3),
    float(sys.argv[1]),
    reduce={"dwell": reducers.DwellTimes("potential", "E", low=8, high=25, smooth=0),
            "spectrum": reducers.Spectrum("rate", "E", segment=1000)},
    to="run.nc",
    record=["rate", "x"],
    record_dt=0.5,
    checkpoint="run.checkpoint",
    checkpoint_every=0.02,
)
"""


def launch(folder, duration):
    command = [sys.executable, "-c", SCRIPT, str(duration)]
    return subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stderr=subprocess.PIPE)


@pytest.mark.skipif(os.name != "posix", reason="kills processes")
def test_killed_processes_lose_nothing_but_time(tmp_path):
    # Long enough for several lives; how far each comes does not matter.
    duration, rng = 1_500_000.0, np.random.default_rng(4)
    checkpoint = tmp_path / "run.checkpoint"
    for kind in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGKILL):
        process = launch(tmp_path, duration)
        began = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        while not checkpoint.exists() or checkpoint.stat().st_mtime_ns == began:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.002)
        time.sleep(rng.uniform(0.0, 0.4))
        process.send_signal(kind)
        process.communicate()
        assert process.returncode == -kind
    reached = mp.Simulation.load(checkpoint).time
    assert 0 < reached < duration
    duration = 1000 * np.ceil(reached / 1000) + 5000
    process = launch(tmp_path, duration)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    run = mp.resume(checkpoint)
    assert run.complete and run.time == duration
    whole = mp.run_long(
        mp.Simulation(UP_DOWN, dt=0.1, level="meso", seed=3),
        duration,
        reduce={
            "dwell": reducers.DwellTimes("potential", "E", low=8, high=25, smooth=0),
            "spectrum": reducers.Spectrum("rate", "E", segment=1000),
        },
        to=tmp_path / "whole.nc",
        record=["rate", "x"],
        record_dt=0.5,
    )
    assert_same_bits(found(run), found(whole))
    assert_same_bits(run.simulation.state(), whole.simulation.state())
    files = [recorded(mp.Result.load(tmp_path / name)) for name in ("run.nc", "whole.nc")]
    assert_same_bits(*files)


@pytest.fixture
def ctrl_c():
    """Processes that are started in the background are deaf to it."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_ctrl_c_returns_what_was_computed_and_the_run_can_go_on(tmp_path, ctrl_c):
    paths = {"to": tmp_path / "run.nc", "checkpoint": tmp_path / "run.checkpoint"}
    interrupter = subprocess.Popen(
        [sys.executable, "-c", f"import os, time; time.sleep(0.6); os.kill({os.getpid()}, 2)"]
    )
    run = mp.run_long(start(), 1e9, reduce=make_reducers(), record_dt=5.0, **paths)
    interrupter.wait()
    assert not run.complete
    assert 0 < run.time < 1e9
    assert "(incomplete)" in repr(run)
    assert mp.Simulation.load(paths["checkpoint"]).time == run.time
    with xarray.open_dataset(paths["to"], engine="h5netcdf") as data:
        assert data["time"].values[-1] == run.time
        assert data.attrs["complete"] == 0
    assert not mp.Result.load(paths["to"]).complete
    longer = run.time + 500.0
    again = mp.run_long(start(), longer, reduce=make_reducers(), record_dt=5.0, **paths)
    whole = mp.run_long(start(), longer, reduce=make_reducers(), record_dt=5.0)
    assert_same_bits(found(again), found(whole))


def test_checkpoint_and_file_can_be_moved_together(tmp_path):
    paths = {"to": tmp_path / "run.nc", "checkpoint": tmp_path / "run.checkpoint"}
    mp.run_long(start(), 100.0, **paths)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for path in paths.values():
        path.rename(folder / path.name)
    run = mp.resume(folder / "run.checkpoint")
    assert run.complete and run.to == folder / "run.nc"
