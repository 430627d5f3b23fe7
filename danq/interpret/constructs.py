"""Windows with two sites in them, with either alone, and with none."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.errors import DanqError
from danq.genome.sequence import reverse_complement
from danq.interpret.pairs import Pair
from danq.motif.meme import Motif
from danq.motif.sites import ARRANGEMENTS, pair_starts


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
    """Put both sites into windows, and each alone where it stands in the pair.

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
