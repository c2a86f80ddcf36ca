"""Mesoscopic levels and cohorts against neurons one by one: as close as promised, and not closer than
known.

Standard errors are over trials. Where a comparison is passed by one closure, the same comparison
must be failed by a closure that is known to be off, which shows that it has the power to see it.
"""

import functools
import math

import numpy as np
import pytest
from networks import COHORTS, DEPRESSING, FACILITATING, LIF, MICRO, MIXED, meso
from significance import assert_equal_means, assert_within, mean_over_trials, ratio_over_trials

import mesopop as mp

SYNAPSES = {"depressing": DEPRESSING, "facilitating": FACILITATING, "mixed": MIXED}
TRIALS, BIN = 20, 50.0


def release_statistics(neuron, engine, *, size, drive=0.0, dt, duration):
    """Mean release per spike and variance of the release in bins of 50 ms, for each synapse."""
    silent = mp.LNP(10, transfer=mp.Softplus(1.0, gain=1e-12))
    network = mp.Network(
        populations=[
            mp.Population("pre", size=size, neuron=neuron, drive=drive),
            mp.Population("post", size=1, neuron=silent),
        ],
        # Three projections of one population: the same spikes release from all of them.
        projections=[
            mp.Projection("pre", "post", weight=1.0, stp=stp, name=name)
            for name, stp in SYNAPSES.items()
        ],
    )
    transient = 5000.0  # five times the slowest time constant
    result = mp.simulate(
        network,
        transient + duration,
        dt=dt,
        seed=1,
        trials=TRIALS,
        record=("rate", "release"),
        record_dt=BIN,
        **engine,
    )
    stationary = result.t > transient
    rate = result.rate["pre"][:, stationary]
    statistics = {}
    for name in SYNAPSES:
        release = result.release[name][:, stationary]
        statistics[name] = (
            ratio_over_trials(release.mean(axis=1), rate.mean(axis=1)),
            mean_over_trials(((release - release.mean()) ** 2).mean(axis=1)),
        )
    return statistics


# --- Poisson neurons -----------------------------------------------------------------------------

# Measured standard errors of the differences: at most 0.05 % of the mean, 0.7 % of the variance.
MEAN_BOUND, VARIANCE_BOUND = 0.005, 0.03


@pytest.fixture(
    scope="module", params=[(20, 8e5), (100, 6e5), (500, 5e5)], ids=["20", "100", "500"]
)
def poisson(request):
    """Statistics of all engines for a number of Poisson neurons at 10 Hz."""
    size, duration = request.param
    return {
        name: release_statistics(
            # A coarse step, the same at all levels, saves time.
            mp.Poisson(10.0),
            engine,
            size=size,
            dt=2.5,
            duration=duration,
        )
        for name, engine in (
            ("micro", MICRO),
            ("first_order", meso("first_order")),
            ("second_order", meso("second_order")),
        )
    }


@pytest.mark.parametrize("synapse", SYNAPSES)
def test_mean_release_of_poisson_neurons(poisson, synapse):
    micro = poisson["micro"][synapse][0]
    assert_within(poisson["second_order"][synapse][0], micro, MEAN_BOUND)
    # First order is 1.3 to 2.4 % too high.
    with pytest.raises(AssertionError, match="off"):
        assert_within(poisson["first_order"][synapse][0], micro, MEAN_BOUND)


@pytest.mark.parametrize("synapse", SYNAPSES)
def test_variance_of_release_of_poisson_neurons(poisson, synapse):
    micro = poisson["micro"][synapse][1]
    assert_within(poisson["second_order"][synapse][1], micro, VARIANCE_BOUND)
    if synapse != "facilitating":
        # First order is 8 to 9 % too low; where u dominates, 2.5 %.
        with pytest.raises(AssertionError, match="off"):
            assert_within(poisson["first_order"][synapse][1], micro, VARIANCE_BOUND)


@pytest.mark.parametrize("synapse", SYNAPSES)
def test_renewal_is_second_order_for_neurons_without_memory(synapse):
    arguments = {"size": 20, "dt": 2.5, "duration": 10_000.0}
    renewal, second = (
        release_statistics(mp.Poisson(10.0), meso(closure), **arguments)
        for closure in ("renewal", "second_order")
    )
    assert renewal[synapse] == second[synapse]


# --- LIF neurons ---------------------------------------------------------------------------------

# Irregular at 3 Hz, regular at 28 Hz; drive (mV), duration (ms), bound of the mean.
FIRING = {
    "3 Hz": (13.0, 100_000.0, 0.01),
    "9 Hz": (16.0, 50_000.0, 0.005),
    "28 Hz": (25.0, 20_000.0, 0.002),
}


@pytest.fixture(scope="module", params=FIRING)
def renewal(request):
    """Statistics of 100 LIF neurons, and the bound for them."""
    drive, duration, bound = FIRING[request.param]
    statistics = {
        name: release_statistics(LIF, engine, size=100, drive=drive, dt=0.5, duration=duration)
        for name, engine in (
            ("micro", MICRO),
            ("second_order", meso("second_order")),
            ("renewal", meso("renewal")),
        )
    }
    return statistics, bound


@pytest.mark.parametrize("synapse", SYNAPSES)
def test_mean_release_of_lif_neurons(renewal, synapse):
    statistics, bound = renewal
    micro = statistics["micro"][synapse][0]
    # Measured standard errors of the differences: at most 0.05 %.
    assert_within(statistics["renewal"][synapse][0], micro, bound, standard_errors=1)
    # Neurons that fire are those that have not just fired: 1.8 to 11 % too low without memory.
    with pytest.raises(AssertionError, match="off"):
        assert_within(statistics["second_order"][synapse][0], micro, bound, standard_errors=1)


# --- Recurrent networks --------------------------------------------------------------------------

# z < 3.5
ALPHA = 4.65e-4
# Observable, its thresholds, dt (ms), and the duration of each of 20 trials (ms).
RECURRENT = {
    "lif-up-down": ("rate", 6.0, 25.0, 0.5, 200_000.0),
    "lif-population-spikes": ("rate", 5.0, 30.0, 0.5, 300_000.0),
    "lnp-up-down": ("potential", 8.0, 25.0, 0.1, 150_000.0),
    "lnp-population-spikes": ("potential", 0.0, 10.0, 0.1, 60_000.0),
}


def upward_crossings(values, low, high):
    """How often a series goes from below `low` to above `high`."""
    side = np.select([values > high, values < low], [1, -1], 0)
    side = side[side != 0]
    return int(np.sum((side[1:] == 1) & (side[:-1] == -1)))


def recurrent_statistics(preset, engine):
    observable, low, high, dt, duration = RECURRENT[preset]
    transient = 1000.0
    result = mp.simulate(
        mp.presets.load(preset),
        transient + duration,
        dt=dt,
        seed=1,
        trials=TRIALS,
        record=("rate", "release", "x", observable),
        record_dt=20.0,
        **engine,
    )
    late = result.t > transient
    rate, release = result.rate["E"][:, late], result.release["E->E"][:, late]
    series = getattr(result, observable)["E"][:, late]
    return {
        "rate": mean_over_trials(rate.mean(axis=1)),
        "release per spike": ratio_over_trials(release.mean(axis=1), rate.mean(axis=1)),
        "x": mean_over_trials(result.x["E->E"][:, late].mean(axis=1)),
        "time above": mean_over_trials((series > (low + high) / 2).mean(axis=1)),
        "events": mean_over_trials([upward_crossings(values, low, high) for values in series]),
    }


@functools.cache
def microscopic_statistics(preset):
    return recurrent_statistics(preset, MICRO)


@pytest.mark.parametrize("engine", [{"level": "meso"}, COHORTS], ids=["default closure", "cohorts"])
@pytest.mark.parametrize("preset", RECURRENT)
def test_faithful_in_recurrent_networks(preset, engine):
    micro = microscopic_statistics(preset)
    found_in = recurrent_statistics(preset, engine)
    # Five standard errors of the differences. Those of Up and Down states, which last for seconds,
    # are large: the time above the thresholds is known to 5 % of itself.
    resolution = {
        "rate": 0.3,
        "release per spike": 0.03,
        "x": 0.1,
        "time above": 0.3,
        "events": 0.3,
    }
    for name, found in found_in.items():
        assert_equal_means(found, micro[name], resolution=resolution[name], alpha=ALPHA)


def test_second_order_is_hardly_ever_in_the_up_state():
    micro = microscopic_statistics("lif-up-down")
    second = recurrent_statistics("lif-up-down", meso("second_order"))
    # Published with the preset: 0.58 of the time, and 0.08 in second order.
    assert micro["time above"].value > 0.45
    assert second["time above"].value < 0.2


def test_second_order_makes_population_spikes_too_rare():
    micro = microscopic_statistics("lif-population-spikes")["events"]
    second = recurrent_statistics("lif-population-spikes", meso("second_order"))["events"]
    # Intervals of 6.2 s instead of 3.7 s, both known to 5 %.
    error = math.hypot(second.relative_error, micro.relative_error, 0.07)
    assert math.log(micro.value / second.value) == pytest.approx(
        math.log(6.21 / 3.73), abs=3.5 * error
    )
    assert micro.value - second.value > 10 * math.hypot(micro.error, second.error)
