"""Small HDF5 artefacts: a format and its version, attributes of the root, and arrays.

Predictions and attributions are such files. dataset.h5, of many arrays too large for memory, has
its own writer (`danq.data.dataset_writer`). An artefact begins with a record of what it was made
from, see `danq.records`, and a checksum of all the bytes behind it, which is compared before HDF5
looks at any of them. Its arrays are contiguous, and of the types and shapes of its `Format`.
"""

import contextlib
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

import danq
from danq.data.hdf5 import PatientFile, allocate, open_hdf5, reserve_space, set_attribute
from danq.data.hdf5_checks import attribute_problem, link_problem, storage_problem
from danq.errors import DanqError, shown
from danq.files import PathLike, atomic
from danq.records import HEAD, Input, Made, seal, sealed

_DAMAGE = (OSError, KeyError, TypeError, ValueError, RuntimeError, OverflowError)

_COMMON: Mapping[str, type] = {"format": str, "format_version": int, "created_by": str}
"""Attributes of every artefact."""


class Array(NamedTuple):
    """What an array of an artefact must be.

    Attributes
    ----------
    dtype : str
        NumPy's name of its type, or of several with ``|`` between; "S" for UTF-8 text of any fixed
        length.
    shape : tuple of int or str
        Its dimensions; those of one name are equal in all arrays.
    optional : bool
        Whether it may be missing.
    """

    dtype: str
    shape: tuple[int | str, ...]
    optional: bool = False


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
    attributes : mapping of str to type
        Attributes that it may have beside `format`, `format_version` and `created_by`: str, int or
        float.
    arrays : mapping of str to Array
        Its arrays.
    """

    name: str
    version: int
    content: str
    command: str
    attributes: Mapping[str, type]
    arrays: Mapping[str, Array]


def write_artefact(
    path: PathLike,
    kind: Format,
    attributes: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    inputs: Sequence[Input] = (),
    step: str = "",
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
    inputs : sequence of danq.records.Input
        What it was made from.
    step : str
        The subcommand that makes it; empty for that of its kind.
    """
    # Made in memory, then written at once: HDF5 itself cannot stop cleanly on a full disk.
    image = io.BytesIO()
    with h5py.File(image, "w", libver="latest", userblock_size=HEAD) as file:
        set_attributes(file, kind, attributes)
        for name, values in arrays.items():
            file[name] = values
    with atomic(path) as temporary:
        temporary.write_bytes(image.getbuffer())
        made = Made(step, inputs) if step else _made(kind, inputs)
        seal(temporary, made)


@contextlib.contextmanager
def create_artefact(
    path: PathLike,
    kind: Format,
    attributes: Mapping[str, Any],
    name: str,
    shape: tuple[int, ...],
    inputs: Sequence[Input] = (),
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
    inputs : sequence of danq.records.Input
        What it was made from.

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
    dtype = np.dtype(kind.arrays[name].dtype)
    with atomic(path) as temporary:
        with (
            open(temporary, "r+b", buffering=0) as raw,
            PatientFile(raw) as patient,
            h5py.File(patient, "w", driver="fileobj", libver="latest", userblock_size=HEAD) as file,
        ):
            set_attributes(file, kind, attributes)
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
        seal(temporary, _made(kind, inputs))


def _made(kind: Format, inputs: Sequence[Input]) -> Made:
    return Made(kind.command.removeprefix("danq "), inputs)


def set_attributes(file: h5py.File, kind: Format, attributes: Mapping[str, Any]) -> None:
    """Set the attributes of an artefact, with those that every one has.

    Parameters
    ----------
    file : h5py.File
        The file, open for writing.
    kind : Format
        What it is.
    attributes : mapping of str to str, int or float
        Those of its own.
    """
    set_attribute(file, "format", kind.name)
    set_attribute(file, "format_version", kind.version)
    for name, value in attributes.items():
        set_attribute(file, name, kind.attributes[name](value))
    set_attribute(file, "created_by", f"danq {danq.__version__}")


@contextlib.contextmanager
def open_artefact(path: PathLike, kind: Format) -> Iterator[h5py.File]:
    """Open an artefact for reading, after a check of every byte of it.

    Parameters
    ----------
    path : str or path-like
        The file.
    kind : Format
        What it must be.

    Yields
    ------
    h5py.File
        The open file. A missing array or attribute that the block reads is a DanqError, too.

    Raises
    ------
    DanqError
        Not a whole HDF5 file, not as it was written, of another format or version, or with arrays
        or attributes that are none of this format's.
    """
    advice = f"make it again with {kind.command}"
    sealed(path, advice)
    with open_hdf5(path, advice) as file:
        try:
            _refuse_other_format(file, kind, path)
            _refuse_other_content(file, kind, path)
            yield file
        except KeyError as error:
            raise DanqError(f"lacks a part ({error}); {advice}", path) from error
        except OSError as error:
            raise DanqError(f"not a whole HDF5 file ({error}); {advice}", path) from error


def read_attributes(file: h5py.File, kind: Format) -> dict[str, Any]:
    """Return the attributes of an artefact as plain values, as far as it has them.

    Parameters
    ----------
    file : h5py.File
        The open file.
    kind : Format
        What it is.

    Returns
    -------
    dict of str to str, int or float
    """
    values = {}
    for name, wanted in {**_COMMON, **kind.attributes}.items():
        if name in file.attrs:
            value = file.attrs[name]
            values[name] = value.decode("utf-8") if wanted is str else wanted(value)
    return values


def _refuse_other_format(file: h5py.File, kind: Format, path: PathLike) -> None:
    if _attribute(file, "format") != kind.name:
        what = f"not a file of {kind.content}; make it with {kind.command}"
        raise DanqError(what, path)
    version = _attribute(file, "format_version")
    if version != kind.version:
        what = f"is of version {version} of its format, and this danq reads {kind.version}"
        raise DanqError(f"{what}; make it again with {kind.command}", path)


def _attribute(file: h5py.File, name: str) -> Any:
    """Return one of the attributes that every artefact has; None where it has none like it."""
    if name not in file.attrs or attribute_problem(file, name, _COMMON[name]) is not None:
        return None
    value = file.attrs[name]
    return value.decode("utf-8") if _COMMON[name] is str else int(value)


def _refuse_other_content(file: h5py.File, kind: Format, path: PathLike) -> None:
    """Refuse a file that is not built as `kind` says."""
    try:
        problem = next(_problems(file, kind), None)
    except _DAMAGE as error:
        problem = f"is damaged ({str(error).splitlines()[0]})"
    if problem is not None:
        raise DanqError(f"{problem}; make it again with {kind.command}", path)


def _problems(file: h5py.File, kind: Format) -> Iterator[str]:
    """Find what is not built as `kind` says, before any of it is read."""
    wanted = {**_COMMON, **kind.attributes}
    for name in file.attrs:
        if name not in wanted:
            yield f"has an attribute {shown(name)}, which its format does not have"
        else:
            problem = attribute_problem(file, name, wanted[name])
            if problem is not None:
                yield problem
    for name in file:
        if name not in kind.arrays:
            yield f"holds {shown(name)}, which its format does not have"
    sizes: dict[int | str, int] = {}
    for name, array in kind.arrays.items():
        if name in file or not array.optional:
            problem = link_problem(file, name) or _array_problem(file[name], array, sizes)
            if problem is not None:
                yield problem


def _array_problem(dataset: h5py.Dataset, array: Array, sizes: dict[int | str, int]) -> str | None:
    """Return what is wrong with an array, or None; `sizes` gets its dimensions by name."""
    name = dataset.name.removeprefix("/")
    dtype = dataset.dtype
    fits = dtype.kind == "S"
    if array.dtype != "S":
        fits = dtype in [np.dtype(name) for name in array.dtype.split("|")]
    if not fits:
        return f"{name} has the type {dtype}, not {array.dtype}"
    problem = storage_problem(dataset, name)
    if problem is not None:
        return problem
    if dataset.ndim != len(array.shape):
        return f"{name} has {dataset.ndim} dimensions, not {len(array.shape)}"
    for size, wanted in zip(dataset.shape, array.shape, strict=True):
        expected = wanted if isinstance(wanted, int) else sizes.setdefault(wanted, size)
        if size != expected:
            return f"{name} has the shape {dataset.shape}, which does not fit the other arrays"
    return None
