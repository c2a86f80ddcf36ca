"""Bifurcation diagrams, phase planes and envelopes."""

import attrs
import numpy as np
import pytest
from matplotlib.figure import Figure
from networks import LIF, isolated, meso
from test_theory_fixed_points import excitation_and_inhibition

import mesopop as mp
from mesopop.theory import bifurcation_diagram, envelope, fixed_points, phase_plane
from mesopop.theory.mean_field import mean_field
from mesopop.theory.root_search import all_roots

DRIVE = "populations.E.drive"
CASES = {
    "drive": ("lnp-population-spikes", DRIVE, -8.0, 4.0),
    "weight": ("lnp-up-down", "projections.E->E.weight", 0.0, 8.0),
    "recovery": ("lnp-up-down", "projections.E->E.stp.tau_d", 20.0, 800.0),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    preset, path, start, stop = CASES[request.param]
    network = mp.presets.load(preset)
    return network, path, bifurcation_diagram(network, path, start, stop, closure="first_order")


def counted(network, path, value):
    return len(fixed_points(mp.with_parameter(network, path, value), closure="first_order"))


def on_branches(diagram, value, population="E"):
    """Rates at which branches cross a value of the parameter, and whether they are stable."""
    found = []
    for branch in diagram.branches:
        p, rate = branch.parameter, branch.rate[population]
        for i in np.flatnonzero((p[:-1] - value) * (p[1:] - value) < 0):
            share = (value - p[i]) / (p[i + 1] - p[i])
            found.append((rate[i] + share * (rate[i + 1] - rate[i]), branch.stable[i]))
    return sorted(found)


def test_branches_are_the_fixed_points(case):
    network, path, diagram = case
    p = np.concatenate([branch.parameter for branch in diagram.branches])
    for share in (0.111, 0.277, 0.523, 0.731, 0.919):
        value = p.min() + share * (p.max() - p.min())
        changed = mp.with_parameter(network, path, value)
        expected = sorted(
            (q.rate["E"], q.stable) for q in fixed_points(changed, closure="first_order")
        )
        found = on_branches(diagram, value)
        assert len(found) == len(expected)
        # Interpolated linearly between points of the branch.
        np.testing.assert_allclose(
            [r for r, _ in found], [r for r, _ in expected], rtol=0.03, atol=0.05
        )
        assert [s for _, s in found] == [s for _, s in expected]


def test_the_number_of_fixed_points_changes_by_two_at_folds(case):
    network, path, diagram = case
    folds = [b for b in diagram.bifurcations if b.kind == "fold"]
    assert folds
    for fold in folds:
        near = 1e-3 * max(abs(fold.parameter), 0.1)
        counts = [counted(network, path, fold.parameter + s * near) for s in (-1, 1)]
        assert abs(counts[0] - counts[1]) == 2
        assert np.abs(fold.point.eigenvalues).min() < 1e-5  # one passes through 0


def test_oscillations_begin_at_hopf_points():
    network, path, start, stop = (mp.presets.load("lnp-population-spikes"), *CASES["drive"][1:])
    diagram = bifurcation_diagram(network, path, start, stop, closure="first_order")
    hopf = [b for b in diagram.bifurcations if b.kind == "Hopf"]
    assert len(hopf) == 2
    for point in hopf:
        pair = point.point.eigenvalues[:2]
        assert np.abs(pair.real).max() < 1e-6
        assert point.frequency == pytest.approx(1000 * abs(pair[0].imag) / (2 * np.pi), rel=1e-9)
    last = hopf[-1].parameter
    found = envelope(network, path, [last - 0.3, last + 1.0], dt=0.1, duration=20_000.0)
    swing = found.highest["E"] - found.lowest["E"]
    assert swing[0] > 10 and swing[1] < 0.01


def test_folds_of_lif_neurons():
    """Folds where fixed points of the renewal closure appear and vanish."""
    network = mp.presets.load("lif-up-down")
    diagram = bifurcation_diagram(network, DRIVE, 10.2, 10.6, searches=2)
    (fold,) = [b.parameter for b in diagram.bifurcations if b.kind == "fold"]
    equations = (
        mean_field(mp.with_parameter(network, DRIVE, fold + shift)) for shift in (-0.01, 0.01)
    )
    assert [len(all_roots(e)) for e in equations] == [3, 1]


def test_diagrams_are_readable_and_drawn(case):
    _, path, diagram = case
    text = repr(diagram)
    assert path in text and "fold" in text
    assert all(len(line) <= 80 for line in text.splitlines())
    ax = mp.plot.bifurcation_diagram(diagram, ax=Figure().subplots())
    solid = [line for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata())]
    drawn = np.concatenate([line.get_ydata() for line in solid])
    assert np.isfinite(drawn).any() and ax.get_xlabel() == path
    green = mp.plot.bifurcation_diagram(diagram, color="green", ax=Figure().subplots())
    branches = [line for line in green.lines if line.get_linestyle() in ("-", "--")]
    assert {line.get_color() for line in branches} == {"green"}
    with pytest.raises(ValueError, match='quantity must be "rate" or "potential"'):
        mp.plot.bifurcation_diagram(diagram, quantity="u")
    with pytest.raises(ValueError, match='unknown population "X"'):
        mp.plot.bifurcation_diagram(diagram, population="X", ax=ax)


def test_bad_arguments_of_diagrams():
    network = mp.presets.load("lnp-up-down")
    with pytest.raises(ValueError, match="stop must be > 2, got 1.0"):
        bifurcation_diagram(network, DRIVE, 2, 1)
    with pytest.raises(ValueError, match='did you mean "drive"'):
        bifurcation_diagram(network, "populations.E.drve", 0, 1)
    with pytest.raises(
        TypeError, match="populations.E.size must be a number to be varied, got 200"
    ):
        bifurcation_diagram(network, "populations.E.size", 10, 20)
    with pytest.raises(ValueError, match="U0 must be > 0"):
        bifurcation_diagram(network, "projections.E->E.stp.U0", 0.0, 1.0)
    with pytest.raises(ValueError, match="searches must be >= 2"):
        bifurcation_diagram(network, DRIVE, 0, 1, searches=1)
    with pytest.raises(ValueError, match="network must have projections"):
        bifurcation_diagram(isolated(10, 1.0), DRIVE, 0, 1)
    with pytest.raises(ValueError, match="values must be a one-dimensional array"):
        envelope(network, DRIVE, [], dt=0.1)


# --- Phase planes --------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", ["lnp-population-spikes", "lnp-up-down"])
def test_plane_of_potential_and_x(preset):
    network = mp.presets.load(preset)
    plane = phase_plane(network)
    points = fixed_points(network, closure="first_order")
    expected = [[p.potential["E"], p.x["E->E"]] for p in points]
    np.testing.assert_allclose(plane.fixed_points, expected, rtol=1e-9)
    # Without currents and delays the plane is the whole network.
    for found, point in zip(plane.eigenvalues, points, strict=True):
        found = found[np.lexsort((-found.imag, -found.real))]
        np.testing.assert_allclose(found, point.eigenvalues, rtol=1e-5)
    assert plane.stable.tolist() == [p.stable for p in points]
    assert len(plane.separatrices) == 1


def test_separatrix_divides_what_simulations_do():
    """On either side of it the infinite network goes to another fixed point."""
    network = mp.presets.load("lnp-up-down")
    plane = phase_plane(network)
    (curve,) = plane.separatrices
    for x in (0.6, 0.9):
        at = np.argmin(np.abs(curve[:, 1] - x))
        ends = []
        for side in (-1.0, 1.0):
            initial = mp.InitialState(
                potential={"E": curve[at, 0] + side}, x={"E->E": curve[at, 1]}
            )
            result = mp.simulate(
                network, 1500.0, dt=0.1, initial=initial, **meso("first_order", "none")
            )
            ends.append(result.potential["E"][-1])
        assert ends[0] < 0 and ends[1] > 30


def test_plane_of_two_rates():
    network = excitation_and_inhibition()
    plane = phase_plane(network, points=21)
    (point,) = fixed_points(network)
    np.testing.assert_allclose(plane.fixed_points, [[point.rate["E"], point.rate["I"]]], rtol=1e-6)
    assert plane.names == ("rate of E (Hz)", "rate of I (Hz)")
    # The velocities vanish there: their signs differ around it.
    assert plane.d_first.min() < 0 < plane.d_first.max()
    assert plane.d_second.min() < 0 < plane.d_second.max()


def test_planes_are_drawn():
    plane = phase_plane(mp.presets.load("lnp-population-spikes"), first=(-10, 40), points=31)
    ax = mp.plot.phase_plane(plane, ax=Figure().subplots(), trajectory=([0, 1], [0.5, 0.6]))
    assert ax.get_xlim() == (-10.0, 40.0)
    labels = ax.get_legend_handles_labels()[1]
    assert "separatrix" in labels and "trajectory" in labels
    with pytest.raises(ValueError, match="trajectory must hold two arrays of one length"):
        mp.plot.phase_plane(plane, ax=ax, trajectory=([0, 1], [0.5]))


def test_bad_arguments_of_planes():
    network = mp.presets.load("lnp-up-down")
    with pytest.raises(ValueError, match='closure must be "first_order" in the plane of h and x'):
        phase_plane(network, closure="renewal")
    with pytest.raises(ValueError, match=r"first\[1\] must be > 5, got 1.0"):
        phase_plane(network, first=(5, 1))
    with pytest.raises(ValueError, match="second must be two limits, got 3"):
        phase_plane(network, second=3)
    with pytest.raises(ValueError, match="one or two populations that are not Poisson, got 8"):
        phase_plane(mp.presets.load("microcircuit"))
    static = attrs.evolve(network, projections=[attrs.evolve(network.projections[0], stp=None)])
    with pytest.raises(ValueError, match="must have one projection onto itself, with tau_d > 0"):
        phase_plane(static)


def test_transfer_curves_are_drawn():
    ax = mp.plot.transfer_curve(LIF, start=5, stop=35, dt=0.5, ax=Figure().subplots())
    drive, rate = ax.lines[0].get_data()
    np.testing.assert_allclose(rate, mp.theory.rate(LIF, drive, dt=0.5), rtol=1e-12)
    with pytest.raises(ValueError, match="at least one neuron"):
        mp.plot.transfer_curve(start=1, stop=2)
    with pytest.raises(ValueError, match=r"stop must be > 2 mV"):
        mp.plot.transfer_curve(LIF, start=2, stop=1)


def test_a_branch_that_does_not_end_is_no_result(monkeypatch):
    monkeypatch.setattr("mesopop.theory.continuation.MOST_POINTS", 10)
    with pytest.raises(ArithmeticError, match="has not ended after 10 points, at -"):
        mp.theory.bifurcation_diagram(
            mp.presets.load("lnp-up-down"), "populations.E.drive", -6, 2, closure="first_order"
        )
