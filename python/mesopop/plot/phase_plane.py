"""Nullclines of a network that two variables describe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mesopop.plot.style import (
    BLACK,
    BLUE,
    VERMILLION,
    legend_above,
    require_kind,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from mesopop.theory import PhasePlane

ARROWS = 17  # along either axis
GREY = "0.7"


def phase_plane(
    plane: PhasePlane,
    *,
    ax: Axes | None = None,
    trajectory: tuple[ArrayLike, ArrayLike] | None = None,
) -> Axes:
    """Draw nullclines, directions of the vector field, fixed points and separatrices.

    Filled fixed points are stable; the separatrix of a saddle is the dashed line.

    Parameters
    ----------
    plane : PhasePlane
        From `mesopop.theory.phase_plane`.
    ax : Axes, optional
        Default: a new figure.
    trajectory : (array_like, array_like), optional
        Values of the two variables in time, e.g. ``result.potential["E"]`` and
        ``result.x["E->E"]`` of a simulation.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError
        If something else is given.
    ValueError
        If the two parts of the trajectory differ in length.

    Examples
    --------
    >>> import mesopop as mp
    >>> plane = mp.theory.phase_plane(mp.presets.load("lnp-up-down"))
    >>> mp.plot.phase_plane(plane).get_ylabel()
    'x'
    """
    from mesopop.theory import PhasePlane

    require_kind([plane], PhasePlane, "plane")
    if ax is None:
        from matplotlib import pyplot

        ax = pyplot.subplots(figsize=(6, 5), layout="constrained")[1]
    a, b = plane.first, plane.second
    every_a, every_b = (max(len(values) // ARROWS, 1) for values in (a, b))
    arrows = np.ix_(
        np.arange(every_a // 2, len(a), every_a), np.arange(every_b // 2, len(b), every_b)
    )
    # Directions as they appear: in units of the axes.
    along, up = plane.d_first / np.ptp(a), plane.d_second / np.ptp(b)
    length = np.maximum(np.hypot(along, up), 1e-300)
    along, up = along / length, up / length
    ax.quiver(
        a[arrows[0].ravel()],
        b[arrows[1].ravel()],
        along[arrows].T,
        up[arrows].T,
        color=GREY,
        pivot="mid",
        scale=30,
        width=0.003,
        zorder=1,
    )
    names = [name.partition(" (")[0] for name in plane.names]
    for values, colour, name in (
        (plane.d_first, BLUE, names[0]),
        (plane.d_second, VERMILLION, names[1]),
    ):
        ax.contour(a, b, values.T, levels=[0.0], colors=[colour], linewidths=1.6, zorder=3)
        ax.plot([], [], color=colour, label=f"nullcline of {name}")
    for curve in plane.separatrices:
        # Over the nullclines, which it may follow closely.
        ax.plot(*curve.T, color=BLACK, linestyle="--", linewidth=1.0, zorder=3.5)
    if plane.separatrices:
        ax.plot([], [], "--", color=BLACK, label="separatrix")
    if trajectory is not None:
        first, second = (np.ravel(values) for values in trajectory)
        if first.shape != second.shape:
            raise ValueError(
                f"trajectory must hold two arrays of one length, got {len(first)} and {len(second)}"
            )
        ax.plot(first, second, color=BLACK, linewidth=0.6, alpha=0.6, zorder=2, label="trajectory")
    for point, stable in zip(plane.fixed_points, plane.stable, strict=True):
        face = BLACK if stable else "white"
        ax.plot(*point, "o", color=BLACK, markerfacecolor=face, markersize=6, zorder=4)
    ax.set_xlim(a[0], a[-1])
    ax.set_ylim(b[0], b[-1])
    ax.set_xlabel(plane.names[0])
    ax.set_ylabel(plane.names[1])
    legend_above(ax, rows=2)
    tidy(ax)
    return ax
