"""The baseline `kmer`: logistic regression on the k-mers in the middle of the window."""

import itertools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from danq.data.dataset import Dataset
from danq.evaluation.fitting import Features, FittedBaseline, Plan, fit_baseline
from danq.genome import bins, sequence

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

K = 6
"""Bases of a k-mer. DanQ's own baseline counted those of 1 to 5 bases in the whole window
(https://doi.org/10.1093/nar/gkw226); docs/comparison.md says what was tried."""

N_KMERS = 2080
"""A k-mer and its reverse complement counted as one."""

MARGIN = 50
"""K-mers are counted in the bin and this far to either side of it (bp)."""

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
    cut = max(0, bins.flank(data.window, data.bin_size) - MARGIN)

    def compute(indices: NDArray[np.uint8]) -> NDArray[np.float32]:
        middle = indices[:, cut : data.window - cut]
        return kmer_counts(middle)

    features = Features(N_KMERS, compute)
    targets = range(len(data.names))
    plan = Plan("k-mer regression", features, _regression, targets)
    return fit_baseline(data, plan, threads)


def _regression() -> "LogisticRegression":
    from sklearn.linear_model import LogisticRegression  # slow to load

    return LogisticRegression(C=PENALTY, max_iter=200)


def kmer_counts(indices: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Count the k-mers of each sequence, a k-mer and its reverse complement as one.

    Parameters
    ----------
    indices : numpy.ndarray, shape (N, L), uint8
        Bases 0 to 3; k-mers with a 4 (N) are not counted.

    Returns
    -------
    numpy.ndarray, shape (N, N_KMERS), float32
        Counts of the `N_KMERS` canonical k-mers.
    """
    columns = _canonical_columns(K)
    counts = np.empty((len(indices), N_KMERS), dtype=np.float32)
    for start in range(0, len(indices), _BLOCK):
        rows = slice(start, start + _BLOCK)
        counts[rows] = _count_block(indices[rows], K, columns, N_KMERS)
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
