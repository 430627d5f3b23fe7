"""Windows ranked by the scores of one target: what every metric is computed from.

A threshold that no positive reaches adds no recall, and a count of negatives needs no labels. So a
target's scores are sorted once, without their labels, and its positives' scores apart; two searches
then count how many of either lie at or above, and above, each threshold that matters. Everything
else is arithmetic on these few numbers, ties included: there is no order of all labels, and no
curve through all windows.
"""

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from danq.errors import DanqError

TARGETS_AT_ONCE = 16
"""Targets that are read at once: where the scores of a window lie side by side, those of 16 fill a
cache line."""

WINDOWS_AT_ONCE = 512
"""Windows that are read at once: they stay in the cache until the last target is copied."""

ROUNDING = 1e-12
"""How far a recall may fall short of the requested one: 0.1 + 0.2 is 3 positives of 10, not 4."""


class Thresholds(NamedTuple):
    """Counts at each score that a positive has, from the highest score down.

    Attributes
    ----------
    gained : numpy.ndarray, shape (K,), int64
        Positives with exactly this score.
    true_positives : numpy.ndarray, shape (K,), int64
        Positives with at least this score.
    predicted : numpy.ndarray, shape (K,), int64
        Windows with at least this score.
    above : numpy.ndarray, shape (K,), int64
        Windows with a higher score.
    precision : numpy.ndarray, shape (K,), float64
        True positives among the predicted.
    """

    gained: NDArray[np.int64]
    true_positives: NDArray[np.int64]
    predicted: NDArray[np.int64]
    above: NDArray[np.int64]
    precision: NDArray[np.float64]


class Bins(NamedTuple):
    """Windows by bins of equal width over [0, 1]; a score on a border lies in the lower bin.

    Attributes
    ----------
    score : numpy.ndarray, shape (bins,), float64
        Sum of the scores of each bin.
    positives : numpy.ndarray, shape (bins,), int64
        Its positive windows.
    n : numpy.ndarray, shape (bins,), int64
        Its windows.
    """

    score: NDArray[np.float64]
    positives: NDArray[np.int64]
    n: NDArray[np.int64]


class Ranking:
    """The windows of one target, their scores sorted once.

    Parameters
    ----------
    positive : numpy.ndarray, shape (N,), bool
        Which windows are positive.
    scores : numpy.ndarray, shape (N,), float32 or float64
        Higher is more positive.

    Attributes
    ----------
    positive, scores : numpy.ndarray
        The parameters.
    ordered : numpy.ndarray, shape (N,)
        The scores in ascending order, nan last.
    positive_scores : numpy.ndarray, shape (P,)
        Those of the positive windows, in ascending order.
    n, n_positive, n_negative : int
        Numbers of windows.
    """

    def __init__(self, positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> None:
        self.positive = positive
        self.scores = scores
        self.ordered = np.sort(scores)
        self.positive_scores = np.sort(scores[positive])
        self.n = len(scores)
        self.n_positive = len(self.positive_scores)
        self.n_negative = self.n - self.n_positive

    @property
    def is_defined(self) -> bool:
        """Whether there are positives and negatives, and every window has a score."""
        if self.n_positive == 0 or self.n_negative == 0:
            return False
        return not np.isnan(self.ordered[-1])

    @property
    def is_probability(self) -> bool:
        """Whether there are scores, and all lie between 0 and 1; nan does not."""
        if self.n == 0:
            return False
        lowest = self.ordered[0]
        highest = self.ordered[-1]
        return bool(lowest >= 0 and highest <= 1)

    @cached_property
    def thresholds(self) -> Thresholds:
        """The counts at each score that a positive has."""
        scores, gained = np.unique(self.positive_scores, return_counts=True)
        gained = gained[::-1]
        true_positives = np.cumsum(gained)
        predicted = self._count_above(scores, "left")
        above = self._count_above(scores, "right")
        precision = true_positives / predicted
        return Thresholds(gained, true_positives, predicted, above, precision)

    def _count_above(
        self, scores: NDArray[np.floating], side: Literal["left", "right"]
    ) -> NDArray[np.int64]:
        """Count windows at or above ("left"), or above ("right"), each score, the highest first."""
        return self.n - np.searchsorted(self.ordered, scores, side)[::-1]

    def precision_at(self, recalls: ArrayLike) -> NDArray[np.float64]:
        """Return the precision where the recall reaches given values.

        Parameters
        ----------
        recalls : array_like, shape (R,)
            Between 0 and 1.

        Returns
        -------
        numpy.ndarray, shape (R,), float64
            As `danq.evaluation.metrics.precision_at`.
        """
        least = np.asarray(recalls) - ROUNDING
        precision = np.full(len(least), np.nan)
        if not self.is_defined:
            return precision
        recall = self.thresholds.true_positives / self.n_positive
        threshold = np.searchsorted(recall, least)
        reached = threshold < len(recall)
        precision[reached] = self.thresholds.precision[threshold[reached]]
        return precision

    def binned(self, bins: int) -> Bins:
        """Count the windows in this number of bins; their scores must be probabilities."""
        # Borders are compared, and sums are made, in float64.
        ordered = self.ordered.astype(np.float64)
        borders = np.linspace(0, 1, bins + 1)[1:-1]
        ends = np.searchsorted(ordered, borders, "right")
        positive_ends = np.searchsorted(self.positive_scores, borders, "right")
        sums = []
        for start, end in pairwise([0, *ends, self.n]):
            sums.append(ordered[start:end].sum())
        positives = np.diff(positive_ends, prepend=0, append=self.n_positive)
        n = np.diff(ends, prepend=0, append=self.n)
        return Bins(np.array(sums), positives, n)


class Columns(NamedTuple):
    """Labels and scores of some targets, contiguous along the windows.

    Attributes
    ----------
    positive : numpy.ndarray, shape (C, N), bool
        Which windows are positive.
    scores : numpy.ndarray, shape (C, N), float32 or float64
    """

    positive: NDArray[np.bool_]
    scores: NDArray[np.floating]


def blocks_of_targets(n_targets: int, size: int = TARGETS_AT_ONCE) -> list[slice]:
    """Return the targets in blocks that are read at once.

    Parameters
    ----------
    n_targets : int
        T.
    size : int
        Targets of a block; the last may have fewer.

    Returns
    -------
    list of slice
        Each the targets of one block.

    Examples
    --------
    >>> blocks_of_targets(20)
    [slice(0, 16, None), slice(16, 20, None)]
    """
    step = max(size, 1)
    blocks = []
    for start in range(0, n_targets, step):
        end = min(start + step, n_targets)
        blocks.append(slice(start, end))
    return blocks


def rankings(
    labels: NDArray[np.generic], scores: NDArray[np.generic], columns: slice
) -> Iterator[Ranking]:
    """Rank the windows of some targets.

    Parameters
    ----------
    labels, scores : numpy.ndarray, shape (N, T)
        As `danq.evaluation.metrics.measure`.
    columns : slice
        C targets, which are read at once.

    Yields
    ------
    Ranking
        One for each of these targets.

    Raises
    ------
    DanqError
        As `read_targets`.
    """
    block = read_targets(labels, scores, columns)
    for positive, column in zip(block.positive, block.scores, strict=True):
        yield Ranking(positive, column)


def read_targets(
    labels: NDArray[np.generic], scores: NDArray[np.generic], columns: slice
) -> Columns:
    """Read some targets, window by window in one pass over both arrays.

    Parameters
    ----------
    labels, scores : numpy.ndarray, shape (N, T)
        As `danq.evaluation.metrics.measure`.
    columns : slice
        C targets; up to `TARGETS_AT_ONCE` cost about as much as one.

    Returns
    -------
    Columns
        Labels and scores of these targets.

    Raises
    ------
    DanqError
        Labels other than 0 and 1.
    """
    values = _transposed(labels, columns, labels.dtype)
    positive = values == 1
    negative = values == 0
    if not (positive | negative).all():
        which = f"labels of targets {columns.start} to {columns.stop - 1}"
        raise DanqError(f"{which} are not all 0 or 1; give 1 for positive and 0 for negative")
    precision = np.result_type(scores.dtype, np.float32)
    return Columns(positive, _transposed(scores, columns, precision))


def _transposed(array: NDArray[np.generic], columns: slice, dtype: DTypeLike) -> NDArray:
    """Return columns of an array as contiguous rows."""
    n_targets = columns.stop - columns.start
    copy = np.empty((n_targets, len(array)), dtype)
    for start in range(0, len(array), WINDOWS_AT_ONCE):
        rows = slice(start, start + WINDOWS_AT_ONCE)
        copy[:, rows] = array[rows, columns].T
    return copy
