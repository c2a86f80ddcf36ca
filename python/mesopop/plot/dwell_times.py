"""How long states last, and how long events are apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mesopop.analysis.population_spikes import PopulationSpikes
from mesopop.analysis.up_down import UpDownStates
from mesopop.plot.style import as_list, colour_of, require_same_length, say, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def dwell_times(
    *states: UpDownStates,
    labels: Sequence[str] | None = None,
    ax: Iterable[Axes] | None = None,
) -> list[Axes]:
    """Draw the survival functions of Up and Down dwell times, on a logarithmic axis of time.

    Thick steps: fraction of the complete dwell times that are longer than t. Thin: exponential of
    the same mean, exp(-t / mean).

    Parameters
    ----------
    *states : UpDownStates
        One or several.
    labels : sequence of str, optional
        Of each; "micro" and the names of closures have their colours.
    ax : sequence of two Axes, optional
        For Up and for Down. Default: a new figure.

    Returns
    -------
    list of two Axes

    Raises
    ------
    ValueError
        If there are no states, or `labels` or `ax` does not go with them.
    """
    axes = as_list(ax, 2, "state")
    for panel, title, samples in zip(
        axes,
        ("Up times", "Down times"),
        ([found.up_times for found in states], [found.down_times for found in states]),
        strict=True,
    ):
        _survival(panel, samples, labels, f"{title} (s)")
    if labels is not None:
        _name(axes[0])
    return axes


def intervals(
    *events: UpDownStates | PopulationSpikes,
    labels: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the survival function of the intervals between events, as `dwell_times` does.

    Parameters
    ----------
    *events : PopulationSpikes or UpDownStates
        One or several; of Up states the intervals between onsets.
    labels : sequence of str, optional
        Of each; "micro" and the names of closures have their colours.
    ax : Axes, optional
        Default: a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there are no events, or `labels` does not go with them.
    """
    ax = as_list(ax, 1, "figure")[0]
    _survival(ax, [found.intervals for found in events], labels, "interval between onsets (s)")
    if labels is not None:
        _name(ax)
    return ax


def _name(ax: Axes) -> None:
    # Every survival function leaves the lower left corner free.
    if ax.get_legend_handles_labels()[1]:
        ax.legend(loc="lower left", frameon=False)


def _survival(
    ax: Axes, samples: list[NDArray[np.float64]], labels: Sequence[str] | None, title: str
) -> None:
    if not samples:
        raise ValueError("nothing to draw: give at least one result of the analysis")
    if labels is None:
        labels = [""] * len(samples)
    require_same_length("labels", labels, len(samples), "result of the analysis")
    for index, (sample, label) in enumerate(zip(samples, labels, strict=True)):
        if not len(sample):
            continue
        colour = colour_of(label, index)
        times = np.sort(sample) / 1000
        mean = times.mean()
        t = np.geomspace(min(times[0], mean / 20), times[-1] * 1.3, 200)
        ax.plot(t, np.exp(-t / mean), color=colour, linewidth=0.6)
        ax.step(
            [t[0], *times],
            1 - np.arange(len(times) + 1) / len(times),
            where="post",
            color=colour,
            linewidth=1.4,
            label=label or None,
        )
    if not ax.lines:
        say(ax, "no complete interval")
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_ylim(0, 1.02)
    ax.set_xlabel(title)
    ax.set_ylabel("fraction longer")
    tidy(ax)
