"""The test split of a dataset, and metrics on it: in each fold, where it is of several."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.data.dataset import Dataset
from danq.data.folds import fold_of_windows
from danq.evaluation import uncertainty
from danq.evaluation.metrics import METRICS, measure


class Split(NamedTuple):
    """The windows on which models are compared.

    Attributes
    ----------
    labels : numpy.ndarray, shape (N, T), uint8
        1 where a window is positive.
    facts : pandas.DataFrame
        A row per target: target (its index), name, group.
    blocks : numpy.ndarray, shape (N,), int64
        Genomic block of each window, see `danq.evaluation.uncertainty.genomic_blocks`.
    folds : numpy.ndarray, shape (N,), int64, or None
        Fold that tests each window, from 0; None of a single split.
    """

    labels: NDArray[np.uint8]
    facts: pd.DataFrame
    blocks: NDArray[np.int64]
    folds: NDArray[np.int64] | None = None

    @property
    def n_folds(self) -> int:
        """Number of folds; 1 of a single split."""
        return 1 if self.folds is None else int(self.folds.max()) + 1

    def rows(self) -> list[slice | NDArray[np.bool_]]:
        """Return which windows each fold tests; all for a single split."""
        if self.folds is None:
            return [slice(None)]
        return [self.folds == fold for fold in range(self.n_folds)]

    def of_targets(self, targets: Sequence[int]) -> "Split":
        """Return the same windows with some of the targets, by their numbers."""
        chosen = list(targets)
        facts = self.facts.iloc[chosen]
        return self._replace(labels=self.labels[:, chosen], facts=facts.reset_index(drop=True))


class Measured(NamedTuple):
    """Metrics of one training, or of a baseline, on a test split.

    Attributes
    ----------
    mean : dict of str to numpy.ndarray, shape (T,), float64
        By name: means over the folds in which they are defined.
    by_fold : dict of str to numpy.ndarray, shape (K, T), float64
        In each fold; of a single split, K is 1.
    """

    mean: dict[str, NDArray[np.float64]]
    by_fold: dict[str, NDArray[np.float64]]


def read_test_split(dataset: Dataset) -> Split:
    """Return the windows of the test split of a dataset, and the block and fold of each."""
    names = dataset.names
    columns = {"target": range(len(names)), "name": names, "group": dataset.groups}
    windows = dataset.positions("test")
    blocks = uncertainty.genomic_blocks(windows.chrom, windows.start)
    facts = pd.DataFrame(columns)
    return Split(dataset.labels("test"), facts, blocks, fold_of_windows(dataset))


def measure_split(
    test: Split,
    scores: NDArray[np.floating],
    threads: int = 1,
    names: Sequence[str] = METRICS,
) -> Measured:
    """Measure scores on a test split, fold by fold where it has folds.

    The networks of two folds are two: a probability of one need not be a probability of the other,
    so that windows of several folds are never ranked together (Forman and Scholz 2010,
    https://doi.org/10.1145/1882471.1882479).

    Parameters
    ----------
    test : Split
        The windows.
    scores : numpy.ndarray, shape (N, T)
        Higher is more positive.
    threads : int
        CPU threads; they change no result.
    names : sequence of str
        Which metrics, see `danq.evaluation.metrics.measure`.

    Returns
    -------
    Measured
    """
    measured = []
    for rows in test.rows():
        measured.append(measure(test.labels[rows], scores[rows], threads, names))
    by_fold = {name: np.stack([values[name] for values in measured]) for name in names}
    mean = {name: mean_of_defined(values) for name, values in by_fold.items()}
    return Measured(mean, by_fold)


def mean_of_defined(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the mean over the first axis of what is not nan; nan where all is."""
    if len(values) == 1:
        return values[0]
    known = ~np.isnan(values)
    sums = np.where(known, values, 0).sum(axis=0, dtype=np.float64)
    means = np.full(sums.shape, np.nan)
    return np.divide(sums, known.sum(axis=0), out=means, where=known.any(axis=0))


def fold_columns(prefix: str, by_fold: NDArray[np.float64]) -> Mapping[str, NDArray[np.float64]]:
    """Return the values in each fold as columns of a table.

    Parameters
    ----------
    prefix : str
        What the columns are called, before the number of the fold.
    by_fold : numpy.ndarray, shape (K, T)
        The values.

    Returns
    -------
    dict of str to numpy.ndarray, shape (T,)
        None of a single split.

    Examples
    --------
    >>> list(fold_columns("auprc", np.zeros((3, 2))))
    ['auprc_fold0', 'auprc_fold1', 'auprc_fold2']
    """
    if len(by_fold) == 1:
        return {}
    return {f"{prefix}_fold{fold}": values for fold, values in enumerate(by_fold)}
