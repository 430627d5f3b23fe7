"""Leakage between the splits of a dataset.

Windows that share bases of the genome, and windows of the same bases on either strand. Counts are
exact, and memory holds only a block of windows and a few numbers per window: windows are hashed,
and those with equal hashes are compared base by base.
"""

import itertools
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.data.dataset import Dataset
from danq.genome.sequence import reverse_complement_packed, row_bytes

PAIRS = (("valid", "train"), ("test", "train"), ("test", "valid"))
"""Each split, and the split it is compared with, which is used before it."""

_BLOCK = 1 << 23  # bytes of packed windows read at once
_CANDIDATES = 1 << 26  # bytes of packed windows confirmed in one pass through the file
_SEED = 0  # of the hash


class _Hashes(NamedTuple):
    """Hashes (uint64, (N,)) of the windows of a split, on both strands."""

    forward: NDArray[np.uint64]
    reverse: NDArray[np.uint64]


def audit(dataset: Dataset) -> pd.DataFrame:
    """Count the windows of held-out splits that a model has seen, in part or whole.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        An open dataset.

    Returns
    -------
    pandas.DataFrame
        A row for each of `PAIRS`, with the columns

        split, against : str
            The two splits. All counts are of windows of `split`, each counted once.
        windows : int64
            All of them.
        overlapping : Int64
            Those that share at least 1 bp of the genome with a window of `against`; NA where the
            dataset's coordinates are not those of a genome.
        identical : int64
            Those whose bases, N included, are exactly those of some window of `against`.
        reverse_complement : int64
            Those whose other strand is exactly some window of `against`.
        either : int64
            Those that are `identical` or `reverse_complement`, or both.
    """
    hashes = {split: _hash_split(dataset, split) for split in ("train", "valid", "test")}
    rows = []
    for split, against in PAIRS:
        repeats = _Repeats(dataset, split, against, hashes[against].forward)
        identical = repeats.find(hashes[split].forward, reverse=False)
        reverse = repeats.find(hashes[split].reverse, reverse=True)
        row: dict[str, str | int | None] = {"split": split, "against": against}
        row["windows"] = len(identical)
        row["overlapping"] = _overlapping(dataset, split, against)
        row["identical"] = identical.sum()
        row["reverse_complement"] = reverse.sum()
        row["either"] = (identical | reverse).sum()
        rows.append(row)
    return pd.DataFrame(rows).astype({"overlapping": "Int64"})


def _overlapping(dataset: Dataset, split: str, against: str) -> int | None:
    """Count the windows of a split that share a base with one of another; None without a genome."""
    if dataset.attributes["coordinates"] != "genome":
        return None
    starts = _starts_on_one_line(dataset, split)
    neighbours = np.sort(_starts_on_one_line(dataset, against))
    neighbours = np.append(neighbours, np.iinfo(np.int64).max)
    # Of the neighbours that end behind a window's start, the first one begins the earliest.
    first_behind = np.searchsorted(neighbours, starts - dataset.window, side="right")
    overlaps = neighbours[first_behind] < starts + dataset.window
    return int(overlaps.sum())


def _starts_on_one_line(dataset: Dataset, split: str) -> NDArray[np.int64]:
    """Return starts with all chromosomes on one line, farther apart than a window is long."""
    stride = max(dataset.chromosomes.values()) + dataset.window
    positions = dataset.positions(split)
    return positions.chrom * stride + positions.start


def _hash_split(dataset: Dataset, split: str) -> _Hashes:
    n = dataset.length(split)
    forward = np.empty(n, dtype=np.uint64)
    # Training windows are never looked for in another split: their forward strand is enough.
    reverse = np.empty(0 if split == "train" else n, dtype=np.uint64)
    step = _rows_in(_BLOCK, dataset)
    for start in range(0, n, step):
        rows = slice(start, start + step)
        packed = dataset.packed_sequences(split, rows)
        forward[rows] = _hash(packed)
        if split != "train":
            reverse[rows] = _hash(reverse_complement_packed(packed, dataset.window))
    return _Hashes(forward, reverse)


def _hash(packed: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Hash packed windows (n, w, 4), uint8, to uint64 (n,).

    Multilinear hashing (Lemire and Kaser 2014, https://arxiv.org/abs/1202.4961): the sum of the
    32-bit words of a window, each times a random number, modulo 2^64. The difference of two words
    is not a multiple of 2^32, so that any two windows have equal hashes by chance with a
    probability of at most 2^-33; nearly all pairs with 2^-64.
    """
    contiguous = np.ascontiguousarray(packed)
    words = contiguous.view(np.uint32)[:, :, 0]
    n_words = words.shape[1]
    rng = np.random.default_rng(_SEED)
    factors = rng.integers(0, 1 << 64, n_words, dtype=np.uint64)
    return np.einsum("ij,j->i", words, factors)


class _Repeats:
    """Finds windows of a split among those of another, `against`, with these `hashes`."""

    def __init__(
        self, dataset: Dataset, split: str, against: str, hashes: NDArray[np.uint64]
    ) -> None:
        self._dataset = dataset
        self._split = split
        self._against = against
        self._order = np.argsort(hashes, kind="stable")
        self._sorted = hashes[self._order]

    def find(self, hashes: NDArray[np.uint64], reverse: bool) -> NDArray[np.bool_]:
        """Return which windows of the split, bool (N,), equal some window of `against`.

        `hashes` are of the strand to look for, the reverse complement if `reverse`.
        """
        candidate_start = np.searchsorted(self._sorted, hashes, side="left")
        candidate_end = np.searchsorted(self._sorted, hashes, side="right")
        repeated = np.zeros(len(hashes), dtype=bool)
        step = _rows_in(_CANDIDATES, self._dataset)
        # The windows of equal hash, one after the other; nearly always the first has equal bases.
        for number in itertools.count():
            remains = candidate_start + number < candidate_end
            pending = np.flatnonzero(remains & ~repeated)
            if len(pending) == 0:
                break
            for start in range(0, len(pending), step):
                rows = pending[start : start + step]
                counterpart_rows = self._order[candidate_start[rows] + number]
                repeated[rows] = self._equal(rows, counterpart_rows, reverse)
        return repeated

    def _equal(
        self, rows: NDArray[np.int64], counterpart_rows: NDArray[np.int64], reverse: bool
    ) -> NDArray[np.bool_]:
        """Compare windows of both splits pair by pair, base by base."""
        windows = _gather(self._dataset, self._split, rows)
        counterparts = _gather(self._dataset, self._against, counterpart_rows)
        equal = np.empty(len(rows), dtype=bool)
        step = _rows_in(_BLOCK, self._dataset)
        for start in range(0, len(rows), step):
            block = slice(start, start + step)
            strand = windows[block]
            if reverse:
                strand = reverse_complement_packed(strand, self._dataset.window)
            same_bases = strand == counterparts[block]
            equal[block] = same_bases.all(axis=(1, 2))
        return equal


def _gather(dataset: Dataset, split: str, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Read windows, uint8 (n, w, 4), at rows in any order, by one pass through the file."""
    distinct, inverse = np.unique(rows, return_inverse=True)
    block_numbers = distinct // _rows_in(_BLOCK, dataset)
    changes = np.flatnonzero(np.diff(block_numbers))
    borders = changes + 1
    pieces = []
    for block in np.split(distinct, borders):
        first_row = int(block[0])
        last_row = int(block[-1])
        packed = dataset.packed_sequences(split, slice(first_row, last_row + 1))
        pieces.append(packed[block - first_row])
    return np.concatenate(pieces)[inverse]


def _rows_in(size: int, dataset: Dataset) -> int:
    """Return how many packed windows `size` bytes hold, at least 1."""
    row_size = row_bytes(dataset.window, n_targets=0)
    return max(1, size // row_size)
