"""The same bits whatever the threads, blocks, pieces, instruction set and number of trials."""

import numpy as np
import pytest
from networks import MICRO, assert_same_bits, meso, recorded

import mesopop as mp
from mesopop import _core, engines, recording
from mesopop.compiled import compile_network

DT = 0.5
EVERYTHING = (*recording.DEFAULT_RECORD, "spikes")


def record_for(engine):
    return EVERYTHING if engine["level"] == "micro" else recording.DEFAULT_RECORD


def run(network, engine, duration=150.0, *, seed=5, trials=1, n_threads=1, **changes):
    return mp.simulate(
        network,
        duration,
        dt=DT,
        seed=seed,
        trials=trials,
        n_threads=n_threads,
        record=record_for(engine),
        **engine,
        **changes,
    )


def test_the_network_exercises_everything(zoo, law):
    result = run(zoo, law, 600.0)
    for name, rate in result.rate.items():
        assert rate.mean() > 2, f"{name} is silent"
    for label, x in result.x.items():
        assert x.min() < 0.95, f"{label} hardly depresses"


@pytest.mark.parametrize("trials", [1, 5])
def test_threads(zoo, engine, trials):
    one = recorded(run(zoo, engine, trials=trials))
    for n_threads in (2, 3, 7):
        assert_same_bits(recorded(run(zoo, engine, trials=trials, n_threads=n_threads)), one)


def test_a_trial_does_not_depend_on_the_number_of_trials(zoo, engine):
    few, many = recorded(run(zoo, engine, trials=2)), recorded(run(zoo, engine, trials=5))
    alone = recorded(run(zoo, engine))
    for name in few:
        if name == "t" or name.startswith("spikes/"):
            continue
        assert_same_bits({"": few[name]}, {"": many[name][:2].copy()})
        assert_same_bits({"": alone[name]}, {"": many[name][0].copy()})
    for name in (name for name in few if name.startswith("spikes/")):
        assert_same_bits({"": few[name]}, {"": many[name]})


def test_trials_differ(zoo, engine):
    # Also without finite-size noise: the drives are random.
    rate = run(zoo, engine, trials=5).rate["E"]
    assert len({trial.tobytes() for trial in rate}) == 5


@pytest.mark.parametrize("record_dt", [0.5, 2.0, 5.0])
def test_pieces_join_to_one_run(zoo, engine, record_dt):
    whole = run(zoo, engine, 120.0, trials=2, record_dt=record_dt)
    running = mp.Simulation(zoo, dt=DT, seed=5, trials=2, **engine)
    # 1000 / steps_per_bin bins would be one block: the pieces end elsewhere.
    pieces = [
        recorded(running.run(length, record_dt=record_dt, record=record_for(engine)))
        for length in (10.0, 40.0, 5.0, 65.0)
        if length % record_dt == 0
    ]
    rest = 120.0 - sum(piece["t"].size for piece in pieces) * record_dt
    if rest:
        pieces.append(recorded(running.run(rest, record_dt=record_dt, record=record_for(engine))))
    joined = {
        name: np.concatenate([piece[name] for piece in pieces], axis=-1) for name in pieces[0]
    }
    assert_same_bits(joined, recorded(whole))


def test_times_of_pieces_join():
    # Times that are not representable: 0.1 ms is no binary fraction.
    network = mp.presets.load("lnp-up-down")
    whole = mp.simulate(network, 30.0, dt=0.1, seed=1, level="meso", record=("rate",))
    running = mp.Simulation(network, dt=0.1, seed=1, level="meso")
    pieces = [running.run(0.3, record=("rate",)).t for _ in range(100)]
    assert_same_bits({"t": np.concatenate(pieces)}, {"t": whole.t})


@pytest.mark.parametrize("block_seconds", [0.0, 1e-4, 1e9])
def test_blocks(zoo, law, monkeypatch, block_seconds):
    # The first block has 1000 steps; then one bin each (0), some hundred, or all the rest.
    usual = recorded(run(zoo, law, 900.0, trials=2))
    monkeypatch.setattr(engines, "_BLOCK_SECONDS", block_seconds)
    assert_same_bits(recorded(run(zoo, law, 900.0, trials=2)), usual)


def test_instruction_sets(zoo, engine):
    description = compile_network(zoo, dt=DT).description
    bins, trials = 300, 2
    found = {}
    for name in _core.build_info()["instruction_sets"]:
        try:
            ensemble = _core.Ensemble(
                network=description,
                level=engine["level"],
                closure=engine.get("closure") or "second_order",
                noise=engine.get("noise") or "binomial",
                bin_tolerance=engine.get("bin_tolerance") or 0.0,
                cohorts=[engine.get("method") == "cohorts"] * len(description["populations"]),
                cohort_tolerance=0.0,
                key=(11, 12),
                trials=trials,
                instruction_set=name,
            )
        except ValueError as error:
            assert "cannot be executed" in str(error)
            continue
        populations, sets = len(description["populations"]), len(description["stp"])
        arrays = {
            quantity: np.full((channels, trials, bins), np.nan)
            for quantity, channels in (
                ("rate", populations),
                ("potential", populations),
                ("release", sets),
                ("u", sets),
                ("x", sets),
            )
        }
        completed, failure = ensemble.advance(
            first_bin=0,
            bins=bins,
            steps_per_bin=1,
            record_spikes=[False] * populations,
            neurons=[None] * populations,
            most_spikes=0,
            threads=1,
            **arrays,
        )
        assert (completed, failure) == (bins, None)
        # The complete state too: every potential, hazard and moment.
        found[name] = arrays | ensemble.state(1)
    assert "baseline" in found
    if len(found) == 1:
        pytest.skip("this processor executes the baseline only")
    for name in found:
        assert_same_bits(found[name], found["baseline"])


@pytest.mark.parametrize("engine", [MICRO, meso("renewal"), meso("second_order")])
def test_seeds(zoo, engine):
    def bits(seed):
        return run(zoo, engine, seed=seed).rate["E"].tobytes()

    root = np.random.SeedSequence(5)
    children = root.spawn(3)
    assert bits(5) == bits(5) == bits(np.random.SeedSequence(5)) == bits(root)
    different = [bits(seed) for seed in (5, 6, 2**70, *children)]
    assert len(set(different)) == len(different)
    again = np.random.SeedSequence(5).spawn(2)[1]
    assert bits(again) == bits(children[1])


def test_no_seed_draws_one_and_keeps_it(zoo):
    first, second = run(zoo, MICRO, seed=None), run(zoo, MICRO, seed=None)
    assert first.seed != second.seed
    assert_same_bits(recorded(run(zoo, MICRO, seed=first.seed)), recorded(first))


@pytest.mark.parametrize("entropy", [[1, 2, 3], 2**100])
def test_every_seed_sequence_is_taken_and_kept(zoo, entropy):
    sequence = np.random.SeedSequence(entropy, spawn_key=(4,))
    result = run(zoo, MICRO, seed=sequence)
    again = np.random.SeedSequence(result.seed, spawn_key=result.spawn_key)
    assert_same_bits(recorded(run(zoo, MICRO, seed=again)), recorded(result))
