"""Small HDF5 artefacts: a format and its version, attributes of the root, and arrays.

Predictions and attributions are such files. dataset.h5, of many arrays too large for memory, has
its own writer (`danq.data.dataset_writer`). Every HDF5 file of danq is opened here, so that a file
that is missing, damaged or of another kind is refused in one line.
"""

import contextlib
import errno
import io
import math
import os
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, NamedTuple

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
    # Made in memory, then written at once: HDF5 itself cannot stop cleanly on a full disk.
    image = io.BytesIO()
    with h5py.File(image, "w", libver="latest") as file:
        file.attrs.update(_all_attributes(kind, attributes))
        for name, values in arrays.items():
            file[name] = values
    with atomic(path) as temporary:
        temporary.write_bytes(image.getbuffer())


@contextlib.contextmanager
def create_artefact(
    path: PathLike,
    kind: Format,
    attributes: Mapping[str, Any],
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
) -> Iterator[Callable[[NDArray[Any]], None]]:
    """Write an artefact of one array that need not fit into memory, atomically.

    Parameters
    ----------
    path : str or path-like
        The file to make.
    kind : Format
        What it is, as in `write_artefact`.
    attributes : mapping of str to str, int or float
        Further attributes of the root.
    name : str
        Name of the array.
    shape : tuple of int
        Its shape.
    dtype : numpy.dtype
        Its type.

    Yields
    ------
    callable
        Takes the next rows of the array; the block must give all of them.

    Raises
    ------
    DanqError
        The disk is too full.
    AssertionError
        The block ended before all rows were given.
    """
    with atomic(path) as temporary:
        with (
            open(temporary, "r+b", buffering=0) as raw,
            PatientFile(raw) as patient,
            h5py.File(patient, "w", driver="fileobj", libver="latest") as file,
        ):
            file.attrs.update(_all_attributes(kind, attributes))
            offset = allocate(file, name, shape, dtype)
        with open(temporary, "r+b") as content:
            reserve_space(content, path)
            content.seek(offset)

            def append(rows: NDArray[Any]) -> None:
                content.write(np.ascontiguousarray(rows, dtype=dtype).data)

            yield append
            written = content.tell() - offset
        expected = math.prod(shape) * dtype.itemsize
        if written != expected:
            raise AssertionError(f"{name}: {written} of {expected} bytes written")


def _all_attributes(kind: Format, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of an artefact, with those that every one has."""
    header = {"format": kind.name, "format_version": kind.version}
    footer = {"created_by": f"danq {danq.__version__}"}
    return header | dict(attributes) | footer


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


class PatientFile:
    """A file that hides errors from HDF5, which crashes on a full disk.

    The first error is stored, and raised when HDF5 has finished. h5py takes any object with methods
    read and seek as a file.

    Parameters
    ----------
    raw : io.FileIO
        The file, open for reading and writing.
    """

    def __init__(self, raw: io.FileIO) -> None:
        self._raw = raw
        self._error: OSError | None = None
        self.read = raw.read
        self.seek = raw.seek
        self.tell = raw.tell

    def _try(self, call: Callable[[Any], int | None], argument: Any) -> int:
        if self._error is None:
            try:
                return call(argument) or 0
            except OSError as error:
                self._error = error
        return 0

    def write(self, data: Any) -> int:
        """Write all of `data`."""
        view = memoryview(data).cast("B")
        while view:
            written = self._try(self._raw.write, view)
            if written == 0:
                break
            view = view[written:]
        return len(data)

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer."""
        return self._try(self._raw.readinto, buffer)

    def truncate(self, size: int) -> int:
        """Set the size of the file."""
        self._try(self._raw.truncate, size)
        return size

    def flush(self) -> None:
        """Do nothing: writes are not buffered."""

    def __enter__(self) -> "PatientFile":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._error is not None:
            raise self._error


def reserve_space(file: IO[bytes], path: PathLike) -> None:
    """Reserve the space on the disk, so that no later write fails for lack of it.

    macOS has no call for that, and some file systems refuse it: there a full disk shows later.

    Parameters
    ----------
    file : file object
        The file, in its full size.
    path : str or path-like
        What it will be called, for the message.

    Raises
    ------
    DanqError
        The disk is too full.
    """
    if hasattr(os, "posix_fallocate"):
        needed = os.fstat(file.fileno()).st_size
        try:
            os.posix_fallocate(file.fileno(), 0, needed)
        except OSError as error:
            if error.errno in (errno.EOPNOTSUPP, errno.EINVAL):
                return
            what = f"needs about {needed / 1e6:.0f} MB ({error.strerror})"
            raise DanqError(f"{what}; make room", path) from error
