"""What networks with random and given connections do: against all-to-all ones, peers and limits."""

import numpy as np
import pytest
from networks import DEPRESSING, LIF, MICRO, MIXED, changed, meso, recorded, wired
from significance import Estimate, assert_equal_means, mean_over_trials

import mesopop as mp

DT = 0.5
READOUT = changed(LIF, v_th=1e4, delta_u=100.0)  # never fires


def network(*projections, size=60, drive=13.0, neuron=LIF):
    return mp.Network(
        populations=[mp.Population("E", size=size, neuron=neuron, drive=drive)],
        projections=projections,
    )


def loop(**options):
    return mp.Projection(
        "E", "E", **({"weight": 1.0, "tau_s": 3, "delay": 1, "stp": MIXED} | options)
    )


def run(net, duration=300.0, **options):
    options = {"seed": 7, **MICRO} | options
    record = ("rate", "release", "potential", "u", "x", "spikes")
    return mp.simulate(net, duration, dt=DT, record=record, **options)


def assert_same_spikes(a, b):
    assert len(a.spikes["E"]) > 50
    assert np.array_equal(a.spikes["E"], b.spikes["E"])
    np.testing.assert_allclose(a.potential["E"], b.potential["E"], rtol=1e-9, atol=1e-9)


# --- The other way to all-to-all -----------------------------------------------------------------


@pytest.mark.parametrize("tau_s", [0.0, 3.0])
@pytest.mark.parametrize(
    "rule", [mp.ExplicitConnections(np.ones((60, 60))), mp.FixedInDegree(multapses=False)]
)
def test_all_pairs_are_all_to_all(rule, tau_s):
    # The same input but for the order in which it is summed, hence to rounding, not to the bit.
    assert_same_spikes(
        run(network(loop(connectivity=rule, tau_s=tau_s))), run(network(loop(tau_s=tau_s)))
    )


def test_one_drive_per_neuron_but_all_the_same():
    per_neuron = mp.PerNeuron(np.full(60, 3.0))
    assert_same_spikes(
        run(network(loop(), drive=(10.0, per_neuron))), run(network(loop(), drive=13.0))
    )


def test_equal_delays_and_plasticity_per_neuron():
    varied = mp.TsodyksMarkram(
        U0=np.full(60, MIXED.U0), U=MIXED.U, tau_d=np.full(60, MIXED.tau_d), tau_f=MIXED.tau_f
    )
    usual, other = run(network(loop())), run(network(loop(stp=varied)))
    for name, values in recorded(usual).items():
        np.testing.assert_allclose(recorded(other)[name].tolist(), values.tolist(), rtol=1e-9)
    split = [
        loop(weight=0.25, delay=2.5, name="late"),
        loop(weight=0.75, delay=0.5, name="early"),
    ]
    delays = mp.DelayDistribution([0.5, 2.5], [0.75, 0.25])
    for engine in (meso("renewal", "none"), meso("second_order"), meso("first_order", "gaussian")):
        whole = mp.simulate(network(loop(delay=delays)), 300.0, dt=DT, seed=1, **engine)
        parts = mp.simulate(network(*split), 300.0, dt=DT, seed=1, **engine)
        np.testing.assert_allclose(whole.rate["E"], parts.rate["E"], rtol=1e-9)


# --- Limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "projection",
    [
        loop(probability=0.0),
        loop(probability=0.0, connectivity=mp.FixedInDegree()),
        loop(probability=1e-300),
        loop(weight=0.0, probability=0.5),
        loop(connectivity=mp.ExplicitConnections(np.zeros((60, 60)))),
        loop(weight=0.0, delay=mp.DelayDistribution([1, 2], [0.5, 0.5])),
    ],
)
def test_no_connections(projection):
    found = run(network(projection))
    assert_same_spikes(found, run(network()))
    assert found.release["E->E"].mean() > 0


def test_a_single_neuron():
    lonely = network(loop(connectivity=mp.Bernoulli(self_connections=False)), size=1, drive=25.0)
    uncoupled = run(network(size=1, drive=25.0), 3000.0)
    assert_same_spikes(run(lonely, 3000.0), uncoupled)
    itself = run(network(loop(weight=8.0, stp=None), size=1, drive=25.0), 3000.0)
    one = mp.ExplicitConnections(np.ones((1, 1)))
    explicit = network(loop(weight=8.0, stp=None, connectivity=one), size=1, drive=25.0)
    assert_same_spikes(run(explicit, 3000.0), itself)
    assert itself.rate["E"].mean() > uncoupled.rate["E"].mean()


@pytest.mark.parametrize("delay", [0.0, 0.5, 1.0, 7.5])
@pytest.mark.parametrize("tau_s", [0.0, 3.0, 20.0])
def test_the_effect_of_a_spike_on_every_neuron(tau_s, delay):
    # A spike at 10 ms; neuron i of the target has weight 2 w_i, of which some are 0.
    weights = np.array([[0.0], [1.0], [-2.5], [0.5]])
    trains = mp.SpikeTrains([[10.0]])
    net = mp.Network(
        populations=[
            mp.Population("pre", size=1, neuron=trains),
            mp.Population("post", size=4, neuron=READOUT),
        ],
        projections=[
            mp.Projection(
                "pre",
                "post",
                weight=2.0,
                tau_s=tau_s,
                delay=delay,
                connectivity=mp.ExplicitConnections(weights),
            )
        ],
    )
    simulation = mp.Simulation(net, dt=DT, seed=1, initial="rest", **MICRO)
    for _ in range(60):
        simulation.run(DT, record=("rate",))
        since = simulation.time - 10.0 - delay
        tau_m = READOUT.tau_m
        if since <= 0:
            psp = 0.0
        elif tau_s == 0:
            psp = np.exp(-since / tau_m)
        elif tau_s == tau_m:
            psp = since / tau_m * np.exp(-since / tau_m)
        else:
            psp = tau_m / (tau_m - tau_s) * (np.exp(-since / tau_m) - np.exp(-since / tau_s))
        found = simulation.state()["population/1/potential"][:4]
        np.testing.assert_allclose(found, 2.0 * weights[:, 0] * psp, rtol=1e-12, atol=1e-14)


def test_refractory_neurons_lose_jumps_but_not_currents():
    neuron = changed(READOUT, t_ref=20.0)
    ones = mp.ExplicitConnections(np.ones((2, 1)))
    net = mp.Network(
        populations=[
            mp.Population("pre", size=1, neuron=mp.SpikeTrains([[5.0]])),
            mp.Population("post", size=2, neuron=neuron),
        ],
        projections=[
            mp.Projection("pre", "post", weight=3.0, connectivity=ones, name="jump"),
            mp.Projection("pre", "post", weight=3.0, tau_s=50, connectivity=ones, name="current"),
        ],
    )
    # One neuron fired at 0, the other is free.
    initial = mp.InitialState(age={"post": [0.0, np.inf]})
    simulation = mp.Simulation(net, dt=DT, seed=1, initial=initial, **MICRO)
    simulation.run(20.0, record=("rate",))
    assert simulation.state()["population/1/potential"][0] == 0.0
    simulation.run(30.0, record=("rate",))
    held, free = simulation.state()["population/1/potential"][:2]
    # A current of 3/50 e^(-15/50) mV/ms is left when it is over, 30 ms before the end.
    current = 3.0 / 50 * np.exp(-15 / 50)
    expected = current * 1000 / 30 * (np.exp(-30 / 50) - np.exp(-30 / 20))
    assert held == pytest.approx(expected, rel=1e-12)
    assert free > held


def test_drives_per_neuron_set_each_potential():
    drives = np.linspace(-5, 9, 33)
    for neuron in (READOUT, mp.LNP(20, transfer=mp.Softplus(1.0, gain=1e-9))):
        net = network(size=33, neuron=neuron, drive=(1.0, mp.PerNeuron(drives)))
        for initial, start in (("rest", 0.0), ("stationary", 1.0 + drives)):
            simulation = mp.Simulation(net, dt=DT, seed=1, initial=initial, **MICRO)
            if isinstance(neuron, mp.LIF) and initial == "stationary":
                start = simulation.state()["population/0/potential"][:33]
            simulation.run(30.0, record=("rate",))
            expected = 1.0 + drives + (start - 1.0 - drives) * np.exp(-1.5)
            found = simulation.state()["population/0/potential"][:33]
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_each_neuron_starts_in_the_stationary_state_of_its_own_drive():
    # Two halves of a population are two populations: the mean ages would differ by a factor.
    drives = np.repeat([12.0, 30.0], 4000)
    both = network(size=8000, drive=mp.PerNeuron(drives))
    rate = run(both, 50.0, seed=3)
    spikes = rate.spikes["E"]
    for half, drive in ((spikes["neuron"] < 4000, 12.0), (spikes["neuron"] >= 4000, 30.0)):
        single = run(network(size=4000, drive=drive), 50.0, seed=4).spikes["E"]
        counts = [np.histogram(s["time"], 5, (0, 50))[0] for s in (spikes[half], single)]
        difference = (counts[0] - counts[1]) / np.sqrt(counts[0] + counts[1])
        assert np.abs(difference).max() < 5


def test_plasticity_per_neuron():
    # Two neurons that fire together, with the parameters of two projections.
    parameters = {
        "U0": [0.5, 0.1], "U": [0.5, 0.1], "tau_d": [300.0, 100.0], "tau_f": [20.0, 1000.0]
    }  # fmt: skip
    times = [10.0, 30.0, 35.0, 90.0]

    def released(stp, trains):
        net = mp.Network(
            populations=[
                mp.Population("pre", size=len(trains), neuron=mp.SpikeTrains(trains)),
                mp.Population("post", size=3, neuron=READOUT),
            ],
            projections=[mp.Projection("pre", "post", weight=1.0, stp=stp)],
        )
        return mp.simulate(net, 100.0, dt=DT, seed=1, **MICRO)

    both = released(mp.TsodyksMarkram(**parameters), [times, times])
    single = [
        released(mp.TsodyksMarkram(**{k: v[i] for k, v in parameters.items()}), [times])
        for i in range(2)
    ]
    for quantity in ("release", "u", "x"):
        values = [getattr(result, quantity)["pre->post"] for result in (both, *single)]
        np.testing.assert_allclose(values[0], (values[1] + values[2]) / 2, rtol=1e-12)


# --- Statistics ----------------------------------------------------------------------------------


def test_random_networks_fire_like_those_of_nest_and_brian():
    """10^4 neurons with 1000 inputs each, which facilitate and depress.

    NEST 3.10 gives 7.45 +- 0.01 Hz (24 s, after a transient), and infinitely many neurons, by the
    renewal closure without noise, 7.446 Hz and a release of 2.330 Hz. A weight larger by 1 %
    raises the rate by 1.2 %, so that 2 % are an error of the input by less than 2 %.
    """
    size, probability = 10_000, 0.1
    neuron = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=2, delta_u=2.5, rate_at_threshold=10)
    stp = mp.TsodyksMarkram(U0=0.2, U=0.2, tau_d=200, tau_f=500)
    net = network(
        loop(weight=50 / (size * probability), probability=probability, stp=stp),
        size=size,
        neuron=neuron,
    )
    result = mp.simulate(
        net, 5000.0, dt=0.1, seed=1, trials=4, record=("rate", "release"), record_dt=100.0, **MICRO
    )
    late = result.t > 2000
    rate = mean_over_trials(result.rate["E"][:, late].mean(axis=1))
    release = mean_over_trials(result.release["E->E"][:, late].mean(axis=1))
    assert_equal_means(rate, Estimate(7.45, 0.01), resolution=0.02)
    limit = mp.simulate(net, 8000.0, dt=0.1, record_dt=100.0, **meso("renewal", "none", 0.01))
    for found, expected in ((rate, limit.rate["E"]), (release, limit.release["E->E"])):
        assert_equal_means(found, Estimate(float(expected[-1])), resolution=0.02)


def test_the_mean_of_many_delays_is_that_of_the_mesoscopic_level():
    # 20000 synapses onto as many neurons that do not fire: their mean potential, within 5 errors.
    delays = mp.DelayDistribution([0.0, 2.0, 5.0], [0.2, 0.5, 0.3])
    net = mp.Network(
        populations=[
            mp.Population("pre", size=1, neuron=mp.SpikeTrains([[5.0, 12.0]])),
            mp.Population("post", size=20_000, neuron=READOUT),
        ],
        projections=[mp.Projection("pre", "post", weight=1.0, delay=delays, stp=DEPRESSING)],
    )
    micro, mean = (
        mp.simulate(net, 40.0, dt=DT, seed=1, **engine).potential["post"]
        for engine in (MICRO, {"level": "meso"})
    )
    assert np.abs(mean).max() > 0.5
    # No potential deviates from the mean by more than 1 mV.
    assert np.abs(micro - mean).max() < 5 / np.sqrt(20_000)
    assert np.abs(micro - mean).max() > 0


# --- What goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize("tau_s", [0.0, 3.0])
@pytest.mark.parametrize("neuron", [READOUT, mp.LNP(20, transfer=mp.Softplus(1.0, gain=1e-9))])
def test_an_input_that_becomes_non_finite_stops_the_run(tau_s, neuron):
    net = mp.Network(
        populations=[
            mp.Population("pre", size=4, neuron=mp.SpikeTrains(4 * [[10.0]])),
            mp.Population("post", size=40, neuron=neuron),
        ],
        projections=[
            mp.Projection(
                "pre",
                "post",
                weight=1.7e308,
                tau_s=tau_s,
                connectivity=mp.ExplicitConnections(np.eye(40)[:, [7, 7, 7, 7]]),
            )
        ],
    )
    with pytest.raises(FloatingPointError, match='input of population "post"') as caught:
        mp.simulate(net, 30.0, dt=DT, seed=1, record=("rate",), **MICRO)
    assert caught.value.result.t[-1] == 10.0


# --- Cohorts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "drive", "why"),
    [
        (
            {"probability": 0.5},
            13.0,
            'receives projection "E->E", which is not all-to-all with one delay',
        ),
        (
            {"connectivity": mp.FixedInDegree()},
            13.0,
            'receives projection "E->E", which is not all-to-all',
        ),
        ({"delay": mp.DelayDistribution([1, 2], [0.5, 0.5])}, 13.0, 'receives projection "E->E"'),
        ({}, mp.PerNeuron(np.zeros(60)), "has a drive PerNeuron"),
    ],
)
def test_neurons_that_differ_are_no_cohorts(options, drive, why):
    net = network(loop(**options), drive=drive)
    with pytest.raises(ValueError, match=f'method="cohorts" needs .* population "E" {why}'):
        mp.simulate(net, 10.0, dt=DT, method="cohorts")
    many = network(loop(probability=0.01), size=6000)
    assert mp.simulate(many, 1.0, dt=DT).settings.method == "neurons"


def test_the_only_delay_of_a_distribution_does_not_forbid_cohorts():
    one = network(loop(delay=mp.DelayDistribution([1.0], [1.0])))
    usual = mp.simulate(network(loop()), 300.0, dt=DT, seed=1, method="cohorts")
    found = mp.simulate(one, 300.0, dt=DT, seed=1, method="cohorts")
    assert np.array_equal(found.rate["E"], usual.rate["E"])


def test_cohorts_project_at_random():
    # Spikes of cohorts come in any order; who receives them, and how much, must not depend on it.
    stp = mp.TsodyksMarkram(U0=0.5, U=0.0, tau_d=100.0)
    net = mp.Network(
        populations=[
            mp.Population("pre", size=5000, neuron=LIF, drive=18.0),
            mp.Population("post", size=300, neuron=LIF, drive=8.0),
        ],
        projections=[
            mp.Projection("pre", "post", weight=0.15, probability=0.1, tau_s=3, delay=1, stp=stp)
        ],
    )
    rates = {}
    for method in ("auto", "neurons"):
        result = mp.simulate(
            net, 600.0, dt=DT, seed=1, trials=16, record=("rate",), record_dt=100.0, method=method
        )
        rates[method] = mean_over_trials(result.rate["post"][:, 1:].mean(axis=1))
    assert mp.simulate(net, 1.0, dt=DT).settings.method == {"pre": "cohorts", "post": "neurons"}
    # A few percent of the input lost would show.
    assert_equal_means(rates["auto"], rates["neurons"], resolution=0.05)


# --- Chosen neurons ------------------------------------------------------------------------------


def test_chosen_neurons_are_recorded_with_their_own_input():
    weights = np.array([[0.0], [1.0], [-2.5]])
    ones = mp.ExplicitConnections(np.ones((3, 1)))
    tau_m, tau_s = READOUT.tau_m, 5.0
    for neuron in (READOUT, mp.LNP(tau_m, transfer=mp.Softplus(1.0, gain=1e-9))):
        net = mp.Network(
            populations=[
                mp.Population("pre", size=1, neuron=mp.SpikeTrains([[10.0]])),
                mp.Population("post", size=3, neuron=neuron),
            ],
            projections=[
                mp.Projection(
                    "pre",
                    "post",
                    weight=2.0,
                    tau_s=tau_s,
                    connectivity=mp.ExplicitConnections(weights),
                ),
                mp.Projection("pre", "post", weight=1.0, connectivity=ones, name="delta"),
                mp.Projection("pre", "post", weight=0.5, tau_s=tau_s, name="shared"),
            ],
        )
        result = mp.simulate(
            net,
            40.0,
            dt=DT,
            seed=1,
            initial="rest",
            record=(mp.Neurons("post", [2, 1, 0]),),
            **MICRO,
        )
        record = result.neurons["post"]
        since = np.maximum(result.t - 10.0, 0)
        decay = np.where(since > 0, np.exp(-since / tau_s), 0.0)
        order = record.index
        expected = tau_m / tau_s * (2.0 * weights[order] + 0.5) * decay
        np.testing.assert_allclose(record.input, expected, rtol=1e-12, atol=1e-14)
        psp = tau_m / (tau_m - tau_s) * (np.exp(-since / tau_m) - np.exp(-since / tau_s))
        jump = np.where(since > 0, np.exp(-since / tau_m), 0.0)
        expected = (2.0 * weights[order] + 0.5) * psp + jump
        np.testing.assert_allclose(record.potential, expected, rtol=1e-12, atol=1e-14)


def test_all_chosen_neurons_together_are_the_population():
    net = wired()
    chosen = [mp.Neurons(p.name, range(p.size)) for p in net.populations]
    result = mp.simulate(
        net, 100.0, dt=DT, seed=1, record=("potential", "u", "x", *chosen), **MICRO
    )
    for name, mean in result.potential.items():
        np.testing.assert_allclose(result.neurons[name].potential.mean(axis=0), mean, rtol=1e-12)
    for label, mean in result.u.items():
        record = result.neurons[net.projection(label).source]
        np.testing.assert_allclose(record.u[label].mean(axis=0), mean, rtol=1e-10)
        np.testing.assert_allclose(record.x[label].mean(axis=0), result.x[label], rtol=1e-10)
