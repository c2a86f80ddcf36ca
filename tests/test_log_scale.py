"""Labels of logarithmic axes."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import mesopop as mp
from mesopop.plot.style import log_scale

RANGES = [
    (2.1, 2.4),
    (0.21, 0.93),
    (2.1, 4.5),
    (0.3, 3),
    (1, 10),
    (8, 700),
    (0.02, 50),
    (1e-5, 2e-4),
    (1e-6, 1e6),
    (3000, 40_000),
    (1e5, 1.5e5),
]


def visible(axis):
    """The extents, in pixels, of all labels within the limits of an axis, minor ones too."""
    figure = axis.figure
    FigureCanvasAgg(figure).draw()
    low, high = sorted(axis.get_view_interval())
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    labels = [tick.label1 for tick in ticks if low <= tick.get_loc() <= high]
    return [label.get_window_extent() for label in labels if label.get_text()]


def assert_apart(extents, side):
    spans = sorted(getattr(extent, f"interval{side}").tolist() for extent in extents)
    for (_, end), (start, _) in zip(spans, spans[1:], strict=False):
        assert end < start


@pytest.mark.parametrize(("low", "high"), RANGES)
@pytest.mark.parametrize("name", ["x", "y"])
def test_labels_do_not_overlap(low, high, name):
    figure = Figure(figsize=(1.8, 1.6), layout="constrained")
    ax = figure.subplots()
    values = np.geomspace(low, high, 5)
    ax.plot(values, values)
    log_scale(ax, "x", "y")
    extents = visible(getattr(ax, f"{name}axis"))
    assert len(extents) >= 2
    assert_apart(extents, name)


@pytest.mark.parametrize(
    ("limits", "labels"),
    [
        ((0.2, 0.45), ["0.2", "0.3", "0.4"]),
        ((9e4, 1.1e5), ["9e4", "1e5", "1.1e5"]),
        ((0.9, 11), ["1", "3", "10"]),
        ((0.18, 1.2), ["0.2", "0.5", "1"]),
        ((0.5, 2000), ["1", "10", "100", "1000"]),
        ((8e-6, 2e-4), ["1e-5", "3e-5", "1e-4"]),
        ((0.5, 2e6), ["10^{0}", "10^{2}", "10^{4}", "10^{6}"]),
    ],
)
def test_labels(limits, labels):
    ax = Figure().subplots()
    log_scale(ax, "x")
    ax.set_xlim(*limits)
    FigureCanvasAgg(ax.figure).draw()
    ticks = ax.xaxis.get_major_ticks()
    shown = [tick.label1.get_text() for tick in ticks if limits[0] <= tick.get_loc() <= limits[1]]
    assert [text.strip("$") for text in shown] == labels


def test_dwell_times_within_a_decade():
    """Few states of nearly equal length, as in a short run."""
    rate = np.repeat([1.0, 40.0] * 4, [25, 200, 31, 250, 40, 220, 36, 240])
    states = mp.analysis.up_down_states(rate, dt=10.0, low=6.0, high=25.0)
    figure = Figure(figsize=(5, 1.8), layout="constrained")
    panels = figure.subplots(1, 2)
    mp.plot.dwell_times(states, ax=panels)
    for panel in panels:
        assert_apart(visible(panel.xaxis), "x")
