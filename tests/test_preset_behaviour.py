"""Published networks do what they are known for."""

import attrs
import numpy as np
import pytest

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


def test_bursts_recruit_most_of_the_network_and_depression_ends_them():
    experiment = mp.presets.experiment("tsodyks-uziel-markram")
    simulation = mp.Simulation(experiment.network, dt=0.1, seed=7, trials=2)
    simulation.run(1000.0, record=())
    result = simulation.run(10_000.0, record=("rate", "x", "spikes"), record_dt=1.0)
    events = experiment.events
    bursts = mp.analysis.population_spikes(
        result.rate["E"],
        dt=1.0,
        low=events.low,
        high=events.high,
        smooth=events.smooth,
    )
    # Every second or two, each over within 20 ms.
    assert 8 <= len(bursts) <= 24
    assert np.all(bursts.durations < 20)
    # Between them activity stays far below: there are no bursts of a part of the network.
    assert np.median(result.rate["E"]) < 10
    assert np.all(bursts.raw_amplitudes > 60)
    # A spike takes half of what a synapse holds, and most neurons fire: 40 percent go.
    before, after = (
        np.array([result.x["E->E"][i, round(t)] for i, t in zip(bursts.trials, times, strict=True)])
        for times in (bursts.onsets - 10, bursts.onsets + bursts.durations)
    )
    assert np.all(after < 0.75 * before)
    spikes = [
        train[(train["time"] > 1000 + onset - 5) & (train["time"] < 1000 + onset + 15)]["neuron"]
        for train, onset in (
            (result.spikes["E"][i], t) for i, t in zip(bursts.trials, bursts.onsets, strict=True)
        )
    ]
    participation = np.array([len(np.unique(neurons)) / 400 for neurons in spikes])
    assert participation.mean() > 0.75
    assert participation.min() > 0.5
    # Each neuron fires about once.
    assert np.mean([len(neurons) for neurons in spikes]) / 400 / participation.mean() < 1.5


def test_without_depression_there_are_no_bursts():
    # The same release per spike on average, but static: 0.116 of E->E, see the preset's report.
    network = mp.presets.load("tsodyks-uziel-markram")
    static = mp.Network(
        populations=network.populations,
        projections=[
            attrs.evolve(projection, stp=None, weight=release * projection.weight)
            for projection, release in zip(
                network.projections, (0.116, 0.225, 0.059, 0.221), strict=True
            )
        ],
    )
    simulation = mp.Simulation(static, dt=0.1, seed=7)
    simulation.run(1000.0, record=())
    rate = simulation.run(10_000.0, record=("rate",), record_dt=1.0).rate["E"]
    assert rate.max() < 60


# At scale 0.2 all neurons are connected, and the levels simulate the same network.
LEVELS = pytest.mark.parametrize(("level", "scale"), [("micro", 0.2), ("meso", 0.2), ("meso", 1.0)])


def remembering(background, level, scale, *, cue):
    network = mp.presets.load("mongillo-working-memory", background=background, scale=scale)
    if not cue:
        drive = network.population("nonselective").drive
        network = mp.Network(
            populations=[
                attrs.evolve(population, drive=drive)
                if population.name == "selective"
                else population
                for population in network.populations
            ],
            projections=network.projections,
        )
    return mp.simulate(
        network,
        9000.0,
        dt=0.1,
        level=level,
        seed=1,
        trials=TRIALS,
        record=("rate", "u"),
        record_dt=5.0,
    )


# Of so many trials, most show the behaviour; each does so in about nine of ten. At least half do
# with a probability of 1 - 2e-4 if it is eight of ten, and with 6e-3 if it is one of four.
TRIALS = 16


def peak(result, population, start, end):
    return result.rate[population][:, round(start / 5) : round(end / 5)].max(axis=1)


def most(shown):
    return np.count_nonzero(shown) >= TRIALS / 2


@LEVELS
def test_silent_memory_is_read_out_while_it_lasts(level, scale):
    result = remembering("silent", level, scale, cue=True)
    quiet = [peak(result, "selective", *w) < 15 for w in ((500, 2000), (2700, 3500), (4000, 9000))]
    answer = peak(result, "selective", 3500, 3800) > 100
    # Only the selective population answers.
    others = peak(result, "nonselective", 500, 9000) < 15
    # u decays with tau_f, while the neurons are as silent as before the cue.
    u = result.u["selective->selective"].T
    decays = (u[400] < 0.4) & (0.45 < u[700]) & (u[700] < 0.6) & (0.7 < u[475]) & (u[1500] < 0.4)
    assert most(np.all(quiet, axis=0) & answer & others & decays)


@LEVELS
def test_without_a_cue_there_is_nothing_to_read_out(level, scale):
    result = remembering("silent", level, scale, cue=False)
    silent = peak(result, "selective", 500, 9000) < 15
    assert most(silent & (result.u["selective->selective"].max(axis=1) < 0.4))


@LEVELS
def test_population_spikes_keep_the_memory(level, scale):
    result = remembering("spikes", level, scale, cue=True)
    kept = (peak(result, "selective", 500, 2000) < 15) & (
        result.u["selective->selective"][:, 600:].min(axis=1) > 0.5
    )
    assert most(kept & (result.rate["nonselective"][:, 600:].mean(axis=1) < 1))
    spikes = mp.analysis.population_spikes(
        result.rate["selective"][kept], dt=5.0, low=5.0, high=15.0, smooth=5.0
    )
    # From the end of the cue on, two to five per second.
    per_second = np.count_nonzero(spikes.onsets > 2700) / kept.sum() / 6.3
    assert 1.5 < per_second < 5
    without = remembering("spikes", level, scale, cue=False)
    assert most(peak(without, "selective", 500, 9000) < 20)
