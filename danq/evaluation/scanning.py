"""Scans windows for many motifs at once, on both strands, as products of matrices."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from danq.genome import sequence
from danq.motif import meme

Floats = NDArray[np.float32]

_ALIKE = 1e-4  # scores (bits) that differ by less are of equal sites
_BLOCK = 16  # windows scanned at once: their scores stay in the cache of a core


class Scan(NamedTuple):
    """The scores of some motifs of one width in some windows.

    Attributes
    ----------
    rows : slice
        Which windows.
    motifs : numpy.ndarray, shape (m,), int64
        Which motifs.
    width : int
        Their width (bp).
    scores : numpy.ndarray, shape (m, n, starts), float32
        Score of the better strand at each place that a site may start at.
    """

    rows: slice
    motifs: NDArray[np.int64]
    width: int
    scores: Floats


class _Group(NamedTuple):
    """Motifs of one width: weights of both strands (2m, 4 width), and the lowest scores (m,)."""

    motifs: NDArray[np.int64]
    width: int
    weights: Floats
    lowest: Floats


class Scanner:
    """Scans windows for motifs; an unknown base scores as the worst one.

    Parameters
    ----------
    matrices : list of numpy.ndarray, shape (width, 4)
        Probabilities of the bases, at most as wide as a window.
    background : numpy.ndarray, shape (4,)
        Their probabilities elsewhere.
    """

    def __init__(
        self, matrices: Sequence[NDArray[np.float64]], background: NDArray[np.float64]
    ) -> None:
        self.n_motifs = len(matrices)
        widths = np.array([len(matrix) for matrix in matrices], dtype=np.int64)
        self._groups = []
        for width in np.unique(widths).tolist():
            motifs = np.flatnonzero(widths == width)
            odds = [meme.log_odds(matrices[motif], background) for motif in motifs.tolist()]
            self._groups.append(_group(motifs, width, np.stack(odds)))

    def scan(self, indices: NDArray[np.uint8]) -> Iterator[Scan]:
        """Score every place of windows, some windows and motifs of one width at a time.

        Parameters
        ----------
        indices : numpy.ndarray, shape (N, L), uint8
            Bases 0 to 3, 4 for N.

        Yields
        ------
        Scan
            Log-odds (bits); its scores may be overwritten.
        """
        for start in range(0, len(indices), _BLOCK):
            rows = slice(start, min(start + _BLOCK, len(indices)))
            one_hot = sequence.one_hot(indices[rows]).astype(np.float32)
            for group in self._groups:
                yield Scan(rows, group.motifs, group.width, _scores(one_hot, group))


def _group(motifs: NDArray[np.int64], width: int, odds: NDArray[np.float64]) -> _Group:
    """Return the group of motifs with these log-odds (m, width, 4).

    The worst base of a position gets a weight of 0, as an unknown one, of four zeros, has anyway.
    """
    worst = odds.min(axis=2, keepdims=True)
    above = odds - worst
    strands = np.concatenate([above, above[:, ::-1, ::-1]])
    weights = strands.reshape(len(strands), 4 * width)
    lowest = worst.sum(axis=(1, 2))
    return _Group(motifs, width, weights.astype(np.float32), lowest.astype(np.float32))


def _scores(one_hot: Floats, group: _Group) -> Floats:
    """Return the scores (m, n, starts) of a group in one-hot windows (n, L, 4)."""
    n, length, _ = one_hot.shape
    n_starts = length - group.width + 1
    flat = one_hot.reshape(n, 4 * length)
    sites = sliding_window_view(flat, 4 * group.width, axis=1)[:, ::4]
    table = sites.reshape(n * n_starts, 4 * group.width)
    scores = group.weights @ table.T
    n_motifs = len(group.motifs)
    better = np.maximum(scores[:n_motifs], scores[n_motifs:])
    better += group.lowest[:, None]
    return better.reshape(n_motifs, n, n_starts)


def distances(length: int, width: int) -> Floats:
    """Return how far the middle of each site lies from the middle of its window.

    Parameters
    ----------
    length : int
        Length of the window (bp).
    width : int
        Width of the motif (bp).

    Returns
    -------
    numpy.ndarray, shape (length - width + 1,), float32
        By the start of the site (bp).

    Examples
    --------
    >>> distances(6, 3).tolist()
    [1.5, 0.5, 0.5, 1.5]
    """
    starts = np.arange(length - width + 1, dtype=np.float32)
    return np.abs(starts - np.float32((length - width) / 2))


def place_of_best(scores: Floats, away: Floats) -> Floats:
    """Return how far the best site is away: the nearest of equal ones, so for either strand.

    Parameters
    ----------
    scores : numpy.ndarray, shape (..., sites), float32
        Log-odds (bits).
    away : numpy.ndarray, shape (sites,), float32
        As `distances` (bp).

    Returns
    -------
    numpy.ndarray, shape (...), float32
        Distance of the best site (bp).
    """
    limit = scores.max(axis=-1, keepdims=True) - np.float32(_ALIKE)
    return np.where(scores >= limit, away, np.float32(np.inf)).min(axis=-1)


def log_sum(scores: Floats) -> Floats:
    """Add up the square roots of the odds of sites.

    The root keeps one perfect site from outweighing several good ones.

    Parameters
    ----------
    scores : numpy.ndarray, shape (..., sites), float32
        Log-odds (bits).

    Returns
    -------
    numpy.ndarray, shape (...), float32
        The logarithm of the sum (bits).
    """
    best = scores.max(axis=-1, keepdims=True)
    sums = np.exp2((scores - best) * np.float32(0.5)).sum(axis=-1)
    return np.log2(sums) + np.float32(0.5) * best[..., 0]
