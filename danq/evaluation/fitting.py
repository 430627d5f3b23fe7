"""What the fitted baselines share: their windows, tables of features, a classifier a target."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from danq.data.dataset import Dataset
from danq.genome import bins, sequence
from danq.progress import Bar

if TYPE_CHECKING:
    from sklearn.preprocessing import StandardScaler

MOST_WINDOWS = 200_000
"""Training windows that a baseline is fitted on, at most."""

MOST_CELLS = 200_000_000
"""These windows times features, at most: a table of 0.8 GB."""

_READ = 4096  # windows read at once
_PREDICTED = 16_384  # windows predicted at once


# --- windows ---


class Sample(NamedTuple):
    """Training windows that a baseline is fitted on.

    Attributes
    ----------
    rows : numpy.ndarray, shape (n,), int64
        Rows of the training split, ascending.
    weights : numpy.ndarray, shape (n,), float64, or None
        How many windows each stands for, less or more than the mean of all, which is 1; None where
        each stands for itself alone.
    """

    rows: NDArray[np.int64]
    weights: NDArray[np.float64] | None


def sample_windows(data: Dataset, most: int) -> Sample:
    """Choose the training windows that a baseline is fitted on.

    Of training bins that overlap, only those count that lie side by side from the start of their
    chromosome: neighbours that share most of their bases have nearly the same features and labels,
    and cost memory and time. Of more than `most`, windows with a label are the half, or all of them
    where they are fewer, since they are rare and every target learns from them; windows without a
    label fill the rest. Either kind is taken at equal distances, and weighs as much as in the whole
    split, so that probabilities stay those of the whole split. The mean weight is 1: a penalty on
    the size of coefficients or leaves would count for less, the more windows each one stands for.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
        The open file.
    most : int
        How many are chosen, at most.

    Returns
    -------
    Sample
    """
    rows = side_by_side_rows(data)
    if len(rows) <= most:
        return Sample(rows, None)
    labels = read_rows(partial(data.packed_labels, "train"), rows)
    labelled = np.any(labels, axis=1)
    kinds = [rows[labelled], rows[~labelled]]
    n_labelled = min(len(kinds[0]), max(most // 2, most - len(kinds[1])))
    chosen = []
    weights = []
    for kind, n_chosen in zip(kinds, (n_labelled, most - n_labelled), strict=True):
        chosen.append(kind[evenly_spaced(len(kind), n_chosen)])
        weights.append(np.full(n_chosen, len(kind) / max(1, n_chosen)))
    together = np.concatenate(chosen)
    order = np.argsort(together)
    stands_for = np.concatenate(weights)[order]
    return Sample(together[order], stands_for / stands_for.mean())


def side_by_side_rows(data: Dataset) -> NDArray[np.int64]:
    """Return the rows of training bins that do not overlap; all rows without coordinates."""
    rows = np.arange(data.length("train"))
    if data.attributes["coordinates"] == "genome":
        bin_starts = data.positions("train").start + bins.flank(data.window, data.bin_size)
        side_by_side = np.flatnonzero(bin_starts % data.bin_size == 0)
        if len(side_by_side):
            return side_by_side
    return rows


def evenly_spaced(n: int, most: int) -> NDArray[np.int64]:
    """Choose some of n things at equal distances.

    Parameters
    ----------
    n : int
        How many there are.
    most : int
        How many are chosen, at most.

    Returns
    -------
    numpy.ndarray, shape (min(n, most),), int64
        Their numbers, ascending.

    Examples
    --------
    >>> evenly_spaced(10, 4).tolist(), evenly_spaced(2, 4).tolist()
    ([0, 2, 5, 7], [0, 1])
    """
    n_chosen = min(n, most)
    return np.arange(n_chosen) * n // max(1, n_chosen)


def read_rows(
    read: Callable[[slice], NDArray[np.uint8]], rows: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Read some rows of an array on the disk, a block of neighbouring ones at a time.

    Parameters
    ----------
    read : callable
        Takes a slice of rows and returns them.
    rows : numpy.ndarray, shape (n,), int64
        Which rows, ascending.

    Returns
    -------
    numpy.ndarray, shape (n, ...), uint8
    """
    parts = [read(slice(0, 0))]
    if len(rows) == 0:
        return parts[0]
    first_row = int(rows[0])
    for start in range(first_row, int(rows[-1]) + 1, _READ):
        first, last = np.searchsorted(rows, [start, start + _READ])
        if first < last:
            block = read(slice(start, start + _READ))
            parts.append(block[rows[first:last] - start])
    return np.concatenate(parts)


def blocks_of_bases(
    data: Dataset, split: str, rows: NDArray[np.int64]
) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
    """Yield the bases of some windows, a block at a time.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
        The open file.
    split : str
        train, valid or test.
    rows : numpy.ndarray, shape (n,), int64
        Which windows of the split, ascending.

    Yields
    ------
    slice
        Which of `rows` the block has.
    numpy.ndarray, shape (m, L), uint8
        Their bases, 0 to 3, 4 for N.
    """
    for start in range(0, len(rows), _READ):
        block = slice(start, min(start + _READ, len(rows)))
        packed = read_rows(partial(data.packed_sequences, split), rows[block])
        yield block, sequence.unpack_indices(packed, data.window)


# --- features ---


class Features(NamedTuple):
    """What a baseline sees of a window.

    Attributes
    ----------
    n : int
        Number of features.
    compute : callable
        Takes bases (m, L), uint8, and returns features (m, n), float32.
    """

    n: int
    compute: Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def feature_table(
    data: Dataset, split: str, rows: NDArray[np.int64], features: Features
) -> NDArray[np.float32]:
    """Compute the features of some windows.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
        The open file.
    split : str
        train, valid or test.
    rows : numpy.ndarray, shape (m,), int64
        Which windows of the split, ascending.
    features : Features
        What is computed.

    Returns
    -------
    numpy.ndarray, shape (m, n), float32
    """
    table = np.empty((len(rows), features.n), dtype=np.float32)
    for block, indices in blocks_of_bases(data, split, rows):
        table[block] = features.compute(indices)
    return table


# --- a classifier for each target ---


Columns = slice | NDArray[np.int64]
"""Some columns of a table of features."""

ChooseColumns = Callable[[NDArray[np.float32], NDArray[np.uint8], int], Columns]
"""Takes a table of features (m, n), the labels of a target (m,) and its index."""


class Classifier(Protocol):
    """A classifier as scikit-learn has them."""

    def fit(self, X: Any, y: Any, *, sample_weight: Any) -> Any:
        """Fit it.

        Parameters
        ----------
        X : array_like, shape (m, n)
            Features of windows.
        y : array_like, shape (m,)
            Their labels.
        sample_weight : array_like, shape (m,)
            Their weights.

        Returns
        -------
        object
            The classifier itself.
        """

    def predict_proba(self, X: Any) -> NDArray[np.floating]:
        """Return the probabilities (m, 2) of both labels."""


class FittedBaseline(NamedTuple):
    """Classifiers by target, and what they see.

    Attributes
    ----------
    features : Features
        Computed of each window.
    scaler : sklearn.preprocessing.StandardScaler or None
        Standardises them, in place; None where no target has a classifier.
    classifiers : dict of int to Classifier
        By the index of each target that has one.
    columns : dict of int to slice or numpy.ndarray
        Which features the classifier of a target sees.
    """

    features: Features
    scaler: "StandardScaler | None"
    classifiers: Mapping[int, Classifier]
    columns: Mapping[int, Columns]

    def predict(self, data: Dataset, split: str) -> NDArray[np.float32]:
        """Predict all windows of a split.

        Parameters
        ----------
        data : danq.data.dataset.Dataset
            The open file.
        split : str
            train, valid or test.

        Returns
        -------
        numpy.ndarray, shape (N, T), float32
            Probabilities; nan for targets without a classifier.
        """
        n = data.length(split)
        scores = np.full((n, len(data.names)), np.nan, dtype=np.float32)
        if self.scaler is None:
            return scores
        for start in range(0, n, _PREDICTED):
            rows = np.arange(start, min(start + _PREDICTED, n))
            table = feature_table(data, split, rows, self.features)
            table = self.scaler.transform(table)
            with threadpool_limits(1):
                for target, classifier in self.classifiers.items():
                    seen = table[:, self.columns[target]]
                    scores[rows, target] = classifier.predict_proba(seen)[:, 1]
        return scores


def every_column(table: NDArray[np.float32], labels: NDArray[np.uint8], target: int) -> Columns:
    """Choose all columns: every target sees the same features.

    Parameters
    ----------
    table : numpy.ndarray, shape (m, n), float32
        Features.
    labels : numpy.ndarray, shape (m,), uint8
        Of the target.
    target : int
        Its index.

    Returns
    -------
    slice
    """
    return slice(None)


class Plan(NamedTuple):
    """How a baseline is fitted.

    Attributes
    ----------
    title : str
        What the progress bar says.
    features : Features
        What is computed of each window.
    classifier : callable
        Makes a classifier that is not fitted yet.
    targets : sequence of int
        Indices of the targets that it can know.
    choose_columns : callable
        Takes the table of features (m, n), the labels of a target (m,) and its index, and returns
        which features its classifier sees.
    most_windows : int
        Windows that it is fitted on, at most; fewer with more features than `MOST_CELLS` allow.
    """

    title: str
    features: Features
    classifier: Callable[[], Classifier]
    targets: range | list[int]
    choose_columns: ChooseColumns = every_column
    most_windows: int = MOST_WINDOWS


def fit_baseline(data: Dataset, plan: Plan, threads: int = 1) -> FittedBaseline:
    """Fit a classifier for each target that has both labels.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
        The open file; its training split is used.
    plan : Plan
        How.
    threads : int
        Targets are shared among as many threads, and change no result.

    Returns
    -------
    FittedBaseline
    """
    most = min(plan.most_windows, MOST_CELLS // max(1, plan.features.n))
    sample = sample_windows(data, most)
    labels = read_rows(partial(data.labels, "train"), sample.rows)
    n_positive = labels.sum(axis=0, dtype=np.int64)
    targets = [target for target in plan.targets if 0 < n_positive[target] < len(labels)]
    if not targets:
        return FittedBaseline(plan.features, None, {}, {})
    table = feature_table(data, "train", sample.rows, plan.features)
    scaler = _standardise(table)

    def fit_target(target: int) -> tuple[Columns, Classifier]:
        columns = plan.choose_columns(table, labels[:, target], target)
        classifier = plan.classifier()
        classifier.fit(table[:, columns], labels[:, target], sample_weight=sample.weights)
        return columns, classifier

    # OpenMP keeps a limit for each thread that calls it: every worker has to set its own.
    workers = ThreadPoolExecutor(threads, initializer=threadpool_limits, initargs=(1,))
    with threadpool_limits(1), workers as pool:
        fitted = pool.map(fit_target, targets)
        bar = Bar(fitted, plan.title, len(targets), unit="target")
        by_target = dict(zip(targets, bar, strict=True))
    columns = {target: columns for target, (columns, _) in by_target.items()}
    classifiers = {target: classifier for target, (_, classifier) in by_target.items()}
    return FittedBaseline(plan.features, scaler, classifiers, columns)


def _standardise(table: NDArray[np.float32]) -> "StandardScaler":
    """Standardise a table in place, a block of rows at a time; return what does it."""
    from sklearn.preprocessing import StandardScaler  # slow to load

    scaler = StandardScaler(copy=False)
    blocks = [table[start : start + _READ] for start in range(0, len(table), _READ)]
    for block in blocks:
        scaler.partial_fit(block)
    for block in blocks:
        scaler.transform(block)
    return scaler
