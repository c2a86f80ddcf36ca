"""Progress bars, in terminals and notebooks."""

from __future__ import annotations

from typing import Any


def progress_bar(label: str, duration: float, show: bool, done: float = 0.0) -> Any:
    """A bar over `duration` ms of biological time, with rate and time left, updated in seconds.

    Silent when standard error is not a terminal; in a notebook a widget. `done` (ms) is what an
    earlier process has done, which does not count for the rate.
    """
    from tqdm.auto import tqdm

    return tqdm(
        desc=label,
        total=duration / 1000,
        initial=done / 1000,
        disable=None if show else True,
        unit="s",
        bar_format="{l_bar}{bar}| {n:.4g}/{total:.4g} s [{elapsed}<{remaining}, {rate_noinv_fmt}]",
        leave=False,
    )
