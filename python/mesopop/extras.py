"""Optional dependencies, imported when something first needs them."""

from __future__ import annotations

import importlib
from typing import Any


def require_extra(module: str, *, extra: str, what: str) -> Any:
    """Import an optional module.

    Raises
    ------
    ImportError
        If it is not there; the error names what needs it and how to install it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f'{what} needs {module}, which is optional: pip install "mesopop[{extra}]"'
        ) from error
