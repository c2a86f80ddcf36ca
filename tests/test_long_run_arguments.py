"""Long runs refuse what does not fit, and take reducers of your own."""

import attrs
import numpy as np
import pytest
from long_runs import DURATION, UP_DOWN, Killed, Stop, found, make_reducers, start
from networks import assert_same_bits, meso

import mesopop as mp
from mesopop import checkpointed_run, reducers

pytest.importorskip("h5netcdf")


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(checkpointed_run, "_BLOCK_VALUES", 1000)


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "keeps nothing"),
        ({"to": "run.h5"}, "to must end in .nc, got 'run.h5'"),
        ({"to": "run.nc", "record": ["rates"]}, 'did you mean "rate"'),
        ({"to": "run.nc", "record": ["spikes"]}, 'needs level="micro"'),
        ({"reduce": {"a": 3}}, r'reduce\["a"\] must be a Reducer, got 3'),
        ({"reduce": "rate"}, "reduce must map names to reducers, got 'rate'"),
        ({"reduce": {1: reducers.Histogram("rate", "E", edges=[0, 1])}}, "must be strings, got 1"),
        ({"reduce": dict.fromkeys("ab", Largest())}, 'reduce: "a" and "b" are one reducer'),
        (
            {"reduce": {"a": reducers.Spectrum("rate", "E", segment=0.7)}},
            "segment must be a multiple of record_dt = 0.5 ms, got 0.7 ms",
        ),
        (
            {
                "reduce": {
                    "a": reducers.PopulationSpikes("rate", "E", low=1, high=2, release="E->I")
                }
            },
            'unknown projection "E->I"',
        ),
        ({"to": "run.nc", "checkpoint": "./run.nc"}, "must be two files, got 'run.nc' for both"),
        ({"reduce": {"a": reducers.Histogram("rate", "e", edges=[0, 1])}}, 'did you mean "E"'),
        ({"reduce": {"a": reducers.Histogram("x", "E", edges=[0, 1])}}, "known: E->E"),
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


def test_names_of_reducers_do_not_matter(tmp_path):
    names = ["a", "a/memory", "a%2Fmemory", "lists/switches"]
    path = tmp_path / "run.checkpoint"

    def make():
        return {
            name: reducers.Histogram("rate", "E", edges=[0, 10 * i])
            for i, name in enumerate(names, 1)
        }

    run = mp.run_long(start(), 100.0, reduce=make(), checkpoint=path)
    again = mp.run_long(start(), 200.0, reduce=make(), checkpoint=path)
    whole = mp.run_long(start(), 200.0, reduce=make())
    assert_same_bits(found(again), found(whole))
    assert not np.array_equal(run.reduced["a"].counts, whole.reduced["a"].counts)


def test_simulations_and_recordings_of_the_wrong_kind(tmp_path):
    with pytest.raises(TypeError, match="simulation must be a Simulation, got"):
        mp.run_long(UP_DOWN, 10.0, reduce=make_reducers())
    path = tmp_path / "run.nc"
    path.write_text("hello")
    with pytest.raises(ValueError, match=r"run\.nc is not the recording of a long run, or it is"):
        mp.Result.load(path)
    start().run(10.0).to_xarray().to_netcdf(tmp_path / "result.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match=r"result\.nc is not the recording of a long run$"):
        mp.Result.load(tmp_path / "result.nc")
    with pytest.raises(ValueError, match=r"run\.nc is not a simulation file, or it is damaged"):
        mp.Simulation.load(path)


class Failing(Largest):
    """A reducer of a user that has a mistake."""

    def take(self, values):
        super().take(values)
        if self.bins > 300:
            raise FloatingPointError("no events")


def test_a_reducer_that_fails_takes_nothing_with_it(tmp_path, small_blocks):
    most = Largest()
    with pytest.raises(FloatingPointError, match="no events") as caught:
        mp.run_long(
            start(), DURATION, reduce={"bad": Failing(), "most": most}, to=tmp_path / "run.nc"
        )
    run = caught.value.result
    assert not run.complete and 150 < run.time < DURATION
    whole = start().run(run.time)
    assert run.reduced["most"] == whole.rate["E"].max()
    parts = [mp.Result.load(tmp_path / "run.nc"), *run.unwritten]
    np.testing.assert_array_equal(np.concatenate([p.rate["E"] for p in parts]), whole.rate["E"])
