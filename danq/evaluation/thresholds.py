"""From which probability on a bin is called a peak: chosen on the validation split."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from danq.data.dataset import Dataset, open_dataset
from danq.data.predictions import read_predictions
from danq.data.thresholds import COLUMNS
from danq.errors import DanqError
from danq.files import PathLike
from danq.records import Made, file_input, record_table

SPLIT = "valid"
"""The split that thresholds are chosen on: the test split is for measuring."""


class Threshold(NamedTuple):
    """A threshold, and what calling bins at or above it gives on the validation split.

    Attributes
    ----------
    threshold, precision, recall, f1 : float
        All nan where there is none.
    """

    threshold: float
    precision: float
    recall: float
    f1: float


NONE = Threshold(np.nan, np.nan, np.nan, np.nan)
"""No threshold: the target has no positive bin, or none that is precise enough."""


def choose_threshold(
    labels: NDArray[np.uint8], scores: NDArray[np.floating], fdr: float | None = None
) -> Threshold:
    """Choose the threshold of a target.

    Parameters
    ----------
    labels : numpy.ndarray, shape (n,), uint8
        0 or 1.
    scores : numpy.ndarray, shape (n,), float
        Probabilities.
    fdr : float, optional
        The largest share of called bins that may be negative; the lowest threshold that keeps to it
        is taken. None: the threshold of the highest F1.

    Returns
    -------
    Threshold
        `NONE` without a positive bin, or where no threshold keeps to `fdr`.

    Examples
    --------
    >>> labels = np.array([0, 0, 1, 1], dtype=np.uint8)
    >>> scores = np.array([0.1, 0.4, 0.3, 0.8])
    >>> found = choose_threshold(labels, scores)
    >>> float(found.threshold), round(float(found.f1), 3)
    (0.3, 0.8)
    >>> float(choose_threshold(labels, scores, fdr=0.1).threshold)
    0.8
    """
    if not labels.any():
        return NONE
    precision, recall, thresholds = precision_recall_curve(labels, scores)
    precision = precision[:-1]  # the last point, of precision 1 and recall 0, calls nothing
    recall = recall[:-1]
    both = precision + recall
    f1 = np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=both > 0)
    if fdr is None:
        best = int(np.argmax(f1))
    else:
        precise = np.flatnonzero((precision >= 1 - fdr) & (recall > 0))
        if not len(precise):
            return NONE
        best = int(precise[0])  # thresholds ascend
    return Threshold(thresholds[best], precision[best], recall[best], f1[best])


def thresholds(
    dataset: PathLike,
    predictions: Sequence[PathLike],
    output: PathLike,
    *,
    fdr: float | None = None,
) -> None:
    """Choose a threshold for each target by predictions of the validation split.

    Parameters
    ----------
    dataset : str or path-like
        dataset.h5.
    predictions : sequence of path
        Of ``danq predict --split valid``; several are averaged.
    output : str or path-like
        Table to make, columns `danq.data.thresholds.COLUMNS`; ``rule`` is ``best_f1``, or ``fdr_``
        and the share.
    fdr : float, optional
        As in `choose_threshold`.

    Raises
    ------
    DanqError
        A file cannot be used, or predictions are of other windows.
    """
    if fdr is not None and not 0 < fdr < 1:
        raise DanqError(f"--fdr {fdr:g} is not a share of called bins; give one between 0 and 1")
    rule = "best_f1" if fdr is None else f"fdr_{fdr:g}"
    with open_dataset(dataset) as data:
        scores = _mean_scores(data, predictions)
        labels = data.labels(SPLIT)
        names = data.names
        inputs = [data.as_input()]
    inputs += [file_input("predictions", path) for path in predictions]
    rows = []
    for target, name in enumerate(names):
        found = choose_threshold(labels[:, target], scores[:, target], fdr)
        n_positive = int(labels[:, target].sum())
        rows.append({"target": name, "rule": rule, "n_positive": n_positive, **found._asdict()})
    record_table(output, pd.DataFrame(rows)[COLUMNS], Made("thresholds", inputs))
    n_without = sum(np.isnan(row["threshold"]) for row in rows)
    if n_without:
        print(f"thresholds: {n_without} of {len(rows)} targets have none ({rule})")


def _mean_scores(data: Dataset, predictions: Sequence[PathLike]) -> NDArray[np.float64]:
    """Return the mean predictions of the validation split."""
    total = np.zeros((data.length(SPLIT), len(data.names)))
    for path in predictions:
        read = read_predictions(path)
        if read.windows != data.split_checksum(SPLIT):
            what = "not predictions of the validation split of this dataset"
            raise DanqError(f"{what}; make them with danq predict --split {SPLIT}", path)
        total += read.scores
    return total / len(predictions)
