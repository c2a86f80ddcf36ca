"""Random numbers of the NumPy references: addresses, known answers, distributions."""

import numpy as np
import pytest
from reference_runs import lif

from reference import KeyedDraws, Stream, simulate_microscopic
from reference.keyed_draws import exponential, normal, uniform


def philox4x64(counter, key):
    """Philox4x64-10 as published (Salmon et al. 2011), in Python integers."""
    mask = 2**64 - 1
    c, k = list(counter), list(key)
    for _ in range(10):
        high0, low0 = divmod(0xD2E7470EE14C6C93 * c[0], 2**64)
        high1, low1 = divmod(0xCA5A826395121157 * c[2], 2**64)
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0]
        k = [(k[0] + 0x9E3779B97F4A7C15) & mask, (k[1] + 0xBB67AE8584CAA73B) & mask]
    return c


ONES = 2**64 - 1


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        (
            (0, 0, 0, 0),
            (0, 0),
            (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B),
        ),
        (
            (ONES, ONES, ONES, ONES),
            (ONES, ONES),
            (0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0),
        ),
        (
            (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89),
            (0x452821E638D01377, 0xBE5466CF34E90C6C),
            (0xA528F45403E61D95, 0x38C72DBD566E9788, 0xA5A1610E72FD18B5, 0x57BD43B5E52B7FE6),
        ),
    ],
)
def test_philox_has_the_published_known_answers(counter, key, answer):
    assert philox4x64(counter, key) == list(answer)


@pytest.mark.parametrize("event", [0, 1, 2**40])
def test_stream_is_philox_with_the_address_as_counter(event):
    stream = Stream(key=(3, ONES), purpose=5, owner=7, index=11, event=event, trial=13)
    words = [
        word
        for block in range(3)
        for word in philox4x64((block, event, 5 << 56 | 7 << 32 | 11, 13), (3, ONES))
    ]
    assert stream.words(10).tolist() == words[:10]


def test_streams_of_zero_address_and_key_start_with_the_known_answer():
    words = Stream(key=(0, 0), purpose=0, owner=0, index=0, event=0, trial=0).words(1)
    assert words[0] == 0x16554D9ECA36314C


def test_extreme_words_give_finite_numbers():
    words = np.array([0, ONES], np.uint64)
    assert uniform(words).tolist() == [0.0, 1 - 2.0**-53]
    assert np.all(exponential(words) > 0) and np.all(np.isfinite(exponential(words)))
    assert normal(words)[0] == -normal(words)[1] and np.isfinite(normal(words)[0])


def test_keyed_draws_do_not_depend_on_the_duration_but_on_the_trial():
    net = lif(12.0, weight=40.0)
    short = simulate_microscopic(net, 50, dt=0.5, draws=KeyedDraws(1, trial=3))
    long = simulate_microscopic(net, 80, dt=0.5, draws=KeyedDraws(1, trial=3))
    other = simulate_microscopic(net, 80, dt=0.5, draws=KeyedDraws(1, trial=4))
    n = len(short["spikes"]["E"])
    assert n > 0
    assert np.array_equal(long["spikes"]["E"][:n], short["spikes"]["E"])
    assert not np.array_equal(long["rate"]["E"], other["rate"]["E"])


def test_initial_counts_are_conditional_binomials_that_add_up():
    def certain_if_likely(stream):
        return lambda n, p: n if p > 0.7 else 0

    draws = KeyedDraws(1, binomials=certain_if_likely)
    # Of those not of the first two ages, the share of the third is .3/.4.
    assert draws.initial_counts(0, 9, np.array([0.4, 0.2, 0.3, 0.1])).tolist() == [0, 0, 9, 0]
    assert draws.initial_counts(0, 9, np.array([0.4, 0.2, 0.1, 0.3])).tolist() == [0, 0, 0, 9]
