"""How danq opens and lays out HDF5 files.

Every HDF5 file of danq is opened here, so that one that is missing or damaged is refused in one
line. What is in it is checked by `danq.data.verify` (dataset.h5) and `danq.data.artefact`
(predictions, attributions), before any of its data are read.
"""

import contextlib
import errno
import io
import os
from collections.abc import Callable, Iterator
from typing import IO, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from danq.errors import DanqError
from danq.files import PathLike


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
    except BlockingIOError as error:
        what = "is locked by a program that has it open for writing"
        fix = "wait for it, or close it (HDF5_USE_FILE_LOCKING=FALSE if no program has)"
        raise DanqError(f"{what}; {fix}", path) from error
    except OSError as error:
        raise DanqError(f"not a whole HDF5 file ({error}); {advice}", path) from error
    with file:
        yield file


def set_attribute(file: h5py.File, key: str, value: str | int | float) -> None:
    """Set an attribute of a file's root; text gets a fixed length.

    HDF5 keeps other text in a heap without a checksum, and damage there can hang it.

    Parameters
    ----------
    file : h5py.File
        The file, open for writing.
    key : str
        Name of the attribute.
    value : str, int or float
    """
    if isinstance(value, str):
        encoded = value.encode()
        dtype = h5py.string_dtype("utf-8", max(1, len(encoded)))
        file.attrs.create(key, encoded, dtype=dtype)
    else:
        file.attrs.create(key, value, dtype="i8" if isinstance(value, int) else "f8")


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
