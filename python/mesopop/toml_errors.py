"""Nested errors of reading tables as lines like ``projections[0].stp: tau_d must be ...``."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import cattrs
from cattrs.errors import AttributeValidationNote, IterableValidationNote

from mesopop.validation import did_you_mean

TAG = "type"  # the key that says which neuron, transfer function or signal a table is


def problems(error: BaseException, path: str = "") -> Iterator[str]:
    """One line for each error in the groups that cattrs raises."""
    if isinstance(error, cattrs.ClassValidationError):
        missing = []
        for inner in error.exceptions:
            key = _place(inner)
            if isinstance(inner, KeyError) and key:
                missing.append(f'"{key}"')
            else:
                yield from problems(inner, f"{path}.{key}".strip("."))
        if missing:
            keys = "missing key" if len(missing) == 1 else "missing keys"
            yield _at(path, f"{keys} {', '.join(missing)}")
    elif isinstance(error, cattrs.IterableValidationError):
        for inner in error.exceptions:
            yield from problems(inner, f"{path}[{_place(inner)}]")
    elif isinstance(error, cattrs.ForbiddenExtraKeysError):
        known = [field.name for field in attrs.fields(error.cl)]
        for key in sorted(error.extra_fields):
            yield _at(path, unknown_key(key, known))
    else:
        yield _at(path, str(error))


def unknown_key(key: str, known: list[str]) -> str:
    """The error about a key that a table cannot have."""
    return f'unknown key "{key}"; {did_you_mean(key, known)}'


def _at(path: str, message: str) -> str:
    return f"{path}: {message}" if path else message


def _place(error: BaseException) -> str:
    # The attribute or index that cattrs noted on an error, if any.
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            return note.name
        if isinstance(note, IterableValidationNote):
            return str(note.index)
    return ""
