"""Networks: what fits together, look-ups, and how they print."""

import html.parser
import pickle
import re
import time

import attrs
import pytest

import mesopop as mp

LIF = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
LNP = mp.LNP(10, transfer=mp.Softplus(2))
STP = mp.TsodyksMarkram(U0=0.5, U=0.0, tau_d=400)
E = mp.Population("E", size=800, neuron=LIF, drive=9)
I = mp.Population("I", size=200, neuron=LIF, drive=9)  # noqa: E741
INPUT = mp.Population("in", size=100, neuron=mp.Poisson(10))
EE = mp.Projection("E", "E", weight=0.2, tau_s=3, delay=1, stp=STP)
EI = mp.Projection("E", "I", weight=0.2)


def network(populations=(E, I, INPUT), projections=(EE, EI)):
    return mp.Network(populations=populations, projections=projections)


def ring(size):
    return mp.Network(
        populations=[mp.Population(f"P{i}", size=50, neuron=LNP) for i in range(size)],
        projections=[
            mp.Projection(f"P{i}", f"P{j}", weight=1 / (1 + abs(i - j)), stp=STP)
            for i in range(size)
            for j in range(size)
        ],
    )


@pytest.mark.parametrize(
    ("populations", "projections", "message"),
    [
        ([], [], "populations must hold at least one Population"),
        ([E, I, E], [], 'populations must have different names, got "E" twice'),
        (
            [E, I],
            [EE, EI, EE],
            'projections must have different labels, got "E->E" twice: give one of them a name=',
        ),
        (
            [E, I],
            [EE, mp.Projection("E", "i", weight=1)],
            'projections[1]: target "i" is not a population; did you mean "I"? Known: E, I',
        ),
        (
            [E],
            [mp.Projection("Exc", "E", weight=1)],
            'projections[0]: source "Exc" is not a population; known: E',
        ),
        (
            [E, INPUT],
            [mp.Projection("E", "in", weight=1)],
            'projections[0]: target "in" consists of Poisson neurons, which nothing can influence',
        ),
        (
            [E, mp.Population("in", size=1, neuron=mp.SpikeTrains([[1]]))],
            [mp.Projection("E", "in", weight=1)],
            'projections[0]: target "in" consists of SpikeTrains neurons, which nothing can '
            "influence",
        ),
    ],
)
def test_what_does_not_fit_together(populations, projections, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        network(populations, projections)


@pytest.mark.parametrize(
    ("populations", "projections", "message"),
    [
        (E, (), "populations must be a sequence of Population objects, got Population("),
        ({"E": E}, (), "populations must be a sequence of Population objects, got {'E'"),
        ("E", (), "populations must be a sequence of Population objects, got 'E'"),
        (["E"], (), "populations[0] must be a Population, got 'E'"),
        ([E], EE, "projections must be a sequence of Projection objects, got Projection("),
        ([E], [EE, ("E", "I")], "projections[1] must be a Projection, got ('E', 'I')"),
    ],
)
def test_sequences_of_the_right_kind(populations, projections, message):
    with pytest.raises(TypeError, match=f"^{re.escape(message)}"):
        network(populations, projections)


def test_any_sequence_becomes_a_tuple():
    assert network([E, I], iter([EE])).populations == (E, I)
    assert network((E, I), [EE]) == network(iter([E, I]), (EE,))
    assert mp.Network(populations=[E]).projections == ()


def test_a_name_tells_parallel_projections_apart():
    slow = attrs.evolve(EE, tau_s=100, name="slow")
    net = network([E], [EE, slow])
    assert net.projection("slow") is slow
    assert net.projection("E->E") is EE


def test_look_ups():
    net = network()
    assert net.population("I") is I
    assert net.projection("E->I") is EI
    with pytest.raises(ValueError, match='unknown population "e"; did you mean "E"'):
        net.population("e")
    with pytest.raises(ValueError, match='unknown population "0"; known: E, I, in'):
        net.population(0)
    with pytest.raises(ValueError, match='unknown projection "E->J"; did you mean "E->I"'):
        net.projection("E->J")
    with pytest.raises(ValueError, match='unknown projection "E->E"; there are none'):
        network([E], []).projection("E->E")


def test_a_value():
    net = network()
    net.population("E")
    again = pickle.loads(pickle.dumps(net))
    assert again == net
    assert hash(again) == hash(net)
    assert again.population("E") == E
    assert net != network(projections=[EE])
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        net.populations = ()


def test_evolve_looks_up_in_the_new_network():
    net = network()
    net.population("E")
    bigger = attrs.evolve(net, populations=(attrs.evolve(E, size=1600), I))
    assert bigger.population("E").size == 1600
    with pytest.raises(ValueError, match='source "E" is not a population'):
        attrs.evolve(net, populations=(I,))


def test_text_of_a_small_network():
    assert repr(network([E, INPUT], [EE])) == (
        "Network: 2 populations, 900 neurons, 1 projection (mV, ms, Hz)\n"
        "  population  size  drive  neuron\n"
        "  E            800      9  LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2,\n"
        "                           rate_at_threshold=10)\n"
        "  in           100      0  Poisson(rate=10)\n"
        "  projection  weight  p  tau_s  delay  short-term plasticity\n"
        "  E->E           0.2  1      3      1  U0=0.5 U=0 tau_d=400 tau_f=0"
    )


def test_text_tells_names_signals_and_missing_plasticity():
    noisy = attrs.evolve(E, drive=(9, mp.OrnsteinUhlenbeck(std=1, tau=5)))
    text = str(network([noisy], [attrs.evolve(EE, name="fast", stp=None)]))
    assert "9 + OrnsteinUhlenbeck" in text
    assert re.search(r"fast: E->E +0.2 .* -$", text)


def test_text_never_exceeds_80_columns():
    long = attrs.evolve(E, name="a population with an exceedingly long name " * 3, drive=1 / 3)
    loop = mp.Projection(long.name, long.name, weight=-1 / 3e5, probability=1 / 7, tau_s=1 / 3)
    text = repr(network([long], [attrs.evolve(loop, delay=2 / 3, stp=STP)]))
    assert max(map(len, text.splitlines())) <= 80


def test_large_networks_are_built_quickly_and_printed_briefly():
    start = time.process_time()
    net = ring(100)
    assert time.process_time() - start < 0.5
    lines = repr(net).splitlines()
    assert len(lines) <= 20
    assert max(map(len, lines)) <= 80
    assert "100 populations, 5000 neurons, 10000 projections" in lines[0]
    assert "  ... 93 more" in lines
    assert "  ... 9993 more" in lines
    assert lines[-1].startswith("  P99->P99")


def test_html_holds_the_same_and_escapes():
    class Cells(html.parser.HTMLParser):
        def __init__(self):
            super().__init__()
            self.open, self.cells = [], []

        def handle_starttag(self, tag, attributes):
            self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

        def handle_data(self, data):
            self.cells.append(data)

    odd = attrs.evolve(E, name="<b>")
    parser = Cells()
    parser.feed(network([odd], [mp.Projection("<b>", "<b>", weight=0.25)])._repr_html_())
    assert parser.open == []
    assert {"<b>", "800", "<b>-><b>", "0.25"} <= set(parser.cells)
    assert len(ring(20)._repr_html_()) < 6000
