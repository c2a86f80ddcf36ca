"""The engines of a network under way: all its trials, advanced together piece by piece."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mesopop.compiled import CompiledNetwork, signal_end
from mesopop.memory import memory_limit
from mesopop.recording import Piece, Recording
from mesopop.settings import EngineSettings

if TYPE_CHECKING:
    from mesopop import _core

# Blocks between looks at signals and the progress bar aim at this many seconds.
_BLOCK_SECONDS = 0.1

# Of an engine that cannot go on: trial, step, population and variable.
Failure = tuple[int, int, str, str]


class Engines:
    """Engines of all trials of a network.

    Parameters
    ----------
    compiled : CompiledNetwork
    settings : EngineSettings
    seed_sequence : numpy.random.SeedSequence
    trials, n_threads : int
    previous : Engines, optional
        Of a network of the same connections, which are then not drawn again but shared.
    """

    def __init__(
        self,
        compiled: CompiledNetwork,
        settings: EngineSettings,
        *,
        seed_sequence: np.random.SeedSequence,
        trials: int,
        n_threads: int,
        previous: Engines | None = None,
    ) -> None:
        from mesopop import _core

        self.compiled = compiled
        self.settings = settings
        self.seed_sequence = seed_sequence
        self.trials = trials
        self.n_threads = n_threads
        self._failure = ""
        self._ensemble: _core.Ensemble = _core.Ensemble(
            network=compiled.description,
            level=settings.level,
            closure=settings.closure or "second_order",
            noise=settings.noise or "binomial",
            bin_tolerance=settings.bin_tolerance or 0.0,
            cohorts=[settings.method_of(p.name) == "cohorts" for p in compiled.network.populations],
            cohort_tolerance=settings.cohort_tolerance or 0.0,
            key=tuple(int(word) for word in seed_sequence.generate_state(2, np.uint64)),
            trials=trials,
            instruction_set="auto",
            threads=n_threads,
            memory_limit=memory_limit(),
            previous=None if previous is None else previous._ensemble,
        )

    @property
    def step(self) -> int:
        """Time steps done."""
        # Asked of the engines, which an interruption cannot leave half-way.
        return self._ensemble.step(0)

    def require_finite(self) -> None:
        """Check that the simulation can go on.

        Raises
        ------
        RuntimeError
            If it has stopped because of its state.
        """
        if self._failure:
            raise RuntimeError(f"the simulation has stopped and cannot go on: {self._failure}")

    def require_possible(self, piece: Piece) -> None:
        """Check that a piece can follow.

        Raises
        ------
        RuntimeError
            If the simulation has stopped because of its state.
        ValueError
            If trials are not at the same time, or a signal ends before the piece does.
        """
        self.require_finite()
        dt = self.compiled.dt
        for trial in range(1, self.trials):
            if self._ensemble.step(trial) != self.step:
                raise ValueError(
                    f"trial {trial} is at {self._ensemble.step(trial) * dt:g} ms, trial 0 at "
                    f"{self.step * dt:g} ms: all trials must be set to the state of one time"
                )
        end, owner = signal_end(self.compiled.network)
        stop = (self.step + piece.bins * piece.steps_per_bin) * dt
        if stop > end * (1 + 1e-12):
            raise ValueError(
                f'population "{owner}": the Sampled signal ends at {end:g} ms, before the '
                f"simulation does at {stop:g} ms"
            )

    def recording(self, piece: Piece) -> Recording:
        """What is recorded of a piece, without room for it yet."""
        return Recording(
            self.compiled, piece.record, piece.chosen, trials=self.trials, bins=piece.bins
        )

    def advance(
        self, piece: Piece, bar: Any, pause: Callable[[], bool] | None = None
    ) -> tuple[dict[str, Any], Exception | None]:
        """Run a piece.

        Parameters
        ----------
        piece : Piece
        bar : tqdm
            Told the biological time that passes, s.
        pause : callable, optional
            Asked between blocks whether to stop.

        Returns
        -------
        recorded : dict
            Arrays of a `Result`, of the complete bins. They are fewer than asked for if `pause`
            said so, after Ctrl-C, or with
        failure : Exception or None
            What to raise if a state has become non-finite or there was no room for spikes.
        """
        recording = self.recording(piece)
        room = recording.allocate(piece.record_limit)
        dt, start = self.compiled.dt, self.step
        completed, failure = self._step_through(piece, room, bar, pause)
        # Integers times dt, so that the times of pieces are those of one run to the bit.
        ends = start + piece.steps_per_bin * np.arange(1, completed + 1)
        end = dt * (start + piece.steps_per_bin * completed)
        recorded = {
            "t": np.multiply(dt, ends, dtype=np.float64),
            **recording.collect(self._ensemble, completed, end=end),
        }
        return recorded, None if failure is None else self._fail(failure, piece, completed)

    def state(self, trial: int) -> dict[str, Any]:
        """Complete state of one trial as a dictionary of arrays, copied."""
        return self._ensemble.state(trial)

    def set_state(self, state: dict[str, Any], trial: int) -> None:
        """Replace the state of one trial.

        Raises
        ------
        ValueError
            If the fields do not match; the state is then unchanged.
        """
        self._ensemble.set_state(trial, state)
        self._failure = ""

    def changed(self, compiled: CompiledNetwork) -> Engines:
        """Engines of another network that go on from the state of these."""
        engines = Engines(
            compiled,
            self.settings,
            seed_sequence=self.seed_sequence,
            trials=self.trials,
            n_threads=self.n_threads,
            previous=self,
        )
        for trial in range(self.trials):
            engines.set_state(self.state(trial), trial)
        return engines

    def _step_through(
        self, piece: Piece, room: dict[str, Any], bar: Any, pause: Callable[[], bool] | None
    ) -> tuple[int, Failure | None]:
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

    def _fail(self, failure: Failure, piece: Piece, completed: int) -> Exception:
        trial, step, population, variable = failure
        kind: type[Exception] = FloatingPointError
        what = self._failure = f'{variable} of population "{population}" became non-finite'
        if variable == "spikes":
            kind, self._failure = MemoryError, "its spikes exceeded record_limit"
            what = f"spikes exceeded record_limit = {piece.record_limit:g} GB"
        return kind(
            f"{what} at step {step} ({step * self.compiled.dt:g} ms) of trial {trial}; the "
            f"{completed} bins before it are in the attribute `result` of this error"
        )
