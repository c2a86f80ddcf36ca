"""The state of a simulation: complete, copied, and refused if it does not fit."""

import numpy as np
import pytest
from networks import MICRO, assert_same_bits, isolated, meso, recorded

import mesopop as mp
from mesopop.recording import DEFAULT_RECORD

# Long enough for bins to merge and leave, 5 tau_m + t_ref = 104 ms.
BEFORE, AFTER = 153.5, 120.0


def start(network, engine, **changes):
    return mp.Simulation(network, **{"dt": 0.5, "seed": 5, **engine, **changes})


def proceed(running, engine):
    record = (*DEFAULT_RECORD, "spikes") if engine["level"] == "micro" else DEFAULT_RECORD
    return recorded(running.run(AFTER, record=record))


def test_a_fresh_simulation_goes_on_from_a_state(zoo, engine):
    original = start(zoo, engine)
    original.run(BEFORE)
    copy = start(zoo, engine)
    copy.set_state(original.state())
    assert copy.time == original.time == BEFORE
    assert_same_bits(copy.state(), original.state())
    assert_same_bits(proceed(copy, engine), proceed(original, engine))
    assert_same_bits(copy.state(), original.state())


def test_going_back_repeats_the_same_bits(zoo, engine):
    running = start(zoo, engine)
    running.run(BEFORE)
    state = running.state()
    first = proceed(running, engine)
    running.set_state(state)
    assert_same_bits(proceed(running, engine), first)


@pytest.mark.parametrize("engine", [MICRO, meso("renewal"), meso("second_order")])
def test_every_trial_has_its_own_state(zoo, engine):
    original, copy = start(zoo, engine, trials=3), start(zoo, engine, trials=3)
    original.run(BEFORE)
    assert not np.array_equal(
        original.state(1)["synapses/current"], original.state(2)["synapses/current"]
    )
    for trial in range(3):
        copy.set_state(original.state(trial), trial)
    assert_same_bits(proceed(copy, engine), proceed(original, engine))


@pytest.mark.parametrize("engine", [MICRO, meso("renewal"), meso("second_order")])
def test_one_trial_cannot_be_taken_to_another_time_than_the_others(zoo, engine):
    # A result has one time axis for all trials.
    original, other = start(zoo, engine, trials=2), start(zoo, engine, trials=2)
    original.run(BEFORE)
    other.set_state(original.state(0), 0)
    with pytest.raises(ValueError, match="trial"):
        other.run(AFTER)


def test_the_state_is_a_copy(zoo, engine):
    running = start(zoo, engine)
    running.run(50.0)
    before = running.state()
    for values in running.state().values():
        values[:] = 0
    assert_same_bits(running.state(), before)


@pytest.mark.parametrize("engine", [MICRO, meso("renewal"), meso("second_order")])
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(zoo, engine):
    running = start(zoo, engine)
    running.run(50.0)
    before = running.state()
    size = before["synapses/current"].size
    wrong = [
        ({name: v for name, v in before.items() if name != "step"}, "lacks the field 'step'"),
        (before | {"population/9/potential": np.zeros(1)}, "fields that this network"),
        (before | {"step": np.array([1, 2])}, "'step' must have one value"),
        (before | {"step": np.array([1.0])}, "'step' has the wrong type"),
        (before | {"step": np.array([[1]])}, "'step' has the wrong type or shape"),
        (
            before | {"synapses/current": np.zeros(size + 1)},
            f"'synapses/current' has {size + 1} values, expected {size}",
        ),
        (start(isolated(5, 10.0), engine).state(), "lacks the field|fields that|expected"),
    ]
    for state, message in wrong:
        with pytest.raises(ValueError, match=message):
            running.set_state(state)
        assert_same_bits(running.state(), before)
        assert running.time == 50.0


@pytest.mark.parametrize("trial", [3, -1])
def test_unknown_trials_are_refused(zoo, trial):
    running = start(zoo, MICRO, trials=3)
    with pytest.raises(IndexError):
        running.state(trial)
    with pytest.raises(IndexError):
        running.set_state(running.state(0), trial)


def test_cohorts_that_cannot_be_are_refused():
    running = start(isolated(50, 20.0), meso("renewal", "binomial", 0.0))
    running.run(50.0)
    before = running.state()
    count = before["population/0/bins/3"]
    for wrong in (
        {"population/0/bins/3": count + 0.5},
        {"population/0/bins/3": count * 2},
        {"population/0/bins/3": np.append(-count[0], count[1:])},
        {"population/0/threshold": np.array([np.nan])},
        {"population/0/threshold": np.array([-1.0])},
    ):
        with pytest.raises(ValueError, match="cohorts must hold every neuron once"):
            running.set_state(before | wrong)
        assert_same_bits(running.state(), before)
