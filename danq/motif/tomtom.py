"""Motif against motif: Tomtom with Pearson's correlation or the Euclidean distance of columns.

The null of a query is drawn from the database itself: every column of every target, on both
strands, is equally likely opposite every column of the query.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.motif.meme import reverse_complement

STEP = 0.02
"""Width of a bin of the column score, -1 to 1 in 100 steps, as many as Tomtom takes."""

_HALF = round(1 / STEP)  # bins from a column score of 0 to one of 1


class Comparison(NamedTuple):
    """The best alignment of each query with each target; every array is (n_queries, n_targets).

    Attributes
    ----------
    p : numpy.ndarray, float64
        Probability that the best of all alignments, over offsets and strands, scores as high by
        chance.
    offset : numpy.ndarray, int64
        Column of the target, oriented as `strand` says, opposite the query's first column; may be
        negative.
    strand : numpy.ndarray, str
        ``+``, or ``-`` when the target is reverse-complemented.
    overlap : numpy.ndarray, int64
        Number of aligned columns.
    score : numpy.ndarray, float64
        Complete score: sum over the aligned columns of their similarity less its median under the
        null.
    """

    p: NDArray[np.float64]
    offset: NDArray[np.int64]
    strand: NDArray[np.str_]
    overlap: NDArray[np.int64]
    score: NDArray[np.float64]


def tomtom(
    queries: Sequence[NDArray[np.float64]],
    targets: Sequence[NDArray[np.float64]],
    min_overlap: int = 5,
    distance: str = "pearson",
) -> Comparison:
    """Compare each query motif with each target motif.

    Column similarity is Pearson's correlation (0 where a column is flat), or 1 less the Euclidean
    distance times the square root of 2: either is between -1 and 1, and taken in bins of `STEP`.
    Scores are *complete*: a query column's median score under the null is subtracted, so a column
    that hangs over the target's end counts as a median one and alignments of any overlap are
    comparable (Tanaka et al. 2011, https://doi.org/10.1093/bioinformatics/btr257). The distribution
    of an alignment's score comes from convolving the score distributions of its query columns,
    exactly for the binned scores (Gupta et al. 2007, https://doi.org/10.1186/gb-2007-8-2-r24). The
    p-value is that of the highest score over all offsets allowed and both strands, taken as
    independent: ``1 - prod P(score < best)``. Equal scores go to the larger overlap, then to the
    forward strand. In small databases columns repeat: reliable p-values need some 50 targets or
    more.

    Parameters
    ----------
    queries, targets : list of numpy.ndarray, each of shape (width, 4)
        Probabilities of A, C, G, T; at least one target.
    min_overlap : int
        Fewest aligned columns; the width of the narrower motif where that is less.
    distance : {"pearson", "euclidean"}
        The Euclidean distance finds flat columns alike: long motifs with little information then
        match one another.

    Returns
    -------
    Comparison
        An E-value is `p` times the number of targets.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> targets = list(rng.dirichlet([0.2] * 4, size=(60, 8)))
    >>> comparison = tomtom([reverse_complement(targets[7])], targets)
    >>> best = int(comparison.p.argmin())
    >>> best, str(comparison.strand[0, best]), bool(comparison.p[0, best] < 1e-6)
    (7, '-', True)
    """
    database = _database(targets, distance)
    shape = (len(queries), len(targets))
    comparison = Comparison(
        p=np.empty(shape),
        offset=np.empty(shape, dtype=np.int64),
        strand=np.empty(shape, dtype="U1"),
        overlap=np.empty(shape, dtype=np.int64),
        score=np.empty(shape),
    )
    for row, query in enumerate(queries):
        of_query = _compare(query, database, min_overlap)
        for table, values in zip(comparison, of_query, strict=True):
            table[row] = values
    return comparison


# --- the targets ---

_Matrix = NDArray[np.float64]
_Similarity = Callable[[_Matrix, _Matrix], _Matrix]


class _Database(NamedTuple):
    """All targets, on both strands.

    Attributes
    ----------
    columns : numpy.ndarray, shape (N, 4), float64
        All N columns of all targets and of their reverse complements.
    rows : numpy.ndarray, shape (n_targets, 2, widest), int64
        Rows of `columns`, by strand and position in the target; -1 beyond its end.
    widths : numpy.ndarray, shape (n_targets,), int64
        Width of each target (columns).
    similarity : callable
        Of two matrices (width, 4) and (N, 4): (width, N), -1 to 1.
    """

    columns: NDArray[np.float64]
    rows: NDArray[np.int64]
    widths: NDArray[np.int64]
    similarity: _Similarity


def _database(targets: Sequence[NDArray[np.float64]], distance: str) -> _Database:
    """Return the targets as `_compare` needs them."""
    oriented = []
    for target in targets:
        oriented.append(target)
        oriented.append(reverse_complement(target))
    widths = np.array([len(target) for target in targets])
    ends = np.repeat(widths, 2)[:, None]
    inside = np.arange(widths.max()) < ends
    rows = np.full(inside.shape, -1)
    rows[inside] = np.arange(inside.sum())
    by_strand = rows.reshape(len(targets), 2, -1)
    return _Database(np.concatenate(oriented), by_strand, widths, _SIMILARITIES[distance])


def _correlation(query: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Pearson's correlation of each query column with each database column."""
    return _unit(query) @ _unit(columns).T


def _unit(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centre columns and scale them to length 1; flat columns give 0."""
    centred = matrix - 0.25
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    scaled = np.zeros_like(centred)
    np.divide(centred, length, where=length > 1e-9, out=scaled)
    return scaled


def _nearness(query: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 less sqrt(2) times the Euclidean distance, which is at most sqrt(2)."""
    from scipy.spatial.distance import cdist

    return 1 - np.sqrt(2) * cdist(query, columns)


_SIMILARITIES = {"pearson": _correlation, "euclidean": _nearness}


# --- one query ---


def _compare(query: NDArray[np.float64], database: _Database, min_overlap: int) -> Comparison:
    """Compare one query with every target; arrays of shape (n_targets,)."""
    columns = _score_columns(query, database)
    best = _best_alignments(columns.scores, database, min_overlap)
    observed, index = np.unique(best.bins, return_inverse=True)
    logs = _log_cdfs(columns, observed)
    p = np.empty(len(best.bins))
    for width in np.unique(database.widths):
        rows = database.widths == width
        log_below = _sum_over_offsets(logs, width, min_overlap)
        # Each offset is tried on both strands, and both draw from the same columns.
        log_below_best = log_below[index[rows]]
        p[rows] = -np.expm1(2 * log_below_best)
    strand = np.array(["+", "-"])[best.strand]
    score = best.bins.astype(np.float64) * STEP
    return Comparison(p, best.offset, strand, best.overlap, score)


class _ColumnScores(NamedTuple):
    """Scores of each query column against every database column, in bins.

    Attributes
    ----------
    scores : numpy.ndarray, shape (width, columns), int32
        Less their median.
    pmfs : numpy.ndarray, shape (width, bins), float64
        Their distributions.
    lows : numpy.ndarray, shape (width,), int64
        The score of each distribution's first bin.
    """

    scores: NDArray[np.int32]
    pmfs: NDArray[np.float64]
    lows: NDArray[np.int64]


def _score_columns(query: NDArray[np.float64], database: _Database) -> _ColumnScores:
    """Score each query column against every database column."""
    similarity = database.similarity(query, database.columns)
    bins = np.rint(similarity * _HALF).astype(np.int32)
    counts = _count_bins(bins)
    n_columns = len(database.columns)
    below_median = 2 * counts.cumsum(axis=1) < n_columns  # whole numbers: halves are exact
    medians = below_median.sum(axis=1) - _HALF
    scores = bins - medians.astype(np.int32)[:, None]
    return _ColumnScores(scores, counts / n_columns, -_HALF - medians)


def _count_bins(bins: NDArray[np.int32]) -> NDArray[np.int64]:
    """Count, for each query column, the scores in each bin of -1 to 1."""
    n_bins = 2 * _HALF + 1
    counts = np.zeros((len(bins), n_bins), dtype=np.int64)
    for row, scores in enumerate(bins):
        counts[row] = np.bincount(scores + _HALF, minlength=n_bins)
    return counts


class _Alignments(NamedTuple):
    """The best alignment of a query with each target; every array is (n_targets,), int64.

    Attributes
    ----------
    bins : numpy.ndarray
        Complete score, in bins of `STEP`.
    strand : numpy.ndarray
        0 as the target is, 1 reverse-complemented.
    offset, overlap : numpy.ndarray
        As in `Comparison`.
    """

    bins: NDArray[np.int64]
    strand: NDArray[np.int64]
    offset: NDArray[np.int64]
    overlap: NDArray[np.int64]


def _best_alignments(
    scores: NDArray[np.int32], database: _Database, min_overlap: int
) -> _Alignments:
    """Return the best alignment of a query with each target, from the scores of its columns."""
    width = len(scores)
    total = _scores_by_offset(scores, database)
    n_targets, _, n_offsets = total.shape
    offsets = np.arange(n_offsets) + 1 - width
    target_widths = database.widths[:, None]
    start = np.maximum(0, -offsets)
    end = np.minimum(width, target_widths - offsets)
    overlaps = end - start
    least = np.minimum(min(min_overlap, width), target_widths)
    allowed = overlaps >= least
    # One number that sorts by score, then by overlap.
    keys = total * (width + 1) + overlaps[:, None]
    lowest = np.iinfo(np.int64).min
    keys = np.where(allowed[:, None], keys, lowest)
    best = keys.reshape(n_targets, -1).argmax(axis=1)
    strand, column = np.divmod(best, n_offsets)
    target = np.arange(n_targets)
    bins = total[target, strand, column]
    return _Alignments(bins, strand, offsets[column], overlaps[target, column])


def _scores_by_offset(scores: NDArray[np.int32], database: _Database) -> NDArray[np.int64]:
    """Return the complete score at every offset, (n_targets, 2, offsets), from 1 - width on."""
    width = len(scores)
    n_targets, n_strands, widest = database.rows.shape
    # A column of zeros, at index -1, stands for all that lies beyond a target's end.
    padded = np.pad(scores, [(0, 0), (0, 1)])
    n_offsets = widest + width - 1
    total = np.zeros((n_targets, n_strands, n_offsets), dtype=np.int64)
    for column, row in enumerate(padded):
        start = width - 1 - column
        total[..., start : start + widest] += row[database.rows]
    return total


# --- p-values ---


def _log_cdfs(columns: _ColumnScores, observed: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return log P(score < s) of query columns i to j, at [i, j], for each observed s."""
    width = len(columns.pmfs)
    tails = np.ones((width, width, len(observed)))
    for first in range(width):
        pmf = np.ones(1)
        low = 0
        for last in range(first, width):
            pmf = np.convolve(pmf, columns.pmfs[last])
            low += columns.lows[last]
            tail = _upper_tail(pmf)
            bins = np.clip(observed - low, 0, len(pmf))
            tails[first, last] = tail[bins]
    with np.errstate(divide="ignore"):  # a score that every draw reaches has log 0
        return np.log1p(-np.minimum(tails, 1))


def _upper_tail(pmf: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return P(bin >= b) for b of 0 to the number of bins.

    Summed from the far end, so that small tails keep their digits.
    """
    tail = pmf[::-1].cumsum()[::-1]
    return np.append(tail, 0)


def _sum_over_offsets(
    logs: NDArray[np.float64], target_width: int, min_overlap: int
) -> NDArray[np.float64]:
    """Sum the log probabilities over all allowed offsets of a target of that width."""
    width, _, n_scores = logs.shape
    least = min(min_overlap, width, target_width)
    total = np.zeros(n_scores)
    for offset in range(least - width, target_width - least + 1):
        first = max(0, -offset)
        last = min(width, target_width - offset) - 1
        total += logs[first, last]
    return total
