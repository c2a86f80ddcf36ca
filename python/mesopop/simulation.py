"""Simulate a network: `simulate` in one go, `Simulation` piece by piece."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from mesopop.compiled import compile_network, signal_end
from mesopop.initial import InitialState
from mesopop.network import Network
from mesopop.neuron_recording import Neurons
from mesopop.processors import available_processors
from mesopop.recording import (
    DEFAULT_RECORD,
    DEFAULT_RECORD_LIMIT,
    GIGABYTE,
    Recording,
    check_record,
)
from mesopop.result import Result
from mesopop.seeds import entropy_of, seed_sequence
from mesopop.settings import choose_engine
from mesopop.validation import require_integer, require_number, steps

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
    method : {"auto", "neurons", "cohorts"}, optional
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
        Of the mesoscopic level: neurons whose potentials differ by less than this, in units of
        delta_u, share an age bin; 0 keeps one bin per time step.
    cohort_tolerance : float, optional
        Of LIF cohorts: neurons whose potentials differ by less than this, in units of delta_u, are
        simulated with their mean; 0 (the default) tells all potentials apart.
    initial : {"stationary", "rest", "synchronous"} or InitialState
        State at t = 0. "synchronous": every neuron fires at t = 0, those of given spike trains
        too, and its synapses release.
    history : float, optional
        Mesoscopic level with bin_tolerance=0: age in ms from which neurons are no longer told
        apart; at least 5 tau_m + t_ref of every LIF population, which is the default. (With
        merging, bins live as long as their potentials differ.)
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
        method: str | None = None,
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
        from mesopop import _core

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
        self._compiled = compile_network(network, dt=dt, initial=initial, history=history)
        self.trials = require_integer("trials", trials, ge=1)
        self.n_threads = _threads(n_threads)
        self.seed_sequence = seed_sequence(seed)
        self._failure = ""
        self._ensemble = _core.Ensemble(
            network=self._compiled.description,
            level=self.settings.level,
            closure=self.settings.closure or "second_order",
            noise=self.settings.noise or "binomial",
            bin_tolerance=self.settings.bin_tolerance or 0.0,
            cohorts=[self.settings.method_of(p.name) == "cohorts" for p in network.populations],
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
        recording, bins, steps_per_bin = self._recording(duration, record, record_dt)
        record_limit = require_number("record_limit", record_limit, "GB", gt=0)
        total_steps = bins * steps_per_bin
        if self._failure:
            raise RuntimeError(f"the simulation has stopped and cannot go on: {self._failure}")
        for trial in range(1, self.trials):
            if self._ensemble.step(trial) != self._step:
                raise ValueError(
                    f"trial {trial} is at {self._ensemble.step(trial) * self.dt:g} ms, trial 0 at "
                    f"{self.time:g} ms: all trials must be set to the state of one time"
                )
        end, owner = signal_end(self.network)
        if (self._step + total_steps) * self.dt > end * (1 + 1e-12):
            raise ValueError(
                f'population "{owner}": the Sampled signal ends at {end:g} ms, before the '
                f"simulation does at {(self._step + total_steps) * self.dt:g} ms"
            )

        room = recording.allocate(int(record_limit * GIGABYTE))
        start = self._step
        completed, failure = self._advance(bins, steps_per_bin, room, progress)
        # Integers times dt, so that the times of pieces are those of one run to the bit.
        ends = start + steps_per_bin * np.arange(1, completed + 1)
        result = Result(
            network=self.network,
            settings=self.settings,
            dt=self.dt,
            record_dt=steps_per_bin * self.dt,
            t=np.multiply(self.dt, ends, dtype=np.float64),
            seed=entropy_of(self.seed_sequence),
            spawn_key=tuple(self.seed_sequence.spawn_key),
            trials=self.trials,
            complete=completed == bins,
            versions=_versions(),
            **{
                "rate": {},
                **recording.collect(
                    self._ensemble, completed, end=self.dt * (start + steps_per_bin * completed)
                ),
            },
        )
        if failure is not None:
            trial, step, population, variable = failure
            kind: type[Exception] = FloatingPointError
            what = self._failure = f'{variable} of population "{population}" became non-finite'
            if variable == "spikes":
                kind, self._failure = MemoryError, "its spikes exceeded record_limit"
                what = f"spikes exceeded record_limit = {record_limit:g} GB"
            error = kind(
                f"{what} at step {step} ({step * self.dt:g} ms) of trial {trial}; the {completed} "
                "bins before it are in the attribute `result` of this error"
            )
            error.result = result  # type: ignore[attr-defined]
            raise error
        return result

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
        return self._recording(duration, record, record_dt)[0].memory

    def _recording(
        self, duration: float, record: Sequence[str | Neurons], record_dt: float | None
    ) -> tuple[Recording, int, int]:
        # With the number of bins, and of steps per bin.
        quantities, chosen = check_record(record, self.settings.level, self.network)
        steps_per_bin = steps("record_dt", self.dt if record_dt is None else record_dt, self.dt)
        if steps_per_bin == 0:
            raise ValueError(f"record_dt must be >= dt = {self.dt!r} ms, got {record_dt!r} ms")
        bins, rest = divmod(steps("duration", duration, self.dt), steps_per_bin)
        if rest or not bins:
            raise ValueError(
                f"duration must be a positive multiple of record_dt = {steps_per_bin * self.dt:g} "
                f"ms, got {duration!r} ms"
            )
        recording = Recording(self._compiled, quantities, chosen, trials=self.trials, bins=bins)
        return recording, bins, steps_per_bin

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

    def _advance(
        self,
        bins: int,
        steps_per_bin: int,
        room: dict[str, Any],
        progress: bool,
    ) -> tuple[int, tuple[int, int, str, str] | None]:
        # In blocks, so that signals are heeded and the bar moves; results do not depend on them.
        done, failure, block = 0, None, max(1, 1000 // steps_per_bin)
        label = self.settings.closure or self.settings.level
        with _progress_bar(label, bins * steps_per_bin * self.dt, progress) as bar:
            try:
                while done < bins and failure is None:
                    started = time.perf_counter()
                    size = min(block, bins - done)
                    before = done
                    done, failure = self._ensemble.advance(
                        first_bin=done,
                        bins=size,
                        steps_per_bin=steps_per_bin,
                        **room,
                        threads=self.n_threads,
                    )
                    bar.update((done - before) * steps_per_bin * self.dt / 1000)
                    elapsed = max(time.perf_counter() - started, 1e-6)
                    block = max(1, min(2 * block, int(size * _BLOCK_SECONDS / elapsed)))
            except KeyboardInterrupt:
                # It may have come between the end of a block and its being counted. Every block is
                # complete in itself.
                done, failure = self._ensemble.progress()
        return done, failure


def simulate(
    network: Network,
    duration: float,
    *,
    dt: float,
    level: str = "micro",
    method: str | None = None,
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


def _progress_bar(label: str, duration: float, show: bool) -> Any:
    from tqdm.auto import tqdm

    # disable=None: silent when standard error is not a terminal.
    return tqdm(
        desc=label,
        total=duration / 1000,
        disable=None if show else True,
        unit="s",
        bar_format="{l_bar}{bar}| {n:.4g}/{total:.4g} s biological [{elapsed}<{remaining}]",
        leave=False,
    )


def _versions() -> dict[str, str]:
    from mesopop import __version__

    return {"mesopop": __version__, "numpy": np.__version__}
