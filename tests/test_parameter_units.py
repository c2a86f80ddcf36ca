"""Units of parameters by their path: those that errors name, and those that data sets carry."""

import attrs
import numpy as np
import pytest
from networks import everything
from sweep_runs import sweep

import mesopop as mp
from mesopop.parameter_path import parameter, with_parameter
from mesopop.parameter_units import unit_of


def rich():
    """A network with every kind of signal, as a drive and as a rate."""
    network = everything()
    signals = (
        9.0,
        mp.Sinusoid(mean=1.0, amplitude=1.0, frequency=3.0),
        mp.OrnsteinUhlenbeck(std=1.0, tau=10.0),
    )
    rates = (10.0, signals[1])
    lif = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
    more = [
        mp.Population("with.rate", size=3, neuron=lif, drive=signals),
        mp.Population("input", size=3, neuron=mp.Poisson(rates)),
    ]
    return attrs.evolve(network, populations=[*network.populations, *more])


def numbers(network):
    """Paths of all parameters that are single numbers."""

    def below(path, value):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            yield path
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                yield from below(f"{path}.{index}", item)
        elif attrs.has(type(value)):
            for field in attrs.fields(type(value)):
                yield from below(f"{path}.{field.name}", getattr(value, field.name))

    for population in network.populations:
        yield from below(f"populations.{population.name}", population)
    for projection in network.projections:
        yield from below(f"projections.{projection.label}", projection)


PATHS = [path for path in numbers(rich()) if "connectivity" not in path]


def test_there_are_many():
    names = {path.rpartition(".")[2] for path in PATHS}
    assert len(PATHS) > 100
    assert {"drive", "tau_d", "U0", "weight", "std", "rate_at_threshold", "alpha"} <= names


@pytest.mark.parametrize("path", PATHS)
def test_units_are_those_of_errors(path):
    network = rich()
    assert isinstance(parameter(network, path), (int, float))
    unit = unit_of(path)
    assert unit
    with pytest.raises((ValueError, TypeError)) as caught:
        with_parameter(network, path, np.nan)
    message = str(caught.value)
    if path.rpartition(".")[2] in ("mean", "amplitude", "std") and "adaptation" not in path:
        # Signals do not know what they are of.
        assert unit == ("Hz" if ".neuron.rate." in path else "mV")
    elif path.endswith(".size"):
        assert unit == "1"
    else:
        assert message.endswith("must be finite, got nan" + (f" {unit}" if unit != "1" else ""))


def test_data_sets_carry_them():
    data = sweep({"populations.E.drive": [9.0], "projections.E->E.stp.tau_d": [50]}, trials=1)
    assert data["populations.E.drive"].attrs == {"units": "mV"}
    assert data["projections.E->E.stp.tau_d"].attrs == {"units": "ms"}
    data = sweep(
        [
            {"simulation.dt": 0.5, "simulation.closure": "renewal", "populations.E.size": 100},
            {"simulation.dt": 0.25, "projections.E->E.stp.U0": 0.4},
        ],
        trials=1,
    )
    assert data["simulation.dt"].attrs == {"units": "ms"}
    assert data["populations.E.size"].attrs == {"units": "1"}
    assert data["projections.E->E.stp.U0"].attrs == {"units": "1"}
    assert data["simulation.closure"].attrs == {}
