"""What long runs write and reduce is what a run records."""

import subprocess
import sys
import textwrap

import attrs
import numpy as np
import pytest
from long_runs import DURATION, ENVIRONMENT, Killed, Stop, found, make_reducers, start
from networks import MICRO, assert_same_bits, isolated, meso, recorded

import mesopop as mp
from mesopop import checkpointed_run, journaled_file
from mesopop.recording import DEFAULT_RECORD

xarray = pytest.importorskip("xarray")
pytest.importorskip("h5netcdf")


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(checkpointed_run, "_BLOCK_VALUES", 1000)


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


def test_isolated_networks_have_no_projections(tmp_path):
    mp.run_long(start(isolated(10, 14.0), meso("renewal")), 10.0, to=tmp_path / "run.nc")
    read = mp.Result.load(tmp_path / "run.nc")
    assert_same_bits(recorded(read), recorded(start(isolated(10, 14.0), meso("renewal")).run(10.0)))


def test_a_file_is_not_overwritten(tmp_path):
    path = tmp_path / "run.nc"
    mp.run_long(start(), 10.0, to=path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="run.nc exists, and there is no checkpoint"):
        mp.run_long(start(), 10.0, to=path)
    assert path.read_bytes() == before


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


def records(result):
    """Every array of the chosen neurons."""
    return {
        f"{name}/{quantity}/{label}": np.asarray(values)
        for name, record in result.neurons.items()
        for quantity, label, values in record.arrays()
    }


@pytest.mark.parametrize("trials", [1, 3])
def test_chosen_neurons(tmp_path, monkeypatch, trials, zoo):
    """Written as they are computed, also by a run that is killed and resumed."""
    record = [
        "rate",
        mp.Neurons("E", [7, 0, 3]),
        mp.Neurons("I", [2], quantities=["potential"]),
        mp.Neurons("noise", [0, 1], quantities=["spikes"]),
    ]
    whole = start(zoo, MICRO, trials=trials).run(DURATION, record=record, record_dt=2.0)
    monkeypatch.setattr(checkpointed_run, "_BLOCK_VALUES", 2000)
    paths = {"to": tmp_path / "run.nc", "checkpoint": tmp_path / "run.checkpoint"}
    options = {"record": record, "record_dt": 2.0, "checkpoint_every": 0.0, **paths}
    with monkeypatch.context() as patch:
        Stop(patch, 3)
        with pytest.raises(Killed):
            mp.run_long(start(zoo, MICRO, trials=trials), DURATION, **options)
    assert 0 < mp.Simulation.load(paths["checkpoint"]).time < DURATION
    assert mp.resume(paths["checkpoint"]).complete
    read = mp.Result.load(paths["to"])
    assert_same_bits(records(read), records(whole))
    assert len(records(read)) > 8
    assert_same_bits(recorded(read), recorded(whole))
    with xarray.open_dataset(paths["to"], engine="h5netcdf") as data:
        potential = data["neuron_potential_E"]
        assert potential.dims == (*(["trial"] if trials > 1 else []), "neuron_E", "time")
        np.testing.assert_array_equal(potential.values, whole.neurons["E"].potential)
        assert list(data["neuron_E"]) == [7, 0, 3]
    other = [*record[:1], mp.Neurons("E", [7, 0, 4]), *record[2:]]
    with pytest.raises(ValueError, match="another neurons"):
        mp.run_long(start(zoo, MICRO, trials=trials), DURATION, **{**options, "record": other})


def test_names_that_are_paths(tmp_path):
    lif = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
    network = mp.Network(populations=[mp.Population("L2/3 E", size=5, neuron=lif, drive=14)])
    record = [mp.Neurons("L2/3 E", [1, 4])]
    whole = start(network, MICRO).run(100.0, record=record)
    mp.run_long(start(network, MICRO), 100.0, to=tmp_path / "run.nc", record=record)
    assert_same_bits(records(mp.Result.load(tmp_path / "run.nc")), records(whole))


def test_a_process_that_died_within_a_commit(tmp_path, monkeypatch):
    """The journal is complete, the file half changed."""
    path = tmp_path / "run.nc"
    monkeypatch.setattr(checkpointed_run, "_BLOCK_VALUES", 1000)
    write, left = journaled_file.write_at, iter(range(5))

    def dying(descriptor, offset, data):
        if next(left, None) is None and (tmp_path / ".run.nc.journal").exists():
            write(descriptor, offset, data[: len(data) // 2])
            raise Killed
        write(descriptor, offset, data)

    with monkeypatch.context() as patch:
        patch.setattr(journaled_file, "write_at", dying)
        with pytest.raises(Killed):
            mp.run_long(start(), DURATION, to=path, checkpoint_every=0.0)
    assert (tmp_path / ".run.nc.journal").exists()
    read = mp.Result.load(path)
    assert 0 < len(read.t) < DURATION / 0.5
    assert_same_bits(recorded(read), recorded(start().run(read.t[-1])))
    assert not (tmp_path / ".run.nc.journal").exists()
