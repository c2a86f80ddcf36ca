"""Figures of results. Functions draw into the Axes they are given, or into a new pyplot figure.

Colours are Okabe and Ito's, the same for a level or closure everywhere.
"""

from mesopop.plot.activity import activity
from mesopop.plot.activity_map import activity_map
from mesopop.plot.bifurcation import bifurcation_diagram
from mesopop.plot.comparison import comparison
from mesopop.plot.distribution import distribution
from mesopop.plot.dwell_times import dwell_times, intervals
from mesopop.plot.event_average import event_average
from mesopop.plot.overview import overview
from mesopop.plot.phase_plane import phase_plane
from mesopop.plot.raster import raster
from mesopop.plot.rates import rates
from mesopop.plot.ring_map import ring_map
from mesopop.plot.spectra import coherence, power_spectrum
from mesopop.plot.synapses import synapses
from mesopop.plot.transfer_curve import transfer_curve
from mesopop.plot.variability import fano_factor, interval_against_amplitude

__all__ = [
    "activity",
    "activity_map",
    "coherence",
    "comparison",
    "bifurcation_diagram",
    "distribution",
    "dwell_times",
    "event_average",
    "fano_factor",
    "interval_against_amplitude",
    "intervals",
    "overview",
    "power_spectrum",
    "raster",
    "phase_plane",
    "rates",
    "ring_map",
    "synapses",
    "transfer_curve",
]
