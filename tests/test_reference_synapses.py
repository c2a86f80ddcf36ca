"""Synapses of the NumPy references against closed forms, and moments of groups of neurons."""

import itertools
import math

import numpy as np
import pytest
from networks import MIXED
from reference_runs import onto_lnp, run

from mesopop.neurons import SpikeTrains
from mesopop.plasticity import TsodyksMarkram
from reference.closures import SecondOrder
from reference.moments import Moments, after_spike, mixture, root, split
from reference.plasticity import Plasticity


@pytest.mark.parametrize("level", ["micro", "first_order", "second_order"])
def test_paired_pulses_release_before_they_change_u_and_x(level):
    U0, U, tau_d, tau_f, interval = 0.3, 0.2, 100.0, 50.0, 20.0
    stp = TsodyksMarkram(U0=U0, U=U, tau_d=tau_d, tau_f=tau_f)
    net = onto_lnp(SpikeTrains([[0.0, 10.0, 10.0 + interval]]), 1, stp=stp)
    result = run(net, 40, 0.5, level)
    # The spike at t = 0 joins step 0, which ends at 0.5 ms.
    u, x, expected = U0, 1.0, []
    for gap in (0.0, 9.5, interval):
        u = U0 + (u - U0) * math.exp(-gap / tau_f)
        x = 1 + (x - 1) * math.exp(-gap / tau_d)
        expected.append(u * x)
        u, x = u + U * (1 - u), x - u * x
    released = result["release"]["pre->post"] * 0.5 / 1000
    assert np.flatnonzero(released).tolist() == [0, 19, 59]
    assert released[[0, 19, 59]] == pytest.approx(expected, rel=1e-12)
    assert result["u"]["pre->post"][59] == pytest.approx(u, rel=1e-12)
    assert result["x"]["pre->post"][59] == pytest.approx(x, rel=1e-12)


def test_regular_firing_releases_the_steady_state():
    U, tau_d, tau_f, interval = 0.25, 150.0, 400.0, 50.0
    stp = TsodyksMarkram(U0=U, U=U, tau_d=tau_d, tau_f=tau_f)
    times = np.arange(1, 101) * interval
    net = onto_lnp(SpikeTrains([times, times + 10]), 2, stp=stp)
    result = run(net, 5020, 0.5, "micro")
    e_f, e_d = math.exp(-interval / tau_f), math.exp(-interval / tau_d)
    u = U / (1 - (1 - U) * e_f)  # fixed points of the map from spike to spike
    x = (1 - e_d) / (1 - (1 - u) * e_d)
    # Rounding apart, two neurons with dt 0.5 ms: one spike of the population is 1 per ms.
    assert result["release"]["pre->post"][-41] / 1000 == pytest.approx(u * x, rel=1e-9)


@pytest.mark.parametrize("stp", [
    TsodyksMarkram(U0=0.4, U=0.0, tau_d=100),  # depression only
    TsodyksMarkram(U0=0.4, U=0.3, tau_d=0, tau_f=100),  # facilitation only
    TsodyksMarkram(U0=1.0, U=0.5, tau_d=30, tau_f=20),
    TsodyksMarkram(U0=0.2, U=0.3, tau_d=100, tau_f=0),
])  # fmt: skip
def test_a_single_neuron_is_the_same_at_all_levels(stp):
    steps = np.sort(np.random.default_rng(1).choice(1000, 80, replace=False))
    net = onto_lnp(SpikeTrains([(steps + 1) * 0.5]), 1, stp=stp, weight=5.0)
    micro = run(net, 500, 0.5, "micro")
    for closure in ("first_order", "second_order"):
        meso = run(net, 500, 0.5, closure)
        for variable in ("release", "u", "x"):
            assert meso[variable]["pre->post"] == pytest.approx(
                micro[variable]["pre->post"], rel=1e-12, abs=1e-12
            )
        assert meso["potential"]["post"] == pytest.approx(micro["potential"]["post"], rel=1e-12)


def test_time_constants_of_zero_relax_at_once():
    times = np.arange(1, 20) * 7.0
    instantaneous = TsodyksMarkram(U0=0.3, U=0.5, tau_d=0, tau_f=0)
    for level in ("micro", "first_order", "second_order"):
        result = run(onto_lnp(SpikeTrains([times] * 3), 3, stp=instantaneous), 150, 0.5, level)
        assert np.all(result["u"]["pre->post"] == 0.3)
        assert np.all(result["x"]["pre->post"] == 1.0)
        spikes = result["rate"]["pre"] > 0
        assert result["release"]["pre->post"] == pytest.approx(spikes * 0.3 / 0.5 * 1000)


def test_what_is_released_is_what_is_depleted():
    rng = np.random.default_rng(3)
    trains = [np.unique(np.ceil(rng.uniform(0, 400, 12) / 0.5)) * 0.5 for _ in range(20)]
    stp = TsodyksMarkram(U0=0.5, U=0.2, tau_d=1e9, tau_f=100)
    net = onto_lnp(SpikeTrains(trains), 20, stp=stp)
    for level in ("micro", "first_order", "second_order"):
        result = run(net, 400, 0.5, level)
        released = np.cumsum(result["release"]["pre->post"]) * 0.5 / 1000
        assert 1 - result["x"]["pre->post"] == pytest.approx(released, abs=1e-6)


@pytest.mark.parametrize("level", ["micro", "meso"])
@pytest.mark.parametrize("tau_s", [0.0, 3.0, 10.0])
def test_a_spike_arrives_one_delay_after_its_step_and_evokes_the_psp(level, tau_s):
    tau_m, dt, J = 10.0, 0.5, 2.0
    net = onto_lnp(SpikeTrains([[3.0], [50.0]]), 2, tau_m=tau_m, tau_s=tau_s, delay=1.5, weight=J)
    potential = run(net, 30, dt, "micro" if level == "micro" else "first_order")["potential"]
    since = np.arange(1, 61) * dt - 4.5
    s = np.maximum(since, 0)
    if tau_s == 0:
        psp = J * np.exp(-s / tau_m)
    elif tau_s == tau_m:
        psp = J * s / tau_m * np.exp(-s / tau_m)
    else:
        psp = J * tau_m / (tau_m - tau_s) * (np.exp(-s / tau_m) - np.exp(-s / tau_s))
    assert potential["post"] == pytest.approx(np.where(since > 0, psp, 0.0), abs=1e-12)


# --- Moments -------------------------------------------------------------------------------------

JUMP = TsodyksMarkram(U0=0.5, U=0.3, tau_d=100, tau_f=100)
STATIC_U = TsodyksMarkram(U0=0.5, U=0.9, tau_d=100, tau_f=0)
STATIC_X = TsodyksMarkram(U0=0.2, U=0.2, tau_d=0, tau_f=300)
GROUP = Moments(np.array([0.4, 0.6]), np.array([[0.02, -0.015], [-0.015, 0.03]]))


def of_sets(*sets):
    return Plasticity.of_sets(sets, 0.5)


def correlated(n_sets):
    """A group whose synapses all correlate."""
    rng = np.random.default_rng(8)
    root = rng.normal(scale=0.07, size=(2 * n_sets, 2 * n_sets))
    return Moments(rng.uniform(0.3, 0.7, 2 * n_sets), root @ root.T)


def test_jump_of_the_moments_is_the_map_of_raw_moments():
    U, a = 0.3, 0.7
    (u, x), cov = GROUP.mean, GROUP.cov
    P, Q, R = cov[0, 0] + u**2, cov[1, 1] + x**2, cov[0, 1] + u * x
    uux, uxx = x * P + 2 * u * R - 2 * u**2 * x, u * Q + 2 * x * R - 2 * u * x**2
    uuxx = P * Q + 2 * R**2 - 2 * u**2 * x**2
    after = after_spike(GROUP, of_sets(JUMP))
    assert after.mean[0] == pytest.approx(U + a * u)
    assert after.mean[1] == pytest.approx(x - R)
    assert after.cov[0, 0] == pytest.approx(a**2 * P + 2 * a * U * u + U**2 - after.mean[0] ** 2)
    assert after.cov[1, 1] == pytest.approx(Q - 2 * uxx + uuxx - after.mean[1] ** 2)
    both = a * R - a * uux + U * x - U * R - after.mean[0] * after.mean[1]
    assert after.cov[0, 1] == pytest.approx(both)
    assert after.cov[1, 0] == pytest.approx(both)


@pytest.mark.parametrize("sets", [(JUMP,), (JUMP, MIXED), (STATIC_U, JUMP, STATIC_X)])
def test_jump_of_the_moments_is_exact_for_gaussian_neurons(sets):
    # Gauss-Hermite quadrature is exact for these polynomials.
    group = GROUP if len(sets) == 1 else correlated(len(sets))
    if STATIC_X in sets:
        mean, cov = group.mean.copy(), group.cov.copy()
        mean[5] = 1.0
        cov[5, :] = cov[:, 5] = 0.0
        group = Moments(mean, cov)
    nodes, weights = np.polynomial.hermite_e.hermegauss(3)
    weights = weights / weights.sum()
    grid = np.meshgrid(*[nodes] * len(group.mean), indexing="ij")
    weight = np.prod(np.meshgrid(*[weights] * len(group.mean), indexing="ij"), axis=0).ravel()
    values = group.mean + np.reshape(grid, (len(grid), -1)).T @ root(group.cov).T
    for i, stp in enumerate(sets):
        u, x = values[:, 2 * i].copy(), values[:, 2 * i + 1].copy()
        if stp.tau_f > 0:
            values[:, 2 * i] = u + stp.U * (1 - u)
        if stp.tau_d > 0:
            values[:, 2 * i + 1] = x - u * x
    after = after_spike(group, of_sets(*sets))
    mean = weight @ values
    np.testing.assert_allclose(after.mean, mean, rtol=1e-12)
    cov = (weight[:, None] * (values - mean)).T @ (values - mean)
    np.testing.assert_allclose(after.cov, cov, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("n_sets", [1, 2, 3])
def test_root_of_a_covariance(n_sets):
    for cov in (correlated(n_sets).cov, np.zeros((2 * n_sets, 2 * n_sets))):
        factor = root(cov)
        np.testing.assert_allclose(factor @ factor.T, cov, rtol=1e-12, atol=1e-15)
        assert np.all(np.triu(factor, 1) == 0)


def test_root_of_variables_in_lockstep():
    # The second set repeats the first, the third one of its variables and the opposite of the other.
    weights = np.array([[1, 0], [0, 1], [1, 0], [0, 2], [0.5, 0.0], [0, -1]])
    cov = weights @ GROUP.cov @ weights.T
    factor = root(cov)
    np.testing.assert_allclose(factor @ factor.T, cov, atol=1e-12)
    assert np.all(factor[:, 2:] == 0)


def test_no_variable_varies_more_than_its_variance():
    # As after negative numbers of spikes: not a covariance.
    cov = np.diag([1e-9, 0.02, 0.02, 0.03])
    cov[0, 2:] = cov[2:, 0] = 0.01
    factor = root(cov)
    assert np.all(np.sum(factor**2, axis=1) <= np.diag(cov) * (1 + 1e-12))
    factor = root(-cov)
    assert np.all(factor == 0)


@pytest.mark.parametrize("n_sets", [1, 2])
@pytest.mark.parametrize("k", [1, 3, 7, 8])
def test_a_sample_and_the_rest_make_up_the_group(k, n_sets):
    size = 8
    group = GROUP if n_sets == 1 else correlated(n_sets)
    together = []
    for signs in itertools.product((1, -1), repeat=2 * n_sets):  # mean 0, covariance 1
        drawn, others = split(group, size, k, np.array(signs))
        whole = mixture(k / size, drawn, others)
        assert whole.mean == pytest.approx(group.mean)
        together.append(whole.cov)
    assert np.mean(together, axis=0) == pytest.approx(group.cov)


def test_mean_release_of_a_sample_is_that_of_random_neurons():
    # Without replacement, n of M neurons release n <u x> in the mean, whatever n.
    rng = np.random.default_rng(5)
    values = rng.uniform(0.2, 0.8, (6, 4))
    stp = TsodyksMarkram(U0=0.5, U=0.1, tau_d=100, tau_f=100)
    expected = np.mean(values[:, ::2] * values[:, 1::2], axis=0)
    for n in (1, 2, 5, 6):
        released = [
            SecondOrder(of_sets(stp, MIXED), values).release(n, lambda s=signs: np.array(s))
            for signs in itertools.product((1, -1), repeat=4)
        ]
        assert np.mean(released, axis=0) == pytest.approx(n * expected)
