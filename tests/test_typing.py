"""Type hints: the stub of the compiled core describes it, and the package satisfies a strict checker."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import mesopop
from mesopop import _core

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mypy") is None, reason="mypy is not installed"
)
PACKAGE = Path(mesopop.__file__).parent
ROOT = Path(__file__).parents[1]


def run(module, *arguments):
    command = [sys.executable, "-m", module, *arguments]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_stub_of_the_compiled_core(tmp_path):
    # Classes made by pybind11 have a metaclass that no stub can name.
    allowed = tmp_path / "allowed"
    allowed.write_text("mesopop._core.Ensemble\nmesopop._core.Stream\n")
    run("mypy.stubtest", "mesopop._core", "--allowlist", str(allowed))


def parameters(function):
    """Names of the parameters, with a "*" before those that are keyword-only."""
    names = [argument.arg for argument in function.args.args]
    keywords = [argument.arg for argument in function.args.kwonlyargs]
    return names + (["*", *keywords] if keywords else [])


def stubbed_functions():
    tree = ast.parse((PACKAGE / "_core.pyi").read_text())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for member in node.body:
                assert isinstance(member, ast.FunctionDef)
                yield f"{node.name}.{member.name}", member


STUBBED = dict(stubbed_functions())


@pytest.mark.parametrize("name", STUBBED)
def test_parameters_of_the_compiled_core(name):
    """The checker does not see the parameters of compiled functions; their docstrings tell them."""
    function = _core
    for part in name.split("."):
        function = getattr(function, part)
    signature = function.__doc__.splitlines()[0]
    compiled = ast.parse(f"def {signature}: ...").body[0]
    assert parameters(compiled) == parameters(STUBBED[name])


def test_the_stub_is_complete():
    functions = {
        f"{owner.__name__}.{name}" if owner is not _core else name
        for owner in (_core, _core.Ensemble, _core.Stream)
        for name, value in vars(owner).items()
        if callable(value) and not isinstance(value, type) and not name.startswith("_")
    }
    assert functions == {name for name in STUBBED if not name.endswith("__init__")}


def test_the_package_is_typed(request):
    assert (PACKAGE / "py.typed").exists()
    # Kept between runs of the tests: the libraries take longest.
    cache = request.config.cache.mkdir("mypy")
    run("mypy", "--strict", "--package", "mesopop", "--cache-dir", str(cache))
