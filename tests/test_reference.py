"""The NumPy references themselves, against closed forms and known answers."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from mesopop.initial import InitialState
from mesopop.network import Network, Population, Projection
from mesopop.neurons import LIF, LNP, Poisson, SpikeTrains
from mesopop.plasticity import TsodyksMarkram
from mesopop.signals import OrnsteinUhlenbeck, Sampled, Sinusoid, Steps
from mesopop.transfer import Softplus
from reference import KeyedDraws, NumpyDraws, Stream, simulate_mesoscopic, simulate_microscopic
from reference.closures import SecondOrder
from reference.keyed_draws import exponential, normal, uniform
from reference.mesoscopic import LIFActivity
from reference.moments import Moments, after_spike, mixture, split
from reference.plasticity import Plasticity
from reference.renewal import stationary_ages
from reference.signals import signal_values


def onto_lnp(neuron, size, *, tau_m=10.0, **synapse):
    """A population that projects onto LNP neurons."""
    return Network(
        populations=[
            Population("pre", size=size, neuron=neuron),
            Population("post", size=1, neuron=LNP(tau_m, transfer=Softplus(1.0))),
        ],
        projections=[Projection("pre", "post", **{"weight": 0.1, **synapse})],
    )


def lif(drive, size=100, weight=0.0, t_ref=4.0):
    """A population of LIF neurons, coupled to itself."""
    neuron = LIF(tau_m=20, v_th=15, v_reset=0, t_ref=t_ref, delta_u=2, rate_at_threshold=10)
    return Network(
        populations=[Population("E", size=size, neuron=neuron, drive=drive)],
        projections=[Projection("E", "E", weight=weight / size, tau_s=3, delay=1)],
    )


# --- Random numbers ------------------------------------------------------------------------------


def philox4x64(counter, key):
    """Philox4x64-10 as published (Salmon et al. 2011), in Python integers."""
    mask = 2**64 - 1
    c, k = list(counter), list(key)
    for _ in range(10):
        high0, low0 = divmod(0xD2E7470EE14C6C93 * c[0], 2**64)
        high1, low1 = divmod(0xCA5A826395121157 * c[2], 2**64)
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0]
        k = [(k[0] + 0x9E3779B97F4A7C15) & mask, (k[1] + 0xBB67AE8584CAA73B) & mask]
    return c


ONES = 2**64 - 1


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        (
            (0, 0, 0, 0),
            (0, 0),
            (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B),
        ),
        (
            (ONES, ONES, ONES, ONES),
            (ONES, ONES),
            (0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0),
        ),
        (
            (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89),
            (0x452821E638D01377, 0xBE5466CF34E90C6C),
            (0xA528F45403E61D95, 0x38C72DBD566E9788, 0xA5A1610E72FD18B5, 0x57BD43B5E52B7FE6),
        ),
    ],
)
def test_philox_has_the_published_known_answers(counter, key, answer):
    assert philox4x64(counter, key) == list(answer)


@pytest.mark.parametrize("event", [0, 1, 2**40])
def test_stream_is_philox_with_the_address_as_counter(event):
    stream = Stream(key=(3, ONES), purpose=5, owner=7, index=11, event=event, trial=13)
    words = [
        word
        for block in range(3)
        for word in philox4x64((block, event, 5 << 56 | 7 << 32 | 11, 13), (3, ONES))
    ]
    assert stream.words(10).tolist() == words[:10]


def test_streams_of_zero_address_and_key_start_with_the_known_answer():
    words = Stream(key=(0, 0), purpose=0, owner=0, index=0, event=0, trial=0).words(1)
    assert words[0] == 0x16554D9ECA36314C


def test_extreme_words_give_finite_numbers():
    words = np.array([0, ONES], np.uint64)
    assert uniform(words).tolist() == [0.0, 1 - 2.0**-53]
    assert np.all(exponential(words) > 0) and np.all(np.isfinite(exponential(words)))
    assert normal(words)[0] == -normal(words)[1] and np.isfinite(normal(words)[0])


def test_keyed_draws_do_not_depend_on_the_duration_but_on_the_trial():
    net = lif(12.0, weight=40.0)
    short = simulate_microscopic(net, 50, dt=0.5, draws=KeyedDraws(1, trial=3))
    long = simulate_microscopic(net, 80, dt=0.5, draws=KeyedDraws(1, trial=3))
    other = simulate_microscopic(net, 80, dt=0.5, draws=KeyedDraws(1, trial=4))
    n = len(short["spikes"]["E"])
    assert n > 0
    assert np.array_equal(long["spikes"]["E"][:n], short["spikes"]["E"])
    assert not np.array_equal(long["rate"]["E"], other["rate"]["E"])


def test_initial_counts_are_conditional_binomials_that_add_up():
    def certain_if_likely(stream):
        return lambda n, p: n if p > 0.7 else 0

    draws = KeyedDraws(1, binomials=certain_if_likely)
    # Of those not of the first two ages, the share of the third is .3/.4.
    assert draws.initial_counts(0, 9, np.array([0.4, 0.2, 0.3, 0.1])).tolist() == [0, 0, 9, 0]
    assert draws.initial_counts(0, 9, np.array([0.4, 0.2, 0.1, 0.3])).tolist() == [0, 0, 0, 9]


# --- Synapses ------------------------------------------------------------------------------------


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


def run(net, duration, dt, level, **kwargs):
    """Any level with default draws."""
    if level == "micro":
        return simulate_microscopic(net, duration, dt=dt, draws=NumpyDraws(0), **kwargs)
    return simulate_mesoscopic(net, duration, dt=dt, closure=level, draws=NumpyDraws(0), **kwargs)


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
GROUP = Moments(u=0.4, x=0.6, var_u=0.02, var_x=0.03, cov=-0.015)


def test_jump_of_the_moments_is_the_map_of_raw_moments():
    U, a = 0.3, 0.7
    u, x = GROUP.u, GROUP.x
    P, Q, R = GROUP.var_u + u**2, GROUP.var_x + x**2, GROUP.cov + u * x
    uux, uxx = x * P + 2 * u * R - 2 * u**2 * x, u * Q + 2 * x * R - 2 * u * x**2
    uuxx = P * Q + 2 * R**2 - 2 * u**2 * x**2
    after = after_spike(GROUP, Plasticity(JUMP, 0.5))
    assert after.u == pytest.approx(U + a * u)
    assert after.x == pytest.approx(x - R)
    assert after.var_u == pytest.approx(a**2 * P + 2 * a * U * u + U**2 - after.u**2)
    assert after.var_x == pytest.approx(Q - 2 * uxx + uuxx - after.x**2)
    assert after.cov == pytest.approx(a * R - a * uux + U * x - U * R - after.u * after.x)


def test_jump_of_the_moments_is_exact_for_gaussian_neurons():
    # Gauss-Hermite quadrature is exact for these polynomials.
    nodes, weights = np.polynomial.hermite_e.hermegauss(6)
    weights = np.outer(weights, weights) / weights.sum() ** 2
    z_u, z_x = np.meshgrid(nodes, nodes, indexing="ij")
    slope = GROUP.cov / GROUP.var_u
    du = math.sqrt(GROUP.var_u) * z_u
    u = GROUP.u + du
    x = GROUP.x + slope * du + math.sqrt(GROUP.var_x - slope * GROUP.cov) * z_x
    u, x = u + 0.3 * (1 - u), x - u * x

    def mean(values):
        return np.sum(weights * values)

    after = after_spike(GROUP, Plasticity(JUMP, 0.5))
    assert after.u == pytest.approx(mean(u))
    assert after.x == pytest.approx(mean(x))
    assert after.var_u == pytest.approx(mean((u - mean(u)) ** 2))
    assert after.var_x == pytest.approx(mean((x - mean(x)) ** 2))
    assert after.cov == pytest.approx(mean((u - mean(u)) * (x - mean(x))))


@pytest.mark.parametrize("k", [1, 3, 7, 8])
def test_a_sample_and_the_rest_make_up_the_group(k):
    size = 8
    together = []
    for signs in [(1, 1), (1, -1), (-1, 1), (-1, -1)]:  # mean 0, covariance 1
        drawn, others = split(GROUP, size, k, np.array(signs))
        whole = mixture(k / size, drawn, others)
        assert (whole.u, whole.x) == pytest.approx((GROUP.u, GROUP.x))
        together.append((whole.var_u, whole.var_x, whole.cov))
    assert np.mean(together, axis=0) == pytest.approx((GROUP.var_u, GROUP.var_x, GROUP.cov))


def test_mean_release_of_a_sample_is_that_of_random_neurons():
    # Without replacement, n of M neurons release n <u x> in the mean, whatever n.
    rng = np.random.default_rng(5)
    u, x = rng.uniform(0.2, 0.8, 6), rng.uniform(0.2, 0.8, 6)
    stp = TsodyksMarkram(U0=0.5, U=0.1, tau_d=100, tau_f=100)
    for n in (1, 2, 5, 6):
        released = [
            SecondOrder(Plasticity(stp, 0.5), u, x).release(n, lambda signs=signs: np.array(signs))
            for signs in [(1, 1), (1, -1), (-1, 1), (-1, -1)]
        ]
        assert np.mean(released) == pytest.approx(n * np.mean(u * x))


# --- Populations ---------------------------------------------------------------------------------


@pytest.mark.parametrize("t_ref", [0.0, 4.0])
def test_without_noise_the_stationary_state_fires_at_the_renewal_rate(t_ref):
    net = lif(14.0, t_ref=t_ref)
    result = simulate_mesoscopic(
        net, 1000, dt=0.5, closure="first_order", noise="none", draws=NumpyDraws(0)
    )
    # Survivor function with the potential relaxed to the end, not only for 5 tau_m.
    refractory, decay, V, S, mean_interval = round(t_ref / 0.5), math.exp(-0.5 / 20), 0.0, 1.0, 0.0
    for step in range(20_000):
        mean_interval += S * 0.5
        if step >= refractory:
            start = math.exp((V - 15) / 2)
            V = decay * V + 14 * (1 - decay)
            S *= math.exp(-(start + math.exp((V - 15) / 2)) / 100 * 0.25)
    # Exact but for the potential of the oldest bin, a mean over its neurons.
    rate = result["rate"]["E"]
    assert rate[-1] == pytest.approx(1000 / mean_interval, rel=1e-4)
    # At first the oldest neurons all have the potential of age K, short of 14 mV by e^-5.
    assert abs(rate / rate[-1] - 1).max() < 1 - math.exp(-14 * math.exp(-5) / 2)


def test_stationary_ages_of_a_silent_neuron_are_old():
    neuron = LIF(tau_m=20, v_th=5000, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
    probability, potential = stationary_ages(neuron, 10.0, 0.5)
    assert probability[-1] == 1.0 and probability[:-1].sum() == 0.0
    assert potential[-1] == pytest.approx(10 * (1 - math.exp(-20)))


@pytest.mark.parametrize("t_ref", [0.0, 4.0])
def test_microscopic_rate_and_refractoriness(t_ref):
    net = lif(18.0, size=200, t_ref=t_ref)
    duration = 10_000
    micro = simulate_microscopic(net, duration, dt=0.5, draws=NumpyDraws(1))
    exact = simulate_mesoscopic(
        net, 500, dt=0.5, closure="first_order", noise="none", draws=NumpyDraws(0)
    )["rate"]["E"][-1]
    spikes = micro["spikes"]["E"]
    # Renewal spike trains with a hazard that grows after a spike have fewer than Poisson
    # fluctuations of their count, so that this is more than four standard errors.
    assert len(spikes) == pytest.approx(exact * 200 * duration / 1000, abs=4 * len(spikes) ** 0.5)
    by_neuron = np.lexsort([spikes["time"], spikes["neuron"]])
    intervals = np.diff(spikes["time"][by_neuron])[np.diff(spikes["neuron"][by_neuron]) == 0]
    assert intervals.min() >= t_ref + 0.5 - 1e-9
    assert micro["rate"]["E"].sum() * 200 * 0.5 / 1000 == pytest.approx(len(spikes))


class Unconnected:
    """A membrane that relaxes to a drive of 18 mV."""

    def advance(self, step):
        decay = math.exp(-0.5 / 20)
        return 0.0, decay, 18 * (1 - decay)


@pytest.mark.parametrize("noise", ["none", "binomial"])
def test_age_bins_hold_the_population(noise):
    neuron, size = lif(0.0).populations[0].neuron, 200
    rng = np.random.default_rng(4)

    class Count:
        def step(self, step, p):
            return size * p if noise == "none" else rng.binomial(size, p)

    probability, potential = stationary_ages(neuron, 18.0, 0.5)
    activity = LIFActivity(neuron, size, probability, potential, Unconnected(), 0.5, Count())
    missing, fired = [], []
    for step in range(4000):
        fired.append(activity.step(step) / size)
        missing.append(1 - activity.m.sum())
        assert activity.m.min() >= 0 and activity.z.min() >= 0
    # Each bin but the oldest is binomial: of a fraction f, m = f S are left, with variance m (1 - S).
    ages = len(probability) - 1
    f = np.array(fired[: -ages - 1 : -1])
    survive = np.divide(activity.m[:ages], f, where=f > 0, out=np.ones(ages))
    assert activity.z[:ages] == pytest.approx(activity.m[:ages] * (1 - survive), abs=1e-15)
    if noise == "none":  # what leaves the bins is what fires
        assert np.abs(missing).max() < 1e-12
    else:  # the expected survivors err by what z says; over seeds the ratio scatters by 0.09
        assert np.std(missing) == pytest.approx(math.sqrt(activity.z.sum() / size), rel=0.3)


@pytest.mark.parametrize("t_ref", [0.0, 2.0])
def test_neurons_that_fire_at_once_fire_every_refractory_period_and_a_step(t_ref):
    eager = LIF(tau_m=20, v_th=1, v_reset=0, t_ref=t_ref, delta_u=1, rate_at_threshold=1e6)
    net = Network(populations=[Population("E", size=5, neuron=eager)])
    period = round(t_ref / 0.5) + 1
    expected = np.where(np.arange(40) % period == period - 1, 1000 / 0.5, 0.0)
    for level in ("micro", "first_order"):
        rate = run(net, 20, 0.5, level, initial="synchronous")["rate"]["E"]
        assert rate.tolist() == expected.tolist()
    probability, _ = stationary_ages(eager, 0.0, 0.5)
    assert probability[:period] == pytest.approx(1 / period)


def test_poisson_neurons_facilitate_as_the_closed_form_says():
    rate, dt, U0, U, tau_f, size = 15.0, 1.0, 0.2, 0.1, 80.0, 400
    stp = TsodyksMarkram(U0=U0, U=U, tau_d=100, tau_f=tau_f)
    net = onto_lnp(Poisson(rate), size, stp=stp)
    # u' = (1 - U s) (U0 + (u - U0) e) + U s with P(s = 1) = p, independent of u.
    p, e = -math.expm1(-rate * dt / 1000), math.exp(-dt / tau_f)
    mean = ((1 - p * U) * U0 * (1 - e) + p * U) / (1 - (1 - p * U) * e)
    for closure in ("first_order", "second_order"):
        exact = simulate_mesoscopic(
            net, 3000, dt=dt, closure=closure, noise="none", draws=NumpyDraws(0)
        )
        assert exact["u"]["pre->post"][-1] == pytest.approx(mean, rel=1e-12)
    micro = simulate_microscopic(net, 21_000, dt=dt, draws=NumpyDraws(3))["u"]["pre->post"][1000:]
    batches = micro.reshape(20, -1).mean(axis=1)  # of 1 s, twelve times tau_f
    error = batches.std(ddof=1) / math.sqrt(20)
    assert error < 1e-3 * mean
    assert batches.mean() == pytest.approx(mean, abs=4 * error)


def test_second_order_releases_what_microscopic_synapses_release():
    stp = TsodyksMarkram(U0=0.2, U=0.2, tau_d=300, tau_f=600)
    net = onto_lnp(Poisson(10.0), 20, stp=stp)

    def release_per_spike(result):
        y = result["release"]["pre->post"][4000:].reshape(20, -1).sum(axis=1)
        n = result["rate"]["pre"][4000:].reshape(20, -1).sum(axis=1)
        return y.sum() / n.sum(), (y / n).std(ddof=1) / math.sqrt(20)

    micro, micro_error = release_per_spike(run(net, 104_000, 1.0, "micro"))
    second, second_error = release_per_spike(run(net, 104_000, 1.0, "second_order"))
    assert second == pytest.approx(micro, abs=4 * math.hypot(micro_error, second_error))
    assert micro_error < 0.01 * micro


@pytest.mark.parametrize("dt", [0.4, 0.1])
def test_first_order_without_noise_is_the_ode_up_to_the_step(dt):
    stp = TsodyksMarkram(U0=0.2, U=0.3, tau_d=100, tau_f=200)
    rate = Sinusoid(mean=20, amplitude=15, frequency=4)
    net = onto_lnp(Poisson(rate), 1000, stp=stp)
    result = simulate_mesoscopic(
        net, 500, dt=dt, closure="first_order", noise="none", draws=NumpyDraws(0)
    )

    def derivative(t, state):
        u, x = state
        r = (20 + 15 * math.sin(2 * math.pi * 4 * t / 1000)) / 1000
        return (0.2 - u) / 200 + 0.3 * (1 - u) * r, (1 - x) / 100 - u * x * r

    ode = solve_ivp(derivative, (0, 500.1), (0.2, 1.0), t_eval=result["t"], rtol=1e-10, atol=1e-12)
    # First order in dt: at most the spikes of one step, 35 Hz, are early or late.
    bound = 0.035 * dt
    assert np.abs(result["u"]["pre->post"] - ode.y[0]).max() < bound
    assert np.abs(result["x"]["pre->post"] - ode.y[1]).max() < bound


# --- Initial states, signals, refusals -----------------------------------------------------------


@pytest.mark.parametrize("level", ["micro", "first_order", "second_order"])
def test_synchronous_start_releases_everything_once(level):
    stp = TsodyksMarkram(U0=0.4, U=0.2, tau_d=50, tau_f=100)
    neuron = LIF(tau_m=20, v_th=900, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
    net = Network(
        populations=[Population("E", size=10, neuron=neuron, drive=5.0)],
        projections=[Projection("E", "E", weight=0.3, delay=6, stp=stp)],
    )
    result = run(net, 10, 1.0, level, initial="synchronous")
    t = result["t"]
    V = np.where(t > 4, 5 * (1 - np.exp(-(t - 4) / 20)), 0.0)
    V += np.where(t > 6, 10 * 0.3 * 0.4 * np.exp(-(t - 6) / 20), 0.0)
    assert result["potential"]["E"] == pytest.approx(V)
    assert result["u"]["E->E"] == pytest.approx(0.4 + 0.2 * 0.6 * np.exp(-t / 100))
    assert result["x"]["E->E"] == pytest.approx(1 - 0.4 * np.exp(-t / 50))


@pytest.mark.parametrize("level", ["micro", "first_order", "second_order"])
def test_a_given_state_is_where_it_starts(level):
    neuron = LIF(tau_m=20, v_th=900, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
    stp = TsodyksMarkram(U0=0.4, U=0.2, tau_d=50, tau_f=100)
    net = Network(
        populations=[Population("E", size=3, neuron=neuron)],
        projections=[Projection("E", "E", weight=0.3, stp=stp)],
    )
    state = InitialState(
        potential={"E": [0.0, 6.0, 9.0]},
        age={"E": [2.0, 30.0, np.inf]},
        u={"E->E": [0.1, 0.2, 0.6]},
        x={"E->E": 0.5},
    )
    result = run(net, 10, 1.0, level, initial=state)
    t = result["t"]
    assert result["potential"]["E"] == pytest.approx(5 * np.exp(-t / 20))
    assert result["u"]["E->E"] == pytest.approx(0.4 - 0.1 * np.exp(-t / 100))
    assert result["x"]["E->E"] == pytest.approx(1 - 0.5 * np.exp(-t / 50))


def test_signals_in_every_step():
    class Ones(NumpyDraws):
        def drive_normals(self, population, component, n_steps):
            return np.ones(n_steps) * (population + component)

    def values(signal):
        return signal_values(signal, 4, 0.1, 2, Ones())

    assert values(3.0).tolist() == [3.0] * 4
    assert values(Steps([0, 0.1, 0.3], [1, 2, 5])).tolist() == [1, 2, 2, 5]
    assert values(Sampled([1.0, 2.0], interval=0.2)).tolist() == [1, 1, 2, 2]
    quarter_turns = Sinusoid(amplitude=2, frequency=2500, phase=-0.125)
    assert values(quarter_turns) == pytest.approx([0, 2, 0, -2], abs=1e-12)
    e = math.exp(-0.1 / 0.3)
    z = [2 * 3.0]
    for _ in range(3):
        z.append(z[-1] * e + 2 * math.sqrt(1 - e**2) * 3.0)
    noise = OrnsteinUhlenbeck(mean=1, std=2, tau=0.3)
    # The constant has no number: the noise is component 1, after the steps.
    assert values((10.0, Steps([0], [1]), noise)) == pytest.approx(12 + np.array(z))


def test_what_the_references_cannot_do_is_refused():
    sparse = onto_lnp(Poisson(5.0), 10, probability=0.5)
    with pytest.raises(ValueError, match="probability must be 1"):
        run(sparse, 10, 0.5, "micro")
    delayed = onto_lnp(Poisson(5.0), 10, delay=0.7)
    with pytest.raises(ValueError, match="delay must be a multiple of dt = 0.5 ms, got 0.7 ms"):
        run(delayed, 10, 0.5, "first_order")
    with pytest.raises(ValueError, match="only once in a step"):
        run(onto_lnp(SpikeTrains([[1.1, 1.2]]), 1), 10, 0.5, "micro")
    with pytest.raises(ValueError, match="closure must be one of"):
        run(delayed, 10, 0.5, "renewal")
    draws = KeyedDraws(1)
    with pytest.raises(ValueError, match="needs binomials="):
        draws.spike_count(0, 0, 10, 0.5)
