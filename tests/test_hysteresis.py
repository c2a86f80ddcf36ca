"""Smoothing and division of a series by two thresholds, from their definitions."""

import math

import numpy as np
import pytest

from mesopop.analysis import DOWN, UNDEFINED, UP, exponential_smoothing, segment

LOW, HIGH = 6.0, 25.0


def hysteresis_by_loop(curve, low, high):
    """The definition, bin by bin."""
    state, states = UNDEFINED, []
    for value in curve:
        if value > high:
            state = UP
        elif value < low:
            state = DOWN
        states.append(state)
    return states


def test_smoothing_follows_its_definition():
    rng = np.random.default_rng(1)
    rate = rng.gamma(2.0, 5.0, size=(3, 400))
    gain = 1 - math.exp(-0.5 / 10)
    expected = rate.copy()
    for k in range(1, 400):
        expected[:, k] = expected[:, k - 1] + (rate[:, k] - expected[:, k - 1]) * gain
    np.testing.assert_allclose(exponential_smoothing(rate, dt=0.5, tau=10), expected, rtol=1e-12)
    np.testing.assert_array_equal(
        exponential_smoothing(rate[1], dt=0.5, tau=10),
        exponential_smoothing(rate, dt=0.5, tau=10)[1],
    )


def test_smoothing_over_nothing_is_a_copy():
    rate = np.array([1.0, 5.0, 2.0])
    smoothed = exponential_smoothing(rate, dt=0.5, tau=0)
    np.testing.assert_array_equal(smoothed, rate)
    smoothed[0] = 7
    assert rate[0] == 1


@pytest.mark.parametrize("value", [0.1, 6.0, 25.0, 1e5 / 3])
def test_a_constant_series_stays_constant_to_the_bit(value):
    smoothed = exponential_smoothing(np.full(1000, value), dt=0.1, tau=7)
    assert np.all(smoothed == value)


def test_hysteresis_agrees_with_its_definition_bin_by_bin():
    rng = np.random.default_rng(2)
    curve = rng.integers(0, 11, size=(200, 40)).astype(float)  # many values on the thresholds
    found = segment(curve, dt=1.0, low=2.0, high=8.0, smooth=0.0)
    expected = [hysteresis_by_loop(row, 2.0, 8.0) for row in curve]
    np.testing.assert_array_equal(found.state, expected)
    assert (found.state[:, 0] == UNDEFINED).any()


def test_the_thresholds_themselves_do_not_switch():
    found = segment([0, HIGH, 30, LOW, HIGH, 0], dt=1.0, low=LOW, high=HIGH, smooth=0.0)
    assert found.state.tolist() == [DOWN, DOWN, UP, UP, UP, DOWN]
    for level in (LOW, HIGH):
        state = segment(np.full(500, level), dt=0.3, low=LOW, high=HIGH).state
        assert np.all(state == UNDEFINED)


def test_the_segmentation_is_of_the_smoothed_series():
    rate = np.r_[np.zeros(50), np.full(50, 100.0), np.zeros(50)]
    found = segment(rate, dt=1.0, low=5.0, high=30.0, smooth=10.0)
    # 100 (1 - exp(-k/10)) > 30 from the 4th bin on; 100 exp(-k/10) (1 - e^-5) < 5 from the 30th on.
    assert np.flatnonzero(found.state == UP).tolist() == list(range(53, 129))
    assert (found.low, found.high, found.smooth, found.dt) == (5.0, 30.0, 10.0, 1.0)
