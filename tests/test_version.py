"""The version stands in one place, and what quotes it agrees."""

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

import mesopop

CITATION = Path(__file__).parents[1] / "CITATION.cff"


def test_version_of_the_installed_package():
    try:
        installed = version("mesopop")
    except PackageNotFoundError:
        pytest.skip("mesopop is not installed")
    assert installed == mesopop.__version__


@pytest.mark.skipif(not CITATION.exists(), reason="the citation is not here")
def test_version_of_the_citation():
    (cited,) = re.findall(r"^version: (.+)$", CITATION.read_text(encoding="utf-8"), re.MULTILINE)
    assert cited == mesopop.__version__
