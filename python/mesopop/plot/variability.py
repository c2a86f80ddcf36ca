"""Fano factors, and intervals against what came before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mesopop.analysis.estimate import Correlation
from mesopop.analysis.population_spikes import PopulationSpikes
from mesopop.analysis.report import p_value
from mesopop.analysis.variability import FanoFactor
from mesopop.plot.style import (
    as_list,
    colour_of,
    legend_above,
    legend_inside,
    log_scale,
    names_of,
    require_kind,
    say,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def fano_factor(
    *factors: FanoFactor, labels: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw Fano factors with standard errors against the counting window, on logarithmic axes.

    Parameters
    ----------
    *factors : FanoFactor
        One or several.
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
        If there are no Fano factors, or `labels` does not go with them.

    Examples
    --------
    >>> import numpy as np
    >>> import mesopop as mp
    >>> spikes = np.random.default_rng(1).poisson(0.5, 20_000)
    >>> ax = mp.plot.fano_factor(mp.analysis.fano_factor(spikes / 0.1, dt=1.0, size=100))
    >>> ax.get_xlabel()
    'counting window (ms)'
    """
    if not factors:
        raise ValueError("fano_factor needs at least one Fano factor")
    require_kind(factors, FanoFactor, "factors")
    ax = as_list(ax, 1, "figure")[0]
    for index, (factor, label) in enumerate(
        zip(factors, names_of(labels, len(factors), "Fano factor"), strict=True)
    ):
        ax.errorbar(
            factor.windows,
            factor.value,
            factor.se,
            fmt="o-",
            markersize=3,
            linewidth=0.8,
            color=colour_of(label, index),
            label=label or None,
        )
    ax.axhline(1, color="0.6", linewidth=0.6, zorder=0)  # independent Poisson neurons
    log_scale(ax, "x", "y")
    ax.set_xlabel("counting window (ms)")
    ax.set_ylabel("Fano factor")
    legend_inside(ax, "upper left")
    tidy(ax)
    return ax


def interval_against_amplitude(
    *events: PopulationSpikes, labels: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw each interval between population spikes against the amplitude of the one before it.

    The legend holds Spearman's rank correlation with its p-value.

    Parameters
    ----------
    *events : PopulationSpikes
        One or several.
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
    >>> rate = np.ones(6000)
    >>> rate[[800, 2500, 4900]] = 90.0, 110.0, 80.0
    >>> events = mp.analysis.population_spikes(rate, dt=1.0, low=5.0, high=30.0, smooth=0.0)
    >>> ax = mp.plot.interval_against_amplitude(events)
    >>> ax.get_ylabel()
    'next interval (s)'
    """
    if not events:
        raise ValueError("interval_against_amplitude needs at least one result of the analysis")
    require_kind(events, PopulationSpikes, "events")
    ax = as_list(ax, 1, "figure")[0]
    for index, (found, label) in enumerate(
        zip(events, names_of(labels, len(events), "result of the analysis"), strict=True)
    ):
        if not len(found.intervals):
            continue
        ax.plot(
            found.amplitudes[found.before_interval],
            found.intervals / 1000,
            linestyle="none",
            marker="o",
            markersize=3,
            markeredgewidth=0,
            alpha=0.6,
            color=colour_of(label, index),
            label=_described(label, found.amplitude_and_next_interval),
        )
    if not ax.lines:
        say(ax, "no interval")
    ax.set_ylim(bottom=0)
    ax.set_xlabel("amplitude (smoothed)")
    ax.set_ylabel("next interval (s)")
    if ax.get_legend_handles_labels()[1]:
        legend_above(ax, rows=len(events))
    tidy(ax)
    return ax


def _described(label: str, ranks: Correlation) -> str:
    correlation = "" if math.isnan(ranks.value) else f"ρ = {ranks.value:.2f}, {p_value(ranks.p)}"
    return ": ".join(filter(None, (label, correlation)))
