"""One neuron, ten million of them, certain and impossible spikes, couplings of strength zero."""

import math
import time

import numpy as np
import pytest
from networks import (
    CLOSURES,
    COHORTS,
    FACILITATING,
    GIF,
    LIF,
    MICRO,
    MIXED,
    assert_same_bits,
    changed,
    isolated,
    meso,
    name_of,
    recorded,
    without_adaptation,
)
from significance import ALPHA, Estimate, chi_squared_p, mean_over_trials, p_value
from survivors import stationary_rate, survivor_function

import mesopop as mp

DT = 0.5
SILENT = mp.LNP(10, transfer=mp.Softplus(1.0, gain=1e-12))


def feedforward(neuron, size, drive=0.0, stp=MIXED):
    """A population and a silent one that it projects onto."""
    return mp.Network(
        populations=[
            mp.Population("E", size=size, neuron=neuron, drive=drive),
            mp.Population("post", size=1, neuron=SILENT),
        ],
        projections=[mp.Projection("E", "post", weight=1.0 / size, stp=stp)],
    )


# --- One neuron ----------------------------------------------------------------------------------

SOURCES = {
    "LIF": (LIF, 16.0),
    "not refractory": (changed(LIF, t_ref=0.0), 16.0),
    "GIF": (GIF, 18.0),
    "LNP": (mp.LNP(10, transfer=mp.Softplus(2.0)), 10.0),
    "Poisson": (mp.Poisson(15.0), 0.0),
}


@pytest.mark.parametrize("source", SOURCES)
def test_a_population_of_one_is_a_neuron_with_its_synapse(law, source):
    neuron, drive = SOURCES[source]
    network = feedforward(neuron, 1, drive)
    if law is COHORTS:
        network = without_adaptation(network)
    result = mp.simulate(network, 20_000.0, dt=DT, seed=1, **law)
    spikes = result.rate["E"] * DT / 1000
    assert set(np.unique(spikes)) == {0.0, 1.0}
    step = np.flatnonzero(spikes)
    assert step.size > 50
    if isinstance(neuron, mp.LIF):
        assert np.diff(step).min() > neuron.t_ref / DT
    # What is released is what the history of this neuron has left.
    u, x, last, expected = MIXED.U0, 1.0, 0.0, []
    for now in DT * (step + 1):
        u = MIXED.U0 + (u - MIXED.U0) * math.exp(-(now - last) / MIXED.tau_f)
        x = 1 - (1 - x) * math.exp(-(now - last) / MIXED.tau_d)
        expected.append(u * x)
        u, x, last = u + MIXED.U * (1 - u), x - u * x, now
    np.testing.assert_allclose(result.release["E->post"][step] * DT / 1000, expected, rtol=1e-9)


@pytest.mark.parametrize(
    "engine", [MICRO, meso("renewal"), meso("renewal", bin_tolerance=0)], ids=name_of
)
@pytest.mark.parametrize("source", ["LIF", "not refractory"])
def test_intervals_of_one_neuron(engine, source):
    """The renewal closure is exact in law."""
    neuron, drive = SOURCES[source]
    result = mp.simulate(
        isolated(1, drive, neuron=neuron),
        100_000.0,
        dt=DT,
        seed=1,
        trials=40,
        record=("rate",),
        **engine,
    )
    intervals = np.concatenate([np.diff(np.flatnonzero(rate)) for rate in result.rate["E"]])
    survivors, _ = survivor_function(neuron, drive, DT)
    density = -np.diff(survivors)
    assert intervals.size > 20_000
    observed = np.bincount(intervals - 1, minlength=density.size)
    assert chi_squared_p(observed[: density.size], intervals.size * density) > ALPHA


# --- Ten million neurons -------------------------------------------------------------------------


@pytest.mark.parametrize("closure", CLOSURES)
@pytest.mark.parametrize("drive", [13.0, 25.0])
def test_ten_million_neurons(closure, drive):
    size = 10_000_000
    result = mp.simulate(
        feedforward(LIF, size, drive), 100.0, dt=DT, seed=1, trials=20, **meso(closure)
    )
    counts = result.rate["E"] * size * DT / 1000
    np.testing.assert_allclose(counts, np.rint(counts), rtol=0, atol=1e-6)
    measured = mean_over_trials(result.rate["E"].mean(axis=1))
    # Bins that were merged: 0.1 %.
    exact = stationary_rate(LIF, drive, DT)
    assert measured.value == pytest.approx(exact, rel=1e-3)
    assert measured.relative_error < 1e-3
    assert np.isfinite(result.release["E->post"]).all()


def test_the_cost_does_not_depend_on_the_number_of_neurons():
    def seconds(size):
        started = time.process_time()
        mp.simulate(feedforward(LIF, size, 16.0), 2000.0, dt=DT, seed=1, n_threads=1, level="meso")
        return time.process_time() - started

    # From 400 to 4e5 spikes per step: not 1000 times as slow, but hardly at all.
    few = min(seconds(100_000) for _ in range(3))
    assert min(seconds(100_000_000) for _ in range(3)) < 5 * few


# --- The limit of infinitely many ----------------------------------------------------------------


def excitation_and_inhibition(size, neuron, stp):
    """A network that answers a step of its drive with a damped oscillation."""
    drive = mp.Steps([0, 100.0], [14.0, 20.0])
    return mp.Network(
        populations=[
            mp.Population("E", size=size, neuron=neuron, drive=drive),
            mp.Population("I", size=size // 4, neuron=neuron, drive=drive),
        ],
        projections=[
            mp.Projection("E", "E", weight=30 / size, tau_s=3, delay=1, stp=stp),
            mp.Projection("E", "I", weight=30 / size, tau_s=3, delay=1, stp=stp),
            mp.Projection("I", "E", weight=-80 / size, tau_s=5, delay=2),
            mp.Projection("I", "I", weight=-60 / size, tau_s=5, delay=2, stp=FACILITATING),
        ],
    )


def assert_same_mean(many, limit):
    """In bins of 5 ms, the mean of the trials is the limit."""
    assert limit.complete
    for quantity in ("rate", "release"):
        for label, expected in getattr(limit, quantity).items():
            trials = getattr(many, quantity)[label].T
            estimates = [mean_over_trials(values) for values in trials]
            worst = min(
                p_value(estimate, Estimate(float(value)))
                for estimate, value in zip(estimates, expected, strict=True)
            )
            assert worst > ALPHA / len(expected), f"{quantity} {label}"


@pytest.mark.parametrize("initial", ["stationary", "synchronous"])
@pytest.mark.parametrize(
    ("closure", "noise"),
    [
        ("first_order", "binomial"),
        ("second_order", "binomial"),
        ("second_order", "gaussian"),
        ("renewal", "binomial"),
    ],
)
@pytest.mark.parametrize(
    "neuron",
    [LIF, GIF, mp.LNP(10, transfer=mp.Exponential(v_th=15, delta_u=3, rate_at_threshold=20))],
    ids=["LIF", "GIF", "LNP"],
)
def test_noise_free_equations_are_the_limit_of_many_neurons(initial, closure, noise, neuron):
    # Relative fluctuations of 1e-4 per trial and bin, whose squares shift no mean.
    network = excitation_and_inhibition(100_000_000, neuron, MIXED)
    arguments = {"dt": DT, "seed": 3, "record_dt": 5.0, "initial": initial}
    limit = mp.simulate(network, 300.0, **arguments, **meso(closure, "none"))
    many = mp.simulate(network, 300.0, **arguments, trials=20, **meso(closure, noise))
    assert_same_mean(many, limit)
    late = limit.rate["E"][limit.t > 100]
    assert late.max() > 1.2 * late[-1]  # there is something to compare


def test_the_limit_of_many_neurons_simulated_one_by_one():
    # Without plasticity the noise-free equations are exact; 1/N = 5e-5 remains.
    network = excitation_and_inhibition(20_000, LIF, None)
    network = mp.Network(
        populations=network.populations,
        projections=[changed(projection, stp=None) for projection in network.projections],
    )
    arguments = {"dt": DT, "seed": 3, "record_dt": 5.0}
    limit = mp.simulate(network, 300.0, **arguments, **meso("renewal", "none"))
    many = mp.simulate(network, 300.0, **arguments, trials=20, **MICRO)
    assert_same_mean(many, limit)


def test_counts_of_the_diffusion_approximation():
    """Normal with the mean N p and the variance N p."""
    size, rate = 100, 20.0
    network = isolated(size, 0.0, neuron=mp.Poisson(rate))
    result = mp.simulate(network, 100_000.0, dt=DT, seed=1, **meso("second_order", "gaussian"))
    expected = size * -math.expm1(-rate * DT / 1000)
    counts = result.rate["E"] * size * DT / 1000
    z = (counts - expected) / math.sqrt(expected)
    assert abs(z.mean()) * math.sqrt(z.size) < 4.5
    assert abs(z.var() - 1) < 4.5 * math.sqrt(2 / z.size)
    assert abs(np.mean(z**3)) < 4.5 * math.sqrt(15 / z.size)
    assert (counts < 0).any()


# --- Certain and impossible spikes ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("drive", "delta_u"), [(2e4, 2.0), (5e3, 0.1), (1e6, 2.0)], ids=["e^250", "e^1000", "e^10000"]
)
@pytest.mark.parametrize("noise", ["binomial", "none"])
def test_saturated_populations_fire_in_every_step_that_they_can(law, drive, delta_u, noise):
    engine = law if law["level"] == "micro" else law | {"noise": noise}
    network = feedforward(changed(LIF, delta_u=delta_u), 50, drive)
    result = mp.simulate(network, 100.0, dt=DT, seed=1, initial="rest", **engine)
    # All at once, then 8 steps of refractory time.
    expected = np.where(np.arange(200) % 9 == 0, 1000 / DT, 0.0)
    np.testing.assert_allclose(result.rate["E"], expected, rtol=1e-12)
    stationary = mp.simulate(network, 4500.0, dt=DT, seed=1, **engine)
    random = noise == "binomial" and engine.get("closure") in ("first_order", "second_order")
    # One binomial number for all bins: the phases drift, and the population is full on average, but
    # for expected numbers below 0, which count as 0. (Without correction it dies out or doubles.)
    np.testing.assert_allclose(
        stationary.rate["E"].mean(), 1000 / 4.5, rtol=5e-3 if random else 1e-12
    )


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("drive", [30.0, 400.0])
def test_gaussian_noise_does_not_silence_small_populations(size, drive):
    """Negative numbers of spikes, which are frequent here, do not make the state absorbing.

    They raise the rate, since expected numbers below 0 count as 0.
    """
    result = mp.simulate(
        isolated(size, drive), 20_000.0, dt=DT, seed=1, trials=4, **meso("second_order", "gaussian")
    )
    assert (result.rate["E"][:, -1000:].mean(axis=1) > 10).all()
    rate = mean_over_trials(result.rate["E"].mean(axis=1))
    assert rate.value > stationary_rate(LIF, drive, DT) + (5 if size == 1 else -5) * rate.error
    assert np.isfinite(result.potential["E"]).all()


def test_saturated_lnp_and_poisson_neurons(law):
    for neuron, drive in (
        (mp.LNP(10, transfer=mp.Exponential(v_th=0, delta_u=1, rate_at_threshold=10)), 2000.0),
        (mp.LNP(10, transfer=mp.Softplus(1.0, gain=1e6)), 2000.0),
        (mp.Poisson(1e7), 0.0),
    ):
        result = mp.simulate(isolated(33, drive, neuron=neuron), 50.0, dt=DT, seed=1, **law)
        assert (result.rate["E"] == 1000 / DT).all()


def test_populations_far_below_threshold_are_silent(law):
    for neuron, drive in (
        (LIF, -1e3),
        (changed(LIF, delta_u=0.01), 0.0),
        (mp.LNP(10, transfer=mp.Softplus(1.0)), -1e3),
        (mp.LNP(10, transfer=mp.Exponential(v_th=0, delta_u=1, rate_at_threshold=10)), -1e3),
        (mp.Poisson(0.0), 0.0),
    ):
        network = feedforward(neuron, 33, drive)
        result = mp.simulate(network, 200.0, dt=DT, seed=1, **law)
        assert not result.rate["E"].any()
        assert not result.release["E->post"].any()
        assert not result.potential["post"].any()


@pytest.mark.parametrize("delta_u", [1.0, 0.05, 0.01, 0.001])
def test_a_jump_to_below_a_sharp_threshold_fires_nobody(law, delta_u):
    # 12 mV of 15 mV: a hazard of 10 exp(-3 mV / delta_u) Hz for some steps.
    network = mp.Network(
        populations=[
            mp.Population("in", size=1, neuron=mp.SpikeTrains([[5.0]])),
            mp.Population("E", size=20, neuron=changed(LIF, delta_u=delta_u)),
        ],
        projections=[mp.Projection("in", "E", weight=12.0 if delta_u < 1 else 1.0)],
    )
    result = mp.simulate(network, 20.0, dt=DT, seed=1, initial="rest", **law)
    assert not result.rate["E"].any()
    assert result.potential["E"].max() > 0.9 * network.projections[0].weight


@pytest.mark.parametrize("delta_u", [0.05, 0.01, 0.001])
def test_a_jump_above_a_sharp_threshold_fires_everybody(law, delta_u):
    network = mp.Network(
        populations=[
            mp.Population("in", size=1, neuron=mp.SpikeTrains([[5.0]])),
            mp.Population("E", size=20, neuron=changed(LIF, delta_u=delta_u)),
        ],
        projections=[mp.Projection("in", "E", weight=17.0)],
    )
    result = mp.simulate(network, 20.0, dt=DT, seed=1, initial="rest", **law)
    # The spike at 5 ms is that of step 9; its jump comes at the start of step 10.
    np.testing.assert_array_equal(np.flatnonzero(result.rate["E"]), [10])
    assert result.rate["E"][10] == 1000 / DT


# --- Couplings of strength zero ------------------------------------------------------------------


def test_a_projection_of_weight_zero_changes_nothing(law):
    network = isolated(30, 16.0)
    alone = recorded(mp.simulate(network, 200.0, dt=DT, seed=1, **law))
    coupled = mp.Network(
        populations=network.populations,
        projections=[
            mp.Projection("E", "E", weight=0.0, tau_s=3, delay=5, stp=MIXED),
            mp.Projection("E", "E", weight=0.0, name="jumps"),
        ],
    )
    found = recorded(mp.simulate(coupled, 200.0, dt=DT, seed=1, **law))
    assert_same_bits({name: found[name] for name in alone}, alone)


@pytest.mark.parametrize("closure", CLOSURES)
def test_a_projection_of_probability_zero_changes_nothing(closure):
    network = isolated(30, 16.0)
    alone = recorded(mp.simulate(network, 200.0, dt=DT, seed=1, **meso(closure)))
    coupled = mp.Network(
        populations=network.populations,
        projections=[mp.Projection("E", "E", weight=5.0, probability=0.0, stp=MIXED)],
    )
    found = recorded(mp.simulate(coupled, 200.0, dt=DT, seed=1, **meso(closure)))
    assert_same_bits({name: found[name] for name in alone}, alone)


@pytest.mark.parametrize("closure", CLOSURES)
def test_only_the_product_of_weight_and_probability_matters(closure):
    results = []
    for weight, probability in ((1.0, 0.25), (0.5, 0.5), (0.25, 1.0)):
        network = mp.Network(
            populations=isolated(30, 16.0).populations,
            projections=[
                mp.Projection("E", "E", weight=weight, probability=probability, tau_s=3, stp=MIXED)
            ],
        )
        results.append(recorded(mp.simulate(network, 200.0, dt=DT, seed=1, **meso(closure))))
    assert_same_bits(results[1], results[0])
    assert_same_bits(results[2], results[0])
