"""What networks predict for positive windows and for decoys of a simulated run, as histograms."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from danq.data.dataset import Dataset, open_dataset
from danq.data.predictions import read_predictions
from danq.evaluation.tables import read_decoys
from danq.genome.bins import SPLITS

ELEMENTS = "simulated/elements.tsv.gz"
"""Where the rules hold and where they are broken, in the folder of a run."""

BINS = 20
"""Bins of probability, of equal width."""

COLUMNS = ["model", "target", "kind", "bin", "n"]
"""Of the table: kind is positive or decoy, n the number of windows."""


def read_decoy_scores(folder: Path, trainings: Sequence[Path]) -> pd.DataFrame:
    """Count the test windows of each target by what a network predicts for them.

    Parameters
    ----------
    folder : path
        ``results/<run>``.
    trainings : sequence of path
        Its folders of trainings; the first of each model with predictions counts.

    Returns
    -------
    pandas.DataFrame
        The columns of `COLUMNS`, for targets that have decoys; without rows for a run that is not
        simulated, or whose predictions are not of the test split (in folds).
    """
    dataset = folder / "dataset.h5"
    elements = folder / ELEMENTS
    if not (dataset.exists() and elements.exists()):
        return pd.DataFrame(columns=COLUMNS)
    with open_dataset(dataset) as data:
        tables = list(_of_models(data, elements, trainings))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def _of_models(data: Dataset, elements: Path, trainings: Sequence[Path]) -> Iterator[pd.DataFrame]:
    """Yield the counts of the first training of each model."""
    test = SPLITS[-1]
    labels = data.labels(test) == 1
    decoys = read_decoys(data, elements) & ~labels
    checksum = data.split_checksum(test)
    seen: set[str] = set()
    for training in trainings:
        path = training / "predictions.h5"
        model = training.parent.name
        if model not in seen and path.exists():
            predictions = read_predictions(path)
            if predictions.windows == checksum:
                seen.add(model)
                yield count_scores(model, predictions.scores, labels, decoys)


def count_scores(
    model: str,
    scores: np.ndarray,
    labels: np.ndarray,
    decoys: np.ndarray,
) -> pd.DataFrame:
    """Count the windows of each target with decoys by the probability of one model.

    Parameters
    ----------
    model : str
        Its name.
    scores : numpy.ndarray, shape (N, T)
        Probabilities.
    labels, decoys : numpy.ndarray, shape (N, T), bool
        Which windows are positive, and which are decoys and not positive.

    Returns
    -------
    pandas.DataFrame
        The columns of `COLUMNS`.
    """
    edges = np.linspace(0, 1, BINS + 1)
    rows = []
    for target in np.flatnonzero(decoys.any(axis=0)).tolist():
        for kind, members in (("positive", labels), ("decoy", decoys)):
            counts, _ = np.histogram(scores[members[:, target], target], edges)
            rows += [(model, target, kind, rank, int(n)) for rank, n in enumerate(counts)]
    return pd.DataFrame(rows, columns=COLUMNS)
