"""LIF and GIF neurons whose hazard grows linearly far above threshold."""

import math

import attrs
import numpy as np
import pytest
from networks import (
    COHORTS,
    GIF,
    LIF,
    MICRO,
    MIXED,
    assert_same_bits,
    changed,
    isolated,
    meso,
    name_of,
    recorded,
)
from significance import Estimate, assert_within, mean_over_trials
from test_against_reference import EXACT, compare, gif

import mesopop as mp

DT = 0.5
SOFT = changed(LIF, escape="softplus", rate_at_threshold=40.0, delta_u=3.0)
ENGINES = [
    MICRO,
    COHORTS,
    *(meso(closure, "binomial", 0.0) for closure in ("second_order", "renewal")),
]


def recurrent(neuron, tau_s, probability=1.0):
    """Excitation by currents or jumps of the potential."""
    return mp.Network(
        populations=[mp.Population("E", size=80, neuron=neuron, drive=14.0)],
        projections=[
            mp.Projection(
                "E", "E", weight=1.2, probability=probability, tau_s=tau_s, delay=1, stp=MIXED
            )
        ],
    )


@pytest.mark.parametrize("tau_s", [0.0, 3.0])
@pytest.mark.parametrize("engine", ENGINES, ids=name_of)
def test_against_the_reference(engine, tau_s):
    compare(recurrent(SOFT, tau_s), 300.0, engine)


@pytest.mark.parametrize("tau_s", [0.0, 3.0])
def test_random_connections_against_the_reference(tau_s):
    compare(recurrent(SOFT, tau_s, probability=0.3), 300.0, MICRO)


@pytest.mark.parametrize("engine", EXACT, ids=name_of)
def test_adaptation_against_the_reference(engine):
    neuron = gif(*GIF.adaptation, escape="softplus", rate_at_threshold=40.0, delta_u=3.0)
    for initial in ("stationary", "synchronous"):
        compare(recurrent(neuron, 0.0), 200.0, engine, initial=initial)


def renewal_rate(neuron, drive):
    """Hz: survivor function by hand, on the time grid."""
    decay, survivors, interval, v = math.exp(-DT / neuron.tau_m), 1.0, 0.0, neuron.v_reset

    def hazard(v):
        y = (v - neuron.v_th) / neuron.delta_u
        return neuron.rate_at_threshold / 1000 * math.log2(1 + math.exp(y))

    for step in range(200_000):
        interval += survivors * DT
        if step >= round(neuron.t_ref / DT):
            after = decay * v + (1 - decay) * drive
            survivors *= math.exp(-(hazard(v) + hazard(after)) * DT / 2)
            v = after
    return 1000 / interval


@pytest.mark.parametrize("drive", [10.0, 20.0, 60.0])
@pytest.mark.parametrize(
    "engine", [MICRO, COHORTS, meso("renewal"), meso("second_order", "none")], ids=name_of
)
def test_rate_is_that_of_the_renewal_integral(engine, drive):
    result = mp.simulate(
        isolated(2000, drive, neuron=SOFT),
        4000.0,
        dt=DT,
        seed=2,
        trials=10,
        record=("rate",),
        record_dt=500.0,
        **engine,
    )
    expected = Estimate(renewal_rate(SOFT, drive))
    assert_within(mean_over_trials(result.rate["E"].mean(axis=1)), expected, 0.01)


def test_far_below_threshold_it_is_exponential():
    """log2(1 + e^y) = e^y/ln 2 (1 - e^y/2 ...)."""
    soft = changed(LIF, escape="softplus", rate_at_threshold=10.0 * math.log(2))
    rates = [
        mp.simulate(
            isolated(100, -10.0, neuron=neuron),
            200.0,
            dt=DT,
            record=("rate",),
            record_dt=200.0,
            **meso("renewal", "none"),
        ).rate["E"][0]
        for neuron in (soft, LIF)
    ]
    assert rates[0] == pytest.approx(rates[1], rel=3e-4)
    assert rates[0] < rates[1]


def test_pieces_and_threads_give_the_same_bits():
    network = recurrent(SOFT, 0.0, probability=0.3)
    whole = mp.simulate(network, 200.0, dt=DT, seed=1, trials=2, n_threads=2)
    simulation = mp.Simulation(network, dt=DT, seed=1, trials=2, n_threads=1)
    pieces = [recorded(simulation.run(duration)) for duration in (70.0, 130.0)]
    joined = {
        name: np.concatenate([piece[name] for piece in pieces], axis=-1) for name in pieces[0]
    }
    assert_same_bits(joined, recorded(whole))


def test_toml_and_errors(tmp_path):
    network = isolated(5, 10.0, neuron=SOFT)
    network.to_toml(tmp_path / "network.toml")
    assert mp.Network.from_toml(tmp_path / "network.toml") == network
    with pytest.raises(ValueError, match="softplus"):
        changed(LIF, escape="softpluss")
    adapting = attrs.evolve(GIF, escape="softplus")
    with pytest.raises(
        ValueError, match='ThresholdKernels need escape="exponential" or closure="renewal"'
    ):
        mp.Simulation(isolated(5, 10.0, neuron=adapting), dt=DT, **meso("second_order"))
    mp.Simulation(isolated(5, 10.0, neuron=adapting), dt=DT, **meso("renewal"))
