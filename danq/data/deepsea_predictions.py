"""Predictions in the layout of DeepSEA and the original DanQ, to and from danq's own files.

The files of both are HDF5 with a dataset ``pred``: n windows, and then their reverse complements.
"""

from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from danq.data.dataset import open_dataset
from danq.data.hdf5 import PatientFile, allocate
from danq.data.hdf5_checks import foreign_problem
from danq.data.matlab import first_true, reading
from danq.data.predictions import read_predictions, write_predictions
from danq.errors import DanqError, shown
from danq.files import PathLike, atomic
from danq.records import file_input

_BLOCK = 4096  # rows read or written at once


def read_deepsea_predictions(path: PathLike, n: int) -> NDArray[np.float32]:
    """Read predictions as DeepSEA and the original DanQ write them.

    Parameters
    ----------
    path : str or path-like
        HDF5 with the dataset ``pred``, probabilities, (2n, T): n windows, then their reverse
        complements in the same order; or (n, T), where strands have been averaged.
    n : int
        Number of windows.

    Returns
    -------
    numpy.ndarray, shape (n, T), float32
        Probabilities; of 2n rows the means of both strands, as DeepSEA's own ``3_h5ToOutput.py``
        takes them.

    Raises
    ------
    DanqError
        Not a whole HDF5 file, no ``pred``, another number of rows, or values that are not
        probabilities.
    """
    with reading(path), open(path, "rb"), h5py.File(path, "r") as file:
        problem = foreign_problem(file, "pred") if "pred" in file else None
        if problem is not None:
            raise DanqError(f"{problem}; give a prediction file of DeepSEA", path)
        pred = file.get("pred")
        _refuse_other_content(pred, n, path)
        scores = np.empty((n, pred.shape[1]), dtype=np.float32)
        for start in range(0, n, _BLOCK):
            stop = min(start + _BLOCK, n)
            strands = []
            for strand_row in range(0, len(pred), n):
                first_row = strand_row + start
                values = pred[first_row : strand_row + stop]
                _refuse_no_probabilities(values, first_row, path)
                strands.append(values)
            scores[start:stop] = np.mean(strands, axis=0, dtype=np.float64)
    return scores


def _refuse_other_content(pred: Any, n: int, path: PathLike) -> None:
    if not isinstance(pred, h5py.Dataset) or pred.ndim != 2 or pred.dtype.kind != "f":
        what = "has no dataset pred of windows x targets, floating point"
        raise DanqError(f"{what}; give a prediction file of DeepSEA", path)
    if n < 1 or len(pred) not in (n, 2 * n):
        what = f"has {len(pred)} rows, not {n} windows or {2 * n} with both strands"
        raise DanqError(f"{what}; predict the same windows", path)


def _refuse_no_probabilities(values: NDArray[Any], first_row: int, path: PathLike) -> None:
    """Refuse values (n, T) that are not probabilities, in rows from `first_row` on."""
    wrong = ~((values >= 0) & (values <= 1))  # so that nan is wrong
    if wrong.any():
        row = first_true(wrong)
        value = values[row][wrong[row]][0]
        what = f"row {first_row + row} (from 0) holds {value}, not a probability between 0 and 1"
        raise DanqError(f"{what}; give the probabilities of a network", path)


def import_predictions(
    pred: PathLike, dataset: PathLike, output: PathLike, *, model: str, split: str = "test"
) -> None:
    """Turn predictions that DeepSEA or the original DanQ wrote into a predictions file of danq.

    Parameters
    ----------
    pred : str or path-like
        As in `read_deepsea_predictions`.
    dataset : str or path-like
        dataset.h5 with the windows that were predicted, in the same order, see
        `danq.data.deepsea.import_deepsea`.
    output : str or path-like
        The predictions to make, see `danq.data.predictions`; without a seed ("NA"), as those of a
        baseline.
    model : str
        Name under which they are evaluated.
    split : str
        train, valid or test.

    Raises
    ------
    DanqError
        As `read_deepsea_predictions`; another number of targets than in the dataset; or an unusable
        name of the model.
    """
    if not model.strip() or not model.isprintable():
        raise DanqError(f"model: {shown(model)} is not a name; give one line of text")
    with open_dataset(dataset) as data:
        n_windows = data.length(split)
        n_targets = len(data.names)
        checksum = data.split_checksum(split)
        inputs = [file_input("predictions of DeepSEA", pred), data.as_input()]
    scores = read_deepsea_predictions(pred, n_windows)
    if scores.shape[1] != n_targets:
        what = f"has {scores.shape[1]} targets, {dataset} has {n_targets}"
        raise DanqError(f"{what}; give predictions of its targets", pred)
    step = "import-predictions"
    write_predictions(output, scores, model, "NA", split, checksum, inputs=inputs, step=step)


def export_predictions(predictions: PathLike, output: PathLike) -> None:
    """Write danq's predictions in the layout of DeepSEA.

    DeepSEA's own files hold 2n rows, n windows and then their reverse complements, and its scripts
    average the two halves. Here strands have been averaged already; both halves are written, and
    are the same, so that those scripts, and `read_deepsea_predictions`, get exactly the numbers
    that danq has.

    Parameters
    ----------
    predictions : str or path-like
        Predictions of danq, see `danq.data.predictions`.
    output : str or path-like
        The HDF5 file to make: dataset ``pred``, float64 (2n, T).

    Raises
    ------
    DanqError
        Not a file of predictions, or scores that are not probabilities.
    """
    scores = read_predictions(predictions).scores
    _refuse_no_probabilities(scores, 0, predictions)
    with atomic(output) as temporary:
        n, n_targets = scores.shape
        offset = _lay_out(temporary, (2 * n, n_targets))
        # HDF5 cannot stop cleanly on a full disk, and the whole is too large to be made in memory:
        # plain writes.
        with open(temporary, "r+b") as file:
            file.seek(offset)
            for _ in range(2):
                for start in range(0, len(scores), _BLOCK):
                    block = scores[start : start + _BLOCK]
                    file.write(block.astype("<f8").tobytes())


def _lay_out(path: PathLike, shape: tuple[int, int]) -> int:
    """Let HDF5 lay out a file with an empty dataset ``pred``; return the offset of its data."""
    # The earliest version of the format: DeepSEA's Lua and Python 2 read old HDF5 only.
    with (
        open(path, "r+b", buffering=0) as raw,
        PatientFile(raw) as patient,
        h5py.File(patient, "w", driver="fileobj", libver="earliest") as file,
    ):
        return allocate(file, "pred", shape, np.dtype("<f8"))
