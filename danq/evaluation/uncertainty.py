"""How sure a metric is: neighbouring windows overlap, so the unit is a block of the genome.

Areas under precision-recall curves are resampled by a block bootstrap; areas under ROC curves have
DeLong's variance with blocks as clusters. Both give, for any weighted sum of targets and models, a
standard error. What training seeds add to it: `danq.evaluation.components`. The interval is
Student's.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

BLOCK = 50_000
"""Shortest length of a genomic block (bp): much longer than a window, so that windows that overlap
or lie side by side stay together (Kunsch 1989, https://doi.org/10.1214/aos/1176347265)."""

MIN_BLOCKS = 10
"""With fewer blocks there is no interval: they do not show how other parts of the genome would
differ."""

MIN_CARRIED = 3
"""A target whose positive windows crowd in fewer blocks than this (`effective_number`) has no
interval."""

MAX_BLOCKS = 1000
"""With more, blocks are made longer: beyond this number they cost time and add nothing."""

REPLICATES = 1000
"""Bootstrap replicates."""

LEVELS = 512
"""Distinct levels of a target's scores in a bootstrap replicate, at most. With more distinct scores
among its positive windows, neighbouring ones count as equal: enough to say how the area varies."""


# --- blocks ---


def genomic_blocks(chroms: ArrayLike, starts: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the number of the genomic block in which each window starts.

    Where there are more than `MAX_BLOCKS` chromosomes (contigs; or windows without coordinates,
    each a chromosome of its own), neighbouring ones make one block.

    Parameters
    ----------
    chroms : array_like, shape (N,)
        Chromosome of each window.
    starts : numpy.ndarray, shape (N,), int64
        Where each window starts (bp, 0-based).

    Returns
    -------
    numpy.ndarray, shape (N,), int64
        From 0 to, at most, `MAX_BLOCKS` - 1.
    """
    chrom_indices = np.unique(chroms, return_inverse=True)[1]
    length = BLOCK
    blocks = _blocks_of_length(chrom_indices, starts, length)
    while _n_blocks(blocks) > MAX_BLOCKS and (starts >= length).any():
        length *= 2
        blocks = _blocks_of_length(chrom_indices, starts, length)
    n_blocks = _n_blocks(blocks)
    if n_blocks > MAX_BLOCKS:
        return blocks * MAX_BLOCKS // n_blocks
    return blocks


def _blocks_of_length(
    chrom_indices: NDArray[np.integer], starts: NDArray[np.integer], length: int
) -> NDArray[np.int64]:
    """Return the block of each window, blocks having this length (bp)."""
    pairs = np.column_stack([chrom_indices, starts // length])
    blocks = np.unique(pairs, axis=0, return_inverse=True)[1]
    return blocks.ravel()


def _n_blocks(blocks: NDArray[np.int64]) -> int:
    return int(blocks.max(initial=0)) + 1


def draw_blocks(n_blocks: int, replicates: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw as many blocks as there are, with replacement.

    Parameters
    ----------
    n_blocks : int
        B.
    replicates : int
        R.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    numpy.ndarray, shape (R, B), float32
        How often each block is drawn in each replicate.
    """
    chances = np.full(n_blocks, 1 / n_blocks)
    counts = rng.multinomial(n_blocks, chances, size=replicates)
    return counts.astype(np.float32)


def effective_number(weights: ArrayLike) -> NDArray[np.float64]:
    """Return how many blocks of equal weight would say as much as blocks of these weights.

    Kish 1965, Survey Sampling. Weights are, for example, the positive windows of a target in each
    block: a target whose windows crowd in a few blocks is known from those alone.

    Parameters
    ----------
    weights : array_like, shape (B, ...)
        Weight of each block.

    Returns
    -------
    numpy.ndarray, shape (...), float64
        ``sum(w)**2 / sum(w**2)``; 0 where all are 0.

    Examples
    --------
    >>> effective_number([[1, 5], [1, 0], [1, 0]]).tolist()
    [3.0, 1.0]
    """
    weights = np.asarray(weights, np.float64)
    squares = (weights**2).sum(axis=0)
    total = weights.sum(axis=0)
    number = np.zeros(squares.shape)
    return np.divide(total**2, squares, out=number, where=squares > 0)


# --- AUPRC ---


def resampled_auprc(
    labels: NDArray[np.bool_],
    scores: NDArray[np.floating],
    blocks: NDArray[np.integer],
    draws: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Return the average precision of one target in each replicate of a block bootstrap.

    Parameters
    ----------
    labels : numpy.ndarray, shape (N,), bool
        Which windows are positive.
    scores : numpy.ndarray, shape (N,)
        Higher is more positive.
    blocks : numpy.ndarray, shape (N,), int
        Block of each window.
    draws : numpy.ndarray, shape (R, B), float32
        How often each block is drawn, see `draw_blocks`.

    Returns
    -------
    numpy.ndarray, shape (R,), float64
        scikit-learn's ``average_precision_score`` with the draws as ``sample_weight``, of scores in
        at most `LEVELS` levels; nan where no positive is drawn.
    """
    thresholds = _levels(scores[labels])
    n_blocks = draws.shape[1]
    shape = (len(thresholds) + 1, n_blocks)
    level = np.searchsorted(thresholds, scores, side="right")  # 0: below every positive
    cell = level * n_blocks + blocks
    predicted = _at_or_above(cell, shape) @ draws.T  # (K, R)
    true_positives = _at_or_above(cell[labels], shape) @ draws.T  # (K, R)
    beyond_highest = np.zeros(len(draws), np.float32)
    gained = true_positives - np.vstack([true_positives[1:], beyond_highest])
    precision = np.zeros_like(true_positives)
    np.divide(true_positives, predicted, out=precision, where=predicted > 0)
    area = (precision * gained).sum(axis=0, dtype=np.float64)
    n_positive = true_positives[0]
    auprc = np.full(len(draws), np.nan)
    return np.divide(area, n_positive, out=auprc, where=n_positive > 0)


def _levels(scores: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return ascending thresholds from the lowest score up, at most `LEVELS`, evenly by rank."""
    distinct = np.unique(scores)
    if len(distinct) <= LEVELS:
        return distinct
    ranked = np.sort(scores)
    ranks = np.linspace(0, len(ranked) - 1, LEVELS)
    return np.unique(ranked[ranks.astype(int)])


def _at_or_above(cells: NDArray[np.integer], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Count windows at or above each level but the first, in each block, float32 (K, B).

    `cells` are the windows' cells in a table of levels by blocks, of shape (K + 1, B).
    """
    n_levels, n_blocks = shape
    counts = np.bincount(cells, minlength=n_levels * n_blocks).reshape(shape)
    cumulated = counts[:0:-1].cumsum(axis=0)[::-1]
    # Whole numbers below 2**24, which float32 holds exactly: a float32 product is twice as fast.
    return cumulated.astype(np.float32)


# --- AUROC ---


def auroc_influence(
    labels: NDArray[np.bool_],
    scores: NDArray[np.floating],
    blocks: NDArray[np.integer],
    n_blocks: int,
) -> NDArray[np.float64]:
    """Return what each block adds to the error of one target's AUROC.

    DeLong's structural components (DeLong, DeLong and Clarke-Pearson 1988,
    https://doi.org/10.2307/2531595), summed over the windows of a block as Obuchowski does for
    clustered data (1997, https://doi.org/10.2307/2533958). The sum of squares is the variance of
    the AUROC; that of the difference of two models' influences, the variance of their difference.
    With one window a block it is DeLong's.

    Parameters
    ----------
    labels : numpy.ndarray, shape (N,), bool
        Which windows are positive; at least one, and not all.
    scores : numpy.ndarray, shape (N,)
        Higher is more positive.
    blocks : numpy.ndarray, shape (N,), int
        Block of each window.
    n_blocks : int
        B.

    Returns
    -------
    numpy.ndarray, shape (B,), float64
    """
    positives = scores[labels]
    negatives = scores[~labels]
    positive_placements = _placements(positives, negatives)
    negative_placements = _placements(-negatives, -positives)
    area = positive_placements.mean()
    influence = np.zeros(n_blocks)
    influence += _excess(positive_placements - area, blocks[labels], n_blocks)
    influence += _excess(negative_placements - area, blocks[~labels], n_blocks)
    return influence


def _placements(
    scores: NDArray[np.floating], reference: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the share of reference scores below each score, equal ones counted half."""
    ordered = np.sort(reference)
    below = np.searchsorted(ordered, scores, "left")
    at_or_below = np.searchsorted(ordered, scores, "right")
    return (below + at_or_below) / (2 * len(ordered))


def _excess(
    deviations: NDArray[np.float64], blocks: NDArray[np.integer], n_blocks: int
) -> NDArray[np.float64]:
    """Sum the deviations of one label's windows by block; 0 where they lie in a single block."""
    n_clusters = len(np.unique(blocks))
    if n_clusters < 2:
        return np.zeros(n_blocks)
    excess = np.bincount(blocks, deviations, minlength=n_blocks) / len(blocks)
    return np.sqrt(n_clusters / (n_clusters - 1)) * excess


# --- tests ---


class Interval(NamedTuple):
    """Intervals and p-values of differences.

    Attributes
    ----------
    low, high : numpy.ndarray, shape (T,), float64
        95 % interval.
    p : numpy.ndarray, shape (T,), float64
        Two-sided p-value of no difference.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    p: NDArray[np.float64]


def student(
    value: ArrayLike, variances: Sequence[ArrayLike], degrees: Sequence[ArrayLike]
) -> Interval:
    """Return 95 % intervals and p-values of differences from independent parts of their variances.

    Parameters
    ----------
    value : array_like, shape (T,)
        Differences.
    variances, degrees : sequence of array_like, each shape (T,) or a number
        Estimates of the parts of their variance, and the degrees of freedom of each part, combined
        as Welch and Satterthwaite do (Satterthwaite 1946, https://doi.org/10.2307/3002019). A part
        without degrees of freedom is unknown.

    Returns
    -------
    Interval
        nan where the value, or any part, is unknown.
    """
    value = np.asarray(value, np.float64)
    freedom = _stacked(degrees, value.shape)
    known = freedom > 0
    parts = np.where(known, _stacked(variances, value.shape), np.nan)
    total = parts.sum(axis=0)
    error = np.sqrt(total)
    shares = np.zeros_like(parts)
    np.divide(parts**2, freedom, out=shares, where=known)
    share = shares.sum(axis=0)
    df = np.ones_like(total)
    np.divide(total**2, share, out=df, where=share > 0)
    margin = error * stats.t.ppf(0.975, df)
    ratio = np.where(value == 0, 0, np.inf)  # of a difference without any error
    np.divide(np.abs(value), error, out=ratio, where=error != 0)
    p = 2 * stats.t.sf(ratio, df)
    return Interval(value - margin, value + margin, p)


def _stacked(rows: Sequence[ArrayLike], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return rows or numbers as a table of rows of this shape."""
    arrays = []
    for row in rows:
        numbers = np.asarray(row, np.float64)
        arrays.append(np.broadcast_to(numbers, shape))
    return np.stack(arrays)


def adjusted(p: ArrayLike) -> NDArray[np.float64]:
    """Return q-values of p-values (T,); nan stays nan, and is ignored.

    Benjamini and Hochberg 1995, https://doi.org/10.1111/j.2517-6161.1995.tb02031.x.
    """
    p = np.asarray(p, np.float64)
    q = np.full(p.shape, np.nan)
    known = ~np.isnan(p)
    if known.any():
        q[known] = stats.false_discovery_control(p[known])
    return q


def wilcoxon(differences: ArrayLike) -> float:
    """Return the p-value of Wilcoxon's signed-rank test of differences (T,).

    Wilcoxon 1945, https://doi.org/10.2307/3001968. Differences that are 0 or nan are ignored;
    the result is nan where none are left.
    """
    values = np.asarray(differences, np.float64)
    nonzero = values[np.isfinite(values) & (values != 0)]
    if not len(nonzero):
        return np.nan
    return float(stats.wilcoxon(nonzero).pvalue)
