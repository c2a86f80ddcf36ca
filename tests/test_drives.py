"""External signals in a simulation: the potential that they drive, and Poisson rates.

The potential of an LNP population is a plain function of its drive, the same at every level.
"""

import math

import numpy as np
import pytest
from networks import isolated
from scipy import stats
from significance import ALPHA, chi_squared_p

import mesopop as mp

DT, TAU_M = 0.5, 10.0
SILENT = mp.LNP(TAU_M, transfer=mp.Softplus(1.0, gain=1e-12))
ROUNDING = {"rtol": 1e-12, "atol": 1e-12}


def potential(drive, engine, *, duration=200.0, initial="stationary", **changes):
    return mp.simulate(
        isolated(2, drive, neuron=SILENT),
        duration,
        dt=DT,
        initial=initial,
        **{"seed": 1, **engine, **changes},
    ).potential["E"]


def driven(values, start):
    """Potential at the ends of steps in which the drive has these values."""
    decay = math.exp(-DT / TAU_M)
    h, found = start, []
    for value in values:
        h = decay * h + (1 - decay) * value
        found.append(h)
    return np.array(found)


T_K = DT * np.arange(400)
SIGNALS = {
    "constant": (7.0, np.full(400, 7.0)),
    "steps": (
        mp.Steps([0, 20, 20.5, 150], [1.0, 5.0, -3.0, 2.0]),
        np.select([T_K < 20, T_K < 20.5, T_K < 150], [1.0, 5.0, -3.0], 2.0),
    ),
    "sampled": (
        mp.Sampled(np.arange(80.0) ** 1.5, interval=2.5),
        np.floor(T_K / 2.5) ** 1.5,
    ),
    "sampled at every step": (
        mp.Sampled(np.sin(np.arange(400)), interval=0.5),
        np.sin(np.arange(400)),
    ),
    "sinusoid": (
        mp.Sinusoid(mean=2.0, amplitude=3.0, frequency=40.0, phase=0.1),
        # At the middle of the step.
        2.0 + 3.0 * np.sin(2 * np.pi * (0.04 * (T_K + DT / 2) + 0.1)),
    ),
}
SIGNALS["sum"] = (
    (SIGNALS["steps"][0], 1.5, SIGNALS["sinusoid"][0], SIGNALS["sampled"][0]),
    SIGNALS["steps"][1] + 1.5 + SIGNALS["sinusoid"][1] + SIGNALS["sampled"][1],
)


@pytest.mark.parametrize("name", SIGNALS)
def test_potential_under_a_drive(name, law):
    drive, values = SIGNALS[name]
    # A stationary start is at the drive of the first step.
    expected = driven(values, start=values[0])
    np.testing.assert_allclose(potential(drive, law), expected, **ROUNDING)
    from_rest = driven(values, start=0.0)
    np.testing.assert_allclose(potential(drive, law, initial="rest"), from_rest, **ROUNDING)


def test_ornstein_uhlenbeck_process(law):
    """Its increments, recovered from the potential, are standard normal and independent."""
    mean, std, tau = 4.0, 2.5, 8.0
    process = mp.OrnsteinUhlenbeck(mean=mean, std=std, tau=tau)
    h = potential(process, law, duration=100_000.0, initial="rest")
    decay = math.exp(-DT / TAU_M)
    z = (np.diff(h, prepend=0.0) + (1 - decay) * np.append(0.0, h[:-1])) / (1 - decay)
    e = math.exp(-DT / tau)
    xi = (z[1:] - mean - (z[:-1] - mean) * e) / (std * math.sqrt(1 - e * e))
    assert stats.kstest(xi, "norm").pvalue > ALPHA
    for lag in (1, 2, 16):
        correlation = np.mean(xi[lag:] * xi[:-lag]) * math.sqrt(xi.size)
        assert 2 * stats.norm.sf(abs(correlation)) > ALPHA
    # Recovering it amplifies roundings by tau_m/dt.
    assert np.std(xi) == pytest.approx(1, abs=0.01)


def test_ornstein_uhlenbeck_processes_start_stationary(law):
    process = mp.OrnsteinUhlenbeck(mean=4.0, std=2.5, tau=1000.0)
    first = potential(process, law, duration=DT, initial="rest", trials=4000)[:, 0]
    start = first / (1 - math.exp(-DT / TAU_M))
    assert stats.kstest(start, stats.norm(4.0, 2.5).cdf).pvalue > ALPHA


def test_components_and_populations_have_their_own_noise(law):
    process = mp.OrnsteinUhlenbeck(std=1.0, tau=10.0)
    network = mp.Network(
        populations=[
            mp.Population("one", size=1, neuron=SILENT, drive=process),
            mp.Population("two", size=1, neuron=SILENT, drive=process),
            mp.Population("both", size=1, neuron=SILENT, drive=(process, process)),
        ]
    )
    result = mp.simulate(network, 100_000.0, dt=DT, seed=1, record_dt=50.0, **law)
    traces = np.array([result.potential[name] for name in ("one", "two", "both")])
    # 50 ms are five correlation times: the samples count as independent.
    correlation = np.corrcoef(traces)[np.triu_indices(3, 1)] * math.sqrt(traces.shape[1])
    assert (2 * stats.norm.sf(abs(correlation)) > ALPHA).all()
    # Two independent components have the sum of their variances.
    ratio = traces[2].var() / traces[0].var()
    assert ratio == pytest.approx(2, abs=2 * 5 * math.sqrt(4 / traces.shape[1]))


# --- Poisson neurons -----------------------------------------------------------------------------


def spike_counts(rate, engine, *, size=100, trials=500, duration=100.0):
    result = mp.simulate(
        isolated(size, 0.0, neuron=mp.Poisson(rate)),
        duration,
        dt=DT,
        seed=1,
        trials=trials,
        record=("rate",),
        **engine,
    )
    return np.rint(result.rate["E"] * size * DT / 1000).astype(int)


@pytest.mark.parametrize("rate", [1.0, 30.0, 1000.0])
def test_spike_counts_of_poisson_neurons_are_binomial(law, rate):
    size = 50
    counts = spike_counts(rate, law, size=size, trials=200)
    spiking = stats.binom(size, -math.expm1(-rate * DT / 1000))
    expected = counts.size * spiking.pmf(np.arange(size + 1))
    assert chi_squared_p(np.bincount(counts.ravel(), minlength=size + 1), expected) > ALPHA
    # Steps are independent.
    centred = counts - spiking.mean()
    correlation = np.mean(centred[:, 1:] * centred[:, :-1]) / spiking.var()
    assert 2 * stats.norm.sf(abs(correlation) * math.sqrt(centred[:, 1:].size)) > ALPHA


@pytest.mark.parametrize("name", ["steps", "sinusoid"])
def test_rates_that_change(law, name):
    rate, values = {
        "steps": (mp.Steps([0, 40.0], [20.0, 60.0]), np.where(T_K[:200] < 40, 20.0, 60.0)),
        "sinusoid": (
            mp.Sinusoid(mean=50, amplitude=50, frequency=30),
            50 + 50 * np.sin(2 * np.pi * 0.03 * (T_K[:200] + DT / 2)),
        ),
    }[name]
    counts = spike_counts(rate, law)
    trials, size = counts.shape[0], 100
    probability = -np.expm1(-values * DT / 1000)
    expected = trials * size * probability
    # Sums of so many independent counts are normal.
    z = (counts.sum(axis=0) - expected) / np.sqrt(expected * (1 - probability))
    assert stats.chi2.sf(np.sum(z**2), z.size) > ALPHA
