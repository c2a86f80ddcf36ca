"""Questions asked of activity: Up and Down states, population spikes, spectra and moments.

Everything here takes plain arrays, simulated at any level or recorded, and the width of their bins.
Rates are in Hz, times in ms, and the time of a bin is its end: bin k has time (k + 1) dt.
"""

from mesopop.analysis.autocorrelation import Autocorrelation, autocorrelation
from mesopop.analysis.averages import ratio_of_averages, time_average
from mesopop.analysis.cross_spectra import CrossSpectrum, cross_spectrum
from mesopop.analysis.distances import Distance, distance, distance_of_series
from mesopop.analysis.durations import Durations
from mesopop.analysis.estimate import Correlation, Estimate, EventRate
from mesopop.analysis.event_average import EventAverage, event_average
from mesopop.analysis.events import find_events
from mesopop.analysis.exponentiality import ExponentialityTest, exponentiality
from mesopop.analysis.hysteresis import DOWN, UNDEFINED, UP, Segmentation, segment
from mesopop.analysis.modes import Bimodality, bimodality
from mesopop.analysis.population_spikes import PopulationSpikes, population_spikes
from mesopop.analysis.ring import BumpPosition, ReplayEvents, bump_position, replay_events
from mesopop.analysis.smoothing import exponential_smoothing
from mesopop.analysis.spectra import PowerSpectrum, Segments, power_spectrum
from mesopop.analysis.survival import SurvivalFunction, survival_function
from mesopop.analysis.thresholds import (
    Thresholds,
    thresholds_from_fixed_points,
    thresholds_from_histogram,
)
from mesopop.analysis.up_down import UpDownStates, up_down_states
from mesopop.analysis.variability import (
    FanoFactor,
    SizeScaling,
    fano_factor,
    size_scaling,
    variance,
)

__all__ = [
    "DOWN",
    "UNDEFINED",
    "UP",
    "Autocorrelation",
    "Bimodality",
    "BumpPosition",
    "Correlation",
    "CrossSpectrum",
    "Distance",
    "Durations",
    "Estimate",
    "EventAverage",
    "EventRate",
    "ExponentialityTest",
    "FanoFactor",
    "PopulationSpikes",
    "PowerSpectrum",
    "ReplayEvents",
    "Segmentation",
    "Segments",
    "SizeScaling",
    "SurvivalFunction",
    "Thresholds",
    "UpDownStates",
    "autocorrelation",
    "bimodality",
    "bump_position",
    "cross_spectrum",
    "distance",
    "distance_of_series",
    "event_average",
    "exponential_smoothing",
    "exponentiality",
    "fano_factor",
    "find_events",
    "population_spikes",
    "power_spectrum",
    "ratio_of_averages",
    "replay_events",
    "segment",
    "size_scaling",
    "survival_function",
    "thresholds_from_fixed_points",
    "thresholds_from_histogram",
    "time_average",
    "up_down_states",
    "variance",
]
