"""A result as a `neo.Block`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

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
                recorded = getattr(result, quantity)
                values = np.stack([np.atleast_2d(v)[trial] for v in recorded.values()])
                owner = "projection" if quantity in _BY_PROJECTION else "population"
                channels = {owner: list(recorded)}
                segment.analogsignals.append(_signal(neo, result, values, quantity, unit, channels))
        for name, trains in result.spikes.items():
            train = trains if result.trials == 1 else trains[trial]
            size = result.network.population(name).size
            segment.spiketrains.extend(_trains(neo, result, name, train, range(size)))
        for name, record in result.neurons.items():
            for quantity, label, values in record.series(name):
                of_trial = values if result.trials == 1 else values[trial]
                unit = "" if quantity in _BY_PROJECTION else "mV"
                channels = {"neuron": record.index.tolist()}
                owner = "projection" if quantity in _BY_PROJECTION else "population"
                segment.analogsignals.append(
                    _signal(neo, result, of_trial, f"{quantity} of neurons", unit, channels)
                )
                segment.analogsignals[-1].annotate(**{owner: label})
            if record.spikes is not None and name not in result.spikes:
                train = record.spikes if result.trials == 1 else record.spikes[trial]
                segment.spiketrains.extend(_trains(neo, result, name, train, sorted(record.index)))
        block.segments.append(segment)
    return block


def _signal(
    neo: Any,
    result: Result,
    values: NDArray[np.float64],
    name: str,
    unit: str,
    channels: dict[str, list[Any]],
) -> Any:
    return neo.AnalogSignal(
        values.T,
        units=unit or "dimensionless",
        # A sample stands for the bin that ends at its time.
        t_start=_ms(float(result.t[0]) if len(result.t) else 0.0),
        sampling_period=_ms(result.record_dt),
        name=name,
        array_annotations=channels,
    )


def _trains(
    neo: Any, result: Result, population: str, train: Any, numbers: Sequence[int]
) -> list[Any]:
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
            neuron=int(neuron),
        )
        for neuron, of_neuron in zip(
            numbers, np.split(times, np.searchsorted(neurons, numbers[1:])), strict=True
        )
    ]


def _start(result: Result) -> float:
    return float(result.t[0]) - result.record_dt if len(result.t) else 0.0


def _ms(value: float) -> Any:
    import quantities

    return value * quantities.ms
