"""Networks in the words of NEST: numbers worked out by hand, there and back."""

import attrs
import numpy as np
import pytest

import mesopop as mp

PARAMS = {
    "C_m": 250.0,
    "g_L": 12.5,
    "E_L": -65.0,
    "I_e": 100.0,
    "V_T_star": -50.0,
    "V_reset": -64.0,
    "t_ref": 3.0,
    "Delta_V": 1.5,
    "lambda_0": 20.0,
    "tau_sfa": [100.0, 10.0],
    "q_sfa": [2.0, -1.0],
    "tau_stc": [30.0],
    "q_stc": [25.0],
    "tau_syn_ex": 2.0,
    "tau_syn_in": 5.0,
}
TSODYKS = {"synapse_model": "tsodyks2_synapse", "U": 0.4, "tau_rec": 300.0, "tau_fac": 50.0}


def nodes(model="gif_psc_exp", n=100, **changes):
    return {"E": {"model": model, "n": n, "params": {**PARAMS, **changes}}}


def connection(conn_spec="all_to_all", **syn_spec):
    return {"pre": "E", "post": "E", "conn_spec": conn_spec, "syn_spec": syn_spec}


# --- From NEST -----------------------------------------------------------------------------------


def test_a_neuron_by_hand():
    """tau_m = 250 pF / 12.5 nS = 20 ms; 100 pA make 8 mV; 25 pA of spike-triggered current 2 mV."""
    (population,) = mp.from_nest_parameters(nodes()).populations
    assert population == mp.Population(
        "E",
        size=100,
        drive=-57.0,
        neuron=mp.GIF(
            tau_m=20,
            v_th=-50,
            v_reset=-64,
            t_ref=3,
            delta_u=1.5,
            rate_at_threshold=20,
            adaptation=[
                mp.ThresholdKernel(amplitude=2.0, tau=100.0),
                mp.ThresholdKernel(amplitude=-1.0, tau=10.0),
                mp.SpikeTriggeredCurrent(amplitude=2.0, tau=30.0),
            ],
        ),
    )


@pytest.mark.parametrize(
    ("weight", "tau_s", "psp"),
    # 50 pA for 2 ms bring 100 fC: on 250 pF 0.4 mV. Inhibition: 75 pA for 5 ms.
    [(50.0, 2.0, 0.4), (-75.0, 5.0, -1.5)],
)
def test_a_synapse_by_hand(weight, tau_s, psp):
    spec = connection({"rule": "pairwise_bernoulli", "p": 0.1}, weight=weight, delay=1.5, **TSODYKS)
    (projection,) = mp.from_nest_parameters(nodes(), [spec]).projections
    assert projection == mp.Projection(
        "E",
        "E",
        weight=psp,
        probability=0.1,
        tau_s=tau_s,
        delay=1.5,
        stp=mp.TsodyksMarkram(U0=0.4, U=0.4, tau_d=300, tau_f=50),
    )


def integrated(drive_current, weight, duration, dt=0.001):
    """V of a neuron as NEST's documentation has it: C dV/dt = -g (V - E_L) + I_e + I_syn."""
    v, current = PARAMS["E_L"], weight
    for _ in range(round(duration / dt)):
        leak = PARAMS["g_L"] * (PARAMS["E_L"] - v)
        v += dt / PARAMS["C_m"] * (leak + drive_current + current)
        current -= dt / PARAMS["tau_syn_ex"] * current
    return v


def test_potentials_are_those_of_the_equations_of_nest():
    """A silent population that gets one spike, against NEST's own equation in pA, nS and pF."""
    silent = {"lambda_0": 1e-9, "q_sfa": [], "tau_sfa": [], "q_stc": [], "tau_stc": []}
    words = {**nodes(n=1, **silent)}
    net = mp.from_nest_parameters(words, [connection(weight=200.0, delay=1.0)])
    (recurrent,) = net.projections
    source = mp.Population("one", size=1, neuron=mp.SpikeTrains([[1.0]]))
    net = mp.Network(
        populations=[*net.populations, source],
        projections=[attrs.evolve(recurrent, source="one")],
    )
    initial = mp.InitialState(potential={"E": PARAMS["E_L"]})
    result = mp.simulate(net, 12.0, dt=0.5, seed=1, initial=initial)
    # The spike of 1 ms arrives at 2 ms; before that the potential relaxes from E_L.
    before = integrated(100.0, 0.0, 2.0)
    np.testing.assert_allclose(result.potential["E"][3], before, atol=1e-3)
    effect = integrated(0.0, 200.0, 10.0) - PARAMS["E_L"]
    after = integrated(100.0, 0.0, 12.0) + effect
    np.testing.assert_allclose(result.potential["E"][-1], after, atol=1e-3)
    assert effect > 0.5


def test_a_population_node():
    """One node of N neurons has tau_m instead of g_L, and adapts unless told not to."""
    words = {"E": {"model": "gif_pop_psc_exp", "params": {"N": 50, "I_e": 125.0}}}
    (population,) = mp.from_nest_parameters(words).populations
    assert (population.size, population.drive) == (50, 10.0)
    assert population.neuron == mp.GIF(
        tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10,
        adaptation=[mp.ThresholdKernel(amplitude=0.5, tau=300.0)],
    )  # fmt: skip
    words["E"]["params"]["q_sfa"] = [0.0]
    (population,) = mp.from_nest_parameters(words).populations
    assert type(population.neuron) is mp.LIF


def test_defaults_of_nest():
    net = mp.from_nest_parameters(
        {"E": {"model": "gif_psc_exp"}}, [{"pre": "E", "post": "E", "name": "own"}]
    )
    (population,), (projection,) = net.populations, net.projections
    assert (population.size, population.drive) == (1, -70.0)
    assert population.neuron == mp.LIF(
        tau_m=20, v_th=-35, v_reset=-55, t_ref=4, delta_u=0.5, rate_at_threshold=1
    )
    assert projection == mp.Projection("E", "E", weight=2 / 80, tau_s=2, delay=1, name="own")


# --- There and back ------------------------------------------------------------------------------


def close(one, other):
    """Equal but for rounding."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(close(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(close, one, other))
    return one == (pytest.approx(other, rel=1e-14) if isinstance(one, float) else other)


def two_populations(**projection):
    lif = dict(tau_m=15, v_th=-50, v_reset=-65, t_ref=2, delta_u=3, rate_at_threshold=7)
    kernels = [
        mp.ThresholdKernel(amplitude=1.0, tau=100.0),
        mp.SpikeTriggeredCurrent(amplitude=-0.3, tau=20.0),
    ]
    projection = {"weight": 0.1, "tau_s": 3, "delay": 1, **projection}
    return mp.Network(
        populations=[
            mp.Population("E", size=80, drive=-52.0, neuron=mp.GIF(**lif, adaptation=kernels)),
            mp.Population("I", size=20, drive=-50.0, neuron=mp.LIF(**lif)),
        ],
        projections=[
            mp.Projection("E", "I", **projection),
            mp.Projection("I", "E", weight=-0.7, tau_s=7, delay=2, probability=0.3, name="back"),
        ],
    )


@pytest.mark.parametrize(
    "stp", [None, mp.TsodyksMarkram(U0=0.3, U=0.3, tau_d=100, tau_f=500)], ids=["static", "plastic"]
)
@pytest.mark.parametrize("C_m", [250.0, 80.0])
def test_there_and_back(stp, C_m):
    net = two_populations(stp=stp)
    words = mp.to_nest_parameters(net, C_m=C_m)
    again = mp.from_nest_parameters(**words)
    assert close(attrs.asdict(again), attrs.asdict(net))
    assert words["connections"][1]["conn_spec"] == {"rule": "pairwise_bernoulli", "p": 0.3}


@pytest.mark.parametrize("preset", ["lif-up-down", "lif-population-spikes"])
def test_presets_there_and_back(preset):
    """Pure depression, U = 0, is tsodyks2_synapse without facilitation."""
    net = mp.presets.load(preset)
    (stp,) = (projection.stp for projection in net.projections)
    words = mp.to_nest_parameters(net)
    assert words["connections"][0]["syn_spec"]["tau_fac"] == 0
    again = mp.from_nest_parameters(**words)
    assert close(attrs.asdict(again.populations[0]), attrs.asdict(net.populations[0]))
    assert again.projections[0].stp == attrs.evolve(stp, U=stp.U0)
    assert again.projections[0].weight == pytest.approx(net.projections[0].weight, rel=1e-14)


def test_the_microcircuit_as_population_nodes():
    """Weights are scaled by the connection probability: a node is a whole population."""
    net = mp.presets.load("microcircuit")
    words = mp.to_nest_parameters(net, model="gif_pop_psc_exp")
    again = mp.from_nest_parameters(**words)
    assert close(attrs.asdict(again)["populations"], attrs.asdict(net)["populations"])
    for projection in net.projections:
        effective = again.projection(projection.label)
        assert effective.probability == 1
        assert effective.weight == pytest.approx(projection.weight * projection.probability)
    assert all(node["n"] == 1 for node in words["nodes"].values())


# --- What has no counterpart ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "connections", "error"),
    [
        (nodes(V_T_sta=-50), [], r'nodes\["E"\]: unknown key "V_T_sta"; did you mean "V_T_star"'),
        (nodes(tau_m=20), [], r'unknown key "tau_m"; did you mean "tau_'),
        (nodes(V_m=-60), [], r'"V_m" has no counterpart: it is a state'),
        (nodes(tau_minus=20.0), [], '"tau_minus" has no counterpart: it belongs to the plasticity'),
        (nodes(model="iaf_psc_exp"), [], "unknown model 'iaf_psc_exp'; did you mean"),
        (nodes(C_m=-1.0), [], r'nodes\["E"\]\["C_m"\] must be > 0 pF, got -1.0 pF'),
        (nodes(Delta_V=0.0), [], r'\["Delta_V"\] must be > 0 mV, got 0.0 mV'),
        (nodes(V_reset=-40.0), [], r'nodes\["E"\]: v_reset must be < v_th = -50.0 mV'),
        (nodes(q_sfa=[1.0]), [], r'length of "q_sfa" \(1\) must match length of "tau_sfa" \(2\)'),
        ({"E": {"model": "gif_psc_exp", "N": 3}}, [], 'unknown key "N"; did you mean "n"'),
        (
            {"E": {"model": "gif_pop_psc_exp", "n": 2}},
            [],
            '"n" must be 1, one node for the population, got 2',
        ),
        (
            {"E": {"model": "gif_pop_psc_exp", "params": {"len_kernel": 99}}},
            [],
            r'"len_kernel" has no counterpart: it is an option of the simulation',
        ),
        (nodes(), [connection(wieght=3.0)], 'unknown key "wieght"; did you mean "weight"'),
        (nodes(), [connection(u=0.5, **TSODYKS)], '"u" has no counterpart: it is a state'),
        (nodes(), [connection(synapse_model="stdp_synapse")], "unknown synapse_model"),
        (nodes(), [connection({"rule": "fixed_indegree"})], "unknown rule 'fixed_indegree'"),
        (nodes(), [connection({"rule": "pairwise_bernoulli"})], 'missing key "p"'),
        (nodes(), [{"pre": "E", "post": "I"}], 'post "I" is not a node; known: E'),
        (
            {"E": {"model": "gif_pop_psc_exp"}},
            [connection(**TSODYKS)],
            "takes a gif_pop_psc_exp for one single neuron",
        ),
    ],
)
def test_refused_from_nest(words, connections, error):
    with pytest.raises(ValueError, match=error):
        mp.from_nest_parameters(words, connections)


def test_values_that_are_not_numbers():
    with pytest.raises(TypeError, match=r'syn_spec\["weight"\] must be a number \(pA\)'):
        mp.from_nest_parameters(nodes(), [connection(weight="normal")])


def test_synapses_at_rest_are_what_they_are_here():
    net = mp.from_nest_parameters(nodes(), [connection(u=0.0, x=1.0, **TSODYKS)])
    assert net.projections[0].stp.U0 == 0.4


PLASTIC = mp.TsodyksMarkram(U0=0.3, U=0.2, tau_d=100, tau_f=500)
POP = {"model": "gif_pop_psc_exp"}


@pytest.mark.parametrize(
    ("network", "options", "error"),
    [
        (two_populations(tau_s=0), {}, '"E->I": tau_s must be > 0 ms and the same'),
        (two_populations(delay=0), {}, '"E->I": delay must be > 0 ms, got 0.0 ms'),
        (
            two_populations(delay=mp.DelayDistribution([1.0, 2.0], [0.5, 0.5])),
            {},
            '"E->I": delay must be the same for all synapses, got DelayDistribution',
        ),
        (
            two_populations(connectivity=mp.Bernoulli(self_connections=False)),
            {},
            r'"E->I": connectivity must be Bernoulli\(\), got Bernoulli\(self_connections=False\)',
        ),
        (two_populations(stp=PLASTIC), {}, '"E->I": U must be 0 or U0 = 0.3, got 0.2'),
        (
            two_populations(stp=attrs.evolve(PLASTIC, tau_d=0)),
            {},
            '"E->I": tau_d must be > 0 ms, got 0.0 ms',
        ),
        (two_populations(), POP, '"E": adaptation must be of the threshold, got Spike'),
        (mp.presets.load("lif-up-down"), POP, '"E->E": synapses must be static'),
        (
            attrs.evolve(mp.presets.load("lnp-up-down"), projections=()),
            {},
            '"E": neurons must be LIF or GIF, got LNP',
        ),
        (two_populations(), {"model": "gif_cond_exp"}, "unknown model 'gif_cond_exp'"),
        (two_populations(), {"C_m": 0}, "C_m must be > 0 pF"),
    ],
)
def test_refused_to_nest(network, options, error):
    with pytest.raises(ValueError, match=error):
        mp.to_nest_parameters(network, **options)


def test_drives_that_change_are_refused():
    net = mp.presets.load("lif-up-down")
    signal = mp.Steps([0.0], [10.0])
    net = attrs.evolve(net, populations=[attrs.evolve(net.populations[0], drive=signal)])
    with pytest.raises(ValueError, match='"E": drive must be constant, got Steps'):
        mp.to_nest_parameters(net)
