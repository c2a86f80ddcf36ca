"""States of earlier formats of simulation files, brought to the present one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

State = dict[str, NDArray[Any]]


def present_state(version: int, state: State, example: Mapping[str, NDArray[Any]]) -> State:
    """A state of format `version` in the present one.

    Parameters
    ----------
    version : int
        Format of the file that it comes from.
    state : dict of str to ndarray
        By field.
    example : mapping of str to ndarray
        Any state of the same simulation in the present format.
    """
    return _with_covariances_between_sets(state, example) if version < 2 else state


def _with_covariances_between_sets(state: State, example: Mapping[str, NDArray[Any]]) -> State:
    # Format 1 knew nothing of the covariances of u and x between STP sets: they are taken as 0, as
    # its samples were drawn.
    state = dict(state)
    added: dict[str, int] = {}  # columns, by population
    for name in example:
        if name in state:
            continue
        population, bins, _ = name.rpartition("/bins/")
        if bins:
            added[population] = added.get(population, 0) + 1
            state[name] = np.zeros_like(state[f"{population}/bins/0"])
        elif "/stp_pair/" in name:
            state[name] = np.zeros_like(example[name])
    for population, columns in added.items():
        # One row for each step of the refractory period, of what wakes with the neurons.
        name = f"{population}/refractory"
        rows = (example[name].size - state[name].size) // columns
        waiting = state[name].reshape(rows, -1)
        state[name] = np.pad(waiting, ((0, 0), (0, columns))).ravel()
    return state
