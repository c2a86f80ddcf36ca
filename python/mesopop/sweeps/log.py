"""The folder of a sweep: what it computes, and every run that has finished.

``sweep.json`` is the specification; ``runs.jsonl`` has one line for each run, appended as they
finish: what is in it survives whatever kills the program.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mesopop.atomic_file import naming, write_atomically
from mesopop.file_lock import FileLock
from mesopop.sweeps.run import Outcome
from mesopop.sweeps.variables import Variable

FORMAT = 1
SPECIFICATION, RUNS = "sweep.json", "runs.jsonl"
_SYNC_SECONDS = 1.0

Key = tuple[int, int]  # point, trial


class RunLog:
    """Finished runs of a sweep in a folder, or in memory alone.

    Parameters
    ----------
    folder : Path or None
    specification : dict
        What the sweep computes, ready for JSON; ``"seed"`` is None to take that of the folder.

    Raises
    ------
    ValueError
        If the folder holds another sweep, or one written in another format.
    """

    def __init__(self, folder: Path | None, specification: dict[str, Any]) -> None:
        self.outcomes: dict[Key, Outcome] = {}
        self._path = None if folder is None else folder / RUNS
        self._synced = 0.0
        if folder is None:
            return
        description = folder / SPECIFICATION
        if description.exists():
            _require_same(folder, _json(description, description.read_text("utf-8")), specification)
            self._read()
        elif folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir()):
            raise ValueError(f"{folder} is not empty and holds no sweep; choose another folder")
        else:
            folder.mkdir(parents=True, exist_ok=True)
            text = json.dumps(specification, indent=1).encode()
            write_atomically(description, lambda file: file.write(text))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Let no other process append to it.

        Raises
        ------
        OSError
            If another process does.
        """
        lock = None if self._path is None else FileLock(self._path)
        try:
            yield
        finally:
            if lock is not None:
                lock.release()

    def append(self, finished: Mapping[Key, Outcome]) -> None:
        """Keep finished runs.

        Raises
        ------
        OSError
            If they cannot be saved. They are kept in memory nevertheless.
        """
        self.outcomes.update(finished)
        if self._path is None or not finished:
            return
        with naming(self._path), self._path.open("a", encoding="utf-8", newline="\n") as file:
            file.writelines(_line(key, outcome) for key, outcome in finished.items())
            if time.monotonic() - self._synced > _SYNC_SECONDS:
                file.flush()
                os.fsync(file.fileno())
                self._synced = time.monotonic()

    def _read(self) -> None:
        assert self._path is not None
        if not self._path.exists():
            return
        complete = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break
                complete += len(line)
                key, outcome = _parsed(
                    _json(f"{self._path}, line {number}, which can be removed,", line)
                )
                self.outcomes[key] = outcome
        # Half a line is what a kill left of a run that had not been saved.
        if complete < self._path.stat().st_size:
            os.truncate(self._path, complete)


def seed_in(folder: Path) -> Any:
    """The seed of the sweep in a folder; None if there is no sweep."""
    path = folder / SPECIFICATION
    return _json(path, path.read_text("utf-8")).get("seed") if path.exists() else None


def _json(place: object, text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"{place} is damaged: {error}") from None


def _line(key: Key, outcome: Outcome) -> str:
    line: dict[str, Any] = {"point": key[0], "trial": key[1]}
    if outcome.error:
        line |= {"error": outcome.error, "died": outcome.died}
    else:
        line["variables"] = {name: v.to_json() for name, v in outcome.variables.items()}
    return json.dumps(line, separators=(",", ":")) + "\n"


def _parsed(line: dict[str, Any]) -> tuple[Key, Outcome]:
    variables = {
        name: Variable.from_json(parts) for name, parts in line.get("variables", {}).items()
    }
    outcome = Outcome(variables, line.get("error", ""), line.get("died", False))
    return (line["point"], line["trial"]), outcome


def _require_same(folder: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    if before.get("format") != now["format"]:
        raise ValueError(
            f"the sweep in {folder} has format {before.get('format')}, "
            f"this version writes {now['format']}"
        )
    # As read back: tuples are lists there.
    difference = _difference(before, json.loads(json.dumps(now)), "")
    if difference:
        raise ValueError(
            f"the sweep in {folder} computes something else: {difference}; "
            "choose another folder for this one"
        )


def _difference(before: Any, now: Any, place: str) -> str:
    # The first place where two specifications differ.
    if isinstance(before, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*before, *now]):
            where = f"{place}.{key}".strip(".")
            if key not in before or key not in now:
                return f"{where} is {'new' if key in now else 'missing'}"
            difference = _difference(before[key], now[key], where)
            if difference:
                return difference
        return ""
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, pair in enumerate(zip(before, now, strict=True)):
            difference = _difference(*pair, f"{place}[{index}]")
            if difference:
                return difference
        return ""
    return "" if before == now else f"{place} was {_short(before)}, is now {_short(now)}"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
