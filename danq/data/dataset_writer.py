"""The writer of dataset.h5; `danq.data.schema` describes the file.

HDF5 lays out an empty file; the data are then written into it by plain writes, so that a full disk
is an ordinary error (HDF5 itself crashes), and the checksums are those of the written bytes.
The mark ``complete`` is the last write.
"""

import contextlib
import hashlib
import io
import json
import math
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

import danq
from danq.data.hdf5 import PatientFile, allocate, reserve_space, set_attribute
from danq.data.schema import (
    FORMAT,
    MARGINS,
    MARGINS_CHECKSUM,
    MARKS,
    PARTS,
    VERSION,
    complete_checksum,
    margin_bytes,
)
from danq.errors import DanqError, shown, warn
from danq.files import PathLike, atomic
from danq.genome.bins import SPLITS
from danq.genome.sequence import ALPHABET, packed_bytes

_STRUCTURE = 100_000  # bytes that HDF5's own structures take, at most

_CHECKSUM = np.dtype("S64")  # of SHA-256, in hexadecimal digits


class _Part(NamedTuple):
    """Shape and type of a dataset."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def n_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


@contextlib.contextmanager
def create_dataset(
    path: PathLike,
    *,
    window: int,
    bin_size: int,
    targets: Sequence[tuple[str, str, str]],
    chromosomes: Mapping[str, int],
    rows: ArrayLike,
    assembly: str = "unknown",
    coordinates: str = "genome",
    source: Mapping[str, Any] | None = None,
    margin: int = 0,
) -> Iterator["Writer"]:
    """Make a dataset.h5; it appears under its name only when it is whole.

    Parameters
    ----------
    path : str or path-like
        The file to make.
    window, bin_size : int
        Lengths (bp).
    targets : sequence of tuple of (str, str, str)
        Name, group and own known motif (a JASPAR identifier, or empty) of each target.
    chromosomes : mapping of str to int
        Length of each chromosome (bp), in the order of the rows.
    rows : array_like, shape (3, C), int
        Windows on each chromosome in each split; the rows of a split come chromosome by chromosome.
    assembly : str
        Name of the genome's assembly.
    coordinates : {"genome", "rows"}
        What chromosomes and starts mean, see `danq.data.schema.COORDINATES`.
    source : mapping, optional
        How it was made; any content that JSON can hold.
    margin : int
        Bases before and behind each training window that are stored beside it (bp), a multiple of
        8; 0 for none.

    Yields
    ------
    Writer
        Takes the windows; the block must write all of them.

    Raises
    ------
    DanqError
        A split without a window, or too little space on the disk.
    AssertionError
        The block ended before all rows were written.
    """
    counts = np.asarray(rows, dtype=np.int64)
    totals = counts.sum(axis=1).tolist()
    refuse_empty_splits(totals)
    warn_of_formulas(name for name, *_ in targets)
    attributes: dict[str, str | int] = {
        "format": FORMAT,
        "format_version": VERSION,
        "window": window,
        "bin_size": bin_size,
        "alphabet": ALPHABET,
        "assembly": assembly or "unknown",
        "coordinates": coordinates,
        "created_by": f"danq {danq.__version__}",
    }
    arrays = _known_arrays(window, targets, chromosomes, counts, source or {})
    window_parts = _window_parts(window, len(targets), max(chromosomes.values()), totals)
    if margin:
        shape = (totals[SPLITS.index("train")], margin_bytes(margin), 4)
        window_parts[MARGINS] = _Part(shape, np.dtype(np.uint8))
    parts = dict(window_parts)
    for name, values in arrays.items():
        parts[name] = _Part(values.shape, values.dtype)
    with atomic(path) as temporary:
        _refuse_full_disk(temporary, path, parts.values())
        offsets = _lay_out(temporary, attributes, parts)
        with open(temporary, "r+b", buffering=0) as file:
            reserve_space(file, path)
            writer = Writer(file, offsets, window_parts)
            for name, values in arrays.items():
                writer.put(name, values)
            yield writer
            writer.finish(attributes)


def refuse_empty_splits(totals: Sequence[int], path: PathLike | None = None) -> None:
    """Refuse a split without a window.

    Parameters
    ----------
    totals : sequence of int
        Number of windows of each split.
    path : str or path-like, optional
        The file that names the splits, for the message.

    Raises
    ------
    DanqError
        A split has no window.
    """
    for split, total in zip(SPLITS, totals, strict=True):
        if total == 0:
            splits = ", ".join(SPLITS)
            raise DanqError(f"no window in the {split} split; each of {splits} needs some", path)


def warn_of_formulas(names: Iterable[str]) -> None:
    """Warn of names that a spreadsheet takes for formulas when it opens a table of targets.

    Parameters
    ----------
    names : iterable of str
        Of targets.
    """
    formulas = [name for name in names if name.startswith(("=", "+", "-", "@"))]
    if formulas:
        what = f"target {shown(formulas[0])} begins like a formula of a spreadsheet"
        more = f", as do {len(formulas) - 1} more" if len(formulas) > 1 else ""
        fix = "rename it, or import tables of targets with their names as text"
        warn(f"{what}{more}; {fix}")


def _known_arrays(
    window: int,
    targets: Sequence[tuple[str, str, str]],
    chromosomes: Mapping[str, int],
    rows: NDArray[np.int64],
    source: Mapping[str, Any],
) -> dict[str, NDArray[Any]]:
    """Return the arrays that are known before the windows are written."""
    n_targets = len(targets)
    arrays: dict[str, NDArray[Any]] = {}
    for split, counts in zip(SPLITS, rows, strict=True):
        first_rows = np.concatenate([[0], np.cumsum(counts)])
        arrays[f"{split}/sequences_length"] = np.array(window, dtype=np.int64)
        arrays[f"{split}/targets_length"] = np.array(n_targets, dtype=np.int64)
        arrays[f"{split}/chromosome_rows"] = first_rows
    arrays["chromosomes/name"] = _as_texts(chromosomes)
    arrays["chromosomes/length"] = np.array(list(chromosomes.values()), dtype=np.int64)
    for column, key in enumerate(("name", "group", "jaspar")):
        arrays[f"targets/{key}"] = _as_texts(target[column] for target in targets)
    text = json.dumps(source).encode()
    arrays["source"] = np.frombuffer(text, dtype=np.uint8)
    return arrays


def _as_texts(values: Iterable[str]) -> NDArray[np.bytes_]:
    """Return texts as UTF-8 of fixed length.

    HDF5 stores them in one piece, so that their checksum covers all of it.
    """
    encoded = [value.encode() for value in values]
    width = max([1, *map(len, encoded)])
    return np.array(encoded, dtype=f"S{width}")


def _window_parts(
    window: int, n_targets: int, longest: int, totals: Sequence[int]
) -> dict[str, _Part]:
    """Return the datasets that windows fill; the longest chromosome decides the type of starts."""
    byte = np.dtype(np.uint8)
    start = np.dtype(np.uint32 if longest < 1 << 32 else np.int64)
    window_bytes = packed_bytes(window)
    label_bytes = packed_bytes(n_targets)
    parts = {}
    for split, n in zip(SPLITS, totals, strict=True):
        parts[f"{split}/sequences"] = _Part((n, window_bytes, 4), byte)
        parts[f"{split}/targets"] = _Part((n, label_bytes), byte)
        parts[f"{split}/start"] = _Part((n,), start)
    return parts


def _refuse_full_disk(temporary: Path, path: PathLike, parts: Iterable[_Part]) -> None:
    """Refuse to begin a file that does not fit on the disk."""
    needed = sum(part.n_bytes() for part in parts) + _STRUCTURE
    free = shutil.disk_usage(temporary.parent).free
    if needed > free:
        sizes = f"needs about {needed / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free"
        raise DanqError(f"{sizes}; make room", path)


def _lay_out(
    temporary: Path, attributes: Mapping[str, str | int], parts: Mapping[str, _Part]
) -> dict[str, int]:
    """Let HDF5 lay out the file, without its data; return where each dataset begins (bytes)."""
    layout = dict(parts)
    layout["checksums"] = _Part((len(PARTS),), _CHECKSUM)
    layout["complete"] = _Part((1,), _CHECKSUM)
    names = [*PARTS, *MARKS]
    if MARGINS in parts:
        layout[MARGINS_CHECKSUM] = _Part((1,), _CHECKSUM)
        names += [MARGINS, MARGINS_CHECKSUM]
    offsets = {}
    with (
        open(temporary, "r+b", buffering=0) as raw,
        PatientFile(raw) as patient,
        h5py.File(patient, "w", driver="fileobj", libver="latest") as file,
    ):
        for key, value in attributes.items():
            set_attribute(file, key, value)
        for name in names:
            offsets[name] = allocate(file, name, *layout[name])
    return offsets


class Writer:
    """Fills the datasets of the three splits, block after block.

    Parameters
    ----------
    file : io.FileIO
        The file, laid out.
    offsets : mapping of str to int
        Where each dataset begins in it (bytes).
    window_parts : mapping
        Shape and type of the datasets that windows fill.
    """

    def __init__(
        self, file: io.FileIO, offsets: Mapping[str, int], window_parts: Mapping[str, _Part]
    ) -> None:
        self._file = file
        self._offsets = offsets
        self._window_parts = window_parts
        self._rows_written = dict.fromkeys(window_parts, 0)
        self._checksums = {name: hashlib.sha256() for name in [*PARTS, *window_parts]}

    def append(
        self,
        split: str,
        sequences: NDArray[np.uint8],
        labels: NDArray[np.uint8],
        starts: NDArray[np.integer],
        margins: NDArray[np.uint8] | None = None,
    ) -> None:
        """Write the next windows of a split, such as a `danq.data.schema.PackedWindows`.

        Parameters
        ----------
        split : str
            train, valid or test.
        sequences : numpy.ndarray, shape (n, ceil(L/8), 4), uint8
            Packed one-hot.
        labels : numpy.ndarray, shape (n, ceil(T/8)), uint8
            Packed labels.
        starts : numpy.ndarray, shape (n,), int
            Where the windows begin (bp, 0-based).
        margins : numpy.ndarray, shape (n, 2 margin/8, 4), uint8, optional
            Packed bases before and behind the windows, where the split has them.

        Raises
        ------
        AssertionError
            The arrays do not fit the file, or are more than it has rows.
        """
        columns = {"sequences": sequences, "targets": labels, "start": starts}
        if margins is not None:
            columns["margins"] = margins
        for column, values in columns.items():
            name = f"{split}/{column}"
            shape, dtype = self._window_parts[name]
            start = self._rows_written[name]
            end = start + len(starts)
            if values.shape != (len(starts), *shape[1:]) or end > shape[0]:
                raise AssertionError(f"{name}: {values.shape} does not fit {shape}")
            self.put(name, np.ascontiguousarray(values, dtype=dtype), start)
            self._rows_written[name] = end

    def put(self, name: str, values: NDArray[Any], row: int = 0) -> None:
        """Write an array into a dataset, and add it to the checksum.

        Parameters
        ----------
        name : str
            The dataset, one of `danq.data.schema.PARTS`.
        values : numpy.ndarray
            Its rows, in its type.
        row : int
            The first of them.
        """
        if values.size == 0:
            return
        flat = np.ascontiguousarray(values).reshape(-1)
        content = flat.view(np.uint8).data
        self._checksums[name].update(content)
        row_size = values.nbytes // len(values) if values.ndim else 0
        self._write(content, self._offsets[name] + row * row_size)

    def _write(self, content: bytes | memoryview, offset: int) -> None:
        self._file.seek(offset)
        view = memoryview(content)
        while view:
            written = self._file.write(view)
            view = view[written:]

    def finish(self, attributes: Mapping[str, Any]) -> None:
        """Check that every row was written; write the checksums, and last the mark of completion.

        Parameters
        ----------
        attributes : mapping of str to str or int
            Attributes of the root, which the mark covers as well.

        Raises
        ------
        AssertionError
            Rows are missing.
        """
        for name, part in self._window_parts.items():
            written = self._rows_written[name]
            if written != part.shape[0]:
                raise AssertionError(f"{name}: {written} of {part.shape[0]} rows written")
        checksums = [self._checksums[name].hexdigest() for name in PARTS]
        self._write("".join(checksums).encode(), self._offsets["checksums"])
        if MARGINS in self._window_parts:
            margins = self._checksums[MARGINS].hexdigest()
            self._write(margins.encode(), self._offsets[MARGINS_CHECKSUM])
        os.fsync(self._file.fileno())
        complete = complete_checksum(attributes, checksums)
        self._write(complete.encode(), self._offsets["complete"])
