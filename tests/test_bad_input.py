"""What a simulation refuses: by name, with the value, its unit and the bound; never silently."""

import re

import numpy as np
import pytest
from networks import GIF, LIF, MICRO, MIXED, assert_same_bits, changed, isolated, recorded

import mesopop as mp

NETWORK = mp.Network(
    populations=[
        mp.Population("in", size=3, neuron=mp.Poisson(5.0)),
        mp.Population("E", size=10, neuron=LIF, drive=10.0),
    ],
    projections=[
        mp.Projection("in", "E", weight=0.1, stp=MIXED),
        mp.Projection("E", "E", weight=0.1, tau_s=3, delay=1),
    ],
)


def refused(error, message, network=NETWORK, duration=10.0, **arguments):
    with pytest.raises(error) as caught:
        mp.simulate(network, duration, **{"dt": 0.5, "seed": 1, **arguments})
    assert re.search(message, str(caught.value)), str(caught.value)


# --- Time step -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dt", "error", "message"),
    [
        (0.0, ValueError, r"dt must be > 0 ms, got 0.0 ms"),
        (-0.5, ValueError, r"dt must be > 0 ms, got -0.5 ms"),
        (float("nan"), ValueError, r"dt must be finite, got nan ms"),
        (float("inf"), ValueError, r"dt must be finite, got inf ms"),
        ("0.5", TypeError, r"dt must be a number \(ms\), got '0.5'"),
        (None, TypeError, r"dt must be a number \(ms\), got None"),
        (True, TypeError, r"dt must be a number \(ms\), got True"),
        ([0.5], TypeError, r"dt must be a number \(ms\), got \[0.5\]"),
        (20.0, ValueError, r'population "E": dt must be <= tau_m/2 = 10 ms, got 20.0 ms'),
        (5.0, ValueError, r'population "E": dt must be <= t_ref = 4 ms, got 5.0 ms'),
        (4.0, ValueError, r'projection "E->E": dt must be <= delay = 1 ms, got 4.0 ms'),
        (0.3, ValueError, r"t_ref must be a multiple of dt = 0.3 ms, got 4.0 ms.*3.9 ms and 4.2"),
    ],
)
def test_time_step(dt, error, message):
    refused(error, message, dt=dt)


@pytest.mark.parametrize(
    ("network", "dt", "message"),
    [
        (
            isolated(2, 0.0, neuron=mp.LNP(10, transfer=mp.Softplus(1))),
            5.5,
            r'population "E": dt must be <= tau_m/2 = 5 ms, got 5.5 ms',
        ),
        (
            isolated(2, 0.0, neuron=changed(LIF, t_ref=0.7)),
            0.5,
            r'population "E": t_ref must be a multiple of dt = 0.5 ms, got 0.7 ms',
        ),
        (isolated(2, 0.0, neuron=changed(GIF, t_ref=0.2)), 0.5, r"dt must be <= t_ref = 0.2 ms"),
        (
            changed(NETWORK, projections=[mp.Projection("E", "E", weight=1, delay=0.75, name="a")]),
            0.5,
            r'projection "a": delay must be a multiple of dt = 0.5 ms, got 0.75 ms',
        ),
        (
            isolated(2, mp.Sampled([1.0, 2.0], interval=0.7)),
            0.5,
            r'population "E": interval of Sampled must be a multiple of dt = 0.5 ms, got 0.7 ms',
        ),
        (
            isolated(2, mp.Sampled([1.0, 2.0], interval=0.1)),
            0.5,
            r'population "E": interval of Sampled must be',
        ),
        (
            isolated(2, mp.Steps([0, 10.2], [1.0, 2.0])),
            0.5,
            r'population "E": times of Steps must be a multiple of dt = 0.5 ms, got 10.2 ms',
        ),
        (
            isolated(1, 0.0, neuron=mp.SpikeTrains([[1.1, 1.4]])),
            0.5,
            r"dt must be small enough for one spike per neuron and step, got 0.5 ms; "
            r"neuron 0 fires at 1.1 and 1.4 ms",
        ),
    ],
)
def test_times_of_the_network_that_do_not_fit_the_time_step(network, dt, message):
    refused(ValueError, message, network=network, dt=dt)


def test_times_within_rounding_are_multiples():
    # 0.3 / 0.1 is not 3 in binary numbers; a millionth of a step is rounding, too.
    network = changed(
        NETWORK, projections=[mp.Projection("E", "E", weight=1, delay=0.3 * (1 + 2e-7))]
    )
    exact = changed(NETWORK, projections=[mp.Projection("E", "E", weight=1, delay=0.3)])
    a, b = (mp.simulate(net, 20.0, dt=0.1, seed=1) for net in (network, exact))
    assert_same_bits(recorded(a), recorded(b))


@pytest.mark.parametrize("dt", [10.0, 2.5])
def test_the_largest_time_steps_are_taken(dt):
    neuron = changed(LIF, tau_m=2 * dt, t_ref=dt)
    network = changed(
        isolated(5, 10.0, neuron=neuron),
        projections=[mp.Projection("E", "E", weight=1, delay=dt)],
    )
    assert mp.simulate(network, 20 * dt, dt=dt, seed=1).complete


# --- Durations and recording ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration", "record_dt", "error", "message"),
    [
        (10.2, None, ValueError, r"duration must be a multiple of dt = 0.5 ms, got 10.2 ms"),
        (0.0, None, ValueError, r"duration must be a positive multiple of .*, got 0.0 ms"),
        (-1.0, None, ValueError, r"duration must be >= 0 ms, got -1.0 ms"),
        (float("nan"), None, ValueError, r"duration must be finite, got nan ms"),
        (float("inf"), None, ValueError, r"duration must be finite, got inf ms"),
        ("10", None, TypeError, r"duration must be a number \(ms\), got '10'"),
        (True, None, TypeError, r"duration must be a number \(ms\), got True"),
        (None, None, TypeError, r"duration must be a number \(ms\), got None"),
        (10.0, 0.7, ValueError, r"record_dt must be a multiple of dt = 0.5 ms, got 0.7 ms"),
        (10.0, 3.0, ValueError, r"duration must be a positive multiple of record_dt = 3 ms"),
        (10.0, 20.0, ValueError, r"duration must be a positive multiple of record_dt = 20 ms"),
        (10.0, 0.0, ValueError, r"record_dt must be >= dt = 0.5 ms, got 0.0 ms"),
        (10.0, -1.0, ValueError, r"record_dt must be >= 0 ms, got -1.0 ms"),
        (10.0, "1", TypeError, r"record_dt must be a number \(ms\), got '1'"),
    ],
)
def test_durations(duration, record_dt, error, message):
    refused(error, message, duration=duration, record_dt=record_dt)


@pytest.mark.parametrize(
    ("record", "level", "error", "message"),
    [
        (
            ("rates",),
            "micro",
            ValueError,
            r"record: unknown quantity 'rates'; did you mean \"rate\"",
        ),
        (("rate", 3), "micro", ValueError, r"record: unknown quantity 3"),
        ("rate", "micro", TypeError, r"record must be a sequence of names and Neurons, got 'rate'"),
        (7, "micro", TypeError, r"record must be a sequence of names and Neurons, got 7"),
        (None, "micro", TypeError, r"record must be a sequence of names and Neurons, got None"),
        (("spikes",), "meso", ValueError, r'record: "spikes" needs level="micro"'),
    ],
)
def test_quantities(record, level, error, message):
    refused(error, message, record=record, level=level)


def test_a_sampled_drive_must_last():
    network = isolated(2, (1.0, mp.Sampled(np.zeros(4), interval=5)))
    assert mp.simulate(network, 20.0, dt=0.5, seed=1).complete
    message = (
        r'population "E": the Sampled signal ends at 20 ms, before the simulation does at 20.5 ms'
    )
    refused(ValueError, message, network=network, duration=20.5)
    running = mp.Simulation(network, dt=0.5)
    running.run(15.0)
    with pytest.raises(ValueError, match="ends at 20 ms, before the simulation does at 25 ms"):
        running.run(10.0)
    assert running.time == 15.0
    assert running.run(5.0).complete


def test_a_refused_run_leaves_the_simulation_as_it_is():
    running = mp.Simulation(NETWORK, dt=0.5, seed=1)
    before = running.state()
    for arguments in ({"duration": 0.3}, {"duration": 1.0, "record": ("what",)}):
        with pytest.raises(ValueError):
            running.run(**arguments)
    assert_same_bits(running.state(), before)
    assert running.time == 0


# --- Levels, closures, noise ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"level": "mico"}, ValueError, r"unknown level 'mico'; did you mean \"micro\""),
        ({"level": None}, TypeError, r"level must be a string, got None"),
        ({"method": "cohort"}, ValueError, r"unknown method 'cohort'"),
        ({"method": "neurons", "level": "meso"}, ValueError, r'method applies to level="micro"'),
        ({"closure": "renewal"}, ValueError, r'closure applies to level="meso", got \'renewal\''),
        ({"noise": "none"}, ValueError, r'noise applies to level="meso", got \'none\''),
        ({"bin_tolerance": 0.1}, ValueError, r'bin_tolerance applies to level="meso", got 0.1'),
        ({"history": 500.0}, ValueError, r'history applies to level="meso"'),
        (
            {"level": "meso", "closure": "third_order"},
            ValueError,
            r"unknown closure 'third_order'; did you mean",
        ),
        ({"level": "meso", "closure": 2}, TypeError, r"closure must be a string, got 2"),
        ({"level": "meso", "closure": ""}, ValueError, r"unknown closure ''"),
        (
            {"level": "meso", "noise": "white"},
            ValueError,
            r"unknown noise 'white'; known: binomial",
        ),
        ({"level": "meso", "noise": False}, TypeError, r"noise must be a string, got False"),
        ({"level": "meso", "noise": 0}, TypeError, r"noise must be a string, got 0"),
        ({"level": "meso", "noise": ""}, ValueError, r"unknown noise ''"),
        ({"method": ""}, ValueError, r"unknown method ''"),
        (
            {"level": "meso", "noise": "gaussian", "closure": "renewal"},
            ValueError,
            r'noise="gaussian" needs closure="first_order" or "second_order"',
        ),
        (
            {"level": "meso", "bin_tolerance": -0.1},
            ValueError,
            r"bin_tolerance must be >= 0 delta_u, got -0.1 delta_u",
        ),
        (
            {"level": "meso", "bin_tolerance": 1.5},
            ValueError,
            r"bin_tolerance must be <= 1 delta_u, got 1.5 delta_u",
        ),
        ({"level": "meso", "bin_tolerance": "0"}, TypeError, r"bin_tolerance must be a number"),
        ({"level": "meso", "history": 500.0}, ValueError, r"history applies .* bin_tolerance=0"),
        (
            {"level": "meso", "bin_tolerance": 0, "history": 103.5},
            ValueError,
            r'population "E": history must be >= 104 ms, until when .* is forgotten, got 103.5 ms',
        ),
        (
            {"level": "meso", "bin_tolerance": 0, "history": -1},
            ValueError,
            r"history must be > 0 ms, got -1.0 ms",
        ),
        ({"initial": "resting"}, ValueError, r"initial must be .*\"rest\".*, got 'resting'"),
        ({"initial": 3}, (ValueError, TypeError), r"initial must be .*, got 3"),
        ({"trials": 0}, ValueError, r"trials must be >= 1, got 0"),
        ({"trials": 2.0}, TypeError, r"trials must be an integer, got 2.0"),
        ({"trials": True}, TypeError, r"trials must be an integer, got True"),
        ({"n_threads": 0}, ValueError, r"n_threads must be >= 1, got 0"),
        ({"n_threads": 1.5}, TypeError, r"n_threads must be an integer, got 1.5"),
        ({"n_threads": False}, TypeError, r"n_threads must be an integer, got False"),
        ({"seed": -1}, ValueError, r"seed must be >= 0, got -1"),
        ({"seed": 1.0}, TypeError, r"seed must be an integer, got 1.0"),
        ({"seed": True}, TypeError, r"seed must be an integer, got True"),
        ({"seed": "1"}, TypeError, r"seed must be an integer, got '1'"),
        ({"seed": np.random.default_rng(1)}, TypeError, r"seed must be an integer"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_arguments(arguments, error, message):
    refused(error, message, **arguments)


def test_the_network_must_be_one():
    for wrong in ("lif-up-down", None, NETWORK.populations):
        refused(TypeError, r"network must be a Network, got", network=wrong)


def test_numpy_integers_are_integers():
    a = mp.simulate(
        NETWORK, np.float32(10), dt=np.float64(0.5), seed=np.int64(1), trials=np.uint8(2)
    )
    b = mp.simulate(NETWORK, 10, dt=0.5, seed=1, trials=2)
    assert_same_bits(recorded(a), recorded(b))


def test_more_connections_than_memory():
    population = mp.Population("E", size=10_000_000, neuron=LIF, drive=10.0)
    network = mp.Network(
        populations=[population],
        projections=[mp.Projection("E", "E", weight=1, probability=0.5)],
    )
    message = (
        r"network must need <= .* GB, what this process may use, got 3\.\d+e\+05 GB "
        "for 3 trials"
    )
    refused(ValueError, message, network=network, trials=3)


@pytest.mark.parametrize("closure", ["renewal", "second_order", "first_order"])
def test_what_differs_between_neurons_is_microscopic(closure):
    size = NETWORK.population("E").size
    driven = mp.Population("E", size=size, neuron=LIF, drive=mp.PerNeuron(np.zeros(size)))
    why = 'needs level="micro": at level="meso" all neurons of a population are alike'
    message = f'population "E": a drive PerNeuron {why}'
    network = mp.Network(populations=[driven])
    refused(ValueError, message, network=network, level="meso", closure=closure)
    stp = mp.TsodyksMarkram(U0=0.5, U=0.0, tau_d=np.full(size, 100.0))
    plastic = changed(NETWORK, projections=[mp.Projection("E", "E", weight=1, stp=stp)])
    message = f'projection "E->E": tau_d per neuron {why}'
    refused(ValueError, message, network=plastic, level="meso", closure=closure)


def test_delays_must_be_multiples_of_the_time_step():
    delays = mp.DelayDistribution([1.0, 1.2], [0.5, 0.5])
    network = changed(NETWORK, projections=[mp.Projection("E", "E", weight=1, delay=delays)])
    message = r'projection "E->E": delay must be a multiple of dt = 0.5 ms, got 1.2 ms'
    for level in ("micro", "meso"):
        refused(ValueError, message, network=network, level=level)


# --- Given states that do not fit ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"potential": {"e": 1.0}}, r'unknown population "e"; did you mean "E"'),
        ({"potential": {"E": [1.0, 2.0]}}, r'potential\["E"\] must have length 10.*got 2'),
        ({"potential": {"in": 1.0}}, r'potential\["in"\]: Poisson neurons have no potential'),
        ({"age": {"E": 0.7}}, r'age\["E"\] must be a multiple of dt = 0.5 ms, got 0.7 ms'),
        (
            {"age": {"E": 2.0}, "potential": {"E": 3.0}},
            r'potential\["E"\] must be v_reset = 0 mV within t_ref after a spike, '
            r"got 3 mV at age 2 ms \(neuron 0\)",
        ),
        ({"u": {"E->E": 0.5}}, r'u\["E->E"\]: the projection has no short-term plasticity'),
    ],
)
def test_initial_states(state, message):
    refused(ValueError, message, initial=mp.InitialState(**state))


def test_lnp_neurons_share_their_initial_potential():
    network = isolated(2, 0.0, neuron=mp.LNP(10, transfer=mp.Softplus(1)))
    state = mp.InitialState(potential={"E": [1.0, 2.0]})
    refused(
        ValueError, r'potential\["E"\] must be the same for all', network=network, initial=state
    )


# --- Settings that were chosen are told ----------------------------------------------------------


def test_settings_of_a_result():
    def settings(**arguments):
        return mp.simulate(NETWORK, 1.0, dt=0.5, seed=1, **arguments).settings

    assert settings(**MICRO) == settings() == settings(method="auto") == settings(method="neurons")
    assert settings().method == "neurons"
    meso = settings(level="meso")
    assert (meso.closure, meso.noise) == ("renewal", "binomial")
    assert 0 < meso.bin_tolerance < 0.1
    assert settings(level="meso", noise="gaussian").closure == "second_order"
    for result in (
        mp.simulate(NETWORK, 1.0, dt=0.5, seed=1, level=level) for level in ("micro", "meso")
    ):
        assert result.settings.level in repr(result)
        assert result.seed == 1
