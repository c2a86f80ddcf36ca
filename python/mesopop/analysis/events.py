"""The events that an experiment looks for, in a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesopop.analysis.population_spikes import PopulationSpikes, population_spikes
from mesopop.analysis.up_down import UpDownStates, up_down_states

if TYPE_CHECKING:
    from mesopop.experiment import EventSettings
    from mesopop.result import Result


def find_events(result: Result, events: EventSettings) -> UpDownStates | PopulationSpikes:
    """Find Up and Down states or population spikes as an experiment describes them.

    Parameters
    ----------
    result : Result
        Holds the observable of the population. Times of the events are counted from the start of
        its first bin.
    events : EventSettings
        Of an experiment: population, observable, thresholds, smoothing.

    Returns
    -------
    UpDownStates or PopulationSpikes
        What `up_down_states` or `population_spikes` return, according to the kind of event.

    Raises
    ------
    KeyError
        If the observable of that population was not recorded.
    ValueError
        If the recording is not longer than 5 times the smoothing.

    Examples
    --------
    >>> import mesopop as mp
    >>> preset = mp.presets.experiment("lif-up-down")
    >>> result = mp.simulate(preset.network, 20_000, dt=0.5, level="meso", seed=1, record_dt=1.0)
    >>> states = mp.analysis.find_events(result, preset.events)
    >>> states.segmentation.high
    25.0
    """
    series = getattr(result, events.observable)[events.population]
    find = up_down_states if events.kind == "up_down_states" else population_spikes
    return find(series, dt=result.record_dt, low=events.low, high=events.high, smooth=events.smooth)
