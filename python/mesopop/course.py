"""A simulation under way: settings, seed, engines, and what has changed so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs
import numpy as np

from mesopop.changes import Change, changes_between
from mesopop.compiled import compile_network
from mesopop.engines import Engines
from mesopop.initial import InitialState
from mesopop.network import Network
from mesopop.neuron_recording import Neurons
from mesopop.processors import available_processors
from mesopop.progress import progress_bar
from mesopop.recording import DEFAULT_RECORD_LIMIT, Piece
from mesopop.result import Result, versions
from mesopop.seeds import entropy_of, seed_sequence
from mesopop.settings import EngineSettings, choose_engine
from mesopop.validation import require_integer, require_number


class Course:
    """What `Simulation` and `run_long` steer.

    Parameters
    ----------
    network : Network
    settings : EngineSettings
    dt : float
    initial : str or InitialState
    history : float, optional
    seed : int or numpy.random.SeedSequence, optional
    trials : int
    n_threads : int, optional
        As those of `Simulation`.

    Raises
    ------
    ValueError
        As `Simulation`.
    """

    def __init__(
        self,
        network: Network,
        settings: EngineSettings,
        *,
        dt: float,
        initial: str | InitialState,
        history: float | None,
        seed: int | np.random.SeedSequence | None,
        trials: int,
        n_threads: int | None,
    ) -> None:
        if history is not None:
            history = require_number("history", history, "ms", gt=0)
            if settings.bin_tolerance != 0:
                raise ValueError(
                    'history applies to level="meso" with bin_tolerance=0, '
                    f"got {history!r} ms otherwise"
                )
        compiled = compile_network(network, dt=dt, initial=initial, history=history)
        self.history = history
        self.changes: tuple[Change, ...] = ()
        self.engines = Engines(
            compiled,
            settings,
            seed_sequence=seed_sequence(seed),
            trials=require_integer("trials", trials, ge=1),
            n_threads=(
                available_processors()
                if n_threads is None
                else require_integer("n_threads", n_threads, ge=1)
            ),
        )

    @property
    def network(self) -> Network:
        """As it is now."""
        return self.engines.compiled.network

    @property
    def dt(self) -> float:
        """Time step, ms."""
        return self.engines.compiled.dt

    @property
    def time(self) -> float:
        """Biological time reached, ms."""
        return self.engines.step * self.dt

    @property
    def settings(self) -> EngineSettings:
        """Of the engines."""
        return self.engines.settings

    @property
    def label(self) -> str:
        """What a progress bar calls it."""
        return self.settings.closure or self.settings.level

    def asked(
        self,
        duration: float,
        record: Sequence[str | Neurons],
        record_dt: float | None,
        record_limit: float = DEFAULT_RECORD_LIMIT,
    ) -> Piece:
        """What a recording would consist of; arguments as of `Simulation.run`.

        Raises
        ------
        ValueError
            As `Piece.of`.
        """
        return Piece.of(
            duration,
            dt=self.dt,
            level=self.settings.level,
            network=self.network,
            record=record,
            record_dt=record_dt,
            record_limit=record_limit,
        )

    def piece(
        self,
        duration: float,
        record: Sequence[str | Neurons],
        record_dt: float | None,
        record_limit: float = DEFAULT_RECORD_LIMIT,
    ) -> Piece:
        """The same, if it can follow.

        Raises
        ------
        RuntimeError, ValueError
            As `asked` and `Engines.require_possible`.
        """
        piece = self.asked(duration, record, record_dt, record_limit)
        self.engines.require_possible(piece)
        return piece

    def advance(self, piece: Piece, bar: Any, pause: Callable[[], bool] | None = None) -> Result:
        """Run a piece, or as far as `pause`, asked between blocks, lets it.

        Raises
        ------
        FloatingPointError, MemoryError
            As `Simulation.run`.
        """
        recorded, failure = self.engines.advance(piece, bar, pause)
        complete = len(recorded["t"]) == piece.bins
        result = attrs.evolve(self.empty_result(piece), complete=complete, **recorded)
        if failure is not None:
            failure.result = result  # type: ignore[attr-defined]
            raise failure
        return result

    def advance_by_blocks(self, piece: Piece, most: int, progress: bool) -> Iterator[Result]:
        """Run a piece, and hand out results of `most` bins, up to an incomplete one."""
        left = piece.bins
        with progress_bar(self.label, piece.duration, progress) as bar:
            while left:
                result = self.advance(attrs.evolve(piece, bins=min(most, left)), bar)
                left -= len(result.t)
                yield result
                if not result.complete:
                    return

    def empty_result(self, piece: Piece) -> Result:
        """What a result says of the simulation beside its arrays."""
        seed = self.engines.seed_sequence
        return Result(
            network=self.network,
            settings=self.settings,
            dt=self.dt,
            record_dt=piece.record_dt,
            t=np.empty(0),
            rate={},
            seed=entropy_of(seed),
            spawn_key=tuple(seed.spawn_key),
            trials=self.engines.trials,
            complete=False,
            changes=self.changes,
            versions=versions(),
        )

    def change(self, network: Network) -> None:
        """Go on with another network.

        Raises
        ------
        RuntimeError, ValueError
            As `Simulation.change`.
        """
        self.engines.require_finite()
        changes = changes_between(self.network, network, self.time, self.settings.level)
        choose_engine(network, **attrs.asdict(self.settings))
        # From rest, since the state comes from the old engines anyway.
        compiled = compile_network(network, dt=self.dt, initial="rest", history=self.history)
        self.engines = self.engines.changed(compiled)
        self.changes += changes
