"""Motif against motif: Tomtom with the Pearson correlation or the Euclidean distance of columns, both strands.

The null of a query is drawn from the database itself: every column of every target, in both orientations,
is equally likely opposite every column of the query.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

STEP = 0.02
"""Width of a bin of the column score, -1 to 1 in 100 steps, as many as Tomtom takes."""

HALF = round(1 / STEP)


class Comparison(NamedTuple):
    """The best alignment of each query with each target; every array is (n_queries, n_targets).

    Attributes
    ----------
    p : numpy.ndarray, float64
        Probability that the best of all alignments, over offsets and strands, scores as high by chance.
    offset : numpy.ndarray, int64
        Column of the target, oriented as `strand` says, opposite the query's first column; may be negative.
    strand : numpy.ndarray, str
        ``+``, or ``-`` when the target is reverse complemented.
    overlap : numpy.ndarray, int64
        Number of aligned columns.
    score : numpy.ndarray, float64
        Complete score: sum over the aligned columns of their similarity less its median under the null.
    """

    p: np.ndarray
    offset: np.ndarray
    strand: np.ndarray
    overlap: np.ndarray
    score: np.ndarray


def tomtom(queries, targets, min_overlap=5, distance="pearson"):
    """Compare each query motif with each target motif.

    Column similarity is Pearson's correlation (0 where a column is flat), or 1 less the Euclidean distance times the
    square root of 2: either is between -1 and 1, and taken in bins of `STEP`. Scores are
    *complete*: a query column's median score under the null is taken off, so a column that hangs over the
    target's end counts as a median one and alignments of any overlap are comparable (Tanaka et al. 2011,
    https://doi.org/10.1093/bioinformatics/btr257). The distribution of an alignment's score comes from
    convolving the score distributions of its query columns, exactly for the binned scores (Gupta et al. 2007,
    https://doi.org/10.1186/gb-2007-8-2-r24). The p-value is that of the highest score over all offsets allowed
    and both strands, taken as independent: ``1 - prod P(score < best)``. Equal scores go to the larger overlap,
    then to the forward strand. As columns repeat in small databases, p-values want some 50 targets or more.

    Parameters
    ----------
    queries, targets : list of numpy.ndarray, each of shape (width, 4)
        Probabilities of A, C, G, T; at least one target.
    min_overlap : int
        Fewest aligned columns; the width of the narrower motif where that is less.
    distance : {"pearson", "euclidean"}
        The Euclidean distance finds flat columns alike: long motifs with little information then match one another.

    Returns
    -------
    Comparison
        An E-value is `p` times the number of targets.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> targets = list(rng.dirichlet([0.2] * 4, size=(60, 8)))
    >>> found = tomtom([targets[7][::-1, ::-1]], targets)
    >>> int(found.p.argmin()), str(found.strand[0, 7]), bool(found.p[0, 7] < 1e-6)
    (7, '-', True)
    """
    database = _database(targets, distance)
    found = [_compare(query, database, min_overlap) for query in queries]
    columns = (
        zip(*found, strict=True)
        if found
        else [np.zeros(0, dtype) for dtype in (float, int, "U1", int, float)]
    )
    return Comparison(*(np.array(column).reshape(len(queries), len(targets)) for column in columns))


def benjamini_hochberg(p):
    """Return q-values over all entries of `p`, whatever its shape.

    Parameters
    ----------
    p : numpy.ndarray, float64
        p-values of every test made, the hopeless ones too.

    Returns
    -------
    numpy.ndarray, float64, shape of `p`
        Smallest false discovery rate at which each is significant (Benjamini and Hochberg 1995,
        https://doi.org/10.1111/j.2517-6161.1995.tb02031.x).

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.5])).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]
    """
    from scipy.stats import false_discovery_control

    return false_discovery_control(p.ravel()).reshape(p.shape)


class _Database(NamedTuple):
    columns: np.ndarray  # (columns, 4): all columns of all targets and of their reverse complements
    index: (
        np.ndarray
    )  # (n_targets, 2, widest): their places in `columns`, by strand; -1 beyond a target's end
    widths: np.ndarray  # (n_targets,)
    similarity: Callable  # of two matrices (w, 4) and (columns, 4), (w, columns), -1 to 1


def _database(targets, distance):
    widths = np.array([len(target) for target in targets])
    oriented = [matrix for target in targets for matrix in (target, target[::-1, ::-1])]
    inside = np.arange(widths.max()) < np.repeat(widths, 2)[:, None]
    index = np.full(inside.shape, -1)
    index[inside] = np.arange(inside.sum())
    return _Database(
        np.concatenate(oriented),
        index.reshape(len(targets), 2, -1),
        widths,
        {"pearson": _correlation, "euclidean": _nearness}[distance],
    )


def _correlation(query, columns):
    return _unit(query) @ _unit(columns).T


def _nearness(query, columns):
    from scipy.spatial.distance import cdist

    return 1 - np.sqrt(2) * cdist(query, columns)  # two sure columns are at most sqrt(2) apart


def _unit(matrix):
    """Centre columns and scale them to length 1, so that dot products are correlations; flat columns give 0."""
    centred = matrix - 0.25
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.divide(centred, length, where=length > 1e-9, out=np.zeros_like(centred))


def _compare(query, database, min_overlap):
    """Return p, offset, strand, overlap and score of one query, each of shape (n_targets,)."""
    scores, pmfs, lows = _column_scores(query, database)
    best, strand, offset, overlap = _best_alignments(scores, database, min_overlap)
    observed, place = np.unique(best, return_inverse=True)
    logs = _log_cdfs(pmfs, lows, observed)
    p = np.empty(len(best))
    for width in np.unique(database.widths):
        here = database.widths == width
        # Each offset is tried on both strands, and both draw from the same columns.
        p[here] = -np.expm1(2 * _over_offsets(logs, width, min_overlap)[place[here]])
    return p, offset, np.array(["+", "-"])[strand], overlap, best * STEP


def _column_scores(query, database):
    """Score each query column against every database column.

    Returns the scores less their median in bins, int32 (width, columns), their distributions (width, bins), and
    the score of each distribution's first bin (width,).
    """
    bins = np.rint(database.similarity(query, database.columns) * HALF).astype(np.int32)
    counts = np.array([np.bincount(row + HALF, minlength=2 * HALF + 1) for row in bins])
    medians = (2 * counts.cumsum(axis=1) < len(database.columns)).sum(
        axis=1
    ) - HALF  # whole numbers: halves are exact
    return bins - medians[:, None].astype(np.int32), counts / len(database.columns), -HALF - medians


def _best_alignments(scores, database, min_overlap):
    """Return the best complete score of each target (in bins), with its strand (0, 1), offset and overlap."""
    (width, _), (n_targets, _, widest) = scores.shape, database.index.shape
    # A column of zeros, found at index -1, stands for all that lies beyond a target's end.
    padded = np.pad(scores, [(0, 0), (0, 1)])
    total = np.zeros((n_targets, 2, widest + width - 1), dtype=np.int64)
    for i in range(width):
        total[..., width - 1 - i : width - 1 - i + widest] += padded[i][database.index]
    offsets = np.arange(1 - width, widest)
    overlaps = np.minimum(width, database.widths[:, None] - offsets) - np.maximum(0, -offsets)
    allowed = overlaps >= np.minimum(min(min_overlap, width), database.widths)[:, None]
    ranked = np.where(
        allowed[:, None], total * (width + 1) + overlaps[:, None], np.iinfo(np.int64).min
    )
    strand, place = np.divmod(ranked.reshape(n_targets, -1).argmax(axis=1), len(offsets))
    target = np.arange(n_targets)
    return total[target, strand, place], strand, offsets[place], overlaps[target, place]


def _log_cdfs(pmfs, lows, observed):
    """Return log P(score < s) of query columns i to j, at [i, j], for each observed s: (width, width, scores)."""
    width = len(pmfs)
    tails = np.ones((width, width, len(observed)))
    for first in range(width):
        pmf = np.ones(1)
        for last in range(first, width):
            pmf = np.convolve(pmf, pmfs[last])
            # Summed from the far end, so that small tails keep their digits.
            tail = np.append(pmf[::-1].cumsum()[::-1], 0)
            tails[first, last] = tail[np.clip(observed - lows[first : last + 1].sum(), 0, len(pmf))]
    with np.errstate(divide="ignore"):  # a score that every draw reaches has log 0
        return np.log1p(-np.minimum(tails, 1))


def _over_offsets(logs, target_width, min_overlap):
    """Sum the log probabilities of the query columns aligned at each allowed offset of a target of that width."""
    width = len(logs)
    least = min(min_overlap, width, target_width)
    spans = [
        (max(0, -offset), min(width, target_width - offset) - 1)
        for offset in range(least - width, target_width - least + 1)
    ]
    return sum(logs[first, last] for first, last in spans)
