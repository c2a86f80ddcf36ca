"""Macroscopic theory: the limit of infinitely many neurons, and linear noise around it."""

from mesopop.theory.bifurcation import (
    Bifurcation,
    BifurcationDiagram,
    Branch,
    bifurcation_diagram,
)
from mesopop.theory.envelope import Envelope, envelope
from mesopop.theory.fixed_points import FixedPoint, FixedPoints, fixed_points
from mesopop.theory.intervals import Intervals, intervals
from mesopop.theory.phase_plane import PhasePlane, phase_plane
from mesopop.theory.regular_train import (
    paired_pulse_ratio,
    release_in_train,
    release_of_regular_train,
)
from mesopop.theory.spectrum import LinearSpectrum, linear_spectrum, renewal_spectrum
from mesopop.theory.stationary_rate import rate
from mesopop.theory.stationary_synapses import (
    StationarySynapses,
    release_per_spike,
    stationary_synapses,
)

__all__ = [
    "Bifurcation",
    "BifurcationDiagram",
    "Branch",
    "Envelope",
    "FixedPoint",
    "FixedPoints",
    "Intervals",
    "LinearSpectrum",
    "PhasePlane",
    "StationarySynapses",
    "bifurcation_diagram",
    "envelope",
    "fixed_points",
    "intervals",
    "linear_spectrum",
    "paired_pulse_ratio",
    "phase_plane",
    "rate",
    "release_in_train",
    "release_of_regular_train",
    "release_per_spike",
    "renewal_spectrum",
    "stationary_synapses",
]
