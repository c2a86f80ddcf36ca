"""Simulate a network: `simulate` in one go, `Simulation` piece by piece."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mesopop.archive import read_archive, write_archive
from mesopop.changes import Change, changes_between
from mesopop.compiled import CompiledNetwork, compile_network, signal_end
from mesopop.initial import InitialState
from mesopop.network import Network
from mesopop.neuron_recording import Neurons
from mesopop.processors import available_processors
from mesopop.progress import progress_bar
from mesopop.recording import (
    DEFAULT_RECORD,
    DEFAULT_RECORD_LIMIT,
    Piece,
    Recording,
    bins_in,
    check_record,
)
from mesopop.result import Result, versions
from mesopop.seeds import entropy_of, seed_sequence
from mesopop.settings import choose_engine
from mesopop.simulation_file import contents, restored
from mesopop.validation import require_integer, require_number, steps

if TYPE_CHECKING:
    from mesopop import _core

# Blocks between looks at signals and the progress bar aim at this many seconds.
_BLOCK_SECONDS = 0.1


class Simulation:
    """A network with its state, to be run piece by piece.

    Parameters
    ----------
    network : Network
        What to simulate.
    dt : float
        Time step, ms. At most half of every tau_m, and at most every nonzero t_ref and delay, of
        which it must be a fraction.
    level : {"micro", "meso"}
        Neuron by neuron, or mesoscopic population equations.
    method : {"auto", "neurons", "cohorts"} or dict of str by population, optional
        Of the microscopic level. "cohorts" simulates neurons together that differ in nothing but
        u and x, at a cost that depends on the number of spikes, hardly on that of neurons; the law
        is the same. It needs all-to-all connections and neurons without adaptation. "auto" (the
        default) takes it where it is possible for populations of 5000 neurons or more (Poisson and
        LNP: 1000), where it costs less.
    closure : {"renewal", "second_order", "first_order"}, optional
        Of the mesoscopic level. "renewal" (the default) keeps what neurons of equal age hold;
        for Poisson and LNP neurons it is "second_order". The default for Gaussian noise is
        "second_order".
    noise : {"binomial", "gaussian", "none"}, optional
        Of the mesoscopic level: finite-size noise, its diffusion approximation, or the macroscopic
        limit of infinitely many neurons.
    bin_tolerance : float, optional
        Of the mesoscopic level: neurons whose potentials, and with adaptation also thresholds and
        currents, differ by less than this, in units of delta_u, share an age bin; 0 keeps one bin
        per time step.
    cohort_tolerance : float, optional
        Of LIF cohorts: neurons whose potentials differ by less than this, in units of delta_u, are
        simulated with their mean; 0 (the default) tells all potentials apart.
    initial : {"stationary", "rest", "synchronous"} or InitialState
        State at t = 0. "synchronous": every neuron fires at t = 0, those of given spike trains
        too, and its synapses release.
    history : float, optional
        Mesoscopic level with bin_tolerance=0: age in ms from which neurons are no longer told
        apart; by default, and at least, t_ref and the time after which a spike is forgotten by
        potential and adaptation: 5 time constants, or more with a sharp threshold. (With merging,
        bins live as long as their potentials differ.)
    seed : int or numpy.random.SeedSequence, optional
        None draws entropy, which is kept in the result.
    trials : int
        Independent repetitions. Trial i is the same whatever their number. Each draws its own
        random connections, which stay in memory: 2 bytes per connection and trial. Those given by
        ExplicitConnections are stored once, with 10 bytes each, unless their delays are drawn.
    n_threads : int, optional
        Threads over trials; by default all available processors. If there are fewer trials, at the
        microscopic level threads share the neurons of networks with a population of 32768 or more.
        Results do not depend on it.

    Raises
    ------
    ValueError
        If an argument is out of bounds or does not fit the network, or random connections need more
        memory than the machine has.
    """

    def __init__(
        self,
        network: Network,
        *,
        dt: float,
        level: str = "micro",
        method: str | Mapping[str, str] | None = None,
        closure: str | None = None,
        noise: str | None = None,
        bin_tolerance: float | None = None,
        cohort_tolerance: float | None = None,
        initial: str | InitialState = "stationary",
        history: float | None = None,
        seed: int | np.random.SeedSequence | None = None,
        trials: int = 1,
        n_threads: int | None = None,
    ) -> None:
        if not isinstance(network, Network):
            raise TypeError(f"network must be a Network, got {network!r}")
        self.settings = choose_engine(
            network,
            level=level,
            method=method,
            closure=closure,
            noise=noise,
            bin_tolerance=bin_tolerance,
            cohort_tolerance=cohort_tolerance,
        )
        if history is not None:
            history = require_number("history", history, "ms", gt=0)
            if self.settings.bin_tolerance != 0:
                raise ValueError(
                    'history applies to level="meso" with bin_tolerance=0, '
                    f"got {history!r} ms otherwise"
                )
        self.history = history
        self._compiled = compile_network(network, dt=dt, initial=initial, history=history)
        self.trials = require_integer("trials", trials, ge=1)
        self.n_threads = _threads(n_threads)
        self.seed_sequence = seed_sequence(seed)
        self.changes: tuple[Change, ...] = ()
        self._failure = ""
        self._ensemble = self._make_ensemble(self._compiled)

    def _make_ensemble(self, compiled: CompiledNetwork) -> _core.Ensemble:
        from mesopop import _core

        return _core.Ensemble(
            network=compiled.description,
            level=self.settings.level,
            closure=self.settings.closure or "second_order",
            noise=self.settings.noise or "binomial",
            bin_tolerance=self.settings.bin_tolerance or 0.0,
            cohorts=[
                self.settings.method_of(p.name) == "cohorts" for p in compiled.network.populations
            ],
            cohort_tolerance=self.settings.cohort_tolerance or 0.0,
            key=tuple(int(word) for word in self.seed_sequence.generate_state(2, np.uint64)),
            trials=self.trials,
            instruction_set="auto",
            threads=self.n_threads,
            memory_limit=_memory(),
        )

    @property
    def network(self) -> Network:
        """What is simulated."""
        return self._compiled.network

    @property
    def dt(self) -> float:
        """Time step, ms."""
        return self._compiled.dt

    @property
    def time(self) -> float:
        """Biological time reached, ms."""
        return self._step * self.dt

    @property
    def _step(self) -> int:
        # Asked of the engines, which an interruption cannot leave half-way.
        return self._ensemble.step(0)

    # --- Running ---------------------------------------------------------------------------------

    def run(
        self,
        duration: float,
        *,
        record: Sequence[str | Neurons] = DEFAULT_RECORD,
        record_dt: float | None = None,
        record_limit: float = DEFAULT_RECORD_LIMIT,
        progress: bool = False,
    ) -> Result:
        """Simulate the next `duration` ms. Pieces join to the bits of one long run.

        Parameters
        ----------
        duration : float
            ms, a multiple of the recording bin.
        record : sequence of str or Neurons
            Any of "rate", "release", "u", "x", "potential" and, at the microscopic level, "spikes"
            and `Neurons`, which choose neurons whose own variables are recorded.
        record_dt : float, optional
            Width of the recording bins, ms, a multiple of dt; default dt.
        record_limit : float
            GB that the recording may take, > 0. What `recording_memory` tells is compared with it
            before anything runs; spikes, 16 bytes each, share what is left between the trials.
        progress : bool
            Show a progress bar on standard error, if that is a terminal.

        Returns
        -------
        Result
            Of this piece; its `t` goes on from the last one. If interrupted (Ctrl-C) it holds the
            complete bins and is marked incomplete.

        Raises
        ------
        ValueError
            If a time is not a multiple, a quantity unknown or not available, a sampled drive too
            short, or the recording larger than `record_limit`.
        FloatingPointError
            If a state becomes non-finite; names step, population and variable, and carries what was
            recorded as the attribute ``result``.
        MemoryError
            If there are more spikes than `record_limit` has room for; what was recorded until then
            is its attribute ``result``.
        RuntimeError
            If that has happened before, or the simulation is running in another thread.
        """
        piece = self._piece(duration, record, record_dt, record_limit)
        with progress_bar(self._label, piece.duration, progress) as bar:
            return self._advance(piece, bar)

    def run_until(self, time: float, **options: Any) -> Result:
        """Simulate until the biological time `time`; otherwise as `run`.

        Parameters
        ----------
        time : float
            ms, later than the time reached by a multiple of the recording bin.
        **options
            As in `run`.
        """
        left = steps("time", time, self.dt) - self._step
        if left <= 0:
            raise ValueError(f"time must be > {self.time:g} ms, the time reached, got {time!r} ms")
        return self.run(left * self.dt, **options)

    def blocks(
        self,
        duration: float,
        *,
        block: float,
        record: Sequence[str | Neurons] = DEFAULT_RECORD,
        record_dt: float | None = None,
        record_limit: float = DEFAULT_RECORD_LIMIT,
        progress: bool = False,
    ) -> Iterator[Result]:
        """Simulate the next `duration` ms and hand out the results block by block.

        Parameters
        ----------
        duration : float
            ms, a multiple of the recording bin.
        block : float
            Biological time of each result, ms, a multiple of the recording bin; the last one may be
            shorter.
        record, record_dt, record_limit, progress
            As in `run`; the limit is that of each block.

        Yields
        ------
        Result
            As `run` returns them. After an interruption (Ctrl-C) within a block it is incomplete,
            and the last.

        Examples
        --------
        >>> import mesopop as mp
        >>> simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, level="meso", seed=1)
        >>> [bool(part.rate["E"].mean() > 20) for part in simulation.blocks(5000, block=1000)]
        [False, False, False, True, True]
        """
        whole = self._piece(duration, record, record_dt, record_limit)
        most = bins_in("block", block, whole.steps_per_bin, self.dt)
        self._recording(attrs.evolve(whole, bins=min(most, whole.bins))).require_room(
            whole.record_limit
        )

        def results() -> Iterator[Result]:
            left = whole.bins
            with progress_bar(self._label, whole.duration, progress) as bar:
                while left:
                    result = self._advance(attrs.evolve(whole, bins=min(most, left)), bar)
                    left -= len(result.t)
                    yield result
                    if not result.complete:
                        return

        return results()

    def recording_memory(
        self,
        duration: float,
        *,
        record: Sequence[str | Neurons] = DEFAULT_RECORD,
        record_dt: float | None = None,
    ) -> int:
        """Bytes of the arrays that `run` would record; spikes, 16 bytes each, come on top.

        Parameters
        ----------
        duration, record, record_dt
            As for `run`.

        Raises
        ------
        ValueError
            As `run`.
        """
        return self._recording(self._asked(duration, record, record_dt)).memory

    def _recording(self, piece: Piece) -> Recording:
        return Recording(
            self._compiled, piece.record, piece.chosen, trials=self.trials, bins=piece.bins
        )

    def _asked(
        self,
        duration: float,
        record: Sequence[str | Neurons],
        record_dt: float | None,
        record_limit: float = DEFAULT_RECORD_LIMIT,
    ) -> Piece:
        quantities, chosen = check_record(record, self.settings.level, self.network)
        return Piece.of(
            duration,
            dt=self.dt,
            record=quantities,
            chosen=chosen,
            record_dt=record_dt,
            record_limit=require_number("record_limit", record_limit, "GB", gt=0),
        )

    def _piece(
        self,
        duration: float,
        record: Sequence[str | Neurons],
        record_dt: float | None,
        record_limit: float = DEFAULT_RECORD_LIMIT,
    ) -> Piece:
        # What is asked for, if it can be done.
        piece = self._asked(duration, record, record_dt, record_limit)
        self._require_finite()
        for trial in range(1, self.trials):
            if self._ensemble.step(trial) != self._step:
                raise ValueError(
                    f"trial {trial} is at {self._ensemble.step(trial) * self.dt:g} ms, trial 0 at "
                    f"{self.time:g} ms: all trials must be set to the state of one time"
                )
        end, owner = signal_end(self.network)
        stop = (self._step + piece.bins * piece.steps_per_bin) * self.dt
        if stop > end * (1 + 1e-12):
            raise ValueError(
                f'population "{owner}": the Sampled signal ends at {end:g} ms, before the '
                f"simulation does at {stop:g} ms"
            )
        return piece

    def _require_finite(self) -> None:
        if self._failure:
            raise RuntimeError(f"the simulation has stopped and cannot go on: {self._failure}")

    def _advance(self, piece: Piece, bar: Any, pause: Callable[[], bool] | None = None) -> Result:
        # Perhaps not to the end of the piece: `pause` is asked between blocks.
        recording = self._recording(piece)
        room = recording.allocate(piece.record_limit)
        start = self._step
        completed, failure = self._step_through(piece, room, bar, pause)
        # Integers times dt, so that the times of pieces are those of one run to the bit.
        ends = start + piece.steps_per_bin * np.arange(1, completed + 1)
        end = self.dt * (start + piece.steps_per_bin * completed)
        recorded: dict[str, Any] = recording.collect(self._ensemble, completed, end=end)
        result = attrs.evolve(
            self._empty_result(piece),
            t=np.multiply(self.dt, ends, dtype=np.float64),
            complete=completed == piece.bins,
            **recorded,
        )
        if failure is not None:
            trial, step, population, variable = failure
            kind: type[Exception] = FloatingPointError
            what = self._failure = f'{variable} of population "{population}" became non-finite'
            if variable == "spikes":
                kind, self._failure = MemoryError, "its spikes exceeded record_limit"
                what = f"spikes exceeded record_limit = {piece.record_limit:g} GB"
            error = kind(
                f"{what} at step {step} ({step * self.dt:g} ms) of trial {trial}; the {completed} "
                "bins before it are in the attribute `result` of this error"
            )
            error.result = result  # type: ignore[attr-defined]
            raise error
        return result

    def _empty_result(self, piece: Piece) -> Result:
        return Result(
            network=self.network,
            settings=self.settings,
            dt=self.dt,
            record_dt=piece.record_dt,
            t=np.empty(0),
            rate={},
            seed=entropy_of(self.seed_sequence),
            spawn_key=tuple(self.seed_sequence.spawn_key),
            trials=self.trials,
            complete=False,
            changes=self.changes,
            versions=versions(),
        )

    def _step_through(
        self, piece: Piece, room: dict[str, Any], bar: Any, pause: Callable[[], bool] | None
    ) -> tuple[int, tuple[int, int, str, str] | None]:
        # In blocks, so that signals are heeded and the bar moves; results do not depend on them.
        done, failure, block = 0, None, max(1, 1000 // piece.steps_per_bin)
        try:
            while done < piece.bins and failure is None and not (pause and pause()):
                started = time.perf_counter()
                size = min(block, piece.bins - done)
                before = done
                done, failure = self._ensemble.advance(
                    first_bin=done,
                    bins=size,
                    steps_per_bin=piece.steps_per_bin,
                    **room,
                    threads=self.n_threads,
                )
                bar.update((done - before) * piece.record_dt / 1000)
                elapsed = max(time.perf_counter() - started, 1e-6)
                block = max(1, min(2 * block, int(size * _BLOCK_SECONDS / elapsed)))
        except KeyboardInterrupt:
            # It may have come between the end of a block and its being counted. Every block is
            # complete in itself.
            done, failure = self._ensemble.progress()
        return done, failure

    @property
    def _label(self) -> str:
        return self.settings.closure or self.settings.level

    # --- State -----------------------------------------------------------------------------------

    def state(self, trial: int = 0) -> dict[str, Any]:
        """Complete state of one trial as a dictionary of arrays, copied."""
        return self._ensemble.state(trial)

    def set_state(self, state: dict[str, Any], trial: int = 0) -> None:
        """Replace the state of one trial by what `state` returned, for the same network.

        Connections are not part of it: they are those that the seed of this simulation has drawn
        for the trial.

        Raises
        ------
        ValueError
            If the fields do not match; the state is then unchanged.
        """
        self._ensemble.set_state(trial, state)
        self._failure = ""

    def change(self, network: Network) -> None:
        """Go on with other drives, rates of Poisson neurons, weights or probabilities.

        The state stays what it is: spikes already under way arrive with the weights that they were
        sent with, and times of signals count from t = 0 as before. Results name the changes.
        Probabilities can change at the mesoscopic level alone: neuron by neuron, connections stay
        those that were drawn.

        Parameters
        ----------
        network : Network
            As `network`, but for these parameters.

        Raises
        ------
        ValueError
            If anything else differs (it is named), or a new parameter does not suit the level or
            the time step. Nothing is changed then.

        Examples
        --------
        >>> import attrs
        >>> import mesopop as mp
        >>> simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, level="meso", seed=1)
        >>> before = simulation.run(1000)
        >>> network = simulation.network
        >>> stimulated = attrs.evolve(network.population("E"), drive=2.0)
        >>> simulation.change(attrs.evolve(network, populations=[stimulated]))
        >>> print(*simulation.run(1000).changes)
        1000 ms: E.drive -3.5 -> 2.0
        """
        self._require_finite()
        changes = changes_between(self.network, network, self.time, self.settings.level)
        choose_engine(network, **attrs.asdict(self.settings))
        # From rest, since the state comes from the old engines anyway.
        compiled = compile_network(network, dt=self.dt, initial="rest", history=self.history)
        ensemble = self._make_ensemble(compiled)
        for trial in range(self.trials):
            ensemble.set_state(trial, self._ensemble.state(trial))
        self._compiled, self._ensemble = compiled, ensemble
        self.changes += changes

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the simulation, its complete state included, to go on with `load`.

        Parameters
        ----------
        path : path
            Replaced if it exists, and only once the new file is complete on the disk.

        Raises
        ------
        OSError
            If it cannot be written; what was there is unchanged.
        RuntimeError
            If the simulation has stopped because its state became non-finite.
        """
        write_archive(Path(path), *contents(self))

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, n_threads: int | None = None) -> Simulation:
        """Read what `save` wrote, or a checkpoint of `run_long`, to go on from there.

        What follows are the bits of a simulation that was never interrupted. Files of earlier
        versions are read.

        Parameters
        ----------
        path : path
        n_threads : int, optional
            As in `Simulation`; it need not be what it was.

        Raises
        ------
        OSError
            If there is no such file.
        ValueError
            If the file is damaged, truncated, something else, or written by a newer version in a
            format that this one does not know.

        Examples
        --------
        >>> import tempfile
        >>> import mesopop as mp
        >>> simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, level="meso", seed=1)
        >>> first = simulation.run(1000)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     simulation.save(f"{folder}/after-one-second")
        ...     copy = mp.Simulation.load(f"{folder}/after-one-second")
        >>> bool((copy.run(1000).rate["E"] == simulation.run(1000).rate["E"]).all())
        True
        """
        return restored(Path(path), *read_archive(Path(path)), n_threads=n_threads)


def simulate(
    network: Network,
    duration: float,
    *,
    dt: float,
    level: str = "micro",
    method: str | Mapping[str, str] | None = None,
    closure: str | None = None,
    noise: str | None = None,
    bin_tolerance: float | None = None,
    cohort_tolerance: float | None = None,
    initial: str | InitialState = "stationary",
    history: float | None = None,
    seed: int | np.random.SeedSequence | None = None,
    trials: int = 1,
    n_threads: int | None = None,
    record: Sequence[str | Neurons] = DEFAULT_RECORD,
    record_dt: float | None = None,
    record_limit: float = DEFAULT_RECORD_LIMIT,
    progress: bool = False,
) -> Result:
    """Simulate `network` for `duration` ms from t = 0.

    Parameters
    ----------
    network : Network
        What to simulate.
    duration : float
        ms.
    dt, level, method, closure, noise, bin_tolerance, cohort_tolerance, initial, history, seed, \
trials, n_threads
        See `Simulation`.
    record, record_dt, record_limit, progress
        See `Simulation.run`.

    Returns
    -------
    Result

    Raises
    ------
    ValueError, FloatingPointError, MemoryError
        See `Simulation` and `Simulation.run`.

    Examples
    --------
    >>> import mesopop as mp
    >>> net = mp.presets.load("lnp-up-down")
    >>> result = mp.simulate(net, 2000, dt=0.1, level="meso", seed=1)
    >>> result.rate["E"].shape
    (20000,)
    """
    simulation = Simulation(
        network,
        dt=dt,
        level=level,
        method=method,
        closure=closure,
        noise=noise,
        bin_tolerance=bin_tolerance,
        cohort_tolerance=cohort_tolerance,
        initial=initial,
        history=history,
        seed=seed,
        trials=trials,
        n_threads=n_threads,
    )
    return simulation.run(
        duration,
        record=record,
        record_dt=record_dt,
        record_limit=record_limit,
        progress=progress,
    )


def _threads(n_threads: int | None) -> int:
    if n_threads is not None:
        return require_integer("n_threads", n_threads, ge=1)
    return available_processors()


def _memory() -> float:
    # Physical memory in bytes, where the system tells.
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return math.inf
