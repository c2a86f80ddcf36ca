"""What is recorded: means over bins, values at their ends, and only what was asked for."""

import numpy as np
import pytest
from networks import MICRO, QUANTITIES, assert_same_bits, isolated, recorded

import mesopop as mp

DT = 0.5


def run(network, engine, duration=200.0, **changes):
    return mp.simulate(network, duration, dt=DT, seed=3, **engine, **changes)


def test_shapes(zoo, law):
    for trials, shape in ((1, (40,)), (3, (3, 40))):
        result = run(zoo, law, record_dt=5.0, trials=trials)
        assert result.complete
        assert result.duration == 200
        np.testing.assert_array_equal(result.t, 5.0 * np.arange(1, 41))
        plastic = [p.label for p in zoo.projections if p.stp]
        labels = {
            "rate": [p.name for p in zoo.populations],
            "potential": ["E", "G", "I", "L", "X"],
            "release": [p.label for p in zoo.projections],
            "u": plastic,
            "x": plastic,
        }
        for quantity in QUANTITIES:
            arrays = getattr(result, quantity)
            assert sorted(arrays) == sorted(labels[quantity])
            assert all(values.shape == shape for values in arrays.values())
            assert all(np.isfinite(values).all() for values in arrays.values())


@pytest.mark.parametrize("record_dt", [1.0, 2.5, 100.0])
def test_bins_are_means_or_last_values_of_the_steps(zoo, law, record_dt):
    fine, coarse = run(zoo, law), run(zoo, law, record_dt=record_dt)
    per_bin = round(record_dt / DT)
    for quantity in QUANTITIES:
        for label, values in getattr(coarse, quantity).items():
            steps = getattr(fine, quantity)[label].reshape(-1, per_bin)
            if quantity in ("rate", "release"):
                # Sums of at most 200 numbers, in another order of operations.
                np.testing.assert_allclose(values, steps.mean(axis=1), rtol=1e-13, atol=1e-13)
            else:
                assert_same_bits({label: values}, {label: steps[:, -1].copy()})


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_recording_one_quantity_gives_the_same_as_recording_all(zoo, law, quantity):
    everything = getattr(run(zoo, law, record_dt=2.0), quantity)
    result = run(zoo, law, record_dt=2.0, record=(quantity,))
    assert_same_bits(getattr(result, quantity), everything)
    for other in set(QUANTITIES) - {quantity}:
        assert not getattr(result, other)
    assert not result.spikes


def test_recording_nothing(zoo, law):
    silent, loud = (mp.Simulation(zoo, dt=DT, seed=3, **law) for _ in range(2))
    assert recorded(silent.run(50.0, record=())).keys() == {"t"}
    loud.run(50.0)
    assert_same_bits(silent.state(), loud.state())


def test_static_synapses_release_their_source(zoo, law):
    result = run(zoo, law)
    for projection in zoo.projections:
        if projection.stp is None:
            released = result.release[projection.label]
            np.testing.assert_array_equal(released, result.rate[projection.source])


def test_projections_with_equal_plasticity_share_their_state(zoo, law):
    result = run(zoo, law)
    for quantity in (result.u, result.x, result.release):
        np.testing.assert_array_equal(quantity["E->E"], quantity["E->I"])
    assert not np.array_equal(result.x["E->E"], result.x["E->L"])


def test_spikes_are_those_of_the_rate(zoo):
    result = run(zoo, MICRO, trials=2, record=("rate", "spikes"))
    for population in zoo.populations:
        for trial, train in enumerate(result.spikes[population.name]):
            assert train.dtype.names == ("time", "neuron")
            # Ordered by time, then by neuron; every neuron at most once per step.
            step = np.rint(train["time"] / DT).astype(int)
            np.testing.assert_array_equal(train["time"], step * DT)
            assert (np.diff(step * population.size + train["neuron"]) > 0).all()
            assert train["neuron"].min() >= 0
            assert train["neuron"].max() < population.size
            # A spike of step k carries the time (k + 1) dt, the end of bin k.
            counts = np.bincount(step - 1, minlength=400)
            rate = counts / (population.size * DT / 1000)
            np.testing.assert_allclose(result.rate[population.name][trial], rate, rtol=1e-13)


def test_spikes_of_every_piece_are_given_once():
    network = isolated(50, 16.0)
    running = mp.Simulation(network, dt=DT, seed=3)
    assert not running.run(50.0).spikes
    trains = [running.run(50.0, record=["spikes"]).spikes["E"] for _ in range(3)]
    for piece, train in enumerate(trains, start=1):
        assert train["time"].min() > piece * 50
        assert train["time"].max() <= piece * 50 + 50


def test_unknown_labels_name_the_known_ones():
    result = run(isolated(5, 10.0), MICRO, 10.0)
    with pytest.raises(KeyError, match='"e" was not recorded; did you mean "E"'):
        result.rate["e"]
