"""The events that an experiment looks for, in a result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mesopop.analysis.population_spikes import PopulationSpikes, population_spikes
from mesopop.analysis.up_down import UpDownStates, up_down_states

if TYPE_CHECKING:
    from mesopop.experiment import EventSettings
    from mesopop.result import FloatArray, Result


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
        What `up_down_states` or `population_spikes` return, according to the kind of event. Release,
        u and x at population spikes are those of the first plastic projection of the population, as
        far as they were recorded.

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
    dt, low, high, smooth = result.record_dt, events.low, events.high, events.smooth
    if events.kind == "up_down_states":
        return up_down_states(series, dt=dt, low=low, high=high, smooth=smooth)
    plastic = [
        projection.label
        for projection in result.network.projections
        if projection.source == events.population and projection.stp is not None
    ]

    def at_synapses(quantity: Mapping[str, FloatArray]) -> FloatArray | None:
        recorded = [label for label in plastic[:1] if label in quantity]
        return quantity[recorded[0]] if recorded else None

    return population_spikes(
        series,
        dt=dt,
        low=low,
        high=high,
        smooth=smooth,
        release=at_synapses(result.release),
        u=at_synapses(result.u),
        x=at_synapses(result.x),
    )
