"""Dwell times of known laws: survival functions, exponentiality, thresholds without choosing any."""

import math

import numpy as np
import pytest
from scipy import stats
from significance import ks_p

import mesopop as mp
from mesopop.analysis import (
    Durations,
    bimodality,
    exponential_smoothing,
    exponentiality,
    survival_function,
    thresholds_from_fixed_points,
    thresholds_from_histogram,
    up_down_states,
)
from mesopop.analysis.dip import dip_statistic


def renewal(rng, draw, *, trials, length, gap):
    """Durations between gaps in trials of a length, cut off at their ends."""
    complete, cut_off, room, room_cut = [], [], [], []
    for _ in range(trials):
        t = rng.exponential(gap)
        while t < length:
            lasting = draw()
            if t + lasting > length:
                cut_off.append(length - t)
                room_cut.append(length - t)
                break
            complete.append(lasting)
            room.append(length - t)
            t += lasting + rng.exponential(gap)
    return Durations(complete=complete, cut_off=cut_off, limits=room + room_cut)


# Survival functions


def test_survival_function_of_hand_made_durations():
    # At risk 5, 4, (one cut off), 2, 1: 4/5, 3/5, 3/10, 0.
    found = survival_function([10.0, 20.0, 30.0, 40.0], cut_off=[25.0])
    np.testing.assert_allclose(found.times, [10, 20, 30, 40])
    np.testing.assert_allclose(found.fraction, [4 / 5, 3 / 5, 3 / 10, 0])
    assert [found.at(t) for t in (0, 10, 24.9, 30, 99)] == pytest.approx([1, 0.8, 0.6, 0.3, 0])
    assert found.median == 30
    assert np.all(found.low[:-1] < found.fraction[:-1])
    assert np.all(found.high[:-1] > found.fraction[:-1])
    assert math.isnan(survival_function([10.0], cut_off=[25.0]).at(30.0))


def test_those_cut_off_are_not_taken_for_short_ones():
    # Trials of 1.5 mean durations: the complete ones are too short by 40 %, and their plain survival
    # function too small by 0.15 at the mean; that of all is right within 4 standard errors of 1.5 %.
    rng = np.random.default_rng(1)
    found = renewal(rng, lambda: rng.gamma(2, 200), trials=1500, length=600, gap=50)
    truth = stats.gamma(2, scale=200)
    assert found.mean.value < 0.7 * 400
    assert np.mean(found.complete > 400) < truth.sf(400) - 0.15
    survival = found.survival()
    for t in (100, 200, 400, 500):
        assert survival.at(t) == pytest.approx(truth.sf(t), abs=4 * 0.015)


def test_intervals_cover_the_survival_function():
    # 400 repetitions: 4 standard errors of 95 % are 4.4 %.
    rng = np.random.default_rng(2)
    covered = []
    for _ in range(400):
        found = renewal(rng, lambda: rng.exponential(300), trials=10, length=1500, gap=300)
        survival = found.survival()
        index = np.searchsorted(survival.times, 300.0, side="right") - 1
        covered.append(survival.low[index] <= math.exp(-1) <= survival.high[index])
    assert np.mean(covered) == pytest.approx(0.95, abs=0.044)


def test_without_complete_durations_it_is_empty():
    found = survival_function([], cut_off=[10.0])
    assert (found.complete, found.cut_off, len(found.times)) == (0, 1, 0)
    assert "no complete duration" in repr(found)
    assert math.isnan(found.at(5.0))
    assert math.isnan(found.median)


# Exponentiality


def test_statistic_is_that_of_anderson_and_darling():
    sample = np.random.default_rng(3).exponential(3.0, 50)
    z = np.sort(-np.expm1(-sample / sample.mean()))
    i = np.arange(1, 51)
    expected = -50 - np.mean((2 * i - 1) * (np.log(z) + np.log1p(-z[::-1])))
    assert exponentiality(sample, samples=99).statistic == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("length", [math.inf, 1000.0], ids=["complete", "cut off"])
def test_exponential_durations_are_rejected_as_often_as_stated(length):
    # p is uniform: 300 of them. Taking the mean for known would make 1 % of p-values < 0.1.
    rng = np.random.default_rng(4)
    p = []
    for seed in range(300):
        if length == math.inf:
            found = Durations(complete=rng.exponential(400, 40))
        else:
            found = renewal(rng, lambda: rng.exponential(400), trials=25, length=length, gap=200)
        p.append(found.exponentiality(samples=199, seed=seed).p)
    assert ks_p(p, stats.uniform) > 1e-4
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=4 * math.sqrt(0.0475 / 300))


def test_durations_in_wide_bins_are_compared_with_such():
    # 30 bins per mean: rounding alone would be taken for another distribution.
    rng = np.random.default_rng(5)
    coarse = np.ceil(rng.exponential(300, 4000) / 10) * 10
    assert exponentiality(coarse, dt=10.0).p > 0.01
    assert exponentiality(coarse).p < 0.01


def test_power_against_gamma_distributed_durations():
    rng = np.random.default_rng(6)
    rejected = [
        renewal(rng, lambda: rng.gamma(2, 200), trials=25, length=2000, gap=200)
        .exponentiality(samples=199)
        .p
        <= 0.05
        for _ in range(60)
    ]
    assert np.mean(rejected) > 0.95


def test_too_few_durations_are_not_tested():
    found = exponentiality([1.0, 2.0, 3.0, 4.0])
    assert math.isnan(found.p)
    assert str(found) == "not tested: 4 complete durations, at least 5 are needed"
    with pytest.raises(ValueError, match="limits must be given"):
        exponentiality([1.0] * 9, cut_off=[3.0])
    with pytest.raises(ValueError, match=r"complete must be finite and >= 0 ms, got -1.0 ms at 1"):
        exponentiality([1.0, -1.0])
    with pytest.raises(ValueError, match="limits must be >= the durations"):
        Durations(complete=[5.0], limits=[4.0])


def test_dwell_times_of_states():
    rate = np.repeat([0.0, 50.0, 0.0, 50.0, 0.0, 50.0], [3, 4, 5, 2, 6, 7])
    states = up_down_states(rate, dt=2.0, low=6.0, high=25.0, smooth=0.0)
    assert states.up.complete.tolist() == [8.0, 4.0]
    assert states.up.cut_off.tolist() == [14.0]
    assert states.up.limits.tolist() == [48.0, 30.0, 14.0]
    assert states.down.complete.tolist() == [10.0, 12.0]
    assert len(states.down.cut_off) == 0  # the first one began at an unknown time
    assert states.interval_durations.complete.tolist() == states.intervals.tolist()
    assert states.interval_durations.cut_off.tolist() == [14.0]


# Modes and thresholds


def test_dip_of_known_samples():
    # Equally spaced values are as unimodal as a sample can be: 1 / (2 n). Two atoms: 1/4.
    assert dip_statistic(np.arange(10.0)) == pytest.approx(1 / 20)
    assert dip_statistic(np.repeat([0.0, 1.0], 50)) == pytest.approx(1 / 4)
    # Of n uniform values sqrt(n) dip exceeds 0.525 in 5 % (Hartigan & Hartigan, table 1: n = 200).
    rng = np.random.default_rng(7)
    dips = [dip_statistic(rng.random(200)) * math.sqrt(200) for _ in range(400)]
    assert np.mean(np.array(dips) > 0.525) == pytest.approx(0.05, abs=4 * math.sqrt(0.0475 / 400))


@pytest.mark.parametrize("transform", [np.asarray, np.exp, stats.norm.cdf])
def test_one_mode_is_seldom_taken_for_two(transform):
    # Correlated series, skewed or not; 50 of each. 5 % and 4 standard errors are 17 %: bins taken as
    # independent would be bimodal most of the time.
    rng = np.random.default_rng(8)
    found = []
    for _ in range(50):
        noise = math.sqrt(40) * exponential_smoothing(rng.normal(size=6000), dt=1.0, tau=20.0)
        found.append(bimodality(transform(noise[300:]), dt=1.0, smooth=0.0, samples=99).p <= 0.05)
    assert np.mean(found) <= 0.05 + 4 * math.sqrt(0.0475 / 50)


def test_counts_of_spikes_are_not_two_states():
    # Values on a lattice: taken as they are, every step of it is a dip, and p is at its lowest.
    rng = np.random.default_rng(10)
    for mean in (0.3, 1.0, 5.0, 20.0):
        count = rng.poisson(mean, (20, 3000))
        assert bimodality(count, dt=1.0, smooth=0.0).p > 0.05
        with pytest.raises(ValueError, match="not significantly bimodal"):
            up_down_states(count, dt=1.0, smooth=0.0)
    # Two states of such counts are still found.
    states = np.repeat(np.tile([2.0, 12.0], 200), rng.geometric(1 / 20, 400))
    modes = bimodality(rng.poisson(states), dt=1.0, smooth=0.0)
    assert modes.p < 0.01
    assert modes.down == pytest.approx(2, abs=1)
    assert modes.up == pytest.approx(12, abs=1.5)


def test_two_states_are_found_with_their_valley():
    rng = np.random.default_rng(9)
    states = np.repeat(np.tile([5.0, 35.0], 40), rng.geometric(1 / 200, 80))
    rate = states + rng.normal(0, 4, len(states))
    modes = bimodality(rate, dt=1.0, smooth=0.0)
    assert modes.p < 0.01
    assert modes.down == pytest.approx(5, abs=1.5)
    assert modes.up == pytest.approx(35, abs=1.5)
    assert 12 < modes.valley < 28
    found = up_down_states(rate, dt=1.0, smooth=0.0)
    expected = up_down_states(rate, dt=1.0, smooth=0.0, low=12.5, high=27.5)
    assert found.segmentation.origin.startswith("histogram with modes")
    assert "thresholds from the histogram" in repr(found)
    assert found.up_times.tolist() == expected.up_times.tolist()
    shifted = thresholds_from_histogram(rate - 70, dt=1.0, smooth=0.0)  # a potential, e.g.
    assert shifted.low == pytest.approx(found.segmentation.low - 70, abs=1e-6)


def test_thresholds_from_a_histogram_agree_with_those_of_a_preset():
    preset = mp.presets.experiment("lif-up-down")
    result = mp.simulate(
        preset.network, 61_000, dt=0.5, level="meso", seed=1, trials=4, record_dt=1.0
    ).after(1000)
    derived = up_down_states(result.rate["E"], dt=1.0)
    given = mp.analysis.find_events(result, preset.events)
    difference = derived.up_fraction.value - given.up_fraction.value
    assert abs(difference) < given.up_fraction.se
    halfway = thresholds_from_fixed_points(down=1.0, saddle=15.0, up=35.0)
    states = up_down_states(result.rate["E"], dt=1.0, thresholds=halfway)
    assert (states.segmentation.low, states.segmentation.high) == (8.0, 25.0)
    assert "fixed points with Down and Up at 1 and 35, saddle 15" in " ".join(repr(states).split())


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"rate": np.ones(400)}, ValueError, "rate must vary to have modes, got 1.0 in every bin"),
        (
            {"rate": np.random.default_rng(1).normal(size=4000)},
            ValueError,
            "low and high must be given: .* not significantly bimodal",
        ),
        ({"rate": np.ones(400), "low": 1.0}, TypeError, "high must be a number, got None"),
        (
            {"rate": np.ones(400), "low": 1.0, "thresholds": mp.analysis.Thresholds(low=1, high=2)},
            ValueError,
            "give low and high, or thresholds",
        ),
        ({"rate": np.ones(400), "thresholds": (1, 2)}, TypeError, "thresholds must be Thresholds"),
    ],
)
def test_refusals(arguments, error, words):
    with pytest.raises(error, match=words):
        up_down_states(dt=1.0, **arguments)


def test_fixed_points_must_be_in_order():
    with pytest.raises(ValueError, match="down < saddle < up must hold, got 1.0, 40.0, 15.0"):
        thresholds_from_fixed_points(down=1, saddle=40, up=15)
