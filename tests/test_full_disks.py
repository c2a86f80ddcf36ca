"""Long runs on disks that are full, and other ends: nothing in memory is lost."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest
from long_runs import DURATION, ENVIRONMENT, found, make_reducers, start
from networks import assert_same_bits, recorded

import mesopop as mp
from mesopop import atomic_file, checkpointed_run, reducers

pytest.importorskip("h5netcdf")


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(checkpointed_run, "_BLOCK_VALUES", 1000)


def test_a_disk_that_is_full_at_a_checkpoint(monkeypatch, tmp_path, small_blocks):
    paths = {"to": tmp_path / "run.nc", "checkpoint": tmp_path / "run.checkpoint"}
    options = {"record_dt": 1.0, "checkpoint_every": 0.0}
    whole = mp.run_long(start(), DURATION, reduce=make_reducers(), record_dt=1.0)
    sync = os.fsync
    for fails in (0, 1, 4, 11, 17):
        calls = iter(range(1000))

        def full(descriptor, fails=fails, calls=calls):
            if next(calls) >= fails:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            sync(descriptor)

        with monkeypatch.context() as patch:
            patch.setattr(atomic_file.os, "fsync", full)
            with pytest.raises(OSError, match="No space left on device: '/") as caught:
                mp.run_long(start(), DURATION, reduce=make_reducers(), **paths, **options)
        run = caught.value.result
        assert run.complete == (run.time == DURATION)
        # What is in memory can still be used, and what is not in the file is handed over.
        if run.reduced:
            assert run.reduced["moments"].bins == run.time / 1.0
        on_disk = len(mp.Result.load(paths["to"]).t) if run.time > 0 else 0
        in_memory = sum(len(part.t) for part in run.unwritten)
        assert on_disk + in_memory >= run.time / 1.0
        run.simulation.save(tmp_path / "elsewhere")
    run = mp.run_long(start(), DURATION, reduce=make_reducers(), **paths, **options)
    assert_same_bits(found(run), found(whole))
    expected = recorded(start().run(DURATION, record_dt=1.0))
    assert_same_bits(recorded(mp.Result.load(paths["to"])), expected)


LIMITED = """
import resource, signal
import mesopop as mp
from mesopop import checkpointed_run
checkpointed_run._BLOCK_VALUES = 20_000
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))
simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.5, level="meso", seed=5)
try:
    mp.run_long(simulation, 30_000, to="run.nc", checkpoint="run.checkpoint", checkpoint_every=0)
except OSError as error:
    run = error.result
    print(error)
    print(sum(len(part.t) for part in run.unwritten) * 0.5, run.time)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files")
def test_a_file_that_may_not_grow(tmp_path):
    finished = subprocess.run(
        [sys.executable, "-c", LIMITED],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    message, numbers = finished.stdout.splitlines()
    in_memory, reached = map(float, numbers.split())
    assert "File too large" in message
    written = mp.Result.load(tmp_path / "run.nc")
    assert 0 < written.duration < reached < 30_000
    assert written.duration + in_memory == reached
    run = mp.resume(tmp_path / "run.checkpoint")
    assert run.complete
    expected = recorded(start().run(30_000))
    assert_same_bits(recorded(mp.Result.load(tmp_path / "run.nc")), expected)


def test_a_folder_that_is_not_there_is_found_before_anything_runs(tmp_path):
    running = start()
    nowhere = tmp_path / "nowhere"
    for paths in ({"checkpoint": nowhere / "c"}, {"to": nowhere / "run.nc"}):
        with pytest.raises(FileNotFoundError):
            mp.run_long(running, 100.0, reduce=make_reducers(), **paths)
        assert running.time == 0.0


def test_a_state_that_overflows_keeps_what_came_before(tmp_path):
    network = mp.Network(
        populations=[
            mp.Population("E", size=1, neuron=mp.LNP(10, transfer=mp.Softplus(2.0)), drive=-3.0)
        ],
        projections=[mp.Projection("E", "E", weight=1e307)],
    )
    paths = {"to": tmp_path / "run.nc", "checkpoint": tmp_path / "run.checkpoint"}
    counts = reducers.Histogram("rate", "E", edges=[0, 1])
    with pytest.raises(FloatingPointError, match='of population "E" became non-finite') as caught:
        mp.run_long(start(network), 60_000.0, reduce={"counts": counts}, **paths)
    run = caught.value.result
    assert not run.complete
    written = mp.Result.load(paths["to"])
    assert len(written.t) == counts.bins > 0
    assert np.isfinite(written.rate["E"]).all()
