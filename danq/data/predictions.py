"""The file of predictions: the scores of a predictor for the windows of a split.

Every predictor writes the same file, networks, baselines and oracles alike: ``probabilities``
float32 (N, T), with the attributes ``model``, ``seed``, ``split``, and ``windows``, the checksum of
the windows that were predicted. A column of nan means that the predictor cannot score that target.
Those of a baseline have ``validation`` beside it, float64 (T,): its AUPRC of each target on the
validation split.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danq.data.artefact import (
    Array,
    Format,
    create_artefact,
    open_artefact,
    read_attributes,
    write_artefact,
)
from danq.errors import DanqError
from danq.files import PathLike
from danq.records import Input

FORMAT = Format(
    name="danq-predictions",
    version=2,
    content="predictions",
    command="danq predict",
    attributes={
        "model": str,
        "seed": str,
        "split": str,
        "windows": str,
        "validation_auprc": float,
    },
    arrays={
        "probabilities": Array("f4", ("windows", "targets")),
        "validation": Array("f8", ("targets",), optional=True),
    },
)


class Predictions(NamedTuple):
    """The scores of a predictor for the windows of a split.

    Attributes
    ----------
    model, seed : str
        Which predictor, trained from which seed ("NA" if none).
    windows : str
        Checksum of the split, see `danq.data.dataset.Dataset.split_checksum`.
    scores : numpy.ndarray, shape (N, T), float32
        Probabilities, or scores that rank; memory-mapped.
    validation : numpy.ndarray, shape (T,), float64, or None
        AUPRC of each target on the validation split, nan where undefined; None where not measured.
    """

    model: str
    seed: str
    windows: str
    scores: NDArray[np.float32]
    validation: NDArray[np.float64] | None = None


def write_predictions(
    path: PathLike,
    probabilities: ArrayLike,
    model: str,
    seed: str,
    split: str,
    windows: str,
    validation: NDArray[np.float64] | None = None,
    inputs: Sequence[Input] = (),
    step: str = "predict",
) -> None:
    """Write predictions, atomically.

    Parameters
    ----------
    path : str or path-like
        The file to make.
    probabilities : array_like, shape (N, T)
        Scores between 0 and 1 for networks; any scores that rank for others; nan columns for
        unknown targets.
    model, seed, split : str
        Which predictor, trained from which seed ("NA" if none), on which split.
    windows : str
        Checksum of the split, see `danq.data.dataset.Dataset.split_checksum`.
    validation : numpy.ndarray, shape (T,), float64, optional
        As of `Predictions`; their mean over the targets with a value becomes the attribute
        ``validation_auprc``.
    inputs : sequence of danq.records.Input
        What they were made from.
    step : str
        The subcommand that makes them.
    """
    attributes: dict[str, str | float] = {
        "model": model,
        "seed": seed,
        "split": split,
        "windows": windows,
    }
    scores = np.asarray(probabilities, dtype=np.float32)
    arrays: dict[str, NDArray[np.floating]] = {"probabilities": scores}
    if validation is not None:
        arrays["validation"] = validation
        attributes["validation_auprc"] = mean_of_known(validation)
    write_artefact(path, FORMAT, attributes, arrays, inputs, step)


def mean_of_known(values: NDArray[np.float64]) -> float:
    """Return the mean of the values that are not nan; nan where all are."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan


@contextlib.contextmanager
def create_predictions(
    path: PathLike,
    shape: tuple[int, int],
    model: str,
    seed: str,
    split: str,
    windows: str,
    inputs: Sequence[Input] = (),
) -> Iterator[Callable[[NDArray[np.float32]], None]]:
    """Write predictions as they are made, atomically.

    Parameters
    ----------
    path : str or path-like
        The file to make.
    shape : tuple of (int, int)
        Windows and targets.
    model, seed, split, windows, inputs
        As `write_predictions`.

    Yields
    ------
    callable
        Takes the probabilities (n, T) of the next windows; the block must give all of them.
    """
    attributes = {"model": model, "seed": seed, "split": split, "windows": windows}
    with create_artefact(path, FORMAT, attributes, "probabilities", shape, inputs) as append:
        yield append


def read_predictions(path: PathLike) -> Predictions:
    """Read predictions; the scores stay on the disk until they are used.

    Parameters
    ----------
    path : str or path-like
        A file that `write_predictions` made.

    Returns
    -------
    Predictions
        The content of the file.

    Raises
    ------
    DanqError
        Not a file of predictions, or an incomplete, damaged or edited one.
    """
    with open_artefact(path, FORMAT) as file:
        stored = file["probabilities"]
        offset = stored.id.get_offset()
        if offset is None:  # no window
            scores = np.empty(stored.shape, np.float32)
        else:
            scores = np.memmap(path, np.float32, "r", offset, stored.shape)
        facts = read_attributes(file, FORMAT)
        validation = file["validation"][:] if "validation" in file else None
        return Predictions(facts["model"], facts["seed"], facts["windows"], scores, validation)


_BLOCK = 50_000  # windows that are checked together


def refuse_wrong_scores(predictions: Predictions, path: PathLike) -> None:
    """Refuse scores of a network that are not probabilities, and gaps in those of a baseline.

    Parameters
    ----------
    predictions : Predictions
        What was read; one without a seed is of a baseline, which may score on any scale, and know
        some targets only.
    path : str or path-like
        The file, for the message.

    Raises
    ------
    DanqError
        A score of a network is not in [0, 1], or a baseline has scores of a target for some of the
        windows only.
    """
    scores = predictions.scores
    n_gaps = np.zeros(scores.shape[1], dtype=np.int64)
    for start in range(0, len(scores), _BLOCK):
        block = np.asarray(scores[start : start + _BLOCK])
        if predictions.seed != "NA":
            wrong = ~((block >= 0) & (block <= 1))  # so that nan is wrong
            _refuse_marked(wrong, block, start, path)
        n_gaps += np.isnan(block).sum(axis=0)
    partly = (n_gaps > 0) & (n_gaps < len(scores))
    if partly.any():
        target = int(np.argmax(partly))
        what = f"target {target} (from 0) has no score in {n_gaps[target]} of {len(scores)} windows"
        raise DanqError(f"{what}; score all windows, or none", path)


def _refuse_marked(
    wrong: NDArray[np.bool_], block: NDArray[np.float32], start: int, path: PathLike
) -> None:
    """Refuse the first of the marked scores of a block of windows that begins at `start`."""
    if not wrong.any():
        return
    window, target = np.argwhere(wrong)[0]
    value = block[window, target]
    where = f"window {start + window} and target {target} (from 0)"
    what = f"{where} have the score {value}, which is not a probability between 0 and 1"
    raise DanqError(f"{what}; make the file again with danq predict", path)
