"""Every example in the documentation runs and shows what is printed."""

import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import mesopop

# Importing these runs nothing and tests nothing: the command line, and the compiled core.
WITHOUT_EXAMPLES = {"mesopop.__main__", "mesopop._core"}
MODULES = [
    module.name
    for module in pkgutil.walk_packages(mesopop.__path__, "mesopop.", onerror=pytest.fail)
]
CLASSES_WITHOUT_EXAMPLES = {"EventSettings", "Experiment", "SimulationSettings"}
PUBLIC = ("analysis", "figures", "plot", "presets", "reducers", "theory")
DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md")) if DOCS.exists() else []


@pytest.fixture(autouse=True)
def no_display():
    import matplotlib
    from matplotlib import pyplot

    matplotlib.use("Agg")
    yield
    pyplot.close("all")


def test_modules_are_found():
    assert {"mesopop.network", "mesopop.analysis.spectra", "mesopop.plot.raster"} <= set(MODULES)


@pytest.mark.parametrize("name", ["mesopop", *sorted({*MODULES} - WITHOUT_EXAMPLES)])
def test_examples_of_modules(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0


@pytest.mark.parametrize("page", PAGES)
def test_examples_of_pages(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, _ = doctest.testfile(str(DOCS / page), module_relative=False, encoding="utf-8")
    assert failed == 0


def public_functions():
    for module in (mesopop, *(getattr(mesopop, name) for name in PUBLIC)):
        for name in getattr(module, "__all__", []):
            value = getattr(module, name)
            if inspect.isfunction(value) or inspect.isbuiltin(value):
                yield pytest.param(value, id=f"{module.__name__}.{name}")


@pytest.mark.skipif(not PAGES, reason="the documentation is not here")
@pytest.mark.parametrize("function", list(public_functions()))
def test_every_public_function_is_in_a_page(function):
    pages = [DOCS.parent / "README.md", *(DOCS / page for page in PAGES)]
    name = re.compile(rf"\b{function.__name__}\b")
    assert any(name.search(page.read_text(encoding="utf-8")) for page in pages)


def public_classes():
    for name in sorted(set(mesopop.__all__) - CLASSES_WITHOUT_EXAMPLES):
        value = getattr(mesopop, name)
        if inspect.isclass(value):
            yield pytest.param(value, id=name)


@pytest.mark.parametrize("cls", list(public_classes()))
def test_every_public_class_has_an_example(cls):
    assert doctest.DocTestFinder(recurse=False).find(cls)[0].examples


@pytest.mark.parametrize("function", list(public_functions()))
def test_every_public_function_has_an_example(function):
    assert doctest.DocTestFinder(recurse=False).find(function)[0].examples
