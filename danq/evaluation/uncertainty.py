"""How sure a metric is: neighbouring windows overlap, so what is drawn, or counted, is a block of the genome.

Areas under precision-recall curves are resampled by a block bootstrap, areas under ROC curves have DeLong's variance
with blocks as clusters. Both give, for any weighted sum of targets and models, a standard error; that of training
seeds is added to it, and the interval is Student's.
"""

import numpy as np
from scipy import stats

BLOCK = 50_000
"""Shortest length of a genomic block (bp): much longer than a window, so that windows that overlap or lie side by side
stay together (Kunsch 1989, https://doi.org/10.1214/aos/1176347265)."""

MIN_BLOCKS = 10
"""With fewer blocks, nothing can be said of how another part of the genome would differ: there is no interval."""

MIN_CARRIED = 3
"""A target whose positive windows crowd in fewer blocks than this (`effective_number`) has no interval."""

MAX_BLOCKS = 1000
"""With more, blocks are made longer: beyond this number they cost time and add nothing."""

REPLICATES = 1000
"""Bootstrap replicates."""

LEVELS = 512
"""A bootstrap replicate tells apart at most so many levels of a target's scores. With more distinct scores among its
positive windows, neighbouring ones count as equal: enough to say how the area varies."""


def genomic_blocks(chroms, starts):
    """Return the number of the genomic block (int64, (N,)) in which each window starts, of at most `MAX_BLOCKS`.

    Where chromosomes are more (contigs; windows without a place, each on its own), neighbouring ones make one block.

    Parameters
    ----------
    chroms : array_like, shape (N,)
        Chromosome of each window.
    starts : numpy.ndarray, shape (N,), int64
        Where each window starts (bp).
    """
    chroms, length = np.unique(chroms, return_inverse=True)[1], BLOCK
    while True:
        blocks = np.unique(
            np.column_stack([chroms, starts // length]), axis=0, return_inverse=True
        )[1].ravel()
        n_blocks = int(blocks.max(initial=0)) + 1
        if n_blocks <= MAX_BLOCKS or (starts < length).all():
            return blocks if n_blocks <= MAX_BLOCKS else blocks * MAX_BLOCKS // n_blocks
        length *= 2


def draw_blocks(n_blocks, replicates, rng):
    """Draw as many blocks as there are, with replacement: how often each is drawn, float32 (R, B)."""
    return rng.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), size=replicates).astype(
        np.float32
    )


def resampled_auprc(labels, scores, blocks, drawn):
    """Return the average precision of one target in each replicate of a block bootstrap.

    Parameters
    ----------
    labels : numpy.ndarray, shape (N,), bool
    scores : numpy.ndarray, shape (N,)
    blocks : numpy.ndarray, shape (N,), int
        Block of each window.
    drawn : numpy.ndarray, shape (R, B), float32
        How often each block is drawn, see `draw_blocks`.

    Returns
    -------
    numpy.ndarray, shape (R,), float64
        scikit-learn's ``average_precision_score`` with the draws as ``sample_weight``, of scores told apart in
        `LEVELS` levels; nan where no positive is drawn.
    """
    thresholds = _levels(scores[labels])
    level = np.searchsorted(thresholds, scores, side="right")  # 0: below every positive
    cell = level * drawn.shape[1] + blocks
    shape = (len(thresholds) + 1, drawn.shape[1])
    everything, positives = (
        _at_or_above(np.bincount(chosen, minlength=shape[0] * shape[1]).reshape(shape)) @ drawn.T
        for chosen in (cell, cell[labels])
    )  # (K, R)
    gained = positives - np.vstack([positives[1:], np.zeros(len(drawn), np.float32)])
    precision = np.divide(positives, everything, out=np.zeros_like(positives), where=everything > 0)
    area = (precision * gained).sum(axis=0, dtype=np.float64)
    return np.divide(area, positives[0], out=np.full(len(drawn), np.nan), where=positives[0] > 0)


def _levels(scores):
    """Return ascending thresholds, the lowest score the first: all distinct scores, or `LEVELS` evenly by rank."""
    distinct = np.unique(scores)
    if len(distinct) <= LEVELS:
        return distinct
    ranked = np.sort(scores)
    return np.unique(ranked[np.linspace(0, len(ranked) - 1, LEVELS).astype(int)])


def _at_or_above(counts):
    """Return, from windows per level and block (K + 1, B), those at or above each level but the first, float32."""
    # Whole numbers below 2**24, which float32 holds exactly: a float32 product is twice as fast.
    return counts[:0:-1].cumsum(axis=0)[::-1].astype(np.float32)


def auroc_influence(labels, scores, blocks, n_blocks):
    """Return what each block adds to the error of one target's AUROC.

    DeLong's structural components (DeLong, DeLong and Clarke-Pearson 1988, https://doi.org/10.2307/2531595), summed
    over the windows of a block as Obuchowski does for clustered data (1997, https://doi.org/10.2307/2533958). The sum
    of squares is the variance of the AUROC; that of the difference of two models' influences, the variance of their
    difference. With one window a block it is DeLong's.

    Parameters
    ----------
    labels : numpy.ndarray, shape (N,), bool
        At least one True and one False.
    scores : numpy.ndarray, shape (N,)
    blocks : numpy.ndarray, shape (N,), int
        Block of each window.
    n_blocks : int
        B.

    Returns
    -------
    numpy.ndarray, shape (B,), float64
    """
    placed = [
        _placements(scores[labels], scores[~labels]),
        _placements(-scores[~labels], -scores[labels]),
    ]
    area, influence = placed[0].mean(), np.zeros(n_blocks)
    for mine, placement in zip((labels, ~labels), placed, strict=True):
        own = blocks[mine]
        clusters = len(np.unique(own))
        if clusters > 1:
            excess = np.bincount(own, placement - area, minlength=n_blocks) / len(own)
            influence += np.sqrt(clusters / (clusters - 1)) * excess
    return influence


def _placements(scores, others):
    """Return the share of `others` below each score, equal ones counted half."""
    others = np.sort(others)
    return (np.searchsorted(others, scores, "left") + np.searchsorted(others, scores, "right")) / (
        2 * len(others)
    )


def effective_number(weights):
    """Return how many equal parts would be as many as parts of these weights (Kish 1965, Survey Sampling).

    Parameters
    ----------
    weights : array_like, shape (B, ...)
        As the positive windows in each block: a target whose windows crowd in a few blocks is known from those alone.

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
    return np.divide(
        weights.sum(axis=0) ** 2, squares, out=np.zeros(squares.shape), where=squares > 0
    )


def student(value, variances, degrees):
    """Return 95 % intervals and p-values of differences from independent parts of their variances.

    Parameters
    ----------
    value : array_like, shape (T,)
        Differences.
    variances, degrees : list of array_like, each shape (T,) or a number
        Estimates of the parts of their variance, that of the blocks first, and the degrees of freedom of each part,
        combined as Welch and Satterthwaite do (Satterthwaite 1946, https://doi.org/10.2307/3002019). A part without
        degrees of freedom is unknown, and left out.

    Returns
    -------
    tuple of three numpy.ndarray, shape (T,), float64
        Low, high, and the two-sided p-value of no difference; nan where the value, or what the blocks say, is unknown.
    """
    value = np.asarray(value, np.float64)
    variances, degrees = (
        np.stack([np.broadcast_to(np.asarray(part, np.float64), value.shape) for part in parts])
        for parts in (variances, degrees)
    )
    known = degrees > 0
    variances = np.where(known, variances, 0)
    total = variances.sum(axis=0)
    shares = np.divide(variances**2, degrees, out=np.zeros_like(variances), where=known).sum(axis=0)
    df = np.divide(total**2, shares, out=np.ones_like(total), where=shares > 0)
    error = np.where(known[0], np.sqrt(total), np.nan)
    reach = error * stats.t.ppf(0.975, df)
    ratio = np.divide(np.abs(value), error, out=np.where(value == 0, 0, np.inf), where=error != 0)
    return value - reach, value + reach, 2 * stats.t.sf(ratio, df)


def adjusted(p):
    """Return q-values of p-values (Benjamini and Hochberg 1995, https://doi.org/10.1111/j.2517-6161.1995.tb02031.x).

    nan stays nan, and counts for nothing.
    """
    p = np.asarray(p, np.float64)
    q, known = np.full(p.shape, np.nan), ~np.isnan(p)
    if known.any():
        q[known] = stats.false_discovery_control(p[known])
    return q


def wilcoxon(differences):
    """Return the p-value of Wilcoxon's signed-rank test (1945, https://doi.org/10.2307/3001968); nan without any.

    Parameters
    ----------
    differences : array_like, shape (T,)
        Those that are 0 or nan count for nothing.
    """
    differences = np.asarray(differences, np.float64)
    differences = differences[np.isfinite(differences) & (differences != 0)]
    return float(stats.wilcoxon(differences).pvalue) if len(differences) else np.nan
