"""Averages over time and their standard errors."""

import math

import numpy as np
import pytest

from mesopop.analysis import ratio_of_averages, time_average


def test_average_and_standard_error_over_trials():
    series = np.random.default_rng(1).normal(5, 2, (25, 40))
    means = series.mean(axis=1)
    estimate = time_average(series, unit="Hz")
    assert estimate.value == pytest.approx(means.mean(), rel=1e-14)
    assert estimate.se == pytest.approx(means.std(ddof=1) / 5, rel=1e-12)
    assert (estimate.n, estimate.unit) == (25, "Hz")


@pytest.mark.parametrize(("trials", "pieces"), [(1, 10), (4, 12), (9, 18), (10, 10)])
def test_few_trials_are_cut_into_batches(trials, pieces):
    series = np.random.default_rng(2).normal(size=(trials, 360))
    estimate = time_average(series if trials > 1 else series[0])
    batches = series.reshape(pieces, -1).mean(axis=1)
    assert estimate.n == pieces
    assert estimate.value == pytest.approx(series.mean(), rel=1e-12)
    assert estimate.se == pytest.approx(batches.std(ddof=1) / math.sqrt(pieces), rel=1e-12)


def test_batches_of_unequal_length_do_not_bias_the_mean():
    series = np.arange(17.0)
    assert time_average(series).value == pytest.approx(8.0, rel=1e-15)
    assert time_average(series[:3]).n == 3


def test_standard_errors_hold():
    # 400 experiments on 8 trials of a correlated series: (estimate - truth) / se must be distributed
    # as Student's t with 15 degrees of freedom, of variance 15/13. A standard error wrong by 10 %
    # would move the variance by 20 %, four times the standard error of this test.
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(400, 8, 2000)).cumsum(axis=-1)
    series = noise[..., 10:] - noise[..., :-10]
    scores = [(e.value / e.se) for e in map(time_average, series)]
    error = math.sqrt(2 / 400) * 15 / 13 * 1.3
    assert np.var(scores) == pytest.approx(15 / 13, abs=4 * error)
    assert abs(np.mean(scores)) < 4 * math.sqrt(15 / 13 / 400)


def test_ratio():
    rng = np.random.default_rng(4)
    below = rng.poisson(50, (200, 30)).astype(float)
    above = 0.3 * below + rng.normal(0, 1, below.shape)
    estimate = ratio_of_averages(above, below)
    assert estimate.value == pytest.approx(above.sum() / below.sum(), rel=1e-14)
    # What is left of the numerator is independent noise of variance 1.
    assert estimate.se == pytest.approx(1 / math.sqrt(6000) / 50, rel=0.2)


def test_ratio_to_nothing_is_unknown():
    estimate = ratio_of_averages(np.zeros(5), np.zeros(5))
    assert math.isnan(estimate.value)
    assert math.isnan(estimate.se)


def test_refusals():
    with pytest.raises(ValueError, match="series must have at least 1 trial and 2 bins"):
        time_average([1.0])
    with pytest.raises(ValueError, match="numerator must have the shape of rate"):
        ratio_of_averages([1.0, 2.0], [1.0, 2.0, 3.0])
