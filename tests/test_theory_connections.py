"""Theory of connections and delays that differ between synapses, and what it refuses."""

import attrs
import numpy as np
import pytest
from networks import DEPRESSING, LIF

import mesopop as mp
from mesopop.theory import (
    bifurcation_diagram,
    envelope,
    fixed_points,
    linear_spectrum,
    phase_plane,
    release_in_train,
    stationary_synapses,
)

LNP = mp.LNP(10, transfer=mp.Softplus(2.0))
DELAYS, SHARES = [1.0, 4.0], [0.25, 0.75]


def network(neuron, *projections, drive=20.0):
    return mp.Network(
        populations=[mp.Population("E", size=100, neuron=neuron, drive=drive)],
        projections=list(projections),
    )


def recurrence(weight=-0.3, **options):
    return mp.Projection("E", "E", **{"weight": weight, "tau_s": 3.0, "stp": DEPRESSING, **options})


def distributed_and_parallel(neuron):
    """The same delays of the synapses of one projection, and of two that share the weight."""
    one = recurrence(delay=mp.DelayDistribution(DELAYS, SHARES))
    two = [
        recurrence(weight=-0.3 * share, delay=delay, name=f"delay {delay:g}")
        for delay, share in zip(DELAYS, SHARES, strict=True)
    ]
    return network(neuron, one), network(neuron, *two)


@pytest.mark.parametrize("neuron", [LIF, LNP], ids=["lif", "lnp"])
def test_delays_that_differ_are_parallel_projections(neuron):
    (one,), (two,) = map(fixed_points, distributed_and_parallel(neuron))
    assert one.rate == pytest.approx(two.rate, rel=1e-10)
    count = min(4, one.eigenvalues.size)
    assert count > 1
    assert one.eigenvalues[:count] == pytest.approx(two.eigenvalues[:count], rel=1e-7)


def test_spectra_with_delays_that_differ():
    frequency = np.array([1.0, 20.0, 80.0])
    one, two = (linear_spectrum(n, frequency) for n in distributed_and_parallel(LNP))
    assert one.rate["E"] == pytest.approx(two.rate["E"], rel=1e-9)


def test_connectivity_enters_by_its_mean():
    weights = np.random.default_rng(1).uniform(-0.6, 0.0, (100, 100))
    rule = mp.ExplicitConnections(weights)
    cases = [
        (recurrence(weight=1.0, connectivity=rule), recurrence(weight=weights.mean())),
        (
            recurrence(probability=0.5, connectivity=mp.Bernoulli(self_connections=False)),
            recurrence(probability=0.495),
        ),
        (
            recurrence(probability=0.5, connectivity=mp.FixedInDegree()),
            recurrence(probability=0.5),
        ),
    ]
    for given, mean in cases:
        (one,), (two,) = (fixed_points(network(LIF, p)) for p in (given, mean))
        assert one.rate == pytest.approx(two.rate, rel=1e-10)


PER_NEURON = attrs.evolve(DEPRESSING, U0=np.linspace(0.2, 0.6, 100))


@pytest.mark.parametrize(
    ("refused", "what"),
    [
        (network(LNP, recurrence(stp=PER_NEURON)), 'projection "E->E": U0 per neuron'),
        (
            network(LNP, recurrence(), drive=mp.PerNeuron(np.linspace(10, 20, 100))),
            'population "E": a drive PerNeuron',
        ),
    ],
)
def test_neurons_that_differ_are_refused(refused, what):
    message = f"{what} has no theory: in it all neurons of a population are alike"
    for theory in (
        fixed_points,
        phase_plane,
        lambda n: linear_spectrum(n, [1.0]),
        lambda n: bifurcation_diagram(n, "projections.E->E.weight", -1.0, 0.0),
        lambda n: envelope(n, "projections.E->E.weight", [-1.0], dt=0.5),
    ):
        with pytest.raises(ValueError, match=message):
            theory(refused)


def test_synapses_that_differ_are_refused():
    for theory in (
        lambda stp: stationary_synapses(10.0, stp),
        lambda stp: release_in_train(stp, 10.0, 3),
    ):
        with pytest.raises(ValueError, match="U0 per neuron has no theory"):
            theory(PER_NEURON)
