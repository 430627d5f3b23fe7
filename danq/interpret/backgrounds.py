"""Random windows that look like the genome and hold no grammar: the ground for planted sites."""

import numpy as np
from numpy.typing import NDArray

from danq.data.dataset import Dataset
from danq.genome.sequence import unpack_indices

COUNTED_WINDOWS = 5000
"""Training windows, evenly spaced, whose bases are counted: millions of bases are enough."""


def dinucleotides(data: Dataset) -> NDArray[np.int64]:
    """Count neighbouring bases in the training windows of a dataset, as `count_dinucleotides`.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
        At most `COUNTED_WINDOWS` of its training windows are read.

    Returns
    -------
    numpy.ndarray, shape (4, 4), int64
        By first and second base.
    """
    step = -(-data.length("train") // COUNTED_WINDOWS)
    packed = data.packed_sequences("train", slice(None, None, step))
    return count_dinucleotides(unpack_indices(packed, data.window))


def count_dinucleotides(indices: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count neighbouring bases on both strands.

    Parameters
    ----------
    indices : numpy.ndarray, shape (N, L), uint8
        Bases 0 to 3; a pair with a 4 (N) is not counted.

    Returns
    -------
    numpy.ndarray, shape (4, 4), int64
        By first and second base. A dinucleotide counts as often as its reverse complement, so that
        random windows made from these counts are as likely as their reverse complements.
    """
    first = indices[:, :-1]
    second = indices[:, 1:]
    known = (first < 4) & (second < 4)
    words = (4 * first + second)[known]
    counts = np.bincount(words, minlength=16).reshape(4, 4)
    reverse_complements = np.flip(counts).T
    return counts + reverse_complements


def draw_backgrounds(
    counts: NDArray[np.int64], n: int, length: int, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Draw random windows from a first-order Markov chain.

    Parameters
    ----------
    counts : numpy.ndarray, shape (4, 4)
        Of `count_dinucleotides`; one is added to each, so that no base is a dead end.
    n, length : int
        Number and length (bp) of the windows.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    numpy.ndarray, shape (n, length), uint8
        Bases 0 to 3.
    """
    smoothed = counts + 1
    totals = smoothed.sum(axis=1)
    transitions = smoothed / totals[:, None]
    cumulative = transitions.cumsum(axis=1)[:, :3]
    bases = np.empty((n, length), dtype=np.uint8)
    shares = totals / totals.sum()
    bases[:, 0] = rng.choice(4, p=shares, size=n)
    for position in range(1, length):
        previous = bases[:, position - 1]
        draws = rng.random(n)
        beyond = draws[:, None] >= cumulative[previous]
        bases[:, position] = beyond.sum(axis=1)
    return bases
