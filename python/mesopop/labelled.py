"""Dictionaries of arrays by name."""

from __future__ import annotations

from typing import Any

from mesopop.validation import did_you_mean


class Labelled(dict[str, Any]):
    """Arrays by name; an unknown name is an error that lists the known ones."""

    def __missing__(self, name: str) -> Any:
        raise KeyError(f'"{name}" was not recorded; {did_you_mean(name, self)}')
