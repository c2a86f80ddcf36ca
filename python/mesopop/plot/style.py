"""Colours and axes of all figures. Nothing here changes the settings of matplotlib."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

# Okabe and Ito's colours, which the colour-blind can tell apart
# (https://jfly.uni-koeln.de/color/); their yellow is too light for lines.
BLACK, ORANGE, SKY_BLUE, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"

# One colour for each level and closure, in all figures.
COLOURS = {
    "micro": BLACK,
    "first_order": SKY_BLUE,
    "second_order": BLUE,
    "renewal": VERMILLION,
}
OTHERS = (GREEN, PURPLE, ORANGE)
SEQUENTIAL = "cividis"

# For a page of many panels; sizes in points.
PAGE_STYLE: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "legend.handlelength": 1.4,
    "legend.borderaxespad": 0.0,
}


def colour_of(label: str, index: int = 0) -> str:
    """The colour of a level or closure; for other labels one of the rest, by index."""
    name = label.removeprefix("meso ").partition(",")[0]
    return COLOURS.get(name, OTHERS[index % len(OTHERS)])


def tidy(ax: Axes) -> None:
    """Leave only the spines that carry a scale."""
    ax.spines[["top", "right"]].set_visible(False)


def log_scale(ax: Axes, *names: Literal["x", "y"]) -> None:
    """Make axes logarithmic, with labels that are plain numbers and never overlap.

    At powers of ten, and in between if there are fewer than three of those.
    """
    from matplotlib.ticker import NullFormatter

    from mesopop.plot.log_ticks import LogLabels, LogTicks

    for name in names:
        ax.set(**{f"{name}scale": "log"})
        axis = ax.xaxis if name == "x" else ax.yaxis
        axis.set_major_locator(LogTicks())
        axis.set_major_formatter(LogLabels())
        axis.set_minor_formatter(NullFormatter())


def legend_above(ax: Axes, rows: int = 1, beside: Text | None = None) -> None:
    """A legend above the axes, at the right: never over the data, and not wider than the axes.

    It has `rows` lines, more if the axes are narrow. `beside` is a title at the left, above which the
    legend stands if there is no room at its right.
    """
    entries = len(ax.get_legend_handles_labels()[1])
    panel = ax.get_window_extent()
    most = max(-(-entries // rows), 1)

    def fits(columns: int, room: float, bottom: float) -> bool:
        legend = ax.legend(
            loc="lower right", bbox_to_anchor=(1, bottom), ncols=columns, frameon=False
        )
        return bool(legend.get_window_extent().width <= room)

    bottom = 1.0
    if beside is not None and beside.get_text():
        title = beside.get_window_extent()
        if any(fits(columns, panel.width - title.width, bottom) for columns in range(most, 0, -1)):
            return
        bottom += 1.4 * title.height / panel.height
    any(fits(columns, panel.width, bottom) for columns in range(most, 0, -1))


def legend_inside(ax: Axes, where: Any) -> None:
    """A legend over the axes, where the data leave room, if anything has a name."""
    if ax.get_legend_handles_labels()[1]:
        ax.legend(loc=where, frameon=False)


def names_of(labels: Sequence[str] | None, count: int, what: str) -> Sequence[str]:
    """The labels given, or numbers for several things, and none for a single one."""
    if labels is None:
        return [str(index + 1) for index in range(count)] if count > 1 else [""] * count
    require_same_length("labels", labels, count, what)
    return labels


def say(ax: Axes, text: str) -> None:
    """Why there is nothing to see."""
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center")


def new_axes(rows: int) -> list[Axes]:
    """Panels of a new pyplot figure, one below the other, with common scales."""
    from matplotlib import pyplot

    _, axes = pyplot.subplots(
        rows,
        1,
        sharex=True,
        sharey=True,
        squeeze=False,
        figsize=(8, 1 + 2 * rows),
        layout="constrained",
    )
    return list(axes[:, 0])


def as_list(ax: Axes | Iterable[Axes] | None, count: int, what: str) -> list[Axes]:
    """One Axes for each of `count` things: new ones, the given ones, or the same for all."""
    if ax is None:
        return new_axes(count)
    if not isinstance(ax, Iterable):
        return [ax] * count
    axes = list(ax)
    if len(axes) != count:
        raise ValueError(f"ax must be one Axes or one for each {what} ({count}), got {len(axes)}")
    return axes


def require_kind(things: Iterable[Any], kind: type | tuple[type, ...], what: str) -> None:
    """Refuse what a figure cannot be drawn of: a bare array, e.g."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    for thing in things:
        if not isinstance(thing, kinds):
            names = " or ".join(one.__name__ for one in kinds)
            raise TypeError(f"{what} must be {names}, got {type(thing).__name__}")


def require_same_length(name: str, values: Sequence[Any], count: int, what: str) -> None:
    """Refuse a sequence that does not go with the others."""
    if len(values) != count:
        raise ValueError(f"{name} must hold one item for each {what} ({count}), got {len(values)}")
