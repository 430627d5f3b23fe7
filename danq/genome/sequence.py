"""DNA as bases, indices and bit planes: base order, reverse complement, and a whole genome packed.

One-hot DNA is kept as four bit planes, ``numpy.packbits`` of the (L, 4) one-hot along L: half a
byte per base. A window that starts at a multiple of 8 bp is then a contiguous slice of its
chromosome.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]

ALPHABET = "ACGT"
"""Channel order of every one-hot array. Its reverse is its complement: reversing both axes of a
one-hot gives the reverse complement."""

UNKNOWN = 4
"""Index of every base that is not in the alphabet."""

_BASES = np.frombuffer(b"ACGTN", dtype=np.uint8)
_INDICES = np.full(256, UNKNOWN, dtype=np.uint8)
for _index, _base in enumerate(ALPHABET):
    _INDICES[ord(_base)] = _index
    _INDICES[ord(_base.lower())] = _index

_ONE_HOT = np.eye(5, 4, dtype=np.uint8)

_BLOCK = 1 << 20  # bases packed at once: stays in the cache of a core
_ROWS = 1 << 14  # windows counted at once


def encode(bases: str | bytes) -> Bytes:
    """Return the index of each base.

    Parameters
    ----------
    bases : str or bytes
        DNA; lower case counts as upper case.

    Returns
    -------
    numpy.ndarray, shape (L,), uint8
        0 to 3 in the order of `ALPHABET`; `UNKNOWN` for N and every other base.

    Examples
    --------
    >>> encode("ACGTn").tolist()
    [0, 1, 2, 3, 4]
    """
    if isinstance(bases, str):
        bases = bases.encode("ascii")
    return _INDICES[np.frombuffer(bases, dtype=np.uint8)]


def decode(indices: Bytes) -> str:
    """Return indices (uint8, 0 to 4) as bases, 4 as N."""
    return _BASES[indices].tobytes().decode("ascii")


def one_hot(indices: Bytes) -> Bytes:
    """Return indices (..., L) as one-hot (..., L, 4), uint8; index 4 gives four zeros."""
    return _ONE_HOT[indices]


def base_indices(one_hot: NDArray[Any], axis: int) -> Bytes:
    """Return the base indices of one-hot DNA.

    Parameters
    ----------
    one_hot : numpy.ndarray, shape (..., 4, ...)
        One-hot DNA, of any dtype.
    axis : int
        The axis of the 4 channels.

    Returns
    -------
    numpy.ndarray, uint8
        The shape of `one_hot` without that axis: 0 to 3, `UNKNOWN` where no channel is set.

    Examples
    --------
    >>> base_indices(np.array([[0, 0, 1, 0], [0, 0, 0, 0]]), axis=1).tolist()
    [2, 4]
    """
    known = one_hot.any(axis=axis)
    highest = one_hot.argmax(axis=axis)
    return np.where(known, highest, UNKNOWN).astype(np.uint8)


def reverse_complement(indices: Bytes) -> Bytes:
    """Return the indices (..., L) of the other strand, read in its own direction.

    Examples
    --------
    >>> decode(reverse_complement(encode("AACGN")))
    'NCGTT'
    """
    backwards = indices[..., ::-1]
    return np.where(backwards < 4, 3 - backwards, backwards)


def packed_bytes(n: int) -> int:
    """Return how many bytes hold `n` bits: ceil(n/8).

    Examples
    --------
    >>> packed_bytes(0), packed_bytes(8), packed_bytes(9)
    (0, 1, 2)
    """
    return -(-n // 8)


def row_bytes(window: int, n_targets: int) -> int:
    """Return the bytes that one window and its labels take in dataset.h5.

    Parameters
    ----------
    window : int
        Length of the window (bp).
    n_targets : int
        Number of targets.

    Returns
    -------
    int
        Half a byte a base and a bit a label, each rounded up; its start not counted.

    Examples
    --------
    >>> row_bytes(1000, 919)
    615
    """
    return 4 * packed_bytes(window) + packed_bytes(n_targets)


def pack(indices: Bytes) -> Bytes:
    """Return indices as packed one-hot.

    Parameters
    ----------
    indices : numpy.ndarray, shape (..., L), uint8
        Base indices; everything above 3 gives four zeros.

    Returns
    -------
    numpy.ndarray, shape (..., ceil(L/8), 4), uint8
        ``numpy.packbits`` of the one-hot along L; bits beyond L are zeros.

    Examples
    --------
    >>> pack(np.array([[0, 0, 3, 4]], dtype=np.uint8)).tolist()
    [[[192, 0, 0, 32]]]
    """
    planes = []
    for index in range(4):
        planes.append(np.packbits(indices == index, axis=-1))
    return np.stack(planes, axis=-1)


def unpack(packed: Bytes, length: int) -> Bytes:
    """Return packed one-hot as one-hot.

    Parameters
    ----------
    packed : numpy.ndarray, shape (N, ceil(L/8), 4), uint8
        Packed windows, as from `pack`.
    length : int
        Length L of the windows (bp).

    Returns
    -------
    numpy.ndarray, shape (N, L, 4), uint8
        One-hot windows.
    """
    return np.unpackbits(packed, axis=1, count=length)


def unpack_indices(packed: Bytes, length: int) -> Bytes:
    """Return packed one-hot as base indices.

    Parameters
    ----------
    packed : numpy.ndarray, shape (N, ceil(L/8), 4), uint8
        Packed windows, as from `pack`.
    length : int
        Length L of the windows (bp).

    Returns
    -------
    numpy.ndarray, shape (N, L), uint8
        0 to 3, `UNKNOWN` where no bit is set.
    """
    a, c, g, t = (np.ascontiguousarray(packed[:, :, index]) for index in range(4))
    # Where a damaged file has several bases at one place, the first of them counts, as in
    # `base_indices`.
    c = c & ~a
    g = g & ~(a | c)
    t = t & ~(a | c | g)
    unknown = ~(a | c | g | t)
    indices = np.zeros((len(packed), length), dtype=np.uint8)
    for index, plane in ((1, c), (2, g), (3, t), (UNKNOWN, unknown)):
        indices += np.uint8(index) * np.unpackbits(plane, axis=1, count=length)
    return indices


def _reversed_bytes() -> Bytes:
    """Return every byte with its bits in reverse order, shape (256,)."""
    values = np.arange(256, dtype=np.uint8)
    bits = np.unpackbits(values).reshape(256, 8)
    backwards = bits[:, ::-1]
    return np.packbits(backwards)


_REVERSED = _reversed_bytes()


def reverse_complement_packed(packed: Bytes, length: int) -> Bytes:
    """Return the other strand of packed windows.

    Both axes of the one-hot are reversed: bytes and the bits in them, and the channels.

    Parameters
    ----------
    packed : numpy.ndarray, shape (N, ceil(L/8), 4), uint8
        Packed windows, as from `pack`.
    length : int
        Length L of the windows (bp).

    Returns
    -------
    numpy.ndarray, shape (N, ceil(L/8), 4), uint8
        Packed windows of the other strand, read in its own direction.

    Examples
    --------
    >>> indices = np.array([[0, 0, 1, 2, 4]], dtype=np.uint8)
    >>> decode(unpack_indices(reverse_complement_packed(pack(indices), 5), 5)[0])
    'NCGTT'
    """
    backwards = _REVERSED[packed[:, ::-1, ::-1]]
    return shift(backwards, -length % 8)


def shift(packed: Bytes, phase: int) -> Bytes:
    """Return packed bits shifted to the left along their second last axis.

    Parameters
    ----------
    packed : numpy.ndarray, shape (..., n, 4), uint8
        Packed bits.
    phase : int
        By how many positions, 0 to 7.

    Returns
    -------
    numpy.ndarray, shape (..., n, 4), uint8
        The shifted bits, zeros behind the last; `packed` itself when `phase` is 0.

    Examples
    --------
    >>> shift(np.array([[1, 2, 4, 8], [128, 0, 0, 0]], dtype=np.uint8), 1).tolist()
    [[3, 4, 8, 16], [0, 0, 0, 0]]
    """
    if phase == 0:
        return packed
    shifted = np.left_shift(packed, phase)
    next_bytes = packed[..., 1:, :]
    shifted[..., :-1, :] |= np.right_shift(next_bytes, 8 - phase)
    return shifted


class Packer:
    """Packs one long sequence that arrives in pieces, in memory of half a byte per base.

    Attributes
    ----------
    length : int
        Bases so far (bp).
    """

    def __init__(self) -> None:
        self.length = 0
        self._packed: list[Bytes] = []
        self._pending = np.empty(0, dtype=np.uint8)  # fewer than 8 bases: no whole byte yet

    def add(self, indices: Bytes) -> None:
        """Add the next piece, indices uint8 (n,)."""
        self.length += len(indices)
        if len(self._pending) + len(indices) < 8:
            self._pending = np.concatenate([self._pending, indices])
            return
        head = -len(self._pending) % 8
        if head:
            first_byte = np.concatenate([self._pending, indices[:head]])
            self._packed.append(pack(first_byte))
        tail = len(indices) - (len(indices) - head) % 8
        for start in range(head, tail, _BLOCK):
            end = min(start + _BLOCK, tail)
            self._packed.append(pack(indices[start:end]))
        self._pending = indices[tail:].copy()

    def finish(self) -> Bytes:
        """Return the packed one-hot, uint8 (ceil(length/8), 4)."""
        return np.concatenate([*self._packed, pack(self._pending)])


class Genome:
    """A genome in memory, packed to bit planes.

    Parameters
    ----------
    packed : mapping of str to numpy.ndarray, shape (ceil(length/8), 4), uint8
        Packed one-hot of each chromosome.
    lengths : dict of str to int
        Length of each chromosome (bp), in the order of the FASTA file.
    unknown : mapping of str to numpy.ndarray, shape (n, 2), int64
        Runs of bases other than ACGT (bp, 0-based half-open), sorted and disjoint.
    """

    def __init__(
        self, packed: Mapping[str, Bytes], lengths: dict[str, int], unknown: Mapping[str, Integers]
    ) -> None:
        self.packed = packed
        self.lengths = lengths
        self.unknown = unknown

    def windows(self, chrom: str, starts: Integers, window: int) -> Bytes:
        """Cut windows out of a chromosome.

        Parameters
        ----------
        chrom : str
            Name of the chromosome.
        starts : numpy.ndarray, shape (n,), int64
            Window starts (bp, 0-based); every window must lie inside the chromosome.
        window : int
            Window length (bp).

        Returns
        -------
        numpy.ndarray, shape (n, ceil(window/8), 4), uint8
            Packed one-hot: slices of the chromosome where a start is a multiple of 8, else of a
            copy shifted by its rest.

        Raises
        ------
        ValueError
            A window leaves the chromosome.
        """
        starts = np.asarray(starts, dtype=np.int64)
        length = self.lengths[chrom]
        if len(starts) and (starts.min() < 0 or starts.max() + window > length):
            raise ValueError(f"a window leaves {chrom} ({length} bp)")
        packed = self.packed[chrom]
        width = packed_bytes(window)
        n = len(starts)
        flat = np.empty((n, width * 4), dtype=np.uint8)
        phases = starts & 7
        present = np.flatnonzero(np.bincount(phases, minlength=8))
        for phase in present.tolist():
            rows: NDArray[np.bool_] | slice = phases == phase
            if len(present) == 1:  # nearly always: nothing has to be picked out
                rows = slice(None)
            flat[rows] = _slices(packed, starts[rows], phase, width)
        windows = flat.reshape(n, width, 4)
        n_beyond = -window % 8
        if n_beyond:
            windows[:, -1] &= 256 - (1 << n_beyond)
        return windows

    def unknown_bases(self, chrom: str, starts: Integers, window: int) -> Integers:
        """Count the bases other than ACGT in each window.

        Parameters
        ----------
        chrom : str
            Name of the chromosome.
        starts : numpy.ndarray, shape (n,), int64
            Window starts (bp, 0-based).
        window : int
            Window length (bp).

        Returns
        -------
        numpy.ndarray, shape (n,), int64
            Unknown bases (bp).
        """
        until_end = self._unknown_before(chrom, starts + window)
        return until_end - self._unknown_before(chrom, starts)

    def _unknown_before(self, chrom: str, positions: Integers) -> Integers:
        """Return how many bases other than ACGT lie before each position."""
        runs = self.unknown[chrom]
        if len(runs) == 0:
            return np.zeros(len(positions), dtype=np.int64)
        run_starts, run_ends = runs.T
        totals = np.cumsum(run_ends - run_starts)
        n_runs = np.searchsorted(run_starts, positions, side="right")
        last_run = n_runs - 1
        beyond = np.maximum(run_ends[last_run] - positions, 0)
        return np.where(n_runs > 0, totals[last_run] - beyond, 0)

    def gc(self, chrom: str, starts: Integers, window: int) -> Integers:
        """Count G and C in each window.

        Parameters
        ----------
        chrom : str
            Name of the chromosome.
        starts : numpy.ndarray, shape (n,), int64
            Window starts (bp, 0-based); every window must lie inside the chromosome.
        window : int
            Window length (bp).

        Returns
        -------
        numpy.ndarray, shape (n,), int64
            Bases that are G or C (bp).
        """
        counts = np.empty(len(starts), dtype=np.int64)
        for row in range(0, len(starts), _ROWS):
            rows = slice(row, row + _ROWS)
            packed = self.windows(chrom, starts[rows], window)
            bits = np.bitwise_count(packed[:, :, 1:3])
            counts[rows] = bits.sum(axis=(1, 2), dtype=np.int64)
        return counts

    def base_shares(self) -> NDArray[np.float64]:
        """Return the shares of A, C, G and T, float64 (4,), the two strands taken together."""
        counts = np.zeros(4, dtype=np.int64)
        for packed in self.packed.values():
            counts += np.bitwise_count(packed).sum(axis=0, dtype=np.int64)
        of_both = counts + counts[::-1]
        return of_both / max(1, of_both.sum())

    def base_indices(self, chrom: str) -> Bytes:
        """Return the indices of a whole chromosome, uint8 (length,)."""
        windows = self.packed[chrom][None]
        return unpack_indices(windows, self.lengths[chrom])[0]


def _slices(packed: Bytes, starts: Integers, phase: int, width: int) -> Bytes:
    """Return rows of `width` * 4 bytes of a packed chromosome; all starts have the same phase."""
    if len(starts) == 0:
        return np.empty((0, width * 4), dtype=np.uint8)
    first_byte = starts >> 3
    low = first_byte.min()
    n_bytes = first_byte.max() - low + width
    # One byte behind the last window, where there is one: its bits are shifted in from the right.
    stretch = packed[low : low + n_bytes + (phase > 0)]
    flat = np.ascontiguousarray(shift(stretch, phase))
    if len(flat) < n_bytes:
        padding = np.zeros((1, 4), dtype=np.uint8)
        flat = np.concatenate([flat, padding])
    shape = (len(flat) - width + 1, width * 4)
    # Each row of the view begins one byte of the four planes behind the one before it.
    rows = as_strided(flat.reshape(-1), shape, (4, 1), writeable=False)
    return rows[first_byte - low]


def find_unknown(indices: Bytes, offset: int) -> Integers:
    """Find the runs of bases other than ACGT.

    Parameters
    ----------
    indices : numpy.ndarray, shape (L,), uint8
        A piece of a sequence.
    offset : int
        Where the piece begins (bp, 0-based).

    Returns
    -------
    numpy.ndarray, shape (n, 2), int64
        Start and end of each run (bp, 0-based half-open), in ascending order.
    """
    unknown = np.flatnonzero(indices > 3)
    if len(unknown) == 0:
        return np.empty((0, 2), dtype=np.int64)
    gaps = np.flatnonzero(np.diff(unknown) > 1)
    starts = unknown[np.append(0, gaps + 1)]
    lasts = unknown[np.append(gaps, -1)]
    return np.column_stack([starts, lasts + 1]) + offset
