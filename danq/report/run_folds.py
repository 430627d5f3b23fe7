"""The folds of a run, read back: what each tests, and where its trainings are."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from danq.data.dataset import Dataset
from danq.data.folds import fold_of_windows, sets_of


class FoldSet(NamedTuple):
    """What one fold tests.

    Attributes
    ----------
    regions : list of str
        Chromosomes and regions.
    windows, positives : int
        Test windows in them, and labels that these have.
    """

    regions: list[str]
    windows: int
    positives: int


def count_folds(metrics: pd.DataFrame) -> int:
    """Return the number of folds of a run by its metrics.tsv; 0 of a run with one split.

    Examples
    --------
    >>> count_folds(pd.DataFrame(columns=["auprc", "auprc_fold0", "auprc_fold1", "auprc_fold2"]))
    3
    """
    return sum(str(column).startswith("auprc_fold") for column in metrics.columns)


def fold_folders(folder: Path, n_folds: int) -> list[Path]:
    """Return where the trainings of each fold are; of a run with one split, its own folder.

    Parameters
    ----------
    folder : pathlib.Path
        ``results/<run>``.
    n_folds : int
        As `count_folds` returns it.

    Returns
    -------
    list of pathlib.Path
    """
    if n_folds == 0:
        return [folder]
    return [folder / f"fold{number}" for number in range(n_folds)]


def read_tested_sets(dataset: Dataset) -> list[FoldSet]:
    """Return what each fold tests, of a dataset of all folds; none of another dataset."""
    folds = fold_of_windows(dataset)
    if folds is None:
        return []
    sets = sets_of(dataset)
    labels = np.bitwise_count(dataset.packed_labels("test")).sum(axis=1, dtype=np.int64)
    windows = np.bincount(folds, minlength=len(sets))
    positives = np.bincount(folds, weights=labels, minlength=len(sets))
    tested = []
    for regions, n_windows, n_positives in zip(sets, windows, positives, strict=True):
        tested.append(FoldSet(regions, int(n_windows), int(n_positives)))
    return tested


def of_fold(places: Sequence[Path], folder: Path) -> list[int | None]:
    """Return the fold of each folder of a training; None for a run with one split.

    Parameters
    ----------
    places : sequence of pathlib.Path
        ``results/<run>/fold<k>/<model>/seed<s>``.
    folder : pathlib.Path
        ``results/<run>``.

    Returns
    -------
    list of int or None
    """
    folds: list[int | None] = []
    for place in places:
        own = place.parent.parent
        folds.append(None if own == folder else int(own.name.removeprefix("fold")))
    return folds
