"""The standard summary of a run: rates, release per spike, and the events asked for."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from mesopop.analysis.averages import ratio_of_averages, time_average
from mesopop.analysis.estimate import Estimate
from mesopop.analysis.events import find_events
from mesopop.analysis.population_spikes import PopulationSpikes
from mesopop.analysis.up_down import UpDownStates
from mesopop.experiment import EventSettings
from mesopop.network import Network
from mesopop.result import Result

HZ, MS = {"units": "Hz"}, {"units": "ms"}


@frozen
class StandardStatistics:
    """The standard summary of a run.

    Parameters
    ----------
    events : EventSettings, optional
        Which events to find.
    """

    events: EventSettings | None = None

    def record(self) -> tuple[str, ...]:
        """What a run must record."""
        observable = () if self.events is None else (self.events.observable,)
        return tuple(dict.fromkeys(("rate", "release", *observable)))

    def __call__(self, result: Result) -> dict[str, Any]:
        """Rates, release per spike and statistics of events of one result."""
        network = result.network
        names = [population.name for population in network.populations]
        rates = [time_average(result.rate[name]).value for name in names]
        summary: dict[str, Any] = {
            "population": ("population", names),
            "rate": ("population", rates, HZ),
        }
        labels = _plastic(network)
        if labels:
            released = [
                ratio_of_averages(
                    result.release[label], result.rate[network.projection(label).source]
                ).value
                for label in labels
            ]
            summary["projection"] = ("projection", labels)
            summary["release_per_spike"] = ("projection", released)
        if self.events is not None:
            found = find_events(result, self.events)
            summary |= _up_down(found) if isinstance(found, UpDownStates) else _spikes(found)
        return summary


def _plastic(network: Network) -> list[str]:
    return [projection.label for projection in network.projections if projection.stp is not None]


def _up_down(states: UpDownStates) -> dict[str, Any]:
    return {
        "up_fraction": states.up_fraction.value,
        "mean_up_time": _time(states.mean_up_time),
        "mean_down_time": _time(states.mean_down_time),
        "mean_interval": _time(states.mean_interval),
        "up_times": len(states.up_times),
        "down_times": len(states.down_times),
        "up_onsets": len(states.onsets),
    }


def _spikes(spikes: PopulationSpikes) -> dict[str, Any]:
    return {
        "events": len(spikes),
        "mean_interval": _time(spikes.mean_interval),
        "cv_interval": spikes.cv_interval.value,
        "mean_amplitude": spikes.mean_amplitude.value,
        "mean_width": _time(spikes.mean_width),
    }


def _time(estimate: Estimate) -> tuple[tuple[str, ...], float, dict[str, str]]:
    return (), estimate.value, MS
