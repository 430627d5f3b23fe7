"""The windows that a probe shows: random ones without grammar, and the same with sites in them.

Backgrounds look like the genome and hold no grammar. Each is shown as it is, with two sites in it,
and with either alone.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.data.dataset import Dataset
from danq.errors import DanqError
from danq.genome.sequence import reverse_complement, unpack_indices
from danq.interpret.pairs import Pair
from danq.motif.meme import Motif
from danq.motif.sites import ARRANGEMENTS, pair_starts

COUNTED_WINDOWS = 5000
"""Training windows, evenly spaced, whose bases are counted: millions of bases are enough."""


class Constructs(NamedTuple):
    """Backgrounds with sites in them.

    Attributes
    ----------
    both : numpy.ndarray, shape (4, n, L), uint8
        Both sites, in the order of `danq.motif.sites.ARRANGEMENTS`.
    only_a : numpy.ndarray, shape (2, n, L), uint8
        Site a alone, in the first two arrangements: its strand is the same in the other two.
    only_b : numpy.ndarray, shape (4, n, L), uint8
        Site b alone.
    """

    both: NDArray[np.uint8]
    only_a: NDArray[np.uint8]
    only_b: NDArray[np.uint8]


# --- backgrounds ---


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
    dinucleotide_numbers = (4 * first + second)[known]
    counts = np.bincount(dinucleotide_numbers, minlength=16).reshape(4, 4)
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
        Draws the bases.

    Returns
    -------
    numpy.ndarray, shape (n, length), uint8
        Bases 0 to 3.
    """
    smoothed = counts + 1
    totals = smoothed.sum(axis=1)
    transitions = smoothed / totals[:, None]
    cumulative = transitions.cumsum(axis=1)[:, :3]
    indices = np.empty((n, length), dtype=np.uint8)
    shares = totals / totals.sum()
    indices[:, 0] = rng.choice(4, p=shares, size=n)
    for position in range(1, length):
        previous = indices[:, position - 1]
        draws = rng.random(n)
        beyond = draws[:, None] >= cumulative[previous]
        indices[:, position] = beyond.sum(axis=1)
    return indices


# --- sites ---


def fits(window: int, a: Motif, b: Motif) -> bool:
    """Say whether two motifs fit side by side into a window.

    Parameters
    ----------
    window : int
        Length of the window (bp).
    a, b : danq.motif.meme.Motif
        The motifs.

    Returns
    -------
    bool
    """
    return len(a.matrix) + len(b.matrix) <= window


def distances(window: int, a: Motif, b: Motif, step: int, largest: int) -> NDArray[np.int64]:
    """Return the distances at which two motifs are probed.

    Parameters
    ----------
    window : int
        Length of the window (bp).
    a, b : danq.motif.meme.Motif
        The motifs.
    step, largest : int
        From one distance to the next, and the largest (bp).

    Returns
    -------
    numpy.ndarray, int64
        Between near edges (bp): 0, step, ... up to `largest` or what fits the window.

    Raises
    ------
    DanqError
        The window is too short for the two.
    """
    width_a = len(a.matrix)
    width_b = len(b.matrix)
    room = window - width_a - width_b
    if room < 0:
        pair = Pair(a, b)
        what = f"{width_a} + {width_b} bp do not fit windows of {window} bp"
        raise DanqError(f"pair {pair.name}: {what}; give other pairs")
    last = min(room, largest)
    return np.arange(0, last + 1, step)


def place_sites(
    backgrounds: NDArray[np.uint8], a: NDArray[np.uint8], b: NDArray[np.uint8], distance: int
) -> Constructs:
    """Put both sites into windows, and each site alone at its position in the pair.

    Parameters
    ----------
    backgrounds : numpy.ndarray, shape (n, L), uint8
        Windows without sites.
    a, b : numpy.ndarray, shapes (n, width), uint8
        A site of each motif for each window.
    distance : int
        Between their near edges (bp).

    Returns
    -------
    Constructs
        In every arrangement.
    """
    length = backgrounds.shape[1]
    width_a = a.shape[1]
    width_b = b.shape[1]
    both = np.tile(backgrounds, (len(ARRANGEMENTS), 1, 1))
    only_a = both.copy()
    only_b = both.copy()
    for row, (order, orientation) in enumerate(ARRANGEMENTS):
        starts = pair_starts(length, width_a, width_b, distance, order)
        site_b = b if orientation == "same" else reverse_complement(b)
        at_a = slice(starts.a, starts.a + width_a)
        at_b = slice(starts.b, starts.b + width_b)
        both[row, :, at_a] = a
        both[row, :, at_b] = site_b
        only_a[row, :, at_a] = a
        only_b[row, :, at_b] = site_b
    return Constructs(both, only_a[:2], only_b)
