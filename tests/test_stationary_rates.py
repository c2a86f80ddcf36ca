"""Stationary rates: of LIF neurons against the renewal integral, of LNP neurons and fixed points."""

import math

import numpy as np
import pytest
from networks import CLOSURES, COHORTS, LIF, MICRO, changed, isolated, meso, name_of
from scipy.optimize import brentq
from significance import ALPHA, Estimate, assert_within, mean_over_trials, p_value
from survivors import stationary_rate

import mesopop as mp

# Neuron, drive in mV, dt in ms.
POINTS = {
    "3 Hz": (LIF, 13.0, 0.5),
    "9 Hz": (LIF, 16.0, 0.5),
    "28 Hz": (LIF, 25.0, 0.5),
    "fine": (LIF, 16.0, 0.1),
    "not refractory": (changed(LIF, t_ref=0.0), 25.0, 0.5),
    "sharp threshold": (changed(LIF, delta_u=0.5), 18.0, 0.5),
    "nearly hard threshold": (changed(LIF, delta_u=0.05), 14.9, 0.5),
    "long refractory time": (changed(LIF, t_ref=150.0), 20.0, 0.5),
}
# Without synapses the first and second order are the same.
ACTIVITIES = ("second_order", "renewal")
MESOSCOPIC = [
    meso(closure, "binomial", tolerance) for closure in ACTIVITIES for tolerance in (0, None)
]
BOUND = 0.003


def measured_rate(point, engine, *, size, spikes, trials=40):
    """Rate over so many neurons that about `spikes` of them fire in total."""
    neuron, drive, dt = POINTS[point]
    rate = stationary_rate(neuron, drive, dt)
    duration = 50.0 * math.ceil(spikes / (size * trials * rate / 1000) / 50.0)
    result = mp.simulate(
        isolated(size, drive, neuron=neuron),
        duration,
        dt=dt,
        seed=2,
        trials=trials,
        record=("rate",),
        record_dt=50.0,
        **engine,
    )
    return mean_over_trials(result.rate["E"].mean(axis=1))


def assert_exact(measured, point):
    exact = Estimate(stationary_rate(*POINTS[point]))
    assert_within(measured, exact, BOUND)
    assert p_value(measured, exact) > ALPHA


@pytest.mark.parametrize("engine", [MICRO, COHORTS], ids=name_of)
@pytest.mark.parametrize("point", POINTS)
def test_microscopic_rate(point, engine):
    # Irregular firing needs the most spikes: their relative error is 1/sqrt(2e6) = 0.07 %.
    assert_exact(measured_rate(point, engine, size=1000, spikes=2e6), point)


@pytest.mark.parametrize("engine", MESOSCOPIC, ids=name_of)
@pytest.mark.parametrize("point", POINTS)
def test_mesoscopic_rate(point, engine):
    # Many neurons, drawn as one binomial number per bin.
    assert_exact(measured_rate(point, engine, size=20_000, spikes=4e6), point)


@pytest.mark.parametrize("engine", MESOSCOPIC, ids=name_of)
@pytest.mark.parametrize("point", ["9 Hz", "28 Hz"])
def test_mesoscopic_rate_of_a_small_population(point, engine):
    # Spikes drawn one by one. The effective hazard of the population activity equation is an
    # approximation of order 1/N, so that it is only within the bound.
    exact = Estimate(stationary_rate(*POINTS[point]))
    measured = measured_rate(point, engine, size=100, spikes=2e6)
    assert_within(measured, exact, BOUND)
    if engine["closure"] == "renewal":
        assert p_value(measured, exact) > ALPHA


@pytest.mark.parametrize("closure", ACTIVITIES)
@pytest.mark.parametrize("point", POINTS)
def test_macroscopic_rate(point, closure):
    """Without noise nothing blurs the rate: 0.1 % with merged bins, roundings without.

    Bins that join the oldest one after 5 tau_m still differ by exp(-5) (v_reset - drive).
    """
    neuron, drive, dt = POINTS[point]
    exact = stationary_rate(neuron, drive, dt)

    def error(**changes):
        arguments = meso(closure, "none") | changes
        # From the stationary state: it must stay there.
        result = mp.simulate(isolated(100, drive, neuron=neuron), 800.0, dt=dt, **arguments)
        return result.rate["E"].mean() / exact - 1

    assert abs(error()) < 1e-3
    assert abs(error(bin_tolerance=0.0)) < 1e-3
    long = error(bin_tolerance=0.0, history=30 * neuron.tau_m + neuron.t_ref)
    assert abs(long) < 1e-9


@pytest.mark.parametrize("closure", ACTIVITIES)
def test_merging_converges_to_unmerged_bins(closure):
    def rate(bin_tolerance):
        # Relaxation after a step of the drive, where bins of all ages matter.
        network = isolated(100, mp.Steps([0, 50], [12.0, 25.0]))
        arguments = meso(closure, "none", bin_tolerance)
        return mp.simulate(network, 300.0, dt=0.5, **arguments).rate["E"]

    unmerged = rate(0.0)
    errors = [np.abs(rate(tolerance) - unmerged).max() for tolerance in (0.4, 0.1, 0.025, 0.00625)]
    # Means are kept by merging: the error is of second order, a quarter of the tolerance gives a
    # sixteenth of it; half of that is demanded, since bins merge at discrete times.
    assert all(fine < coarse / 8 for coarse, fine in zip(errors[:3], errors[1:3], strict=False))
    assert errors[3] < unmerged.max() * 1e-4


def test_without_synapses_first_and_second_order_are_the_same():
    first, second = (
        mp.simulate(isolated(50, 16.0), 500.0, dt=0.5, seed=1, **meso(closure))
        for closure in ("first_order", "second_order")
    )
    np.testing.assert_array_equal(first.rate["E"], second.rate["E"])


# --- LNP -----------------------------------------------------------------------------------------

TRANSFERS = {
    "softplus": mp.Softplus(2.0, gain=3.0),
    "exponential": mp.Exponential(v_th=10, delta_u=3, rate_at_threshold=20),
}


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize("drive", [-5.0, 0.0, 12.0])
def test_rate_of_lnp_neurons(law, transfer, drive):
    function, dt = TRANSFERS[transfer], 0.5
    network = isolated(2000, drive, neuron=mp.LNP(10, transfer=function))
    exact = -math.expm1(-float(function(drive)) * dt / 1000) / dt * 1000
    # 2e5 spikes: 0.22 %.
    duration = 50.0 * math.ceil(2e5 / (2000 * 20 * exact / 1000) / 50.0)
    result = mp.simulate(
        network, duration, dt=dt, seed=1, trials=20, record=("rate",), record_dt=50.0, **law
    )
    measured = mean_over_trials(result.rate["E"].mean(axis=1))
    assert_within(measured, Estimate(exact), 0.02)
    assert p_value(measured, Estimate(exact)) > ALPHA


@pytest.mark.parametrize("closure", CLOSURES)
@pytest.mark.parametrize(
    ("preset", "fixed_point"), [("lnp-population-spikes", -3.04), ("lnp-up-down", -2.51)]
)
def test_stable_fixed_point_of_recurrent_lnp_neurons(closure, preset, fixed_point):
    network, dt = mp.presets.load(preset), 0.1
    population, projection = network.populations[0], network.projections[0]
    stp, tau_m = projection.stp, population.neuron.tau_m

    def excess(h):
        # Input that keeps h where it is, less the input that it causes. Of one step a fraction
        # `fires` of the neurons releases U0 x, with x just before their spikes.
        F, decay = math.exp(-dt / stp.tau_d), math.exp(-dt / tau_m)
        jump = (h - (1 - decay) * population.drive) / decay - h
        hazard = np.mean(population.neuron.transfer([h + jump, h])) / 1000
        fires = -math.expm1(-hazard * dt)
        x = (1 - F) / (1 - (1 - stp.U0 * fires) * F)
        return jump - population.size * projection.weight * fires * stp.U0 * x

    expected = brentq(excess, fixed_point - 0.1, fixed_point + 0.1, xtol=1e-14)
    arguments = meso(closure, "none")
    result = mp.simulate(network, 20_000.0, dt=dt, record=("potential",), **arguments)
    assert result.potential["E"][-1] == pytest.approx(expected, abs=1e-9)
