"""What all reducers have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from mesopop.reducers.event_list import EventList
from mesopop.result import QUANTITIES, Result
from mesopop.validation import did_you_mean

State = dict[str, NDArray[Any]]
Floats = NDArray[np.float64]


def quantity_known(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Validator of the name of a recorded quantity."""
    if value not in QUANTITIES:
        raise ValueError(
            f"{attribute.name}: unknown quantity {value!r}; {did_you_mean(str(value), QUANTITIES)}"
        )


def shape_repr(value: NDArray[Any]) -> str:
    """An array in a word."""
    return str(value) if value.ndim == 0 else f"array of shape {value.shape}"


class Reducer(ABC):
    """Base of all reducers.

    Your own reducer is a subclass with `series`, `settings`, `take`, `result`, `memory` and
    `remember`, and `lists` if what it has to remember grows with time. It must not depend on how
    the recording is divided into blocks.

    Attributes
    ----------
    bins : int
        Bins taken up so far.
    record_dt : float
        Their width, ms; nan before the first.
    trials : int
        Their trials; 0 before the first.
    """

    bins: int = 0
    record_dt: float = float("nan")
    trials: int = 0
    _end: float = float("nan")  # of the last bin, ms

    @property
    @abstractmethod
    def series(self) -> tuple[tuple[str, str], ...]:
        """The series looked at: quantity and label of each, e.g. ``(("rate", "E"),)``."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Arguments that make an equal reducer, in plain numbers, strings and lists."""

    @abstractmethod
    def take(self, values: Floats) -> None:
        """Take up the next bins, shape (series, trials, bins), at least one."""

    @property
    @abstractmethod
    def result(self) -> Any:
        """What was found so far."""

    @abstractmethod
    def memory(self) -> State:
        """Everything that `take` has changed, but for `lists`."""

    @abstractmethod
    def remember(self, memory: State) -> None:
        """Put back what `memory` gave."""

    def check(self, record_dt: float) -> None:
        """Check that bins of a width (ms) can be taken up.

        Raises
        ------
        ValueError
            If not.
        """
        return

    def lists(self) -> dict[str, EventList]:
        """What grows with time, by name: it is not kept in memory, and not in checkpoints."""
        return {}

    def update(self, block: Result) -> None:
        """Take up a block: the next piece of the same simulation.

        Raises
        ------
        KeyError
            If a series was not recorded.
        ValueError
            If the block does not follow the last one, or differs in its bins or trials.
        OSError
            If there is no room for a temporary file of events. The block has been taken up.
        """
        if not block.t.size:
            return
        values = np.stack(
            [np.atleast_2d(getattr(block, quantity)[label]) for quantity, label in self.series]
        )
        if self.bins == 0:
            self.check(block.record_dt)
            self.record_dt, self.trials = block.record_dt, block.trials
        elif (block.record_dt, block.trials) != (self.record_dt, self.trials):
            raise ValueError(
                f"blocks must be alike: the first had {self.trials} trials and bins of "
                f"{self.record_dt:g} ms, got {block.trials} and {block.record_dt:g} ms"
            )
        elif abs(block.t[0] - block.record_dt - self._end) > 1e-3 * block.record_dt:
            raise ValueError(
                f"blocks must follow each other: the last one ended at {self._end:g} ms, got one "
                f"that starts at {block.t[0] - block.record_dt:g} ms"
            )
        self.take(values)
        self.bins += len(block.t)
        self._end = float(block.t[-1])
        for events in self.lists().values():
            events.spill()

    def state(self) -> State:
        """Everything that `update` has changed, as arrays, copied."""
        events = {f"lists/{name}": events.values() for name, events in self.lists().items()}
        return {name: value.copy() for name, value in {**self.bounded_state(), **events}.items()}

    def bounded_state(self) -> State:
        """The same without what grows with time, and not copied."""
        own = {
            "bins": np.int64(self.bins),
            "trials": np.int64(self.trials),
            "record_dt": np.float64(self.record_dt),
            "end": np.float64(self._end),
        }
        memory = self.memory() if self.bins else {}
        return {
            **{name: np.asarray(value) for name, value in own.items()},
            **{f"memory/{name}": np.asarray(value) for name, value in memory.items()},
        }

    def set_state(self, state: State) -> None:
        """Put back what `state` or `bounded_state` gave, of an equal reducer."""
        self.bins, self.trials = int(state["bins"]), int(state["trials"])
        self.record_dt, self._end = float(state["record_dt"]), float(state["end"])
        if self.bins:
            self.remember(
                {
                    name.removeprefix("memory/"): np.array(value)
                    for name, value in state.items()
                    if name.startswith("memory/")
                }
            )
        for name, events in self.lists().items():
            if f"lists/{name}" in state:
                events.replace(np.asarray(state[f"lists/{name}"]))

    def per_trial(self, values: NDArray[Any]) -> NDArray[Any]:
        """Drop the leading axis of trials if there is only one."""
        return values[0] if self.trials == 1 else values


class SettingsOfFields:
    """`Reducer.settings` for attrs classes: the fields that the constructor takes."""

    def settings(self) -> dict[str, Any]:
        """Arguments that make an equal reducer."""
        fields = [f for f in attrs.fields(type(self)) if f.init]  # type: ignore[arg-type]
        return {f.name: _plain(getattr(self, f.name)) for f in fields}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
