"""A run that stops early keeps what was recorded, and leaves a state that fits to it."""

import signal

import numpy as np
import pytest
from networks import (
    COHORTS,
    LAWS,
    LIF,
    assert_same_bits,
    changed,
    isolated,
    meso,
    name_of,
    recorded,
)

import mesopop as mp
from mesopop import engines


@pytest.fixture
def interrupt_after():
    """Ctrl-C after some seconds, as the handler of SIGINT would raise it."""

    def interrupt(signum, frame):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, previous)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
@pytest.mark.parametrize("engine", LAWS, ids=name_of)
def test_ctrl_c_returns_complete_bins_and_the_simulation_can_go_on(interrupt_after, engine):
    network = isolated(50, 14.0)
    running = mp.Simulation(network, dt=0.5, seed=2, **engine)
    interrupt_after(0.25)
    result = running.run(1e7, record_dt=10.0)  # would take minutes
    assert not result.complete
    assert 0 < result.t.size < 1_000_000
    assert np.isfinite(result.rate["E"]).all()
    assert running.time == result.t[-1]
    assert running.state()["step"][0] * 0.5 == running.time
    after = running.run(100.0, record_dt=10.0)
    whole = mp.simulate(
        network, running.time, dt=0.5, seed=2, record_dt=10.0, record=("rate",), **engine
    )
    rate = np.concatenate([result.rate["E"], after.rate["E"]])
    assert_same_bits({"rate": rate}, {"rate": whole.rate["E"]})


def unstable(kind, size):
    """Excitation that doubles the potential until it overflows, from the first spikes on."""
    neurons = {
        "LIF": LIF,
        "sharp LIF": changed(LIF, delta_u=0.01, t_ref=0.0),
        "softplus": mp.LNP(10, transfer=mp.Softplus(2.0)),
        "exponential": mp.LNP(
            10, transfer=mp.Exponential(v_th=10, delta_u=2, rate_at_threshold=10)
        ),
    }
    return mp.Network(
        populations=[mp.Population("E", size=size, neuron=neurons[kind], drive=20.0)],
        projections=[mp.Projection("E", "E", weight=1e307)],
    )


KINDS = ("LIF", "sharp LIF", "softplus", "exponential")


@pytest.mark.parametrize("engine", [*LAWS, meso("renewal", "none")], ids=name_of)
@pytest.mark.parametrize("kind", KINDS)
def test_a_state_that_overflows_stops_the_run_and_keeps_what_was_recorded(kind, engine):
    network = unstable(kind, 33)
    with pytest.raises(FloatingPointError, match='of population "E" became non-finite') as caught:
        mp.simulate(network, 500.0, dt=0.5, seed=1, **engine)
    result = caught.value.result
    assert f"at step {result.t.size + 1} " in str(caught.value)
    assert "of trial 0" in str(caught.value)
    assert not result.complete
    assert 0 < result.t.size < 1000
    for values in recorded(result).values():
        assert np.isfinite(values).all()
    # What was recorded is what a shorter run records.
    shorter = mp.simulate(network, result.duration, dt=0.5, seed=1, **engine)
    assert_same_bits(recorded(shorter), recorded(result))


@pytest.mark.parametrize("engine", [*LAWS, COHORTS, meso("renewal", "none")], ids=name_of)
@pytest.mark.parametrize("kind", KINDS)
def test_steps_after_an_overflow_in_the_same_bin_do_no_harm(kind, engine):
    with pytest.raises(FloatingPointError, match='of population "E" became non-finite') as caught:
        mp.simulate(unstable(kind, 33), 10_000.0, dt=0.5, seed=1, record_dt=2000.0, **engine)
    for values in recorded(caught.value.result).values():
        assert np.isfinite(values).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 31, 33])
def test_no_neuron_fires_twice_in_a_step_whatever_the_hazard(kind, size):
    # Numbers of neurons that do not fill the blocks in which they are stepped.
    try:
        result = mp.simulate(unstable(kind, size), 500.0, dt=0.5, seed=1)
    except FloatingPointError as error:
        result = error.result
    assert result.rate["E"].max() <= 1000 / 0.5


def test_the_failing_trial_is_named():
    # It explodes from the first spike on, which comes after some seconds: in one trial first.
    network = mp.Network(
        populations=[
            mp.Population("E", size=1, neuron=mp.LNP(10, transfer=mp.Softplus(2.0)), drive=-3.0)
        ],
        projections=[mp.Projection("E", "E", weight=1e307)],
    )
    settings = {"dt": 0.5, "seed": 4, "level": "meso"}
    with pytest.raises(FloatingPointError) as caught:
        mp.simulate(network, 60_000.0, trials=4, n_threads=2, **settings)
    failed = int(str(caught.value).split("of trial ")[1].split(";")[0])
    assert failed > 0  # or the rest of this test would say little
    bins = caught.value.result.t.size
    # Trials do not depend on their number: those before the failing one are finite so far.
    assert mp.simulate(network, 0.5 * (bins + 1), trials=failed, **settings).complete
    with pytest.raises(FloatingPointError, match=f"of trial {failed};"):
        mp.simulate(network, 0.5 * (bins + 1), trials=failed + 1, **settings)


def test_a_simulation_that_failed_cannot_go_on():
    running = mp.Simulation(unstable("LIF", 33), dt=0.5, seed=1, level="meso")
    with pytest.raises(FloatingPointError):
        running.run(500.0)
    with pytest.raises(RuntimeError, match="stopped and cannot go on"):
        running.run(1.0)


def test_failures_are_found_in_every_block(monkeypatch):
    monkeypatch.setattr(engines, "_BLOCK_SECONDS", 0.0)
    network = unstable("softplus", 10)
    with pytest.raises(FloatingPointError) as one_by_one:
        mp.simulate(network, 2000.0, dt=0.5, seed=1, level="meso", record_dt=1.0)
    assert one_by_one.value.result.t.size < 2000


class InterruptedOnFailure:
    """An ensemble in which Ctrl-C arrives within the block in which a trial fails."""

    def __init__(self, ensemble):
        self._ensemble = ensemble

    def __getattr__(self, name):
        return getattr(self._ensemble, name)

    def advance(self, **arguments):
        completed, failure = self._ensemble.advance(**arguments)
        if failure is not None:
            raise KeyboardInterrupt
        return completed, failure


@pytest.mark.parametrize("trials", [1, 4])
def test_ctrl_c_in_the_block_of_a_failure_returns_finite_values_only(trials):
    network = mp.Network(
        populations=[
            mp.Population("E", size=1, neuron=mp.LNP(10, transfer=mp.Softplus(2.0)), drive=-3.0)
        ],
        projections=[mp.Projection("E", "E", weight=1e307)],
    )
    settings = {"dt": 0.5, "seed": 4, "level": "meso", "trials": trials}
    running = mp.Simulation(network, **settings)
    engines = running.course.engines
    engines._ensemble = InterruptedOnFailure(engines._ensemble)
    try:
        result = running.run(60_000.0)
    except FloatingPointError as error:
        result = error.result
    assert not result.complete
    for values in recorded(result).values():
        assert np.isfinite(values).all()
    whole = mp.simulate(network, result.duration, **settings)
    assert_same_bits(recorded(result), recorded(whole))
    with pytest.raises((RuntimeError, ValueError)):
        running.run(10.0)
