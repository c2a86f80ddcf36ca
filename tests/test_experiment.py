"""Experiments: settings, and their TOML."""

import io
import pickle
import re

import attrs
import pytest

import mesopop as mp
from mesopop.experiment import EventSettings, SimulationSettings

LIF = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
NETWORK = mp.Network(
    populations=[
        mp.Population("E", size=10, neuron=LIF),
        mp.Population("in", size=10, neuron=mp.Poisson(5)),
    ]
)
SETTINGS = dict(duration=1000, dt=0.1)
EVENTS = dict(population="E", kind="up_down_states", low=6, high=25)


def settings(**changes):
    return SimulationSettings(**(SETTINGS | changes))


def events(**changes):
    return EventSettings(**(EVENTS | changes))


def experiment(**changes):
    given = dict(network=NETWORK, simulation=settings(), events=events())
    return mp.Experiment(**(given | changes))


@pytest.mark.parametrize(
    ("make", "given", "message"),
    [
        (settings, {"duration": 0}, "duration must be > 0 ms, got 0.0 ms"),
        (settings, {"duration": 0.05}, "duration must be >= 0.1 ms, got 0.05 ms"),
        (settings, {"dt": -0.1}, "dt must be > 0 ms, got -0.1 ms"),
        (settings, {"duration": float("inf")}, "duration must be finite, got inf ms"),
        (
            settings,
            {"duration": 1000.05},
            "duration must be a multiple of dt = 0.1 ms, got 1000.05 ms; "
            "the nearest are 1000 ms and 1000.1 ms",
        ),
        (
            settings,
            {"record_dt": 0.25},
            "record_dt must be a multiple of dt = 0.1 ms, got 0.25 ms; "
            "the nearest are 0.2 ms and 0.3 ms",
        ),
        (settings, {"record_dt": 0.01}, "record_dt must be >= 0.1 ms, got 0.01 ms"),
        (settings, {"record_dt": 2000}, "record_dt must be <= 1000 ms, got 2000.0 ms"),
        (settings, {"transient": 1000}, "transient must be < 1000 ms, got 1000.0 ms"),
        (
            settings,
            {"transient": 0.31},
            "transient must be a multiple of dt = 0.1 ms, got 0.31 ms; "
            "the nearest are 0.3 ms and 0.4 ms",
        ),
        (settings, {"trials": 0}, "trials must be >= 1, got 0"),
        (settings, {"seed": -1}, "seed must be >= 0, got -1"),
        (
            settings,
            {"initial": "random"},
            'initial must be "stationary" or "rest" or "synchronous", got \'random\'',
        ),
        (events, {"low": 25}, "low must be < high = 25.0 Hz, got 25.0 Hz"),
        (
            events,
            {"low": 30, "observable": "potential"},
            "low must be < high = 25.0 mV, got 30.0 mV",
        ),
        (events, {"smooth": -1}, "smooth must be >= 0 ms, got -1.0 ms"),
        (events, {"observable": "u"}, 'observable must be "rate" or "potential", got \'u\''),
        (
            events,
            {"kind": "bursts"},
            'kind must be "up_down_states" or "population_spikes", got \'bursts\'',
        ),
        (
            experiment,
            {"events": events(population="e")},
            'unknown population "e"; did you mean "E"? Known: E, in',
        ),
        (
            experiment,
            {"events": events(population="in", observable="potential")},
            'observable must be "rate" for population "in": Poisson neurons have no potential',
        ),
    ],
)
def test_refused_values(make, given, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make(**given)


@pytest.mark.parametrize(
    ("make", "given", "message"),
    [
        (settings, {"trials": 1.0}, "trials must be an integer, got 1.0"),
        (settings, {"seed": "1"}, "seed must be an integer, got '1'"),
        (settings, {"dt": "0.1"}, "dt must be a number (ms), got '0.1'"),
        (events, {"low": None}, "low must be a number, got None"),
        (events, {"population": 1}, "population must be a string, got 1"),
        (experiment, {"simulation": None}, "simulation must be a SimulationSettings, got None"),
        (experiment, {"network": "n"}, "network must be a Network, got 'n'"),
        (experiment, {"title": 1}, "title must be a string, got 1"),
    ],
)
def test_wrong_kind(make, given, message):
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        make(**given)


@pytest.mark.parametrize(
    ("duration", "dt"), [(0.3, 0.1), (0.7, 0.1), (1e4 / 3, 1 / 3), (2.6e10, 0.1), (8.1e11, 0.3)]
)
def test_rounding_does_not_make_a_time_an_odd_one(duration, dt):
    assert SimulationSettings(duration=duration, dt=dt).duration == duration


def test_times_within_a_millionth_of_a_step_are_multiples():
    assert settings(duration=1000 + 0.9e-7).duration == 1000 + 0.9e-7
    with pytest.raises(ValueError, match="duration must be a multiple of dt"):
        settings(duration=1000 + 1.1e-7)


def test_a_value():
    assert pickle.loads(pickle.dumps(experiment())) == experiment()
    assert hash(experiment()) == hash(experiment())
    assert attrs.evolve(experiment(), title="other") != experiment()


def test_repr_holds_everything():
    text = repr(experiment(title="Two states", behaviour="20 Hz"))
    for part in ("Two states", "20 Hz", "Network: 2 populations", "duration=1000.0", "high=25.0"):
        assert part in text


@pytest.mark.parametrize(
    "value",
    [
        experiment(),
        experiment(events=None, title='a "title"', source="b\nc", behaviour="d"),
        experiment(
            simulation=settings(seed=2**100, record_dt=1, transient=10, trials=3, initial="rest"),
            events=events(observable="potential", smooth=5, kind="population_spikes"),
        ),
    ],
)
def test_toml_round_trip(tmp_path, value):
    path = tmp_path / "experiment.toml"
    value.to_toml(path)
    assert mp.Experiment.from_toml(path) == value


def test_a_network_alone_lacks_its_simulation(tmp_path):
    path = tmp_path / "network.toml"
    NETWORK.to_toml(path)
    with pytest.raises(ValueError, match='simulation: missing keys "duration", "dt"$'):
        mp.Experiment.from_toml(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("dt = 0.1", "dt = -1", "simulation: dt must be > 0 ms, got -1.0 ms"),
        ("dt = 0.1", "Dt = 0.1", 'simulation: unknown key "Dt"; did you mean "dt"?'),
        ("[events]", "[event]", 'unknown key "event"; did you mean "events"?'),
        ("low = 6.0", "low = 60.0", "events: low must be < high = 25.0 Hz, got 60.0 Hz"),
        ('population = "E"', 'population = "X"', 'unknown population "X"; known: E, in'),
        ("size = 10", "size = 0", "populations[0]: size must be >= 1, got 0"),
        ('title = ""', "title = 1", "title must be a string, got 1"),
    ],
)
def test_errors_name_the_place(tmp_path, old, new, message):
    path = tmp_path / "experiment.toml"
    experiment().to_toml(path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        mp.Experiment.from_toml(io.StringIO(text.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"level": "macro"}, 'level must be "micro" or "meso", got \'macro\''),
        ({"method": "cohort"}, 'method must be "auto" or "neurons" or "cohorts", got \'cohort\''),
        ({"noise": "white"}, 'noise must be "binomial" or "gaussian" or "none", got \'white\''),
        ({"bin_tolerance": -0.1}, "bin_tolerance must be >= 0 delta_u, got -0.1 delta_u"),
        ({"bin_tolerance": 2}, "bin_tolerance must be <= 1 delta_u, got 2.0 delta_u"),
        ({"history": 0, "bin_tolerance": 0}, "history must be > 0 ms, got 0.0 ms"),
        (
            {"history": 100},
            "history applies with bin_tolerance = 0, got 100.0 ms with bin_tolerance = None",
        ),
        (
            {"level": "meso", "method": "cohorts"},
            'method applies to level "micro", got \'cohorts\' at level "meso"',
        ),
        (
            {"level": "micro", "noise": "none"},
            'noise applies to level "meso", got \'none\' at level "micro"',
        ),
        (
            {"level": "micro", "closures": ["renewal"]},
            'closures applies to level "meso", got (\'renewal\',) at level "micro"',
        ),
    ],
)
def test_settings_of_the_other_level_are_refused(given, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        settings(**given)


def test_everything_is_written_and_old_files_are_read(tmp_path):
    path = tmp_path / "experiment.toml"
    full = dict(level="meso", noise="none", bin_tolerance=0, history=200, closures=["first_order"])
    for value in (
        experiment(simulation=settings(**full)),
        experiment(simulation=settings(method="neurons")),
    ):
        value.to_toml(path)
        assert mp.Experiment.from_toml(path) == value
    experiment().to_toml(path)
    for key in ("level", "method", "noise", "bin_tolerance", "history"):
        assert f"\n{key} =" not in path.read_text()


def test_one_level_drops_what_applies_to_the_other():
    both = settings(method="cohorts", noise="none", bin_tolerance=0, history=200, trials=3)
    assert both.at_level("micro") == settings(level="micro", method="cohorts", trials=3)
    assert both.at_level("meso") == settings(
        level="meso", noise="none", bin_tolerance=0, history=200, trials=3
    )
