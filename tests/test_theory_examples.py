"""The examples in docstrings of the theory give what they say."""

import doctest
import importlib
import pkgutil

import pytest

import mesopop.parameter_path
import mesopop.theory

MODULES = ["mesopop.parameter_path"] + [
    f"mesopop.theory.{module.name}" for module in pkgutil.iter_modules(mesopop.theory.__path__)
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(name)
    failures, _ = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failures == 0
