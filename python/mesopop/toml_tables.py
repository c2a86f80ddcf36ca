"""Tables of a TOML file to parameter objects and back."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from os import PathLike
from pathlib import Path
from typing import IO, Any, Literal, TypeVar, get_args, get_origin

import attrs
import cattrs
import numpy as np
import tomli_w
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

from mesopop.adaptation import KERNELS, AdaptationKernel
from mesopop.connectivity import CONNECTIVITIES, Connectivity
from mesopop.delays import DelayDistribution
from mesopop.neurons import NEURONS, Neuron
from mesopop.plasticity import Parameter
from mesopop.signals import SIGNALS, Component, Drive
from mesopop.toml_errors import TAG, problems
from mesopop.transfer import TRANSFERS, Transfer
from mesopop.validation import did_you_mean

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

T = TypeVar("T")
Hook = Callable[[Any, Any], Any]

TAGGED = (*NEURONS, *TRANSFERS, *SIGNALS, *KERNELS, *CONNECTIVITIES)


def read_toml(source: str | PathLike[str] | IO[str], make: Callable[[dict[str, Any]], T]) -> T:
    """What `make` makes of the tables of a TOML file; its errors then name the file."""
    if isinstance(source, (str, PathLike)):
        name, text = str(source), Path(source).read_text(encoding="utf-8")
    else:
        name, text = str(getattr(source, "name", "")), source.read()
    try:
        return make(tomllib.loads(text))
    except ValueError as error:
        raise ValueError(f"{name}: {error}" if name else str(error)) from None


def toml_text(tables: Mapping[str, Any]) -> str:
    """Tables as the text of a TOML file."""
    return tomli_w.dumps(tables)


def write_toml(tables: Mapping[str, Any], path: str | PathLike[str]) -> None:
    """Write tables to a TOML file, overwriting it."""
    Path(path).write_text(toml_text(tables), encoding="utf-8", newline="\n")


def structure(table: Any, cls: type[T], path: str = "") -> T:
    """Make an object of a table.

    Raises
    ------
    ValueError
        With one line per problem, each naming its place below `path`.
    """
    try:
        return _converter().structure(table, cls)
    except (cattrs.BaseValidationError, ValueError, TypeError) as error:
        raise ValueError("\n".join(problems(error, path))) from None


def unstructure(value: object) -> dict[str, Any]:
    """The table of an object, in plain numbers, strings, lists and dictionaries."""
    table: dict[str, Any] = _converter().unstructure(value)
    return table


def _require_table(value: Any) -> None:
    if not isinstance(value, Mapping):
        raise TypeError(f"must be a table, got {value!r}")


def _class_hook(cls: type, converter: cattrs.BaseConverter) -> Hook:
    from_table: Hook = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True)

    def hook(value: Any, kind: Any) -> Any:
        _require_table(value)
        return from_table(value, kind)

    return hook


def _tagged_hook(classes: tuple[type, ...], converter: cattrs.BaseConverter) -> Hook:
    by_name = {cls.__name__: cls for cls in classes}
    names = ", ".join(by_name)

    def hook(value: Any, _: Any) -> Any:
        _require_table(value)
        if TAG not in value:
            raise ValueError(f'missing key "{TAG}": one of {names}')
        tag = str(value[TAG])
        if tag not in by_name:
            raise ValueError(f'unknown {TAG} "{tag}"; {did_you_mean(tag, by_name)}')
        table = {key: item for key, item in value.items() if key != TAG}
        return converter.structure(table, by_name[tag])

    return hook


def _tuple_hook(kind: Any, converter: cattrs.BaseConverter) -> Hook:
    items: Any = list[get_args(kind)[0]]  # type: ignore[misc]

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            raise TypeError(f"must be an array (of tables: [[...]]), got {value!r}")
        return tuple(converter.structure(value, items))

    return hook


def _to_table(cls: type, converter: cattrs.BaseConverter) -> Callable[[Any], dict[str, Any]]:
    plain: Callable[[Any], dict[str, Any]] = make_dict_unstructure_fn(cls, converter)
    tag = {TAG: cls.__name__} if cls in TAGGED else {}

    def hook(value: Any) -> dict[str, Any]:
        # TOML has no null: what is None is left out.
        return tag | {key: item for key, item in plain(value).items() if item is not None}

    return hook


def _is_tuple(kind: Any) -> bool:
    return tuple in (kind, get_origin(kind))


def _is_array(kind: Any) -> bool:
    return np.ndarray in (kind, get_origin(kind))


def _is_plain(kind: Any) -> bool:
    return get_origin(kind) is Literal or _is_array(kind)


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    signal = _tagged_hook(SIGNALS, converter)

    def component(value: Any, kind: Any) -> Any:
        return signal(value, kind) if isinstance(value, Mapping) else value

    def drive(value: Any, kind: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return converter.structure(value, tuple[Component, ...])
        return component(value, kind)

    def delay(value: Any, _: Any) -> Any:
        return (
            converter.structure(value, DelayDistribution) if isinstance(value, Mapping) else value
        )

    unions: list[tuple[Any, Hook]] = [
        (Neuron, _tagged_hook(NEURONS, converter)),
        (Transfer, _tagged_hook(TRANSFERS, converter)),
        (AdaptationKernel, _tagged_hook(KERNELS, converter)),
        (Connectivity | None, _tagged_hook(CONNECTIVITIES, converter)),
        (float | DelayDistribution, delay),
        (Parameter, lambda value, _: value),
        (Component, component),
        (Drive, drive),
    ]
    converter.register_structure_hook_factory(attrs.has, _class_hook)
    converter.register_structure_hook_factory(_is_tuple, _tuple_hook)
    # Numbers, words and arrays pass as they are, for the constructors to refuse: cattrs would make
    # the number 400.0 of the string "400", and 1.0 of true.
    for plain in (float, int, str):
        converter.register_structure_hook(plain, lambda value, _: value)
    converter.register_structure_hook_func(_is_plain, lambda value, _: value)
    for union, hook in unions:
        converter.register_structure_hook_func(partial(operator.eq, union), hook)

    converter.register_unstructure_hook_factory(attrs.has, _to_table)
    converter.register_unstructure_hook_func(_is_array, lambda array: array.tolist())
    converter.register_unstructure_hook_func(
        _is_tuple, lambda items: [converter.unstructure(item) for item in items]
    )
    return converter
