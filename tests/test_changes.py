"""Parameters that change while a simulation runs."""

import attrs
import numpy as np
import pytest
from networks import LIF, MIXED, assert_same_bits, changed, isolated, recorded

import mesopop as mp


def start(network, engine, **changes):
    return mp.Simulation(network, **{"dt": 0.5, "seed": 5, **engine, **changes})


def with_population(network, name, **changes):
    populations = [attrs.evolve(p, **changes) if p.name == name else p for p in network.populations]
    return attrs.evolve(network, populations=populations)


def with_projection(network, label, **changes):
    projections = [
        attrs.evolve(p, **changes) if p.label == label else p for p in network.projections
    ]
    return attrs.evolve(network, projections=projections)


def test_a_changed_drive_is_a_drive_with_a_step(law):
    # Exactly: the same numbers as if the step had been known in advance.
    before, after = isolated(61, 12.0), isolated(61, 15.0)
    step = isolated(61, mp.Steps([0, 100], [12.0, 15.0]))
    expected = recorded(start(step, law).run(250.0))
    running = start(before, law)
    first = running.run(100.0)
    running.change(after)
    second = running.run(150.0)
    joined = [recorded(first), recorded(second)]
    assert_same_bits({k: np.concatenate([p[k] for p in joined]) for k in expected}, expected)
    assert first.changes == ()
    assert second.changes == running.changes == (mp.Change(100.0, "E.drive", "12.0", "15.0"),)
    assert (first.network, second.network) == (before, after)
    assert "changed at 100 ms: E.drive 12.0 -> 15.0" in repr(second)


def test_a_change_to_the_same_changes_nothing(zoo, law):
    running = start(zoo, law)
    running.run(100.0)
    running.change(zoo)
    assert running.changes == ()
    second = recorded(running.run(50.0))
    expected = start(zoo, law)
    expected.run(100.0)
    assert_same_bits(second, recorded(expected.run(50.0)))


def test_spikes_under_way_keep_the_weight_that_they_were_sent_with(law):
    # One volley at t = 10 ms onto a silent population, 5 ms on its way.
    network = mp.Network(
        populations=[
            mp.Population("given", size=2, neuron=mp.SpikeTrains([[10.0], [10.0]])),
            mp.Population("E", size=10, neuron=changed(LIF, v_th=1000.0), drive=0.0),
        ],
        projections=[mp.Projection("given", "E", weight=1.0, delay=5.0)],
    )
    stronger = with_projection(network, "given->E", weight=3.0)
    for time, expected in ((9.0, 6.0), (12.0, 2.0)):
        running = start(network, law, initial="rest")
        running.run(time)
        running.change(stronger)
        potential = running.run(30.0).potential["E"]
        np.testing.assert_allclose(potential.max(), expected * np.exp(-0.5 / 20), rtol=1e-12)


def test_rates_weights_and_probabilities(zoo):
    network = with_population(zoo, "noise", neuron=mp.Poisson(0.0))
    network = with_projection(network, "E->L", weight=0.0, probability=0.5)
    running = start(zoo, {"level": "meso"}, trials=2)
    running.run(50.0)
    running.change(network)
    result = running.run(50.0)
    assert (result.rate["noise"] == 0).all()
    assert [change.parameter for change in result.changes] == [
        "noise.rate",
        "E->L.weight",
        "E->L.probability",
    ]
    micro = start(zoo, {"level": "micro"})
    with pytest.raises(ValueError, match='probability cannot change at level="micro"'):
        micro.change(network)
    assert micro.network == zoo


def test_changes_are_saved(zoo, tmp_path):
    running = start(zoo, {"level": "meso"})
    running.run(20.0)
    running.change(with_projection(zoo, "E->E", weight=0.5))
    running.run(20.0)
    running.change(with_population(running.network, "G", drive=(3.0, mp.Steps([0], [9.0]))))
    result = running.run(20.0)
    assert [str(change) for change in result.changes] == [
        "20 ms: E->E.weight 1.0 -> 0.5",
        "40 ms: G.drive 16.0 -> (3.0, Steps(times=[0.0], values=[9.0]))",
    ]
    result.save(tmp_path / "result.npz")
    assert mp.Result.load(tmp_path / "result.npz").changes == result.changes
    running.save(tmp_path / "simulation")
    copy = mp.Simulation.load(tmp_path / "simulation")
    assert copy.changes == running.changes
    assert copy.network == running.network
    assert_same_bits(recorded(copy.run(30.0)), recorded(running.run(30.0)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n: with_population(n, "E", size=62), 'population "E": size cannot change'),
        (
            lambda n: with_population(n, "E", neuron=changed(LIF, tau_m=21)),
            'population "E": tau_m cannot change while the network runs .* is 20.0, got 21.0',
        ),
        (
            lambda n: with_population(n, "X", neuron=mp.LNP(15, transfer=mp.Softplus(1.0))),
            'population "X": transfer cannot change',
        ),
        (
            lambda n: with_population(n, "L", neuron=changed(LIF, tau_m=21)),
            'population "L": neuron cannot change',
        ),
        (
            lambda n: with_population(n, "E", drive=(1.0, mp.Steps([0], [1.0]))),
            'population "E": drive must keep its OrnsteinUhlenbeck components in their places',
        ),
        (lambda n: with_projection(n, "E->E", delay=2), 'projection "E->E": delay cannot change'),
        (lambda n: with_projection(n, "E->E", tau_s=2), 'projection "E->E": tau_s cannot change'),
        (
            lambda n: with_projection(n, "E->E", stp=changed(MIXED, tau_d=301)),
            'projection "E->E": stp cannot change',
        ),
        (
            lambda n: attrs.evolve(n, projections=n.projections[1:]),
            "projections cannot be added, removed or reordered",
        ),
        (
            lambda n: attrs.evolve(n, populations=n.populations[::-1]),
            "populations cannot be added, removed or reordered",
        ),
        (
            lambda n: with_population(n, "G", drive=mp.Steps([0, 0.7], [1.0, 2.0])),
            "times of Steps must be a multiple of dt",
        ),
    ],
)
def test_what_the_state_depends_on_is_refused_by_name(zoo, change, message):
    running = start(zoo, {"level": "micro"})
    running.run(20.0)
    before = running.state()
    with pytest.raises(ValueError, match=message):
        running.change(change(zoo))
    assert running.network is zoo
    assert running.changes == ()
    assert_same_bits(running.state(), before)
    with pytest.raises(TypeError, match="network must be a Network"):
        running.change("stronger")


def test_processes_go_on_where_they_are():
    # A new constant beside it does not move an Ornstein-Uhlenbeck component.
    noise = mp.OrnsteinUhlenbeck(mean=2.0, std=3.0, tau=20.0)
    neuron = mp.LNP(10, transfer=mp.Softplus(2.0))
    before = isolated(10, (noise, 1.0), neuron=neuron)
    after = isolated(10, (4.0, noise), neuron=neuron)
    expected = isolated(10, (noise, mp.Steps([0, 50], [1.0, 4.0])), neuron=neuron)
    running = start(before, {"level": "meso"})
    running.run(50.0)
    running.change(after)
    whole = start(expected, {"level": "meso"}).run(100.0)
    found = running.run(50.0).potential["E"]
    np.testing.assert_allclose(found, whole.potential["E"][100:], rtol=1e-12)


def test_a_sampled_drive_that_has_run_out_is_refused_by_the_run():
    running = start(isolated(10, 12.0), {"level": "meso"})
    running.run(50.0)
    running.change(isolated(10, mp.Sampled(np.full(6, 12.0), interval=10)))
    running.run(10.0)
    with pytest.raises(ValueError, match="the Sampled signal ends at 60 ms"):
        running.run(10.0)


@pytest.mark.parametrize("tau_s", [0.0, 3.0])
def test_connections_are_those_of_the_seed_whenever_they_get_weight(tau_s):
    def network(weight):
        trains = mp.SpikeTrains([[10.0, 50.0] for _ in range(30)])
        synapse = {"weight": weight, "probability": 0.3, "tau_s": tau_s, "delay": 2.0}
        return mp.Network(
            populations=[
                mp.Population("given", size=30, neuron=trains),
                mp.Population("E", size=40, neuron=changed(LIF, v_th=1000.0), drive=0.0),
            ],
            projections=[mp.Projection("given", "E", **synapse)],
        )

    def start_with(weight):
        return mp.Simulation(network(weight), dt=0.5, seed=1, initial="rest", trials=2)

    def potentials(simulation, duration):
        result = simulation.run(
            duration, record=[mp.Neurons("E", range(40), quantities=["potential"])]
        )
        return result.neurons["E"].potential

    always, never, later, earlier = (start_with(weight) for weight in (0.5, 0.0, 0.0, 0.5))
    # The spikes of 10 ms arrive in full even if the weight vanishes before they do.
    before = [potentials(simulation, 11.0) for simulation in (always, never, later, earlier)]
    assert all((values == 0).all() for values in before)
    earlier.change(network(0.0))
    first = potentials(earlier, 30.0)
    assert np.array_equal(first, potentials(always, 30.0))
    assert len(np.unique(first[0, :, -1])) > 5
    assert (potentials(later, 30.0) == 0).all()
    later.change(network(0.5))
    last = potentials(later, 100.0)
    only_the_second = start_with(0.0)
    only_the_second.run(30.0)
    only_the_second.change(network(0.5))
    only_the_second.run(11.0)
    assert np.array_equal(last, potentials(only_the_second, 100.0))
    # Of all neurons the connections that they had before.
    counts = first[..., -1] / first[..., -1].max()
    np.testing.assert_allclose(last[..., -1] / last[..., -1].max(), counts, rtol=1e-12)
    assert (potentials(never, 130.0) == 0).all()
