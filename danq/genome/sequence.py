"""DNA as bases, indices and bit planes: base order, reverse complement, and a whole genome packed.

One-hot DNA is kept as four bit planes, ``numpy.packbits`` of the (L, 4) one-hot along L: half a byte per base. A window
that starts at a multiple of 8 bp is then a contiguous slice of its chromosome.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

ALPHABET = "ACGT"
"""Channel order of every one-hot array. Its reverse is its complement: flipping both axes complements."""

UNKNOWN = 4
"""Code of every base that is not in the alphabet."""

_CODES = np.full(256, UNKNOWN, dtype=np.uint8)
for _code, _letter in enumerate(ALPHABET):
    _CODES[[ord(_letter), ord(_letter.lower())]] = _code

_ONE_HOT = np.vstack([np.eye(4, dtype=np.uint8), np.zeros((1, 4), dtype=np.uint8)])

_BLOCK = 1 << 20  # bases packed at once: stays in the cache of a core
_ROWS = 1 << 14  # windows looked at at once


def encode(bases):
    """Return the code of each base.

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
    raw = bases.encode("ascii") if isinstance(bases, str) else bases
    return _CODES[np.frombuffer(raw, dtype=np.uint8)]


def decode(indices):
    """Return indices (uint8, 0 to 4) as bases (str), 4 as N."""
    return np.frombuffer(b"ACGTN", dtype=np.uint8)[indices].tobytes().decode("ascii")


def one_hot(indices):
    """Return indices of shape (..., L) as one-hot of shape (..., L, 4), uint8; code 4 gives four zeros."""
    return _ONE_HOT[indices]


def reverse_complement(indices):
    """Return the indices (..., L) of the other strand, read in its own direction.

    Examples
    --------
    >>> decode(reverse_complement(encode("AACGN")))
    'NCGTT'
    """
    flipped = indices[..., ::-1]
    return np.where(flipped < 4, 3 - flipped, flipped)


def pack(indices):
    """Return indices as packed one-hot.

    Parameters
    ----------
    indices : numpy.ndarray, shape (..., L), uint8
        Bases; everything above 3 gives four zeros.

    Returns
    -------
    numpy.ndarray, shape (..., ceil(L/8), 4), uint8
        ``numpy.packbits`` of the one-hot along L; bits beyond L are zeros.

    Examples
    --------
    >>> pack(np.array([[0, 0, 3, 4]], dtype=np.uint8)).tolist()
    [[[192, 0, 0, 32]]]
    """
    return np.stack([np.packbits(indices == code, axis=-1) for code in range(4)], axis=-1)


def packed_bytes(n: int) -> int:
    """Return how many bytes hold `n` bits: ceil(n/8).

    Examples
    --------
    >>> packed_bytes(0), packed_bytes(8), packed_bytes(9)
    (0, 1, 2)
    """
    return -(-n // 8)


def base_indices(one_hot: NDArray[Any], axis: int) -> NDArray[np.uint8]:
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


def unpack(packed, length):
    """Return packed one-hot (N, ceil(L/8), 4) as one-hot (N, L, 4), uint8, with L = `length` (bp)."""
    return np.unpackbits(packed, axis=1, count=length)


def unpack_indices(packed, length):
    """Return packed one-hot (N, ceil(L/8), 4) as indices (N, L), uint8, `UNKNOWN` where no bit is set."""
    return base_indices(unpack(packed, length), axis=2)


_REVERSED = np.packbits(
    np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)[:, ::-1], axis=1
)[:, 0]


def reverse_complement_packed(packed, length):
    """Return the other strand of packed windows (N, ceil(L/8), 4), uint8, with L = `length` (bp).

    Both axes of the one-hot are flipped: bytes and the bits in them, and the channels.

    Examples
    --------
    >>> indices = np.array([[0, 0, 1, 2, 4]], dtype=np.uint8)
    >>> decode(unpack_indices(reverse_complement_packed(pack(indices), 5), 5)[0])
    'NCGTT'
    """
    return shift(_REVERSED[packed[:, ::-1, ::-1]], -length % 8)


def shift(packed, phase):
    """Return packed bits (..., n, 4) moved left by `phase` (0 to 7) positions along their second last axis.

    Examples
    --------
    >>> shift(np.array([[1, 2, 4, 8], [128, 0, 0, 0]], dtype=np.uint8), 1).tolist()
    [[3, 4, 8, 16], [0, 0, 0, 0]]
    """
    if phase == 0:
        return packed
    moved = packed << phase
    moved[..., :-1, :] |= packed[..., 1:, :] >> (8 - phase)
    return moved


class Packer:
    """Packs one long sequence that arrives in pieces, in memory of half a byte per base."""

    def __init__(self):
        self.length, self._parts, self._rest = 0, [], np.empty(0, dtype=np.uint8)

    def add(self, indices):
        """Take the next piece, indices uint8 (n,)."""
        self.length += len(indices)
        head = -len(self._rest) % 8 if len(self._rest) else 0
        if len(self._rest) + len(indices) < 8:
            self._rest = np.concatenate([self._rest, indices])
            return
        if head:
            self._parts.append(pack(np.concatenate([self._rest, indices[:head]])))
        whole = head + (len(indices) - head) // 8 * 8
        self._parts += [
            pack(indices[start : min(start + _BLOCK, whole)])
            for start in range(head, whole, _BLOCK)
        ]
        self._rest = indices[whole:].copy()

    def finish(self):
        """Return the packed one-hot, uint8 (ceil(length/8), 4)."""
        return np.concatenate([*self._parts, pack(self._rest)])


class Genome:
    """A genome in memory, packed to bit planes.

    Parameters
    ----------
    packed : dict of str to numpy.ndarray, shape (ceil(length/8), 4), uint8
        Packed one-hot of each chromosome.
    lengths : dict of str to int
        Length of each chromosome (bp), in the order of the FASTA file.
    unknown : dict of str to numpy.ndarray, shape (n, 2), int64
        Runs of bases other than ACGT (bp, 0-based half-open), sorted and disjoint.
    """

    def __init__(self, packed, lengths, unknown):
        self.packed, self.lengths, self.unknown = packed, lengths, unknown

    def windows(self, chrom, starts, window):
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
            Packed one-hot: slices of the chromosome where a start is a multiple of 8, else of a copy moved by its rest.

        Raises
        ------
        ValueError
            A window leaves the chromosome.
        """
        starts = np.asarray(starts, dtype=np.int64)
        if len(starts) and (starts.min() < 0 or starts.max() + window > self.lengths[chrom]):
            raise ValueError(f"a window leaves {chrom} ({self.lengths[chrom]} bp)")
        width, phases = packed_bytes(window), starts & 7
        found = np.empty((len(starts), width * 4), dtype=np.uint8)
        for phase in np.flatnonzero(np.bincount(phases, minlength=8)).tolist():
            rows = slice(None) if (phases == phase).all() else phases == phase
            found[rows] = _slices(self.packed[chrom], starts[rows], phase, width)
        found = found.reshape(len(starts), width, 4)
        if window % 8:
            found[:, -1] &= 256 - (1 << -window % 8)
        return found

    def unknown_bases(self, chrom, starts, window):
        """Count the bases other than ACGT in each window (int64, (n,)); `starts` as in `windows`."""
        runs = self.unknown[chrom]
        before = np.concatenate([[0], np.cumsum(runs[:, 1] - runs[:, 0])])

        def up_to(places):
            run = np.searchsorted(runs[:, 0], places, side="right")
            beyond = np.maximum(runs[run - 1, 1] - places, 0) * (run > 0) if len(runs) else 0
            return before[run] - beyond

        return up_to(starts + window) - up_to(starts)

    def gc(self, chrom, starts, window):
        """Count G and C in each window (int64, (n,)); `starts` as in `windows`."""
        found = np.empty(len(starts), dtype=np.int64)
        for row in range(0, len(starts), _ROWS):
            middle = self.windows(chrom, starts[row : row + _ROWS], window)[:, :, 1:3]
            found[row : row + _ROWS] = np.bitwise_count(middle).sum(axis=(1, 2), dtype=np.int64)
        return found

    def base_indices(self, chrom):
        """Return the indices of a whole chromosome, uint8 (length,)."""
        return unpack_indices(self.packed[chrom][None], self.lengths[chrom])[0]


def _slices(packed, starts, phase, width):
    """Return rows of `width` * 4 bytes of a packed chromosome, uint8 (n, width * 4); all starts have the same phase."""
    first = starts >> 3
    if len(first) == 0:
        return np.empty((0, width * 4), dtype=np.uint8)
    low = first.min()
    # One byte more than the widest window, where there is one: the bits that move in from the right.
    flat = np.ascontiguousarray(shift(packed[low : first.max() + width + (phase > 0)], phase))
    if len(flat) < first.max() - low + width:
        flat = np.concatenate([flat, np.zeros((1, 4), dtype=np.uint8)])
    shape = len(flat) - width + 1, width * 4
    return np.lib.stride_tricks.as_strided(flat.reshape(-1), shape, (4, 1), writeable=False)[
        first - low
    ]


def find_unknown(indices, offset):
    """Return the runs of bases other than ACGT in `indices`, int64 (n, 2), moved by `offset` (bp)."""
    unknown = np.flatnonzero(indices > 3)
    if len(unknown) == 0:
        return np.empty((0, 2), dtype=np.int64)
    new = np.flatnonzero(np.diff(unknown) > 1) + 1
    firsts = unknown[np.concatenate([[0], new])]
    lasts = unknown[np.concatenate([new - 1, [len(unknown) - 1]])]
    return np.column_stack([firsts, lasts + 1]) + offset
