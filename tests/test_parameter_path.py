"""Parameters of a network by their path."""

import pytest

import mesopop as mp
from mesopop.parameter_path import parameter, with_parameter

LIF = dict(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
NETWORK = mp.Network(
    populations=[
        mp.Population(
            "E",
            size=100,
            drive=(9.0, mp.OrnsteinUhlenbeck(std=1.0, tau=5.0)),
            neuron=mp.GIF(
                **LIF,
                adaptation=[
                    mp.ThresholdKernel(amplitude=1.0, tau=100.0),
                    mp.SpikeTriggeredCurrent(amplitude=0.5, tau=30.0),
                ],
            ),
        ),
        mp.Population("L2.3", size=20, neuron=mp.LNP(10, transfer=mp.Softplus(2.0))),
        mp.Population("L2", size=30, neuron=mp.Poisson(5.0)),
    ],
    projections=[
        mp.Projection("E", "E", weight=0.5, stp=mp.TsodyksMarkram(U0=0.5, U=0.1, tau_d=100)),
        mp.Projection("E", "L2.3", weight=0.1),
    ],
)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("populations.E.drive", NETWORK.population("E").drive, 8.0),
        ("populations.E.drive.0", 9.0, 8.0),
        ("populations.E.drive.1.std", 1.0, 2.0),
        ("populations.E.size", 100, 200),
        ("populations.E.neuron.v_th", 15.0, 14.0),
        ("populations.E.neuron.adaptation.0.tau", 100.0, 50.0),
        ("populations.E.neuron.adaptation.1.amplitude", 0.5, -0.5),
        ("populations.L2.3.neuron.transfer.alpha", 2.0, 3.0),
        ("populations.L2.3.neuron", NETWORK.population("L2.3").neuron, mp.LIF(**LIF)),
        ("populations.L2.neuron.rate", 5.0, 6.0),
        ("projections.E->E.weight", 0.5, -0.5),
        ("projections.E->E.stp.tau_d", 100.0, 50.0),
        ("projections.E->E.stp", NETWORK.projection("E->E").stp, None),
        ("projections.E->L2.3.delay", 0.0, 1.0),
    ],
)
def test_a_parameter_is_changed_and_nothing_else(path, before, after):
    assert parameter(NETWORK, path) == before
    changed = with_parameter(NETWORK, path, after)
    assert parameter(changed, path) == after
    assert with_parameter(changed, path, before) == NETWORK != changed


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("population.E.drive", '"population"; did you mean "populations"'),
        ("populations.e.drive", '"e"; did you mean "E"'),
        ("populations.E.drvie", '"drvie"; did you mean "drive"'),
        ("populations.E.neuron.adaptation.2.tau", '"2"; known: 0, 1'),
        ("populations.E.neuron.adaptation.tau", "known: 0, 1"),
        ("populations.E.neuron.v_th.x", '15.0 has no parameter "x"'),
        ("projections.E->L2.3.stp.tau_d", 'None has no parameter "tau_d"'),
        ("projections.E->I.weight", '"E->I"; did you mean "E->'),
        ("", "known: populations, projections"),
        ("populations", "known: E, L2.3, L2"),
    ],
)
def test_paths_that_lead_nowhere(path, error):
    for use in (parameter, lambda net, path: with_parameter(net, path, 1.0)):
        with pytest.raises(ValueError, match=f'unknown parameter "{path}".*{error}'):
            use(NETWORK, path)


@pytest.mark.parametrize(
    ("path", "value", "kind", "error"),
    [
        (
            "projections.E->E.stp.tau_d",
            -5,
            ValueError,
            r"projections.E->E.stp: tau_d must be >= 0 ms, got -5.0 ms",
        ),
        ("populations.E.drive", "high", TypeError, r"populations.E: drive must be a number"),
        ("populations.E.drive.1.tau", 0, ValueError, r"populations.E.drive.1: tau must be > 0 ms"),
        ("populations.E.neuron.adaptation.0", 3, TypeError, "adaptation must be a sequence"),
        ("populations.E.neuron.v_reset", 20, ValueError, "v_reset must be < v_th = 15.0 mV"),
        ("populations.E.name", "I", ValueError, "is not a population"),
    ],
)
def test_values_that_do_not_fit(path, value, kind, error):
    with pytest.raises(kind, match=error):
        with_parameter(NETWORK, path, value)


def test_arguments_of_the_wrong_kind():
    with pytest.raises(TypeError, match="network must be a Network"):
        with_parameter("net", "populations.E.drive", 1.0)
    with pytest.raises(TypeError, match="path must be a string"):
        parameter(NETWORK, 3)
