"""The file that holds what a predictor says of the windows of a split.

Every predictor writes the same file, networks, baselines and oracles alike: ``probabilities`` float32 (N, T), with the
attributes ``model``, ``seed``, ``split``, and ``windows``, the checksum of the windows that were predicted. A column of
nan says that the predictor knows nothing of that target.
"""

import io

import h5py
import numpy as np

import danq
from danq.errors import DanqError
from danq.files import atomic

FORMAT = "danq-predictions"


def write_predictions(path, probabilities, model, seed, split, windows):
    """Write predictions, atomically.

    Parameters
    ----------
    path : path
        The file to make.
    probabilities : numpy.ndarray, shape (N, T)
        Scores between 0 and 1 for networks; any scores that rank for others; nan columns for unknown targets.
    model, seed, split : str
        Which predictor, trained from which seed ("NA" if none), on which split.
    windows : str
        Checksum of the split, see `danq.data.dataset.Dataset.split_checksum`.
    """
    # Made in memory, then written at once: HDF5 itself cannot stop cleanly on a full disk.
    image = io.BytesIO()
    with h5py.File(image, "w", libver="latest") as file:
        file.attrs.update(
            {
                "format": FORMAT,
                "format_version": 1,
                "model": model,
                "seed": seed,
                "split": split,
                "windows": windows,
                "created_by": f"danq {danq.__version__}",
            }
        )
        file["probabilities"] = np.asarray(probabilities, dtype=np.float32)
    with atomic(path) as part:
        part.write_bytes(image.getbuffer())


def read_predictions(path):
    """Read predictions; the scores stay on the disk until they are used.

    Returns
    -------
    tuple of (str, str, str, numpy.ndarray)
        Model, seed, checksum of the windows, and scores float32 (N, T), memory-mapped where they lie in one piece.

    Raises
    ------
    DanqError
        Not a whole file of predictions.
    """
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") != FORMAT:
                raise DanqError("not a file of predictions; make it with danq predict", path)
            scores = file["probabilities"]
            place = scores.id.get_offset()
            return (
                file.attrs["model"],
                file.attrs["seed"],
                file.attrs["windows"],
                scores[:]
                if place is None
                else np.memmap(path, scores.dtype, "r", place, scores.shape),
            )
    except KeyError as error:
        raise DanqError(f"lacks a part ({error}); make it again with danq predict", path) from error
    except OSError as error:
        raise DanqError(
            f"not a whole HDF5 file ({error}); make it again with danq predict", path
        ) from error
