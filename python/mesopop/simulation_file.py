"""What a file that holds a simulation consists of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from mesopop.changes import Change
from mesopop.earlier_formats import present_state
from mesopop.result import versions
from mesopop.seeds import entropy_of

if TYPE_CHECKING:
    from mesopop.simulation import Simulation

Arrays = dict[str, NDArray[Any]]


def contents(simulation: Simulation) -> tuple[dict[str, Any], Arrays]:
    """Header and arrays (``state/TRIAL/FIELD``) of a simulation.

    Raises
    ------
    RuntimeError
        If the simulation has stopped because its state became non-finite.
    """
    from mesopop.network_toml import network_to_dict

    header = describe(simulation, network_to_dict(simulation.network))
    return header, state_arrays(simulation)


def describe(simulation: Simulation, tables: dict[str, Any]) -> dict[str, Any]:
    """Header of a simulation, with the `tables` of its network, or what stands for them."""
    seed = simulation.seed_sequence
    return {
        "network": tables,
        "settings": attrs.asdict(simulation.settings),
        "dt": simulation.dt,
        "history": simulation.history,
        "seed": entropy_of(seed),
        "spawn_key": seed.spawn_key,
        "pool_size": seed.pool_size,
        "trials": simulation.trials,
        "changes": [attrs.asdict(change) for change in simulation.changes],
        "versions": versions(),
    }


def state_arrays(simulation: Simulation) -> Arrays:
    """State of all trials.

    Raises
    ------
    RuntimeError
        As `contents`.
    """
    simulation.course.engines.require_finite()
    return {
        f"state/{trial}/{name}": values
        for trial in range(simulation.trials)
        for name, values in simulation.state(trial).items()
    }


def restored(
    path: Path, header: dict[str, Any], arrays: Arrays, n_threads: int | None
) -> Simulation:
    """The simulation of such contents, read from `path`.

    Raises
    ------
    ValueError
        If the contents are not those of a simulation, or its state does not fit its network.
    """
    from mesopop.network_toml import network_from_dict
    from mesopop.simulation import Simulation

    if "settings" not in header or "pool_size" not in header:
        raise ValueError(f"{path} does not hold a simulation")
    seed = np.random.SeedSequence(
        header["seed"], spawn_key=tuple(header["spawn_key"]), pool_size=header["pool_size"]
    )
    # From rest, which costs least: the state is replaced.
    simulation = Simulation(
        network_from_dict(header["network"]),
        dt=header["dt"],
        **header["settings"],
        initial="rest",
        history=header["history"],
        seed=seed,
        trials=header["trials"],
        n_threads=n_threads,
    )
    try:
        for trial in range(simulation.trials):
            state = part_of(arrays, f"state/{trial}/")
            present = present_state(header["format"], state, simulation.state(trial))
            simulation.set_state(present, trial)
    except ValueError as error:
        raise ValueError(f"{path} holds a state that does not fit its network: {error}") from None
    simulation.course.changes = tuple(Change(**change) for change in header["changes"])
    return simulation


def part_of(arrays: Arrays, prefix: str) -> Arrays:
    """The arrays whose names begin with a prefix, without it."""
    return {
        name.removeprefix(prefix): values
        for name, values in arrays.items()
        if name.startswith(prefix)
    }
