"""Long runs refuse what does not fit, and take reducers of your own."""

import attrs
import numpy as np
import pytest
from long_runs import DURATION, UP_DOWN, Killed, Stop, make_reducers, start
from networks import meso

import mesopop as mp
from mesopop import checkpointed_run, reducers

pytest.importorskip("h5netcdf")


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(checkpointed_run, "_BLOCK_VALUES", 1000)


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
