"""Copies of one motif: the correlation of two motifs, and clusters of many."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.motif.meme import Motif, reverse_complement

MIN_CORRELATION = 0.6
"""Normalised correlation from which motifs are copies of one another; docs/motifs.md lists what was
tried."""

MIN_OVERLAP = 5
"""Fewest aligned columns; the width of the narrower motif where that is less."""


class Alignment(NamedTuple):
    """The best alignment of one motif with another.

    Attributes
    ----------
    correlation : float
        Their normalised correlation, -1 to 1.
    offset : int
        Column of the second motif opposite the first column of the first; may be negative.
    reverse : bool
        Whether the first motif is reverse-complemented.
    """

    correlation: float
    offset: int
    reverse: bool


def cluster_motifs(motifs: Sequence[Motif]) -> list[str]:
    """Cluster copies of one motif: networks learn an important motif with several filters.

    Average linkage of the normalised correlation of each pair, see `align`: groups whose members
    have at least `MIN_CORRELATION` on average are clusters, as matrix-clustering makes them
    (Castro-Mondragon et al. 2017, https://doi.org/10.1093/nar/gkx314), by a stricter measure.

    Parameters
    ----------
    motifs : list of Motif
        Their names must be unique.

    Returns
    -------
    list of str
        For each motif the name of the one that represents its cluster: its member with the most
        sites, the first of equals.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(motifs) < 2:
        return [motif.name for motif in motifs]
    matrices = [motif.matrix for motif in motifs]
    distances = np.maximum(0, 1 - _correlations(matrices))
    tree = linkage(squareform(distances, checks=False), "average")
    labels = fcluster(tree, 1 - MIN_CORRELATION, "distance")
    largest: dict[int, Motif] = {}
    for label, motif in zip(labels, motifs, strict=True):
        if label not in largest or motif.n_sites > largest[label].n_sites:
            largest[label] = motif
    return [largest[label].name for label in labels]


def _correlations(matrices: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the normalised correlation of each pair of motifs in their best alignment, (N, N)."""
    table = np.eye(len(matrices))
    for row, matrix in enumerate(matrices):
        for column in range(row + 1, len(matrices)):
            best = align(matrix, matrices[column])
            table[row, column] = best.correlation
            table[column, row] = best.correlation
    return table


def align(a: NDArray[np.float64], b: NDArray[np.float64]) -> Alignment:
    """Align a motif with another so that their normalised correlation is highest.

    The correlation of the aligned probabilities, about their mean of 1/4, times the share that the
    aligned columns have of all columns that the two motifs span (Castro-Mondragon et al. 2017,
    https://doi.org/10.1093/nar/gkx314). At least `MIN_OVERLAP` columns are aligned.

    Parameters
    ----------
    a, b : numpy.ndarray, shapes (v, 4), (w, 4)
        Probabilities of A, C, G, T.

    Returns
    -------
    Alignment
        Of equal correlations, that of the forward strand.

    Examples
    --------
    >>> a = np.eye(4)[[0, 1, 2, 0, 3, 3, 1]]
    >>> flanked = np.concatenate([np.full((2, 4), 0.25), reverse_complement(a)])
    >>> best = align(a, flanked)
    >>> round(best.correlation, 3), best.offset, best.reverse
    (0.778, 2, True)
    """
    forward = _best_offset(a, b)
    reverse = _best_offset(reverse_complement(a), b)
    if reverse.correlation > forward.correlation:
        return reverse._replace(reverse=True)
    return forward


def _best_offset(a: NDArray[np.float64], b: NDArray[np.float64]) -> Alignment:
    """Return the best alignment of `a` and `b`, both on their forward strand."""
    from scipy.signal import correlate

    offsets = np.arange(1 - len(a), len(b))
    # The aligned columns of a, at each offset.
    start = np.maximum(0, -offsets)
    end = np.minimum(len(a), len(b) - offsets)
    overlaps = end - start
    a = a - 0.25
    b = b - 0.25
    dots = correlate(b, a, method="direct")[:, 3]  # column 3: base against same base
    squares_a = _running_squares(a)
    squares_b = _running_squares(b)
    norm_a = squares_a[end] - squares_a[start]
    norm_b = squares_b[end + offsets] - squares_b[start + offsets]
    norms = norm_a * norm_b
    scores = np.zeros(len(dots))
    np.divide(dots, np.sqrt(norms), where=norms > 1e-18, out=scores)
    spans = len(a) + len(b) - overlaps
    scores *= overlaps / spans
    too_short = overlaps < min(MIN_OVERLAP, len(a), len(b))
    scores[too_short] = -2
    best = int(scores.argmax())
    return Alignment(float(scores[best]), int(offsets[best]), reverse=False)


def _running_squares(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of squares of the first 0, 1, ... columns."""
    squares = (matrix**2).sum(axis=1)
    return np.append(0, squares.cumsum())
