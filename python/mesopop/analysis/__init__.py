"""Questions asked of activity: Up and Down states, population spikes.

Everything here takes plain arrays, simulated at any level or recorded, and the width of their bins.
Rates are in Hz, times in ms, and the time of a bin is its end: bin k has time (k + 1) dt.
"""

from mesopop.analysis.averages import ratio_of_averages, time_average
from mesopop.analysis.estimate import Estimate, EventRate
from mesopop.analysis.events import find_events
from mesopop.analysis.hysteresis import DOWN, UNDEFINED, UP, Segmentation, segment
from mesopop.analysis.population_spikes import PopulationSpikes, population_spikes
from mesopop.analysis.smoothing import exponential_smoothing
from mesopop.analysis.up_down import UpDownStates, up_down_states

__all__ = [
    "DOWN",
    "UNDEFINED",
    "UP",
    "Estimate",
    "EventRate",
    "PopulationSpikes",
    "Segmentation",
    "UpDownStates",
    "exponential_smoothing",
    "find_events",
    "population_spikes",
    "ratio_of_averages",
    "segment",
    "time_average",
    "up_down_states",
]
