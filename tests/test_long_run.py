"""Long runs: reduced, streamed, stopped anywhere and resumed, with the bits of an uninterrupted run."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import attrs
import numpy as np
import pytest
from networks import MICRO, assert_same_bits, isolated, meso, recorded

import mesopop as mp
from mesopop import atomic_file, checkpoint_file, checkpointed_run, reducers
from mesopop.recording import DEFAULT_RECORD

xarray = pytest.importorskip("xarray")
pytest.importorskip("h5netcdf")

UP_DOWN = mp.presets.load("lnp-up-down")
DURATION = 600.0


def start(network=UP_DOWN, engine=None, **changes):
    return mp.Simulation(network, **{"dt": 0.5, "seed": 5, **(engine or meso(None)), **changes})


def make_reducers():
    return {
        "dwell": reducers.DwellTimes("rate", "E", low=8, high=25),
        "counts": reducers.Histogram("rate", "E", edges=[0, 5, 10, 30]),
        "moments": reducers.Moments([("rate", "E"), ("u", "E->E")]),
        "spectrum": reducers.Spectrum("rate", "E", segment=100.0),
    }


def found(run):
    """All numbers of what the reducers found."""
    return {
        f"{name}/{field.name}": np.asarray(getattr(result, field.name))
        for name, result in run.reduced.items()
        for field in attrs.fields(type(result))
        if isinstance(getattr(result, field.name), (np.ndarray, float, int))
    }


class Stop:
    """Stops a run at its n-th checkpoint, as if the process had been killed."""

    def __init__(self, monkeypatch, after):
        write, self.left = checkpoint_file.write_archive, after

        def stopping(*arguments):
            if self.left == 0:
                raise Killed
            self.left -= 1
            write(*arguments)

        monkeypatch.setattr(checkpoint_file, "write_archive", stopping)


class Killed(Exception):
    pass


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(checkpointed_run, "_BLOCK_VALUES", 1000)


# --- In one piece --------------------------------------------------------------------------------


@pytest.mark.parametrize("trials", [1, 3])
@pytest.mark.parametrize("engine", [MICRO, meso("renewal")])
def test_what_is_written_and_reduced_is_what_a_run_records(
    engine, trials, tmp_path, small_blocks, zoo
):
    record = (*DEFAULT_RECORD, "spikes") if engine["level"] == "micro" else DEFAULT_RECORD
    options = {"record": record, "record_dt": 2.0}
    whole = start(zoo, engine, trials=trials).run(DURATION, **options)
    run = mp.run_long(
        start(zoo, engine, trials=trials),
        DURATION,
        reduce=make_reducers(),
        to=tmp_path / "run.nc",
        **options,
    )
    assert run.complete and run.time == DURATION
    assert [path.name for path in tmp_path.iterdir()] == ["run.nc"]
    read = mp.Result.load(tmp_path / "run.nc")
    assert_same_bits(recorded(read), recorded(whole))
    for name in ("network", "settings", "dt", "record_dt", "seed", "spawn_key", "trials"):
        assert getattr(read, name) == getattr(whole, name), name
    assert read.complete
    alone = make_reducers()
    for reducer in alone.values():
        reducer.update(whole)
    for name, reducer in alone.items():
        expected = {"reduced": {name: reducer.result}}
        expected = found(attrs.evolve(run, **expected))
        assert_same_bits({k: v for k, v in found(run).items() if k in expected}, expected)


@pytest.mark.parametrize("trials", [1, 3])
def test_xarray_reads_the_file(tmp_path, trials, zoo):
    engine = {"trials": trials, "record_dt": 2.0}
    whole = mp.simulate(zoo, DURATION, dt=0.5, seed=5, **engine)
    mp.run_long(start(zoo, MICRO, trials=trials), DURATION, to=tmp_path / "run.nc", record_dt=2.0)
    with xarray.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as data:
        rate = data["rate"].sel(population="E")
        np.testing.assert_array_equal(rate.values, whole.rate["E"])
        assert rate.dims == (("time",) if trials == 1 else ("trial", "time"))
        assert rate.attrs["units"] == "Hz"
        np.testing.assert_array_equal(data["time"].values, whole.t)
        np.testing.assert_array_equal(data["x"].sel(projection="E->I").values, whole.x["E->I"])
        assert np.isnan(data["x"].sel(projection="I->E").values).all()  # static
        assert np.isnan(data["potential"].sel(population="noise").values).all()
        assert data.attrs["complete"] == 1


def test_changes_are_in_the_file(tmp_path):
    running = start()
    running.run(100.0)
    network = running.network
    stronger = attrs.evolve(network.projection("E->E"), weight=6.0)
    running.change(attrs.evolve(network, projections=[stronger]))
    mp.run_long(running, 100.0, to=tmp_path / "run.nc")
    (change,) = mp.Result.load(tmp_path / "run.nc").changes
    assert str(change) == "100 ms: E->E.weight 5.0 -> 6.0"


# --- Stopped -------------------------------------------------------------------------------------


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


# For processes that run elsewhere.
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(mp.__file__).parents[1])}


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


# --- Disks ---------------------------------------------------------------------------------------


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
            with pytest.raises(OSError, match="No space left") as caught:
                mp.run_long(start(), DURATION, reduce=make_reducers(), **paths, **options)
        run = caught.value.result
        assert not run.complete
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


# --- Misuse --------------------------------------------------------------------------------------


def test_a_file_is_not_overwritten(tmp_path):
    path = tmp_path / "run.nc"
    mp.run_long(start(), 10.0, to=path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="run.nc exists, and there is no checkpoint"):
        mp.run_long(start(), 10.0, to=path)
    assert path.read_bytes() == before


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    path = tmp_path / "run.checkpoint"
    options = {"checkpoint": path, "record_dt": 5.0}
    mp.run_long(start(), 100.0, reduce=make_reducers(), **options)
    before = path.read_bytes()
    stimulated = attrs.evolve(UP_DOWN.population("E"), drive=0.0)
    moved = start()
    moved.run(50.0)
    cases = [
        (start(seed=6), {}, "another seed: it was 5, got 6"),
        (start(seed=None), {}, "another seed"),
        (start(trials=2), {}, "another trials: it was 1, got 2"),
        (start(engine=meso("first_order")), {}, "another settings"),
        (start(attrs.evolve(UP_DOWN, populations=[stimulated])), {}, "another network"),
        (start(dt=0.25), {}, "another dt"),
        (moved, {}, "another state"),
        (start(), {"record_dt": 2.5}, "another steps_per_bin: it was 10, got 5"),
        (start(), {"to": tmp_path / "run.nc"}, "another record|another written|another to"),
        (start(), {"duration": 50.0}, "duration must be >= 100 ms"),
        (start(), {"reduce": {"dwell": make_reducers()["dwell"]}}, "another record|reduce differs"),
    ]
    for simulation, changes, message in cases:
        arguments = {"duration": 100.0, "reduce": make_reducers(), **options, **changes}
        reached = simulation.time
        with pytest.raises(ValueError, match=message):
            mp.run_long(simulation, **arguments)
        assert path.read_bytes() == before
        assert simulation.time == reached


def test_a_file_that_is_not_that_of_the_checkpoint(tmp_path):
    paths = {"to": tmp_path / "run.nc", "checkpoint": tmp_path / "run.checkpoint"}
    mp.run_long(start(), 100.0, **paths)
    paths["to"].unlink()
    with pytest.raises(FileNotFoundError):
        mp.run_long(start(), 200.0, **paths)
    mp.run_long(start(), 50.0, to=paths["to"])
    with pytest.raises(ValueError, match="run.nc does not belong to the checkpoint: it holds 100"):
        mp.run_long(start(), 200.0, **paths)


def test_checkpoint_and_file_can_be_moved_together(tmp_path):
    paths = {"to": tmp_path / "run.nc", "checkpoint": tmp_path / "run.checkpoint"}
    mp.run_long(start(), 100.0, **paths)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for path in paths.values():
        path.rename(folder / path.name)
    run = mp.resume(folder / "run.checkpoint")
    assert run.complete and run.to == folder / "run.nc"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "keeps nothing"),
        ({"to": "run.h5"}, "to must end in .nc, got 'run.h5'"),
        ({"to": "run.nc", "record": ["rates"]}, 'did you mean "rate"'),
        ({"to": "run.nc", "record": ["spikes"]}, 'needs level="micro"'),
        ({"reduce": {"a": 3}}, r'reduce\["a"\] must be a Reducer, got 3'),
        ({"reduce": {"a": reducers.Histogram("rate", "e", edges=[0, 1])}}, 'did you mean "E"'),
        ({"reduce": {"a": reducers.Histogram("x", "E", edges=[0, 1])}}, 'did you mean "E->E"'),
        (
            {"reduce": {"a": reducers.Histogram("x", "E->E", edges=[0, 1])}, "record": ["x"]},
            "record says what to write",
        ),
        ({"to": "run.nc", "checkpoint_every": -1.0}, "checkpoint_every must be >= 0 s, got -1.0 s"),
        ({"to": "run.nc", "duration": 0.7}, "duration must be a multiple"),
    ],
)
def test_bad_arguments(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    running = start()
    with pytest.raises((ValueError, TypeError), match=message):
        mp.run_long(running, **{"duration": 100.0, **arguments})
    assert running.time == 0.0
    assert not list(tmp_path.iterdir())


def test_static_projections_have_no_state_to_reduce(tmp_path):
    network = attrs.evolve(
        UP_DOWN, projections=[attrs.evolve(UP_DOWN.projection("E->E"), stp=None, weight=0.1)]
    )
    counts = reducers.Histogram("x", "E->E", edges=[0, 1])
    with pytest.raises(ValueError, match="has no short-term plasticity"):
        mp.run_long(start(network), 10.0, reduce={"counts": counts})
    poisson = mp.Network(populations=[mp.Population("P", size=3, neuron=mp.Poisson(10.0))])
    counts = reducers.Histogram("potential", "P", edges=[0, 1])
    with pytest.raises(ValueError, match="its neurons have no potential"):
        mp.run_long(start(poisson), 10.0, reduce={"counts": counts})


class Largest(reducers.Reducer):
    """A reducer of a user."""

    series = (("rate", "E"),)

    def __init__(self):
        self.value = -np.inf

    def settings(self):
        return {}

    def take(self, values):
        self.value = max(self.value, values.max())

    @property
    def result(self):
        return float(self.value)

    def memory(self):
        return {"value": np.array(self.value)}

    def remember(self, memory):
        self.value = float(memory["value"])


def test_reducers_of_your_own(monkeypatch, tmp_path, small_blocks):
    path = tmp_path / "run.checkpoint"
    options = {"checkpoint": path, "checkpoint_every": 0.0}
    with monkeypatch.context() as patch:
        Stop(patch, 2)
        with pytest.raises(Killed):
            mp.run_long(start(), DURATION, reduce={"most": Largest()}, **options)
    with pytest.raises(ValueError, match='reducer "Largest" that mesopop does not know'):
        mp.resume(path)
    run = mp.resume(path, reduce={"most": Largest()})
    assert run.reduced["most"] == start().run(DURATION).rate["E"].max()


def test_without_h5netcdf_the_error_says_what_to_install(tmp_path):
    script = textwrap.dedent(
        """
        import sys
        sys.modules["h5netcdf"] = None
        import mesopop as mp
        from mesopop.reducers import Histogram
        simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.5, level="meso", seed=5)
        counts = Histogram("rate", "E", edges=[0, 9])
        mp.run_long(simulation, 10, reduce={"counts": counts}, checkpoint="run.checkpoint")
        try:
            mp.run_long(simulation, 10, to="run.nc")
        except ImportError as error:
            print(error, simulation.time)
        """
    )
    command = [sys.executable, "-W", "error", "-c", script]
    finished = subprocess.run(
        command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stderr
    assert "pip install 'mesopop[stream]' 10.0" in finished.stdout


def test_two_processes_cannot_write_one_file(tmp_path):
    from mesopop.recording_file import RecordingFile

    path = tmp_path / "run.nc"
    run = mp.run_long(start(), 10.0, to=path, checkpoint=tmp_path / "run.checkpoint")
    file = RecordingFile.reopen(path, {"time": 20})
    try:
        with pytest.raises(OSError, match="run.nc is being written by another process"):
            mp.run_long(start(), 20.0, to=path, checkpoint=tmp_path / "run.checkpoint")
    finally:
        file.close()
    assert run.complete


def test_isolated_networks_have_no_projections(tmp_path):
    mp.run_long(start(isolated(10, 14.0), meso("renewal")), 10.0, to=tmp_path / "run.nc")
    read = mp.Result.load(tmp_path / "run.nc")
    assert_same_bits(recorded(read), recorded(start(isolated(10, 14.0), meso("renewal")).run(10.0)))
