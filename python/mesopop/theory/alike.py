"""What theory does not cover: neurons of a population that differ in what they have been given."""

from __future__ import annotations

from mesopop.network import Network
from mesopop.plasticity import TsodyksMarkram
from mesopop.signals import PerNeuron, components

_WHY = (
    "has no theory: in it all neurons of a population are alike, and only their means are known; "
    'simulate at level="micro"'
)


def require_alike(network: Network) -> None:
    """Refuse drives and plasticity given neuron by neuron. (Connectivity enters by its mean.)

    Raises
    ------
    TypeError
        If it is not a network.
    ValueError
        If the neurons of a population differ.
    """
    if not isinstance(network, Network):
        raise TypeError(f"network must be a Network, got {network!r}")
    for population in network.populations:
        if any(isinstance(component, PerNeuron) for component in components(population.drive)):
            raise ValueError(f'population "{population.name}": a drive PerNeuron {_WHY}')
    for projection in network.projections:
        if projection.stp is not None:
            require_alike_synapses(projection.stp, f'projection "{projection.label}": ')


def require_alike_synapses(stp: TsodyksMarkram, where: str = "") -> None:
    """Refuse parameters per neuron.

    Raises
    ------
    ValueError
        If a parameter is given per neuron.
    """
    if stp.per_neuron is not None:
        raise ValueError(f"{where}{stp.per_neuron} per neuron {_WHY}")
