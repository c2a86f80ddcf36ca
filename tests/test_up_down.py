"""Up and Down states of series whose states are known."""

import math
import pickle
import subprocess
import sys

import numpy as np
import pytest

from mesopop.analysis import (
    DOWN,
    UNDEFINED,
    UP,
    Estimate,
    EventRate,
    up_down_states,
)

LOW, HIGH = 6.0, 25.0


def telegraph(rng, *, trials, bins, mean_up, mean_down):
    """Stationary two-state process with geometric dwell times (means in bins): 40 Hz Up, 1 Hz Down.

    Geometric dwell times are the exponential ones of a series in bins: their means are exact.
    """
    rate = np.empty((trials, bins))
    for k in range(trials):
        n = int(2 * bins / (mean_up + mean_down)) + 100
        means = np.tile([mean_up, mean_down], n)
        levels = np.tile([40.0, 1.0], n)
        if rng.random() < mean_down / (mean_up + mean_down):
            means, levels = means[1:], levels[1:]
        rate[k] = np.repeat(levels, rng.geometric(1 / means))[:bins]
    return rate


# Hand-made series


def test_onsets_and_dwell_times_of_a_hand_made_series():
    rate = np.repeat([0.0, 50.0, 0.0, 50.0, 0.0], [3, 4, 5, 2, 6])
    states = up_down_states(rate, dt=2.0, low=LOW, high=HIGH, smooth=0.0)
    assert states.up_times.tolist() == [8.0, 4.0]
    assert states.down_times.tolist() == [10.0]
    assert states.onsets.tolist() == [8.0, 26.0]  # the ends of bins 3 and 12
    assert states.onset_trials.tolist() == [0, 0]
    assert states.intervals.tolist() == [18.0]
    assert states.censored.tolist() == [
        (0, DOWN, 2.0, 6.0, True, False),
        (0, DOWN, 30.0, 12.0, False, True),
    ]
    assert states.up_fraction.value == pytest.approx(6 / 20)
    assert states.mean_up_time == Estimate(6.0, pytest.approx(2.0), 2, "ms")
    assert states.mean_down_time.value == 10.0
    assert math.isnan(states.mean_down_time.se)  # one observation
    assert states.up_to_down == EventRate(events=2, exposure=12.0)
    assert states.down_to_up == EventRate(events=2, exposure=28.0)
    assert states.up_to_down.value == pytest.approx(1000 * 2 / 12)
    assert states.reason is None
    assert states.segmentation.state.shape == (20,)


def test_error_of_the_up_fraction_of_a_hand_made_series():
    # Pieces (time Up, length), cut at the onsets: (0, 3), (4, 9), (2, 8).
    rate = np.repeat([0.0, 50.0, 0.0, 50.0, 0.0], [3, 4, 5, 2, 6])
    states = up_down_states(rate, dt=2.0, low=LOW, high=HIGH, smooth=0.0)
    squares = (0 - 0.3 * 3) ** 2 + (4 - 0.3 * 9) ** 2 + (2 - 0.3 * 8) ** 2
    assert states.up_fraction.n == 3
    assert states.up_fraction.se == pytest.approx(math.sqrt(3 / 2 * squares) / 20)


def test_trials_are_pooled_and_never_joined():
    down_up = np.repeat([0.0, 50.0], [4, 6])
    up_down = down_up[::-1]
    states = up_down_states([down_up, up_down, up_down], dt=1.0, low=LOW, high=HIGH, smooth=0.0)
    # Joined, the Up states of trials 0 and 1 would be one complete dwell time of 12 ms, and trial 2
    # would begin with an onset.
    assert len(states.up_times) == len(states.down_times) == len(states.intervals) == 0
    assert states.onsets.tolist() == [5.0]
    assert states.onset_trials.tolist() == [0]
    assert states.censored["trial"].tolist() == [0, 0, 1, 1, 2, 2]
    assert states.censored["state"].tolist() == [DOWN, UP, UP, DOWN, UP, DOWN]
    assert states.up_to_down == EventRate(events=2, exposure=18.0)
    assert states.down_to_up == EventRate(events=1, exposure=12.0)


def test_trials_together_give_what_they_give_one_by_one():
    rng = np.random.default_rng(3)
    rate = telegraph(rng, trials=6, bins=800, mean_up=40, mean_down=60)
    rate += rng.normal(0, 3, rate.shape)
    together = up_down_states(rate, dt=1.0, low=LOW, high=HIGH, smooth=5.0)
    alone = [up_down_states(row, dt=1.0, low=LOW, high=HIGH, smooth=5.0) for row in rate]
    assert len(together.up_times) > 20
    for name in ("up_times", "down_times", "onsets", "intervals"):
        expected = np.concatenate([getattr(states, name) for states in alone])
        np.testing.assert_array_equal(getattr(together, name), expected)
    assert together.onset_trials.tolist() == [
        k for k, states in enumerate(alone) for _ in states.onsets
    ]
    assert together.up_to_down.events == sum(states.up_to_down.events for states in alone)
    lengths = [states.up_to_down.exposure for states in alone]
    assert together.up_to_down.exposure == pytest.approx(sum(lengths))


def test_a_series_that_starts_between_the_thresholds():
    rate = np.repeat([10.0, 50.0, 0.0, 50.0, 0.0], [5, 4, 3, 2, 6])
    states = up_down_states(rate, dt=1.0, low=LOW, high=HIGH, smooth=0.0)
    assert states.segmentation.state[:5].tolist() == [UNDEFINED] * 5
    # It may have been Up all along: no onset, no complete dwell time, and no time in either state.
    assert states.onsets.tolist() == [13.0]
    assert states.up_times.tolist() == [2.0]
    assert states.censored[0].tolist() == (0, UP, 6.0, 4.0, True, False)
    assert states.up_fraction.value == pytest.approx(6 / 15)
    assert states.up_to_down == EventRate(events=2, exposure=6.0)
    assert "undefined before the first threshold: 5 ms" in repr(states)


def test_a_potential_below_zero():
    potential = np.repeat([-70.0, -50.0, -70.0, -50.0], [10, 20, 30, 40])
    states = up_down_states(potential, dt=0.5, low=-65.0, high=-55.0, smooth=0.0)
    assert states.up_times.tolist() == [10.0]
    assert states.down_times.tolist() == [15.0]


# Nothing to see


@pytest.mark.parametrize(
    ("level", "fraction", "words"),
    [
        (1.0, 0.0, "never Up: the smoothed series (at most 1) does not exceed high = 25"),
        (40.0, 1.0, "never Down: the smoothed series (at least 40) does not fall below low = 6"),
        (10.0, math.nan, "neither Up nor Down: the smoothed series (10 to 10) stays between"),
    ],
)
@pytest.mark.parametrize("shape", [(300,), (4, 300)])
def test_one_state_only(level, fraction, words, shape):
    states = up_down_states(np.full(shape, level), dt=1.0, low=LOW, high=HIGH)
    assert states.reason.startswith(words)
    assert words in repr(states)
    assert words in states._repr_html_()
    assert states.up_fraction.value == pytest.approx(fraction, nan_ok=True)
    assert math.isnan(states.up_fraction.se)
    for estimate in (states.mean_up_time, states.mean_down_time, states.mean_interval):
        assert estimate.n == 0
        assert math.isnan(estimate.value)
        assert math.isnan(estimate.se)
    exposure = states.up_to_down.exposure + states.down_to_up.exposure
    # Smoothing over 10 ms settles in 50 ms, which belong to no state.
    judged = math.prod(shape) * 250 / 300
    assert exposure == (0 if level == 10.0 else judged)
    assert len(states.onsets) == len(states.up_times) == len(states.down_times) == 0


def test_noisy_beginnings_of_trials_are_no_switches():
    # 20 neurons always Up at 40 Hz: 0.4 spikes per bin, so that two trials in three begin with an
    # empty bin, from which the smoothed series would climb through both thresholds.
    rng = np.random.default_rng(11)
    rate = rng.poisson(0.4, size=(500, 2000)) / (20 * 0.5e-3)
    states = up_down_states(rate, dt=0.5, low=2.0, high=15.0)
    assert np.mean(rate[:, 0] < 2.0) > 0.6
    assert states.segmentation.unsettled == 100
    assert len(states.onsets) == 0
    assert states.up_fraction.value == 1.0
    assert states.up_to_down == EventRate(events=0, exposure=500 * 950.0)
    assert "undefined" not in repr(states)


def test_switching_rates_in_an_ensemble_of_short_trials():
    # 10 neurons: one spike per bin Up, so that e^-1 of the trials that begin Up begin with an empty
    # bin. Taken for switches these would add 25 % to those seen; 4 standard errors are 6 %.
    rng = np.random.default_rng(12)
    state = telegraph(rng, trials=8000, bins=1200, mean_up=800, mean_down=4000 / 3)
    count = rng.poisson(np.where(state > LOW, 40.0, 1.0) * 10 * 2.5e-3)
    states = up_down_states(count / (10 * 2.5e-3), dt=2.5, low=LOW, high=HIGH, smooth=20.0)
    for found, expected in ((states.up_to_down, 0.5), (states.down_to_up, 0.3)):
        assert abs(found.value - expected) < 4 * expected / math.sqrt(found.events)


def test_one_switch_has_no_complete_interval():
    states = up_down_states(np.repeat([0.0, 50.0], 50), dt=1.0, low=LOW, high=HIGH, smooth=0.0)
    assert states.reason == "no complete Up or Down interval: a border cuts off each one"
    assert math.isnan(states.mean_up_time.value)
    assert states.down_to_up == EventRate(events=1, exposure=50.0)


# Known statistics


def test_estimates_of_a_telegraph_process():
    # 20 000 cycles: standard errors .7 %, so that 4 of them would catch dwell times that are wrong
    # by one bin (5 and 3 %).
    rng = np.random.default_rng(4)
    rate = telegraph(rng, trials=2, bins=500_000, mean_up=20, mean_down=30)
    states = up_down_states(rate, dt=0.5, low=LOW, high=HIGH, smooth=0.0)
    for estimate, expected in [
        (states.mean_up_time, 10.0),
        (states.mean_down_time, 15.0),
        (states.mean_interval, 25.0),
        (states.up_fraction, 0.4),
    ]:
        assert estimate.n > 19_000
        assert estimate.se < 0.012 * expected
        assert abs(estimate.value - expected) < 4 * estimate.se
    # The events of n bins of a geometric process are binomial, of variance n p (1 - p).
    for rate_of, p in [(states.up_to_down, 1 / 20), (states.down_to_up, 1 / 30)]:
        se = rate_of.value * math.sqrt((1 - p) / rate_of.events)
        assert abs(rate_of.value - 1000 * p / 0.5) < 4 * se


@pytest.mark.parametrize(
    ("confidence", "cycles", "most"),
    [(0.95, 20, 1.0), (0.5, 200, 0.5 + 0.082 + 0.025)],
)
def test_confidence_intervals_cover_the_switching_rates(confidence, cycles, most):
    # 600 repetitions: the bounds are 4 standard errors from the stated coverage (3.6 % and 8.2 %);
    # the upper one of the second case allows for counts being whole numbers (2.5 % at 200 events).
    # Intervals that are too narrow by a third, or too wide by a half, would be caught.
    rng = np.random.default_rng(5)
    repetitions, covered = 600, np.zeros(2)
    for _ in range(repetitions):
        rate = telegraph(rng, trials=1, bins=cycles * 400, mean_up=150, mean_down=250)
        states = up_down_states(rate, dt=1.0, low=LOW, high=HIGH, smooth=0.0)
        for i, (found, mean) in enumerate([(states.up_to_down, 150), (states.down_to_up, 250)]):
            low, high = found.interval(confidence)
            covered[i] += low <= 1000 / mean <= high
    coverage = covered / repetitions
    least = confidence - 4 * math.sqrt(confidence * (1 - confidence) / repetitions)
    assert np.all((least <= coverage) & (coverage <= most)), coverage


@pytest.mark.parametrize(
    ("trials", "cycles"), [(1, 100), (60, 0.4)], ids=["one long series", "short trials"]
)
def test_error_of_the_up_fraction_is_its_scatter(trials, cycles):
    # 500 repetitions know a standard deviation to 3.2 %: 4 times that, and 6 % for the
    # approximation. Taking bins as independent would be wrong by a factor above 10, taking cycles
    # without the cut-off ends by a factor of 2 in short trials.
    rng = np.random.default_rng(6)
    values, errors = [], []
    for _ in range(500):
        rate = telegraph(rng, trials=trials, bins=int(cycles * 400), mean_up=100, mean_down=300)
        states = up_down_states(rate, dt=1.0, low=LOW, high=HIGH, smooth=0.0)
        values.append(states.up_fraction.value)
        errors.append(states.up_fraction.se)
    ratio = math.sqrt(np.mean(np.square(errors))) / np.std(values, ddof=1)
    assert abs(ratio - 1) < 4 * 0.032 + 0.06
    assert abs(np.mean(values) - 0.25) < 4 * np.std(values) / math.sqrt(500) + 0.002


def test_rates_use_cut_off_intervals_as_time_at_risk():
    # 2000 trials shorter than the mean dwell times: complete ones are far too short on average
    # (the others do not fit), but events / time is right.
    rng = np.random.default_rng(7)
    rate = telegraph(rng, trials=2000, bins=200, mean_up=200, mean_down=300)
    states = up_down_states(rate, dt=1.0, low=LOW, high=HIGH, smooth=0.0)
    assert states.mean_up_time.value < 100
    for found, mean in [(states.up_to_down, 200), (states.down_to_up, 300)]:
        se = found.value / math.sqrt(found.events)
        assert abs(found.value - 1000 / mean) < 4 * se
        assert se < 0.05 * found.value


def test_interval_of_a_rate_against_poisson_probabilities():
    from scipy.stats import poisson

    rate = EventRate(events=7, exposure=3500.0)
    low, high = rate.interval(0.9)
    assert rate.value == pytest.approx(2.0)
    # At the ends the count seen is just as extreme as the stated tails.
    assert poisson.sf(6, low * 3.5) == pytest.approx(0.05)
    assert poisson.cdf(7, high * 3.5) == pytest.approx(0.05)
    none = EventRate(events=0, exposure=2000.0)
    assert none.value == 0
    assert none.interval()[0] == 0
    assert none.interval()[1] == pytest.approx(-math.log(0.025) / 2)
    assert all(math.isnan(end) for end in EventRate(events=0, exposure=0.0).interval())
    with pytest.raises(ValueError, match="confidence must be < 1, got 95"):
        rate.interval(95)


# The result as an object


def test_result_is_pickled_whole():
    rate = telegraph(np.random.default_rng(8), trials=2, bins=900, mean_up=50, mean_down=50)
    states = up_down_states(rate, dt=1.0, low=LOW, high=HIGH)
    again = pickle.loads(pickle.dumps(states))
    assert repr(again) == repr(states)
    np.testing.assert_array_equal(again.segmentation.state, states.segmentation.state)


def test_reprs_fit_and_say_the_same():
    rate = telegraph(np.random.default_rng(9), trials=3, bins=90_000, mean_up=700, mean_down=900)
    states = up_down_states(rate, dt=10.0, low=LOW, high=HIGH)
    text, html = repr(states), states._repr_html_()
    assert max(map(len, text.splitlines())) <= 80
    assert "3 trials of 900 s, bins of 10 ms" in text
    low, high = states.up_to_down.interval()
    for shown in (
        str(states.up_fraction),
        str(states.mean_up_time),
        str(states.mean_interval),
        f"{low:.3g} to {high:.3g} Hz",
    ):
        assert shown in text
        assert shown in html
    assert states.mean_up_time.value > 1000
    assert str(states.mean_up_time).endswith(" s")
    assert html.count("<tr>") == html.count("</tr>")


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(4083.1, 241.7, 284, "ms"), "4.08 ± 0.24 s"),
        (Estimate(59.96, 1.04, 20, "ms"), "60.0 ± 1.0 ms"),
        (Estimate(0.57912, 0.0213, 9), "0.579 ± 0.021"),
        (Estimate(1234.5, 88.0, 9, "Hz"), "1234 ± 88 Hz"),
        (Estimate(12.3456, math.nan, 1, "Hz"), "12.3 Hz"),
        (Estimate(12.3456, 0.0, 4, "ms"), "12.3 ± 0 ms"),
        (Estimate(9.64e-7, 2.1e-9, 9), "9.6e-07 ± 2.1e-09"),
        (Estimate(math.nan, math.nan, 0, "ms"), "–"),
    ],
)
def test_estimates_are_written_to_two_digits_of_their_error(estimate, text):
    assert str(estimate) == text


def test_importing_the_analysis_does_not_import_scipy_signal():
    code = "import sys, mesopop.analysis; sys.exit('scipy.signal' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Bad input

GOOD = {"dt": 1.0, "low": LOW, "high": HIGH, "smooth": 10.0}


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"rate": [1.0, math.nan] * 20}, ValueError, "rate must be finite, got nan in bin 1"),
        (
            {"rate": np.where(np.arange(60).reshape(2, 30) == 41, np.inf, 1.0)},
            ValueError,
            "rate must be finite, got inf in trial 1, bin 11",
        ),
        ({"rate": np.ma.masked_less(np.arange(60.0), 5)}, ValueError, "got nan in bin 0"),
        ({"rate": [40.0]}, ValueError, r"at least 1 trial and 2 bins, got shape \(1,\)"),
        ({"rate": np.empty((0, 50))}, ValueError, r"at least 1 trial .* shape \(0, 50\)"),
        ({"rate": 40.0}, ValueError, r"1 \(bins\) or 2 \(trials, bins\) dimensions"),
        ({"rate": np.ones((2, 2, 30))}, ValueError, r"got shape \(2, 2, 30\)"),
        ({"rate": {"E": [1.0]}}, TypeError, "rate must be an array of real numbers"),
        ({"rate": np.ones(60) * 1j}, TypeError, "real numbers, got dtype complex128"),
        (
            {"rate": [[1.0, 2.0], [3.0]]},
            ValueError,
            "rate must be one series of numbers, or trials",
        ),
        (
            {"rate": np.ones(10)},
            ValueError,
            r"rate must last longer than 5 smooth \(50 ms\), got 10.0 ms \(10 bins of 1.0 ms\)",
        ),
        ({"dt": 0}, ValueError, r"dt must be > 0 ms, got 0.0 ms"),
        ({"dt": -0.5}, ValueError, r"dt must be > 0 ms, got -0.5 ms"),
        ({"dt": math.nan}, ValueError, "dt must be finite, got nan"),
        ({"dt": "1"}, TypeError, "dt must be a number"),
        ({"smooth": -1}, ValueError, "smooth must be >= 0 ms, got -1.0 ms"),
        ({"low": 25}, ValueError, "low must be < high .* got low 25.0, high 25.0"),
        ({"low": 30}, ValueError, "low must be < high .* got low 30.0, high 25.0"),
        ({"high": math.inf}, ValueError, "high must be finite, got inf"),
        ({"low": None}, TypeError, "low must be a number, got None"),
    ],
)
def test_bad_input_is_refused_by_name(change, error, words):
    arguments = {"rate": np.ones(60), **GOOD, **change}
    rate = arguments.pop("rate")
    with pytest.raises(error, match=words):
        up_down_states(rate, **arguments)


def test_a_series_with_units_is_refused():
    class Quantity(np.ndarray):
        def rescale(self, unit):
            return self

    with pytest.raises(TypeError, match="rate must be plain numbers, got a Quantity with units"):
        up_down_states(np.ones(60).view(Quantity), **GOOD)
