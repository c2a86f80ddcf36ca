"""Rates of neurons over their drive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mesopop.plot.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILLION, as_list, tidy
from mesopop.validation import require_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mesopop.neurons import Neuron

COLOURS = (BLACK, BLUE, VERMILLION, GREEN, PURPLE, ORANGE)
POINTS = 101


def transfer_curve(
    *neurons: Neuron,
    start: float,
    stop: float,
    dt: float | None = None,
    labels: list[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the stationary rate over a constant drive: the f-I curve.

    Parameters
    ----------
    *neurons : LIF, GIF or LNP
    start, stop : float
        Range of the drive, mV.
    dt : float, optional
        As of `mesopop.theory.rate`.
    labels : list of str, optional
        Default: the names of the models, numbered if they are not all different.
    ax : Axes, optional
        Default: a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there is no neuron, the range is empty, or labels do not match.

    Examples
    --------
    >>> import mesopop as mp
    >>> neuron = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
    >>> mp.plot.transfer_curve(neuron, start=0.0, stop=40.0).get_xlabel()
    'drive (mV)'
    """
    from mesopop.theory import rate

    if not neurons:
        raise ValueError("transfer_curve needs at least one neuron")
    if labels is None:
        labels = [type(neuron).__name__ for neuron in neurons]
        if len(set(labels)) < len(labels):
            labels = [f"{label} {index + 1}" for index, label in enumerate(labels)]
    if len(labels) != len(neurons):
        raise ValueError(
            f"labels must hold one for each neuron ({len(neurons)}), got {len(labels)}"
        )
    start = require_number("start", start, "mV")
    drive = np.linspace(start, require_number("stop", stop, "mV", gt=start), POINTS)
    ax = as_list(ax, 1, "figure")[0]
    for index, (neuron, label) in enumerate(zip(neurons, labels, strict=True)):
        colour = COLOURS[index % len(COLOURS)]
        ax.plot(drive, rate(neuron, drive, dt=dt), color=colour, label=label)
    ax.set_xlim(drive[0], drive[-1])
    ax.set_ylim(bottom=0)
    ax.set_xlabel("drive (mV)")
    ax.set_ylabel("rate (Hz)")
    if len(neurons) > 1:
        ax.legend(frameon=False)
    tidy(ax)
    return ax
