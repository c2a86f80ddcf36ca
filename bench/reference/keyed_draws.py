"""Draws from counter-based streams: each number is a pure function of what it is for.

Philox4x64-10 (Salmon et al., SC'11), here numpy's own implementation, with

    key      two 64-bit words from ``numpy.random.SeedSequence(seed)``
    counter  (block, event, purpose << 56 | owner << 32 | index, trial)

A stream is the sequence of words of blocks 0, 1, 2, ... of one event.

| purpose    | owner      | index             | event                       | draws                 |
|------------|------------|-------------------|-----------------------------|-----------------------|
| threshold  | population | neuron            | spikes fired by that neuron | one exponential       |
| initial    | population | neuron; meso: 0   | 0                           | uniform; binomials    |
| count      | population | 0                 | step                        | binomials or normal   |
| release    | population | 0                 | step                        | normals for u, then x |
| drive      | population | signal component  | step                        | one normal            |
| next spike | population | 0                 | number drawn before // 4    | four exponentials     |
| connect    | projection | target            | 0                           | exponentials/uniforms |
| delay      | projection | target            | 0                           | one uniform a synapse |

Two normals of a release for each STP set of the population in turn. The renewal closure draws for all
cohorts at once (`reference.lanes`), with a lane for each:

| purpose        | owner      | event | lane               | draws                           |
|----------------|------------|-------|--------------------|---------------------------------|
| cohort_count   | population | step  | cohort             | binomial                        |
| cohort_release | STP set    | step  | cohort that fires  | normals for u, then x           |

In the renewal closure the population draws the thresholds that the neurons draw elsewhere, as if it
were neuron 0 and the spikes its own.

Populations and projections are numbered as in the network, components of a signal as in its tuple but without the
constants, STP sets by their source population, then in the order of the projections.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from scipy.special import ndtri

from .lanes import binomials, lane_uniforms, normal_pairs


class Purpose(IntEnum):
    THRESHOLD = 1
    INITIAL = 2
    COUNT = 3
    RELEASE = 4
    DRIVE = 5
    COHORT_COUNT = 6
    COHORT_RELEASE = 7
    NEXT_SPIKE = 8
    CONNECT = 9
    DELAY = 10


@dataclass(frozen=True)
class Stream:
    """The address of a stream of random words."""

    key: tuple[int, int]
    purpose: Purpose
    owner: int
    index: int
    event: int
    trial: int

    def words(self, n: int) -> np.ndarray:
        """First `n` words (uint64) of the stream."""
        owner_word = self.purpose << 56 | self.owner << 32 | self.index
        counter = self.event << 64 | owner_word << 128 | self.trial << 192
        # numpy increments the 256-bit counter before it computes a block.
        before_first_block = (counter - 1) % 2**256
        key = self.key[0] | self.key[1] << 64
        return np.random.Philox(key=key, counter=before_first_block).random_raw(n)


def uniform(words: np.ndarray) -> np.ndarray:
    """Uniform on [0, 1), 53 bits."""
    return (words >> np.uint64(11)) * 2.0**-53


def open_uniform(words: np.ndarray) -> np.ndarray:
    """Uniform on (0, 1), 52 bits: with 53, adding one half would round the largest value to 1."""
    return ((words >> np.uint64(12)) + 0.5) * 2.0**-52


def exponential(words: np.ndarray) -> np.ndarray:
    """Exponential of mean 1."""
    return -np.log(open_uniform(words))


def normal(words: np.ndarray) -> np.ndarray:
    """Standard normal, by inversion."""
    return ndtri(open_uniform(words))


class KeyedDraws:
    """The draws of one trial of one seed.

    Parameters
    ----------
    seed : int or numpy.random.SeedSequence
        Seed shared by all trials.
    trial : int
        Number of the trial.
    binomials : callable, optional
        ``binomials(stream)`` returns a function of (n, p) that draws successive binomial numbers
        from the words of a `Stream`. They depend on the sampling algorithm, which is not part of
        the reference; without it, only what needs no binomial numbers can be simulated.
    """

    def __init__(
        self,
        seed: int | np.random.SeedSequence,
        trial: int = 0,
        *,
        binomials: Callable[[Stream], Callable[[int, float], int]] | None = None,
    ):
        if not isinstance(seed, np.random.SeedSequence):
            seed = np.random.SeedSequence(seed)
        key0, key1 = seed.generate_state(2, np.uint64)
        self._key = (int(key0), int(key1))
        self._trial = trial
        self._binomials = binomials

    def _stream(self, purpose: Purpose, owner: int, index: int, event: int) -> Stream:
        return Stream(self._key, purpose, owner, index, event, self._trial)

    def _first_words(self, purpose: Purpose, owner: int, indices, events) -> np.ndarray:
        words = [
            self._stream(purpose, owner, int(index), int(event)).words(1)[0]
            for index, event in zip(indices, events, strict=True)
        ]
        return np.array(words, np.uint64)

    def _binomials_of(self, stream: Stream) -> Callable[[int, float], int]:
        if self._binomials is None:
            raise ValueError("KeyedDraws needs binomials= to draw binomial numbers")
        return self._binomials(stream)

    def thresholds(self, population: int, neurons: np.ndarray, n_fired: np.ndarray) -> np.ndarray:
        return exponential(self._first_words(Purpose.THRESHOLD, population, neurons, n_fired))

    def next_spike(self, population: int, n_drawn: int) -> float:
        event, word = divmod(n_drawn, 4)
        stream = self._stream(Purpose.NEXT_SPIKE, population, 0, event)
        return float(exponential(stream.words(word + 1))[word])

    def initial_uniforms(self, population: int, size: int) -> np.ndarray:
        return uniform(self._first_words(Purpose.INITIAL, population, range(size), [0] * size))

    def initial_counts(self, population: int, size: int, probabilities: np.ndarray) -> np.ndarray:
        # Age by age, the number among the neurons that are not younger; the oldest get the rest.
        binomial = self._binomials_of(self._stream(Purpose.INITIAL, population, 0, 0))
        counts = np.zeros(len(probabilities), np.int64)
        left, probability_left = size, probabilities.sum()
        for age, probability in enumerate(probabilities[:-1]):
            if left == 0:
                break
            counts[age] = binomial(left, probability / probability_left)
            left -= counts[age]
            probability_left -= probability
        counts[-1] += left
        return counts

    def spike_count(self, population: int, step: int, size: int, probability: float) -> int:
        binomial = self._binomials_of(self._stream(Purpose.COUNT, population, 0, step))
        return binomial(size, probability)

    def _lane_uniforms(self, purpose: Purpose, owner: int, event: int, n: int) -> np.ndarray:
        return lane_uniforms(self._stream(purpose, owner, 0, 0).words(2), event, n)

    def cohort_spike_counts(
        self, population: int, step: int, sizes: np.ndarray, probabilities: np.ndarray
    ) -> np.ndarray:
        uniforms = self._lane_uniforms(Purpose.COHORT_COUNT, population, step, len(sizes))
        return binomials(uniforms, sizes, probabilities)

    def cohort_release_normals(self, stp_set: int, step: int, n: int) -> np.ndarray:
        return normal_pairs(self._lane_uniforms(Purpose.COHORT_RELEASE, stp_set, step, n))

    def spike_count_normal(self, population: int, step: int) -> float:
        return float(normal(self._stream(Purpose.COUNT, population, 0, step).words(1))[0])

    def connection_exponentials(self, projection: int, target: int, n: int) -> np.ndarray:
        return exponential(self._stream(Purpose.CONNECT, projection, target, 0).words(n))

    def connection_uniforms(self, projection: int, target: int, n: int) -> np.ndarray:
        return uniform(self._stream(Purpose.CONNECT, projection, target, 0).words(n))

    def delay_uniforms(self, projection: int, target: int, n: int) -> np.ndarray:
        return uniform(self._stream(Purpose.DELAY, projection, target, 0).words(n))

    def release_normals(self, population: int, number: int, step: int) -> np.ndarray:
        words = self._stream(Purpose.RELEASE, population, 0, step).words(2 * number + 2)
        return normal(words[2 * number :])

    def drive_normals(self, population: int, component: int, n_steps: int) -> np.ndarray:
        indices = [component] * n_steps
        return normal(self._first_words(Purpose.DRIVE, population, indices, range(n_steps)))
