"""Presets: they load, and are the reference sets."""

import re

import attrs
import numpy as np
import pytest

import mesopop as mp
from mesopop.experiment_run import run_experiment

RECURRENT = {
    # size, drive, N J, U0, tau_d, delay, dt
    "lif-up-down": (100, 10.0, 220.0, 0.2, 100.0, 1.0, 0.5),
    "lif-population-spikes": (200, 9.0, 160.0, 0.5, 400.0, 1.0, 0.5),
    "lnp-up-down": (200, -3.5, 1000.0, 0.2, 100.0, 0.0, 0.1),
    "lnp-population-spikes": (200, -4.0, 1250.0, 0.2, 400.0, 0.0, 0.1),
}
THRESHOLDS = {
    "lif-up-down": ("rate", 6, 25, 10),
    "lif-population-spikes": ("rate", 5, 30, 10),
    "lnp-up-down": ("potential", 8, 25, 0),
    "lnp-population-spikes": ("potential", 0, 10, 0),
}

# What `behaviour` says, in order.
UP_DOWN = (
    "rate of E (Hz)",
    "fraction of time Up",
    "mean Up time (s)",
    "mean Down time (s)",
    "interval between Up onsets (s)",
)
SAID = {
    "lif-up-down": UP_DOWN,
    "lif-population-spikes": (
        "rate of E (Hz)",
        "release per spike, E->E",
        "interval between events (s)",
    ),
    "lnp-up-down": UP_DOWN,
    "lnp-population-spikes": (
        "rate of E (Hz)",
        "interval between events (s)",
        "CV of the intervals",
    ),
    "tsodyks-uziel-markram": (
        "rate of E (Hz)",
        "rate of I (Hz)",
        "interval between events (s)",
    ),
}


def test_names():
    published = {"microcircuit", "ring", "tsodyks-uziel-markram", "mongillo-working-memory"}
    assert set(mp.presets.names()) == {*RECURRENT, "feedforward", *published}


@pytest.mark.parametrize("name", mp.presets.names())
def test_every_preset_says_what_it_is_and_can_be_written(name, tmp_path):
    experiment = mp.presets.experiment(name)
    assert mp.presets.load(name) == experiment.network
    assert experiment.title
    assert experiment.source
    assert experiment.behaviour
    experiment.to_toml(tmp_path / "preset.toml")
    assert mp.Experiment.from_toml(tmp_path / "preset.toml") == experiment


@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_sets(name):
    size, drive, summed_weight, U0, tau_d, delay, dt = RECURRENT[name]
    experiment = mp.presets.experiment(name)
    population = experiment.network.population("E")
    projection = experiment.network.projection("E->E")
    assert (population.size, population.drive) == (size, drive)
    assert projection.weight * size == pytest.approx(summed_weight, rel=1e-15)
    assert projection.stp == mp.TsodyksMarkram(U0=U0, U=0.0, tau_d=tau_d)
    assert (projection.delay, projection.probability) == (delay, 1.0)
    assert experiment.simulation.dt == dt
    events = experiment.events
    assert (events.observable, events.low, events.high, events.smooth) == THRESHOLDS[name]
    assert events.kind.replace("_", "-") in (f"{name[4:]}-states", name[4:])


@pytest.mark.parametrize("name", SAID)
def test_the_behaviour_is_that_of_the_command(name):
    experiment = mp.presets.experiment(name)
    settings, events, text = experiment.simulation, experiment.events, experiment.behaviour
    neurons = attrs.evolve(experiment, simulation=attrs.evolve(settings, level="micro"))
    (level,) = run_experiment(neurons).levels
    found = mp.compare(level.result.after(settings.transient), events=events)
    said = [str(found[row].estimates[0]) for row in SAID[name]]
    assert re.findall(r"[\d.]+ ± [\d.]+", text) == said
    kind = "number of Up onsets" if events.kind == "up_down_states" else "number of events"
    number, analysed = found[kind].estimates[0].value, settings.duration - settings.transient
    assert re.search(rf"\({number:.0f} (onsets|events|bursts)\)", text)
    seconds = settings.trials * analysed / 1000
    assert f"dt {settings.dt:g} ms, {seconds:.0f} s, seed {settings.seed}:" in text


@pytest.mark.parametrize("name", RECURRENT)
def test_neurons_of_the_recurrent_sets(name):
    lif = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
    lnp = mp.LNP(10, transfer=mp.Softplus(2, gain=1))
    network = mp.presets.load(name)
    assert network.population("E").neuron == (lif if name.startswith("lif") else lnp)
    assert network.projection("E->E").tau_s == (3 if name.startswith("lif") else 0)


@pytest.mark.parametrize("name", ["lnp-up-down", "lnp-population-spikes"])
@pytest.mark.parametrize("fixed_point", [0, 1, 2])
def test_fixed_points_of_the_infinite_lnp_networks(name, fixed_point):
    # h = mu + tau_m N J U0 x f(h) with x = 1/(1 + U0 tau_d f): wrong units of anything move these.
    h = {"lnp-up-down": (-2.50, 3.29, 42.4), "lnp-population-spikes": (-3.04, 4.30, 9.54)}
    h = h[name][fixed_point]
    network = mp.presets.load(name)
    population, projection = network.population("E"), network.projection("E->E")

    def residual(h):
        rate = population.neuron.transfer(h) / 1000
        released = projection.stp.U0 * rate / (1 + projection.stp.U0 * projection.stp.tau_d * rate)
        gain = population.neuron.tau_m * population.size * projection.weight
        return population.drive + gain * released - h

    half_a_digit = 0.05 if h > 40 else 0.005
    assert residual(h - half_a_digit) * residual(h + half_a_digit) < 0


@pytest.mark.parametrize(
    ("synapse", "release"), [("depressing", 1 / 6), ("facilitating", 0.4), ("mixed", 0.214)]
)
def test_feedforward(synapse, release):
    experiment = mp.presets.experiment("feedforward", synapse=synapse)
    network = experiment.network
    assert network.population("pre").neuron == mp.Poisson(10)
    assert network.population("pre").size == 100
    assert isinstance(network.population("post").neuron, mp.LNP)
    assert f"{release:.3f} in the stationary state" in experiment.behaviour
    # h = tau_m N J times the rate and the release
    post, projection = network.population("post"), network.projection("pre->post")
    h = post.neuron.tau_m * 100 * projection.weight * 10 / 1000 * release
    assert f"{h:.2f} mV" in experiment.behaviour


def test_feedforward_is_depressing_unless_told():
    assert mp.presets.load("feedforward") == mp.presets.load("feedforward", synapse="depressing")
    assert mp.presets.load("feedforward") != mp.presets.load("feedforward", synapse="mixed")


def test_drawn_parameters_of_the_network_of_bursts():
    network = mp.presets.load("tsodyks-uziel-markram")
    assert network == mp.presets.load("tsodyks-uziel-markram", seed=1)
    assert network != mp.presets.load("tsodyks-uziel-markram", seed=2)
    assert [population.size for population in network.populations] == [400, 100]
    for population in network.populations:
        background = population.drive.values
        assert np.all(np.diff(background) >= 0)
        assert 14.625 <= background[0] < background[-1] <= 15.375
    # Means of normal distributions with std = mean/2, cut off at the bounds.
    expected = {
        "E->E": (0.18, 0.5, 847.0, 0.0),
        "E->I": (0.72, 0.0378, 105.0, 1054.0),
        "I->E": (-0.54, 0.5, 847.0, 0.0),
        "I->I": (-0.72, 0.0378, 105.0, 1054.0),
    }
    for label, (weight, *means) in expected.items():
        projection = network.projection(label)
        stp = projection.stp
        assert (projection.weight, projection.probability) == (pytest.approx(weight), 0.1)
        np.testing.assert_array_equal(stp.U0, stp.U)
        for values, mean in zip((stp.U, stp.tau_d, stp.tau_f), means, strict=True):
            size = np.size(values)
            assert np.mean(values) == pytest.approx(mean, abs=4 * 0.5 * mean / np.sqrt(size))
        assert stp.U.max() <= (0.9 if label.endswith("E") else 0.07)
        assert stp.tau_d.min() >= 5


def test_scale_keeps_weights_and_numbers_of_inputs():
    full = mp.presets.load("mongillo-working-memory")
    assert [population.size for population in full.populations] == [800, 7200, 2000]
    assert full.projection("selective->selective").weight == 0.45
    assert full.projection("selective->nonselective").weight == 0.10
    assert full.projection("nonselective->inhibitory").stp is None
    for scale in (0.2, 0.5):
        small = mp.presets.load("mongillo-working-memory", scale=scale)
        for one, other in zip(full.projections, small.projections, strict=True):
            sizes = [net.population(one.source).size for net in (full, small)]
            assert sizes[1] == scale * sizes[0]
            assert other.probability * sizes[1] == pytest.approx(one.probability * sizes[0])
            assert (other.weight, other.stp) == (one.weight, one.stp)


def test_unknown_names_and_options():
    with pytest.raises(ValueError, match='unknown preset "lif-updown"; did you mean "lif-up-down"'):
        mp.presets.load("lif-updown")
    with pytest.raises(ValueError, match='unknown synapse "depresing"; did you mean "depressing"'):
        mp.presets.load("feedforward", synapse="depresing")
    with pytest.raises(TypeError, match='"lif-up-down" takes no options, got "size"'):
        mp.presets.load("lif-up-down", size=10)
    with pytest.raises(ValueError, match="seed must be >= 0, got -1"):
        mp.presets.load("tsodyks-uziel-markram", seed=-1)
    with pytest.raises(ValueError, match="scale must be >= 0.2, got 0.1"):
        mp.presets.load("mongillo-working-memory", scale=0.1)
    with pytest.raises(ValueError, match='got "?\'?silnt\'?"?; did you mean "silent"'):
        mp.presets.load("mongillo-working-memory", background="silnt")
    with pytest.raises(TypeError, match='"feedforward" has no option "tau"; known: synapse'):
        mp.presets.experiment("feedforward", tau=10)
