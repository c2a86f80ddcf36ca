"""Spectra, correlations, Fano factors and distances of processes whose theory is known."""

import math

import numpy as np
import pytest
from scipy import signal

import mesopop as mp
from mesopop.analysis import (
    Estimate,
    autocorrelation,
    cross_spectrum,
    distance,
    distance_of_series,
    exponential_smoothing,
    fano_factor,
    power_spectrum,
    size_scaling,
    variance,
)

DECAY = math.exp(-1 / 20)  # per bin of 1 ms: correlation time 20 ms, but for the bins


def autoregressive(rng, shape, warm=500):
    """An Ornstein-Uhlenbeck process on a grid of 1 ms, of variance 1 / (1 - DECAY^2)."""
    noise = rng.normal(size=(*shape[:-1], shape[-1] + warm))
    return signal.lfilter([1], [1, -DECAY], noise, axis=-1)[..., warm:]


def its_spectrum(frequency):
    return 2 / 1000 / np.abs(1 - DECAY * np.exp(-2j * np.pi * frequency / 1000)) ** 2


# Power


def test_spectrum_is_that_of_welch():
    rate = np.random.default_rng(1).normal(3, 1, (3, 5000))
    spectrum = power_spectrum(rate, dt=1.0, segment=500.0)
    frequency, power = signal.welch(rate - rate.mean(), 1000, nperseg=500, detrend=False)
    np.testing.assert_allclose(spectrum.frequency, frequency[1:-1])
    np.testing.assert_allclose(spectrum.power, power.mean(axis=0)[1:-1], rtol=1e-12)
    np.testing.assert_allclose(spectrum.pieces.shape, (12, 249))


def test_integral_over_frequency_is_the_variance():
    rate = np.random.default_rng(2).normal(0, 4, 100_000)
    spectrum = power_spectrum(rate, dt=0.5, segment=1000.0)
    assert spectrum.power.sum() * spectrum.frequency[0] == pytest.approx(16, rel=0.02)


def test_confidence_bands_cover_the_theory():
    # 100 repetitions at 498 frequencies, of which every third or so is independent: standard error
    # of the coverage 0.25 %. Ignoring the overlap (dof 16/15 too large) would give 89.2 %, dof of
    # segments without overlap 98 %.
    rng = np.random.default_rng(3)
    covered, scores = [], []
    for _ in range(100):
        spectrum = power_spectrum(autoregressive(rng, (2, 8000)), dt=1.0, segment=1000.0)
        low, high = spectrum.interval(0.9)
        truth = its_spectrum(spectrum.frequency)
        covered.append(np.mean((low <= truth) & (truth <= high)))
        inside = (spectrum.frequency >= 4) & (spectrum.frequency < 15)
        band = spectrum.band(4, 15)
        scores.append((band.value - truth[inside].mean()) / band.se)
    assert np.mean(covered) == pytest.approx(0.9, abs=0.01)
    # Student's t of 9 degrees of freedom: standard deviation 1.13, known to 8 %.
    assert abs(np.mean(scores)) < 4 * 1.13 / 10
    assert np.std(scores) == pytest.approx(1.13, abs=4 * 0.09)


def test_coarse_spectrum_covers_the_theory_with_narrower_bands():
    rng = np.random.default_rng(4)
    covered = []
    for _ in range(60):
        spectrum = power_spectrum(autoregressive(rng, (10, 4000)), dt=1.0, segment=1000.0)
        coarse = spectrum.coarse()
        fine = its_spectrum(spectrum.frequency)
        edges = np.searchsorted(spectrum.frequency, coarse.frequency)
        low, high = coarse.interval(0.9)
        assert coarse.dof[-1] > 5 * coarse.dof[0]
        # The densities are means over each band; at its middle the theory is close to that.
        truth = fine[np.minimum(edges, len(fine) - 1)]
        narrow = coarse.frequency < 200
        covered.append(np.mean(((low <= truth) & (truth <= high))[narrow]))
    # The larger of two estimates of the error is taken: at least as wide as stated.
    assert 0.88 < np.mean(covered) < 0.97


def test_power_that_comes_and_goes_has_the_error_of_its_scatter():
    # Noise that is on half of the time, for 500 ms on average: chi-squared errors of the band are
    # too small by a factor above 3.
    rng = np.random.default_rng(5)
    values, errors = [], []
    for _ in range(100):
        on = np.repeat(np.tile([0.0, 1.0], 60), rng.geometric(1 / 500, 120))
        on = np.resize(on, (1, 40_000))
        spectrum = power_spectrum(on * rng.normal(size=on.shape), dt=1.0, segment=500.0)
        band = spectrum.band(100, 400)
        values.append(band.value)
        errors.append(band.se)
    # 100 repetitions know the scatter to 7 %; errors from 10 batches are known to 24 % each.
    assert math.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(values), rel=4 * 0.075)


def test_spectrum_of_poisson_neurons_is_flat():
    network = mp.Network(populations=[mp.Population("p", size=25, neuron=mp.Poisson(10))])
    result = mp.simulate(network, 100_000, dt=0.5, level="micro", seed=1)
    for low, high in ((1, 10), (10, 100), (100, 900)):
        band = power_spectrum(result.rate["p"], dt=0.5).band(low, high)
        # 2 r / N; a spike probability of 0.5 % per bin takes off as much.
        assert abs(band.value - 2 * 10 / 25 * 0.995) < 4 * band.se


# Correlation


def test_autocorrelation_of_a_known_process():
    rng = np.random.default_rng(6)
    found = autocorrelation(autoregressive(rng, (20, 20_000)), dt=1.0, max_lag=60.0)
    lags = [0, 1, 10, 20, 40]
    assert found.lags[lags].tolist() == lags
    truth = DECAY ** np.array(lags)
    assert np.all(np.abs(found.correlation - DECAY**found.lags)[1:] < 5 * found.correlation_se[1:])
    np.testing.assert_allclose(found.correlation[lags], truth, atol=0.03)
    assert found.covariance[0] == pytest.approx(1 / (1 - DECAY**2), rel=0.05)
    # Integral by the trapezoidal rule.
    assert found.time == pytest.approx(1 / (1 - DECAY) - 0.5, rel=0.06)


def test_autocorrelation_of_a_short_series_by_hand():
    found = autocorrelation([1.0, 2.0, 6.0, 3.0], dt=2.0, max_lag=4.0)
    d = np.array([-2.0, -1.0, 3.0, 0.0])
    np.testing.assert_allclose(found.covariance, [14 / 4, (2 - 3) / 3, -6 / 2])
    np.testing.assert_allclose(found.correlation, found.covariance / np.mean(d**2))
    assert np.isnan(found.covariance_se).all()


def test_correlation_time_of_short_series_is_too_short_as_stated():
    # A fraction of about 5 tau / T: a quarter of 20 tau.
    rng = np.random.default_rng(17)
    noise = rng.normal(size=(300, 1500))
    series = exponential_smoothing(noise, dt=1.0, tau=50.0)[:, 500:]
    times = np.array([autocorrelation(one, dt=1.0).time for one in series])
    assert abs(times.mean() / 50 - 0.75) < 4 * times.std() / math.sqrt(300) / 50


def test_coherence_of_a_known_mixture():
    # Half of the power of both is shared, at a delay of 10 ms, which takes off what the windows do
    # not see of it. 60 repetitions at 249 frequencies: the mean is known to 0.2 %, coverage and
    # level to 0.4 %; twice as many degrees of freedom would be found out by each.
    window = signal.get_window("hann", 500)
    truth = 0.25 * (np.sum(window[10:] * window[:-10]) / np.sum(window**2)) ** 2
    rng = np.random.default_rng(7)
    coherence, covered, exceeded = [], [], []
    for _ in range(60):
        shared, one, two = rng.normal(size=(3, 2, 10_000))
        found = cross_spectrum(shared + one, np.roll(shared, 10, 1) + two, dt=1.0, segment=500.0)
        coherence.append(found.coherence.mean())
        low, high = found.interval(0.9)
        covered.append(np.mean((low <= truth) & (truth <= high)))
        independent = cross_spectrum(one, two, dt=1.0, segment=500.0)
        exceeded.append(np.mean(independent.coherence > independent.significance(0.1)))
    bias = 2 * (1 - truth) ** 2 / found.dof
    assert np.mean(coherence) == pytest.approx(truth + bias, abs=0.004)
    assert np.mean(covered) == pytest.approx(0.9, abs=0.02)
    assert np.mean(exceeded) == pytest.approx(0.1, abs=0.01)
    # The second lags behind: phase -2 pi f 10 ms.
    slow = found.frequency < 30
    expected = -2 * np.pi * found.frequency[slow] * 0.01
    difference = np.angle(np.exp(1j * (found.phase[slow] - expected)))
    assert np.sqrt(np.mean(difference**2)) < 4 * math.sqrt((1 / 0.25 - 1) / found.dof)


def test_coherence_of_a_series_with_itself_is_one():
    rate = np.random.default_rng(8).normal(size=5000)
    np.testing.assert_allclose(cross_spectrum(rate, -2 * rate, dt=1.0).coherence, 1)
    silent = cross_spectrum(rate, np.zeros(5000), dt=1.0)
    assert np.isnan(silent.coherence).all()
    assert "nan where one of both has no power" in repr(silent)


def test_coherence_against_nitime():
    algorithms = pytest.importorskip("nitime.algorithms")
    shared, own = np.random.default_rng(9).normal(size=(2, 20_000))
    found = cross_spectrum(shared, shared + own, dt=1.0, segment=256.0)
    method = {"this_method": "welch", "NFFT": 256, "Fs": 1000.0, "n_overlap": 128}
    frequency, coherence = algorithms.coherence(np.array([shared, shared + own]), method)
    np.testing.assert_allclose(found.frequency, frequency[1:-1])
    # Windows there are symmetric, and means are not subtracted.
    np.testing.assert_allclose(found.coherence, coherence[0, 1, 1:-1], atol=0.02)


# Counts and variance


def test_fano_factor_of_poisson_neurons_is_one():
    rng = np.random.default_rng(10)
    values, errors = [], []
    for _ in range(100):
        spikes = rng.poisson(0.5, 20_000)
        found = fano_factor(spikes / (50 * 0.001), dt=1.0, size=50, windows=[1.0, 50.0])
        values.append(found.value)
        errors.append(found.se)
    scatter = np.std(values, axis=0)
    assert np.all(np.abs(np.mean(values, axis=0) - 1) < 4 * scatter / 10)
    ratio = np.sqrt(np.mean(np.square(errors), axis=0)) / scatter
    assert np.all(np.abs(ratio - 1) < 4 * 0.075)


def test_fano_factor_of_hand_made_counts():
    # Two trials of ten neurons; windows of 2 bins: counts 1, 3, 2 and 0, 2, 4; the last bin is left.
    rate = np.array([[1, 0, 2, 1, 1, 1, 9], [0, 0, 1, 1, 2, 2, 9]]) * np.ones((6, 1, 1))
    rate = rate.reshape(12, 7) * (1000 / (10 * 5.0))
    found = fano_factor(rate, dt=5.0, size=10, windows=[10.0])
    counts = np.tile([1, 3, 2, 0, 2, 4], 6)
    assert found.at(10).value == pytest.approx(counts.var(ddof=1) / counts.mean())
    assert found.count.tolist() == [36]


def test_regular_firing_has_small_fano_factors():
    neuron = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
    network = mp.Network(populations=[mp.Population("p", size=50, neuron=neuron, drive=25.0)])
    result = mp.simulate(network, 50_000, dt=0.5, level="micro", seed=1)
    found = fano_factor(result.rate["p"], dt=0.5, size=50)
    assert found.value[0] == pytest.approx(1, abs=0.1)
    assert found.at(500).value < 0.3
    assert "no spike" in repr(fano_factor(np.zeros(100), dt=1.0, size=5))


def test_variance_and_its_error():
    rng = np.random.default_rng(11)
    found = [variance(autoregressive(rng, (20, 2000))) for _ in range(100)]
    values, errors = [f.value for f in found], [f.se for f in found]
    assert np.mean(values) == pytest.approx(1 / (1 - DECAY**2), rel=4 * 0.04 / 10)
    assert math.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(values), rel=4 * 0.075)


def test_variance_falls_with_the_number_of_neurons():
    sizes, found = [20, 80, 320], []
    for size in sizes:
        network = mp.Network(populations=[mp.Population("p", size=size, neuron=mp.Poisson(20))])
        result = mp.simulate(network, 20_000, dt=1.0, level="meso", seed=1)
        found.append(variance(result.rate["p"]))
    scaling = size_scaling(sizes, found)
    assert abs(scaling.exponent.value + 1) < 4 * scaling.exponent.se < 0.1
    # r (1 - p) / dt of one neuron.
    assert scaling.prefactor == pytest.approx(20 * 0.98 / 0.001, rel=0.15)
    assert scaling.p > 1e-4
    wrong = size_scaling(sizes, [Estimate(v, 0.01 * v, 9) for v in (4.0, 3.0, 0.1)])
    assert wrong.p < 1e-6


# Distances


def test_distance_of_known_samples():
    found = distance([1.0, 2.0, 3.0], [2.0, 3.0, 4.0], unit="ms")
    assert found.ks == pytest.approx(1 / 3)
    assert found.wasserstein == pytest.approx(1.0)
    assert str(found).endswith("Wasserstein 1 ms")
    assert math.isnan(distance([], [1.0]).ks)
    assert str(distance([], [1.0])) == "–"


def test_samples_of_one_distribution_are_told_apart_as_often_as_stated():
    rng = np.random.default_rng(12)
    p = np.array([distance(rng.random(90), rng.random(110)).p for _ in range(600)])
    assert np.mean(p <= 0.1) == pytest.approx(0.1, abs=4 * math.sqrt(0.09 / 600))


def test_series_of_one_process_are_seldom_told_apart_and_others_often():
    # Taking bins as independent, nearly all pairs would differ.
    rng = np.random.default_rng(13)
    same, other = [], []
    for _ in range(40):
        one, two = autoregressive(rng, (2, 4, 5000))
        same.append(distance_of_series(one, two, dt=1.0).p <= 0.1)
        other.append(distance_of_series(one, two + 1.5, dt=1.0).p <= 0.1)
    assert np.mean(same) <= 0.1
    assert np.mean(other) > 0.9


# What every one of them must not depend on, and what it must refuse

STATISTICS = {
    "spectrum": lambda a: power_spectrum(a, dt=1.0, segment=200.0).power,
    "coherence": lambda a: cross_spectrum(a, a**2, dt=1.0, segment=200.0).coherence,
    "autocorrelation": lambda a: autocorrelation(a, dt=1.0, max_lag=50.0).covariance,
    "fano": lambda a: fano_factor(a, dt=1.0, size=10, windows=[20.0]).value,
    "variance": lambda a: np.array([variance(a).value, variance(a).se]),
}


@pytest.mark.parametrize("name", STATISTICS)
def test_order_of_the_trials_does_not_matter(name):
    rng = np.random.default_rng(14)
    rate = 50 + autoregressive(rng, (12, 1000))
    shuffled = rate[rng.permutation(12)]
    np.testing.assert_allclose(STATISTICS[name](shuffled), STATISTICS[name](rate), rtol=1e-9)


@pytest.mark.parametrize(
    "function",
    [
        power_spectrum,
        autocorrelation,
        lambda rate, dt: cross_spectrum(rate, rate, dt=dt),
        lambda rate, dt: fano_factor(rate, dt=dt, size=5),
        lambda rate, dt: distance_of_series(rate, rate, dt=dt),
    ],
)
def test_bad_series_are_refused(function):
    good = np.random.default_rng(15).normal(10, 1, size=400)
    for dt, words in ((0.0, "dt must be > 0 ms"), (-1, "dt must be > 0"), (math.nan, "finite")):
        with pytest.raises(ValueError, match=words):
            function(good, dt=dt)
    with pytest.raises(ValueError, match="must be finite, got nan in bin 7"):
        function(np.where(np.arange(400) == 7, math.nan, good), dt=1.0)
    with pytest.raises(ValueError, match="at least 1 trial and 2 bins"):
        function([1.0], dt=1.0)


def test_negative_rates_are_no_counts():
    with pytest.raises(ValueError, match="rate must be >= 0 Hz on average, got -2.5 Hz"):
        fano_factor([5.0, -10.0] * 20, dt=1.0, size=10)


def test_gaussian_noise_has_fano_factors():
    # Single bins are negative: 0.1 spikes are expected in each.
    neurons = mp.Population("E", size=10, neuron=mp.Poisson(10.0))
    network = mp.Network(populations=[neurons])
    result = mp.simulate(network, 50_000, dt=1.0, level="meso", noise="gaussian", seed=1)
    assert result.rate["E"].min() < 0
    found = fano_factor(result.rate["E"], dt=1.0, size=10, windows=[100.0]).at(100.0)
    assert abs(found.value - 1) < 4 * found.se


def test_samples_with_hidden_values_are_refused():
    hidden = np.ma.masked_array([1.0, 2.0, 99.0], mask=[False, False, True])
    with pytest.raises(ValueError, match="second must be finite, got nan at 2"):
        distance([1.0, 2.0], hidden)


def test_tiny_numbers_are_readable():
    assert str(Estimate(2.67e-17, math.nan, 1)) == "2.67e-17"
    assert str(Estimate(0.0, math.nan, 1)) == "0"


def test_refusals_name_the_bound():
    rate = np.random.default_rng(16).normal(10, 1, size=400)
    with pytest.raises(ValueError, match=r"segment must be <= 400 ms, got 500.0 ms"):
        power_spectrum(rate, dt=1.0, segment=500.0)
    with pytest.raises(ValueError, match="segment must have at least 8 bins of 1.0 ms, got 4"):
        power_spectrum(rate, dt=1.0, segment=4.0)
    with pytest.raises(ValueError, match="the default segment must have at least 8 bins"):
        power_spectrum(rate[:40], dt=1.0)
    with pytest.raises(ValueError, match="the band from 600.0 to 700.0 Hz holds no frequency"):
        power_spectrum(rate, dt=1.0).band(600, 700)
    with pytest.raises(ValueError, match="segment must fit in at least twice"):
        cross_spectrum(rate, rate, dt=1.0, segment=400.0)
    with pytest.raises(ValueError, match=r"second must have the shape of first, \(400,\), got"):
        cross_spectrum(rate, rate[1:], dt=1.0)
    with pytest.raises(ValueError, match="windows must be >= 1.0 ms and fit 10 times"):
        fano_factor(rate, dt=1.0, size=5, windows=[50.0])
    with pytest.raises(ValueError, match="windows must be a multiple of dt = 1.0 ms"):
        fano_factor(rate, dt=1.0, size=5, windows=[2.5])
    with pytest.raises(ValueError, match="rate must vary to be correlated, got 3.0 in every bin"):
        autocorrelation(np.full(100, 3.0), dt=1.0)
    with pytest.raises(ValueError, match="max_lag must be <= 200 ms, got 300.0 ms"):
        autocorrelation(rate, dt=1.0, max_lag=300.0)
    with pytest.raises(ValueError, match="sizes must hold at least two different ones"):
        size_scaling([5, 5], [Estimate(1.0, 0.1, 5)] * 2)
