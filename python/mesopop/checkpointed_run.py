"""A run that reduces or writes what it records, block by block, and goes on from its checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import attrs
from attrs import frozen

from mesopop.archive import checksum, without_slashes
from mesopop.checkpoint_file import CheckpointFile, read_checkpoint
from mesopop.event_log import EventLog, Extent
from mesopop.file_lock import FileLock
from mesopop.labelled import Labelled
from mesopop.progress import progress_bar
from mesopop.recording import Piece
from mesopop.recording_file import RecordingFile, require_h5netcdf
from mesopop.reducers import EventList, Reducer
from mesopop.result import Result
from mesopop.simulation import Simulation
from mesopop.simulation_file import contents, part_of, state_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Values in memory at a time, of what is recorded and of the file.
_BLOCK_VALUES = 2**20
_PENDING_BYTES = 2**25
_PENDING_EVENTS = 2**20  # bytes
# Seconds after which a block is dealt with, full or not.
_BLOCK_SECONDS = 1.0


@frozen(kw_only=True, eq=False)
class LongRun:
    """What a long run gave.

    Attributes
    ----------
    simulation : Simulation
        As the run left it, to go on with.
    time : float
        Biological time reached, ms.
    complete : bool
        False if it stopped before its end.
    reduced : dict
        What the reducers found, by their names.
    seconds : float
        Elapsed time that it took, all its processes together (up to their last checkpoints).
    to : Path or None
        The file that was written.
    unwritten : tuple of Result
        What could not be written to it any more, because the disk is full for instance.

    Examples
    --------
    >>> import mesopop as mp
    >>> simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, level="meso", seed=1)
    >>> moments = mp.reducers.Moments([("rate", "E")])
    >>> run = mp.run_long(simulation, 20_000, reduce={"moments": moments}, record_dt=10)
    >>> run.complete, run.time
    (True, 20000.0)
    >>> run.reduced["moments"].mean.round(3)
    array([32.33])
    """

    simulation: Simulation
    time: float
    complete: bool
    reduced: dict[str, Any]
    seconds: float
    to: Path | None
    unwritten: tuple[Result, ...] = ()

    def __repr__(self) -> str:
        end = "" if self.complete else " (incomplete)"
        lines = [f"Long run to {self.time / 1000:g} s{end}"]
        if self.to is not None:
            lines.append(f"  written to {self.to}")
        for name, found in self.reduced.items():
            lines += [f"  {name}:", *(f"    {line}" for line in repr(found).splitlines())]
        return "\n".join(lines)


class CheckpointedRun:
    """A run under way: simulation, reducers and file, and how far they are."""

    def __init__(
        self,
        *,
        simulation: Simulation,
        piece: Piece,
        written: tuple[str, ...],
        reducers: dict[str, Reducer],
        to: Path | None,
        checkpoint: Path | None,
        every: float,
    ) -> None:
        self.simulation = simulation
        self.piece = piece
        self.written = written
        self.reducers = reducers
        self.to = to
        self.checkpoint = checkpoint
        self.every = every
        self.done = 0  # bins
        self.elapsed, self.began = 0.0, time.monotonic()  # s, of earlier processes; of this one
        self.file: RecordingFile | None = None
        self.log: EventLog | None = None
        self.channels: list[tuple[str, str]] = []  # of it: reducer and list
        self.counts: dict[str, int] = {}  # of the file, at the checkpoint
        self.unwritten: list[Result] = []
        self.lock: FileLock | None = None
        if to is not None:
            require_h5netcdf()
        self._saving = None if checkpoint is None else CheckpointFile(checkpoint, simulation)
        # What must be the same for a run to go on from a checkpoint.
        self.start = self._fingerprint() if checkpoint is not None else ""

    # --- Checkpoints -----------------------------------------------------------------------------

    def go_on(self) -> None:
        """Take the run to where its checkpoint is."""
        path = self.checkpoint
        assert path is not None
        header, arrays = read_checkpoint(path)
        if "long_run" not in header:
            raise ValueError(f"{path} exists and is not the checkpoint of a long run")
        self._require_same(path, header)
        for trial in range(self.simulation.trials):
            self.simulation.set_state(part_of(arrays, f"state/{trial}/"), trial)
        self.take_up(header, arrays)

    def take_up(self, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        """Take over what a checkpoint holds beside the simulation."""
        told = header["long_run"]
        if self._kinds() != told["reducers"]:
            raise ValueError(
                f"reduce differs from that of {self.checkpoint}: it was {told['reducers']}, "
                f"got {self._kinds()}"
            )
        for name, reducer in self.reducers.items():
            reducer.set_state(part_of(arrays, f"reducer/{without_slashes(name)}/"))
        if told["events"] is not None:
            assert self.checkpoint is not None
            self.log = EventLog(_events(self.checkpoint), Extent(**told["events"]["extent"]))
            lists = self._lists()
            self.channels = [(name, part) for name, part in told["events"]["lists"]]
            for channel, key in enumerate(self.channels):
                lists[key].take_log(self.log, channel)
        self.start, self.done, self.counts = told["start"], told["done"], told["counts"]
        self.elapsed = told["elapsed"]

    def save(self, complete: bool = False) -> None:
        """Bring the disk up to date: first the files, then the checkpoint that relies on them."""
        if self.file is not None:
            self.file.mark(complete=complete)
            self.file.commit()
            self.counts = self.file.counts
        self.unwritten.clear()
        if self._saving is None:
            return
        events = None
        if self.log is not None:
            events = {"lists": self.channels, "extent": attrs.asdict(self.log.commit())}
        told = {
            "start": self.start,
            "done": self.done,
            "elapsed": self.elapsed + time.monotonic() - self.began,
            "counts": self.counts,
            "events": events,
            "bins": self.piece.bins,
            "every": self.every,
            "reducers": self._kinds(),
            **self._told(),
        }
        arrays = {
            f"reducer/{without_slashes(name)}/{key}": values
            for name, reducer in self.reducers.items()
            for key, values in reducer.bounded_state().items()
        }
        self._saving.write({"long_run": told}, arrays)

    def _lists(self) -> dict[tuple[str, str], EventList]:
        return {
            (name, part): events
            for name, reducer in self.reducers.items()
            for part, events in reducer.lists().items()
        }

    def _told(self) -> dict[str, Any]:
        to = self.to
        if to is not None and self.checkpoint is not None:
            folder = self.checkpoint.resolve().parent
            to = to.resolve()
            to = to.relative_to(folder) if to.is_relative_to(folder) else to
        return {
            "record": sorted(self.piece.record),
            "written": list(self.written),
            "neurons": [
                [neurons.population, neurons.index.tolist(), neurons.quantities]
                for neurons in self.piece.chosen
            ],
            "steps_per_bin": self.piece.steps_per_bin,
            "to": None if to is None else str(to),
        }

    def _kinds(self) -> dict[str, Any]:
        # Through lists, as JSON gives them back.
        return {name: [type(r).__name__, r.settings()] for name, r in self.reducers.items()}

    def _fingerprint(self) -> str:
        arrays = state_arrays(self.simulation)
        for name, reducer in self.reducers.items():
            for key, values in reducer.state().items():
                arrays[f"reducer/{name}/{key}"] = values
        return checksum(arrays)

    def _require_same(self, path: Path, header: dict[str, Any]) -> None:
        told, own = header["long_run"], contents(self.simulation)[0]
        names = ("network", "settings", "dt", "history", "trials", "seed", "spawn_key", "changes")
        pairs = [(name, header[name], own[name]) for name in names]
        pairs += [(name, told[name], value) for name, value in self._told().items()]
        for name, before, now in pairs:
            if _plain(before) != _plain(now):
                detail = "" if name == "network" else f": it was {before!r}, got {now!r}"
                raise ValueError(
                    f"{path} is the checkpoint of a run with another {name}{detail}; "
                    "remove it to start anew, or go on with mesopop.resume"
                )
        if told["start"] != self.start:
            raise ValueError(
                f"{path} is the checkpoint of a run that started from another state of the "
                "simulation or of the reducers; "
                "remove it to start anew, or go on with mesopop.resume"
            )
        if told["done"] > self.piece.bins:
            raise ValueError(
                f"duration must be >= {told['done'] * self.piece.record_dt:g} ms, which the run "
                f"of {path} has reached, got {self.piece.duration:g} ms"
            )

    # --- Running ---------------------------------------------------------------------------------

    def execute(self, progress: bool) -> LongRun:
        """Run to the end, or until Ctrl-C."""
        self.began = time.monotonic()
        if self.done == self.piece.bins:
            return self._outcome()
        stop = Event()
        with (
            progress_bar(
                self.simulation.course.label,
                self.piece.duration,
                progress,
                self.done * self.piece.record_dt,
            ) as bar,
            ThreadPoolExecutor(1) as pool,
        ):
            # Not in the main thread: there Ctrl-C could come between any two statements, and find
            # the recording in a reducer and not in the file.
            working = pool.submit(self._work, stop.is_set, bar)
            try:
                while not working.done():
                    try:
                        wait([working])
                    except KeyboardInterrupt:
                        stop.set()
            finally:
                stop.set()
            working.result()
        return self._outcome()

    def _work(self, stopped: Callable[[], bool], bar: Any) -> None:
        try:
            self._open()
            saved = time.monotonic()
            while self.done < self.piece.bins and not stopped():
                due = saved + self.every
                self._block(stopped, due, bar)
                if time.monotonic() >= due:
                    self.save()
                    saved = time.monotonic()
                elif self.file is not None and self.file.pending > _PENDING_BYTES:
                    # The checkpoint can do with a file that is longer.
                    self.file.commit()
                    self.unwritten.clear()
                if self.log is not None and self.log.pending > _PENDING_EVENTS:
                    self.log.flush()
            self.save(complete=self.done == self.piece.bins)
        except Exception as error:
            # Also one of a reducer of the user, which may then know no result.
            with suppress(Exception):
                error.result = self._outcome()  # type: ignore[attr-defined]
            raise
        finally:
            self._close()

    def _open(self) -> None:
        if self._saving is not None:
            self.lock = FileLock(self._saving.path)
            lists = self._lists()
            if lists and self.log is None:
                self.log = EventLog(_events(self._saving.path))
                self.channels = list(lists)
                for channel, key in enumerate(self.channels):
                    lists[key].begin_log(self.log, channel)
            if self.log is not None:
                self.log.open()
            # A checkpoint before there is a recording, so that none is without one.
            if self.done == 0:
                self._saving.begin()
                self.save()
        if self.to is None:
            return
        if self.done == 0:
            # What a result says of the simulation beside its arrays.
            like = self.simulation.course.empty_result(self.piece)
            self.file = RecordingFile.create(self.to, self.written, self.piece.chosen, like)
        else:
            self.file = RecordingFile.reopen(self.to, self.counts)
            self.file.mark(complete=False)
        self.file.commit()

    def _close(self) -> None:
        with ExitStack() as stack:  # whichever fails
            if self.lock is not None:
                stack.callback(self.lock.release)
            if self.log is not None:
                stack.callback(self.log.close)
                for events in self._lists().values():
                    events.leave_log()
            if self.file is not None:
                self.file.close()

    def _block(self, stopped: Callable[[], bool], due: float, bar: Any) -> None:
        of_a_bin = self.simulation.course.engines.recording(attrs.evolve(self.piece, bins=1)).memory
        most = max(1, 8 * _BLOCK_VALUES // max(1, of_a_bin))
        until = min(due, time.monotonic() + _BLOCK_SECONDS)
        begun = False

        def pause() -> bool:
            nonlocal begun
            begun, first = True, not begun
            return not first and (stopped() or time.monotonic() >= until)

        piece = attrs.evolve(self.piece, bins=min(most, self.piece.bins - self.done))
        try:
            result = self.simulation.course.advance(piece, bar, pause)
        except (FloatingPointError, MemoryError) as error:
            # What came before is good, and the last thing that is.
            if hasattr(error, "result"):
                self._take(error.result)
                if self.file is not None:
                    self.file.commit()
                    self.unwritten.clear()
            raise
        self._take(result)

    def _take(self, result: Result) -> None:
        if self.file is not None:
            self.unwritten.append(result)
            self.file.append(result)
        failure: Exception | None = None
        for reducer in self.reducers.values():
            try:
                reducer.update(result)
            except Exception as error:  # the others are to have the block nevertheless
                failure = error
        self.done += len(result.t)
        if failure is not None:
            raise failure

    def _outcome(self) -> LongRun:
        found = {name: r.result for name, r in self.reducers.items() if r.bins}
        return LongRun(
            simulation=self.simulation,
            time=self.simulation.time,
            complete=self.done == self.piece.bins,
            reduced=Labelled(found),
            seconds=self.elapsed + time.monotonic() - self.began,
            to=self.to,
            unwritten=tuple(self.unwritten),
        )


def _events(checkpoint: Path) -> Path:
    return checkpoint.with_name(f"{checkpoint.name}.events")


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
