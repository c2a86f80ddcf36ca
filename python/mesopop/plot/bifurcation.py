"""Fixed points over a parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mesopop.plot.style import (
    BLACK,
    BLUE,
    ORANGE,
    VERMILLION,
    as_list,
    legend_above,
    require_kind,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mesopop.theory import BifurcationDiagram, Envelope

MARKS = {"fold": ("s", VERMILLION), "Hopf": ("D", ORANGE)}


def bifurcation_diagram(
    diagram: BifurcationDiagram,
    *,
    population: str | None = None,
    quantity: str = "rate",
    envelope: Envelope | None = None,
    color: str = BLUE,
    ax: Axes | None = None,
) -> Axes:
    """Draw branches of fixed points: stable solid, unstable dashed; folds and Hopf points marked.

    Parameters
    ----------
    diagram : BifurcationDiagram
        From `mesopop.theory.bifurcation_diagram`.
    population : str, optional
        Default: the first one.
    quantity : {"rate", "potential"}
    envelope : Envelope, optional
        From `mesopop.theory.envelope`: lowest and highest rates of simulations without noise,
        drawn as dots.
    color : str
        Of the branches.
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
        If the network has no such population, or the quantity is unknown.

    Examples
    --------
    >>> import mesopop as mp
    >>> net = mp.presets.load("lnp-up-down")
    >>> diagram = mp.theory.bifurcation_diagram(net, "populations.E.drive", -4.0, 0.0)
    >>> mp.plot.bifurcation_diagram(diagram).get_ylabel()
    'rate of E (Hz)'
    """
    from mesopop.theory import BifurcationDiagram

    require_kind([diagram], BifurcationDiagram, "diagram")
    if quantity not in ("rate", "potential"):
        raise ValueError(f'quantity must be "rate" or "potential", got {quantity!r}')
    if population is None:
        population = diagram.network.populations[0].name
    diagram.network.population(population)
    ax = as_list(ax, 1, "figure")[0]
    for branch in diagram.branches:
        values = getattr(branch, quantity)[population]
        for stable, style in ((True, "-"), (False, "--")):
            # A segment takes the style of its first end, so that there are no gaps.
            shown = branch.stable == stable
            shown[1:] |= shown[:-1].copy()
            ax.plot(branch.parameter, np.where(shown, values, np.nan), style, color=color)
    ax.plot([], [], "-", color=color, label="stable")
    ax.plot([], [], "--", color=color, label="unstable")
    for kind, (marker, colour) in MARKS.items():
        found = [b for b in diagram.bifurcations if b.kind == kind]
        if found:
            ax.plot(
                [b.parameter for b in found],
                [getattr(b.point, quantity)[population] for b in found],
                marker,
                color=colour,
                markeredgecolor=BLACK,
                markersize=6,
                zorder=3,
                label=kind,
            )
    if envelope is not None and quantity == "rate":
        for values in (envelope.lowest[population], envelope.highest[population]):
            ax.plot(envelope.parameter, values, ".", color=BLACK, markersize=4)
        ax.plot([], [], ".", color=BLACK, label="extremes of simulations")
    ax.set_xlabel(diagram.path)
    unit = "Hz" if quantity == "rate" else "mV"
    ax.set_ylabel(f"{quantity} of {population} ({unit})")
    legend_above(ax, rows=2)
    tidy(ax)
    return ax
