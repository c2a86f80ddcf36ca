"""Tsodyks-Markram synapses under given spikes, against closed forms.

All neurons of a population fire together here, so that every engine must be exact.
"""

import math

import numpy as np
import pytest
from networks import DEPRESSING, FACILITATING, MIXED, changed

import mesopop as mp

# Exponentials of our own and at most some hundred additions.
ROUNDING = {"rtol": 1e-12, "atol": 1e-14}
DT = 0.5
# The means of all neurons are relaxed step by step: one rounding for each of the 2000 steps in the
# longest time constant here.
STEPWISE = {"rtol": 0, "atol": 2000 * 2.0**-53}
SYNAPSES = {
    "depressing": DEPRESSING,
    "facilitating": FACILITATING,
    "mixed": MIXED,
    "depression only": mp.TsodyksMarkram(U0=0.5, U=0.0, tau_d=400),
    "facilitation only": mp.TsodyksMarkram(U0=0.1, U=0.3, tau_d=0, tau_f=500),
    "immediate u": mp.TsodyksMarkram(U0=0.3, U=0.9, tau_d=200),
    "all released": mp.TsodyksMarkram(U0=1.0, U=0.0, tau_d=100),
    "U is 1": mp.TsodyksMarkram(U0=0.1, U=1.0, tau_d=150, tau_f=80),
    "no plasticity": mp.TsodyksMarkram(U0=0.4, U=0.0, tau_d=0),
}


@pytest.fixture(params=SYNAPSES)
def stp(request):
    return SYNAPSES[request.param]


@pytest.fixture(params=[1, 7])
def size(request):
    return request.param


def simulate(stp, trains, engine, duration, dt=DT):
    # Something must be there to project onto; it stays silent.
    silent = mp.LNP(10, transfer=mp.Softplus(1.0, gain=1e-9))
    network = mp.Network(
        populations=[
            mp.Population("pre", size=len(trains), neuron=mp.SpikeTrains(trains)),
            mp.Population("post", size=1, neuron=silent),
        ],
        projections=[mp.Projection("pre", "post", weight=0.0, stp=stp)],
    )
    return mp.simulate(network, duration, dt=dt, seed=1, **engine)


def releases(result, times, size=1):
    """Release per neuron of the spikes at `times`, which must be the only ones."""
    per_step = result.release["pre->post"] * result.dt / 1000
    step = np.rint(np.asarray(times) / result.dt).astype(int) - 1
    assert np.flatnonzero(per_step).tolist() == sorted(step.tolist())
    assert result.rate["pre"][step] * result.dt / 1000 == pytest.approx(np.ones(step.size))
    return per_step[step]


def decay(duration, tau):
    return math.exp(-duration / tau) if tau > 0 else 0.0


def recursion(stp, times):
    """Values of u and x before each spike of one neuron."""
    u, x, last, before = stp.U0, 1.0, 0.0, []
    for time in times:
        u = stp.U0 + (u - stp.U0) * decay(time - last, stp.tau_f)
        x = 1 - (1 - x) * decay(time - last, stp.tau_d)
        before.append((u, x))
        u, x, last = u + stp.U * (1 - u), x - u * x, time
    return np.reshape(before, (-1, 2)).T


def stationary(stp, interval):
    """u and x before a spike of an endless regular train."""
    E, F = decay(interval, stp.tau_f), decay(interval, stp.tau_d)
    u = (stp.U0 * (1 - E) + stp.U * E) / (1 - (1 - stp.U) * E)
    return u, (1 - F) / (1 - (1 - u) * F)


@pytest.mark.parametrize("interval", [5.0, 50.0, 333.5])
def test_steady_state_of_a_regular_train(stp, law, size, interval):
    # Until the slowest variable has forgotten its start.
    count = math.ceil(40 * max(stp.tau_f, stp.tau_d, 1) / interval)
    times = interval * np.arange(1, count + 1)
    result = simulate(stp, [times] * size, law, times[-1])
    u, x = stationary(stp, interval)
    np.testing.assert_allclose(releases(result, times)[-1], u * x, **ROUNDING)
    # Recorded are the values after the spike.
    after_u = u + stp.U * (1 - u) if stp.tau_f > 0 else stp.U0
    after_x = x - u * x if stp.tau_d > 0 else 1.0
    np.testing.assert_allclose(result.u["pre->post"][-1], after_u, **STEPWISE)
    np.testing.assert_allclose(result.x["pre->post"][-1], after_x, **STEPWISE)


@pytest.mark.parametrize("interval", [0.5, 20.0, 100.0, 1000.0])
def test_paired_pulse_ratio(stp, law, size, interval):
    result = simulate(stp, [[10.0, 10.0 + interval]] * size, law, 1100.0)
    first, second = releases(result, [10.0, 10.0 + interval])
    E, F = decay(interval, stp.tau_f), decay(interval, stp.tau_d)
    ratio = (1 + stp.U * (1 - stp.U0) / stp.U0 * E) * (1 - stp.U0 * F)
    assert first == pytest.approx(stp.U0, rel=1e-12)
    np.testing.assert_allclose(second / first, ratio, **ROUNDING)


def test_irregular_trains(stp, law, size):
    rng = np.random.default_rng(2)
    times = DT * np.unique(rng.integers(1, 4000, 150))
    result = simulate(stp, [times] * size, law, 2000.0)
    u, x = recursion(stp, times)
    np.testing.assert_allclose(releases(result, times), u * x, **ROUNDING)


def test_relaxation_between_spikes(stp, law):
    result = simulate(stp, [[100.0]], law, 400.0)
    late = result.t >= 100
    jump_u = stp.U * (1 - stp.U0)
    for values, rest, jump, tau in (
        (result.u["pre->post"], stp.U0, jump_u, stp.tau_f),
        (result.x["pre->post"], 1.0, -stp.U0, stp.tau_d),
    ):
        assert (values[~late] == rest).all()
        since = result.t[late] - 100
        relaxed = rest + jump * np.exp(-since / tau) if tau > 0 else np.full(late.sum(), rest)
        np.testing.assert_allclose(values[late], relaxed, **STEPWISE)


def test_neurons_one_by_one(stp):
    # At the microscopic level every neuron has its own history.
    rng = np.random.default_rng(3)
    trains = [DT * np.unique(rng.integers(1, 2000, count)) for count in (40, 0, 5, 100)]
    result = simulate(stp, trains, {"level": "micro"}, 1000.0)
    expected = np.zeros(2000)
    for train in trains:
        u, x = recursion(stp, train)
        expected[np.rint(train / DT).astype(int) - 1] += u * x / len(trains)
    np.testing.assert_allclose(result.release["pre->post"] * DT / 1000, expected, **ROUNDING)


def test_a_spike_at_time_zero_moves_to_the_end_of_the_first_step(stp, law):
    result = simulate(stp, [[0.0, 50.0]], law, 60.0)
    u, x = recursion(stp, [0.5, 50.0])
    np.testing.assert_allclose(releases(result, [0.5, 50.0]), u * x, **ROUNDING)


def test_spikes_between_steps_move_to_the_end_of_their_step(law):
    result = simulate(MIXED, [[10.1, 19.9, 30.5]], law, 40.0)
    u, x = recursion(MIXED, [10.5, 20.0, 30.5])
    np.testing.assert_allclose(releases(result, [10.5, 20.0, 30.5]), u * x, **ROUNDING)


def test_increment_of_u_does_nothing_where_u_relaxes_at_once(law):
    times = [np.arange(10.0, 500, 10)]
    with_increment = simulate(SYNAPSES["immediate u"], times, law, 500.0)
    without = simulate(changed(SYNAPSES["immediate u"], U=0.0), times, law, 500.0)
    for quantity in ("u", "x", "release"):
        a, b = getattr(with_increment, quantity), getattr(without, quantity)
        np.testing.assert_array_equal(a["pre->post"], b["pre->post"])
    assert (with_increment.u["pre->post"] == 0.3).all()


def test_time_constants_near_zero_approach_the_limit_zero(law):
    times = [np.arange(10.0, 500, 10)]
    for name in ("tau_d", "tau_f"):
        limit = simulate(changed(MIXED, **{name: 0.0}), times, law, 500.0)
        nearly = simulate(changed(MIXED, **{name: 1e-3}), times, law, 500.0)
        np.testing.assert_allclose(
            nearly.release["pre->post"], limit.release["pre->post"], **ROUNDING
        )


def test_a_finer_time_step_changes_nothing(stp, law):
    times = [[10.0, 35.0, 36.0, 300.0]]
    coarse, fine = (simulate(stp, times, law, 400.0, dt=dt) for dt in (1.0, 0.1))
    np.testing.assert_allclose(releases(coarse, times[0]), releases(fine, times[0]), **ROUNDING)


def test_plasticity_of_tsodyks_uziel_markram(law):
    # u rests at 0 and increases before it releases; the same as U0 = U here.
    stp = mp.TsodyksMarkram(U0=0.25, U=0.25, tau_d=150, tau_f=400)
    times = np.array([5.0, 12.0, 40.0, 41.0, 100.0, 300.0])
    u, x, last, expected = 0.0, 1.0, 0.0, []
    for time in times:
        u *= math.exp(-(time - last) / stp.tau_f)
        x = 1 - (1 - x) * math.exp(-(time - last) / stp.tau_d)
        u += stp.U * (1 - u)
        expected.append(u * x)
        x, last = x - u * x, time
    result = simulate(stp, [times], law, 300.0)
    np.testing.assert_allclose(releases(result, times), expected, **ROUNDING)
