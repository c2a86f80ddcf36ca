"""The renewal closure in networks: adapting neurons with plastic synapses, and two populations.

Standard errors are over trials; bounds are what the accuracy page promises.
"""

import pytest
from networks import LIF, MICRO, changed, meso
from significance import assert_within, mean_over_trials
from test_fidelity import SYNAPSES, release_statistics

import mesopop as mp
from workloads import ADAPTING, adapting


@pytest.mark.parametrize("kernel", ["strong current", "fast threshold"])
def test_mean_release_of_adapting_neurons(kernel):
    arguments = {"size": 200, "dt": 0.5, "duration": 40_000.0}
    arguments["drive"] = ADAPTING[kernel][1]
    neuron = adapting(ADAPTING[kernel][0])
    micro = release_statistics(neuron, MICRO, **arguments)
    renewal = release_statistics(neuron, meso("renewal"), **arguments)
    second = release_statistics(neuron, meso("second_order"), **arguments)
    for synapse in SYNAPSES:
        assert_within(renewal[synapse][0], micro[synapse][0], 0.01)
        # The neurons that fire are taken as a random sample: 5 % and more too low.
        with pytest.raises(AssertionError, match="off"):
            assert_within(second[synapse][0], micro[synapse][0], 0.01)


def test_rates_and_releases_of_excitatory_and_inhibitory_neurons():
    """Depressing excitation, facilitating onto inhibitory neurons: an asynchronous network."""
    onto_e = mp.TsodyksMarkram(U0=0.4, U=0.4, tau_d=300, tau_f=20)
    onto_i = mp.TsodyksMarkram(U0=0.15, U=0.15, tau_d=100, tau_f=600)
    fast = changed(LIF, tau_m=10.0, t_ref=2.0)
    network = mp.Network(
        populations=[
            mp.Population("E", size=400, neuron=LIF, drive=15.0),
            mp.Population("I", size=100, neuron=fast, drive=13.0),
        ],
        projections=[
            mp.Projection("E", "E", weight=0.12, tau_s=3, delay=1, stp=onto_e),
            mp.Projection("E", "I", weight=0.2, tau_s=3, delay=1, stp=onto_i),
            mp.Projection("I", "E", weight=-0.15, tau_s=6, delay=1),
            mp.Projection("I", "I", weight=-0.1, tau_s=6, delay=1),
        ],
    )

    def means(engine, seed):
        result = mp.simulate(
            network,
            22_000.0,
            dt=0.5,
            seed=seed,
            trials=20,
            record=("rate", "release"),
            record_dt=1000.0,
            **engine,
        )
        series = {**result.rate, **result.release}
        return {name: mean_over_trials(x[:, 2:].mean(axis=1)) for name, x in series.items()}

    micro, renewal = means(MICRO, 1), means(meso("renewal"), 2)
    assert micro["E"].value > 2 and micro["I"].value > 2
    for name in ("E", "I", "E->E", "E->I"):
        assert_within(renewal[name], micro[name], 0.01)
