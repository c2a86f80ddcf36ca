"""Sweep parameters of a network: every point, several trials, any number of machines."""

from __future__ import annotations

import hashlib
import inspect
import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mesopop import __version__
from mesopop.experiment import EventSettings
from mesopop.extras import require_extra
from mesopop.initial import InitialState
from mesopop.network import Network
from mesopop.network_toml import network_as_toml
from mesopop.processors import available_processors
from mesopop.recording import DEFAULT_RECORD
from mesopop.seeds import entropy_of, seed_sequence
from mesopop.sweeps.dataset import as_dataset
from mesopop.sweeps.dispatch import Dispatcher
from mesopop.sweeps.log import FORMAT, Key, RunLog, seed_in
from mesopop.sweeps.points import Points, as_points, base_value, canonical, seed_of
from mesopop.sweeps.pools import Maker, Pool, ThisProcess, spawned_processes
from mesopop.sweeps.run import Outcome, Request, Summary, check, ready, run_trial
from mesopop.sweeps.statistics import StandardStatistics
from mesopop.validation import require_integer

if TYPE_CHECKING:
    import xarray

# Enough to keep some hundred workers of a cluster busy.
_IN_FLIGHT = 256
_POINTS_TRIED = 20
_NOT_DONE = "not done: the sweep was interrupted"


def sweep(
    network: Network,
    parameters: Mapping[str, Iterable[Any]] | Sequence[Mapping[str, Any]],
    duration: float,
    *,
    dt: float,
    trials: int = 1,
    seed: int | np.random.SeedSequence | None = None,
    transient: float = 0.0,
    level: str = "micro",
    method: str | None = None,
    closure: str | None = None,
    noise: str | None = None,
    bin_tolerance: float | None = None,
    initial: str | InitialState = "stationary",
    history: float | None = None,
    events: EventSettings | None = None,
    summary: Summary | None = None,
    record: Sequence[str] | None = None,
    record_dt: float | None = None,
    path: str | PathLike[str] | None = None,
    executor: Executor | Maker | None = None,
    workers: int | None = None,
    in_flight: int | None = None,
    retries: int = 2,
    n_threads: int = 1,
    progress: bool = False,
) -> xarray.Dataset:
    """Simulate a network at many points of its parameters and sum up every run.

    The numbers are the same to the bit whatever the executor and the number of workers, and
    whether the sweep ran in one go. Every run, i.e. trial of a point, has random numbers of its
    own, which depend on the seed, the values of the point and the number of the trial: more points
    or trials leave the others as they are.

    Parameters
    ----------
    network : Network
        Has the parameters that are not swept.
    parameters : mapping of str to sequence, or sequence of mappings
        A grid, of all combinations of the values of every path; or a list of points, each a
        mapping of paths to values. Paths are those of `parameter_path.with_parameter`, e.g.
        ``"populations.E.drive"``, and ``"simulation."`` with `level`, `method`, `closure`, `noise`,
        `bin_tolerance`, `initial`, `history`, `dt`, `duration`, `record_dt` or `transient`.
    duration : float
        Of each run, ms, the transient included.
    dt, level, method, closure, noise, bin_tolerance, initial, history, record_dt
        As for `simulate`.
    trials : int
        Runs per point.
    seed : int or numpy.random.SeedSequence, optional
        None draws entropy, which is kept in the dataset (and in the folder).
    transient : float
        Time cut from the start of each run before it is summed up, ms.
    events : EventSettings, optional
        Which events the standard summary is to find.
    summary : callable, optional
        From the `Result` of a run to a mapping of names to numbers, strings, arrays,
        `analysis.Estimate`, or tuples ``(dims, values)`` or ``(dims, values, attributes)`` as
        xarray takes them. What is called like its only dimension becomes a coordinate. It must be
        a function that the workers can import. Default: rates, release per spike, and with
        `events` dwell times or intervals.
    record : sequence of str, optional
        What `summary` needs; default: what `simulate` records.
    path : path, optional
        Folder to save finished runs in as they finish. If it holds the beginning of this very
        sweep, that is where it goes on.
    executor : concurrent.futures.Executor or callable, optional
        Where to run: e.g. ``dask.distributed.Client(...).get_executor()``; or a function that makes
        one (and makes a new one when the death of a worker has broken it), e.g.
        ``loky.get_reusable_executor``. Default: processes on this machine.
    workers : int, optional
        Number of these processes; default: available processors. 1 runs in this process.
    in_flight : int, optional
        Most runs handed to the executor at once; default: 2 for each of our processes, 256 for
        other executors.
    retries : int
        A run whose worker died is done again so many times before it counts as failed.
    n_threads : int
        Threads of each run.
    progress : bool
        Show a progress bar on standard error, if that is a terminal.

    Returns
    -------
    xarray.Dataset
        What the summaries say, with a dimension for every path of a grid (or ``point`` for a list)
        and one for trials. ``error`` says why a run failed; its numbers are then nan. After an
        interruption (Ctrl-C) it holds what was finished; the attribute ``complete`` is then 0.

    Raises
    ------
    ValueError
        If an argument is out of bounds, a path leads nowhere, or `path` holds another sweep.
    OSError
        If finished runs cannot be saved, because the disk is full for instance. Its attribute
        ``result`` is the dataset so far.
    RuntimeError
        If workers cannot be started, or one that was handed in is broken.
    ImportError
        Without xarray, which is optional: ``pip install "mesopop[xarray]"``.

    Warns
    -----
    RuntimeWarning
        If runs have failed, or were not done after an interruption.

    Examples
    --------
    >>> import mesopop as mp
    >>> data = mp.sweep(
    ...     mp.presets.load("lif-up-down"),
    ...     {"populations.E.drive": [9.0, 10.0], "projections.E->E.stp.tau_d": [100, 200]},
    ...     2000, dt=0.5, level="meso", trials=3, seed=1, workers=1,
    ... )
    >>> dict(data.rate.sizes)
    {'populations.E.drive': 2, 'projections.E->E.stp.tau_d': 2, 'trial': 3, 'population': 1}
    >>> mean = data.rate.mean("trial").sel(population="E")
    """
    require_extra("xarray", extra="xarray", what="sweep")
    points = as_points(parameters, network)
    trials = require_integer("trials", trials, ge=1)
    retries = require_integer("retries", retries, ge=1)
    n_threads = require_integer("n_threads", n_threads, ge=1)
    if summary is None:
        if record is not None:
            raise ValueError(f"record applies with a summary of your own, got {record!r}")
        standard = StandardStatistics(events)
        summary, record = standard, standard.record()
    elif events is not None:
        raise ValueError("events applies to the standard summary, got a summary of your own too")
    elif record is None:
        record = DEFAULT_RECORD
    settings = {
        "level": level,
        "method": method,
        "closure": closure,
        "noise": noise,
        "bin_tolerance": bin_tolerance,
        "initial": initial,
        "history": history,
        "dt": dt,
        "duration": duration,
        "record_dt": record_dt,
        "transient": transient,
    }
    request = Request(settings, tuple(record), summary, n_threads)

    folder = None if path is None else Path(path)
    maker, bound = _executor(executor, workers, in_flight)
    base = _seed(seed, folder)
    _require_some_point(network, points, request)
    log = RunLog(folder, _specification(network, points, trials, base, request))
    todo = [
        key
        for key in np.ndindex(len(points), trials)
        if key not in log.outcomes or log.outcomes[key].died
    ]

    def so_far() -> xarray.Dataset:
        missing = [key for key in np.ndindex(len(points), trials) if key not in log.outcomes]
        return as_dataset(
            points,
            trials,
            {**log.outcomes, **dict.fromkeys(missing, Outcome(error=_NOT_DONE))},
            base={path: base_value(network, settings, path) for path in points.paths()},
            attributes={**_attributes(network, base, settings), "complete": int(not missing)},
        )

    if todo:
        total = len(points) * trials
        with log.writing(), _progress_bar(total, total - len(todo), progress) as bar:

            def finished(outcomes: dict[Key, Outcome]) -> None:
                log.append(outcomes)
                bar.update(len(outcomes))

            pool = Pool(maker, partial(ready, request))

            def submit(key: Key) -> Future[Outcome]:
                point = points[key[0]]
                seed = seed_of(base, point, key[1])
                return pool.executor.submit(run_trial, network, seed, point, request)

            try:
                # Ctrl-C stops the workers; what has finished is good.
                with suppress(KeyboardInterrupt):
                    Dispatcher(pool, submit, finished, in_flight=bound, retries=retries).run(todo)
                    pool.close()
            except OSError as error:
                error.result = so_far()  # type: ignore[attr-defined]
                raise
    dataset = so_far()
    _warn_of_failures(dataset.error.values.ravel())
    return dataset


def _seed(seed: int | np.random.SeedSequence | None, folder: Path | None) -> np.random.SeedSequence:
    # Without a seed a sweep goes on with the one that it drew.
    drawn = seed_in(folder) if seed is None and folder is not None else None
    if drawn is None:
        return seed_sequence(seed)
    return np.random.SeedSequence(drawn["entropy"], spawn_key=tuple(drawn["spawn_key"]))


def _require_some_point(network: Network, points: Points, request: Request) -> None:
    # One point out of bounds must not stop the others; but if nothing works, say so at once.
    first: Exception | None = None
    for index in range(min(len(points), _POINTS_TRIED)):
        try:
            check(network, points[index], request)
        except (ValueError, TypeError) as error:
            first = first or error
        else:
            return
    assert first is not None
    raise first


def _executor(
    executor: Executor | Maker | None, workers: int | None, in_flight: int | None
) -> tuple[Executor | Maker, int]:
    if in_flight is not None:
        in_flight = require_integer("in_flight", in_flight, ge=1)
    if executor is not None:
        if workers is not None:
            raise ValueError(f"workers applies without an executor, got {workers!r} with one")
        if not isinstance(executor, Executor) and not callable(executor):
            raise TypeError(
                "executor must be a concurrent.futures.Executor or a function that makes one, "
                f"got {executor!r}"
            )
        return executor, in_flight or _IN_FLIGHT
    number = available_processors()
    if workers is not None:
        number = require_integer("workers", workers, ge=1)
    if number == 1:
        return ThisProcess, 1
    return partial(spawned_processes, number), in_flight or 2 * number


def _specification(
    network: Network,
    points: Points,
    trials: int,
    base: np.random.SeedSequence,
    request: Request,
) -> dict[str, Any]:
    # Everything that numbers depend on.
    return {
        "format": FORMAT,
        "mesopop": __version__,
        "seed": {"entropy": entropy_of(base), "spawn_key": list(base.spawn_key)},
        "network": canonical(network),
        "parameters": points.specification(),
        "trials": trials,
        "simulation": canonical(request.settings),
        "record": list(request.record),
        "summary": _identity(request.summary),
    }


def _identity(summary: Summary) -> Any:
    # Of a function its name and source: a changed one would mix what cannot be mixed.
    if isinstance(summary, StandardStatistics):
        return canonical(summary)
    function = summary.func if isinstance(summary, partial) else summary
    try:
        source = inspect.getsource(function)
    except (TypeError, OSError):
        source = ""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    identity: dict[str, Any] = {
        "name": name,
        "source": hashlib.sha256(source.encode()).hexdigest(),
    }
    if isinstance(summary, partial):
        identity |= {"args": canonical(summary.args), "keywords": canonical(summary.keywords)}
    return identity


def _warn_of_failures(errors: NDArray[np.str_]) -> None:
    missing = np.count_nonzero(errors == _NOT_DONE)
    if missing:
        warnings.warn(
            f"interrupted: {missing} of {len(errors)} runs were not done",
            RuntimeWarning,
            stacklevel=3,
        )
    failed = errors[(errors != "") & (errors != _NOT_DONE)]
    if len(failed):
        warnings.warn(
            f"{len(failed)} of {len(errors)} runs failed; `error` of the dataset says why. "
            f"The first: {failed[0]}",
            RuntimeWarning,
            stacklevel=3,
        )


def _attributes(
    network: Network, base: np.random.SeedSequence, settings: Mapping[str, Any]
) -> dict[str, Any]:
    plain = {
        name: value if isinstance(value, (str, int, float)) else repr(value)
        for name, value in settings.items()
        if value is not None
    }
    return {
        **plain,
        "network": network_as_toml(network),
        "seed": json.dumps(entropy_of(base)),
        "spawn_key": json.dumps(list(base.spawn_key)),
        "mesopop_version": __version__,
        "numpy_version": np.__version__,
    }


def _progress_bar(total: int, done: int, show: bool) -> Any:
    from tqdm.auto import tqdm

    # disable=None: silent when standard error is not a terminal.
    return tqdm(desc="sweep", total=total, initial=done, unit="run", disable=None if show else True)
