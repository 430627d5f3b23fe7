"""Peaks to bins to 0/1 labels; which bins belong to which split, and which are left out.

Bins lie side by side from position 0 of each chromosome. A bin's label for a target is 1 when more than half of it
lies in the target's peaks, overlapping peaks counted once (Zhou and Troyanskaya 2015,
https://doi.org/10.1038/nmeth.3547). A window is a bin with equal flanks.
"""

import numpy as np

SPLITS = ("train", "valid", "test")
"""The splits, in the order of their codes in `split_codes`."""

NOWHERE = 255
"""Split code of a window that straddles a border."""


def merge(intervals):
    """Return the union of intervals as sorted, disjoint intervals.

    Parameters
    ----------
    intervals : numpy.ndarray, shape (n, 2), int
        Starts and ends (bp, 0-based half-open), in any order.

    Returns
    -------
    numpy.ndarray, shape (m, 2), int64

    Examples
    --------
    >>> merge(np.array([[5, 9], [0, 3], [2, 4], [9, 12]])).tolist()
    [[0, 4], [5, 12]]
    """
    intervals = np.asarray(intervals, dtype=np.int64)
    intervals = intervals[np.argsort(intervals[:, 0], kind="stable")]
    reach = np.maximum.accumulate(intervals[:, 1])
    first = np.concatenate([[True], intervals[1:, 0] > reach[:-1]])
    last = np.concatenate([first[1:], [True]])
    return np.column_stack([intervals[first, 0], reach[last]])


def coverage(intervals, n_bins, bin_size):
    """Count the bases of each bin that lie in the union of intervals.

    Parameters
    ----------
    intervals : numpy.ndarray, shape (n, 2), int
        Starts and ends (bp, 0-based half-open), in any order, overlaps allowed.
    n_bins : int
        Number of bins from position 0; what lies beyond them is not counted.
    bin_size : int
        Length of a bin (bp).

    Returns
    -------
    numpy.ndarray, shape (n_bins,), int64
        Covered bases (bp), 0 to `bin_size`.

    Examples
    --------
    >>> coverage(np.array([[3, 12], [4, 6]]), 3, 5).tolist()
    [2, 5, 2]
    """
    covered = np.zeros(n_bins + 1, dtype=np.int64)
    if len(intervals):
        ends = np.minimum(merge(intervals), n_bins * bin_size)
        # A prefix sum over bins: +1 from every start on, -1 from every end on, with the part of the bin that the
        # edge itself cuts off.
        for edge, sign in ((ends[:, 0], 1), (ends[:, 1], -1)):
            whole, part = np.divmod(edge, bin_size)
            np.add.at(covered, whole, sign * (bin_size - part))
            np.add.at(covered, np.minimum(whole + 1, n_bins), sign * part)
    return np.cumsum(covered)[:n_bins]


def positive_bins(intervals, n_bins, bin_size):
    """Return the indices of the bins (int64, ascending) of which more than half lies in `intervals`."""
    return np.flatnonzero(2 * coverage(intervals, n_bins, bin_size) > bin_size)


def touched_bins(intervals, n_bins, bin_size):
    """Return whether each bin (bool, shape (n_bins,)) shares at least 1 bp with `intervals`."""
    return coverage(intervals, n_bins, bin_size) > 0


def split_codes(starts, window, length, valid, test):
    """Say to which split each window belongs.

    Splits share no base: a validation or test window lies wholly inside one region of its split, a training
    window wholly outside all of them, and a window that straddles a border belongs nowhere.

    Parameters
    ----------
    starts : numpy.ndarray, shape (n,), int
        Window starts on one chromosome (bp, 0-based).
    window : int
        Window length (bp).
    length : int
        Chromosome length (bp).
    valid, test : list of tuple of (int, int)
        Regions of the two splits on this chromosome (bp, 0-based half-open).

    Returns
    -------
    numpy.ndarray, shape (n,), uint8
        0 train, 1 valid, 2 test, as in `SPLITS`; `NOWHERE` at a border or beyond the chromosome.
    """
    ends = starts + window
    codes = np.zeros(len(starts), dtype=np.uint8)
    for start, end in [*valid, *test]:
        codes[(starts < end) & (ends > start)] = NOWHERE
    for code, regions in ((1, valid), (2, test)):
        for start, end in regions:
            codes[(starts >= start) & (ends <= end)] = code
    codes[(starts < 0) | (ends > length)] = NOWHERE
    return codes


def overlapping(first, second):
    """Return one overlap of two lists of regions ``(chrom, start, end)`` as a pair, or None."""
    for a in first:
        for b in second:
            if a[0] == b[0] and a[1] < b[2] and b[1] < a[2]:
                return a, b
    return None


def sample_negatives(free, n, rng):
    """Choose `n` of the windows that `free` (bool, shape (N,)) allows, or all when there are fewer.

    Parameters
    ----------
    free : numpy.ndarray, shape (N,), bool
        Windows whose bin shares no base with a peak of any target.
    n : int
        How many to choose.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    numpy.ndarray, shape (N,), bool
        The chosen windows.
    """
    candidates = np.flatnonzero(free)
    chosen = np.zeros(len(free), dtype=bool)
    chosen[rng.choice(candidates, size=min(n, len(candidates)), replace=False)] = True
    return chosen
