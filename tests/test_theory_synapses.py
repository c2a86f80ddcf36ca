"""Theory of short-term plasticity: exact moments, closures, regular trains, and limits."""

import numpy as np
import pytest
from networks import DEPRESSING, FACILITATING, LIF, MIXED, changed, isolated, meso

import mesopop as mp
from mesopop.theory import (
    intervals,
    paired_pulse_ratio,
    release_in_train,
    release_of_regular_train,
    release_per_spike,
    stationary_synapses,
)

KINDS = {"depressing": DEPRESSING, "facilitating": FACILITATING, "mixed": MIXED}
SPIKES = {
    "Poisson": lambda: intervals(mp.Poisson(10.0)),
    "Poisson, steps": lambda: intervals(mp.Poisson(10.0), dt=0.5),
    "irregular": lambda: intervals(LIF, 13.0),
    "regular, steps": lambda: intervals(LIF, 25.0, dt=0.5),
}


def moments_by_sampling(stp, spikes, rng, neurons=20_000, times=100):
    """Mean and standard error of moments over spikes of neurons that draw their intervals."""
    u, x = np.full(neurons, stp.U0), np.ones(neurons)
    sums = np.zeros((7, neurons))
    weight = spikes.weight / spikes.weight.sum()
    for spike in range(2 * times):
        interval = rng.choice(spikes.age, size=neurons, p=weight)
        u = stp.U0 + (u - stp.U0) * np.exp(-interval / stp.tau_f)
        x = 1 + (x - 1) * np.exp(-interval / stp.tau_d)
        if spike >= times:
            sums += [u, x, u**2, x**2, u * x, (u * x) ** 2, np.ones(neurons)]
        x, u = x - u * x, u + stp.U * (1 - u)
    per_neuron = sums[:6] / sums[6]
    return per_neuron.mean(axis=1), per_neuron.std(axis=1, ddof=1) / np.sqrt(neurons)


@pytest.mark.parametrize("spikes", SPIKES)
@pytest.mark.parametrize("kind", KINDS)
def test_exact_moments_are_those_of_sampled_spikes(kind, spikes):
    """Five standard errors of 2e6 spikes, or 0.1 % of a mean release: closures err by more."""
    stp, spikes = KINDS[kind], SPIKES[spikes]()
    mean, error = moments_by_sampling(stp, spikes, np.random.default_rng(1))
    s = stationary_synapses(spikes, stp)
    expected = [
        s.u_at_spikes,
        s.x_at_spikes,
        s.var_u + s.u_at_spikes**2,
        s.var_x + s.x_at_spikes**2,
        s.release_per_spike,
        s.var_release + s.release_per_spike**2,
    ]
    assert np.all(error < 1.5e-3 * mean)
    assert np.all(np.abs(mean - expected) < 5 * error)
    assert s.cov == pytest.approx(s.release_per_spike - s.u_at_spikes * s.x_at_spikes, abs=1e-12)
    assert s.release == pytest.approx(s.rate * s.release_per_spike, rel=1e-12)


@pytest.mark.parametrize("rate", [0.5, 10.0, 80.0])
def test_poisson_spikes_have_known_formulas(rate):
    r = rate / 1000
    depressing = mp.TsodyksMarkram(U0=0.3, U=0, tau_d=400)
    for closure in ("exact", "renewal", "second_order", "first_order"):
        s = stationary_synapses(rate, depressing, closure=closure)
        assert s.x == pytest.approx(1 / (1 + 0.3 * r * 400), rel=1e-10)
        assert s.x_at_spikes == pytest.approx(s.x, rel=1e-10)  # arrivals see time averages
    facilitating = mp.TsodyksMarkram(U0=0.1, U=0.2, tau_d=0, tau_f=500)
    for closure in ("exact", "renewal", "second_order", "first_order"):
        s = stationary_synapses(rate, facilitating, closure=closure)
        u = (0.1 + 0.2 * r * 500) / (1 + 0.2 * r * 500)
        assert s.release_per_spike == pytest.approx(u, rel=1e-10)
        assert s.x == 1.0
    # Variance of x under depression: d<x^2>/dt = 2 (x - <x^2>)/tau - r (1 - (1 - U0)^2) <x^2>.
    s = stationary_synapses(rate, depressing)
    second = 2 * s.x / 400 / (2 / 400 + r * (1 - 0.7**2))
    assert s.var_x == pytest.approx(second - s.x**2, rel=1e-9)


def test_closures_of_poisson_spikes():
    """The second order errs by 0.3 % where the first errs by 2 %."""
    exact = release_per_spike(10.0, MIXED)
    assert release_per_spike(10.0, MIXED, closure="second_order") == pytest.approx(exact, rel=3e-3)
    first = release_per_spike(10.0, MIXED, closure="first_order")
    assert 0.015 < first / exact - 1 < 0.03


def test_closure_of_renewal_spikes():
    for drive in (13.0, 25.0):
        spikes = intervals(LIF, drive)
        exact = release_per_spike(spikes, MIXED)
        assert release_per_spike(spikes, MIXED, closure="renewal") == pytest.approx(exact, rel=1e-3)
        assert release_per_spike(spikes, MIXED, closure="second_order") < 0.98 * exact


@pytest.mark.parametrize("closure", ["first_order", "second_order", "renewal"])
@pytest.mark.parametrize("kind", KINDS)
def test_closures_are_those_of_simulations(kind, closure):
    stp = KINDS[kind]
    base = isolated(100, 16.0)
    readout = mp.Population("out", size=1, neuron=mp.LNP(10, transfer=mp.Softplus(1.0)))
    network = mp.Network(
        populations=[*base.populations, readout],
        projections=[mp.Projection("E", "out", weight=1.0, stp=stp)],
    )
    arguments = meso(closure, "none", 0.0) | {"history": 1000.0}
    result = mp.simulate(network, 12_000.0, dt=0.5, **arguments)
    s = stationary_synapses(intervals(LIF, 16.0, dt=0.5), stp, closure=closure)
    assert result.release["E->out"][-1] == pytest.approx(s.release, rel=1e-8)
    assert result.u["E->out"][-1] == pytest.approx(s.u, rel=1e-8)
    assert result.x["E->out"][-1] == pytest.approx(s.x, rel=1e-8)


@pytest.mark.parametrize("closure", ["exact", "first_order", "second_order", "renewal"])
def test_limits_of_the_parameters(closure):
    spikes = intervals(LIF, 16.0, dt=0.5)

    def near(stp, limit, variable="release_per_spike"):
        a, b = (stationary_synapses(spikes, s, closure=closure) for s in (stp, limit))
        assert getattr(a, variable) == pytest.approx(getattr(b, variable), rel=1e-6)

    near(changed(MIXED, tau_f=1e-3), changed(MIXED, tau_f=0))
    near(changed(MIXED, tau_d=1e-3), changed(MIXED, tau_d=0))
    near(changed(MIXED, U=1e-9), changed(MIXED, U=0))
    near(changed(MIXED, U=0), changed(MIXED, U=0, tau_f=0))
    near(changed(MIXED, U0=1 - 1e-9), changed(MIXED, U0=1))
    full = stationary_synapses(spikes, changed(MIXED, U0=1.0, U=0.5), closure=closure)
    assert full.u_at_spikes == pytest.approx(1.0, rel=1e-12)
    assert release_per_spike(spikes, None, closure=closure) == 1.0
    silent = stationary_synapses(0.0, MIXED, closure=closure)
    assert (silent.u, silent.x, silent.release) == pytest.approx((0.2, 1.0, 0.0), abs=1e-12)


# --- Regular trains ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_regular_trains(kind):
    stp = KINDS[kind]
    released = release_in_train(stp, 20.0, 300)
    assert released[0] == stp.U0
    assert released[-1] == pytest.approx(release_of_regular_train(stp, 20.0), rel=1e-10)
    assert paired_pulse_ratio(stp, 50.0) == pytest.approx(released[1] / released[0], rel=1e-12)


def test_a_regular_train_is_a_simulated_one():
    times = 50.0 * np.arange(1, 11)
    network = mp.Network(
        populations=[
            mp.Population("in", size=1, neuron=mp.SpikeTrains([times])),
            mp.Population("out", size=1, neuron=mp.LNP(10, transfer=mp.Softplus(1.0))),
        ],
        projections=[mp.Projection("in", "out", weight=1.0, stp=MIXED)],
    )
    result = mp.simulate(network, 500.0, dt=0.5, seed=1)
    released = result.release["in->out"] * 0.5 / 1000
    np.testing.assert_allclose(
        released[released > 0], release_in_train(MIXED, 20.0, 10), rtol=1e-12
    )


def test_nearly_regular_neurons_release_like_a_regular_train():
    sharp = changed(LIF, delta_u=0.01, rate_at_threshold=1000.0)
    spikes = intervals(sharp, 30.0)
    assert spikes.cv < 0.01
    regular = release_of_regular_train(MIXED, spikes.rate)
    assert release_per_spike(spikes, MIXED) == pytest.approx(regular, rel=1e-3)


def test_bad_arguments_of_synapses():
    with pytest.raises(ValueError, match="unknown closure 'exakt'; did you mean \"exact\""):
        stationary_synapses(10.0, MIXED, closure="exakt")
    with pytest.raises(ValueError, match="spikes must be >= 0 Hz, got -1.0 Hz"):
        stationary_synapses(-1.0, MIXED)
    with pytest.raises(TypeError, match="stp must be a TsodyksMarkram or None, got 3"):
        stationary_synapses(1.0, 3)
    with pytest.raises(ValueError, match="dt applies to Poisson spikes"):
        stationary_synapses(intervals(LIF, 16.0), MIXED, dt=0.5)
    with pytest.raises(ValueError, match="rate must be > 0 Hz, got 0.0 Hz"):
        release_of_regular_train(MIXED, 0.0)
    with pytest.raises(ValueError, match="n_spikes must be >= 1, got 0"):
        release_in_train(MIXED, 1.0, 0)
    with pytest.raises(TypeError, match="stp must be a TsodyksMarkram, got None"):
        paired_pulse_ratio(None, 10.0)
