"""Arrays of 0 and 1 in MATLAB files, read a few planes at a time and packed to bits at once.

MATLAB stores its first axis innermost: an array that it calls N x 4 x L is read as (L, 4, N), in
which the N values of each position and channel are contiguous. A plane is what lies at one index of
the first axis; eight planes become one of bytes, as ``numpy.packbits`` would pack them along that
axis. This module has what both formats share, and reads v7.3 (HDF5); `danq.data.matlab5` reads v5.
"""

import contextlib
import itertools
import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import h5py
import numpy as np
from numpy.typing import NDArray

from danq.data.hdf5_checks import foreign_problem
from danq.errors import DanqError
from danq.files import PathLike
from danq.genome.sequence import packed_bytes
from danq.progress import Bar

_SLAB = 1 << 29  # bytes of packed rows held at once
_TILE = 1 << 26  # bytes read at once from HDF5, unless its chunks are larger


class Halves(NamedTuple):
    """Rows of the first half of an array, and the same rows of the second half.

    Attributes
    ----------
    first, second : numpy.ndarray, shape (B, C, n), uint8
        Packed planes: B bytes of eight planes each, C channels (1 for labels), n rows.
    """

    first: NDArray[np.uint8]
    second: NDArray[np.uint8]


class BitArray(Protocol):
    """An array of 0 and 1 in a MATLAB file, rows last.

    Attributes
    ----------
    name : str
        Its variable.
    shape : tuple of int
        (L, 4, N) or (T, N).
    n_bytes : int
        Its size before it is packed.
    """

    name: str
    shape: tuple[int, ...]
    n_bytes: int

    def step(self, width: int) -> int:
        """Return how many rows of `width` packed bytes (int) to read at once."""

    def halves(self, start: int, stop: int, bar: Bar) -> Halves:
        """Return the rows from `start` to `stop` (exclusive) of both halves.

        Parameters
        ----------
        start, stop : int
            Rows, counted from the start of either half.
        bar : danq.progress.Bar
            Progress bar, advanced by the bytes that are read.

        Returns
        -------
        Halves
            Both halves, packed.
        """


@contextlib.contextmanager
def reading(path: PathLike) -> Iterator[None]:
    """Turn errors in reading a downloaded file (`path`) into a DanqError of one line."""
    try:
        yield
    except (EOFError, zlib.error, struct.error) as error:
        raise DanqError("is cut off or damaged; download it again", path) from error
    except BlockingIOError as error:
        what = "is locked by a program that has it open for writing; wait for it, or close it"
        raise DanqError(what, path) from error
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        # The errors that h5py raises for damage have no strerror.
        reason = getattr(error, "strerror", None)
        if reason:
            raise DanqError(f"cannot be read ({reason}); check the path", path) from error
        detail = str(error).splitlines()[0]
        raise DanqError(f"is cut off or damaged ({detail}); download it again", path) from error


def first_true(flags: NDArray[Any]) -> int:
    """Return the first index along the first axis with a true value."""
    rows = flags.reshape(len(flags), -1)
    return int(rows.any(axis=1).argmax())


def as_bits(planes: NDArray[Any], first_row: int, name: str, path: PathLike) -> NDArray[np.uint8]:
    """Return planes of any numbers as uint8.

    Parameters
    ----------
    planes : numpy.ndarray, shape (k, C, n)
        Numbers.
    first_row : int
        Number of the first of the n rows, for the message.
    name : str
        Variable, for the message.
    path : str or path-like
        File, for the message.

    Returns
    -------
    numpy.ndarray, shape (k, C, n), uint8
        0 or 1.

    Raises
    ------
    DanqError
        A value is neither 0 nor 1.
    """
    if planes.dtype == np.uint8 and planes.max() <= 1:
        return planes
    wrong = (planes != 0) & (planes != 1)
    if wrong.any():
        row = first_true(wrong.transpose(2, 0, 1))
        wrong_values = planes[..., row][wrong[..., row]]
        value = wrong_values[0]
        what = f"row {first_row + row} (from 0) of {name} holds {value}, not 0 or 1"
        raise DanqError(f"{what}; give the published file", path)
    return planes.astype(np.uint8)


def pack_planes(planes: NDArray[np.uint8], packed: NDArray[np.uint8]) -> None:
    """Pack planes of 0 and 1, eight to a byte, as ``numpy.packbits`` does.

    Parameters
    ----------
    planes : numpy.ndarray, shape (k, C, n), uint8
        The bits.
    packed : numpy.ndarray, shape (at least ceil(k/8), C, n), uint8
        Zeros; the first ceil(k/8) planes are filled.
    """
    for start in range(0, len(planes), 8):
        group = planes[start : start + 8]
        target = packed[start // 8]
        # Whole planes at once: they lie in memory one after the other.
        for plane in group:
            target <<= 1
            target |= plane
        target <<= -len(group) % 8


def empty_planes(shape: Sequence[int], n_rows: int) -> NDArray[np.uint8]:
    """Return zeros for the packed planes of some rows.

    Parameters
    ----------
    shape : sequence of int
        Of the array, (L, 4, N) or (T, N).
    n_rows : int
        How many of its N rows.

    Returns
    -------
    numpy.ndarray, shape (ceil(L/8) or ceil(T/8), 4 or 1, n_rows), uint8
        Zeros, to be filled by `pack_planes`.
    """
    depth = packed_bytes(shape[0])
    channels = math.prod(shape[1:-1])
    return np.zeros((depth, channels, n_rows), dtype=np.uint8)


def hdf5_arrays(
    file: h5py.File, names: Sequence[str], path: PathLike
) -> dict[str, BitArray | None]:
    """Return the arrays of a v7.3 file.

    Parameters
    ----------
    file : h5py.File
        The open file.
    names : sequence of str
        Variables to look for.
    path : str or path-like
        Path of the file, for messages.

    Returns
    -------
    dict of str to BitArray or None
        Those that are there, by name; None for what is not an array of numbers.

    Raises
    ------
    DanqError
        Chunks are missing, or a variable lies elsewhere.
    """
    arrays: dict[str, BitArray | None] = {}
    for name in names:
        if name not in file:
            continue
        problem = foreign_problem(file, name)
        if problem is not None:
            raise DanqError(f"{problem}; give the published file", path)
        dataset = file[name]
        if not isinstance(dataset, h5py.Dataset):
            arrays[name] = None
        elif dataset.dtype.kind not in "biuf" or not dataset.shape:
            arrays[name] = None
        else:
            _refuse_missing_chunks(dataset, name, path)
            arrays[name] = _Hdf5Array(dataset, name, path)
    return arrays


def _refuse_missing_chunks(dataset: h5py.Dataset, name: str, path: PathLike) -> None:
    """Refuse an array of which chunks were never written: HDF5 would read zeros, without error."""
    if not dataset.chunks:
        return
    expected = 1
    for size, chunk in zip(dataset.shape, dataset.chunks, strict=True):
        expected *= -(-size // chunk)
    actual = dataset.id.get_num_chunks()
    if actual != expected:
        what = f"its {name} has {actual} of {expected} parts"
        why = "it is damaged or was not written to its end"
        raise DanqError(f"{what}; {why}: download it again", path)


class _Tile(NamedTuple):
    """How much of an array is read at once."""

    planes: int
    rows: int


class _Hdf5Array:
    """An array of a v7.3 file, read by tiles of planes and rows."""

    def __init__(self, dataset: h5py.Dataset, name: str, path: PathLike) -> None:
        self.name = name
        self.shape: tuple[int, ...] = dataset.shape
        self.n_bytes: int = dataset.size * dataset.dtype.itemsize
        self._dataset = dataset
        self._path = path
        no_chunks = (1,) * dataset.ndim
        self._chunk: tuple[int, ...] = dataset.chunks or no_chunks

    def step(self, width: int) -> int:
        """Return how many rows of `width` bytes to hold at once: whole chunks, where they fit."""
        chunk_rows = self._chunk[-1]
        fitting = max(1, _SLAB // width)
        whole_chunks = fitting // chunk_rows * chunk_rows
        return whole_chunks or fitting

    def halves(self, start: int, stop: int, bar: Bar) -> Halves:
        """Return the rows from `start` to `stop` of both halves."""
        half = self.shape[-1] // 2
        first_half = self._packed(start, stop, bar)
        second_half = self._packed(half + start, half + stop, bar)
        return Halves(first_half, second_half)

    def _packed(self, start: int, stop: int, bar: Bar) -> NDArray[np.uint8]:
        tile = self._tile(stop - start)
        packed = empty_planes(self.shape, stop - start)
        # Borders at multiples of the chunks: a chunk on both sides of one would be unpacked twice.
        first_border = (start // tile.rows + 1) * tile.rows
        borders = [start, *range(first_border, stop, tile.rows), stop]
        for plane in range(0, self.shape[0], tile.planes):
            target = packed[plane // 8 :]
            for left, right in itertools.pairwise(borders):
                bits = self._read(slice(plane, plane + tile.planes), left, right, bar)
                pack_planes(bits, target[..., left - start : right - start])
        return packed

    def _read(self, planes: slice, left: int, right: int, bar: Bar) -> NDArray[np.uint8]:
        """Return the rows from `left` to `right` of some planes, (k, C, n), as 0 and 1."""
        with reading(self._path):
            values = self._dataset[planes, ..., left:right]
        bar.update(values.nbytes)
        rows = values.reshape(len(values), -1, right - left)
        return as_bits(rows, left, self.name, self._path)

    def _tile(self, n_rows: int) -> _Tile:
        """Return how much to read at once: whole bytes, and whole chunks while they fit."""
        whole_chunks = math.lcm(8, self._chunk[0])
        all_planes = 8 * packed_bytes(self.shape[0])
        planes = min(whole_chunks, all_planes)
        channels = math.prod(self.shape[1:-1])
        row_size = planes * channels * self._dataset.dtype.itemsize
        chunk_rows = self._chunk[-1]
        n_chunks = max(1, _TILE // row_size // chunk_rows)
        most_rows = 4 * _TILE // row_size
        rows = min(n_rows, n_chunks * chunk_rows, most_rows)
        return _Tile(planes, max(1, rows))
