"""Predictions of each fold's test windows as one file: of the whole genome, out of fold."""

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.data.dataset import Dataset, open_dataset
from danq.data.folds import fold_of_windows
from danq.data.predictions import (
    Predictions,
    create_predictions,
    read_predictions,
    write_predictions,
)
from danq.errors import DanqError
from danq.files import PathLike
from danq.progress import Bar
from danq.records import Input, combined, read_head

OF_FOLDS = "datasets of folds"
"""Role of the folds' datasets in the record of joined predictions, all as one input."""

PREDICTIONS = "predictions of folds"
"""Role of their predictions, likewise."""

_ROWS = 4096  # windows joined at once


class Joined(NamedTuple):
    """Where the prediction of each window is.

    Attributes
    ----------
    parts : list of danq.data.predictions.Predictions
        Those of each fold.
    fold, row : numpy.ndarray, shape (N,), int64
        Of each test window of all folds: in which of them, and where in it.
    unknown : numpy.ndarray, shape (T,), bool
        Targets that some fold could not predict.
    checksums : list of str
        Of the datasets of the folds.
    """

    parts: list[Predictions]
    fold: NDArray[np.int64]
    row: NDArray[np.int64]
    unknown: NDArray[np.bool_]
    checksums: list[str]

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield the scores of some thousand windows at once, (n, T), in the order of the windows.

        What one fold could not predict is nan in all.
        """
        starts = range(0, len(self.fold), _ROWS)
        for start in Bar(starts, "join", unit="block"):
            folds = self.fold[start : start + _ROWS]
            rows = self.row[start : start + _ROWS]
            scores = np.empty((len(folds), len(self.unknown)), dtype=np.float32)
            for number, part in enumerate(self.parts):
                here = folds == number
                scores[here] = part.scores[rows[here]]
            scores[:, self.unknown] = np.nan
            yield scores


def join_folds(
    dataset: PathLike,
    folds: Sequence[PathLike],
    predictions: Sequence[PathLike],
    output: PathLike,
) -> None:
    """Join the predictions of one model and seed, or of a baseline, over all folds.

    Parameters
    ----------
    dataset : path
        dataset.h5 of all folds, whose test windows are predicted.
    folds : sequence of path
        The dataset.h5 of every fold, in their order.
    predictions : sequence of path
        The predictions of the test split of each, in the same order.
    output : path
        predictions.h5 to make. A target that one fold could not predict is unknown in it.

    Raises
    ------
    DanqError
        A file is missing, given twice, or not of these folds; or predictions of another model, seed
        or split.
    """
    if len(folds) != len(predictions):
        raise DanqError("--folds and --predictions differ in number; give one for each fold")
    parts = [read_predictions(path) for path in predictions]
    for part, path in zip(parts, predictions, strict=True):
        if (part.model, part.seed) != (parts[0].model, parts[0].seed):
            who = f"{parts[0].model}, seed {parts[0].seed}"
            raise DanqError(f"is not of {who}, as the first; join those of one training seed", path)
    heads = [read_head(path, "make it again with danq predict") for path in predictions]
    with open_dataset(dataset) as data:
        joined = _find_rows(data, folds, predictions, parts)
        windows = data.split_checksum("test")
        _warn_of_unknown(data.names, joined.unknown)
        made_from = [data.as_input(), combined(OF_FOLDS, folds, joined.checksums)]
    made_from.append(combined(PREDICTIONS, predictions, [head.sha256 for head in heads]))
    _write(output, joined, windows, made_from)


def _find_rows(
    data: Dataset,
    folds: Sequence[PathLike],
    predictions: Sequence[PathLike],
    parts: list[Predictions],
) -> Joined:
    """Find the prediction of each test window of all folds."""
    fold = fold_of_windows(data)
    if fold is None:
        raise DanqError("is not of all folds; make it with danq extract --fold all", data.path)
    n_folds = len(data.source["folds"])
    if len(folds) != n_folds:
        raise DanqError(f"has {n_folds} folds, and {len(folds)} are given; give all", data.path)
    row = np.full(len(fold), -1, dtype=np.int64)
    unknown = np.zeros(len(data.names), dtype=bool)
    checksums = []
    for number, (path, part) in enumerate(zip(folds, parts, strict=True)):
        here = np.flatnonzero(fold == number)
        with open_dataset(path) as fold_data:
            _refuse_other_fold(data, fold_data, number)
            if part.windows != fold_data.split_checksum("test"):
                what = f"does not predict the test windows of {path}"
                raise DanqError(f"{what}; predict its test split", predictions[number])
            row[here] = _match(data, fold_data, here)
            checksums.append(fold_data.checksum)
        unknown |= np.isnan(part.scores[0])
    return Joined(parts, fold, row, unknown, checksums)


def _refuse_other_fold(data: Dataset, fold_data: Dataset, number: int) -> None:
    """Refuse a dataset that is not this fold of the same files."""
    expected = {"number": number, "of": len(data.source["folds"])}
    if fold_data.source.get("fold") != expected:
        what = f"is not fold {number} of {expected['of']}"
        raise DanqError(f"{what}; give the datasets of all folds in their order", fold_data.path)
    for what in ("genome", "peaks"):
        if _checksums(fold_data, what) != _checksums(data, what):
            problem = f"was made from other {what} than {data.path}"
            raise DanqError(f"{problem}; extract all folds again", fold_data.path)


def _checksums(data: Dataset, what: str) -> list[str]:
    """Return the checksums of the files of a kind that a dataset was made from."""
    files = data.source.get(what, [])
    return [file["sha256"] for file in (files if isinstance(files, list) else [files])]


def _match(data: Dataset, fold_data: Dataset, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where some test windows of all folds are among those of one."""
    positions = data.positions("test")
    wanted = np.column_stack([positions.chrom[rows], positions.start[rows]])
    own = np.column_stack(fold_data.positions("test"))
    order = np.lexsort((own[:, 1], own[:, 0]))
    sorted_rows = np.empty(len(rows), dtype=np.int64)
    by_place = np.lexsort((wanted[:, 1], wanted[:, 0]))
    same = len(own) == len(wanted) and np.array_equal(own[order], wanted[by_place])
    if not same:
        problem = f"has other test windows than this fold in {data.path}"
        raise DanqError(f"{problem}; extract all folds again", fold_data.path)
    sorted_rows[by_place] = order
    return sorted_rows


def _warn_of_unknown(names: Sequence[str], unknown: NDArray[np.bool_]) -> None:
    if unknown.any() and not unknown.all():
        lost = [name for name, is_lost in zip(names, unknown, strict=True) if is_lost]
        text = ", ".join(lost[:8])
        more = f" and {len(lost) - 8} more" if len(lost) > 8 else ""
        print(f"targets without predictions in some fold: {text}{more}", file=sys.stderr)


def _write(output: PathLike, joined: Joined, windows: str, inputs: Sequence[Input]) -> None:
    """Write the joined predictions; those of a baseline with its mean AUPRC on validation."""
    first = joined.parts[0]
    if first.validation is not None:
        scores = np.concatenate(list(joined.blocks()))
        areas = _mean_areas(joined.parts)
        write_predictions(
            output, scores, first.model, first.seed, "test", windows, areas, inputs=inputs
        )
        return
    shape = (len(joined.fold), len(joined.unknown))
    with create_predictions(
        output, shape, first.model, first.seed, "test", windows, inputs
    ) as append:
        for scores in joined.blocks():
            append(scores)


def _mean_areas(parts: Sequence[Predictions]) -> NDArray[np.float64]:
    """Return the mean over folds of a baseline's validation AUPRC, (T,), where it is defined."""
    areas = np.stack([part.validation for part in parts if part.validation is not None])
    known = ~np.isnan(areas)
    sums = np.where(known, areas, 0).sum(axis=0)
    means = np.full(areas.shape[1], np.nan)
    return np.divide(sums, known.sum(axis=0), out=means, where=known.any(axis=0))
