"""The command line."""

import subprocess
import sys

import attrs
import numpy as np
import pytest

import mesopop as mp
from mesopop.cli import main

SHORT = ["--duration", "4", "--trials", "2"]


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        status = main(list(map(str, arguments)))
        return status, *capsys.readouterr()

    return call


def test_run_of_a_preset(run, tmp_path):
    status, out, err = run("run", "lif-up-down", *SHORT, "--output", tmp_path / "here")
    assert (status, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    for word in (
        "Up and Down states of LIF neurons",
        "2 trials of 4 s, analysed after the first 1 s; dt 0.5 ms; seed 11",
        "micro",
        "meso renewal",
        "rate of E (Hz)",
        "release per spike, E->E",
        "fraction of time Up",
        "mean Up time (s)",
        "mean Down time (s)",
        "interval between Up onsets (s)",
        "number of Up onsets",
        "states cut off by a border",
        "time taken (s)",
        "speed (biological s per s)",
    ):
        assert word in out
    folder = tmp_path / "here"
    names = {"micro.npz", "meso-renewal.npz", "table.txt", "config.toml", "figure.png"}
    assert {path.name for path in folder.iterdir()} == names
    assert all(name in out.split(f"Written to {folder}")[1] for name in names)
    assert (folder / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert out.startswith((folder / "table.txt").read_text(encoding="utf-8"))


def test_files_say_what_was_simulated(run, tmp_path):
    run("run", "lif-up-down", *SHORT, "--seed", 8, "--output", tmp_path)
    experiment = mp.Experiment.from_toml(tmp_path / "config.toml")
    settings = experiment.simulation
    assert (settings.duration, settings.trials, settings.seed) == (4000.0, 2, 8)
    assert experiment.network == mp.presets.load("lif-up-down")
    for level, engine in (("micro", "micro"), ("meso", "renewal")):
        # Every engine has random numbers of its own, named after it.
        seed = np.random.SeedSequence(8, spawn_key=tuple(engine.encode()))
        expected = mp.simulate(
            experiment.network, 4000, dt=0.5, level=level, seed=seed, trials=2, record_dt=1.0
        )
        loaded = mp.Result.load(tmp_path / f"{expected.label.replace(' ', '-')}.npz")
        assert loaded.settings == expected.settings
        np.testing.assert_array_equal(loaded.rate["E"], expected.rate["E"])
        np.testing.assert_array_equal(loaded.x["E->E"], expected.x["E->E"])


def test_configuration_that_is_written_repeats_the_run(run, tmp_path):
    experiment = mp.Experiment(
        network=mp.presets.load("feedforward"),
        simulation=mp.SimulationSettings(duration=500, dt=0.5),
    )
    experiment.to_toml(tmp_path / "mine.toml")
    status, out, _ = run("run", "mine.toml")
    assert status == 0
    folder = tmp_path / "mesopop-results"
    first = mp.Result.load(folder / "mine" / "micro.npz")
    assert f"seed {first.seed}" in out
    assert run("run", folder / "mine" / "config.toml", "--quiet") == (0, "", "")
    again = mp.Result.load(folder / "config" / "micro.npz")
    np.testing.assert_array_equal(first.rate["pre"], again.rate["pre"])


@pytest.mark.parametrize("level", ["micro", "meso"])
def test_configuration_repeats_a_run_of_one_level(run, tmp_path, level):
    assert run("run", "lif-up-down", *SHORT, "--level", level, "--quiet", "--output", "a")[0] == 0
    assert run("run", "a/config.toml", "--quiet", "--output", "b")[0] == 0
    first, again = (sorted((tmp_path / folder).glob("*.npz")) for folder in "ab")
    assert [path.name for path in first] == [path.name for path in again]
    assert len(first) == 1
    np.testing.assert_array_equal(
        mp.Result.load(first[0]).rate["E"], mp.Result.load(again[0]).rate["E"]
    )


def chosen(**changes):
    """A file that chooses more than the network, and what it says of simulation."""
    preset = mp.presets.experiment("lif-up-down")
    settings = attrs.evolve(preset.simulation, duration=2500.0, trials=1, **changes)
    attrs.evolve(preset, simulation=settings).to_toml("mine.toml")
    return settings


def test_file_chooses_method_noise_and_bins(run, tmp_path):
    settings = chosen(method="cohorts", noise="none", bin_tolerance=0, history=300)
    status, out, _ = run("run", "mine.toml", "--output", "out")
    assert status == 0
    assert "method cohorts; bin_tolerance 0; history 300 ms" in " ".join(out.split())
    assert mp.Result.load(tmp_path / "out" / "micro.npz").settings.method == "cohorts"
    engine = mp.Result.load(tmp_path / "out" / "meso-renewal-noise-none.npz").settings
    assert (engine.noise, engine.bin_tolerance) == ("none", 0)
    assert mp.Experiment.from_toml(tmp_path / "out" / "config.toml").simulation == settings


def test_gaussian_noise_has_its_own_default_closure(run, tmp_path):
    chosen(noise="gaussian")
    assert run("run", "mine.toml", "--quiet", "--output", "out") == (0, "", "")
    assert (tmp_path / "out" / "meso-second_order-noise-gaussian.npz").exists()


def test_level_of_the_command_line_overrides_that_of_the_file(run, tmp_path):
    chosen(level="meso", noise="none", closures=["first_order"])
    assert run("run", "mine.toml", "--level", "micro", "--quiet", "--output", "out")[0] == 0
    assert [path.name for path in (tmp_path / "out").glob("*.npz")] == ["micro.npz"]
    written = mp.Experiment.from_toml(tmp_path / "out" / "config.toml").simulation
    assert (written.level, written.noise, written.closures) == ("micro", None, ())
    chosen(level="micro")
    status, _, err = run("run", "mine.toml", "--closure", "renewal")
    assert status == 2
    assert "closure applies to level" in err


def test_settings_that_do_not_go_with_the_network_are_not_left_out(run):
    chosen(noise="gaussian", closures=["renewal"])
    status, _, err = run("run", "mine.toml")
    assert status == 2
    assert 'noise="gaussian" needs closure=' in err
    adapting = mp.GIF(
        tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10,
        adaptation=[mp.ThresholdKernel(amplitude=1, tau=100)],
    )  # fmt: skip
    mp.Experiment(
        network=mp.Network(populations=[mp.Population("E", size=9, neuron=adapting)]),
        simulation=mp.SimulationSettings(duration=500, dt=0.5, method="cohorts"),
    ).to_toml("mine.toml")
    status, _, err = run("run", "mine.toml")
    assert status == 2
    assert 'method="cohorts" needs neurons' in err


def test_experiment_without_events_has_rates_and_release(run):
    status, out, _ = run("run", "feedforward", *SHORT)
    assert status == 0
    assert "rate of post (Hz)" in out
    assert "release per spike, pre->post" in out
    assert "interval" not in out


def test_population_spikes_of_the_potential(run):
    status, out, _ = run("run", "lnp-population-spikes", *SHORT)
    assert status == 0
    assert "interval between events (s)" in out
    assert "Events from above 10 mV to below 0 mV (potential of E)" in out


def test_several_closures(run, tmp_path):
    closures = ["second_order", "first_order", "second_order"]
    status, out, _ = run("run", "lif-up-down", *SHORT, "--closure", *closures, "--output", ".")
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    assert {path.name for path in tmp_path.glob("*.npz")} == {
        "micro.npz",
        "meso-second_order.npz",
        "meso-first_order.npz",
    }


def test_one_level(run, tmp_path):
    status, out, _ = run("run", "lif-up-down", *SHORT, "--level", "meso", "--output", ".")
    assert status == 0
    assert "micro" not in out.split("smoothed")[1]
    assert not (tmp_path / "micro.npz").exists()


def test_network_that_cannot_be_simulated_neuron_by_neuron(run, tmp_path):
    experiment = mp.Experiment(
        network=mp.Network(
            populations=[
                mp.Population("a", size=4_000_000_000, neuron=mp.Poisson(10)),
                mp.Population("b", size=4_000_000_000, neuron=mp.LNP(10, transfer=mp.Softplus(2))),
            ],
            projections=[mp.Projection("a", "b", weight=1e-12, probability=0.5)],
        ),
        simulation=mp.SimulationSettings(duration=100, dt=1, seed=1),
    )
    try:
        mp.simulate(experiment.network, 1, dt=1, level="micro")
    except ValueError as error:
        reason = str(error)
    else:
        pytest.skip("every network can be simulated neuron by neuron")
    experiment.to_toml(tmp_path / "sparse.toml")
    status, out, _ = run("run", "sparse.toml")
    assert status == 0
    assert f"Not neuron by neuron: {reason}" in " ".join(out.split())
    assert "meso renewal" in out
    status, out, err = run("run", "sparse.toml", "--level", "micro")
    assert (status, out) == (2, "")
    assert reason in err


def test_network_that_cannot_be_simulated_mesoscopically(run):
    short = ("--duration", "1.2", "--trials", "1", "--option", "seed=2")
    status, out, _ = run("run", "tsodyks-uziel-markram", *short)
    assert status == 0
    assert 'Not mesoscopically: population "E": a drive PerNeuron needs' in " ".join(out.split())
    status, out, err = run("run", "tsodyks-uziel-markram", *short, "--level", "meso")
    assert (status, out) == (2, "")
    assert "PerNeuron" in err


def test_quiet(run):
    assert run("run", "feedforward", "--duration", 4, "--trials", 1, "--quiet") == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lif-updown"], 'unknown preset "lif-updown"; did you mean "lif-up-down"?'),
        (["nowhere.toml"], 'no file "nowhere.toml"; there is no .toml file in that folder'),
        (["lif-up-down", "--duration", "-5"], "--duration must be > 0 s, got -5.0 s"),
        (["lif-up-down", "--duration", "nan"], "--duration must be finite, got nan s"),
        (
            ["lif-up-down", "--duration", "0.5"],
            "--duration must be > 1 s, the transient that is cut",
        ),
        (["lif-up-down", "--duration", "1.005"], "duration must be longer for analysis"),
        (
            ["lif-up-down", "--duration", "2.0002"],
            "--duration 2.0002 s: it must be a multiple of dt = 0.5 ms",
        ),
        (["lif-up-down", "--trials", "0"], "--trials must be >= 1, got 0"),
        (["lif-up-down", "--seed", "-1"], "--seed must be >= 0, got -1"),
        (["lif-up-down", "--threads", "0"], "--threads must be >= 1, got 0"),
        (
            ["lif-up-down", "--closure", "renewl"],
            '--closure: unknown "renewl"; did you mean "renewal"?',
        ),
        (["lif-up-down", "--checkpoint", "-3"], "--checkpoint must be >= 0 s, got -3.0 s"),
        (["lif-up-down", "--option", "a=3"], 'preset "lif-up-down" takes no options, got "a"'),
        (["ring", "--option", "a=3"], 'preset "ring" has no option "a"; known: bursts'),
        (["nothing"], 'unknown preset "nothing"; known: lif-up-down, '),
        (["lif-up-down", "--level", "micro", "--closure", "renewal"], "closure applies to level"),
    ],
)
def test_bad_input(run, arguments, message):
    status, out, err = run("run", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("mesopop run: error: ")
    assert message in err


def test_errors_in_files_name_the_file_and_the_place(run, tmp_path):
    mp.presets.experiment("feedforward").to_toml(tmp_path / "mine.toml")
    text = (tmp_path / "mine.toml").read_text()
    (tmp_path / "mine.toml").write_text(text.replace("tau_d = 400.0", "tau_d = -5.0"))
    status, _, err = run("run", "mine.toml")
    assert status == 2
    assert "mine.toml: projections[0].stp: tau_d must be >= 0 ms, got -5.0 ms" in err
    status, _, err = run("run", "mime.toml")
    assert 'no file "mime.toml"; did you mean "mine.toml"?' in err


def test_without_a_command_the_help_is_shown(run):
    status, out, _ = run()
    assert status == 2
    assert "usage: mesopop" in out and "presets" in out


def test_wrong_words_are_refused_by_argparse(run, capsys):
    for arguments in (["rum"], ["run"], ["run", "feedforward", "--trials", "two"]):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2
        assert "usage: mesopop" in capsys.readouterr().err


@pytest.fixture
def interrupt(monkeypatch):
    """Ctrl-C at the update of the progress bar so many blocks after the start of a level."""
    from mesopop import simulation

    bars = []

    class Bar:
        def __init__(self, blocks):
            self.left = blocks

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def update(self, _):
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

    def after(*blocks):
        bars.extend(Bar(count) for count in blocks)
        monkeypatch.setattr(simulation, "progress_bar", lambda *_: bars.pop(0))

    return after


def test_interrupted_run_reports_what_was_computed(run, interrupt, tmp_path):
    interrupt(3)
    status, out, _ = run("run", "lif-up-down", "--duration", 100, "--trials", 1, "--output", ".")
    assert status == 130
    assert "INCOMPLETE: micro stopped after" in out
    assert "rate of E (Hz)" in out
    result = mp.Result.load(tmp_path / "micro.npz")
    assert not result.complete
    assert 0 < result.duration < 100_000
    assert not (tmp_path / "meso-renewal.npz").exists()


def test_interruption_of_the_second_level_keeps_the_first(run, interrupt, tmp_path):
    interrupt(-1, 1)
    status, out, _ = run("run", "lif-up-down", "--duration", 10, "--trials", 1, "--output", ".")
    assert status == 130
    assert "INCOMPLETE: meso renewal stopped after 500 ms: interrupted" in out
    table = out.split("INCOMPLETE")[1].splitlines()
    assert any(line.split() == ["micro"] for line in table)
    assert mp.Result.load(tmp_path / "micro.npz").complete
    assert not mp.Result.load(tmp_path / "meso-renewal.npz").complete
    assert (tmp_path / "figure.png").exists()


def test_failed_simulation_reports_what_was_computed(run, monkeypatch, tmp_path):
    from mesopop.simulation import Simulation

    complete_run = Simulation.run

    def failing(self, *arguments, **options):
        error = FloatingPointError("potential of population became non-finite")
        error.result = complete_run(self, 2000.0, **options)
        raise error

    monkeypatch.setattr(Simulation, "run", failing)
    status, out, err = run("run", "lif-up-down", *SHORT, "--output", ".")
    assert status == 1
    assert "rate of E (Hz)" in out
    assert "non-finite" in err


def test_presets(run):
    status, out, _ = run("presets")
    assert status == 0
    for name in mp.presets.names():
        assert f"{name} " in out
    assert max(map(len, out.splitlines())) <= 80


def test_info(run):
    status, out, _ = run("info")
    assert status == 0
    for word in ("compiler", "instruction set", mp.__version__, "numpy", np.__version__):
        assert word in out

    for word in ("operating system", "processors", "xarray (optional)", "loky (optional)"):
        assert word in out
    assert max(map(len, out.splitlines())) <= 80


def test_info_says_what_is_not_installed(run, monkeypatch):
    from mesopop import installation

    monkeypatch.setattr(installation, "OPTIONAL", ("mesopop-without-this",))
    assert "mesopop-without-this (optional)  not installed\n" in run("info")[1]


def test_a_file_that_is_not_there_is_named_alike(run, tmp_path):
    (tmp_path / "mine.toml").touch()
    for command in ("run", "sweep"):
        status, out, err = run(command, "mime.toml")
        assert (status, out) == (2, "")
        assert err == (
            f'mesopop {command}: error: no file "mime.toml"; '
            'did you mean "mine.toml"? Known: mine.toml\n'
        )


def test_module_is_the_command():
    command = [sys.executable, "-W", "error", "-m", "mesopop", "run", "lif-updown"]
    finished = subprocess.run(command, check=False, capture_output=True, text=True)
    assert finished.returncode == 2
    assert 'did you mean "lif-up-down"' in finished.stderr
    assert "Traceback" not in finished.stderr
