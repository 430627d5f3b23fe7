"""Small HDF5 artefacts: a format and its version, attributes of the root, and arrays.

Predictions and attributions are such files. dataset.h5, too large to be made in memory, has its own
writer (`danq.data.dataset_writer`). Every HDF5 file of danq is opened here, so that a file that is
missing, damaged or of another kind is refused in one line.
"""

import contextlib
import io
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

import danq
from danq.errors import DanqError
from danq.files import PathLike, atomic


class Format(NamedTuple):
    """The kind of an artefact.

    Attributes
    ----------
    name : str
        Its attribute ``format``.
    version : int
        Its attribute ``format_version``.
    content : str
        What messages call its content: "predictions".
    command : str
        The command that makes it: "danq predict".
    """

    name: str
    version: int
    content: str
    command: str


def write_artefact(
    path: PathLike,
    kind: Format,
    attributes: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
) -> None:
    """Write an artefact, atomically.

    Parameters
    ----------
    path : str or path-like
        The file to make.
    kind : Format
        What it is; its name and version become attributes, as does ``created_by``.
    attributes : mapping of str to str, int or float
        Further attributes of the root.
    arrays : mapping of str to numpy.ndarray
        The content: numbers, or text as bytes of fixed length.
    """
    header = {"format": kind.name, "format_version": kind.version}
    footer = {"created_by": f"danq {danq.__version__}"}
    # Made in memory, then written at once: HDF5 itself cannot stop cleanly on a full disk.
    image = io.BytesIO()
    with h5py.File(image, "w", libver="latest") as file:
        file.attrs.update(header | dict(attributes) | footer)
        for name, values in arrays.items():
            file[name] = values
    with atomic(path) as temporary:
        temporary.write_bytes(image.getbuffer())


@contextlib.contextmanager
def open_artefact(path: PathLike, kind: Format) -> Iterator[h5py.File]:
    """Open an artefact for reading.

    Parameters
    ----------
    path : str or path-like
        The file.
    kind : Format
        What it must be.

    Yields
    ------
    h5py.File
        The open file. A missing or damaged array or attribute that the block reads is a DanqError,
        too.

    Raises
    ------
    DanqError
        Not a whole HDF5 file, of another format or version, or without an array or attribute.
    """
    advice = f"make it again with {kind.command}"
    with open_hdf5(path, advice) as file:
        _refuse_other_format(file, kind, path)
        try:
            yield file
        except KeyError as error:
            raise DanqError(f"lacks a part ({error}); {advice}", path) from error
        except OSError as error:
            raise DanqError(f"not a whole HDF5 file ({error}); {advice}", path) from error


def _refuse_other_format(file: h5py.File, kind: Format, path: PathLike) -> None:
    if file.attrs.get("format") != kind.name:
        what = f"not a file of {kind.content}; make it with {kind.command}"
        raise DanqError(what, path)
    version = file.attrs.get("format_version")
    if version != kind.version:
        what = f"is of version {version} of its format, and this danq reads {kind.version}"
        raise DanqError(f"{what}; make it again with {kind.command}", path)


@contextlib.contextmanager
def open_hdf5(path: PathLike, advice: str = "make it again") -> Iterator[h5py.File]:
    """Open any HDF5 file for reading.

    Parameters
    ----------
    path : str or path-like
        The file.
    advice : str
        What the message says to do about a damaged file.

    Yields
    ------
    h5py.File
        The open file, of whatever content.

    Raises
    ------
    DanqError
        The file is missing or unreadable, or no whole HDF5 file.
    """
    try:
        file = h5py.File(path, "r")
    except (FileNotFoundError, PermissionError) as error:
        reason = os.strerror(error.errno or 0)
        raise DanqError(f"cannot be read ({reason}); check the path", path) from error
    except OSError as error:
        raise DanqError(f"not a whole HDF5 file ({error}); {advice}", path) from error
    with file:
        yield file


def plain_attributes(file: h5py.File) -> dict[str, Any]:
    """Return the attributes of a file's root by name, NumPy scalars as Python values."""
    attributes = {}
    for name, value in file.attrs.items():
        attributes[name] = value.item() if isinstance(value, np.generic) else value
    return attributes


def encode_texts(values: Any) -> NDArray[np.bytes_]:
    """Return texts (array_like of str) as UTF-8 bytes of fixed length, as HDF5 keeps them."""
    return np.char.encode(np.asarray(values, dtype=str), "utf-8")


def decode_texts(values: NDArray[np.bytes_]) -> NDArray[np.str_]:
    """Return UTF-8 bytes of fixed length, as HDF5 keeps them, as an array of str."""
    return np.char.decode(values, "utf-8")


def allocate(file: h5py.File, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Make an empty contiguous dataset with space allocated in the file at once.

    Parameters
    ----------
    file : h5py.File
        The file, open for writing.
    name : str
        Name of the dataset; its groups are made when missing.
    shape : tuple of int
        Its shape; empty for a scalar.
    dtype : numpy.dtype
        Its type; bytes are kept as UTF-8 text of fixed length.

    Returns
    -------
    int
        Offset of its data in the file (bytes).
    """
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.CONTIGUOUS)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    properties.set_obj_track_times(False)  # the same data are the same bytes
    kind = h5py.string_dtype("utf-8", dtype.itemsize) if dtype.kind == "S" else dtype
    stored_type = h5py.h5t.py_create(kind, logical=True)
    if shape:
        space = h5py.h5s.create_simple(shape)
    else:
        space = h5py.h5s.create(h5py.h5s.SCALAR)
    folder, _, base_name = name.rpartition("/")
    group = file.require_group(folder or "/")
    dataset = h5py.h5d.create(group.id, base_name.encode(), stored_type, space, properties)
    return dataset.get_offset()
