"""Compiled core of mesopop. Internal: use the functions of the package."""

from collections.abc import Sequence
from typing import Any, final

from numpy import float64, int64, uint64
from numpy.typing import ArrayLike, NDArray

# Instruction sets, compiler, flags and OpenMP.
def build_info() -> dict[str, Any]: ...

# --- Simulation ---

# Independent trials of one network, with the spikes that they have recorded and not handed out yet.
@final
class Ensemble:
    def __init__(
        self,
        *,
        network: dict[str, Any],
        level: str,
        closure: str,
        noise: str,
        bin_tolerance: float,
        cohorts: Sequence[bool],
        cohort_tolerance: float,
        key: Sequence[int],
        trials: int,
        instruction_set: str,
        threads: int = 1,
        memory_limit: float = ...,
        # Of the same trials of a network with the same connections, which are then shared.
        previous: Ensemble | None = ...,
    ) -> None: ...
    # Writes bins first_bin .. first_bin + bins - 1 of arrays of shape (channels, trials, bins). Returns the
    # number of complete bins since first_bin = 0, and (trial, step, population, variable) of what became non-finite,
    # or the variable "spikes" if a trial has recorded more than `most_spikes`.
    def advance(
        self,
        *,
        first_bin: int,
        bins: int,
        steps_per_bin: int,
        rate: NDArray[float64] | None,
        potential: NDArray[float64] | None,
        release: NDArray[float64] | None,
        u: NDArray[float64] | None,
        x: NDArray[float64] | None,
        record_spikes: Sequence[bool],
        # Per population None, or a dictionary with the chosen neurons and where their variables go.
        neurons: list[dict[str, Any] | None],
        most_spikes: int,
        threads: int,
    ) -> tuple[int, tuple[int, int, str, str] | None]: ...
    # A structured array of times (ms) and neurons, of all neurons or of those chosen.
    def take_spikes(self, trial: int, population: int, chosen: bool) -> NDArray[Any]: ...
    def progress(self) -> tuple[int, tuple[int, int, str, str] | None]: ...
    def step(self, trial: int) -> int: ...
    def state(self, trial: int) -> dict[str, NDArray[Any]]: ...
    def set_state(self, trial: int, state: dict[str, Any]) -> None: ...

# --- Random numbers ---

def philox4x64(counter: Sequence[int], key: Sequence[int]) -> list[int]: ...
def philox4x32(counter: Sequence[int], key: Sequence[int]) -> list[int]: ...

# Spikes in one step of cohorts of `count` neurons of integrated hazards `hazard`.
def cohort_spikes(
    *,
    key: Sequence[int],
    trial: int,
    population: int,
    step: int,
    count: Sequence[float],
    hazard: Sequence[float],
    instruction_set: str,
) -> NDArray[float64]: ...

# The words that belong to one random event, and what is drawn from them.
@final
class Stream:
    def __init__(
        self,
        *,
        key: Sequence[int],
        trial: int,
        purpose: int,
        owner: int,
        index: int,
        event: int,
    ) -> None: ...
    def words(self, count: int) -> NDArray[uint64]: ...
    def uniform(self, count: int) -> NDArray[float64]: ...
    def exponential(self, count: int) -> NDArray[float64]: ...
    def normal(self, count: int) -> NDArray[float64]: ...
    def binomial(self, count: int, n: int, p: float) -> NDArray[int64]: ...

# --- Elementary functions, element by element; a scalar for scalars ---

def binomial_quantile(n: ArrayLike, p: ArrayLike, z: ArrayLike) -> Any: ...
def exp(x: ArrayLike) -> Any: ...
def expm1_nonpositive(x: ArrayLike) -> Any: ...
def log(x: ArrayLike) -> Any: ...
def log1p(x: ArrayLike) -> Any: ...
def sin_turns(turns: ArrayLike) -> Any: ...
def normal_quantile(probability: ArrayLike) -> Any: ...
