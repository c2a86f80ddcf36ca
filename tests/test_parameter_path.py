"""Parameters of a network by path."""

import pytest
from networks import GIF, LIF

import mesopop as mp


@pytest.fixture(scope="module")
def network():
    return mp.Network(
        populations=[
            mp.Population(
                "E", size=10, neuron=GIF, drive=(1.0, mp.OrnsteinUhlenbeck(std=2, tau=5))
            ),
            mp.Population("L2.3", size=10, neuron=mp.LNP(10, transfer=mp.Softplus(2.0))),
        ],
        projections=[
            mp.Projection("E", "L2.3", weight=1.0, stp=mp.TsodyksMarkram(U0=0.5, U=0, tau_d=100)),
            mp.Projection("L2.3", "E", weight=1.0, name="back"),
        ],
    )


@pytest.mark.parametrize(
    ("path", "value", "read"),
    [
        ("populations.E.size", 20, lambda n: n.population("E").size),
        ("populations.E.drive", 3.0, lambda n: n.population("E").drive),
        ("populations.E.drive.1.std", 3.0, lambda n: n.population("E").drive[1].std),
        ("populations.E.neuron", LIF, lambda n: n.population("E").neuron),
        ("populations.E.neuron.v_th", 12.0, lambda n: n.population("E").neuron.v_th),
        (
            "populations.E.neuron.adaptation.2.amplitude",
            0.5,
            lambda n: n.population("E").neuron.adaptation[2].amplitude,
        ),
        (
            "populations.L2.3.neuron.transfer.alpha",
            1.0,
            lambda n: n.population("L2.3").neuron.transfer.alpha,
        ),
        ("projections.E->L2.3.stp.tau_d", 50.0, lambda n: n.projection("E->L2.3").stp.tau_d),
        ("projections.E->L2.3.stp", None, lambda n: n.projection("E->L2.3").stp),
        ("projections.back.weight", -1.0, lambda n: n.projection("back").weight),
    ],
)
def test_one_parameter_changes(network, path, value, read):
    before = repr(network)
    changed = mp.with_parameter(network, path, value)
    assert read(changed) == value
    assert mp.parameter(changed, path) == value
    assert mp.with_parameter(changed, path, mp.parameter(network, path)) == network
    assert repr(network) == before


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("population.E.drive", 'begins with "population"; did you mean "populations"'),
        ("populations.e.drive", 'no population "e"; did you mean "E"'),
        ("projections.E->E.weight", 'no projection "E->E"; did you mean "E->L2.3"'),
        ("populations.E.driv", 'Population has no parameter "driv"; did you mean "drive"'),
        ("populations.E.neuron.tau", 'GIF has no parameter "tau"; did you mean "tau_m"'),
        ("populations.E.neuron.adaptation.3.tau", '"3" must be the number of one of 3 components'),
        ("populations.E.neuron.tau_m.x", 'float has no parameter "x"'),
        ("projections.back.stp.tau_d", 'None has no parameter "tau_d"'),
        ("populations.E", 'must go on to a parameter of it, e.g. "populations.E.size"'),
    ],
)
def test_unknown_parameters(network, path, message):
    with pytest.raises(ValueError, match=message.replace(".", r"\.").replace(">", ">")):
        mp.with_parameter(network, path, 1.0)


def test_values_are_checked(network):
    with pytest.raises(ValueError, match="tau_d must be >= 0 ms, got -5.0 ms"):
        mp.with_parameter(network, "projections.E->L2.3.stp.tau_d", -5)
    with pytest.raises(TypeError, match="size must be an integer"):
        mp.with_parameter(network, "populations.E.size", 1.5)
    with pytest.raises(TypeError, match="network must be a Network, got 3"):
        mp.with_parameter(3, "populations.E.size", 1)
    with pytest.raises(TypeError, match="path must be a string, got 3"):
        mp.parameter(network, 3)
