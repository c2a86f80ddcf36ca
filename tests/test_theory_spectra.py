"""Spectra of linear-noise theory against simulations, in bands."""

import numpy as np
import pytest
from networks import DEPRESSING, LIF, MIXED, isolated
from scipy import signal
from significance import mean_over_trials
from survivors import survivor_function

import mesopop as mp
from mesopop.theory import intervals, linear_spectrum, renewal_spectrum
from mesopop.theory.cross_moments import cross_covariance
from mesopop.theory.intervals import memoryless
from mesopop.theory.spike_chain import exact_moments

LNP = mp.LNP(10, transfer=mp.Softplus(2.0))
BANDS = [(1.0, 4.0), (4.0, 10.0), (10.0, 20.0), (20.0, 40.0), (40.0, 100.0), (100.0, 200.0)]
DT, SEGMENT = 0.1, 2048


def coupled(size):
    """Excitation and inhibition, delays, currents, plastic projections with correlated u and x."""
    return mp.Network(
        populations=[
            mp.Population("E", size=size, neuron=LNP, drive=8.0),
            mp.Population("I", size=size, neuron=LNP, drive=5.0),
            mp.Population("X", size=size, neuron=mp.Poisson(10.0)),
        ],
        projections=[
            mp.Projection("E", "E", weight=300 / size, tau_s=3, delay=5, stp=MIXED),
            mp.Projection("E", "I", weight=100 / size, tau_s=3, delay=1, stp=DEPRESSING),
            mp.Projection("I", "E", weight=-100 / size, tau_s=5, delay=2),
            mp.Projection("X", "E", weight=20 / size, delay=1, stp=MIXED),
        ],
    )


@pytest.fixture(scope="module")
def measured():
    result = mp.simulate(
        coupled(5000), 41_000.0, dt=DT, level="meso", seed=5, trials=16, record_dt=1.0
    ).after(1000.0)
    signals = {
        ("rate", "E"): result.rate["E"],
        ("rate", "I"): result.rate["I"],
        ("release", "E->E"): result.release["E->E"],
        ("release", "X->E"): result.release["X->E"],
        ("potential", "E"): result.potential["E"],
    }
    return {
        key: signal.welch(values, fs=1000.0, nperseg=SEGMENT) for key, values in signals.items()
    }


@pytest.mark.parametrize(
    "what",
    [("rate", "E"), ("rate", "I"), ("release", "E->E"), ("release", "X->E"), ("potential", "E")],
    ids="-".join,
)
def test_spectra_are_those_of_simulations(measured, what):
    """Four standard errors, of 2.7 % in the lowest and 0.5 % in the highest band, and 2 % for what
    linear theory in continuous time leaves out. Without the fluctuations of u and x of single neurons
    (closure="first_order") the release of X would be 11 % too low."""
    frequency, power = measured[what]
    quantity, name = what
    if quantity != "potential":
        # The mean over a bin of 1 ms: the spectrum of theory times sinc^2, and what lies above the
        # highest frequency, white noise, is folded back.
        shot = {"E": "E", "I": "I", "E->E": "E", "X->E": "X"}[name]
        floor = 2 * _shot_noise(coupled(5000), quantity, name, shot)
    theory = getattr(linear_spectrum(coupled(5000), frequency[1:]), quantity)[name]
    if quantity != "potential":
        theory = (theory - floor) * np.sinc(frequency[1:] / 1000) ** 2 + floor
    for low, high in BANDS:
        band = (frequency[1:] >= low) & (frequency[1:] < high)
        relative = mean_over_trials((power[:, 1:][:, band] / theory[band]).mean(axis=1))
        assert relative.error < 0.03
        assert abs(relative.value - 1) < 0.02 + 4 * relative.error


def _shot_noise(network, quantity, name, population):
    (point,) = mp.theory.fixed_points(network)
    size = network.population(population).size
    if quantity == "rate":
        return point.rate[population] / size
    stp = network.projection(name).stp
    s = mp.theory.stationary_synapses(point.rate[population], stp)
    return s.rate * (s.var_release + s.release_per_spike**2) / size


def test_cross_spectra_are_hermitian_and_contain_the_spectra():
    found = linear_spectrum(coupled(100), [1.0, 10.0, 100.0])
    np.testing.assert_allclose(found.cross_rate, found.cross_rate.conj().transpose(0, 2, 1))
    for i, name in enumerate("EIX"):
        np.testing.assert_allclose(found.cross_rate[:, i, i].real, found.rate[name])
    # Poisson neurons without input are not influenced, and influence others.
    np.testing.assert_allclose(found.rate["X"], 2 * 10.0 / 100, rtol=1e-12)
    assert np.abs(found.cross_rate[:, 0, 2]).min() > 0


def test_spectrum_of_depression_by_hand():
    """Release of Poisson neurons through depressing synapses (U = 0), whose linear theory is exact.

    y = U0 x A: the spectrum of one synapse follows from dx/dt = (1 - x)/tau - U0 x s.
    """
    rate, size = 20.0, 50
    stp = mp.TsodyksMarkram(U0=0.4, U=0, tau_d=200)
    network = mp.Network(
        populations=[
            mp.Population("X", size=size, neuron=mp.Poisson(rate)),
            mp.Population("E", size=1, neuron=LNP),
        ],
        projections=[mp.Projection("X", "E", weight=1.0, stp=stp)],
    )
    f = np.array([0.5, 3.0, 30.0])
    found = linear_spectrum(network, f).release["X->E"]
    r, decay = rate / 1000, 1 / 200 + 0.4 * rate / 1000
    s = mp.theory.stationary_synapses(rate, stp)
    second = s.var_x + s.x**2
    # dx = -decay x - U0 x_j per spike; y = U0 r x + the same noise: one source, of density
    # r U0^2 <x^2>.
    gain = 1 - 0.4 * r / (decay + 2j * np.pi * f / 1000)
    expected = 2 * 1000 * r * 0.4**2 * second * np.abs(gain) ** 2 / size
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_renewal_spectrum():
    f = np.array([1.0, 10.0, 100.0, 400.0])
    survivors, _ = survivor_function(LIF, 25.0, 0.5)
    density = -np.diff(survivors)
    interval = 0.5 / 1000 * np.arange(1, density.size + 1)
    F = np.exp(-2j * np.pi * f[:, None] * interval) @ density
    expected = 2 / (density @ interval) * (1 - np.abs(F) ** 2) / np.abs(1 - F) ** 2 / 40
    found = renewal_spectrum(intervals(LIF, 25.0, dt=0.5), f, size=40)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    spikes = intervals(LIF, 25.0)
    low = renewal_spectrum(spikes, [1e-3])[0]
    assert low == pytest.approx(2 * spikes.rate * spikes.cv**2, rel=1e-4)


def test_bad_arguments_of_spectra():
    with pytest.raises(ValueError, match='population "E": spectra of coupled LIF neurons'):
        linear_spectrum(isolated(10, 16.0), [1.0])
    with pytest.raises(
        ValueError, match=r"state must be given: 2 of the 3 fixed points are stable"
    ):
        linear_spectrum(mp.presets.load("lnp-up-down"), [1.0])
    with pytest.raises(ValueError, match="state 1 is not stable"):
        linear_spectrum(mp.presets.load("lnp-up-down"), [1.0], state=1)
    with pytest.raises(ValueError, match="state must be < 3"):
        linear_spectrum(mp.presets.load("lnp-up-down"), [1.0], state=3)
    with pytest.raises(ValueError, match="frequency must be > 0 Hz, got 0.0 Hz"):
        linear_spectrum(coupled(10), [1.0, 0.0])
    with pytest.raises(TypeError, match="frequency must be a one-dimensional array"):
        renewal_spectrum(intervals(LIF, 16.0), 3.0)
    with pytest.raises(TypeError, match="intervals must be Intervals, got 3"):
        renewal_spectrum(3, [1.0])


# --- Several plasticities of one population ------------------------------------------------------

DEEP = mp.TsodyksMarkram(U0=0.5, U=0.5, tau_d=800)
SHALLOW = mp.TsodyksMarkram(U0=0.04, U=0.04, tau_d=100, tau_f=1000)


def test_what_several_plasticities_release_adds_up():
    """In the potential of their target, where depressing and facilitating synapses, which release less
    and more at once, have opposite signs. Taken for independent they would give 33 to 40 % less."""
    network = mp.Network(
        populations=[
            mp.Population("X", size=500, neuron=mp.Poisson(2.2)),
            mp.Population("E", size=1, neuron=LNP),
        ],
        projections=[
            mp.Projection("X", "E", weight=1.0, stp=DEEP, name="deep"),
            mp.Projection("X", "E", weight=-3.0, stp=SHALLOW, name="shallow"),
        ],
    )
    result = mp.simulate(
        network,
        201_000.0,
        dt=DT,
        level="meso",
        seed=6,
        trials=16,
        record=("potential",),
        record_dt=1.0,
    ).after(1000.0)
    frequency, power = signal.welch(result.potential["E"], fs=1000.0, nperseg=SEGMENT)
    theory = linear_spectrum(network, frequency[1:]).potential["E"]
    for low, high in BANDS[:4]:
        band = (frequency[1:] >= low) & (frequency[1:] < high)
        relative = mean_over_trials((power[:, 1:][:, band] / theory[band]).mean(axis=1))
        assert relative.error < 0.01
        assert abs(relative.value - 1) < 0.02 + 4 * relative.error


@pytest.mark.parametrize(
    "stp",
    [
        DEEP,
        mp.TsodyksMarkram(U0=0.1, U=0.3, tau_d=0, tau_f=500),
        mp.TsodyksMarkram(U0=0.4, U=0, tau_d=90),
    ],
)
def test_covariance_of_a_plasticity_with_itself(stp):
    # Where u or x does not vary, the hierarchy of moments closes exactly.
    of = intervals(LIF, 20.0)
    m = exact_moments(stp, age=of.age, weight=of.weight)
    found = cross_covariance(stp, stp, moments=(m, m), age=of.age, weight=of.weight)
    np.testing.assert_allclose(found, [[m.var_u, m.cov], [m.cov, m.var_x]], rtol=1e-9, atol=1e-15)


def test_covariances_between_plasticities_are_those_of_neurons():
    rate, neurons = 5.0, 100_000
    rng = np.random.default_rng(1)
    stps = (DEEP, MIXED)
    values = np.array([[stp.U0, 1.0] for stp in stps])[:, :, None] * np.ones(neurons)
    for spike in range(60):  # after 12 s, 15 times the longest time constant
        interval = rng.exponential(1000 / rate, neurons)
        for value, stp in zip(values, stps, strict=True):
            value[0] = stp.U0 + (value[0] - stp.U0) * (
                np.exp(-interval / stp.tau_f) if stp.tau_f else 0.0
            )
            value[1] = 1 + (value[1] - 1) * np.exp(-interval / stp.tau_d)
            if spike < 59:
                u, x = value
                value[:] = u + stp.U * (1 - u) * (stp.tau_f > 0), x * (1 - u)
    poisson = memoryless(rate / 1000, None)
    moments = tuple(exact_moments(s, age=poisson.age, weight=poisson.weight) for s in stps)
    found = cross_covariance(*stps, moments=moments, age=poisson.age, weight=poisson.weight)
    deviation = values - values.mean(axis=2, keepdims=True)
    products = deviation[0][:, None] * deviation[1][None, :]
    measured, error = products.mean(axis=2), products.std(axis=2) / np.sqrt(neurons)
    # u of DEEP is constant, and its x follows a linear map: exact with u of the other, which is
    # linear, too; with x of the other up to the Gaussian closure.
    assert np.all(np.abs(found[0]) < 1e-14)
    assert abs(found[1, 0] - measured[1, 0]) < 4 * error[1, 0] < 0.02 * abs(measured[1, 0])
    assert abs(found[1, 1] - measured[1, 1]) < 0.05 * measured[1, 1] + 4 * error[1, 1]
