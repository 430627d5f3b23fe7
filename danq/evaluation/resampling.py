"""Measures of a ranking in each replicate of a block bootstrap.

Beside `danq.evaluation.uncertainty.resampled_auprc`: areas under ROC curves, rank correlations and
shares. Each is what the plain measure gives on the drawn rows, a row as often as its block.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_CELLS = 1 << 23
"""Numbers of a table of replicates by rows that are in memory at once."""

Floats = NDArray[np.float64]


def resampled_auroc(
    labels: NDArray[np.bool_],
    scores: Floats,
    blocks: NDArray[np.integer],
    draws: NDArray[np.float32],
) -> Floats:
    """Return the area under the ROC curve in each replicate.

    Parameters
    ----------
    labels : numpy.ndarray, shape (N,), bool
        Which rows are positive.
    scores : numpy.ndarray, shape (N,)
        Higher is more positive.
    blocks : numpy.ndarray, shape (N,), int
        Block of each row.
    draws : numpy.ndarray, shape (R, B), float32
        How often each block is drawn.

    Returns
    -------
    numpy.ndarray, shape (R,), float64
        scikit-learn's ``roc_auc_score`` with the draws as ``sample_weight``; nan where no positive,
        or no negative, is drawn.
    """
    areas = np.full(len(draws), np.nan)
    for part in _parts(len(scores), len(draws)):
        weights = draws[part][:, blocks].astype(np.float64)
        ranks = _midranks(scores, weights)
        n_positive = weights[:, labels].sum(axis=1)
        n_negative = weights[:, ~labels].sum(axis=1)
        rank_sum = (weights * ranks)[:, labels].sum(axis=1)
        # Mann and Whitney 1947, https://doi.org/10.1214/aoms/1177730491: from the sum of ranks.
        above = rank_sum - n_positive * (n_positive + 1) / 2
        pairs = n_positive * n_negative
        np.divide(above, pairs, out=areas[part], where=pairs > 0)
    return areas


def resampled_spearman(
    x: Floats, y: Floats, blocks: NDArray[np.integer], draws: NDArray[np.float32]
) -> Floats:
    """Return Spearman's rank correlation in each replicate.

    Parameters
    ----------
    x, y : numpy.ndarray, shape (N,)
        Two numbers of each row.
    blocks : numpy.ndarray, shape (N,), int
        Block of each row.
    draws : numpy.ndarray, shape (R, B), float32
        How often each block is drawn.

    Returns
    -------
    numpy.ndarray, shape (R,), float64
        nan where all drawn values of x, or of y, are equal.
    """
    found = np.full(len(draws), np.nan)
    for part in _parts(len(x), len(draws)):
        weights = draws[part][:, blocks].astype(np.float64)
        found[part] = _correlation(_midranks(x, weights), _midranks(y, weights), weights)
    return found


def resampled_share(
    hits: NDArray[np.bool_],
    members: NDArray[np.bool_],
    blocks: NDArray[np.integer],
    draws: NDArray[np.float32],
) -> Floats:
    """Return the share of hits among the members, in each replicate.

    Parameters
    ----------
    hits, members : numpy.ndarray, shape (N,), bool
        Which rows are counted, and among which.
    blocks : numpy.ndarray, shape (N,), int
        Block of each row.
    draws : numpy.ndarray, shape (R, B), float32
        How often each block is drawn.

    Returns
    -------
    numpy.ndarray, shape (R,), float64
        nan where no member is drawn.
    """
    n_blocks = draws.shape[1]
    n_hits = draws @ np.bincount(blocks[hits & members], minlength=n_blocks)
    n_members = draws @ np.bincount(blocks[members], minlength=n_blocks)
    shares = np.full(len(draws), np.nan)
    return np.divide(n_hits, n_members, out=shares, where=n_members > 0)


def _parts(n_rows: int, n_replicates: int) -> list[slice]:
    """Return the replicates in parts that fit into memory."""
    size = max(1, MOST_CELLS // max(n_rows, 1))
    return [slice(start, start + size) for start in range(0, n_replicates, size)]


class _Groups(NamedTuple):
    """Rows by their value: their order, where each value begins, and the value of each row."""

    order: NDArray[np.intp]
    first: NDArray[np.intp]
    value: NDArray[np.intp]


def _groups(values: Floats) -> _Groups:
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    is_new = np.ones(len(values), dtype=bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    value = np.empty(len(values), dtype=np.intp)
    value[order] = np.cumsum(is_new) - 1
    return _Groups(order, np.flatnonzero(is_new), value)


def _midranks(values: Floats, weights: Floats) -> Floats:
    """Return the ranks (R, N) of rows that occur as often as their weights (R, N) say, from 1.

    Equal values share their mean rank.
    """
    groups = _groups(values)
    totals = np.add.reduceat(weights[:, groups.order], groups.first, axis=1)
    ends = np.cumsum(totals, axis=1)
    ranks = ends - (totals - 1) / 2
    return ranks[:, groups.value]


def _correlation(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Return the weighted Pearson correlation of each row of two tables, (R,)."""
    total = weights.sum(axis=1, keepdims=True)
    dx = x - (weights * x).sum(axis=1, keepdims=True) / total
    dy = y - (weights * y).sum(axis=1, keepdims=True) / total
    shared = (weights * dx * dy).sum(axis=1)
    own = (weights * dx**2).sum(axis=1) * (weights * dy**2).sum(axis=1)
    # What is left of equal ranks by rounding is no variance.
    varies = own > 1e-9 * total[:, 0] ** 2
    found = np.full(len(x), np.nan)
    return np.divide(shared, np.sqrt(own), out=found, where=varies)
