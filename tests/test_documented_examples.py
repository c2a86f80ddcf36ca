"""The Python of README.md, docs/sweeps.md and docs/interchange.md runs, and docs/examples do."""

import importlib.util
import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest

import mesopop as mp

README = Path(__file__).parents[1] / "README.md"
DOCS = README.parent / "docs"
EXAMPLES = DOCS / "examples"
PNG = b"\x89PNG"


@pytest.fixture(autouse=True)
def no_display():
    from matplotlib import pyplot

    matplotlib.use("Agg")
    yield
    pyplot.close("all")


def blocks(page):
    text = page.read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_readme(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert (whole := blocks(README))
    names = {}
    for block in whole:
        exec(block, names)
    assert names["net"] == mp.presets.load("lif-population-spikes")
    out = capsys.readouterr().out
    assert out.startswith("Population spikes: ") and "rate of E (Hz)" in out
    assert (tmp_path / "activity.png").read_bytes().startswith(PNG)
    loaded = mp.Result.load(tmp_path / "micro.npz")
    np.testing.assert_array_equal(loaded.rate["E"], names["micro"].rate["E"])


def test_readme_lists_every_page():
    listed = re.findall(
        r"^\| \[docs/(.*?)\]\(docs/\1\) \|", README.read_text("utf-8"), re.MULTILINE
    )
    assert len(listed) == len(set(listed))
    assert {page.name for page in DOCS.glob("*.md")} <= set(listed)


def test_files_of_the_model_exist():
    text = (DOCS / "model.md").read_text("utf-8")
    table = [line.split("|")[2:5] for line in text.splitlines() if re.match(r"\| \d+[ ,]", line)]
    for column, folder in enumerate(("python/mesopop", "cpp", "bench/reference")):
        cells = " ".join(row[column] for row in table if len(row) == 3)
        files = re.findall(r"`([\w/*]+\.(?:py|hpp|\*))`", cells)
        assert len(files) > 10
        for name in files:
            assert list((DOCS.parent / folder).glob(name)), name


def test_interchange(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks(DOCS / "interchange.md"):
        if "nest.Create" not in block:  # for NEST
            exec(block, names)
    assert names["network"] == mp.presets.load("lif-up-down")
    assert (tmp_path / "result.nc").exists()
    assert len(names["segment"].spiketrains) == 100
    assert names["net"].population("E").drive == -57.0


def test_sweeps():
    first, points, summary = blocks(DOCS / "sweeps.md")[:3]
    names = {"mp": mp, "__name__": "not the main script"}
    exec(first, names)
    exec(summary, names)
    data = mp.sweep(
        mp.presets.load("lif-up-down"),
        eval(points),
        2000,
        dt=0.5,
        seed=1,
        summary=names["correlations"],
        workers=1,
    )
    assert data.autocovariance.dims == ("point", "trial", "lag")
    np.testing.assert_array_equal(data.lag, np.arange(0, 100, 10))
    assert (data.error == "").all() and (data["mean_se"] > 0).all()


def test_every_example_is_tested():
    # test_grasshopper_example.py, test_sweep_command.py, test_experiments_page.py
    elsewhere = {"grasshopper", "sweep", "experiment"}
    here = {"analysis", "population_bursts", "theory", "working_memory"}
    assert {path.stem for path in EXAMPLES.iterdir() if path.is_file()} == here | elsewhere


def test_figures_of_the_analysis(tmp_path):
    paths = example("analysis").draw(tmp_path, duration=41_000.0, trials=2)
    # As the page shows them.
    shown = re.findall(r"\(figures/(analysis-.*?)\)", (DOCS / "analysis.md").read_text("utf-8"))
    assert sorted(path.name for path in paths) == sorted(shown)
    assert all(path.read_bytes().startswith(PNG) for path in paths)


def test_population_bursts(tmp_path):
    path = tmp_path / "figure.png"
    result, bursts = example("population_bursts").draw(path)
    assert path.read_bytes().startswith(PNG)
    assert result.duration == 8000 and len(bursts) > 0


def test_working_memory(tmp_path):
    path = tmp_path / "figure.png"
    results = example("working_memory").draw(path, scale=0.2)
    assert path.read_bytes().startswith(PNG)
    assert {result.label for pair in results.values() for result in pair} == {
        "micro",
        "meso renewal",
    }


def test_figure_of_the_theory(tmp_path):
    path = tmp_path / "figure.png"
    example("theory").main(path)
    assert path.read_bytes().startswith(PNG)
