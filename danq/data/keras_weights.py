"""Weights of Keras 0.2 (2015), as DanQ was published: HDF5 with groups ``layer_0``, ``layer_1``.

Its `Model.save_weights` gave each layer a group, in the order of the network, with its arrays as
``param_0``, ``param_1``, ...; layers without weights have empty groups
(https://github.com/keras-team/keras/blob/0.2.0/keras/models.py). Later versions have other names.
"""

import re
from collections.abc import Iterator

import h5py
import numpy as np
from numpy.typing import NDArray

from danq.data.hdf5 import open_hdf5
from danq.data.hdf5_checks import foreign_problem
from danq.errors import DanqError, shown
from danq.files import PathLike

_LAYER = re.compile(r"layer_\d{1,3}")
_PARAMETER = re.compile(r"param_\d{1,3}")
_ADVICE = "give the weights file as it was published"
_DAMAGE = (OSError, RuntimeError, KeyError, ValueError)  # what h5py raises for damaged bytes


def read_keras_weights(path: PathLike) -> dict[str, NDArray[np.float32]]:
    """Read the arrays of a weights file of Keras 0.2.

    Parameters
    ----------
    path : str or path-like
        HDF5; nothing in it is followed or run.

    Returns
    -------
    dict of str to numpy.ndarray, float32
        By their place in the file: ``layer_3/param_0``.

    Raises
    ------
    DanqError
        No whole HDF5 file, one of another version of Keras or of another program, or arrays that
        are no numbers, not finite, or lie elsewhere.
    """
    with open_hdf5(path, _ADVICE) as file:
        try:
            _refuse_other_files(file, path)
            arrays = dict(_read_all(file, path))
        except _DAMAGE as error:
            what = f"is damaged ({str(error).splitlines()[0]})"
            raise DanqError(f"{what}; {_ADVICE}", path) from error
    if not arrays:
        raise DanqError(f"holds no weights; {_ADVICE}", path)
    return arrays


def _refuse_other_files(file: h5py.File, path: PathLike) -> None:
    """Refuse what does not have the layers of Keras 0.2, and nothing else."""
    later = "model_weights" in file or {"layer_names", "keras_version"} & set(file.attrs)
    if later:
        version = _version(file)
        what = f"holds weights of Keras{version}, and danq reads those of 0.2 (layer_0/param_0)"
        raise DanqError(f"{what}; give the file that was published for DanQ", path)
    for layer in file:
        is_link = not isinstance(file.get(layer, getlink=True), h5py.HardLink)
        if is_link or not _LAYER.fullmatch(layer) or not isinstance(file[layer], h5py.Group):
            what = f"holds {shown(layer)}, which no weights file of Keras 0.2 has"
            raise DanqError(f"{what}; {_ADVICE}", path)


def _version(file: h5py.File) -> str:
    """Return the version of Keras that a file names, with a blank before; "" for none."""
    version = file.attrs.get("keras_version", b"")
    text = version.decode("utf-8", "replace") if isinstance(version, bytes) else str(version)
    return f" {shown(text)}" if text else ""


def _read_all(file: h5py.File, path: PathLike) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield every array with its place."""
    for layer in file:
        for name in file[layer]:
            place = f"{layer}/{name}"
            problem = _problem(file, name, place)
            if problem is not None:
                raise DanqError(f"{problem}; {_ADVICE}", path)
            values = file[place][()].astype(np.float32)
            if not np.isfinite(values).all():
                raise DanqError(f"{place} is not all finite; {_ADVICE}", path)
            yield place, values


def _problem(file: h5py.File, name: str, place: str) -> str | None:
    """Return why an array is not read, or None."""
    if not _PARAMETER.fullmatch(name):
        return f"holds {shown(place)}, which no weights file of Keras 0.2 has"
    problem = foreign_problem(file, place)
    if problem is not None:
        return problem
    dataset = file[place]
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind != "f":
        return f"{place} is not an array of numbers"
    return None


def is_hdf5(path: PathLike) -> bool:
    """Say whether a file is HDF5, by its first bytes."""
    return bool(h5py.is_hdf5(path))
