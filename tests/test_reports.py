"""What results of the analysis say of themselves, in text and in notebooks."""

import pickle
from html.parser import HTMLParser

import numpy as np
import pytest

from mesopop.analysis import (
    autocorrelation,
    bimodality,
    cross_spectrum,
    event_average,
    fano_factor,
    population_spikes,
    power_spectrum,
    up_down_states,
)


@pytest.fixture(scope="module")
def rate():
    rng = np.random.default_rng(1)
    states = np.repeat(np.tile([2.0, 40.0], 60), rng.geometric(1 / 150, 120))
    return np.resize(states + rng.exponential(2.0, len(states)), (12, 1400))


def states_of(rate):
    return up_down_states(rate, dt=1.0, low=10.0, high=30.0)


RESULTS = {
    "states": states_of,
    "dwell times": lambda rate: states_of(rate).up,
    "survival": lambda rate: states_of(rate).up.survival(),
    "modes": lambda rate: bimodality(rate, dt=1.0),
    "spikes": lambda rate: population_spikes(rate, dt=1.0, low=10.0, high=30.0, x=rate),
    "average": lambda rate: event_average(
        rate, population_spikes(rate, dt=1.0, low=10.0, high=30.0)
    ),
    "spectrum": lambda rate: power_spectrum(rate, dt=1.0),
    "coherence": lambda rate: cross_spectrum(rate, rate**2, dt=1.0),
    "autocorrelation": lambda rate: autocorrelation(rate, dt=1.0),
    "Fano factor": lambda rate: fano_factor(rate, dt=1.0, size=100),
}


class Cells(HTMLParser):
    """Texts of a document whose tags are all closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.texts = [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("name", RESULTS)
def test_text_and_notebook_say_the_same(name, rate):
    result = RESULTS[name](rate)
    text = repr(result)
    assert max(map(len, text.splitlines())) <= 80
    assert "nan" not in text
    cells = Cells(result._repr_html_()).texts
    words = " ".join(text.split())
    assert all(" ".join(cell.split()) in words for cell in cells)
    assert len(cells) >= 4
    assert repr(pickle.loads(pickle.dumps(result))) == text
