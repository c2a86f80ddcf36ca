"""Networks as TOML: round trips, and errors that name the place."""

import io
import re
import subprocess
import sys

import numpy as np
import pytest

import mesopop as mp
from mesopop.network_toml import network_from_dict, network_to_dict

LIF = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=0.1 + 0.2)
STP = mp.TsodyksMarkram(U0=0.2, U=0.1, tau_d=100, tau_f=50)
EVERYTHING = mp.Network(
    populations=[
        mp.Population("E", size=4, neuron=LIF, drive=1 / 3),
        mp.Population(
            'I "quoted" \u03b1',
            size=2,
            neuron=mp.LNP(10, transfer=mp.Softplus(2, gain=3)),
            drive=(1.0, mp.Steps([0, 5], [1, 2]), mp.OrnsteinUhlenbeck(std=1, tau=5)),
        ),
        mp.Population(
            "X",
            size=1,
            neuron=mp.LNP(10, transfer=mp.Exponential(v_th=1, delta_u=2, rate_at_threshold=3)),
            drive=mp.Sampled(np.linspace(0, 1, 7), interval=0.1),
        ),
        mp.Population("p", size=3, neuron=mp.Poisson(5)),
        mp.Population(
            "q",
            size=3,
            neuron=mp.Poisson((mp.Sinusoid(mean=3, amplitude=1, frequency=0.7, phase=0.1), 2.0)),
        ),
        mp.Population("s", size=2, neuron=mp.SpikeTrains([[0.0, 1.5, 7], []])),
    ],
    projections=[
        mp.Projection("E", "E", weight=1e-300, probability=0.1, tau_s=3, delay=1, stp=STP),
        mp.Projection("E", "E", weight=-0.5, name="inhibitory"),
        mp.Projection("s", "X", weight=-0.0),
    ],
)
VALID = """
[[populations]]
name = "E"
size = 100
drive = 10

[populations.neuron]
type = "LIF"
tau_m = 20
v_th = 15
v_reset = 0
t_ref = 4
delta_u = 2
rate_at_threshold = 10

[[projections]]
source = "E"
target = "E"
weight = 2.2

[projections.stp]
U0 = 0.2
U = 0
tau_d = 100
"""


def read(text):
    return mp.Network.from_toml(io.StringIO(text))


def test_round_trip_of_everything(tmp_path):
    path = tmp_path / "network.toml"
    EVERYTHING.to_toml(path)
    assert mp.Network.from_toml(path) == EVERYTHING
    assert mp.Network.from_toml(str(path)) == EVERYTHING
    with open(path, encoding="utf-8") as file:
        assert mp.Network.from_toml(file) == EVERYTHING


def test_round_trip_of_dictionaries():
    assert network_from_dict(network_to_dict(EVERYTHING)) == EVERYTHING


def test_what_is_left_out_has_its_default():
    net = read(VALID)
    assert net.projection("E->E") == mp.Projection(
        "E", "E", weight=2.2, stp=mp.TsodyksMarkram(U0=0.2, U=0, tau_d=100)
    )
    assert type(net.population("E").drive) is float


def test_numbers_are_written_exactly(tmp_path):
    path = tmp_path / "network.toml"
    EVERYTHING.to_toml(path)
    assert mp.Network.from_toml(path).population("E").neuron.rate_at_threshold == 0.1 + 0.2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tau_d = 100", "tau_d = -5.0", "projections[0].stp: tau_d must be >= 0 ms, got -5.0 ms"),
        (
            "tau_d = 100",
            "tau_D = 100",
            'projections[0].stp: unknown key "tau_D"; did you mean "tau_d"? '
            "Known: U0, U, tau_d, tau_f\n"
            'projections[0].stp: missing key "tau_d"',
        ),
        (
            "tau_d = 100",
            "tau_d = 100\ntau_rec = 3",
            'projections[0].stp: unknown key "tau_rec"; did you mean',
        ),
        ("U = 0\ntau_d = 100", "", 'projections[0].stp: missing keys "U", "tau_d"'),
        ("tau_d = 100", 'tau_d = "100"', "projections[0].stp: tau_d must be a number (ms), got '"),
        ("tau_d = 100", "tau_d = true", "projections[0].stp: tau_d must be a number (ms), got T"),
        ("tau_d = 100", "tau_d = nan", "projections[0].stp: tau_d must be finite, got nan ms"),
        ("tau_d = 100", "tau_d = inf", "projections[0].stp: tau_d must be finite, got inf ms"),
        ("size = 100", "size = 100.0", "populations[0]: size must be an integer, got 100.0"),
        ("size = 100", "sise = 100", 'populations[0]: unknown key "sise"; did you mean "size"?'),
        ("t_ref = 4", "t_ref = -4", "populations[0].neuron: t_ref must be >= 0 ms, got -4.0 ms"),
        ('"LIF"', '"Lif"', 'populations[0].neuron: unknown type "Lif"; did you mean "LIF"?'),
        ('type = "LIF"', "", 'populations[0].neuron: missing key "type": one of Poisson, Spike'),
        (
            "drive = 10",
            'drive = {type = "Sinusoid", amplitude = 1, frequency = -1}',
            "populations[0].drive: frequency must be >= 0 Hz, got -1.0 Hz",
        ),
        (
            "drive = 10",
            'drive = [1, {type = "Steps", times = [1], values = [2]}]',
            "populations[0].drive[1]: times must start at 0 ms, got 1.0 ms",
        ),
        ("drive = 10", 'drive = "10"', "populations[0]: drive must be a number (mV), a signal"),
        ('target = "E"', 'target = "e"', 'projections[0]: target "e" is not a population; did '),
        ("weight = 2.2", "", 'projections[0]: missing key "weight"'),
        (
            "[[populations]]",
            "seed = 1\n[[populations]]",
            'unknown key "seed"; known: populations, ',
        ),
        ("[[projections]]", "[projections]", "projections: must be an array (of tables: [[...]])"),
        ("[projections.stp]\nU0 = 0.2", "stp = 0.2", "projections[0].stp: must be a table, got 0"),
        ("[[populations]]", "[simulation]\n[[populations]]", 'key "simulation" belongs to an exp'),
        ('name = "E"', "name = 3", "populations[0]: name must be a string, got 3"),
        ("size = 100", "size = ", "Invalid value (at line"),
    ],
)
def test_errors_name_the_place(old, new, message):
    assert old in VALID
    text = VALID.replace(old, new, 1)
    if new == "stp = 0.2":
        text = text.replace("U = 0\ntau_d = 100", "")
    with pytest.raises(ValueError, match=f"^{re.escape(message)}") as caught:
        read(text)
    assert type(caught.value).__module__ == "builtins"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_all_problems_at_once():
    text = VALID.replace("tau_d = 100", "tau_d = -1").replace("t_ref = 4", "t_ref = -4")
    with pytest.raises(ValueError) as caught:
        read(text)
    assert str(caught.value).splitlines() == [
        "populations[0].neuron: t_ref must be >= 0 ms, got -4.0 ms",
        "projections[0].stp: tau_d must be >= 0 ms, got -1.0 ms",
    ]


def test_errors_name_the_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(VALID.replace("tau_d = 100", "tau_d = -5"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"mine\.toml: projections\[0\]\.stp: tau_d must be >= 0"):
        mp.Network.from_toml(path)
    path.write_text("x = [", encoding="utf-8")
    with pytest.raises(ValueError, match=r"mine\.toml: "):
        mp.Network.from_toml(path)
    with pytest.raises(FileNotFoundError):
        mp.Network.from_toml(tmp_path / "none.toml")


@pytest.mark.parametrize("tables", [None, 5, [], "E"])
def test_only_tables(tables):
    with pytest.raises(ValueError, match="^must be a table, got"):
        network_from_dict(tables)


def test_toml_is_only_imported_when_used():
    code = (
        "import sys, mesopop as mp; mp.presets.load('lif-up-down'); "
        "print(*{'cattrs', 'tomllib', 'tomli', 'tomli_w'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
