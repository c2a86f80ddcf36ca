"""Power spectra of theory over measured ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mesopop.plot.style import BLACK, VERMILLION, as_list, legend_above, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def spectrum(
    frequency: ArrayLike,
    theory: ArrayLike,
    *,
    measured: tuple[ArrayLike, ArrayLike] | None = None,
    unit: str = "Hz²/Hz",
    ax: Axes | None = None,
) -> Axes:
    """Draw a spectral density of theory, and a measured one behind it.

    Parameters
    ----------
    frequency : array_like, shape (n,)
        Hz, > 0.
    theory : array_like, shape (n,)
        One-sided density.
    measured : (array_like, array_like), optional
        Frequencies and densities, e.g. from ``scipy.signal.welch``; those at 0 Hz are left out.
    unit : str
        Of the densities.
    ax : Axes, optional
        Default: a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If lengths differ.
    """
    ax = as_list(ax, 1, "figure")[0]
    curves = [("theory", frequency, theory)]
    if measured is not None:
        curves.insert(0, ("measured", *measured))
    for name, at, values in curves:
        f, density = np.asarray(at, float), np.asarray(values, float)
        if f.shape != density.shape or f.ndim != 1:
            raise ValueError(
                f"{name} must have one density for each frequency, got shapes {density.shape} and "
                f"{f.shape}"
            )
        style = {"color": VERMILLION, "linewidth": 1.6} if name == "theory" else {"color": BLACK}
        width = {"linewidth": 0.6, "alpha": 0.7} if name == "measured" else {}
        ax.loglog(f[f > 0], density[f > 0], label=name, **{**style, **width})
    shown = np.asarray(frequency, float)
    ax.set_xlim(shown.min(), shown.max())
    ax.set_xlabel("frequency (Hz)")
    ax.set_ylabel(f"power spectral density ({unit})")
    if measured is not None:
        legend_above(ax)
    tidy(ax)
    return ax
