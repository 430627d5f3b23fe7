"""The windows of a split joined to stretches of the genome, so that no base is looked at twice."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.data.dataset import Dataset
from danq.genome.sequence import UNKNOWN, unpack_indices

_BASES = 1 << 22  # bases of windows joined at once


class Joined(NamedTuple):
    """Neighbouring rows of a split on one chromosome.

    Attributes
    ----------
    chrom : int
        Number of the chromosome, in the order of `danq.data.dataset.Dataset.chromosomes`.
    indices : numpy.ndarray, shape (n,), uint8
        Base indices of stretches one after the other, an unknown base before each.
    starts : numpy.ndarray, shape (rows,), int64
        Where in `indices` each window begins.
    """

    chrom: int
    indices: NDArray[np.uint8]
    starts: NDArray[np.int64]


def joined(dataset: Dataset, split: str) -> Iterator[Joined]:
    """Join the windows of a split, block by block, chromosome by chromosome.

    A window that begins inside the one before it, and has the same bases there, goes on with it.
    Any other begins a stretch of its own, as all do whose places are not those of a genome.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        An open dataset.
    split : str
        train, valid or test.

    Yields
    ------
    Joined
        All rows of the split, in their order.
    """
    chroms, starts = dataset.positions(split)
    in_genome = dataset.attributes["coordinates"] == "genome"
    borders = np.flatnonzero(np.diff(chroms)) + 1
    firsts = [0, *borders.tolist()]
    lasts = [*borders.tolist(), len(chroms)]
    n_rows = max(1, _BASES // dataset.window)
    for first, last in zip(firsts, lasts, strict=True):
        for start in range(first, last, n_rows):
            rows = slice(start, min(start + n_rows, last))
            packed = dataset.packed_sequences(split, rows)
            indices = unpack_indices(packed, dataset.window)
            steps = np.diff(starts[rows]) if in_genome else np.full(len(indices) - 1, -1)
            yield _join(int(chroms[start]), indices, steps)


def _join(chrom: int, indices: NDArray[np.uint8], steps: NDArray[np.int64]) -> Joined:
    """Join windows, uint8 (n, L), that begin `steps` behind one another, int64 (n - 1,)."""
    n, window = indices.shape
    # How many bases of each window are already there; -1 for one that begins a stretch.
    n_known = np.full(n, -1)
    for step in np.unique(steps[(steps >= 0) & (steps < window)]).tolist():
        rows = np.flatnonzero(steps == step)
        same = indices[rows, step:] == indices[rows + 1, : window - step]
        goes_on = rows[same.all(axis=1)]
        n_known[goes_on + 1] = window - step
    bases = np.full((n, window + 1), UNKNOWN, dtype=np.uint8)
    bases[:, 1:] = indices
    is_new = np.arange(-1, window) >= n_known[:, None]
    ends = np.cumsum(is_new.sum(axis=1))
    return Joined(chrom, bases[is_new], ends - window)
