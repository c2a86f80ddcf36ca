"""How the compiled core was built."""

from __future__ import annotations

from typing import Any

from mesopop import __version__


def build_info() -> dict[str, Any]:
    """Version, compiler, flags and instruction sets of the installed package.

    Returns
    -------
    dict
        ``version``; ``compiler``; ``flags``; ``openmp`` (date of the standard, None if built
        without); ``instruction_sets`` compiled in; ``instruction_set`` in use on this processor.

    Examples
    --------
    >>> import mesopop as mp
    >>> mp.build_info()["instruction_set"] in mp.build_info()["instruction_sets"]
    True
    """
    from mesopop import _core

    return {"version": __version__, **_core.build_info()}
