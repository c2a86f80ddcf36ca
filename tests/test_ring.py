"""Bumps on a ring: known positions, paths and speeds are found again."""

import numpy as np
import pytest

import mesopop as mp
from mesopop.analysis import bump_position, population_spikes, replay_events

UNITS, DT = 40, 2.0
UNIT = np.arange(UNITS)[:, np.newaxis]


def bump(centre, width=3.0, height=50.0):
    """Rates (units, bins) of a bump of Gaussian shape around given centres."""
    distance = (UNIT - np.asarray(centre) + UNITS / 2) % UNITS - UNITS / 2
    return height * np.exp(-0.5 * (distance / width) ** 2)


def travelling(*paths, gap=200, base=0.1):
    """A ring that is silent but for bumps that move along given paths, one after the other."""
    rates, starts = [np.full((UNITS, gap), base)], []
    for path in paths:
        starts.append(sum(piece.shape[1] for piece in rates))
        rates += [bump(path), np.full((UNITS, gap), base)]
    return np.concatenate(rates, axis=1), starts


def test_position_is_the_centre_of_a_symmetric_bump():
    centre = np.linspace(0, UNITS, 301)[:-1]
    found = bump_position(bump(centre), dt=DT, smooth=0.0)
    error = (found.position - centre + UNITS / 2) % UNITS - UNITS / 2
    # A Gaussian bump of width 3 is sampled by units: the circular mean is exact to its tails.
    assert np.abs(error).max() < 1e-6
    assert np.all((found.position >= 0) & (found.position < UNITS))
    # Of a wrapped normal distribution.
    expected = np.exp(-0.5 * (2 * np.pi * 3.0 / UNITS) ** 2)
    np.testing.assert_allclose(found.concentration, expected, rtol=1e-6)


def test_concentration_of_one_unit_and_of_all():
    one, uniform = np.zeros((UNITS, 3)), np.ones((UNITS, 3))
    one[7] = 12.0
    found = bump_position(one, dt=DT, smooth=0.0)
    np.testing.assert_allclose(found.position, 7.0, rtol=1e-12)
    np.testing.assert_allclose(found.concentration, 1.0, rtol=1e-12)
    np.testing.assert_allclose(
        bump_position(uniform, dt=DT, smooth=0.0).concentration, 0.0, atol=1e-14
    )


def test_without_activity_there_is_no_position():
    rates = bump(np.full(10, 5.0))
    rates[:, 4] = 0
    found = bump_position(rates, dt=DT, smooth=0.0)
    assert np.flatnonzero(np.isnan(found.position)).tolist() == [4]
    assert np.flatnonzero(np.isnan(found.concentration)).tolist() == [4]


def test_position_is_that_of_the_smoothed_activity():
    rates = np.random.default_rng(1).gamma(1.0, 10.0, (UNITS, 2, 50))
    smooth = np.array([mp.analysis.exponential_smoothing(rate, dt=DT, tau=10.0) for rate in rates])
    found = bump_position(rates, dt=DT, smooth=10.0)
    expected = bump_position(smooth, dt=DT, smooth=0.0)
    np.testing.assert_allclose(found.position, expected.position, rtol=1e-12)
    np.testing.assert_allclose(found.concentration, expected.concentration, rtol=1e-12)


def test_paths_forward_backward_around_and_at_rest():
    bins = np.arange(150)
    slopes = (0.1, -0.2, 0.5, 0.0)  # units per bin: 75 units go nearly twice around
    rates, starts = travelling(*(3.0 + slope * bins for slope in slopes))
    found = replay_events(rates, dt=DT, low=2.0, high=5.0, smooth=0.0)
    assert found.starts.tolist() == starts
    assert (found.stops - found.starts).tolist() == [150] * 4
    np.testing.assert_allclose(found.distances, [slope * 149 for slope in slopes], atol=1e-6)
    np.testing.assert_allclose(found.speeds, [1000 * slope / DT for slope in slopes], atol=1e-3)
    assert found.travelling(20.0).tolist() == [False, True, True, False]
    inside = ~np.isnan(found.position)
    assert np.count_nonzero(inside) == 600
    np.testing.assert_allclose(found.position[starts[0] : starts[0] + 150], 3.0 + 0.1 * bins)


def test_speed_counts_bins_by_their_activity():
    # One bin of little activity, far away, hardly counts.
    rates, (start,) = travelling(np.full(101, 10.0))
    rates[:, start + 100] = 0.5 * bump(20.0)[:, 0]
    found = replay_events(rates, dt=DT, low=0.5, high=5.0, smooth=0.0)
    t, weight = np.arange(101) * DT, np.ones(101)
    weight[100] = 0.5
    path = np.where(np.arange(101) < 100, 10.0, 20.0)
    slope = np.polyfit(t, path, 1, w=np.sqrt(weight))[0]
    assert found.speeds[0] == pytest.approx(1000 * slope, rel=1e-6)
    assert found.distances[0] == pytest.approx(10.0, rel=1e-6)


def test_bursts_are_the_population_spikes_of_the_mean_in_every_trial():
    bins = np.arange(80)
    first, _ = travelling(0.1 * bins, 5 + 0.3 * bins)
    second, _ = travelling(0.2 * bins, 7 - 0.3 * bins)
    rates = np.stack((first, second), axis=1)
    found = replay_events(rates, dt=DT, low=2.0, high=5.0, smooth=10.0)
    expected = population_spikes(rates.mean(axis=0), dt=DT, low=2.0, high=5.0, smooth=10.0)
    np.testing.assert_array_equal(found.bursts.onsets, expected.onsets)
    np.testing.assert_array_equal(found.bursts.trials, [0, 0, 1, 1])
    assert found.position.shape == (2, rates.shape[2])
    assert np.sign(found.distances).tolist() == [1, 1, 1, -1]


def test_reports():
    rates, _ = travelling(3.0 + 0.1 * np.arange(150), 3.0 - 0.1 * np.arange(150))
    text = repr(replay_events(rates, dt=DT, low=2.0, high=5.0, smooth=0.0))
    assert text.startswith("Replay: 2 bursts on 40 units in 1 trial of 1.8 s")
    assert "towards higher units 1 of 2" in " ".join(text.split())
    silent = replay_events(np.full((UNITS, 50), 0.1), dt=DT, low=2.0, high=5.0)
    assert len(silent) == 0
    assert "never Up" in repr(silent)


def test_refusals():
    rates = bump(np.zeros(10))
    with pytest.raises(ValueError, match="rates must be those of at least 3 units, got 2"):
        bump_position(rates[:2], dt=DT)
    with pytest.raises(ValueError, match=r"rates must be >= 0 Hz, got -1 Hz of unit 4"):
        bump_position(np.where(UNIT == 4, -1.0, rates), dt=DT)
    with pytest.raises(ValueError, match=r"rates\[3\] must be finite, got nan in bin 0"):
        bump_position(np.where(UNIT == 3, np.nan, rates), dt=DT)
    with pytest.raises(ValueError, match=r"one shape for all units, got \(10,\) and \(9,\)"):
        bump_position([rates[0], rates[1], rates[2][1:]], dt=DT)
    with pytest.raises(ValueError, match="dt must be > 0 ms"):
        replay_events(rates, dt=0.0, low=1.0, high=2.0)
    with pytest.raises(ValueError, match="least must be > 0 units, got 0"):
        replay_events(rates, dt=DT, low=1.0, high=2.0, smooth=0).travelling(0.0)
