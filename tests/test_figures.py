"""The command `mesopop figures`, and that every figure can be made."""

import csv
import math
import re
import signal
from pathlib import Path

import numpy as np
import pytest

import mesopop as mp
from mesopop.analysis import Estimate, EventRate
from mesopop.cli import main
from mesopop.figures import Effort, Exhibit, Numbers, command, make, names
from mesopop.figures.dwell_times import growth, mean_time
from mesopop.figures.finite_size import variance_of_bins
from mesopop.figures.levels import deviation, prepared, simulated

DOCS = Path(__file__).parents[1] / "docs"
QUICK = Effort(amount=0.005)


def small(title="a figure"):
    """A figure that takes no time."""
    numbers = Numbers(
        title="Numbers",
        header=("N", "rate\n(Hz)", "level"),
        rows=[(100, Estimate(1.25, 0.02, 8), "micro"), (200, Estimate(1.5, 0.03, 8), "renewal")],
    )

    def draw(figure):
        figure.subplots().plot([100, 200], [1.25, 1.5])

    return Exhibit(title=title, caption="A line.", tables=(numbers,), draw=draw, reading="Up.")


def is_number(cell):
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        status = main(["figures", *map(str, arguments)])
        return status, *capsys.readouterr()

    return call


@pytest.mark.parametrize("name", names())
def test_every_figure_can_be_made(name, tmp_path):
    exhibit = make(name, QUICK)
    written = command.write(exhibit, tmp_path, name)
    assert set(tmp_path.iterdir()) == set(written)
    picture, text, *tables = written
    assert picture.read_bytes().startswith(b"\x89PNG")
    shown = text.read_text(encoding="utf-8")
    assert max(map(len, shown.splitlines())) <= 80
    assert f"seed {QUICK.seed}" in " ".join(exhibit.caption.split())
    assert len(tables) == len(exhibit.tables) > 0
    for path, table in zip(tables, exhibit.tables, strict=True):
        with path.open(encoding="utf-8", newline="") as lines:
            header, *rows = csv.reader(lines)
        assert len(rows) == len(table.rows) > 0
        assert all(len(row) == len(header) for row in rows)
        for row in rows:
            named = dict(zip(header, row, strict=True))
            errors = [cell for name, cell in named.items() if name.endswith(", standard error")]
            assert all(float(cell) >= 0 or cell == "nan" for cell in errors if cell)
            assert any(is_number(cell) for cell in row[1:])
        assert table.title.split()[0] in shown


def test_numbers_for_people_and_for_programs():
    exhibit = small()
    assert exhibit.text().splitlines() == [
        "a figure",
        "",
        "A line.",
        "",
        "Numbers",
        "",
        "              rate",
        "N             (Hz)    level",
        "---  -------------  -------",
        "100  1.250 ± 0.020    micro",
        "200  1.500 ± 0.030  renewal",
        "",
        "Up.",
    ]
    assert exhibit.tables[0].csv().splitlines() == [
        'N,rate (Hz),"rate (Hz), standard error",level',
        "100,1.25,0.02,micro",
        "200,1.5,0.03,renewal",
    ]
    with pytest.raises(ValueError, match="2 cells, got 1"):
        Numbers(title="", header=("a", "b"), rows=[("alone",)])


def test_chosen_figures():
    assert command.chosen([]) == command.chosen(["all"]) == names()
    assert command.chosen(["up-down", "feedforward", "up-down"]) == ("up-down", "feedforward")
    assert names()[0] == "feedforward"


def test_command(run, tmp_path, monkeypatch):
    made = []

    def making(name, effort):
        made.append((name, effort))
        return small(name)

    monkeypatch.setattr(command, "make", making)
    status, out, err = run("up-down", "--seed", 7, "--threads", 2, "--long")
    assert (status, err) == (0, "")
    assert made == [("up-down", Effort(long=True, seed=7, n_threads=2))]
    folder = tmp_path / "mesopop-results" / "figures"
    assert {path.name for path in folder.iterdir()} == {
        "up-down.png",
        "up-down.txt",
        "up-down.csv",
    }
    assert (folder / "up-down.txt").read_text(encoding="utf-8").strip() in out
    assert max(map(len, out.splitlines())) <= 80
    assert run("all", "--output", "here", "--quiet") == (0, "", "")
    assert [name for name, _ in made[1:]] == list(names())
    assert {path.stem for path in (tmp_path / "here").glob("*.png")} == set(names())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["up-dwn"], 'unknown figure "up-dwn"; did you mean "up-down"?'),
        (["up-down", "al"], 'unknown figure "al"; did you mean "all"?'),
        (["nothing"], f'unknown figure "nothing"; known: {", ".join(names())}, all'),
        (["up-down", "--seed", "-1"], "--seed must be >= 0, got -1"),
        (["up-down", "--threads", "0"], "--threads must be >= 1, got 0"),
    ],
)
def test_bad_input(run, tmp_path, arguments, message):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert f"mesopop figures: error: {message}" in err
    assert not list(tmp_path.iterdir())


def test_folder_that_cannot_be_written(run, tmp_path, monkeypatch):
    def never(name, effort):
        raise AssertionError("simulated before the folder was tried")

    monkeypatch.setattr(command, "make", never)
    (tmp_path / "file").write_text("in the way")
    status, _, err = run("up-down", "--output", "file")
    assert status == 1
    assert "file" in err

    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied", "folder")

    monkeypatch.setattr(command.tempfile, "TemporaryFile", refuse)
    status, _, err = run("up-down", "--output", "folder")
    assert status == 1
    assert "Permission denied" in err


def test_ctrl_c_keeps_finished_figures(run, tmp_path, monkeypatch):
    def making(name, effort):
        if name == "correlation":
            raise KeyboardInterrupt
        return small(name)

    monkeypatch.setattr(command, "make", making)
    status, out, err = run("all", "--output", "here")
    assert status == 130
    assert "interrupted" in err
    assert "2 of" in out
    kept = {path.name for path in (tmp_path / "here").glob("*.png")}
    assert kept == {"feedforward.png", "finite-size.png"}


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_no_figure_of_half_a_simulation():
    network = mp.presets.load("lif-up-down")
    simulation = prepared(network, "renewal", effort=Effort(), dt=0.5, trials=1)

    def interrupt(signum, frame):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            simulated(simulation, 1e7, record_dt=10.0)  # would take minutes
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def test_the_seed_gives_the_numbers():
    def numbers(**changes):
        return [
            table.csv() for table in make("finite-size", Effort(amount=0.005, **changes)).tables
        ]

    assert numbers(n_threads=1) == numbers(n_threads=2)
    assert numbers(seed=2) != numbers()


def test_simulations_are_independent():
    network = mp.presets.load("feedforward")
    common = {"effort": Effort(), "dt": 0.5, "trials": 1}
    rates = [
        simulated(prepared(network, label, key=key, **common), 500.0).rate["pre"].tobytes()
        for label, key in (("micro", ()), ("second_order", ()), ("micro", (1,)), ("micro", (2,)))
    ]
    assert len(set(rates)) == 4


@pytest.mark.parametrize("bad", [{"seed": -1}, {"n_threads": 0}, {"amount": 0.0}])
def test_effort_refuses(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        Effort(**bad)


def test_effort_scales_trials_alone():
    assert Effort(amount=0.01).choose(100, 1000, least=2) == 2
    assert Effort(amount=0.5, long=True).choose(100, 1000) == 500
    assert Effort(amount=0.5).choose((1, 2), (3, 4)) == (1, 2)


def test_deviation():
    found = deviation(Estimate(1.1, 0.01, 5), 1.0)
    assert (found.value, found.se) == pytest.approx((10.0, 1.0))
    found = deviation(Estimate(2.0, 0.2, 5), Estimate(1.0, 0.1, 9))
    # Of a ratio: both relative errors are a tenth.
    assert (found.value, found.se) == pytest.approx((100.0, 200 * math.hypot(0.1, 0.1)))


def test_growth_of_dwell_times():
    sizes = [100, 200, 300, 400]
    # T = exp(-1 + N / 100) s, in 400 events each: their log has a standard error of 1/20.
    rates = [EventRate(events=400, exposure=4e5 * math.exp(size / 100 - 1)) for size in sizes]
    assert mean_time(rates[0]).value == pytest.approx(1.0)
    assert mean_time(rates[0]).se == pytest.approx(0.05)
    fit = growth(sizes, rates)
    assert (fit.slope.value, fit.offset) == pytest.approx((0.01, -1.0))
    assert fit.slope.se == pytest.approx(0.05 / math.sqrt(50_000))
    assert fit.p == pytest.approx(1.0)
    bent = [*rates[:3], EventRate(events=400, exposure=0.6 * rates[3].exposure)]
    assert growth(sizes, bent).p < 1e-6
    # A state that was never left says nothing of the slope.
    silent = [*rates[:3], EventRate(events=0, exposure=1e5)]
    assert growth(sizes, silent).slope.value == pytest.approx(0.01)
    assert math.isnan(growth(sizes[:2], [rates[0], silent[3]]).slope.value)


def test_variance_of_bins_from_the_spectrum():
    def white(frequency):
        return np.full_like(frequency, 2 * 10.0)

    assert variance_of_bins(white, 50.0) == pytest.approx(10.0 / 0.05, rel=1e-4)

    def relaxing(frequency):  # variance 1, correlation time 0.5 s
        return 2.0 / (1 + (2 * np.pi * frequency * 0.5) ** 2)

    ratio = 0.5 / 0.05
    expected = 2 * ratio * (1 - ratio * -math.expm1(-1 / ratio))
    assert variance_of_bins(relaxing, 50.0) == pytest.approx(expected, rel=1e-3)


def sections():
    """Of the page: the text of each figure's section."""
    page = (DOCS / "evidence.md").read_text(encoding="utf-8")
    found = re.findall(
        r"^`mesopop figures ([a-z-]+)`(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE
    )
    return dict(found)


def test_evidence_page_has_every_figure():
    assert list(sections()) == list(names())


@pytest.mark.parametrize("name", names())
def test_numbers_of_the_evidence_page_are_those_of_the_tables(name):
    section = sections()[name]
    written = (DOCS / "figures" / "evidence" / f"{name}.txt").read_text(encoding="utf-8")
    assert f"seed {QUICK.seed}" in " ".join(written.split())
    assert f"(figures/evidence/{name}.png)" in section
    assert f"(figures/evidence/{name}.txt)" in section
    numbers = re.findall(r"-?[\d.]+ ± [\d.]*\d", section.replace("−", "-").replace("\n", " "))
    assert numbers
    assert [number for number in numbers if number not in written] == []


def test_pictures_of_the_evidence_page_are_small():
    for name in names():
        assert (DOCS / "figures" / "evidence" / f"{name}.png").stat().st_size < 400_000
