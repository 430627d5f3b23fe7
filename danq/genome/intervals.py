"""Unions of intervals, and the bins in which they begin and end.

Positions count through all chromosomes, and through all targets where these are kept apart: bin k
lies at ``k * bin_size``.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


class IntervalUnion(NamedTuple):
    """Intervals, sorted and disjoint.

    Attributes
    ----------
    start, end : numpy.ndarray, shape (n,), int64
        The intervals (bp, 0-based half-open).
    """

    start: Integers
    end: Integers


class EndBins(NamedTuple):
    """The bins at the two ends of intervals.

    Attributes
    ----------
    low, high : numpy.ndarray, shape (n,), int64
        The bin in which each interval begins, and that in which it ends.
    low_bases, high_bases : numpy.ndarray, shape (n,), int64
        How many bases of these bins the interval covers (bp).
    """

    low: Integers
    high: Integers
    low_bases: Integers
    high_bases: Integers


def merge(start: Integers, end: Integers) -> IntervalUnion:
    """Return the union of intervals.

    Parameters
    ----------
    start, end : numpy.ndarray, shape (n,), int64
        Intervals (bp, 0-based half-open) in any order, none of them empty.

    Returns
    -------
    IntervalUnion
        Intervals that touch or overlap are one.
    """
    if (np.diff(start) < 0).any():
        order = np.argsort(start, kind="stable")
        start = start[order]
        end = end[order]
    furthest = np.maximum.accumulate(end)
    begins = np.ones(len(start), dtype=bool)
    begins[1:] = start[1:] > furthest[:-1]
    ends = np.ones(len(start), dtype=bool)
    ends[:-1] = begins[1:]
    return IntervalUnion(start[begins], furthest[ends])


def end_bins(union: IntervalUnion, bin_size: int) -> EndBins:
    """Return the bins in which intervals begin and end.

    Parameters
    ----------
    union : IntervalUnion
        The intervals.
    bin_size : int
        Length of a bin (bp).

    Returns
    -------
    EndBins
        The bins, and how many of their bases are covered.
    """
    low = union.start // bin_size
    high = (union.end - 1) // bin_size
    low_end = (low + 1) * bin_size
    low_bases = np.minimum(union.end, low_end) - union.start
    high_bases = union.end - high * bin_size
    return EndBins(low, high, low_bases, high_bases)


def positive_ends(ends: EndBins, bin_size: int) -> list[Integers]:
    """Return the bins at the ends of intervals of which more than half is covered.

    Parameters
    ----------
    ends : EndBins
        The bins at the ends of disjoint intervals, in ascending order.
    bin_size : int
        Length of a bin (bp).

    Returns
    -------
    list of numpy.ndarray, int64
        Bins, none of them twice: those at the beginning and at the end of one interval alone, and
        those that several intervals share.
    """
    low_positive = 2 * ends.low_bases > bin_size
    high_positive = 2 * ends.high_bases > bin_size
    high_positive &= ends.high > ends.low
    # Few bins are shared by two intervals or more: only there covered bases have to be added up.
    meets_next = ends.low[1:] == ends.high[:-1]
    shared = np.zeros(len(ends.low), dtype=bool)
    shared[:-1] = meets_next
    shared[1:] |= meets_next
    rows = np.flatnonzero(shared)
    low_positive[rows] = False
    high_positive[rows] = False
    columns = [values[rows] for values in ends]
    sums = _sum_bases(EndBins(*columns))
    sum_positive = 2 * sums.bases > bin_size
    low = ends.low[low_positive]
    high = ends.high[high_positive]
    return [low, high, sums.bins[sum_positive]]


class _Sums(NamedTuple):
    """Bins, ascending, and how many bases of each are covered."""

    bins: Integers
    bases: Integers


def _sum_bases(ends: EndBins) -> _Sums:
    """Add up what intervals cover of the bins at their ends."""
    two_bins = ends.high > ends.low
    n = len(two_bins)
    # Bins in ascending order: two entries for an interval that ends in another bin than it begins.
    high_before: Integers = np.cumsum(two_bins) - two_bins
    low_entry = np.arange(n) + high_before
    high_entry = low_entry[two_bins] + 1
    bins = np.empty(n + len(high_entry), dtype=np.int64)
    bases = np.empty_like(bins)
    bins[low_entry] = ends.low
    bases[low_entry] = ends.low_bases
    bins[high_entry] = ends.high[two_bins]
    bases[high_entry] = ends.high_bases[two_bins]
    new = np.ones(len(bins), dtype=bool)
    new[1:] = bins[1:] != bins[:-1]
    if new.all():
        return _Sums(bins, bases)
    firsts = np.flatnonzero(new)
    return _Sums(bins[firsts], np.add.reduceat(bases, firsts))


def ranges(first: Integers, count: Integers) -> Integers:
    """Return the numbers ``first[i] ... first[i] + count[i] - 1`` of all i, one after the other.

    Parameters
    ----------
    first, count : numpy.ndarray, shape (n,), int64
        First number of each range, and how many numbers it has.

    Returns
    -------
    numpy.ndarray, shape (sum of count,), int64
        The numbers of all ranges.

    Examples
    --------
    >>> ranges(np.array([5, 20, 8]), np.array([2, 0, 3])).tolist()
    [5, 6, 8, 9, 10]
    """
    ends = np.cumsum(count)
    total = ends[-1] if len(ends) else 0
    shift = first - ends + count
    return np.arange(total) + np.repeat(shift, count)
