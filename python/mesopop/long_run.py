"""Runs that are reduced or written to a file while they go on, and that survive whatever stops them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

from mesopop.checkpoint_file import read_checkpoint
from mesopop.checkpointed_run import CheckpointedRun, LongRun
from mesopop.neuron_recording import Neurons
from mesopop.recording import DEFAULT_RECORD, PER_POPULATION, Piece, is_recorded
from mesopop.reducers import Reducer, reducer_from
from mesopop.simulation import Simulation
from mesopop.simulation_file import restored
from mesopop.validation import require_number


def run_long(
    simulation: Simulation,
    duration: float,
    *,
    reduce: Mapping[str, Reducer] | None = None,
    to: str | PathLike[str] | None = None,
    record: Sequence[str | Neurons] | None = None,
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
    record : sequence of str or Neurons, optional
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
    if not isinstance(simulation, Simulation):
        raise TypeError(f"simulation must be a Simulation, got {simulation!r}")
    reducers = _checked(reduce)
    if not reducers and to is None:
        raise ValueError("run_long keeps nothing: give it reduce= or to=, or use Simulation.run")
    if to is None and record is not None:
        raise ValueError("record says what to write to a file: it needs to=")
    asked = () if to is None else tuple(DEFAULT_RECORD if record is None else record)
    needed = [quantity for reducer in reducers.values() for quantity, _ in reducer.series]
    piece = simulation.course.piece(duration, list(dict.fromkeys([*asked, *needed])), record_dt)
    written = tuple(item for item in asked if isinstance(item, str))
    _require_labels(simulation, reducers)
    for reducer in reducers.values():
        reducer.check(piece.record_dt)
    if (
        to is not None
        and checkpoint is not None
        and Path(to).resolve() == Path(checkpoint).resolve()
    ):
        raise ValueError(f"to and checkpoint must be two files, got {str(to)!r} for both")
    every = require_number("checkpoint_every", checkpoint_every, "s", ge=0)
    run = CheckpointedRun(
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

    Examples
    --------
    >>> import tempfile
    >>> import mesopop as mp
    >>> simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, level="meso", seed=1)
    >>> rates = mp.reducers.Histogram("rate", "E", edges=[0, 10, 20, 30, 60])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/run.checkpoint"
    ...     run = mp.run_long(
    ...         simulation, 2000, reduce={"rates": rates}, record_dt=10, checkpoint=path
    ...     )
    ...     again = mp.resume(path)  # of a run that was stopped: goes on
    >>> again.time
    2000.0
    """
    path = Path(checkpoint)
    header, arrays = read_checkpoint(path)
    if "long_run" not in header:
        raise ValueError(f"{path} is not the checkpoint of a long run")
    told = header["long_run"]
    reducers = _checked(reduce)
    if not reducers:
        for name, (kind, settings) in told["reducers"].items():
            reducers[name] = reducer_from(kind, settings)
    simulation = restored(path, header, arrays, n_threads)
    run = CheckpointedRun(
        simulation=simulation,
        piece=Piece(
            record=tuple(told["record"]),
            chosen=tuple(
                Neurons(population, index, quantities=quantities)
                for population, index, quantities in told["neurons"]
            ),
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


def _checked(reduce: Mapping[str, Reducer] | None) -> dict[str, Reducer]:
    if reduce is None:
        return {}
    if not isinstance(reduce, Mapping):
        raise TypeError(f"reduce must map names to reducers, got {reduce!r}")
    names: dict[int, str] = {}
    for name, reducer in reduce.items():
        if not isinstance(name, str):
            raise TypeError(f"reduce: names must be strings, got {name!r}")
        if not isinstance(reducer, Reducer):
            raise TypeError(f'reduce["{name}"] must be a Reducer, got {reducer!r}')
        if id(reducer) in names:
            raise ValueError(
                f'reduce: "{names[id(reducer)]}" and "{name}" are one reducer; make two of them'
            )
        names[id(reducer)] = name
    return dict(reduce)


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
