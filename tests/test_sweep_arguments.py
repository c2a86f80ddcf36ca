"""Sweeps refuse what does not fit before anything runs."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import sweep_summaries as summaries
from sweep_runs import GRID, NETWORK, sweep

import mesopop as mp


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"populations.E.drvie": [1]}, 'did you mean "drive"'),
        ({"simulation.closur": [1]}, 'did you mean "closure"'),
        ({"population.E.drive": [1]}, 'did you mean "populations".*simulation'),
        ({"populations.E.drive": []}, "at least one value"),
        ({"populations.E.drive": [1, 2, 1.0]}, "must differ, got 1.0 twice"),
        ([], "at least one point"),
        ([{"populations.E.drive": 1}, {"populations.E.drive": 1.0}], "must differ"),
    ],
)
def test_bad_parameters(parameters, error):
    with pytest.raises(ValueError, match=error):
        sweep(parameters)


@pytest.mark.parametrize(
    "parameters", [3, "populations.E.drive", {"populations.E.drive": 3}, [3], {3: [1.0]}]
)
def test_parameters_of_the_wrong_kind(parameters):
    with pytest.raises(TypeError, match="must"):
        sweep(parameters)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"trials": 0}, "trials must be >= 1"),
        ({"workers": 0}, "workers must be >= 1"),
        ({"retries": 0}, "retries must be >= 1"),
        ({"in_flight": 0}, "in_flight must be >= 1"),
        ({"closure": "renewl"}, "unknown closure"),
        ({"dt": 0.3}, "dt"),
        ({"duration": 400.1}, "duration must be a multiple"),
        ({"transient": 400.0}, "transient must be < 400 ms"),
        ({"record": ["rate"]}, "summary of your own"),
        ({"summary": summaries.rate, "record": ["spikes"]}, 'needs level="micro"'),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_bad_arguments(arguments, error, tmp_path):
    with pytest.raises(ValueError, match=error):
        sweep(**arguments, path=tmp_path / "sweep")
    assert not (tmp_path / "sweep").exists()


def test_an_executor_of_the_wrong_kind():
    with pytest.raises(TypeError, match="executor must be a concurrent.futures.Executor"):
        sweep(executor=2)
    with pytest.raises(ValueError, match="workers applies without an executor"):
        mp.sweep(NETWORK, GRID, 400.0, dt=0.5, executor=ThreadPoolExecutor, workers=2)


def test_without_xarray(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match=r'pip install "mesopop\[xarray\]"'):
        sweep()
