"""Checkpoints: archives that are written again and again while a simulation goes on.

What stays the same is written once: a network of more than 256 kB (connections given one by one, long
signals) has a file of its own beside the checkpoint, which names it and its checksum.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mesopop.archive import read_archive, write_archive
from mesopop.network import Network
from mesopop.network_toml import network_to_dict
from mesopop.simulation_file import Arrays, describe, state_arrays

if TYPE_CHECKING:
    from mesopop.simulation import Simulation

_LARGE = 2**18  # bytes


class CheckpointFile:
    """The checkpoint of one simulation, whose network does not change.

    Parameters
    ----------
    path : Path
    simulation : Simulation
    """

    def __init__(self, path: Path, simulation: Simulation) -> None:
        self.path = path
        self._simulation = simulation
        text = _as_text(simulation.network)
        self._large = len(text) > _LARGE
        if self._large:
            digest = hashlib.sha256(text).hexdigest()
            self._network: dict[str, Any] = {"file": network_file(path).name, "sha256": digest}
        else:
            self._network = json.loads(text)

    def begin(self) -> None:
        """Write what stays the same, if it is large.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        if self._large:
            text = _as_text(self._simulation.network)
            write_archive(network_file(self.path), {}, {"network": np.frombuffer(text, np.uint8)})

    def write(self, told: Mapping[str, Any], arrays: Arrays) -> None:
        """Write simulation, `told` and `arrays` in place of the last checkpoint.

        Raises
        ------
        OSError
            If it cannot be written; the last checkpoint is unchanged.
        """
        header = {**describe(self._simulation, self._network), **told}
        write_archive(self.path, header, {**state_arrays(self._simulation), **arrays})


def network_file(checkpoint: Path) -> Path:
    """Where the network of a checkpoint is, if it is large."""
    return checkpoint.with_name(f"{checkpoint.name}.network")


def read_checkpoint(path: Path) -> tuple[dict[str, Any], Arrays]:
    """Read header and arrays of a checkpoint, or of a saved simulation, the network included.

    Raises
    ------
    OSError
        If there is no such file, or no file of its network beside it.
    ValueError
        If one of them is damaged, of a newer format, or not what it should be.
    """
    header, arrays = read_archive(path)
    apart = header.get("network", {})
    if "file" in apart:
        beside = path.with_name(apart["file"])
        text = read_archive(beside)[1].get("network", np.empty(0, np.uint8)).tobytes()
        if hashlib.sha256(text).hexdigest() != apart["sha256"]:
            raise ValueError(f"{beside} does not hold the network of {path}")
        header["network"] = json.loads(text)
    return header, arrays


def _as_text(network: Network) -> bytes:
    return json.dumps(network_to_dict(network)).encode()
