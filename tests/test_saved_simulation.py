"""Simulations in files: going on gives the bits of an uninterrupted run; bad files are refused."""

import errno
import json
import os
import zipfile
from pathlib import Path

import attrs
import numpy as np
import pytest
from networks import (
    DEPRESSING,
    FACILITATING,
    GIF,
    LIF,
    MICRO,
    MIXED,
    assert_same_bits,
    isolated,
    meso,
    recorded,
)

import mesopop as mp
from mesopop import archive, atomic_file
from mesopop.recording import DEFAULT_RECORD

# Long enough for bins to merge and leave, 5 tau_m + t_ref = 104 ms.
BEFORE, AFTER = 153.5, 120.0
OLD_FILE = Path(__file__).parent / "data" / "simulation-format-1.npz"
OLD_FILE_OF_SEVERAL_SETS = Path(__file__).parent / "data" / "simulation-format-1-several-sets.npz"


def start(network, engine, **changes):
    return mp.Simulation(network, **{"dt": 0.5, "seed": 5, **engine, **changes})


def proceed(running, engine):
    record = (*DEFAULT_RECORD, "spikes") if engine["level"] == "micro" else DEFAULT_RECORD
    return recorded(running.run(AFTER, record=record))


def reloaded(running, folder, **options):
    running.save(folder / "simulation")
    return mp.Simulation.load(folder / "simulation", **options)


def test_saved_and_continued_equals_uninterrupted(zoo, engine, tmp_path):
    original = start(zoo, engine)
    original.run(BEFORE)
    copy = reloaded(original, tmp_path)
    assert copy.time == BEFORE
    assert copy.network == original.network
    assert copy.settings == original.settings
    assert_same_bits(copy.state(), original.state())
    assert_same_bits(proceed(copy, engine), proceed(original, engine))


@pytest.mark.parametrize("engine", [MICRO, meso("renewal"), meso("second_order")])
@pytest.mark.parametrize("initial", ["stationary", "rest", "synchronous"])
def test_trials_threads_seeds_and_initial_states(zoo, engine, initial, tmp_path):
    seed = np.random.SeedSequence((1, 2**70), spawn_key=(3, 4), pool_size=8)
    original = start(zoo, engine, trials=3, seed=seed, initial=initial, n_threads=2)
    original.run(BEFORE)
    copy = reloaded(original, tmp_path, n_threads=1)
    result, expected = copy.run(AFTER), original.run(AFTER)
    assert_same_bits(recorded(result), recorded(expected))
    assert (result.seed, result.spawn_key) == (expected.seed, expected.spawn_key)


def test_a_history_of_its_own(tmp_path):
    engine = {**meso("renewal", bin_tolerance=0), "history": 200.0}
    original = start(isolated(50, 14.0), engine)
    original.run(BEFORE)
    assert_same_bits(proceed(reloaded(original, tmp_path), engine), proceed(original, engine))


def test_a_run_until_a_time_and_blocks_join_to_one_run(zoo):
    engine = meso("renewal")
    whole = recorded(start(zoo, engine).run(100.0, record_dt=2.0))
    running = start(zoo, engine)
    pieces = [running.run_until(36.0, record_dt=2.0)]
    pieces += running.blocks(64.0, block=10.0, record_dt=2.0)
    assert [len(piece.t) for piece in pieces] == [18, *[5] * 6, 2]
    arrays = [recorded(piece) for piece in pieces]
    joined = {name: np.concatenate([a[name] for a in arrays], axis=-1) for name in whole}
    assert_same_bits(joined, whole)
    for time in (100.0, 99.5, 0.0):
        with pytest.raises(ValueError, match="time must be > 100 ms, the time reached"):
            running.run_until(time)
    # Before the first block, not when it is asked for.
    with pytest.raises(ValueError, match="block must be a positive multiple of record_dt = 2 ms"):
        running.blocks(64.0, block=3.0, record_dt=2.0)


# --- Files ---------------------------------------------------------------------------------------


def make_old_file():
    """How the file was made. It must never be written again: later versions have to read it."""
    running = start(isolated(20, 14.0), meso("renewal"))
    running.run(BEFORE)
    running.save(OLD_FILE)


def test_files_of_the_first_format_are_read():
    running = mp.Simulation.load(OLD_FILE)
    assert running.time == BEFORE
    assert running.network == isolated(20, 14.0)
    assert running.settings.closure == "renewal"
    assert running.seed_sequence.entropy == 5
    with np.load(OLD_FILE) as file:
        expected = {name[8:]: file[name] for name in file.files if name.startswith("state/0/")}
    assert_same_bits(running.state(), expected)
    assert running.run(AFTER).complete


def test_covariances_between_sets_that_the_first_format_did_not_know_are_0():
    running = mp.Simulation.load(OLD_FILE_OF_SEVERAL_SETS)
    assert running.time == BEFORE
    assert running.network == several_sets()
    with np.load(OLD_FILE_OF_SEVERAL_SETS) as file:
        old = [
            {name[8:]: file[name] for name in file.files if name.startswith(f"state/{trial}/")}
            for trial in range(2)
        ]
    waiting = 0.0
    for trial in range(2):
        state = running.state(trial)
        added = state.keys() - old[trial].keys()
        # Of E one pair of sets, of G three; Q has no bins.
        expected = {f"population/0/bins/{6 + 10 + i}" for i in range(4)}
        expected |= {f"population/1/bins/{6 + 3 + 15 + i}" for i in range(12)}
        names = ("uu", "ux", "xu", "xx")
        expected |= {f"population/3/stp_pair/0/1/cov_{name}" for name in names}
        assert added == expected
        assert all((state[name] == 0).all() for name in added)
        for population, extra, columns in ((0, 10, 4), (1, 3 + 15, 12)):
            name = f"population/{population}/refractory"
            before, now = old[trial].pop(name), state.pop(name)
            now = now.reshape(-1, 1 + extra + columns)
            assert now[:, : 1 + extra].ravel().tobytes() == before.tobytes()
            waiting += now[:, 0].sum()
            assert (now[:, 1 + extra :] == 0).all()
        assert_same_bits({name: state[name] for name in old[trial]}, old[trial])
    assert waiting > 0
    assert running.run(AFTER).complete
    covariance = running.state(0)["population/3/stp_pair/0/1/cov_uu"]
    assert covariance > 0


def several_sets():
    """Populations of one, two and three sets, with and without age bins."""
    sets = {"E": (MIXED, FACILITATING), "G": (MIXED, DEPRESSING, FACILITATING), "P": (MIXED,)}
    sets["Q"] = (DEPRESSING, FACILITATING)
    return mp.Network(
        populations=[
            mp.Population("E", size=20, neuron=LIF, drive=25.0),
            mp.Population("G", size=15, neuron=GIF, drive=25.0),
            mp.Population("P", size=10, neuron=mp.Poisson(20.0)),
            mp.Population("Q", size=10, neuron=mp.Poisson(20.0)),
        ],
        projections=[
            mp.Projection(source, "E", weight=0.1, stp=stp, name=f"{source}{i}")
            for source, kinds in sets.items()
            for i, stp in enumerate(kinds)
        ],
    )


def make_old_file_of_several_sets():
    """As above, by a version that knew no covariances between the sets of a population."""
    running = start(several_sets(), meso("renewal"), trials=2)
    running.run(BEFORE)
    running.save(OLD_FILE_OF_SEVERAL_SETS)


@pytest.fixture
def saved(tmp_path):
    running = start(isolated(20, 14.0), MICRO)
    running.run(10.0)
    running.save(tmp_path / "saved.npz")
    return tmp_path / "saved.npz"


def test_a_truncated_file_is_refused_wherever_it_ends(saved):
    whole = saved.read_bytes()
    for size in np.linspace(0, len(whole) - 1, 60).astype(int):
        saved.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="saved.npz"):
            mp.Simulation.load(saved)


def test_a_damaged_file_is_refused_or_harmless(saved):
    # Some bytes of the archive mean nothing (times of its members, for instance).
    whole, intact = saved.read_bytes(), mp.Simulation.load(saved).state()
    refused = 0
    for position in range(0, len(whole), 97):
        damaged = bytearray(whole)
        damaged[position] ^= 0x10
        saved.write_bytes(damaged)
        try:
            state = mp.Simulation.load(saved).state()
        except ValueError as error:
            assert "saved.npz" in str(error)
            refused += 1
        else:
            assert_same_bits(state, intact)
    assert refused > 20


def test_a_value_that_was_changed_is_found_by_the_checksum(saved):
    with np.load(saved) as file:
        entries = dict(file)
    entries["state/0/population/0/potential"][3] += 1e-12
    np.savez(saved, **entries)
    with pytest.raises(ValueError, match="damaged: its checksum is wrong"):
        mp.Simulation.load(saved)


def test_a_newer_format_is_refused_by_its_number(saved):
    with np.load(saved) as file:
        entries = dict(file)
    header = json.loads(str(entries["header"]))
    header["format"] = 7
    header["versions"]["mesopop"] = "9.1"
    entries["header"] = np.array(json.dumps(header))
    np.savez(saved, **entries)
    with pytest.raises(ValueError, match=r"format 7, .* up to 2: it was written by mesopop 9.1"):
        mp.Simulation.load(saved)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "other.npz"
    mp.simulate(isolated(5, 10.0), 10, dt=0.5, seed=1).save(path)
    with pytest.raises(ValueError, match="other.npz is not a simulation file"):
        mp.Simulation.load(path)
    path.write_text("rate = 3")
    with pytest.raises(ValueError, match="other.npz is not a simulation file"):
        mp.Simulation.load(path)
    with pytest.raises(FileNotFoundError):
        mp.Simulation.load(tmp_path / "nowhere.npz")


def test_a_state_of_another_network_is_refused(saved):
    header, arrays = archive.read_archive(saved)
    header["network"]["populations"][0]["size"] = 21
    archive.write_archive(saved, header, arrays)
    with pytest.raises(ValueError, match="saved.npz holds a state that does not fit its network"):
        mp.Simulation.load(saved)


def test_nothing_is_pickled(saved):
    with zipfile.ZipFile(saved) as file:
        for name in file.namelist():
            with file.open(name) as member:
                np.lib.format.read_magic(member)
                assert not np.lib.format.read_array_header_1_0(member)[2].hasobject
    with pytest.raises(TypeError, match="thing must hold plain numbers, got dtype object"):
        archive.write_archive(saved, {}, {"thing": np.array([None])})


# --- Writing -------------------------------------------------------------------------------------


def test_a_full_disk_leaves_the_old_file_and_no_litter(saved, monkeypatch):
    before = saved.read_bytes()
    running = mp.Simulation.load(saved)
    running.run(10.0)

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic_file.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        running.save(saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["saved.npz"]
    monkeypatch.undo()
    running.save(saved)
    assert mp.Simulation.load(saved).time == 20.0


def test_a_folder_that_does_not_exist(saved):
    running = mp.Simulation.load(saved)
    with pytest.raises(FileNotFoundError):
        running.save(saved.parent / "nowhere" / "saved.npz")


def test_a_simulation_that_failed_is_not_saved(tmp_path):
    network = mp.Network(
        populations=[
            mp.Population("E", size=33, neuron=mp.LNP(10, transfer=mp.Softplus(2.0)), drive=20.0)
        ],
        projections=[mp.Projection("E", "E", weight=1e307)],
    )
    running = mp.Simulation(network, dt=0.5, seed=1, level="meso")
    with pytest.raises(FloatingPointError):
        running.run(500.0)
    with pytest.raises(RuntimeError, match="stopped and cannot go on"):
        running.save(tmp_path / "failed")
    assert not list(tmp_path.iterdir())


def test_connections_and_methods_by_population(tmp_path):
    rng = np.random.default_rng(3)
    matrix = (rng.random((40, 40)) < 0.2) * rng.uniform(0.5, 1.5, (40, 40))
    lif = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
    network = mp.Network(
        populations=[
            mp.Population(
                "E", size=40, drive=(12.0, mp.PerNeuron(rng.normal(0, 2, 40))), neuron=lif
            ),
            mp.Population("I", size=30, drive=14.0, neuron=lif),
        ],
        projections=[
            mp.Projection(
                "E", "E", weight=0.5, delay=1, connectivity=mp.ExplicitConnections(matrix)
            ),
            mp.Projection("I", "E", weight=-0.5, delay=1, probability=0.3, tau_s=3),
            mp.Projection(
                "I",
                "E",
                weight=-0.2,
                probability=0.2,
                connectivity=mp.FixedInDegree(),
                delay=mp.DelayDistribution([1.0, 2.0], [0.5, 0.5]),
                name="late",
            ),
            mp.Projection("E", "I", weight=0.3, delay=1),
        ],
    )
    method = {"E": "neurons", "I": "cohorts"}
    running = mp.Simulation(network, dt=0.5, method=method, cohort_tolerance=0.1, seed=7, trials=2)
    running.run(100.0)
    running.save(tmp_path / "simulation")
    copy = mp.Simulation.load(tmp_path / "simulation")
    assert copy.settings == running.settings
    assert copy.settings.method == method
    assert copy.network == network
    assert_same_bits(recorded(copy.run(100.0)), recorded(running.run(100.0)))
    # New weights and drives act on the connections that were drawn.
    for simulation in (copy, running):
        drive = (13.0, mp.PerNeuron(np.arange(40.0) / 20))
        populations = [attrs.evolve(network.populations[0], drive=drive), network.populations[1]]
        simulation.change(attrs.evolve(network, populations=populations))
    copy.save(tmp_path / "simulation")
    again = mp.Simulation.load(tmp_path / "simulation")
    assert_same_bits(recorded(again.run(100.0)), recorded(running.run(100.0)))
    with pytest.raises(ValueError, match='"I->E": probability cannot change at level="micro"'):
        changed = attrs.evolve(network.projections[1], probability=0.4)
        projections = [network.projections[0], changed, *network.projections[2:]]
        running.change(attrs.evolve(running.network, projections=projections))
    plain = attrs.evolve(network.populations[0], drive=12.0)
    with pytest.raises(ValueError, match="be PerNeuron or not as before"):
        running.change(attrs.evolve(network, populations=[plain, network.populations[1]]))
    with pytest.raises(ValueError, match="method must name every population, E, I, got E"):
        mp.Simulation(network, dt=0.5, method={"E": "neurons"})
