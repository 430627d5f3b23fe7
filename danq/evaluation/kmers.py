"""The baseline `kmer`: logistic regression on the k-mers of the bin and of its flanks."""

import itertools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from danq.data.dataset import Dataset
from danq.evaluation.fitting import Features, FittedBaseline, Plan, fit_baseline
from danq.genome import bins, sequence

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

BIN_KMERS = (6,)
"""The k of the k-mers of the bin: half a binding site, and most of a short one.

DanQ's own baseline counted 1 to 5 bases in the whole window
(https://doi.org/10.1093/nar/gkw226); docs/notes/baselines.md says what was tried.
"""

FLANK_KMERS = (1, 2, 3, 4)
"""The k of those of the flanks, which tell what kind of sequence the bin lies in."""

PENALTY = 0.001
"""scikit-learn's C of the logistic regression, on standardised counts."""

_BLOCK = 512  # sequences counted at once


def fit_kmers(data: Dataset, threads: int = 1) -> FittedBaseline:
    """Fit a logistic regression on k-mer counts for each target.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
        The open file; its training split is used.
    threads : int
        CPU threads; they change no result.

    Returns
    -------
    danq.evaluation.fitting.FittedBaseline
    """
    flank = bins.flank(data.window, data.bin_size)

    def compute(indices: NDArray[np.uint8]) -> NDArray[np.float32]:
        return window_kmers(indices, flank)

    features = Features(n_kmers(BIN_KMERS) + n_kmers(FLANK_KMERS), compute)
    targets = range(len(data.names))
    plan = Plan("k-mer regression", features, _regression, targets)
    return fit_baseline(data, plan, threads)


def _regression() -> "LogisticRegression":
    from sklearn.linear_model import LogisticRegression  # slow to load

    return LogisticRegression(C=PENALTY, max_iter=200)


def n_kmers(lengths: tuple[int, ...]) -> int:
    """Return how many k-mers there are, one and its reverse complement counted as one.

    Of an odd length, none is its own reverse complement; of an even one, as many as its halves.

    Examples
    --------
    >>> n_kmers((1,)), n_kmers((2,)), n_kmers((6,)), n_kmers((1, 2, 3, 4))
    (2, 10, 2080, 180)
    """
    own = [0 if k % 2 else 2**k for k in lengths]
    return sum((4**k + n) // 2 for k, n in zip(lengths, own, strict=True))


def window_kmers(indices: NDArray[np.uint8], flank: int) -> NDArray[np.float32]:
    """Count the k-mers of the bin, and those of both flanks together.

    Parameters
    ----------
    indices : numpy.ndarray, shape (N, L), uint8
        Bases 0 to 3; k-mers with a 4 (N) are not counted.
    flank : int
        Length before and after the bin (bp).

    Returns
    -------
    numpy.ndarray, shape (N, n), float32
        Counts of the `BIN_KMERS` in the bin, then of the `FLANK_KMERS`.
    """
    end = indices.shape[1] - flank
    in_bin = kmer_counts(indices[:, flank:end], BIN_KMERS)
    before = kmer_counts(indices[:, :flank], FLANK_KMERS)
    after = kmer_counts(indices[:, end:], FLANK_KMERS)
    return np.hstack([in_bin, before + after])


def kmer_counts(indices: NDArray[np.uint8], lengths: tuple[int, ...]) -> NDArray[np.float32]:
    """Count the k-mers of each sequence, a k-mer and its reverse complement as one.

    Parameters
    ----------
    indices : numpy.ndarray, shape (N, L), uint8
        Bases 0 to 3; k-mers with a 4 (N) are not counted.
    lengths : tuple of int
        The k of the k-mers.

    Returns
    -------
    numpy.ndarray, shape (N, n), float32
        Counts of the canonical k-mers, in alphabetical order, the first length first.
    """
    return np.hstack([_canonical_counts(indices, k) for k in lengths])


def _canonical_counts(indices: NDArray[np.uint8], k: int) -> NDArray[np.float32]:
    """Return the counts of canonical k-mers, (N, number of them)."""
    n_columns = n_kmers((k,))
    counts = np.zeros((len(indices), n_columns), dtype=np.float32)
    if indices.shape[1] < k:
        return counts
    column = _canonical_columns(k)
    for start in range(0, len(indices), _BLOCK):
        rows = slice(start, start + _BLOCK)
        counts[rows] = _count_block(indices[rows], k, column, n_columns)
    return counts


def _canonical_columns(k: int) -> NDArray[np.intp]:
    """Return the column of each k-mer, (4**k,): its reverse complement has the same."""
    products = itertools.product(range(4), repeat=k)
    kmers = np.array(list(products), dtype=np.uint8)
    powers = 4 ** np.arange(k - 1, -1, -1)
    forward = kmers @ powers
    reverse = sequence.reverse_complement(kmers) @ powers
    _, column = np.unique(np.minimum(forward, reverse), return_inverse=True)
    return column


def _count_block(
    indices: NDArray[np.uint8], k: int, column: NDArray[np.intp], n_columns: int
) -> NDArray[np.int64]:
    """Count k-mers by column; those with an unknown base go to a last column, which is cut off."""
    n_sequences, length = indices.shape
    shape = (n_sequences, length - k + 1)
    kmers = np.zeros(shape, dtype=np.int32)
    known = np.ones(shape, dtype=bool)
    for offset in range(k):
        bases = indices[:, offset : offset + shape[1]]
        kmers = 4 * kmers + (bases & 3)
        known &= bases < 4
    columns = np.where(known, column[kmers], n_columns)
    # One bin of the count for each sequence and column.
    row_length = n_columns + 1
    first_cell = row_length * np.arange(n_sequences)
    cells = columns + first_cell[:, None]
    counts = np.bincount(cells.ravel(), minlength=n_sequences * row_length)
    return counts.reshape(n_sequences, row_length)[:, :-1]
