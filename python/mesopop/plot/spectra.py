"""Power spectra and coherence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from mesopop.analysis.cross_spectra import CrossSpectrum
from mesopop.analysis.spectra import PowerSpectrum
from mesopop.plot.style import (
    BLACK,
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

BAND = 0.25  # opacity of a confidence band


def power_spectrum(
    *spectra: PowerSpectrum,
    labels: Sequence[str] | None = None,
    theory: tuple[ArrayLike, ArrayLike] | None = None,
    confidence: float = 0.95,
    ax: Axes | None = None,
) -> Axes:
    """Draw power spectra with confidence bands, on logarithmic axes.

    High frequencies are averaged over bands of a twentieth of a decade (`PowerSpectrum.coarse`).

    Parameters
    ----------
    *spectra : PowerSpectrum
        One or several, of rates (Hz).
    labels : sequence of str, optional
        Of each; "micro" and the names of closures have their colours. Default: numbers.
    theory : tuple of two arrays, optional
        Frequencies (Hz) and one-sided densities (Hz^2/Hz) of a curve to compare with, dashed.
    confidence : float
        Of the bands.
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
        If there are no spectra, or an argument does not go with them.

    Examples
    --------
    >>> import numpy as np
    >>> import mesopop as mp
    >>> noise = np.random.default_rng(1).normal(10, 5, 40_000)
    >>> spectrum = mp.analysis.power_spectrum(noise, dt=1.0)
    >>> ax = mp.plot.power_spectrum(spectrum, theory=([1, 500], [0.05, 0.05]))
    >>> ax.get_ylabel()
    'power (Hz²/Hz)'
    """
    if not spectra:
        raise ValueError("power_spectrum needs at least one spectrum")
    require_kind(spectra, PowerSpectrum, "spectra")
    names = names_of(labels, len(spectra), "spectrum")
    ax = as_list(ax, 1, "figure")[0]
    for index, (spectrum, label) in enumerate(zip(spectra, names, strict=True)):
        colour = colour_of(label, index)
        shown = spectrum.coarse()
        if not shown.power.any():
            continue
        low, high = shown.interval(confidence)
        ax.fill_between(shown.frequency, low, high, color=colour, alpha=BAND, linewidth=0)
        ax.plot(shown.frequency, shown.power, color=colour, linewidth=1.0, label=label or None)
    if theory is not None:
        frequency, power = (np.asarray(values, dtype=np.float64) for values in theory)
        if frequency.shape != power.shape:
            raise ValueError(
                f"theory must be two arrays of equal shape, got {frequency.shape}, {power.shape}"
            )
        ax.plot(frequency, power, color=BLACK, linestyle="--", linewidth=0.8, label="theory")
    log_scale(ax, "x")
    if ax.lines:
        log_scale(ax, "y")
    else:
        say(ax, "no power: the series does not vary")
    ax.set_xlabel("frequency (Hz)")
    ax.set_ylabel("power (Hz²/Hz)")
    legend_inside(ax, "lower left")
    tidy(ax)
    return ax


def coherence(
    *spectra: CrossSpectrum,
    labels: Sequence[str] | None = None,
    level: float = 0.05,
    ax: Axes | None = None,
) -> Axes:
    """Draw coherences, and as dotted lines what independent series rarely exceed.

    Parameters
    ----------
    *spectra : CrossSpectrum
        One or several.
    labels : sequence of str, optional
        Of each; "micro" and the names of closures have their colours. Default: numbers.
    level : float
        Probability that independent series exceed the dotted line at one frequency.
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
        If there are no spectra, or an argument does not go with them.

    Examples
    --------
    >>> import numpy as np
    >>> import mesopop as mp
    >>> shared, own = np.random.default_rng(1).normal(size=(2, 50_000))
    >>> ax = mp.plot.coherence(mp.analysis.cross_spectrum(shared, shared + own, dt=1.0))
    >>> ax.get_ylabel()
    'coherence'
    """
    if not spectra:
        raise ValueError("coherence needs at least one cross-spectrum")
    require_kind(spectra, CrossSpectrum, "spectra")
    names = names_of(labels, len(spectra), "cross-spectrum")
    ax = as_list(ax, 1, "figure")[0]
    for index, (spectrum, label) in enumerate(zip(spectra, names, strict=True)):
        colour = colour_of(label, index)
        ax.plot(
            spectrum.frequency,
            spectrum.coherence,
            color=colour,
            linewidth=0.8,
            label=label or None,
        )
        ax.axhline(spectrum.significance(level), color=colour, linestyle=":", linewidth=0.8)
    log_scale(ax, "x")
    ax.set_ylim(0, 1)
    ax.set_xlabel("frequency (Hz)")
    ax.set_ylabel("coherence")
    legend_inside(ax, "upper right")
    tidy(ax)
    return ax
