"""Sites of motifs: drawn from a matrix, and two of them side by side in the middle of a window.

Of the eight ways to arrange two motifs in a window (which comes first, the strand of each), four
are the reverse complements of the other four. `ARRANGEMENTS` has one of each two.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

ARRANGEMENTS = (("a b", "same"), ("b a", "same"), ("a b", "opposite"), ("b a", "opposite"))
"""Order and orientation of a and b: which comes first along the strand of a, and whether b is on
the same strand."""


class PairStarts(NamedTuple):
    """Where two sites start in a window.

    Attributes
    ----------
    a, b : numpy.ndarray, int64
        Start of each site in the window (bp, 0-based), for each distance and order.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]


def draw_sites(matrix: NDArray[np.float64], n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw sites from the probabilities of a motif.

    Drawn sites represent a motif better than its consensus does: that is the strongest site
    possible, rare in genomes, and models saturate at it.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (width, 4)
        Probabilities of A, C, G, T.
    n : int
        Number of sites.
    rng : numpy.random.Generator
        Draws the sites.

    Returns
    -------
    numpy.ndarray, shape (n, width), uint8
        Bases 0 to 3.
    """
    draws = rng.random((n, len(matrix)))
    cumulative = matrix.cumsum(axis=1)[:, :3]
    beyond = draws[..., None] >= cumulative
    return beyond.sum(axis=2, dtype=np.uint8)


def pair_starts(
    window: int, width_a: ArrayLike, width_b: ArrayLike, distance: ArrayLike, order: ArrayLike
) -> PairStarts:
    """Return where two sites start so that the pair is centred in a window.

    A pair that cannot be centred exactly lies half a base to the left.

    Parameters
    ----------
    window : int
        Length of the window (bp).
    width_a, width_b : array_like, int
        Lengths of the sites (bp).
    distance : array_like, int
        Between the near edges of the sites (bp).
    order : array_like, str
        ``a b`` or ``b a``, from left to right.

    Returns
    -------
    PairStarts
        Arrays of the shape to which the arguments broadcast.

    Examples
    --------
    >>> starts = pair_starts(20, 4, 6, 2, "b a")
    >>> int(starts.a), int(starts.b)
    (12, 4)
    """
    width_a = np.asarray(width_a)
    width_b = np.asarray(width_b)
    distance = np.asarray(distance)
    a_first = np.asarray(order) == "a b"
    left = (window - width_a - width_b - distance) // 2
    start_a = np.where(a_first, left, left + width_b + distance)
    start_b = np.where(a_first, left + width_a + distance, left)
    return PairStarts(start_a, start_b)
