"""The renewal closure where its answer is known: single neurons, and sums over all neurons."""

import attrs
import numpy as np
import pytest
from networks import DEPRESSING, FACILITATING, GIF, LIF, MICRO, MIXED, changed, meso, recorded

import mesopop as mp

DT = 0.5


# --- Single neurons ------------------------------------------------------------------------------

CURRENTS = [
    mp.SpikeTriggeredCurrent(amplitude=4, tau=80),
    mp.SpikeTriggeredCurrent(amplitude=-1, tau=10),
]


def single_neurons():
    """Populations of one neuron each, that excite each other and themselves."""
    adapting = mp.GIF(**attrs.asdict(LIF), adaptation=CURRENTS)
    return mp.Network(
        populations=[
            mp.Population("A", size=1, neuron=LIF, drive=16.0),
            mp.Population("B", size=1, neuron=changed(LIF, t_ref=0.0), drive=14.0),
            mp.Population("C", size=1, neuron=adapting, drive=20.0),
        ],
        projections=[
            mp.Projection("A", "A", weight=5, tau_s=3, delay=1, stp=FACILITATING),
            mp.Projection("A", "B", weight=5, tau_s=3, stp=MIXED),
            mp.Projection("B", "A", weight=5, delay=2, stp=DEPRESSING),
            mp.Projection("B", "C", weight=-2, tau_s=10),
            mp.Projection("C", "A", weight=5, tau_s=3, delay=1, stp=MIXED),
        ],
    )


@pytest.mark.parametrize("bin_tolerance", [0.0, None])
@pytest.mark.parametrize("initial", ["rest", "synchronous"])
def test_single_neurons_fire_and_release_as_at_the_microscopic_level(initial, bin_tolerance):
    """A population of one draws its neuron's thresholds: the same spikes, not only the same law.

    What its cohort remembers of earlier spikes is what the neuron remembers.
    """
    network = single_neurons()
    micro, cohorts = (
        recorded(mp.simulate(network, 10_000.0, dt=DT, seed=1, trials=3, initial=initial, **engine))
        for engine in (MICRO, meso("renewal", "binomial", bin_tolerance))
    )
    for name in ("rate/A", "rate/B", "rate/C"):
        assert micro[name].mean() > 5
    assert micro.keys() == cohorts.keys()
    for name in micro:
        np.testing.assert_allclose(cohorts[name], micro[name], rtol=1e-9, atol=1e-9, err_msg=name)


# --- Populations ---------------------------------------------------------------------------------


def neurons_of(state, population, plasticities):
    """Numbers of neurons, and u and x of each plasticity, of all cohorts, awake or refractory."""
    where = f"population/{population}"
    bins = np.array([state[name] for name in state if name.startswith(f"{where}/bins/")])
    # u, x, their variances and covariance; then four covariances of each pair.
    moments = 5 * len(plasticities) + 2 * len(plasticities) * (len(plasticities) - 1)
    before = len(bins) - moments  # potential, hazard, birth, number, threshold, pull, traces
    traces = before - 6
    entries = state[f"{where}/refractory"].reshape(-1, 1 + traces + moments)
    # Spikes of step s are in entry s modulo their number, as they will be when they wake.
    last_step = state["step"][0] - 1
    spike_step = last_step - (last_step - np.arange(len(entries))) % len(entries)
    left = (spike_step + len(entries) - 1 - last_step) * DT
    variables = []
    for i, stp in enumerate(plasticities):
        waiting = entries[:, 1 + traces + 5 * i : 3 + traces + 5 * i].T
        rest = np.array([[stp.U0], [1.0]])
        tau = np.array([[stp.tau_f], [stp.tau_d]])
        now = rest + (waiting - rest) * np.exp(left / tau)
        variables.append(np.hstack([bins[before + 5 * i : before + 5 * i + 2], now]))
    return np.append(bins[3], entries[:, 0]), variables


# In the larger population a step has enough spikes for one binomial number per cohort.
SIZES = {"few": 60, "many": 60_000}


@pytest.mark.parametrize("bin_tolerance", [0.0, None])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("neuron", [LIF, GIF], ids=["LIF", "GIF"])
def test_neurons_and_their_mean_u_and_x_are_conserved_in_a_long_run(neuron, size, bin_tolerance):
    network = mp.Network(
        populations=[mp.Population("E", size=size, neuron=neuron, drive=17.0)],
        projections=[
            mp.Projection("E", "E", weight=100 / size, tau_s=3, delay=1, stp=MIXED),
            mp.Projection("E", "E", weight=10 / size, tau_s=90, stp=DEPRESSING, name="slow"),
        ],
    )
    simulation = mp.Simulation(network, dt=DT, seed=1, **meso("renewal", "binomial", bin_tolerance))
    for _ in range(10):
        result = simulation.run(1000.0)
        count, ((u, x), (u_slow, x_slow)) = neurons_of(simulation.state(), 0, [MIXED, DEPRESSING])
        assert np.all(count >= 0) and np.all(count == np.rint(count))
        assert count.sum() == size  # not one too many
        assert count @ u / size == pytest.approx(result.u["E->E"][-1], rel=1e-11)
        assert count @ x / size == pytest.approx(result.x["E->E"][-1], rel=1e-11)
        assert count @ u_slow / size == pytest.approx(result.u["slow"][-1], rel=1e-11)
        assert count @ x_slow / size == pytest.approx(result.x["slow"][-1], rel=1e-11)
    assert result.rate["E"].mean() > 5


@pytest.mark.parametrize("noise", ["binomial", "none"])
def test_what_is_released_is_what_is_depleted(noise):
    stp = mp.TsodyksMarkram(U0=0.1, U=0.05, tau_d=1e12, tau_f=100)
    network = mp.Network(
        populations=[mp.Population("E", size=50, neuron=LIF, drive=22.0)],
        projections=[mp.Projection("E", "E", weight=0.1, stp=stp)],
    )
    result = mp.simulate(network, 500.0, dt=DT, seed=1, **meso("renewal", noise))
    released = np.cumsum(result.release["E->E"]) * DT / 1000
    assert released[-1] > 0.5
    np.testing.assert_allclose(1 - result.x["E->E"], released, atol=1e-9)
