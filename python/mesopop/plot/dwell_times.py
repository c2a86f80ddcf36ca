"""How long states last, and how long events are apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mesopop.analysis.durations import Durations
from mesopop.analysis.population_spikes import PopulationSpikes
from mesopop.analysis.up_down import UpDownStates
from mesopop.plot.style import (
    as_list,
    colour_of,
    legend_inside,
    log_scale,
    names_of,
    require_kind,
    say,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAND = 0.2  # opacity of a confidence band


def dwell_times(
    *states: UpDownStates,
    labels: Sequence[str] | None = None,
    ax: Iterable[Axes] | None = None,
) -> list[Axes]:
    """Draw the survival functions of Up and Down dwell times, on a logarithmic axis of time.

    Thick steps: fraction of the dwell times that are longer than t, those that the end of a trial
    cut off included (`analysis.survival_function`), with its 95 % interval. Thin: the exponential
    distribution of the same rate, ends / time.

    Parameters
    ----------
    *states : UpDownStates
        One or several.
    labels : sequence of str, optional
        Of each; "micro" and the names of closures have their colours. Default: numbers.
    ax : sequence of two Axes, optional
        For Up and for Down. Default: a new figure.

    Returns
    -------
    list of two Axes

    Raises
    ------
    TypeError
        If something else is given.
    ValueError
        If there are no states, or `labels` or `ax` does not go with them.

    Examples
    --------
    >>> import numpy as np
    >>> import mesopop as mp
    >>> rate = np.repeat([1.0, 40.0] * 4, [120, 200, 300, 150, 250, 180, 350, 220])
    >>> states = mp.analysis.up_down_states(rate, dt=10.0, low=6.0, high=25.0)
    >>> up, down = mp.plot.dwell_times(states)
    >>> up.get_xlabel()
    'Up times (s)'
    """
    require_kind(states, UpDownStates, "states")
    axes = as_list(ax, 2, "state")
    for panel, title, samples in zip(
        axes,
        ("Up times", "Down times"),
        ([found.up for found in states], [found.down for found in states]),
        strict=True,
    ):
        _survival(panel, samples, labels, f"{title} (s)")
    # Every survival function leaves the lower left corner free.
    legend_inside(axes[0], "lower left")
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
        Of each; "micro" and the names of closures have their colours. Default: numbers.
    ax : Axes, optional
        Default: a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError
        If something else is given.
    ValueError
        If there are no events, or `labels` does not go with them.

    Examples
    --------
    >>> import numpy as np
    >>> import mesopop as mp
    >>> rate = np.repeat([1.0, 40.0] * 4, [120, 200, 300, 150, 250, 180, 350, 220])
    >>> states = mp.analysis.up_down_states(rate, dt=10.0, low=6.0, high=25.0)
    >>> ax = mp.plot.intervals(states)
    >>> ax.get_xlabel()
    'interval between onsets (s)'
    """
    require_kind(events, (UpDownStates, PopulationSpikes), "events")
    ax = as_list(ax, 1, "figure")[0]
    samples = [found.interval_durations for found in events]
    _survival(ax, samples, labels, "interval between onsets (s)")
    legend_inside(ax, "lower left")
    return ax


def _survival(
    ax: Axes, samples: Sequence[Durations], labels: Sequence[str] | None, title: str
) -> None:
    if not samples:
        raise ValueError("nothing to draw: give at least one result of the analysis")
    names = names_of(labels, len(samples), "result of the analysis")
    for index, (sample, label) in enumerate(zip(samples, names, strict=True)):
        if not len(sample.complete):
            continue
        colour = colour_of(label, index)
        function = sample.survival()
        times, mean = function.times / 1000, 1 / sample.rate.value
        last = max(float(sample.cut_off.max(initial=0.0)) / 1000, float(times[-1]))
        t = np.geomspace(min(times[0], mean / 20), last * 1.3, 200)
        ax.plot(t, np.exp(-t / mean), color=colour, linewidth=0.6)
        # Until the last one seen: beyond it nothing is known of those cut off.
        tail = [last] if last > times[-1] else []
        steps = np.append(np.arange(len(times)), [-1] * len(tail)).astype(int)
        ends = np.append(times, tail)
        ax.fill_between(
            ends,
            function.low[steps],
            function.high[steps],
            step="post",
            color=colour,
            alpha=BAND,
            linewidth=0,
        )
        ax.step(
            [t[0], *ends],
            [1.0, *function.fraction[steps]],
            where="post",
            color=colour,
            linewidth=1.4,
            label=label or None,
        )
    if not ax.lines:
        say(ax, "no complete interval")
    log_scale(ax, "x")
    ax.set_ylim(0, 1.02)
    ax.set_xlabel(title)
    ax.set_ylabel("fraction longer")
    tidy(ax)
