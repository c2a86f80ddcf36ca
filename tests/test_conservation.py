"""Neurons, and what their synapses hold, are neither lost nor made: read from the complete state."""

import attrs
import numpy as np
import pytest
from networks import DEPRESSING, FACILITATING, GIF, LIF, MIXED, changed, meso

import mesopop as mp

SIZE = 137
# Columns of the age bins: number of neurons; first one of the moments, if there is no adaptation.
COUNT, MOMENTS = 3, 6


def active(neuron, *projections):
    """A population that fires irregularly, with bursts."""
    drive = (13.0, mp.OrnsteinUhlenbeck(std=3.0, tau=10.0))
    return mp.Network(
        populations=[mp.Population("E", size=SIZE, neuron=neuron, drive=drive)],
        projections=[
            mp.Projection("E", "E", weight=200 / SIZE, tau_s=3, delay=1, stp=MIXED),
            mp.Projection("E", "E", weight=-0.1, delay=1, stp=FACILITATING, name="second"),
        ],
    )


def states(network, engine, pieces=150, **changes):
    """The state after each of many pieces of 3.5 ms."""
    running = mp.Simulation(network, dt=0.5, seed=3, **engine, **changes)
    for _ in range(pieces):
        result = running.run(3.5)
        yield running.state(), result


def column(state, number):
    return state[f"population/0/bins/{number}"]


@pytest.mark.parametrize("neuron", [LIF, changed(LIF, t_ref=0.0), GIF], ids=["LIF", "fast", "GIF"])
@pytest.mark.parametrize("tolerance", [0.0, 0.05, 1.0])
@pytest.mark.parametrize("initial", ["stationary", "rest", "synchronous"])
def test_cohorts_hold_all_neurons(neuron, tolerance, initial):
    fired = 0.0
    engine = meso("renewal", bin_tolerance=tolerance)
    for state, result in states(active(neuron), engine, initial=initial):
        counts = column(state, COUNT)
        refractory = state["population/0/refractory_total"][0]
        assert (counts >= 0).all()
        assert (counts == np.rint(counts)).all()
        assert counts.sum() + refractory == SIZE
        steps = round(neuron.t_ref / 0.5) + 1
        assert state["population/0/refractory"].reshape(steps, -1)[:, 0].sum() == refractory
        fired += result.rate["E"].sum() * SIZE * 0.5 / 1000
    assert fired > 3 * SIZE


@pytest.mark.parametrize("noise", ["binomial", "none"])
@pytest.mark.parametrize("tolerance", [0.0, 0.05, 1.0])
def test_cohorts_hold_all_release(noise, tolerance):
    """The population means of u and x are those of the cohorts, whatever was sampled and merged."""
    # Without refractory time: neurons that wait hold what they will wake with.
    network = active(changed(LIF, t_ref=0.0))
    for state, result in states(network, meso("renewal", noise, tolerance)):
        counts = column(state, COUNT)
        (waiting,) = state["population/0/refractory"].reshape(1, -1)
        for number, label in enumerate(("E->E", "second")):
            for offset, recorded in enumerate((result.u, result.x)):
                values = column(state, MOMENTS + 5 * number + offset)
                held = counts @ values + waiting[0] * waiting[1 + 5 * number + offset]
                # One rounding per step and bin of a number below 1.
                assert held / SIZE == pytest.approx(recorded[label][-1], abs=1e-12)


def covariance(state, sets):
    """Covariance matrix of (u, x) of all sets by cohort, in order of the columns."""
    counts = column(state, COUNT)
    sigma = np.zeros((len(counts), 2 * sets, 2 * sets))
    for number in range(sets):
        vu, vx, c = (column(state, MOMENTS + 5 * number + i) for i in (2, 3, 4))
        sigma[:, 2 * number : 2 * number + 2, 2 * number : 2 * number + 2] = np.array(
            [[vu, c], [c, vx]]
        ).transpose(2, 0, 1)
    pairs = [(first, second) for second in range(sets) for first in range(second)]
    for pair, (a, b) in enumerate(pairs):
        uu, ux, xu, xx = (column(state, MOMENTS + 5 * sets + 4 * pair + i) for i in range(4))
        block = np.array([[uu, ux], [xu, xx]]).transpose(2, 0, 1)
        sigma[:, 2 * a : 2 * a + 2, 2 * b : 2 * b + 2] = block
        sigma[:, 2 * b : 2 * b + 2, 2 * a : 2 * a + 2] = block.transpose(0, 2, 1)
    return sigma[counts > 0]


@pytest.mark.parametrize("tolerance", [0.0, 0.05, 1.0])
@pytest.mark.parametrize("sets", [2, 3])
def test_covariances_stay_those_of_a_group(sets, tolerance):
    # No negative variances, and correlations that neurons can have, up to roundings.
    network = active(changed(LIF, t_ref=0.0))
    if sets == 3:
        third = mp.Projection("E", "E", weight=-0.1, delay=1, stp=DEPRESSING, name="third")
        network = attrs.evolve(network, projections=[*network.projections, third])
    largest = 0.0
    for state, _ in states(network, meso("renewal", bin_tolerance=tolerance)):
        sigma = covariance(state, sets)
        variance = np.diagonal(sigma, axis1=1, axis2=2)
        assert (variance >= -1e-15).all()
        scale = np.sqrt(np.maximum(variance, 1e-16))
        correlation = sigma / (scale[:, :, None] * scale[:, None, :])
        assert np.linalg.eigvalsh(correlation).min() > -1e-9
        largest = max(largest, np.abs(correlation[:, :2, 2:]).max())
    assert largest > 0.9  # the sets do know of each other


@pytest.mark.parametrize("closure", ["second_order", "renewal"])
@pytest.mark.parametrize("neuron", [LIF, GIF], ids=["LIF", "GIF"])
@pytest.mark.parametrize("tolerance", [0.0, 0.05, 1.0])
def test_mass_without_noise(closure, neuron, tolerance):
    for state, _ in states(active(neuron), meso(closure, "none", tolerance)):
        mass = column(state, COUNT).sum() + state["population/0/refractory_total"][0]
        assert mass == pytest.approx(SIZE, rel=1e-10)


@pytest.mark.parametrize("tolerance", [0.0, 0.05])
def test_expected_survivors_of_the_population_activity_equation(tolerance):
    """They miss the population by what the spikes differ from their expectation: on average nothing."""
    missing, variances = [], []
    for state, _ in states(active(LIF), meso("second_order", bin_tolerance=tolerance), pieces=2000):
        mass = column(state, COUNT).sum() + state["population/0/refractory_total"][0]
        missing.append(SIZE - mass)
        variances.append(column(state, MOMENTS).sum())
    # The sum of the variances is that of the survivors.
    assert min(variances) >= 0
    blocks = np.reshape(missing, (20, -1)).mean(axis=1)
    assert abs(blocks.mean()) < 5 * blocks.std(ddof=1) / np.sqrt(20)
    assert np.max(np.abs(missing)) < 6 * np.sqrt(max(variances))
