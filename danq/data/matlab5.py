"""MATLAB files of version 5, read as a stream.

The reader is ours because SciPy's, ``scipy.io.loadmat``, holds a whole array in memory: 1.8 GB for
the published test windows, where the import promises to stay below 1 GB (docs/scaling.md). The
format: MathWorks, "MAT-File Format", chapter "Level 5 MAT-Files",
https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf
"""

import io
import math
import os
import struct
import zlib
from collections.abc import Sequence
from typing import Any, BinaryIO, NamedTuple, Protocol

import numpy as np

from danq.data.matlab import BitArray, Halves, as_bits, empty_planes, pack_planes, reading
from danq.errors import DanqError
from danq.files import PathLike
from danq.progress import Bar

_INPUT = 1 << 18  # compressed bytes read at once
_LONGEST = 1 << 16  # bytes of a name or of dimensions: more is damage

_HEADER = 128  # bytes before the first element
_TAG = 8  # bytes before an element's data, which are padded to a multiple of as many
_VERSION = 0x0100

# Types of data elements, table 1-1 of the format.
_TYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_MATRIX = 14
_COMPRESSED = 15

# Classes of arrays, table 1-3: double, single and integers are 6 to 15. Higher classes have no
# dimensions or name where arrays have them.
_NUMERIC = range(6, 16)
_LAST_NAMED = 15

_CLASS = 0xFF  # bits of an array's flags
_COMPLEX = 0x0800


class _Stream(Protocol):
    """Bytes that can be read once, from start to end."""

    def read(self, n: int, /) -> bytes:
        """Return the next `n` bytes, fewer at the end."""


class _Section:
    """A part of an open file, with a position of its own."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file = file
        self._position = start
        self._end = start + size

    def read(self, n: int, /) -> bytes:
        """Return the next `n` bytes, fewer at the end."""
        self._file.seek(self._position)
        content = self._file.read(min(n, self._end - self._position))
        self._position += len(content)
        return content


class _Inflated:
    """The content of a zlib stream, unpacked only as far as it is read."""

    def __init__(self, section: _Section) -> None:
        self._section = section
        self._zlib = zlib.decompressobj()

    def read(self, n: int, /) -> bytes:
        """Return the next `n` bytes, fewer at the end; EOFError where the stream is cut off."""
        pieces = []
        while n > 0 and not self._zlib.eof:
            compressed = self._zlib.unconsumed_tail or self._section.read(_INPUT)
            piece = self._zlib.decompress(compressed, n)
            if not compressed and not piece:
                raise EOFError
            pieces.append(piece)
            n -= len(piece)
        return b"".join(pieces)


class _Tag(NamedTuple):
    """The tag before an element: its type, the length of its data (bytes), and small data."""

    kind: int
    length: int
    data: bytes | None


class _Matrix(NamedTuple):
    """A variable: its name, and its array if it is a full one of real numbers."""

    name: str
    array: "_Mat5Array | None"


def mat5_arrays(file: BinaryIO, names: Sequence[str], path: PathLike) -> dict[str, BitArray | None]:
    """Return the arrays of a v5 file.

    Parameters
    ----------
    file : binary file
        The open file, at its start; it must stay open while the arrays are read.
    names : sequence of str
        Variables to look for.
    path : str or path-like
        Path of the file, for messages.

    Returns
    -------
    dict of str to BitArray or None
        Those that are there, by name; None for what is not a full array of real numbers. Each can
        be read only once.

    Raises
    ------
    DanqError
        Not a MATLAB file of version 5.
    EOFError, struct.error, zlib.error
        The file is cut off or damaged; `danq.data.matlab.reading` turns these into a DanqError.
    """
    order = _byte_order(file.read(_HEADER), path)
    size = os.fstat(file.fileno()).st_size
    arrays: dict[str, BitArray | None] = {}
    position = _HEADER
    while position < size:
        tag = _read_tag(_Section(file, position, size - position), order)
        section = _Section(file, position + _TAG, tag.length)
        position += _TAG + tag.length
        if position > size:
            raise EOFError
        matrix = _read_variable(tag.kind, section, order, path)
        if matrix is not None and matrix.name in names:
            arrays[matrix.name] = matrix.array
    return arrays


def _byte_order(header: bytes, path: PathLike) -> str:
    """Return the byte order, as `struct` calls it, from the end of the header."""
    order = {b"IM": "<", b"MI": ">"}.get(header[126:])
    if order is None or struct.unpack(order + "H", header[124:126]) != (_VERSION,):
        what = "is not a MATLAB file of version 5 or 7.3"
        raise DanqError(f"{what}; give the .mat file of the bundle", path)
    return order


def _read_variable(kind: int, section: _Section, order: str, path: PathLike) -> _Matrix | None:
    """Return the variable that an element of a file is, or None."""
    stream: _Stream = section
    if kind == _COMPRESSED:
        stream = _Inflated(section)
        kind = _read_tag(stream, order).kind
    if kind == _MATRIX:
        return _read_matrix(stream, order, path)
    return None


def _read_matrix(stream: _Stream, order: str, path: PathLike) -> _Matrix | None:
    """Return the variable of the miMATRIX element that begins here, or None if it has no name."""
    flag_bytes = _read_element(stream, order)[:4]
    (flags,) = struct.unpack(order + "I", flag_bytes)
    array_class = flags & _CLASS
    if array_class > _LAST_NAMED:
        return None
    dimensions = _read_element(stream, order)
    sizes = struct.unpack(f"{order}{len(dimensions) // 4}i", dimensions)
    shape: tuple[int, ...] = sizes[::-1]
    name = _read_element(stream, order).decode("latin-1")
    if array_class not in _NUMERIC or flags & _COMPLEX or min(shape) < 1:
        return _Matrix(name, None)
    tag = _read_tag(stream, order)
    if tag.kind not in _TYPES:
        raise EOFError
    dtype = np.dtype(order + _TYPES[tag.kind])
    if math.prod(shape) * dtype.itemsize != tag.length:
        raise EOFError
    if tag.data:
        stream = io.BytesIO(tag.data)
    return _Matrix(name, _Mat5Array(stream, dtype, shape, name, path))


def _read_element(stream: _Stream, order: str) -> bytes:
    """Return the data of a short element, and skip its padding."""
    tag = _read_tag(stream, order)
    if tag.data is not None:
        return tag.data
    if tag.length > _LONGEST:
        raise EOFError
    padding = -tag.length % _TAG
    return _read_exactly(stream, tag.length + padding)[: tag.length]


def _read_tag(stream: _Stream, order: str) -> _Tag:
    """Return the tag of the element that begins here; small data are in the tag itself."""
    content = _read_exactly(stream, _TAG)
    kind, length = struct.unpack(order + "II", content)
    small_length = kind >> 16
    if small_length == 0:
        return _Tag(kind, length, None)
    if small_length > 4:
        raise EOFError
    return _Tag(kind & 0xFFFF, small_length, content[4 : 4 + small_length])


def _read_exactly(stream: _Stream, n: int) -> bytes:
    content = stream.read(n)
    if len(content) < n:
        raise EOFError
    return content


class _Mat5Array:
    """An array of a v5 file; a stream, so that it can be read only once."""

    def __init__(
        self,
        stream: _Stream,
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
        name: str,
        path: PathLike,
    ) -> None:
        self.name = name
        self.shape = shape
        self.n_bytes = math.prod(shape) * dtype.itemsize
        self._stream = stream
        self._dtype = dtype
        self._path = path

    def step(self, width: int) -> int:
        """Return how many rows to hold at once: all, whatever their width (bytes)."""
        return self.shape[-1]

    def halves(self, start: int, stop: int, bar: Bar) -> Halves:
        """Return both halves; `start` and `stop` must span a whole half."""
        n_rows = self.shape[-1]
        if (start, stop) != (0, n_rows // 2):
            raise AssertionError(f"{self.name}: rows {start} to {stop} of a stream")
        packed = empty_planes(self.shape, n_rows)
        plane_bytes = math.prod(self.shape[1:]) * self._dtype.itemsize
        for plane in range(0, self.shape[0], 8):
            depth = min(8, self.shape[0] - plane)
            with reading(self._path):
                content = _read_exactly(self._stream, depth * plane_bytes)
            bar.update(len(content))
            planes = np.frombuffer(content, self._dtype).reshape(depth, -1, n_rows)
            bits = as_bits(planes, 0, self.name, self._path)
            pack_planes(bits, packed[plane // 8 :])
        with reading(self._path):
            self._stream.read(_TAG)  # the padding, and the checksum of a compressed array
        return Halves(packed[..., :stop], packed[..., stop:])
