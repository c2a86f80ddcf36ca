"""Draws that are made for many cohorts at once: two uniform numbers per lane and event.

Philox4x32-10 (Salmon et al., SC'11) with 96 bits of key, taken from the Philox4x64 stream of the same
purpose and owner:

    key      low and high half of its first word
    counter  (lane, low and high half of the event, low half of its second word)
"""

from __future__ import annotations

import numpy as np
from scipy import stats

LOW = np.uint64(2**32 - 1)
HALF = np.uint64(32)
# Binomial numbers of at least this variance are corrected normal numbers.
NORMAL_VARIANCE = 16.0


def philox4x32(counter: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Blocks of four words of 32 bits; `counter` has shape (4, ...) and type uint64."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        product0, product1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (
            (product1 >> HALF) ^ c1 ^ np.uint64(k0),
            product1 & LOW,
            (product0 >> HALF) ^ c3 ^ np.uint64(k1),
            product0 & LOW,
        )
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return np.stack([c0, c1, c2, c3])


def lane_uniforms(words: np.ndarray, event: int, n: int) -> np.ndarray:
    """Two numbers on (0, 1) for each of n lanes, shape (n, 2); `words` begin the stream."""
    key, salt = int(words[0]), int(words[1])
    address = [0, event % 2**32, event >> 32, salt % 2**32]
    counter = np.repeat(np.array(address, np.uint64)[:, None], n, axis=1)
    counter[0] = np.arange(n)
    word = philox4x32(counter, (key % 2**32, key >> 32))
    pairs = np.stack([word[0] << HALF | word[1], word[2] << HALF | word[3]], axis=1)
    return ((pairs >> np.uint64(12)) + 0.5) * 2.0**-52


def normal_pairs(uniforms: np.ndarray) -> np.ndarray:
    """Two independent standard normals from each pair (Box and Muller)."""
    radius, angle = np.sqrt(-2 * np.log(uniforms[:, 0])), 2 * np.pi * uniforms[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def binomials(uniforms: np.ndarray, n: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Binomial(n, p) in each lane.

    By inversion of the first number, counting the rarer outcome; where the variance is large, by the
    normal number of the pair and the expansion of the quantile.
    """
    q = 1 - p
    rare = stats.binom.ppf(uniforms[:, 0], n, np.minimum(p, q))
    counts = np.where(p > 0.5, n - rare, rare)
    large = n * p * q >= NORMAL_VARIANCE
    z = normal_pairs(uniforms[large])[:, 0]
    counts[large] = normal_binomial(n[large], p[large], z)
    return counts


def normal_binomial(n: np.ndarray, p: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Cornish-Fisher expansion of the binomial quantile at the normal z, rounded.

    Rounding adds 1/12 to the variance (Sheppard), which is taken away from that of the normal.
    """
    variance, skew = n * p * (1 - p), 1 - 2 * p
    second = skew * (z**2 - 1) / 6
    third = (z**3 - 3 * z) * (1 - 6 * p * (1 - p)) / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    sd = np.sqrt(variance)
    return np.clip(np.rint(n * p + sd * z + second + (third - z / 24) / sd), 0, n)
