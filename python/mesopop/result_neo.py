"""A result as a `neo.Block`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mesopop.extras import require_extra
from mesopop.result_xarray import description

if TYPE_CHECKING:
    from mesopop.result import Result

_UNITS = {"rate": "Hz", "release": "Hz", "u": "", "x": "", "potential": "mV"}
_BY_PROJECTION = ("release", "u", "x")


def as_block(result: Result) -> Any:
    """The block of a result; see `Result.to_neo`."""
    neo = require_extra("neo", extra="neo", what="Result.to_neo")
    block = neo.Block(name=result.label, **description(result))
    for trial in range(result.trials):
        segment = neo.Segment(name=f"trial {trial}", index=trial)
        for quantity, unit in _UNITS.items():
            if getattr(result, quantity):
                segment.analogsignals.append(_signal(neo, result, quantity, unit, trial))
        for name, trains in result.spikes.items():
            train = trains if result.trials == 1 else trains[trial]
            size = result.network.population(name).size
            segment.spiketrains.extend(_trains(neo, result, name, train, size))
        block.segments.append(segment)
    return block


def _signal(neo: Any, result: Result, quantity: str, unit: str, trial: int) -> Any:
    recorded = getattr(result, quantity)
    names = list(recorded)
    values = np.stack([np.atleast_2d(recorded[name])[trial] for name in names], axis=1)
    channel = "projection" if quantity in _BY_PROJECTION else "population"
    return neo.AnalogSignal(
        values,
        units=unit or "dimensionless",
        # A sample stands for the bin that ends at its time.
        t_start=_ms(float(result.t[0]) if len(result.t) else 0.0),
        sampling_period=_ms(result.record_dt),
        name=quantity,
        array_annotations={channel: names},
    )


def _trains(neo: Any, result: Result, population: str, train: Any, size: int) -> list[Any]:
    order = np.argsort(train["neuron"], kind="stable")
    times, neurons = train["time"][order], train["neuron"][order]
    start = _start(result)
    # Times are multiples of dt and so is the end: rounding must not put one beyond the other.
    stop = max(result.t[-1] if len(result.t) else start, train["time"].max(initial=start))
    return [
        neo.SpikeTrain(
            of_neuron,
            units="ms",
            t_start=start,
            t_stop=stop,
            name=f"{population} {neuron}",
            population=population,
            neuron=neuron,
        )
        for neuron, of_neuron in enumerate(
            np.split(times, np.searchsorted(neurons, np.arange(1, size)))
        )
    ]


def _start(result: Result) -> float:
    return float(result.t[0]) - result.record_dt if len(result.t) else 0.0


def _ms(value: float) -> Any:
    import quantities

    return value * quantities.ms
