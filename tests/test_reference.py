"""Populations of the NumPy references against closed forms and known answers."""

import math

import attrs
import numpy as np
import pytest
from reference_runs import LEVELS, lif, onto_lnp, run
from scipy.integrate import solve_ivp

from mesopop.adaptation import SpikeTriggeredCurrent, ThresholdKernel
from mesopop.initial import InitialState
from mesopop.network import Network, Population, Projection
from mesopop.neurons import GIF, LIF, Poisson, SpikeTrains
from mesopop.plasticity import TsodyksMarkram
from mesopop.signals import OrnsteinUhlenbeck, Sampled, Sinusoid, Steps
from reference import KeyedDraws, NumpyDraws, simulate_mesoscopic, simulate_microscopic
from reference.adaptation import QuasiRenewal, QuasiRenewalTraces
from reference.initial import AgeGroup
from reference.population_activity import LIFActivity
from reference.renewal import stationary_ages
from reference.signals import signal_values


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


@pytest.mark.parametrize("past", [0.02, [(4, 0.2), (30, 0.5)]])
def test_earlier_spikes_act_through_the_saturating_kernel(past):
    kernels = [ThresholdKernel(amplitude=3, tau=50), SpikeTriggeredCurrent(amplitude=2, tau=20)]
    neuron = GIF(**attrs.asdict(lif(0.0).populations[0].neuron), adaptation=kernels)
    fraction = np.random.default_rng(1).random(40) * 0.1
    adaptation = QuasiRenewal(neuron, 0.5, 40, past)
    for step, n in enumerate(fraction):
        adaptation.record(step, n)
    known = dict(enumerate(fraction))
    if past == 0.02:
        known |= {step: past for step in range(-6000, 0)}
    else:
        known |= {-1 - age: n for age, n in past}
    for last in (-5, 0, 7, 39):
        earlier = {j: n for j, n in known.items() if j < last and (last >= 0 or past == 0.02)}
        own = 0.5 * (39 - last)  # age at the start of step 40
        age, n = 0.5 * (39 - np.array(list(earlier))), np.array(list(earlier.values()))
        theta = 3 * np.exp(-own / 50) + 2 * n @ -np.expm1(-3 * np.exp(-age / 50) / 2)
        current = 2 * np.exp(-own / 20) + n @ (2 * np.exp(-age / 20))
        # A current of the time constant of the membrane takes s/tau_m exp(-s/tau_m) of it.
        pull = current * 0.5 / 20 * math.exp(-0.5 / 20)
        assert adaptation.threshold(40, np.array([last])) == pytest.approx(theta, rel=1e-12)
        assert adaptation.pull(40, np.array([last])) == pytest.approx(pull, rel=1e-12)


@pytest.mark.parametrize("noise", ["none", "binomial"])
def test_age_bins_hold_the_population(noise):
    neuron, size = lif(0.0).populations[0].neuron, 200
    rng = np.random.default_rng(4)

    class Count:
        def step(self, step, p):
            return size * p if noise == "none" else rng.binomial(size, p)

    probability, potential = stationary_ages(neuron, 18.0, 0.5)
    ages = range(len(probability) - 1, -1, -1)
    groups = [AgeGroup(a, -1 - a, size * probability[a], potential[a]) for a in ages]
    traces = QuasiRenewalTraces(QuasiRenewal(neuron, 0.5, 4000, 0.0), -1 - np.array(ages))
    activity = LIFActivity(neuron, groups, Unconnected(), 0.5, Count(), traces)
    missing, fired = [], []
    for step in range(4000):
        fired.append(activity.step(step))
        missing.append(size - activity.count.sum())
        assert activity.count.min() >= 0 and activity.variance.min() >= 0
    # Bins but the oldest are binomial: of n neurons, m = n S are left, with the variance m (1 - S).
    m, z = activity.count[1:], activity.variance[1:]
    survive = m / np.array(fired)[activity.last_spike[1:]]
    assert z == pytest.approx(m * (1 - survive), abs=1e-12)
    if noise == "none":  # what leaves the bins is what fires
        assert np.abs(missing).max() < 1e-10
    else:  # the expected survivors err by what the variance says; the ratio scatters by 0.09
        assert np.std(missing) == pytest.approx(math.sqrt(activity.variance.sum()), rel=0.3)


@pytest.mark.parametrize("t_ref", [0.0, 2.0])
def test_neurons_that_fire_at_once_fire_every_refractory_period_and_a_step(t_ref):
    eager = LIF(tau_m=20, v_th=1, v_reset=0, t_ref=t_ref, delta_u=1, rate_at_threshold=1e6)
    net = Network(populations=[Population("E", size=5, neuron=eager)])
    period = round(t_ref / 0.5) + 1
    expected = np.where(np.arange(40) % period == period - 1, 1000 / 0.5, 0.0)
    for level in LEVELS:
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
        y = result["release"]["pre->post"][2000:].reshape(20, -1).sum(axis=1)
        n = result["rate"]["pre"][2000:].reshape(20, -1).sum(axis=1)
        return y.sum() / n.sum(), (y / n).std(ddof=1) / math.sqrt(20)

    micro, micro_error = release_per_spike(run(net, 52_000, 1.0, "micro"))
    second, second_error = release_per_spike(run(net, 52_000, 1.0, "second_order"))
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


@pytest.mark.parametrize("level", LEVELS)
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


@pytest.mark.parametrize("level", LEVELS)
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
    delayed = onto_lnp(Poisson(5.0), 10, delay=0.7)
    with pytest.raises(ValueError, match="delay must be a multiple of dt = 0.5 ms, got 0.7 ms"):
        run(delayed, 10, 0.5, "first_order")
    with pytest.raises(ValueError, match="only once in a step"):
        run(onto_lnp(SpikeTrains([[1.1, 1.2]]), 1), 10, 0.5, "micro")
    with pytest.raises(ValueError, match="closure must be one of"):
        run(delayed, 10, 0.5, "third_order")
    with pytest.raises(ValueError, match="noise must be binomial or none with closure renewal"):
        run(delayed, 10, 0.5, "renewal", noise="gaussian")
    draws = KeyedDraws(1)
    with pytest.raises(ValueError, match="needs binomials="):
        draws.spike_count(0, 0, 10, 0.5)
