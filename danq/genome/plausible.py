"""Which intervals of a file are plausible: how far one may be clipped, and how long one may be.

A share of lines says little: one honest peak of a small file may end 5 bp beyond its chromosome,
and one damaged number of a large file may cover all of it. What counts is how much is cut off,
and what would be left, beside the other intervals of the file.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

USUAL = 1000
"""Bases (bp) by which a peak may always leave its chromosome: reads are extended to the length of
their fragment, or summits to a fixed width (MACS: https://doi.org/10.1186/gb-2008-9-9-r137)."""

MOST_TIMES = 100
"""An interval that is clipped may be as many times as long as the file's middle one, or `USUAL`."""

LONG = 100_000
"""Intervals shorter than this (bp) are never called long."""

LONG_SHARE = 0.1
"""Nor are those that cover a smaller share of their chromosome."""

MOST_UNKNOWN = 0.5
"""A file where a larger share of intervals is on unknown chromosomes is of another genome."""

TOLD_UNKNOWN = 0.05
"""A larger share is told: the file holds more than a few of the contigs that a genome may lack."""

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Intervals(NamedTuple):
    """The intervals of a file.

    Attributes
    ----------
    start, end : numpy.ndarray, shape (n,), int64
        As in the file (bp, 0-based half-open).
    length : numpy.ndarray, shape (n,), int64
        Length of each one's chromosome (bp); -1 where the genome lacks it.
    """

    start: Integers
    end: Integers
    length: Integers

    def known(self) -> Flags:
        """Return which intervals lie on a chromosome of the genome."""
        return self.length >= 0

    def clipped(self) -> Flags:
        """Return which intervals end beyond their chromosome."""
        return self.known() & (self.end > self.length)

    def middle(self) -> int:
        """Return the median length of those inside their chromosome (bp); 0 if there are none."""
        inside = self.known() & (self.end <= self.length) & (self.start < self.end)
        if not inside.any():
            return 0
        sizes = (self.end - self.start)[inside]
        return int(np.median(sizes))


def absurd_clips(intervals: Intervals) -> Flags:
    """Return which intervals are not peaks that merely touch the end of their chromosome.

    These lose more than the file's middle interval has (or `USUAL`, if that is more), or would
    keep `MOST_TIMES` as much.

    Parameters
    ----------
    intervals : Intervals
        Of one file.

    Returns
    -------
    numpy.ndarray, shape (n,), bool

    Examples
    --------
    >>> start = np.array([10, 900, 900, 900])
    >>> end = np.array([210, 1005, 4_294_967_296, 1000])
    >>> absurd_clips(Intervals(start, end, np.full(4, 1000))).tolist()
    [False, False, True, False]
    """
    clipped = intervals.clipped()
    if not clipped.any():
        return clipped
    usual = max(intervals.middle(), USUAL)
    cut = intervals.end - intervals.length
    kept = intervals.length - intervals.start
    return clipped & ((cut > usual) | (kept > MOST_TIMES * usual))


def long_intervals(intervals: Intervals) -> Flags:
    """Return which intervals are so long beside the file's others that they may be no peaks.

    Parameters
    ----------
    intervals : Intervals
        Of one file.

    Returns
    -------
    numpy.ndarray, shape (n,), bool
        True for an interval of at least `LONG` bp that covers at least `LONG_SHARE` of its
        chromosome, and is more than `MOST_TIMES` as long as the file's middle one.

    Examples
    --------
    >>> start = np.array([0, 500, 0])
    >>> end = np.array([300, 700, 400_000])
    >>> long_intervals(Intervals(start, end, np.full(3, 500_000))).tolist()
    [False, False, True]
    """
    size = intervals.end - intervals.start
    candidates = intervals.known() & (size >= LONG) & (size >= LONG_SHARE * intervals.length)
    if not candidates.any():
        return candidates
    return candidates & (size > MOST_TIMES * intervals.middle())
