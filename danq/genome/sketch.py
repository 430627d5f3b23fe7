"""Samples of the words of a sequence: the same words are taken wherever they lie, on both strands.

A word of `K` bases and its reverse complement count as one, and are hashed; those with a hash below
a bound are taken. So two sequences that share a stretch take the same words out of it, whatever
else they hold and wherever it begins. That is FracMinHash (Irber et al. 2022,
https://doi.org/10.1101/2022.01.11.475838; how well it measures containment: Hera, Pierce-Ward and
Koslicki 2023, https://doi.org/10.1101/gr.277651.123).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.genome.sequence import Bytes

K = 21
"""Length of a word (bp): odd, so that none is its own reverse complement, and long enough that a
genome of 3 Gb holds any one of the 4^21 by chance with a probability below 0.002; as in Mash
(Ondov et al. 2016, https://doi.org/10.1186/s13059-016-0997-x)."""

_BLOCK = 1 << 15  # words hashed at once: the arrays stay in the cache of a core


class Sample(NamedTuple):
    """Words of a sequence.

    Attributes
    ----------
    positions : numpy.ndarray, shape (n,), int64
        Where each begins (bp, 0-based), rising.
    hashes : numpy.ndarray, shape (n,), uint64
        One number for a word and its reverse complement; different words have different numbers.
    """

    positions: NDArray[np.int64]
    hashes: NDArray[np.uint64]


def sample_words(indices: Bytes, scale: int) -> Sample:
    """Take one of `scale` words of a sequence, always the same ones.

    Parameters
    ----------
    indices : numpy.ndarray, shape (L,), uint8
        Base indices; words with a base above 3 are never taken.
    scale : int
        1 takes all words.

    Returns
    -------
    Sample
    """
    highest = np.uint64((1 << 64) // scale - 1)
    positions = []
    hashes = []
    for start in range(0, len(indices) - K + 1, _BLOCK):
        block = indices[start : start + _BLOCK + K - 1]
        hashed = _hash(_words(block))
        is_taken = hashed <= highest
        if block.max() > 3:
            is_taken &= _are_known(block)
        taken = np.flatnonzero(is_taken)
        positions.append(taken + start)
        hashes.append(hashed[taken])
    if not positions:
        return Sample(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint64))
    return Sample(np.concatenate(positions), np.concatenate(hashes))


def _words(indices: Bytes) -> NDArray[np.uint64]:
    """Return each word of a sequence or its other strand, the lower of both numbers, (L - K + 1,).

    Two bits a base. Words of 1, 2, 4, 8 and 16 bases are made by joining two of half the length.
    """
    bases = (indices & 3).astype(np.uint64)
    others = 3 - bases
    forward = [bases]
    backward = [others]
    for length in (1, 2, 4, 8):
        bits = np.uint64(2 * length)
        words = forward[-1]
        forward.append(words[:-length] << bits | words[length:])
        words = backward[-1]
        backward.append(words[:-length] | words[length:] << bits)
    # 21 = 16 + 4 + 1.
    ones = bases[K - 1 :]
    fours = forward[2][16 : 16 + len(ones)]
    sixteens = forward[4][: len(ones)]
    this_strand = sixteens << np.uint64(10) | fours << np.uint64(2) | ones
    ones = others[K - 1 :]
    fours = backward[2][16 : 16 + len(ones)]
    sixteens = backward[4][: len(ones)]
    other_strand = sixteens | fours << np.uint64(32) | ones << np.uint64(40)
    return np.minimum(this_strand, other_strand)


def _hash(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix the bits of numbers, each to another one, in place.

    The last step of MurmurHash3 (Appleby,
    https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp).
    """
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        words ^= words >> np.uint64(33)
        words *= np.uint64(factor)
    words ^= words >> np.uint64(33)
    return words


def _are_known(indices: Bytes) -> NDArray[np.bool_]:
    """Return for each word whether all of its bases are known, (L - K + 1,)."""
    n_unknown = np.cumsum(indices > 3)
    n_before = np.concatenate([[0], n_unknown[:-K]])
    return n_unknown[K - 1 :] == n_before
