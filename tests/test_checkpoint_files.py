"""Files beside a checkpoint: lists of events, and networks that are large."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from long_runs import DURATION, Killed, Stop, found, make_reducers, recorded_file, start
from networks import MICRO, assert_same_bits

import mesopop as mp
from mesopop import reducers
from mesopop.checkpoint_file import CheckpointFile
from mesopop.event_log import EventLog, Extent

pytest.importorskip("h5netcdf")

DATA = Path(__file__).parent / "data"


def events_of(run):
    spikes = run.reduced["spikes"]
    return {name: getattr(spikes, name) for name in ("onsets", "widths", "released", "intervals")}


def with_spikes():
    spikes = reducers.PopulationSpikes("rate", "E", low=20, high=60, smooth=0, release="E->E")
    return {**make_reducers(), "spikes": spikes}


@pytest.fixture
def stopped(monkeypatch, tmp_path):
    """A run that was killed at its third checkpoint, before that was written."""
    monkeypatch.setattr("mesopop.checkpointed_run._BLOCK_VALUES", 1000)
    checkpoint = tmp_path / "run.checkpoint"

    def begin(duration=20_000.0, *, reverse=False):
        reduce = with_spikes()
        return mp.run_long(
            start(),
            duration,
            reduce=dict(reversed(reduce.items())) if reverse else reduce,
            record_dt=2.0,
            checkpoint=checkpoint,
            checkpoint_every=0.0,
        )

    with monkeypatch.context() as patch:
        Stop(patch, 30)
        with pytest.raises(Killed):
            begin()
    return checkpoint, begin


def test_events_are_beside_the_checkpoint_and_no_part_of_it(stopped):
    checkpoint, begin = stopped
    assert sorted(path.name for path in checkpoint.parent.iterdir()) == [
        "run.checkpoint",
        "run.checkpoint.events",
    ]
    early = checkpoint.stat().st_size
    events = checkpoint.with_name("run.checkpoint.events")
    short = events.stat().st_size
    run = begin()
    whole = mp.run_long(start(), 20_000.0, reduce=with_spikes(), record_dt=2.0)
    assert_same_bits(found(run), found(whole))
    assert_same_bits(events_of(run), events_of(whole))
    assert len(whole.reduced["spikes"]) > 50
    assert events.stat().st_size > short
    # What it holds besides is bounded: bins that wait for a whole segment or chunk.
    assert checkpoint.stat().st_size < early + 8 * (2 * 4096 + 100)
    # Nothing is left to do: they are read back.
    assert_same_bits(events_of(mp.resume(checkpoint)), events_of(whole))


def test_the_order_of_reducers_does_not_matter(stopped, monkeypatch):
    checkpoint, begin = stopped
    run = begin(22_000.0, reverse=True)
    again = begin(24_000.0)
    whole = mp.run_long(start(), 22_000.0, reduce=with_spikes(), record_dt=2.0)
    longer = mp.run_long(start(), 24_000.0, reduce=with_spikes(), record_dt=2.0)
    for found_now, expected in ((run, whole), (again, longer)):
        assert_same_bits(found(found_now), found(expected))
        assert_same_bits(events_of(found_now), events_of(expected))


def test_events_beyond_the_checkpoint_are_forgotten(stopped):
    checkpoint, begin = stopped
    with open(checkpoint.with_name("run.checkpoint.events"), "ab") as file:
        file.write(os.urandom(1000))
    run = begin()
    whole = mp.run_long(start(), 20_000.0, reduce=with_spikes(), record_dt=2.0)
    assert_same_bits(events_of(run), events_of(whole))


@pytest.mark.parametrize("damage", ["shorter", "other", "none"])
def test_events_of_another_run_are_refused(stopped, damage):
    checkpoint, begin = stopped
    events = checkpoint.with_name("run.checkpoint.events")
    whole = events.read_bytes()
    before = checkpoint.read_bytes()
    if damage == "none":
        events.unlink()
        with pytest.raises(FileNotFoundError, match=r"run\.checkpoint\.events"):
            begin()
    else:
        kept = whole[:100] if damage == "shorter" else whole[:30] + b"?" + whole[31:]
        events.write_bytes(kept)
        message = "some are missing" if damage == "shorter" else "some are others"
        with pytest.raises(ValueError, match=rf"run\.checkpoint\.events is damaged.*{message}"):
            begin()
    assert checkpoint.read_bytes() == before
    events.write_bytes(whole)
    assert begin().complete


def test_a_file_of_something_else_is_left_alone(tmp_path):
    other = tmp_path / "run.checkpoint.events"
    other.write_text("dear diary")
    with pytest.raises(FileExistsError, match="not a file of events"):
        mp.run_long(start(), 10.0, reduce=make_reducers(), checkpoint=tmp_path / "run.checkpoint")
    assert other.read_text() == "dear diary"


def test_two_processes_cannot_write_one_checkpoint(tmp_path):
    from mesopop.file_lock import FileLock

    checkpoint = tmp_path / "run.checkpoint"
    lock = FileLock(checkpoint)
    with pytest.raises(OSError, match=r"run\.checkpoint is being written by another process"):
        mp.run_long(start(), 10.0, reduce=make_reducers(), checkpoint=checkpoint)
    assert not checkpoint.exists()
    lock.release()
    assert mp.run_long(start(), 10.0, reduce=make_reducers(), checkpoint=checkpoint).complete
    assert not list(tmp_path.glob(".*"))


def test_a_reducer_can_be_used_after_the_run(tmp_path):
    checkpoint = tmp_path / "run.checkpoint"
    spikes, simulation = with_spikes()["spikes"], start()
    mp.run_long(
        simulation, 10_000.0, reduce={"spikes": spikes}, record_dt=2.0, checkpoint=checkpoint
    )
    before = checkpoint.with_name("run.checkpoint.events").read_bytes()
    for block in simulation.blocks(10_000.0, block=1000.0, record_dt=2.0):
        spikes.update(block)
    assert checkpoint.with_name("run.checkpoint.events").read_bytes() == before
    whole = mp.run_long(start(), 20_000.0, reduce=with_spikes(), record_dt=2.0)
    np.testing.assert_array_equal(spikes.result.widths, whole.reduced["spikes"].widths)
    # And in another run, which has all of them in its file.
    again = mp.run_long(
        simulation,
        5000.0,
        reduce={"spikes": spikes},
        record_dt=2.0,
        checkpoint=tmp_path / "another.checkpoint",
    )
    checkpoint.with_name("run.checkpoint.events").unlink()
    whole = mp.run_long(start(), 25_000.0, reduce=with_spikes(), record_dt=2.0)
    np.testing.assert_array_equal(again.reduced["spikes"].onsets, whole.reduced["spikes"].onsets)


def test_a_log_that_cannot_be_written_can_be_tried_again(tmp_path, monkeypatch):
    log = EventLog(tmp_path / "events")
    log.open()
    log.append(0, b"first")
    extent = log.commit()
    log.append(1, b"second")
    log.append(0, b"third")
    with monkeypatch.context() as patch:

        def half(descriptor, data, write=os.write):
            if len(data) < 10:
                raise OSError(28, "No space left on device")
            return write(descriptor, data[: len(data) // 2])

        patch.setattr("mesopop.atomic_file.os.write", half)
        with pytest.raises(OSError, match="No space"):
            log.commit()
    assert [b"".join(log.read(channel)) for channel in (0, 1)] == [b"firstthird", b"second"]
    # What the last checkpoint relied on is still there.
    assert list(EventLog(tmp_path / "events", extent).read(0)) == [b"first"]
    log.append(1, b"fourth")
    extent = log.commit()
    log.close()
    again = EventLog(tmp_path / "events", Extent(extent.size, extent.sha256))
    assert [b"".join(again.read(channel)) for channel in (0, 1)] == [b"firstthird", b"secondfourth"]


def test_lists_beyond_a_megabyte_are_on_the_disk(monkeypatch):
    from mesopop.reducers import EventList, event_list

    monkeypatch.setattr(event_list, "_MOST", 1000)
    dtype = np.dtype([("trial", np.int32), ("start", np.int64)])
    rng, events, expected = np.random.default_rng(2), EventList(dtype), []
    for _ in range(300):
        some = np.empty(rng.integers(0, 20), dtype)
        some["trial"], some["start"] = rng.integers(0, 3, len(some)), rng.integers(0, 10**9)
        events.extend(some)
        events.spill()
        expected.append(some)
        assert len(events._waiting) < 1000
    expected = np.sort(np.concatenate(expected), order=["trial", "start"])
    np.testing.assert_array_equal(events.values(), expected)


# --- Large networks ------------------------------------------------------------------------------


def connected(seed=1, size=300):
    rng = np.random.default_rng(seed)
    matrix = (rng.random((size, size)) < 0.2) * rng.normal(1.0, 0.1, (size, size))
    neuron = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
    return mp.Network(
        populations=[mp.Population("E", size=size, drive=9.0, neuron=neuron)],
        projections=[
            mp.Projection(
                "E",
                "E",
                weight=0.3,
                tau_s=3,
                delay=1,
                connectivity=mp.ExplicitConnections(matrix),
                stp=mp.TsodyksMarkram(U0=0.5, U=0.0, tau_d=400),
            )
        ],
    )


@pytest.fixture
def large_run(tmp_path, monkeypatch):
    monkeypatch.setattr("mesopop.checkpointed_run._BLOCK_VALUES", 60)
    paths = {"to": tmp_path / "run.nc", "checkpoint": tmp_path / "run.checkpoint"}

    def begin(network=None, duration=DURATION):
        simulation = start(network or connected(), MICRO)
        return mp.run_long(
            simulation, duration, record=["rate"], record_dt=2.0, checkpoint_every=0.0, **paths
        )

    return paths["checkpoint"], begin


def test_a_large_network_is_written_once(large_run, monkeypatch, tmp_path):
    checkpoint, begin = large_run
    network = checkpoint.with_name("run.checkpoint.network")
    with monkeypatch.context() as patch:
        Stop(patch, 5)
        with pytest.raises(Killed):
            begin()
    written = network.stat().st_mtime_ns, network.stat().st_ino
    assert network.stat().st_size > 300_000
    assert checkpoint.stat().st_size < 60_000
    run = mp.resume(checkpoint)
    assert run.complete
    assert (network.stat().st_mtime_ns, network.stat().st_ino) == written
    whole = start(connected(), MICRO).run(DURATION, record=["rate"], record_dt=2.0)
    read = recorded_file(tmp_path / "run.nc")
    np.testing.assert_array_equal(read["rate/E"], whole.rate["E"])
    loaded = mp.Simulation.load(checkpoint)
    assert loaded.network == connected()
    assert_same_bits(loaded.state(), run.simulation.state())
    # A saved simulation is one file.
    loaded.save(tmp_path / "saved")
    assert mp.Simulation.load(tmp_path / "saved").network == connected()


def test_another_large_network_is_refused(large_run):
    checkpoint, begin = large_run
    begin()
    with pytest.raises(ValueError, match="another network"):
        begin(connected(seed=2), duration=2 * DURATION)
    network = checkpoint.with_name("run.checkpoint.network")
    right = network.read_bytes()
    other = mp.Simulation(connected(seed=2), dt=0.5, seed=5)
    CheckpointFile(checkpoint, other).begin()
    with pytest.raises(ValueError, match=r"\.network does not hold the network of .*checkpoint"):
        mp.Simulation.load(checkpoint)
    network.unlink()
    with pytest.raises(FileNotFoundError, match=r"run\.checkpoint\.network"):
        begin(duration=2 * DURATION)
    network.write_bytes(right)
    assert begin(duration=2 * DURATION).complete


# --- Files of released formats -------------------------------------------------------------------


def test_a_long_run_of_the_first_format_goes_on(tmp_path):
    """It was killed on its way; what it had found is in a file of its own."""
    folder = tmp_path / "run"
    shutil.copytree(DATA / "long-run-format-1", folder)
    reached = mp.Simulation.load(folder / "run.checkpoint").time
    run = mp.resume(folder / "run.checkpoint")
    assert run.complete and run.time == 10_000.0 > reached
    spikes = run.reduced["spikes"]
    read = recorded_file(folder / "run.nc")
    assert read["t"][-1] == 10_000.0
    with np.load(folder / "expected.npz") as expected:
        events = len(expected["onsets"])
        assert events >= 10
        for name in ("onsets", "amplitudes", "released"):
            np.testing.assert_array_equal(getattr(spikes, name)[:events], expected[name])
        np.testing.assert_array_equal(read["rate/E"][: len(expected["rate"])], expected["rate"])
        assert len(expected["rate"]) == reached / 2.0


def write_long_run(folder, monkeypatch):
    """How the files of a format are made; not again once it is released."""
    monkeypatch.setattr("mesopop.checkpointed_run._BLOCK_VALUES", 5000)
    Stop(monkeypatch, 10)
    options = {"reduce": with_spikes(), "record": ["rate"], "record_dt": 2.0}
    with pytest.raises(Killed):
        mp.run_long(
            start(),
            10_000.0,
            **options,
            to=folder / "run.nc",
            checkpoint=folder / "run.checkpoint",
            checkpoint_every=0.0,
        )
    simulation, spikes = start(), with_spikes()["spikes"]
    result = simulation.run(mp.Simulation.load(folder / "run.checkpoint").time, record_dt=2.0)
    spikes.update(result)
    found = {name: getattr(spikes.result, name) for name in ("onsets", "amplitudes", "released")}
    np.savez(folder / "expected.npz", rate=result.rate["E"], **found)
