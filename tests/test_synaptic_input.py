"""What a spike does to the potential of its targets, and when: against closed forms.

A readout population follows its input without firing, so that its potential is a plain function of
time, the same at every level.
"""

import numpy as np
import pytest
from networks import LIF, MIXED, changed

import mesopop as mp

# Exponentials of our own, and one rounding for each of the 400 steps in a membrane time constant.
ROUNDING = {"rtol": 1e-12, "atol": 1e-13}
TAU_M = 20.0
READOUTS = {
    "LNP": mp.LNP(TAU_M, transfer=mp.Softplus(1.0, gain=1e-12)),
    "LIF": changed(LIF, tau_m=TAU_M, t_ref=5.0, rate_at_threshold=1e-9, delta_u=50.0),
}


@pytest.fixture(params=READOUTS)
def readout(request):
    return READOUTS[request.param]


def response(projections, trains, readout, engine, *, duration=100.0, dt=0.5, initial="rest"):
    """t (ms) and potential (mV) of the readout population "post", driven by nothing else."""
    network = mp.Network(
        populations=[
            mp.Population("pre", size=len(trains), neuron=mp.SpikeTrains(trains)),
            mp.Population("post", size=3, neuron=readout),
        ],
        projections=projections,
    )
    result = mp.simulate(network, duration, dt=dt, seed=1, initial=initial, **engine)
    assert not result.rate["post"].any()
    return result.t, result.potential["post"]


def psp(since, tau_s):
    """Potential after one spike of weight 1 mV that arrived `since` ms ago (before: 0)."""
    later = np.maximum(since, 0.0)
    if tau_s == 0:
        value = np.exp(-later / TAU_M)
    elif tau_s == TAU_M:
        value = later / TAU_M * np.exp(-later / TAU_M)
    else:
        value = (np.exp(-later / TAU_M) - np.exp(-later / tau_s)) * TAU_M / (TAU_M - tau_s)
    # A potential is recorded at the end of a step: an arrival at its start is `since` = dt old.
    return np.where(since > 1e-9, value, 0.0)


@pytest.mark.parametrize("dt", [0.1, 0.5, 2.5])
@pytest.mark.parametrize("tau_s", [0.0, 0.3, 3.0, 19.0, 20.0, 21.0, 200.0])
def test_postsynaptic_potential(readout, law, tau_s, dt):
    # The amplitude is that of a delta synapse; exponential ones have the same integral.
    projection = mp.Projection("pre", "post", weight=1.7, tau_s=tau_s, delay=5.0)
    t, potential = response([projection], [[10.0]], readout, law, dt=dt)
    np.testing.assert_allclose(potential, 1.7 * psp(t - 15.0, tau_s), **ROUNDING)


@pytest.mark.parametrize("deviation", [1e-12, 1e-9, 1e-6, 1e-3])
def test_nearly_equal_time_constants(readout, law, deviation):
    # The difference of the two exponentials cancels; the derivative is good to `deviation`.
    projection = mp.Projection("pre", "post", weight=1.0, tau_s=TAU_M * (1 + deviation))
    t, potential = response([projection], [[10.0]], readout, law)
    np.testing.assert_allclose(potential, psp(t - 10.0, TAU_M), rtol=3 * deviation, atol=1e-13)


@pytest.mark.parametrize("delay", [0.0, 0.5, 1.0, 3.5, 4.0, 31.5, 32.0, 63.5])
@pytest.mark.parametrize("tau_s", [0.0, 3.0])
def test_arrival_times(law, delay, tau_s):
    """A spike of step k carries the time (k + 1) dt, and arrives `delay` later."""
    times = [7.0, 7.5, 20.0]
    projection = mp.Projection("pre", "post", weight=1.0, tau_s=tau_s, delay=delay)
    t, potential = response([projection], [times], READOUTS["LNP"], law)
    expected = sum(psp(t - time - delay, tau_s) for time in times)
    np.testing.assert_allclose(potential, expected, **ROUNDING)
    # Nothing at the time of arrival itself, something one step later.
    arrival = np.flatnonzero(t == 7.0 + delay)[0]
    assert potential[arrival] == 0
    assert potential[arrival + 1] > 0


def test_inputs_add_up(readout, law):
    """Neurons, projections with equal and different time constants, and plasticity."""
    trains = [[10.0, 30.0], [30.0], [55.0]]
    parts = [
        (mp.Projection("pre", "post", weight=0.5, tau_s=3, delay=1, name="a"), 3.0, 1.0),
        (mp.Projection("pre", "post", weight=-0.2, tau_s=3, delay=20, name="b"), 3.0, 20.0),
        (mp.Projection("pre", "post", weight=0.3, tau_s=0, delay=20, name="c"), 0.0, 20.0),
        (mp.Projection("pre", "post", weight=0.1, tau_s=40, name="d"), 40.0, 0.0),
    ]
    t, potential = response([part[0] for part in parts], trains, readout, law)
    expected = sum(
        projection.weight * psp(t - time - delay, tau_s)
        for projection, tau_s, delay in parts
        for train in trains
        for time in train
    )
    np.testing.assert_allclose(potential, expected, **ROUNDING)


def test_release_scales_the_input(readout, law):
    projections = [
        mp.Projection("pre", "post", weight=2.0, tau_s=3, stp=MIXED, name="plastic"),
        mp.Projection("pre", "post", weight=-2.0 * MIXED.U0, tau_s=3, name="static"),
    ]
    t, potential = response(projections, [[10.0]], readout, law)
    np.testing.assert_allclose(potential, 0.0, atol=1e-13)
    t, potential = response(projections[:1], [[10.0, 40.0]], readout, law)
    u = MIXED.U0 + MIXED.U * (1 - MIXED.U0) * np.exp(-30 / MIXED.tau_f)
    x = 1 - MIXED.U0 * np.exp(-30 / MIXED.tau_d)
    expected = 2 * MIXED.U0 * psp(t - 10, 3.0) + 2 * u * x * psp(t - 40, 3.0)
    np.testing.assert_allclose(potential, expected, **ROUNDING)


@pytest.mark.parametrize("probability", [0.0, 0.1, 1.0])
def test_probability_scales_the_mean_input(readout, probability):
    engine = {"level": "meso"}
    projection = mp.Projection("pre", "post", weight=3.0, tau_s=3, probability=probability)
    t, potential = response([projection], [[10.0]], readout, engine)
    np.testing.assert_allclose(potential, 3.0 * probability * psp(t - 10, 3.0), **ROUNDING)


# --- Refractory targets --------------------------------------------------------------------------

T_REF = 10.0
REFRACTORY = changed(READOUTS["LIF"], t_ref=T_REF, v_reset=-5.0)


def from_reset(t):
    return np.where(t <= T_REF, -5.0, -5.0 * np.exp(-(t - T_REF) / TAU_M))


@pytest.mark.parametrize("arrival", [0.5, 5.0, 9.5, 10.0, 10.5, 15.0])
def test_jumps_within_the_refractory_time_are_lost(law, arrival):
    # Everybody fired at t = 0 and is held from then on. What arrives at t_ref counts again.
    projection = mp.Projection("pre", "post", weight=2.0, delay=0.0)
    t, potential = response([projection], [[arrival]], REFRACTORY, law, initial="synchronous")
    jump = 2.0 * psp(t - arrival, 0.0) if arrival >= T_REF else 0.0
    # The given neurons have fired at t = 0, too: lost in any case.
    np.testing.assert_allclose(potential, from_reset(t) + jump, **ROUNDING)


@pytest.mark.parametrize("arrival", [5.0, 9.5, 10.0, 15.0])
def test_the_synaptic_current_outlasts_the_refractory_time(law, arrival):
    tau_s = 30.0
    state = mp.InitialState(age={"post": 0.0}, potential={"post": -5.0})
    projection = mp.Projection("pre", "post", weight=2.0, tau_s=tau_s)
    t, potential = response([projection], [[arrival]], REFRACTORY, law, initial=state)
    # From max(arrival, t_ref) on, the current that is left by then.
    start = max(arrival, T_REF)
    left = 2.0 * np.exp(-(start - arrival) / tau_s)
    np.testing.assert_allclose(potential, from_reset(t) + left * psp(t - start, tau_s), **ROUNDING)


def test_no_refractory_time(law):
    state = mp.InitialState(age={"post": 0.0}, potential={"post": -5.0})
    projection = mp.Projection("pre", "post", weight=2.0)
    t, potential = response(
        [projection], [[0.5]], changed(REFRACTORY, t_ref=0.0), law, initial=state
    )
    expected = -5.0 * np.exp(-t / TAU_M) + 2.0 * psp(t - 0.5, 0.0)
    np.testing.assert_allclose(potential, expected, **ROUNDING)
