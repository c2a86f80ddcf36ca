"""Published networks do what they are known for."""

import numpy as np

import mesopop as mp
from mesopop.presets.microcircuit import NAMES, RATES


def test_the_microcircuit_fires_at_the_rates_of_nest():
    network = mp.presets.load("microcircuit")
    simulation = mp.Simulation(network, dt=0.1, level="meso", seed=5, trials=8)
    simulation.run(500.0, record=())  # coupling sets in
    result = simulation.run(5000.0, record=("rate",), record_dt=10.0)
    for name, expected in zip(NAMES, RATES, strict=True):
        trials = result.rate[name].mean(axis=1)
        error = trials.std(ddof=1) / np.sqrt(len(trials))
        assert error < 0.01 * expected
        # The rates of NEST have a standard error of up to 0.5 % themselves.
        assert abs(trials.mean() - expected) < 4 * np.hypot(error, 0.005 * expected), name


def test_plasticity_keeps_the_working_point_of_the_microcircuit():
    network = mp.presets.load("microcircuit", synapses="plastic")
    simulation = mp.Simulation(network, dt=0.1, level="meso", seed=6, trials=2)
    simulation.run(2000.0, record=())
    result = simulation.run(3000.0, record=("rate", "x"), record_dt=10.0)
    for name, static in zip(NAMES, RATES, strict=True):
        assert abs(result.rate[name].mean() / static - 1) < 0.1, name
    # Depression is at work: the faster the source, the less is left.
    assert result.x["L5E->L5E"].mean() < result.x["L4E->L4E"].mean() < result.x["L6E->L6E"].mean()


def test_replay_on_the_ring_is_local_brief_and_travels():
    network = mp.presets.load("ring")
    result = mp.simulate(
        network, 10_000.0, dt=0.1, level="meso", seed=1, record=("rate",), record_dt=10.0
    )
    rate = np.array([result.rate[p.name] for p in network.populations])
    direction = np.exp(2j * np.pi * np.arange(100) / 100)
    total = rate.sum(axis=0)
    burst = rate.mean(axis=0) > 5.0
    # Silences separate bursts of a few percent of the time.
    assert 0.01 < burst.mean() < 0.3
    assert np.median(rate.mean(axis=0)) < 0.5
    # In a burst most of the activity is on one side of the ring.
    concentration = np.abs(direction @ rate)[burst] / total[burst]
    assert np.median(concentration) > 0.6
    # And it moves: some bursts sweep over more than a tenth of the ring.
    starts = np.flatnonzero(np.diff(burst.astype(int), prepend=0) == 1)
    ends = np.flatnonzero(np.diff(burst.astype(int), append=0) == -1)
    centre = np.angle(direction @ rate) / (2 * np.pi)
    sweeps = [
        np.ptp(np.unwrap(centre[a : b + 1], period=1.0)) for a, b in zip(starts, ends, strict=True)
    ]
    assert len(sweeps) >= 5
    assert max(sweeps) > 0.1
