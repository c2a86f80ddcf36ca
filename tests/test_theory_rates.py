"""Theory of single neurons: intervals and stationary rates, exactly and against simulations."""

import math

import attrs
import numpy as np
import pytest
from networks import GIF, LIF, changed, isolated, meso
from scipy.integrate import solve_ivp
from survivors import stationary_rate, survivor_function

import mesopop as mp
from mesopop.theory import intervals, rate

SOFT = changed(LIF, escape="softplus", rate_at_threshold=40.0, delta_u=3.0)
POINTS = {
    "almost silent": (LIF, 5.0),
    "irregular": (LIF, 13.0),
    "regular": (LIF, 25.0),
    "strongly driven": (LIF, 100.0),
    "not refractory": (changed(LIF, t_ref=0.0), 60.0),
    "sharp threshold": (changed(LIF, delta_u=0.3), 18.0),
    "long refractory time": (changed(LIF, t_ref=150.0), 20.0),
    "softplus, almost silent": (SOFT, 2.0),
    "softplus": (SOFT, 20.0),
    "softplus, strongly driven": (SOFT, 200.0),
}
TRANSFERS = [mp.Softplus(2.0, gain=3.0), mp.Exponential(v_th=10, delta_u=3, rate_at_threshold=20)]


def rate_by_integration(neuron, drive):
    """One over the integral of the survivor function, by a solver of differential equations."""

    def hazard(v):
        exponent = (v - neuron.v_th) / neuron.delta_u
        if neuron.escape == "softplus":
            return neuron.rate_at_threshold / 1000 * np.logaddexp2(0, exponent / math.log(2))
        return neuron.rate_at_threshold / 1000 * math.exp(exponent)

    def change(r, y):
        v = drive + (neuron.v_reset - drive) * math.exp(-r / neuron.tau_m)
        return [-hazard(v) * y[0], y[0]]

    end = 40 * neuron.tau_m
    solution = solve_ivp(change, (0, end), [1, 0], rtol=1e-12, atol=1e-14, method="LSODA")
    left, mean = solution.y[:, -1]
    return 1000 / (neuron.t_ref + mean + left / hazard(drive))


@pytest.mark.parametrize("point", POINTS)
def test_rate_in_continuous_time(point):
    neuron, drive = POINTS[point]
    assert rate(neuron, drive) == pytest.approx(rate_by_integration(neuron, drive), rel=1e-9)


@pytest.mark.parametrize("dt", [0.1, 0.5])
@pytest.mark.parametrize("point", POINTS)
def test_rate_in_steps(point, dt):
    neuron, drive = POINTS[point]
    assert rate(neuron, drive, dt=dt) == pytest.approx(
        stationary_rate(neuron, drive, dt), rel=1e-11
    )


def test_steps_converge_to_continuous_time():
    """With an error of first order, since spikes move to the ends of their steps."""
    for neuron in (LIF, GIF):
        errors = [rate(neuron, 18.0, dt=dt) - rate(neuron, 18.0) for dt in (0.2, 0.1, 0.05)]
        assert errors[0] / errors[1] == pytest.approx(2, rel=0.02)
        assert errors[1] / errors[2] == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize("drive", [14.0, 18.0, 30.0])
def test_rate_with_adaptation_is_that_of_simulations(drive):
    expected = rate(GIF, drive, dt=0.5)
    network = isolated(100, drive, neuron=GIF)
    arguments = meso("renewal", "none", 0.0) | {"history": 9000.0}
    result = mp.simulate(network, 2000.0, dt=0.5, record_dt=50.0, **arguments)
    assert result.rate["E"][-1] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("escape", ["exponential", "softplus"])
@pytest.mark.parametrize("drive", [-50.0, 0.0, 20.0, 200.0])
def test_traces_reproduce_themselves(drive, escape):
    """From neurons that hardly fire to regular ones, of slow, fast and depolarising kernels."""
    kernels = [
        mp.ThresholdKernel(amplitude=10.0, tau=500),
        mp.SpikeTriggeredCurrent(amplitude=5.0, tau=100),
        mp.SpikeTriggeredCurrent(amplitude=-2.0, tau=40),
    ]
    found = intervals(changed(GIF, adaptation=kernels, escape=escape), drive)
    left = np.array([found.weight @ np.exp(-found.age / kernel.tau) for kernel in kernels])
    amplitudes = np.array([kernel.amplitude for kernel in kernels])
    assert found.memory.traces == pytest.approx(amplitudes / (1 - left), rel=1e-9)


def test_adaptation_that_does_nothing():
    idle = mp.GIF(**attrs.asdict(LIF), adaptation=[])
    assert rate(idle, 16.0) == rate(LIF, 16.0)
    weak = changed(idle, adaptation=[mp.ThresholdKernel(amplitude=1e-9, tau=100)])
    assert rate(weak, 16.0) == pytest.approx(rate(LIF, 16.0), rel=1e-7)


@pytest.mark.parametrize("transfer", TRANSFERS, ids=lambda f: type(f).__name__)
def test_rate_of_lnp_neurons(transfer):
    neuron = mp.LNP(10, transfer=transfer)
    h = np.array([-5.0, 0.0, 12.0])
    np.testing.assert_allclose(rate(neuron, h), transfer(h), rtol=1e-12)
    fires = -np.expm1(-transfer(h) * 0.5 / 1000)
    np.testing.assert_allclose(rate(neuron, h, dt=0.5), 1000 * fires / 0.5, rtol=1e-11)


def test_rate_has_the_shape_of_the_drive():
    assert isinstance(rate(LIF, 16.0), float)
    assert rate(LIF, np.full((2, 3), 16.0)).shape == (2, 3)


def test_no_rate_where_nothing_fires():
    assert rate(LIF, [-2000.0, -1e5], dt=0.5).tolist() == [0.0, 0.0]
    silent = intervals(LIF, -1e5)
    assert silent.mean == math.inf and math.isnan(silent.cv)
    assert rate(mp.Poisson(0.0)) == 0.0


# --- Intervals -----------------------------------------------------------------------------------


def test_intervals_in_steps_are_those_of_the_survivor_function():
    survivors, _ = survivor_function(LIF, 13.0, 0.5)
    density = -np.diff(survivors)
    interval = 0.5 * np.arange(1, len(survivors))
    found = intervals(LIF, 13.0, dt=0.5)
    mean = density @ interval
    cv = math.sqrt(density @ (interval - mean) ** 2) / mean
    assert found.mean == pytest.approx(mean, rel=1e-12)
    assert found.cv == pytest.approx(cv, rel=1e-10)
    for s in (0.001, 0.1, 0.02 + 0.3j):
        assert found.transform(s) == pytest.approx(density @ np.exp(-s * interval), rel=1e-10)
    early = found.age < 300
    index = np.rint(found.age[early] / 0.5).astype(int)
    np.testing.assert_allclose(found.survivor[early], survivors[index - 1], rtol=1e-12)
    np.testing.assert_allclose(found.density[early] * 0.5, density[index - 1], rtol=1e-9)


def test_intervals_of_poisson_neurons_are_exponential():
    found = intervals(mp.Poisson(10.0))
    assert found.cv == pytest.approx(1.0, rel=1e-12)
    assert found.transform(0.05) == pytest.approx(0.01 / (0.01 + 0.05), rel=1e-12)
    np.testing.assert_allclose(found.hazard, 10.0, rtol=1e-12)
    stepped = intervals(mp.Poisson(10.0), dt=0.5)
    fires = -math.expm1(-0.005)
    z = math.exp(-0.05 * 0.5)
    assert stepped.transform(0.05) == pytest.approx(fires * z / (1 - (1 - fires) * z), rel=1e-12)


def test_intervals_add_up():
    for found in (intervals(LIF, 10.0), intervals(LIF, 10.0, dt=0.1), intervals(GIF, 20.0)):
        assert found.weight.sum() == pytest.approx(1.0, abs=1e-12)
        assert found.weight.min() >= 0 and np.all(np.diff(found.age) > 0)
        assert "rate" in str(found)


# --- Arguments -----------------------------------------------------------------------------------


def test_bad_arguments_of_neurons():
    with pytest.raises(ValueError, match="SpikeTrains have no stationary state"):
        rate(mp.SpikeTrains([[1.0]]))
    with pytest.raises(TypeError, match="neuron must be a neuron model, got 3"):
        rate(3, 1.0)
    with pytest.raises(ValueError, match=r"dt must be > 0 ms, got -0.5 ms"):
        rate(LIF, 16.0, dt=-0.5)
    with pytest.raises(ValueError, match="t_ref must be a multiple of dt"):
        rate(LIF, 16.0, dt=0.3)
    with pytest.raises(ValueError, match="drive must be finite"):
        intervals(LIF, math.nan)
    with pytest.raises(TypeError, match="drive must be a number or an array"):
        rate(LIF, ["a"])
    with pytest.raises(ValueError, match="drive must be 0 mV for Poisson"):
        rate(mp.Poisson(1.0), 3.0)
    with pytest.raises(ValueError, match="rate must be constant"):
        rate(mp.Poisson(mp.Steps([0, 1], [1, 2])))
