"""What stationary theory asks of a network: drives that are constant, spikes that are not given."""

from __future__ import annotations

from mesopop.network import Network, Population
from mesopop.neurons import NEURONS, Neuron, Poisson, SpikeTrains
from mesopop.signals import Drive, components
from mesopop.theory.alike import require_alike
from mesopop.validation import require_number


def constant_drive(population: Population) -> float:
    """Drive of a population, mV; the rate of Poisson neurons, Hz.

    Raises
    ------
    ValueError
        If it changes in time, or the spikes are given.
    """
    neuron = population.neuron
    where = f'population "{population.name}": '
    require_stationary_neuron(neuron, where)
    if isinstance(neuron, Poisson):
        path = f"populations.{population.name}.neuron.rate"
        return _constant(neuron.rate, f"{where}rate", "Hz", path)
    path = f"populations.{population.name}.drive"
    return _constant(population.drive, f"{where}drive", "mV", path)


def require_constant_drives(network: Network) -> None:
    """Refuse what has no stationary state.

    Raises
    ------
    TypeError
        If it is not a network.
    ValueError
        If a drive changes in time, spikes are given, or the neurons of a population differ.
    """
    require_alike(network)
    for population in network.populations:
        constant_drive(population)


def require_stationary_neuron(neuron: Neuron, where: str = "") -> None:
    """Refuse what is not a neuron, or whose spikes are given."""
    if isinstance(neuron, SpikeTrains):
        raise ValueError(
            f"{where}SpikeTrains have no stationary state; take Poisson neurons of their mean rate"
        )
    if not isinstance(neuron, NEURONS):
        raise TypeError(f"{where}neuron must be a neuron model, got {neuron!r}")


def _constant(drive: Drive, name: str, unit: str, path: str) -> float:
    total = 0.0
    for component in components(drive):
        if not isinstance(component, float):
            raise ValueError(
                f"{name} must be constant for stationary theory, got {component!r}; give a number "
                f'with mesopop.with_parameter(network, "{path}", ...) ({unit})'
            )
        total += component
    return total


def require_dt(dt: float | None) -> float | None:
    """A time step in ms, or None for continuous time."""
    return None if dt is None else require_number("dt", dt, "ms", gt=0)
