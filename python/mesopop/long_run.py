"""Runs that are reduced or written to a file while they go on, and that survive whatever stops them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from os import PathLike
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import attrs
from attrs import frozen

from mesopop.archive import checksum, read_archive, write_archive
from mesopop.progress import progress_bar
from mesopop.recording import DEFAULT_RECORD, PER_POPULATION, Piece, is_recorded
from mesopop.recording_file import RecordingFile, require_h5netcdf
from mesopop.reducers import Reducer, reducer_from
from mesopop.result import Labelled, Result
from mesopop.simulation import Simulation
from mesopop.simulation_file import contents, part_of, restored
from mesopop.validation import require_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Values in memory at a time, of what is recorded and of the file.
_BLOCK_VALUES = 2**20
_PENDING_BYTES = 2**25
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


def run_long(
    simulation: Simulation,
    duration: float,
    *,
    reduce: Mapping[str, Reducer] | None = None,
    to: str | PathLike[str] | None = None,
    record: Sequence[str] | None = None,
    record_dt: float | None = None,
    checkpoint: str | PathLike[str] | None = None,
    checkpoint_every: float = 60.0,
    progress: bool = False,
) -> LongRun:
    """Simulate for `duration` ms in bounded memory.

    What is recorded is reduced while it is computed, or written to a file, or both; nothing of it
    is kept. With a checkpoint the run survives whatever stops it (Ctrl-C, a signal, a failure of
    power): the same call in a new process, with a simulation made in the same way, goes on from the
    checkpoint and gives the bits of a run that was never stopped. `resume` does so with nothing but
    the checkpoint.

    Parameters
    ----------
    simulation : Simulation
        Where the run starts. It is taken along to the end.
    duration : float
        ms, a multiple of the recording bin. If the checkpoint is of a shorter run, that is
        prolonged.
    reduce : mapping of str to Reducer, optional
        What to make of the recording; see `mesopop.reducers`.
    to : path, optional
        A ``.nc`` file (netCDF4, HDF5) to write the recording to; `Result.load`, xarray and others
        read it, also while the simulation runs. Needs ``pip install 'mesopop[stream]'``.
    record : sequence of str, optional
        What to write to it; default as in `Simulation.run`. (What reducers need is recorded
        anyway.)
    record_dt : float, optional
        Width of the recording bins, ms, a multiple of dt; default dt.
    checkpoint : path, optional
        A file that holds the complete state of simulation, reducers and recording.
        `Simulation.load` reads it too.
    checkpoint_every : float
        Seconds of elapsed (wall-clock) time, >= 0: so much is lost at most if the process is
        killed. Without a checkpoint the file `to` is brought up to date as often.
    progress : bool
        Show a progress bar on standard error, if that is a terminal.

    Returns
    -------
    LongRun
        If interrupted (Ctrl-C) it is marked incomplete; checkpoint and file hold what it does.

    Raises
    ------
    ValueError
        As `Simulation.run`; if there is neither a reducer nor a file; if the checkpoint is damaged,
        of a newer version, or of a run that differs: the error says in what.
    FileExistsError
        If the file `to` exists and no checkpoint says that it is of this run.
    ImportError
        If `to` is given and h5netcdf is not installed.
    OSError
        If the disk is full or a folder cannot be written to. Carries what was computed as the
        attribute ``result`` (a `LongRun`); the last checkpoint is intact.
    FloatingPointError
        As `Simulation.run`; its ``result`` is a `LongRun`.

    Examples
    --------
    >>> import mesopop as mp
    >>> simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, level="meso", seed=1)
    >>> rates = mp.reducers.Histogram("rate", "E", edges=[0, 10, 20, 30, 60])
    >>> run = mp.run_long(simulation, 20_000, reduce={"rates": rates}, record_dt=10)
    >>> run.reduced["rates"].counts
    array([ 471,   57,  236, 1083])
    """
    reducers = dict(reduce or {})
    if not reducers and to is None:
        raise ValueError("run_long keeps nothing: give it reduce= or to=, or use Simulation.run")
    for name, reducer in reducers.items():
        if not isinstance(reducer, Reducer):
            raise TypeError(f'reduce["{name}"] must be a Reducer, got {reducer!r}')
    if to is None and record is not None:
        raise ValueError("record says what to write to a file: it needs to=")
    written = () if to is None else tuple(DEFAULT_RECORD if record is None else record)
    needed = [quantity for reducer in reducers.values() for quantity, _ in reducer.series]
    piece = simulation._piece(duration, list(dict.fromkeys([*written, *needed])), record_dt)
    _require_labels(simulation, reducers)
    every = require_number("checkpoint_every", checkpoint_every, "s", ge=0)
    run = _Run(
        simulation=simulation,
        piece=piece,
        written=written,
        reducers=reducers,
        to=_nc(to),
        checkpoint=None if checkpoint is None else Path(checkpoint),
        every=every,
    )
    if run.checkpoint is not None and run.checkpoint.exists():
        run.go_on()
    elif run.to is not None and run.to.exists():
        raise FileExistsError(
            f"{run.to} exists, and there is no checkpoint to go on from: "
            "remove it, or choose another file"
        )
    return run.execute(progress)


def resume(
    checkpoint: str | PathLike[str],
    *,
    reduce: Mapping[str, Reducer] | None = None,
    n_threads: int | None = None,
    progress: bool = False,
) -> LongRun:
    """Go on with a run from its checkpoint, to its end.

    Parameters
    ----------
    checkpoint : path
        Of `run_long`.
    reduce : mapping of str to Reducer, optional
        Only needed if the run has reducers that are not of `mesopop.reducers`: all of its reducers,
        made as they were.
    n_threads : int, optional
        As in `Simulation`; results do not depend on it.
    progress : bool
        Show a progress bar on standard error, if that is a terminal.

    Returns
    -------
    LongRun
        Equal to that of a run that was never stopped. If the run was complete, it is returned as it
        was.

    Raises
    ------
    OSError
        If there is no such file, or as `run_long`.
    ValueError
        If it is damaged, of a newer version, or not a checkpoint of a long run.
    """
    path = Path(checkpoint)
    header, arrays = read_archive(path)
    if "long_run" not in header:
        raise ValueError(f"{path} is not the checkpoint of a long run")
    told = header["long_run"]
    reducers = dict(reduce or {})
    if not reducers:
        for name, (kind, settings) in told["reducers"].items():
            reducers[name] = reducer_from(kind, settings)
    simulation = restored(path, header, arrays, n_threads)
    run = _Run(
        simulation=simulation,
        piece=Piece(
            record=tuple(told["record"]),
            bins=told["bins"],
            steps_per_bin=told["steps_per_bin"],
            dt=simulation.dt,
        ),
        written=tuple(told["written"]),
        reducers=reducers,
        # As seen from the checkpoint, so that the two can be moved together.
        to=None if told["to"] is None else path.parent / told["to"],
        checkpoint=path,
        every=told["every"],
    )
    run.take_up(header, arrays)
    return run.execute(progress)


class _Run:
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
        self.counts: dict[str, int] = {}  # of the file, at the checkpoint
        self.unwritten: list[Result] = []
        if to is not None:
            require_h5netcdf()
        # What must be the same for a run to go on from a checkpoint.
        self.start = self._fingerprint() if checkpoint is not None else ""

    # --- Checkpoints -----------------------------------------------------------------------------

    def go_on(self) -> None:
        """Take the run to where its checkpoint is."""
        path = self.checkpoint
        assert path is not None
        header, arrays = read_archive(path)
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
            reducer.set_state(part_of(arrays, f"reducer/{name}/"))
        self.start, self.done, self.counts = told["start"], told["done"], told["counts"]
        self.elapsed = told["elapsed"]

    def save(self, complete: bool = False) -> None:
        """Bring the disk up to date: first the file, then the checkpoint that relies on it."""
        if self.file is not None:
            self.file.describe(self._empty(), complete=complete)
            self.file.commit()
            self.counts = self.file.counts
        self.unwritten.clear()
        if self.checkpoint is None:
            return
        header, arrays = contents(self.simulation)
        header["long_run"] = {
            "start": self.start,
            "done": self.done,
            "elapsed": self.elapsed + time.monotonic() - self.began,
            "counts": self.counts,
            "bins": self.piece.bins,
            "every": self.every,
            "reducers": self._kinds(),
            **self._told(),
        }
        for name, reducer in self.reducers.items():
            for key, values in reducer.state().items():
                arrays[f"reducer/{name}/{key}"] = values
        write_archive(self.checkpoint, header, arrays)

    def _told(self) -> dict[str, Any]:
        to = self.to
        if to is not None and self.checkpoint is not None:
            folder = self.checkpoint.resolve().parent
            to = to.resolve()
            to = to.relative_to(folder) if to.is_relative_to(folder) else to
        return {
            "record": list(self.piece.record),
            "written": list(self.written),
            "steps_per_bin": self.piece.steps_per_bin,
            "to": None if to is None else str(to),
        }

    def _kinds(self) -> dict[str, Any]:
        # Through lists, as JSON gives them back.
        return {name: [type(r).__name__, r.settings()] for name, r in self.reducers.items()}

    def _fingerprint(self) -> str:
        arrays = contents(self.simulation)[1]
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
                f"{path} is the checkpoint of a run that started from another state; "
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
                self.simulation._label,
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
            self.save(complete=self.done == self.piece.bins)
        except (OSError, FloatingPointError) as error:
            error.result = self._outcome()  # type: ignore[union-attr]
            raise
        finally:
            if self.file is not None:
                self.file.close()

    def _open(self) -> None:
        # A checkpoint before there is a file, so that no file is without one.
        if self.done == 0:
            self.save()
        if self.to is None:
            return
        if self.done == 0:
            self.file = RecordingFile.create(self.to, self.written, self._empty())
        else:
            self.file = RecordingFile.reopen(self.to, self.counts)
            self.file.describe(self._empty(), complete=False)
        self.file.commit()

    def _block(self, stopped: Callable[[], bool], due: float, bar: Any) -> None:
        network = self.simulation.network
        channels = (len(network.populations) + len(network.projections)) * len(self.piece.record)
        most = max(1, _BLOCK_VALUES // (channels * self.simulation.trials))
        until = min(due, time.monotonic() + _BLOCK_SECONDS)
        begun = False

        def pause() -> bool:
            nonlocal begun
            begun, first = True, not begun
            return not first and (stopped() or time.monotonic() >= until)

        piece = attrs.evolve(self.piece, bins=min(most, self.piece.bins - self.done))
        try:
            self._take(self.simulation._advance(piece, bar, pause))
        except FloatingPointError as error:
            # What came before is good, and the last thing that is.
            self._take(error.result)  # type: ignore[attr-defined]
            if self.file is not None:
                self.file.commit()
                self.unwritten.clear()
            raise

    def _take(self, result: Result) -> None:
        for reducer in self.reducers.values():
            reducer.update(result)
        if self.file is not None:
            self.unwritten.append(result)
            self.file.append(result)
        self.done += len(result.t)

    def _empty(self) -> Result:
        # What a result says of the simulation beside its arrays.
        return self.simulation._empty_result(self.piece)

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


def _require_labels(simulation: Simulation, reducers: Mapping[str, Reducer]) -> None:
    # Before anything runs, and in the words of the network.
    network = simulation.network
    for name, reducer in reducers.items():
        for quantity, label in reducer.series:
            owner = network.population if quantity in PER_POPULATION else network.projection
            owner(label)  # or the error names the nearest
            if not is_recorded(network, quantity, label):
                why = {
                    "potential": "its neurons have no potential",
                    "u": "the projection has no short-term plasticity",
                    "x": "the projection has no short-term plasticity",
                }
                raise ValueError(f'reduce["{name}"]: {quantity} of "{label}": {why[quantity]}')


def _nc(path: str | PathLike[str] | None) -> Path | None:
    if path is None:
        return None
    path = Path(path)
    if path.suffix != ".nc":
        raise ValueError(f"to must end in .nc, got {str(path)!r}")
    return path


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
