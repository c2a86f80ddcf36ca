"""Questions asked of activity: Up and Down states, population spikes, spectra and moments.

Everything here takes plain arrays, simulated at any level or recorded, and the width of their bins.
Rates are in Hz, times in ms, and the time of a bin is its end: bin k has time (k + 1) dt.
"""

from mesopop.analysis.autocorrelation import Autocorrelation, autocorrelation
from mesopop.analysis.averages import ratio_of_averages, time_average
from mesopop.analysis.durations import Durations
from mesopop.analysis.estimate import Estimate, EventRate
from mesopop.analysis.events import find_events
from mesopop.analysis.exponentiality import ExponentialityTest, exponentiality
from mesopop.analysis.hysteresis import DOWN, UNDEFINED, UP, Segmentation, segment
from mesopop.analysis.modes import Bimodality, bimodality
from mesopop.analysis.population_spikes import PopulationSpikes, population_spikes
from mesopop.analysis.smoothing import exponential_smoothing
from mesopop.analysis.survival import SurvivalFunction, survival_function
from mesopop.analysis.thresholds import (
    Thresholds,
    thresholds_from_fixed_points,
    thresholds_from_histogram,
)
from mesopop.analysis.up_down import UpDownStates, up_down_states

__all__ = [
    "DOWN",
    "UNDEFINED",
    "UP",
    "Autocorrelation",
    "Bimodality",
    "Durations",
    "Estimate",
    "EventRate",
    "ExponentialityTest",
    "PopulationSpikes",
    "Segmentation",
    "SurvivalFunction",
    "Thresholds",
    "UpDownStates",
    "autocorrelation",
    "bimodality",
    "exponential_smoothing",
    "exponentiality",
    "find_events",
    "population_spikes",
    "ratio_of_averages",
    "segment",
    "survival_function",
    "thresholds_from_fixed_points",
    "thresholds_from_histogram",
    "time_average",
    "up_down_states",
]
