"""Random connections: the same bits whatever the threads, pieces, instruction sets and trials."""

import numpy as np
import pytest
from networks import GIF, LIF, MICRO, MIXED, assert_same_bits, changed, recorded, wired

import mesopop as mp
from mesopop import _core
from mesopop.compiled import compile_network
from mesopop.recording import DEFAULT_RECORD

EVERYTHING = (*DEFAULT_RECORD, "spikes")
DT = 0.5


@pytest.fixture(scope="module")
def network():
    return wired()


def run(network, duration=150.0, **options):
    options = {"seed": 5, "n_threads": 1} | options
    return mp.simulate(network, duration, dt=DT, record=EVERYTHING, **MICRO, **options)


def large(neuron, **synapse):
    """Enough neurons for several threads to share them, in slices of unequal length."""
    options = {"weight": 20.0, "probability": 5e-4, "stp": MIXED, "delay": 0.5} | synapse
    return mp.Network(
        populations=[mp.Population("E", size=40_003, neuron=neuron, drive=14.0)],
        projections=[mp.Projection("E", "E", **options)],
    )


SOFT = changed(LIF, escape="softplus")
LARGE = {
    "bernoulli": large(LIF, tau_s=3),
    "delta": large(LIF, weight=0.5),
    "fixed": large(
        LIF, tau_s=3, probability=20 / 40_003, connectivity=mp.FixedInDegree(multapses=False)
    ),
    "delays": large(LIF, tau_s=3, delay=mp.DelayDistribution([0.5, 1.0], [0.5, 0.5])),
    "lnp": large(mp.LNP(10, transfer=mp.Softplus(2.0)), tau_s=3),
    "all": large(LIF, tau_s=3, probability=1.0, weight=1e-3),
    "adapting": large(GIF, tau_s=3),
    "adapting, delta": large(GIF, weight=0.5),
    "softplus, all, delta": large(SOFT, probability=1.0, weight=1e-4),
    "adapting softplus, all, delta": large(
        changed(GIF, escape="softplus", rate_at_threshold=40.0), probability=1.0, weight=1e-4
    ),
}


def test_the_network_exercises_everything(network):
    result = run(network, 600.0)
    for name, rate in result.rate.items():
        assert rate.mean() > 2, f"{name} is silent"


@pytest.mark.parametrize("trials", [1, 4])
def test_threads(network, trials):
    one = recorded(run(network, trials=trials))
    for n_threads in (2, 3, 7):
        assert_same_bits(recorded(run(network, trials=trials, n_threads=n_threads)), one)


@pytest.mark.parametrize("name", LARGE)
def test_threads_within_a_trial(name):
    one = recorded(run(LARGE[name], 10.0))
    assert one["rate/E"].mean() > 1
    for n_threads in (2, 3):
        found = run(LARGE[name], 10.0, n_threads=n_threads)
        assert_same_bits(recorded(found), one)


def test_threads_within_each_of_several_trials():
    one = recorded(run(LARGE["bernoulli"], 5.0, trials=2))
    assert_same_bits(recorded(run(LARGE["bernoulli"], 5.0, trials=2, n_threads=3)), one)


def test_a_trial_does_not_depend_on_the_number_of_trials(network):
    alone, many = recorded(run(network)), recorded(run(network, trials=3))
    for name in (name for name in alone if not name.startswith(("t", "spikes"))):
        assert_same_bits({"": alone[name]}, {"": many[name][0].copy()})
    assert len({rate.tobytes() for rate in many["rate/E"]}) == 3


def test_pieces_join_to_one_run(network):
    running = mp.Simulation(network, dt=DT, seed=5, **MICRO)
    pieces = [
        recorded(running.run(length, record=EVERYTHING)) for length in (10.0, 0.5, 45.5, 94.0)
    ]
    joined = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    assert_same_bits(joined, recorded(run(network)))


def test_a_fresh_simulation_goes_on_from_a_state(network):
    original, copy = (mp.Simulation(network, dt=DT, seed=5, **MICRO) for _ in range(2))
    original.run(73.5)
    state = original.state()
    assert any(values.any() for name, values in state.items() if name.endswith("/pending"))
    copy.set_state(state)
    ahead = [recorded(running.run(60.0, record=EVERYTHING)) for running in (original, copy)]
    assert_same_bits(*ahead)
    assert_same_bits(original.state(), copy.state())


def test_instruction_sets(network):
    description = compile_network(network, dt=DT).description
    populations, sets, bins = len(description["populations"]), len(description["stp"]), 300
    found = {}
    for name in _core.build_info()["instruction_sets"]:
        try:
            ensemble = _core.Ensemble(
                network=description,
                level="micro",
                closure="second_order",
                noise="binomial",
                bin_tolerance=0.0,
                cohorts=[False] * populations,
                cohort_tolerance=0.0,
                key=(11, 12),
                trials=1,
                instruction_set=name,
            )
        except ValueError as error:
            assert "cannot be executed" in str(error)
            continue
        channels = dict.fromkeys(("rate", "potential"), populations)
        channels |= dict.fromkeys(("release", "u", "x"), sets)
        arrays = {quantity: np.full((n, 1, bins), np.nan) for quantity, n in channels.items()}
        ensemble.advance(
            first_bin=0,
            bins=bins,
            steps_per_bin=1,
            record_spikes=[False] * populations,
            neurons=[None] * populations,
            most_spikes=0,
            threads=1,
            **arrays,
        )
        found[name] = arrays | ensemble.state(0)
    if len(found) == 1:
        pytest.skip("this processor executes the baseline only")
    for name in found:
        assert_same_bits(found[name], found["baseline"])


def test_probability_one_is_all_to_all_to_the_bit(network):
    def with_rule(**options):
        population = mp.Population("E", size=50, neuron=LIF, drive=12.0)
        projection = mp.Projection("E", "E", weight=0.5, tau_s=3, stp=MIXED, **options)
        return mp.Network(populations=[population], projections=[projection])

    usual = recorded(run(with_rule()))
    assert_same_bits(recorded(run(with_rule(connectivity=mp.Bernoulli()))), usual)
