"""Fixed points of networks: known values, what simulations without noise converge to, stability."""

import attrs
import numpy as np
import pytest
from networks import DEPRESSING, LIF, MIXED, changed, meso

import mesopop as mp
from mesopop.theory import fixed_points
from mesopop.theory.characteristic import Characteristic
from mesopop.theory.fixed_points import eigenvalues_at
from mesopop.theory.mean_field import mean_field
from mesopop.theory.root_search import all_roots

CLOSURES = ("first_order", "second_order", "renewal")
LNP = mp.LNP(10, transfer=mp.Softplus(2.0))
SOFT = changed(LIF, escape="softplus", rate_at_threshold=40.0, delta_u=3.0)


def recurrent(neuron, *, drive, weight, stp=None, size=100, **projection):
    arguments = {"tau_s": 3.0, "delay": 1.0} | projection
    return mp.Network(
        populations=[mp.Population("E", size=size, neuron=neuron, drive=drive)],
        projections=[mp.Projection("E", "E", weight=weight / size, stp=stp, **arguments)],
    )


def excitation_and_inhibition(neuron=LIF, **changes):
    """Two populations with plasticity per projection and random connections."""
    arguments = {"drive": 16.0, "recurrence": 60.0} | changes
    return mp.Network(
        populations=[
            mp.Population("E", size=80, neuron=neuron, drive=arguments["drive"]),
            mp.Population("I", size=20, neuron=changed(LIF, tau_m=10), drive=12.0),
            mp.Population("X", size=50, neuron=mp.Poisson(5.0)),
        ],
        projections=[
            mp.Projection(
                "E", "E", weight=arguments["recurrence"] / 80, tau_s=3, delay=1, stp=MIXED
            ),
            mp.Projection("E", "I", weight=1.0, probability=0.3, tau_s=3, delay=1, stp=DEPRESSING),
            mp.Projection("I", "E", weight=-1.0, tau_s=6, delay=0.5),
            mp.Projection("I", "I", weight=-0.5, tau_s=6, delay=0.5, stp=DEPRESSING),
            mp.Projection("X", "E", weight=0.2, tau_s=3, delay=0.5, stp=MIXED),
        ],
    )


# --- Known values --------------------------------------------------------------------------------


@pytest.mark.parametrize("closure", CLOSURES)
@pytest.mark.parametrize(
    ("preset", "h", "kinds"),
    [
        ("lnp-population-spikes", [-3.04, 4.30, 9.54], ["stable node", "saddle", "unstable node"]),
        ("lnp-up-down", [-2.504, 3.29, 42.4], ["stable node", "saddle", "stable focus"]),
    ],
)
def test_reference_networks(preset, h, kinds, closure):
    points = fixed_points(mp.presets.load(preset), closure=closure)
    assert [p.kind for p in points] == kinds
    assert [p.stable for p in points] == [kind.startswith("stable") for kind in kinds]
    np.testing.assert_allclose([p.potential["E"] for p in points], h, rtol=2e-3)
    for point in points:
        # h = mu + tau N J U0 x f(h), x = 1 / (1 + U0 f tau_d), both in closed form.
        network = mp.presets.load(preset)
        projection, rate = network.projections[0], point.rate["E"] / 1000
        x = 1 / (1 + projection.stp.U0 * rate * projection.stp.tau_d)
        driven = 10 * 200 * projection.weight * projection.stp.U0 * x * rate
        expected = network.populations[0].drive + driven
        assert point.potential["E"] == pytest.approx(expected, rel=1e-9)
        assert point.x["E->E"] == pytest.approx(x, rel=1e-9)


def test_eigenvalues_of_depression_by_hand():
    """Of the two equations of h and x, written here once more."""
    network = mp.presets.load("lnp-population-spikes")
    tau, tau_d, u, weight, alpha = 10.0, 400.0, 0.2, 1250.0, 2.0
    for point in fixed_points(network, closure="first_order"):
        h, x, f = point.potential["E"], point.x["E->E"], point.rate["E"] / 1000
        slope = 1e-3 / (1 + np.exp(-h / alpha))
        jacobian = [
            [-1 / tau + weight * u * x * slope, weight * u * f],
            [-u * x * slope, -1 / tau_d - u * f],
        ]
        expected = np.sort(np.linalg.eigvals(jacobian))[::-1]
        np.testing.assert_allclose(point.eigenvalues, expected, rtol=1e-8)


def test_uncoupled_neurons():
    network = mp.Network(populations=[mp.Population("E", size=3, neuron=LIF, drive=16.0)])
    (point,) = fixed_points(network)
    assert point.rate["E"] == pytest.approx(mp.theory.rate(LIF, 16.0), rel=1e-12)
    assert point.kind == "stable"
    (point,) = fixed_points(mp.presets.load("feedforward"))
    assert point.potential["post"] == pytest.approx(20 / 1000 * 100 * 10 / 6, rel=1e-10)
    assert np.isnan(point.potential["pre"])
    assert point.stable


# --- What simulations converge to ----------------------------------------------------------------

CONVERGING = {
    "lif": (recurrent(LIF, drive=10.0, weight=220.0, stp=mp.TsodyksMarkram(U0=0.2, U=0, tau_d=100)), 600.0),
    "lif, facilitating": (recurrent(LIF, drive=20.0, weight=50.0, stp=MIXED), 600.0),
    "lif, delta synapses": (recurrent(LIF, drive=14.0, weight=20.0, stp=MIXED, tau_s=0), 600.0),
    "lif, softplus": (recurrent(SOFT, drive=14.0, weight=20.0, stp=MIXED, tau_s=0), 600.0),
    "lif, static": (recurrent(LIF, drive=20.0, weight=-40.0), 600.0),
    "lnp": (recurrent(LNP, drive=5.0, weight=500.0, stp=MIXED), None),
    "lnp, delta synapses": (recurrent(LNP, drive=5.0, weight=500.0, stp=MIXED, tau_s=0), None),
    "two populations": (excitation_and_inhibition(), 600.0),
    "mixed neurons": (excitation_and_inhibition(LNP, recurrence=300.0), 600.0),
}  # fmt: skip


def simulated(network, closure, history, dt=0.5, duration=8000.0):
    arguments = meso(closure, "none", 0.0) | {"history": history}
    return mp.simulate(network, duration, dt=dt, record_dt=5.0, **arguments)


@pytest.mark.parametrize("closure", CLOSURES)
@pytest.mark.parametrize("name", CONVERGING)
def test_simulations_without_noise_converge_to_a_stable_fixed_point(name, closure):
    network, history = CONVERGING[name]
    result = simulated(network, closure, history)
    points = [p for p in fixed_points(network, closure=closure, dt=0.5) if p.stable]
    rates = {population: values[-1] for population, values in result.rate.items()}
    first = network.populations[0].name
    point = min(points, key=lambda p: abs(p.rate[first] - rates[first]))
    assert rates == pytest.approx(point.rate, rel=1e-7)
    for label in result.release:
        assert result.release[label][-1] == pytest.approx(point.release[label], rel=1e-7)
        if label in point.u:
            assert result.u[label][-1] == pytest.approx(point.u[label], rel=1e-7)
            assert result.x[label][-1] == pytest.approx(point.x[label], rel=1e-7)


ADAPTING = mp.GIF(
    **attrs.asdict(LIF),
    adaptation=[
        mp.ThresholdKernel(amplitude=1.0, tau=50),
        mp.SpikeTriggeredCurrent(amplitude=1.5, tau=30),
    ],
)


SOFT_ADAPTING = changed(ADAPTING, escape="softplus", rate_at_threshold=40.0, delta_u=3.0)


@pytest.mark.parametrize(
    ("neuron", "closure", "accuracy"),
    [
        # Simulations of the first two closures expand the effect of earlier spikes.
        (ADAPTING, "first_order", 1e-5),
        (ADAPTING, "second_order", 1e-5),
        (ADAPTING, "renewal", 1e-8),
        (SOFT_ADAPTING, "renewal", 1e-8),
    ],
)
@pytest.mark.parametrize("tau_s", [0.0, 3.0])
def test_simulations_with_adaptation_converge(neuron, closure, accuracy, tau_s):
    network = recurrent(neuron, drive=20.0, weight=20.0, stp=DEPRESSING, tau_s=tau_s)
    result = simulated(network, closure, 1200.0)
    (point,) = fixed_points(network, closure=closure, dt=0.5)
    assert result.rate["E"][-1] == pytest.approx(point.rate["E"], rel=accuracy)
    assert result.x["E->E"][-1] == pytest.approx(point.x["E->E"], rel=accuracy)


def test_expanded_adaptation_needs_exponential_hazards():
    network = recurrent(SOFT_ADAPTING, drive=20.0, weight=20.0)
    with pytest.raises(ValueError, match='ThresholdKernels need escape="exponential"'):
        fixed_points(network, closure="first_order")


def test_exact_closure_is_near_the_renewal_closure():
    network = recurrent(LIF, drive=20.0, weight=50.0, stp=MIXED)
    (exact,), (renewal,), (second,) = (
        fixed_points(network, closure=closure) for closure in ("exact", "renewal", "second_order")
    )
    assert exact.rate["E"] == pytest.approx(renewal.rate["E"], rel=1e-4)
    assert abs(second.rate["E"] / exact.rate["E"] - 1) > 1e-3


def test_more_unknowns_than_two():
    """Fixed points of copies of a bistable network: all 3 x 3 x 3 combinations."""
    single = mp.presets.load("lnp-up-down")
    population, projection = single.populations[0], single.projections[0]
    names = ["A", "B", "C"]
    network = mp.Network(
        populations=[attrs.evolve(population, name=name) for name in names],
        projections=[attrs.evolve(projection, source=name, target=name) for name in names],
    )
    for count, expected in ((1, 3), (2, 9), (3, 27)):
        part = mp.Network(
            populations=network.populations[:count], projections=network.projections[:count]
        )
        points = fixed_points(part, closure="first_order")
        assert len(points) == expected
        assert sum(p.stable for p in points) == 2**count


# --- Stability -----------------------------------------------------------------------------------


def modes(signal, dt, order):
    """Exponents of a sum of exponentials (Prony), the largest at the end of the signal first."""
    columns = [signal[i : len(signal) - order + i] for i in range(order)]
    coefficients = np.linalg.lstsq(np.stack(columns, axis=1), signal[order:], rcond=1e-12)[0]
    found = np.log(np.roots([1, *-coefficients[::-1]]).astype(complex)) / dt
    times = dt * np.arange(len(signal))
    amplitudes = np.linalg.lstsq(np.exp(np.outer(times - times[-1], found)), signal, rcond=None)[0]
    return found[np.argsort(-np.abs(amplitudes))]


RELAXING = {
    "node": (recurrent(LIF, drive=10.0, weight=220.0, stp=mp.TsodyksMarkram(U0=0.2, U=0, tau_d=100)), 4),
    "slow node": (recurrent(LIF, drive=20.0, weight=50.0, stp=MIXED), 4),
    "focus": (recurrent(LIF, drive=25.0, weight=-30.0, delay=3.0, stp=DEPRESSING), 4),
    "adaptation": (recurrent(ADAPTING, drive=18.0, weight=50.0, stp=mp.TsodyksMarkram(U0=0.5, U=0, tau_d=100)), 5),
    "softplus": (recurrent(SOFT, drive=25.0, weight=-30.0, delay=3.0, stp=DEPRESSING), 4),
    "lnp": (recurrent(LNP, drive=5.0, weight=500.0, stp=MIXED, delay=5.0), 4),
}  # fmt: skip


@pytest.mark.parametrize("closure", ["first_order", "renewal"])
@pytest.mark.parametrize("name", RELAXING)
def test_leading_eigenvalue_is_how_simulations_relax(name, closure):
    """Steps of 0.25 ms shift eigenvalues by up to 3 %; a fit of few modes adds to that."""
    network, order = RELAXING[name]
    history = {"lnp": None, "adaptation": 900.0}.get(name, 500.0)
    arguments = meso(closure, "none", 0.0) | {"history": history}
    # So long that what is left of the relaxation does not blur its end.
    result = mp.simulate(network, 4000.0, dt=0.25, record_dt=1.0, **arguments)
    end = result.release["E->E"][-1]
    deviation = result.release["E->E"] - end
    start = len(deviation) - int(np.argmax(np.abs(deviation[::-1]) > 1e-4 * end))
    relaxation = modes(deviation[start : start + 300 : 10], 10.0, order)[0]
    points = fixed_points(network, closure=closure)
    leading = min(points, key=lambda p: abs(p.release["E->E"] - end)).eigenvalues[0]
    relaxation = complex(relaxation.real, abs(relaxation.imag))
    assert abs(relaxation - leading) < 0.04 * abs(leading)


@pytest.mark.parametrize("closure", ["first_order", "second_order"])
@pytest.mark.parametrize("delay", [0.0, 5.0])
@pytest.mark.parametrize("preset", ["lnp-up-down", "lnp-population-spikes"])
def test_differential_and_characteristic_equation_agree(preset, delay, closure):
    """The matrices (with collocation of delays) and the characteristic equation share no code."""
    network = mp.presets.load(preset)
    projection = attrs.evolve(network.projections[0], tau_s=3.0, delay=delay, stp=MIXED)
    network = attrs.evolve(network, projections=[projection])
    equations = mean_field(network, closure=closure)
    for z in all_roots(equations):
        states = equations.states(z)
        eigenvalues = eigenvalues_at(equations, states)
        characteristic = Characteristic.at(equations, states)
        leading = eigenvalues[:4]
        # Second moments of u alone relax unseen by the rest: no solution of the characteristic one.
        residual = np.abs(characteristic.determinant(leading))
        assert np.count_nonzero(residual < 1e-8) >= 3
        solutions = characteristic.eigenvalues()
        assert abs(solutions[0] - leading[0]) < 1e-8 * abs(leading[0])


def test_number_of_unstable_eigenvalues_is_that_of_the_argument_principle():
    """The determinant winds around 0 along the imaginary axis once for each of them."""
    network = recurrent(
        LIF, drive=10.0, weight=220.0, stp=mp.TsodyksMarkram(U0=0.2, U=0, tau_d=100)
    )
    inhibited = recurrent(LIF, drive=40.0, weight=-400.0, delay=5.0)
    for case, expected in ((network, [0, 1, 0]), (inhibited, [2])):
        equations = mean_field(case)
        for z, count in zip(all_roots(equations), expected, strict=True):
            states = equations.states(z)
            characteristic = Characteristic.at(equations, states)
            omega = np.concatenate([np.geomspace(1e-6, 0.01, 60), np.linspace(0.01, 1.5, 400)])
            phase = np.unwrap(np.angle(characteristic.determinant(1j * omega)))
            winding = -(phase[-1] - phase[0]) / np.pi
            assert winding == pytest.approx(count, abs=0.1)
            assert np.count_nonzero(characteristic.eigenvalues().real > 0) == count


def test_rates_above_the_largest_are_left_out():
    """Depletion bounds the input, not the rate of neurons with an exponential transfer function."""
    steep = mp.LNP(10, transfer=mp.Exponential(v_th=10, delta_u=3, rate_at_threshold=20))
    network = recurrent(
        steep, drive=3.0, weight=300.0, stp=mp.TsodyksMarkram(U0=0.5, U=0, tau_d=100)
    )
    assert len(fixed_points(network)) == 0
    (point,) = fixed_points(network, largest_rate=1e5)
    assert 1e4 < point.rate["E"] < 1e5


# --- Appearance and arguments --------------------------------------------------------------------


def test_fixed_points_are_readable():
    points = fixed_points(mp.presets.load("lnp-up-down"))
    text = repr(points)
    assert text.startswith("3 fixed points (renewal closure, continuous time)")
    assert "saddle" in text and "stable focus" in text and "42.37" in text
    assert all(len(line) <= 80 for line in text.splitlines())
    assert points._repr_html_().startswith("<table>")
    assert len(points) == 3 and points[1].kind == "saddle"
    assert "leading eigenvalue" in repr(fixed_points(excitation_and_inhibition(), dt=0.5))
    many = mp.Network(
        populations=[mp.Population(f"P{i}", size=1, neuron=mp.Poisson(1.0)) for i in range(12)]
    )
    assert "and 2 more populations" in repr(fixed_points(many))
    assert repr(fixed_points(recurrent(LIF, drive=20.0, weight=1e5, stp=None), largest_rate=1.0))


def test_bad_arguments_of_fixed_points():
    network = mp.presets.load("lnp-up-down")
    with pytest.raises(ValueError, match=r'unknown closure \'renewl\'; did you mean "renewal"'):
        fixed_points(network, closure="renewl")
    with pytest.raises(TypeError, match="network must be a Network, got 3"):
        fixed_points(3)
    with pytest.raises(ValueError, match=r"dt must be <= tau_m/2 = 5 ms, got 20"):
        fixed_points(network, dt=20)
    with pytest.raises(ValueError, match="largest_rate must be > 0 Hz"):
        fixed_points(network, largest_rate=0)
    driven = attrs.evolve(network.populations[0], drive=mp.Sinusoid(amplitude=1, frequency=1))
    with pytest.raises(
        ValueError,
        match=r'population "E": drive must be constant .*Sinusoid.*"populations.E.drive"',
    ):
        fixed_points(attrs.evolve(network, populations=[driven]))
    given = mp.Population("in", size=1, neuron=mp.SpikeTrains([[1.0]]))
    with pytest.raises(ValueError, match='population "in": SpikeTrains have no stationary state'):
        fixed_points(mp.Network(populations=[given]))
