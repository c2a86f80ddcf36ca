"""Population spikes of series whose events are known."""

import math
import pickle

import numpy as np
import pytest

from mesopop.analysis import (
    DOWN,
    UNDEFINED,
    UP,
    Estimate,
    event_average,
    population_spikes,
    segment,
)

LOW, HIGH = 5.0, 30.0


def bursts(rng, onsets, bins, *, height=100.0, width=8):
    """A quiet series with rectangular bursts of random height at given bins."""
    rate = np.full(bins, 1.0)
    for onset in onsets:
        rate[onset : onset + width] += height * rng.uniform(0.8, 1.2)
    return rate


def renewal_onsets(rng, n, *, shape, mean, dead):
    """Bins of n onsets whose intervals are a dead time plus a rounded gamma variate."""
    return 50 + np.cumsum(dead + np.round(rng.gamma(shape, (mean - dead) / shape, n))).astype(int)


# Hand-made series


def test_events_of_a_hand_made_series():
    rate = np.zeros(40)
    rate[5:9] = [40.0, 90.0, 60.0, 35.0]
    rate[20:23] = [10.0, 50.0, 20.0]
    rate[30:32] = [200.0, 31.0]
    events = population_spikes(rate, dt=0.5, low=LOW, high=HIGH, smooth=0.0)
    assert len(events) == 3
    assert events.onsets.tolist() == [3.0, 11.0, 15.5]  # the ends of bins 5, 21 and 30
    assert events.durations.tolist() == [2.0, 1.0, 1.0]
    assert events.peak_times.tolist() == [3.5, 11.0, 15.5]
    assert events.amplitudes.tolist() == [90.0, 50.0, 200.0]
    assert events.raw_amplitudes.tolist() == [90.0, 50.0, 200.0]
    assert events.intervals.tolist() == [8.0, 4.5]
    assert events.mean_interval == Estimate(6.25, pytest.approx(1.75), 2, "ms")
    assert events.mean_amplitude.value == pytest.approx(340 / 3)
    assert events.trials.tolist() == [0, 0, 0]
    assert len(events.censored) == 0
    assert events.reason is None
    assert events.released is events.u_before is events.x_after is None


def test_released_amount_and_synapses_around_each_event():
    rate = np.zeros(12)
    rate[3:6] = 50.0
    rate[8:10] = 40.0
    release = np.arange(12.0)
    u, x = 0.01 * np.arange(12), 1 - 0.01 * np.arange(12)
    events = population_spikes(
        rate, dt=2.0, low=LOW, high=HIGH, smooth=0.0, release=release, u=u, x=x
    )
    # Integrals of y in Hz over 2 ms bins: (3 + 4 + 5) and (8 + 9) times 2/1000.
    np.testing.assert_allclose(events.released, [0.024, 0.034])
    np.testing.assert_allclose(events.u_before, [0.02, 0.07])
    np.testing.assert_allclose(events.u_after, [0.05, 0.09])
    np.testing.assert_allclose(events.x_before, [0.98, 0.93])
    np.testing.assert_allclose(events.x_after, [0.95, 0.91])
    assert "released per neuron and event   0.0290 ± 0.0050" in repr(events)


def test_a_dip_that_stays_above_low_does_not_end_an_event():
    rate = np.array([0, 40, 10, 80, 5, 60, 0, 40, 4, 35, 0], dtype=float)
    events = population_spikes(rate, dt=1.0, low=LOW, high=HIGH, smooth=0.0)
    assert events.onsets.tolist() == [2.0, 8.0, 10.0]
    assert events.durations.tolist() == [5.0, 1.0, 1.0]
    assert events.peak_times.tolist() == [4.0, 8.0, 10.0]


def test_the_first_of_equal_maxima_is_the_peak():
    rate = np.array([0, 40, 70, 70, 40, 70, 0, 0], dtype=float)
    events = population_spikes(rate, dt=1.0, low=LOW, high=HIGH, smooth=0.0)
    assert events.peak_times.tolist() == [3.0]


def test_amplitudes_of_the_smoothed_and_of_the_raw_series():
    rate = np.zeros(400)
    rate[100:130] = 100.0
    rate[110] = 130.0
    events = population_spikes(rate, dt=0.5, low=LOW, high=HIGH, smooth=10.0)
    step, kick = 1 - math.exp(-15 / 10), 30 * (1 - math.exp(-0.5 / 10)) * math.exp(-9.5 / 10)
    np.testing.assert_allclose(events.amplitudes, [100 * step + kick], rtol=1e-12)
    assert events.raw_amplitudes.tolist() == [130.0]
    assert events.peak_times.tolist() == [65.0]


def test_width_of_a_triangle_is_half_its_base():
    triangle = np.interp(np.arange(200), [60, 80, 120], [0.0, 90.0, 0.0])
    events = population_spikes(triangle, dt=0.5, low=LOW, high=HIGH, smooth=0.0)
    np.testing.assert_allclose(events.widths, [15.0])  # half of 60 bins of 0.5 ms
    assert events.mean_width.value == pytest.approx(15.0)
    # The same for a potential: half height counts from the foot, not from zero.
    lifted = population_spikes(triangle - 70, dt=0.5, low=-65.0, high=-40.0, smooth=0.0)
    np.testing.assert_allclose(lifted.widths, [15.0])
    assert lifted.amplitudes.tolist() == [20.0]


def test_events_that_a_border_cuts_off_stand_apart():
    rate = np.repeat([50.0, 0.0, 60.0, 0.0, 70.0], [4, 6, 3, 7, 5])
    events = population_spikes(rate, dt=1.0, low=LOW, high=HIGH, smooth=0.0)
    assert events.amplitudes.tolist() == [60.0]
    assert events.censored.tolist() == [
        (0, UP, 1.0, 4.0, True, False),
        (0, UP, 21.0, 5.0, False, True),
    ]
    # The onset of the last event was seen, so the interval up to it is complete; the onset of the
    # first one was not.
    assert events.onsets.tolist() == [11.0]
    assert events.intervals.tolist() == [10.0]
    assert "cut off by a border: 2 events" in repr(events)


def test_trials_are_pooled_and_never_joined():
    quiet_end = np.repeat([0.0, 50.0, 0.0], [5, 4, 11])
    active_end = np.repeat([0.0, 90.0], [16, 4])
    active_start = active_end[::-1]
    trials = np.array([quiet_end, active_end, active_start, quiet_end])
    events = population_spikes(trials, dt=1.0, low=LOW, high=HIGH, smooth=0.0)
    assert events.trials.tolist() == [0, 3]
    assert events.onsets.tolist() == [6.0, 6.0]
    assert len(events.intervals) == 0
    assert events.censored["trial"].tolist() == [1, 2]


def test_trials_together_give_what_they_give_one_by_one():
    rng = np.random.default_rng(1)
    trials = []
    for _ in range(5):
        onsets = renewal_onsets(rng, 12, shape=2, mean=120, dead=40)
        trials.append(bursts(rng, onsets, 2500) + rng.gamma(1.0, 2.0, 2500))
    trials[2] = np.ones(2500)  # a trial without events among the others
    trials = np.array(trials)
    settings = {"dt": 0.5, "low": LOW, "high": HIGH, "smooth": 3.0}
    together = population_spikes(trials, release=trials / 3, u=trials, x=-trials, **settings)
    alone = [population_spikes(row, release=row / 3, u=row, x=-row, **settings) for row in trials]
    assert len(together) == sum(map(len, alone)) >= 40
    assert together.trials.tolist() == [k for k, events in enumerate(alone) for _ in events.onsets]
    for name in (
        "onsets durations peak_times amplitudes raw_amplitudes widths released "
        "u_before u_after x_before x_after intervals"
    ).split():
        expected = np.concatenate([getattr(events, name) for events in alone])
        np.testing.assert_array_equal(getattr(together, name), expected, err_msg=name)


def test_events_are_the_up_states_of_the_common_segmentation():
    rng = np.random.default_rng(2)
    rate = bursts(rng, renewal_onsets(rng, 30, shape=2, mean=150, dead=40), 6000)
    events = population_spikes(rate, dt=0.5, low=LOW, high=HIGH)
    expected = segment(rate, dt=0.5, low=LOW, high=HIGH)
    np.testing.assert_array_equal(events.segmentation.state, expected.state)
    assert events.durations.sum() == 0.5 * np.count_nonzero(expected.state == UP)
    assert np.all(expected.state[:100] == UNDEFINED)
    assert expected.state[100] == DOWN


# Known statistics


def test_interval_statistics_of_a_renewal_process():
    # 4000 intervals of mean 200 and CV 0.75 / sqrt(2): standard errors .8 % and 1.3 %. Four of them
    # would catch a lost event in 25 (mean) and one interval in 30 that is doubled (CV).
    rng = np.random.default_rng(3)
    onsets = renewal_onsets(rng, 4001, shape=2, mean=200, dead=50)
    rate = bursts(rng, onsets, onsets[-1] + 100)
    events = population_spikes(rate, dt=2.0, low=LOW, high=HIGH, smooth=0.0)
    assert len(events) == 4001
    np.testing.assert_array_equal(events.onsets, 2.0 * (onsets + 1))
    interval, cv = events.mean_interval, events.cv_interval
    assert interval.n == cv.n == 4000
    assert interval.se == pytest.approx(400 * 0.75 / math.sqrt(2) / math.sqrt(4000), rel=0.1)
    assert abs(interval.value - 400) < 4 * interval.se
    assert cv.se < 0.02 * cv.value
    assert abs(cv.value - 0.75 / math.sqrt(2)) < 4 * cv.se


def test_standard_errors_are_the_scatter_of_the_estimates():
    # 500 repetitions of 79 intervals know a standard deviation to 3.2 %: 4 times that, and 6 % for
    # the jackknife at this n. Taking the scatter for sqrt(2 n) (Gaussian intervals) would be off by
    # more than that in the CV.
    rng = np.random.default_rng(4)
    found = []
    for _ in range(500):
        onsets = renewal_onsets(rng, 80, shape=1, mean=300, dead=20)
        rate = bursts(rng, onsets, onsets[-1] + 100)
        events = population_spikes(rate, dt=1.0, low=LOW, high=HIGH, smooth=0.0)
        interval, cv = events.mean_interval, events.cv_interval
        found.append((interval.value, interval.se, cv.value, cv.se))
    mean, mean_se, cv, cv_se = np.array(found).T
    for values, errors in ((mean, mean_se), (cv, cv_se)):
        ratio = math.sqrt(np.mean(errors**2)) / np.std(values, ddof=1)
        assert abs(ratio - 1) < 4 * 0.032 + 0.06


def test_few_intervals_leave_the_errors_open():
    rate = np.zeros(100)
    for n, onset in enumerate((10, 30, 60, 70)):
        rate[onset : onset + 2] = 50.0
        events = population_spikes(rate, dt=1.0, low=LOW, high=HIGH, smooth=0.0)
        interval, cv = events.mean_interval, events.cv_interval
        assert interval.n == cv.n == n
        assert math.isnan(interval.value) == (n < 1)
        assert math.isnan(interval.se) == math.isnan(cv.value) == (n < 2)
        assert math.isnan(cv.se) == (n < 3)
    assert cv.value == pytest.approx(np.std([20, 30, 10], ddof=1) / 20)
    left_out = [np.std(pair, ddof=1) / np.mean(pair) for pair in ([30, 10], [20, 10], [20, 30])]
    assert cv.se == pytest.approx(math.sqrt(2 / 3 * np.sum((left_out - np.mean(left_out)) ** 2)))


# What an event has to do with those before it


def test_intervals_know_the_events_before_them():
    # Trial 0: an event cut off, two complete ones, one cut off. Trial 1: one only. Trial 2: two.
    rate = np.zeros((3, 60))
    rate[0, :4] = rate[0, 10:14] = rate[0, 30:33] = rate[0, 55:] = 50.0
    rate[1, 20:24] = 70.0
    rate[2, 5:7], rate[2, 25:27] = 80.0, 90.0
    events = population_spikes(rate, dt=1.0, low=LOW, high=HIGH, smooth=0.0)
    assert events.trials.tolist() == [0, 0, 1, 2, 2]
    assert events.intervals.tolist() == [20.0, 25.0, 20.0]
    assert events.before_interval.tolist() == [0, 1, 3]
    assert events.serial_correlation.n == 1  # 20 and 25 of trial 0
    assert events.amplitude_and_next_interval.n == 3
    assert events.amplitude_and_last_interval.n == 2  # the event after 25 is cut off
    durations = events.interval_durations
    assert durations.complete.tolist() == [20.0, 25.0, 20.0]
    assert durations.cut_off.tolist() == [5.0, 40.0, 35.0]


def depressed_bursts(rng, n, *, after, before):
    """Bursts whose amplitude depends on the interval before, and the next interval on them."""
    gap, onset, rate = 100.0, 100, np.ones(500 * n + 1000)
    for _ in range(n):
        height = 60 + 20 * rng.normal() + before * (gap - 250)
        height = max(height, 40)
        rate[onset : onset + 8] += height
        gap = max(250 + 60 * rng.normal() + after * (height - 60), 30)
        onset += int(gap)
    return rate


@pytest.mark.parametrize(
    ("after", "before", "signs"),
    [(2.0, 0.0, (1, 0)), (0.0, 0.2, (0, 1)), (0.0, 0.0, (0, 0))],
)
def test_dependence_on_amplitudes_is_found_where_it_is(after, before, signs):
    # 400 events: independent quantities have p < 1e-4 once in 10 000, the others correlations of
    # about 0.5, ten standard errors.
    rng = np.random.default_rng(6)
    rate = depressed_bursts(rng, 400, after=after, before=before)
    events = population_spikes(rate, dt=1.0, low=LOW, high=HIGH, smooth=0.0)
    assert len(events) == 400
    for found, sign in zip(
        (events.amplitude_and_next_interval, events.amplitude_and_last_interval),
        signs,
        strict=True,
    ):
        assert (found.p < 1e-8 and found.value > 0.3) if sign else found.p > 1e-4


def test_serial_correlation_of_known_intervals():
    rng = np.random.default_rng(7)
    noise = rng.normal(size=3001)
    gaps = np.rint(300 + 60 * (noise[1:] + noise[:-1]) / math.sqrt(2)).astype(int)
    onsets = 50 + np.cumsum(np.maximum(gaps, 20))
    rate = bursts(rng, onsets, onsets[-1] + 100)
    events = population_spikes(rate, dt=1.0, low=LOW, high=HIGH, smooth=0.0)
    # Moving average of two: 1/2, known to about 1 / sqrt(3000).
    assert events.serial_correlation.value == pytest.approx(0.5, abs=4 / math.sqrt(3000))
    assert "correlation of intervals" in repr(events)


def test_average_around_events_and_its_error():
    rng = np.random.default_rng(8)
    onsets = np.arange(200, 60_000, 300)
    noise = rng.normal(0, 5, (2, 60_200))
    shape = np.interp(np.arange(-20, 40), [-20, 0, 40], [0, 1, 0])
    rate = np.zeros_like(noise)
    for onset in onsets:
        rate[:, onset - 20 : onset + 40] = 100 * shape
    events = population_spikes(rate, dt=0.5, low=LOW, high=HIGH, smooth=0.0)
    average = event_average(noise + rate, events, before=30.0, after=30.0)
    assert (average.n, average.left_out) == (2 * len(onsets), 0)
    np.testing.assert_allclose(average.times, np.arange(-60, 61) * 0.5)
    assert np.mean(average.se) == pytest.approx(5 / math.sqrt(average.n), rel=0.05)
    truth = np.zeros(121)
    truth[40:100] = 100 * shape
    scores = (average.mean - truth) / average.se
    assert np.abs(scores).max() < 5
    assert np.std(scores) == pytest.approx(1, abs=4 / math.sqrt(2 * 121))
    onset = event_average(rate, events, before=5.0, after=5.0, align="onset")
    assert onset.mean[10] > HIGH >= onset.mean[9]


def test_events_near_a_border_are_left_out_of_averages():
    rate = np.zeros(100)
    rate[[5, 50]] = 90.0
    events = population_spikes(rate, dt=1.0, low=LOW, high=HIGH, smooth=0.0)
    average = event_average(rate, events, before=10.0, after=10.0)
    assert (average.n, average.left_out) == (1, 1)
    assert np.isnan(average.se).all()
    none = event_average(rate, population_spikes(rate, dt=1.0, low=99.0, high=100.0))
    assert none.n == 0 and np.isnan(none.mean).all()
    assert "no event to average" in repr(none)
    with pytest.raises(ValueError, match="series must have the shape of the events"):
        event_average(rate[1:], events)
    with pytest.raises(ValueError, match="align must be .* got 'end'"):
        event_average(rate, events, align="end")


# Nothing to see


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (np.ones(200), "never Up: the smoothed series (at most 1) does not exceed high = 30"),
        (np.full((3, 200), 80.0), "never Down: the smoothed series (at least 80) does not fall"),
        (np.full(200, 10.0), "neither Up nor Down: the smoothed series (10 to 10) stays between"),
        (np.repeat([0.0, 80.0], 100), "no complete event: a border cuts off each one"),
    ],
)
def test_no_event(rate, words):
    events = population_spikes(rate, dt=1.0, low=LOW, high=HIGH, release=rate, u=rate, x=rate)
    assert len(events) == 0
    assert events.reason.startswith(words)
    assert words in repr(events)
    assert words in events._repr_html_()
    for name in "onsets amplitudes widths peak_times released u_before x_after intervals".split():
        assert getattr(events, name).shape == (0,), name
    for estimate in (
        events.mean_interval,
        events.cv_interval,
        events.mean_amplitude,
        events.mean_width,
    ):
        assert estimate.n == 0
        assert math.isnan(estimate.value)
        assert math.isnan(estimate.se)


# The result as an object


def test_reprs_fit_and_the_result_is_pickled_whole():
    rng = np.random.default_rng(5)
    onsets = renewal_onsets(rng, 300, shape=2, mean=1500, dead=50)
    rate = bursts(rng, onsets, onsets[-1] + 100)
    events = population_spikes(rate, dt=2.0, low=LOW, high=HIGH, release=rate, u=rate, x=rate)
    text, html = repr(events), events._repr_html_()
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith("Population spikes: 300 events in 1 trial of ")
    for shown in (str(events.mean_interval), str(events.cv_interval), str(events.mean_width)):
        assert shown in text
        assert shown in html
    assert str(events.mean_interval).endswith(" s")
    assert repr(pickle.loads(pickle.dumps(events))) == text


# Bad input


@pytest.mark.parametrize("name", ["release", "u", "x"])
@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        (np.ones(59), ValueError, r"must have the shape of rate, \(60,\), got \(59,\)"),
        (np.ones((1, 60)), ValueError, r"must have the shape of rate, \(60,\), got \(1, 60\)"),
        (np.r_[np.ones(59), math.nan], ValueError, "must be finite, got nan in bin 59"),
        ("none", TypeError, "must be an array of real numbers"),
    ],
)
def test_series_beside_the_rate_are_checked(name, values, error, words):
    with pytest.raises(error, match=f"{name} {words}"):
        population_spikes(np.ones(60), dt=1.0, low=LOW, high=HIGH, **{name: values})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rate": np.full(60, math.nan)}, "rate must be finite, got nan in bin 0"),
        ({"rate": np.ones(5)}, "rate must last longer than 5 smooth"),
        ({"dt": 0.0}, "dt must be > 0 ms, got 0.0 ms"),
        ({"smooth": math.inf}, "smooth must be finite, got inf ms"),
        ({"low": 31.0}, "low must be < high"),
    ],
)
def test_bad_input_is_refused_by_name(change, words):
    arguments = {"rate": np.ones(60), "dt": 1.0, "low": LOW, "high": HIGH, **change}
    rate = arguments.pop("rate")
    with pytest.raises(ValueError, match=words):
        population_spikes(rate, **arguments)
