"""What the panels of a page have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import LogLocator, NullFormatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def legend_of_page(figure: Figure, *panels: Axes) -> None:
    """One legend above all panels, of the names in some of them; their own ones are removed."""
    entries = {}
    for panel in panels:
        for handle, name in zip(*panel.get_legend_handles_labels(), strict=True):
            entries.setdefault(name, handle)
    for panel in figure.axes:
        if panel.legend_ is not None:
            panel.legend_.remove()
    figure.legend(
        list(entries.values()),
        list(entries),
        loc="outside upper center",
        ncols=len(entries),
        frameon=False,
    )


def plain_log_scale(ax: Axes) -> None:
    """Numbers without powers at 1, 2 and 5 of each decade of y: for scales of about one decade."""
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())
