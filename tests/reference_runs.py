"""Networks for tests of the NumPy references, and one call for all of their levels."""

from mesopop.network import Network, Population, Projection
from mesopop.neurons import LIF, LNP
from mesopop.transfer import Softplus
from reference import NumpyDraws, simulate_mesoscopic, simulate_microscopic

LEVELS = ("micro", "first_order", "second_order", "renewal")


def onto_lnp(neuron, size, *, tau_m=10.0, **synapse):
    """A population that projects onto LNP neurons."""
    return Network(
        populations=[
            Population("pre", size=size, neuron=neuron),
            Population("post", size=1, neuron=LNP(tau_m, transfer=Softplus(1.0))),
        ],
        projections=[Projection("pre", "post", **{"weight": 0.1, **synapse})],
    )


def lif(drive, size=100, weight=0.0, t_ref=4.0):
    """A population of LIF neurons, coupled to itself."""
    neuron = LIF(tau_m=20, v_th=15, v_reset=0, t_ref=t_ref, delta_u=2, rate_at_threshold=10)
    return Network(
        populations=[Population("E", size=size, neuron=neuron, drive=drive)],
        projections=[Projection("E", "E", weight=weight / size, tau_s=3, delay=1)],
    )


def run(net, duration, dt, level, **kwargs):
    """Any level with default draws."""
    if level == "micro":
        return simulate_microscopic(net, duration, dt=dt, draws=NumpyDraws(0), **kwargs)
    return simulate_mesoscopic(net, duration, dt=dt, closure=level, draws=NumpyDraws(0), **kwargs)
