"""Peaks to bins to 0/1 labels; which bins belong to which split, and which are left out.

Bins lie side by side from position 0 of each chromosome; training may have more, which overlap. A
bin's label for a target is 1 when more than half of it lies in the target's peaks, overlapping
peaks counted once (Zhou and Troyanskaya 2015, https://doi.org/10.1038/nmeth.3547). A window is a
bin with equal flanks.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danq.genome.intervals import end_bins, merge, positive_ends, ranges
from danq.genome.sequence import packed_bytes

SPLITS = ("train", "valid", "test")
"""The splits, in the order of their codes in `split_codes`."""

NOWHERE = 255
"""Split code of a window that belongs to no split."""

MOST_TARGETS = 1 << 16
"""More targets than this do not fit the pairs of `Labels`."""

GC_STRATA = 50
"""GC content is matched in this many equal steps from 0 to 1."""

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Interval = tuple[str, int, int]

_BIN_MASK = (1 << 32) - 1  # the bits of a bin's number, below those of its target
_TARGET_MASK = (1 << 16) - 1  # the bits of a target in a pair, below those of its bin
_BITS = np.array([128, 64, 32, 16, 8, 4, 2, 1], dtype=np.uint8)


class RowIntervals(NamedTuple):
    """Intervals on the rows of a `Grid`.

    Attributes
    ----------
    source : numpy.ndarray, shape (m,), int64, or slice
        Which of the intervals on chromosomes each of these is a part of.
    row : numpy.ndarray, shape (m,), int64
        Row of each interval.
    start, end : numpy.ndarray, shape (m,), int64
        The intervals, counted from where the row begins (bp, 0-based half-open).
    """

    source: Integers | slice
    row: Integers
    start: Integers
    end: Integers


class Grid:
    """The whole bins of a genome, numbered through all chromosomes.

    Bins lie in rows, side by side. A chromosome has one row, which begins at its position 0, or
    with a stride several, each of which begins a stride after the one before.

    Parameters
    ----------
    lengths : array of int, shape (C,)
        Length of each chromosome (bp).
    bin_size : int
        Length of a bin (bp).
    stride : int, optional
        From the start of a bin to that of the next (bp); a divisor of `bin_size`, which it is by
        default.

    Attributes
    ----------
    bin_size : int
        Length of a bin (bp).
    rows : int
        Rows of each chromosome.
    shifts : numpy.ndarray, shape (R,), int64
        Where each row begins on its chromosome (bp); rows of a chromosome follow each other, R of
        all C chromosomes.
    offsets : numpy.ndarray, shape (R + 1,), int64
        Number of the first bin of each row, and the number of all bins. Behind the whole bins of
        each row comes a partial one, at the chromosome's end, which is never used.
    counts : numpy.ndarray, shape (R,), int64
        Whole bins of each row.
    n : int
        Number of all bins, partial ones included.
    partial : numpy.ndarray, shape (n,), bool
        Whether a bin is such a partial one.
    """

    def __init__(self, lengths: ArrayLike, bin_size: int, stride: int | None = None) -> None:
        stride = stride or bin_size
        chromosomes = np.asarray(lengths, dtype=np.int64)
        self.bin_size = bin_size
        self.rows = bin_size // stride
        row_shifts = np.arange(self.rows) * stride
        self.shifts = np.tile(row_shifts, len(chromosomes))
        row_lengths = np.repeat(chromosomes, self.rows) - self.shifts
        self.counts = np.maximum(row_lengths, 0) // bin_size
        ends = np.cumsum(self.counts + 1)
        self.offsets = np.concatenate([[0], ends])
        self.n = int(self.offsets[-1])
        self.partial = np.zeros(self.n, dtype=bool)
        self.partial[self.offsets[1:] - 1] = True

    def spread(self, chrom: ArrayLike, start: ArrayLike, end: ArrayLike) -> RowIntervals:
        """Return intervals once for each row of their chromosome that they reach.

        Parameters
        ----------
        chrom : numpy.ndarray, shape (n,), int
            Number of each interval's chromosome.
        start, end : numpy.ndarray, shape (n,), int64
            Intervals on the chromosome (bp, 0-based half-open).

        Returns
        -------
        RowIntervals
            The intervals, counted from where their row begins.

        Examples
        --------
        >>> grid = Grid([20], 10, 5)
        >>> spread = grid.spread(np.array([0, 0]), np.array([3, 8]), np.array([5, 14]))
        >>> [values.tolist() for values in spread]
        [[0, 1, 1], [0, 0, 1], [3, 8, 3], [5, 14, 9]]
        """
        chroms: Integers = np.asarray(chrom)
        starts: Integers = np.asarray(start)
        ends: Integers = np.asarray(end)
        if self.rows == 1:
            return RowIntervals(slice(None), chroms, starts, ends)
        n = len(chroms)
        source = np.tile(np.arange(n), self.rows)
        row_of_chrom = np.repeat(np.arange(self.rows), n)
        row = chroms[source] * self.rows + row_of_chrom
        row_starts = starts[source] - self.shifts[row]
        row_ends = ends[source] - self.shifts[row]
        inside = row_ends > 0
        row_starts = np.maximum(row_starts[inside], 0)
        return RowIntervals(source[inside], row[inside], row_starts, row_ends[inside])


class Labels:
    """The labels of all targets in all bins of a genome, as pairs of a bin and a target.

    Parameters
    ----------
    grid : Grid
        The bins.
    n_targets : int
        Number of targets, at most `MOST_TARGETS`.

    Attributes
    ----------
    pairs : list of numpy.ndarray, int64
        ``bin << 16 | target`` of every label 1, ascending in each array, none of them twice.
        Partial bins may be among them.
    """

    def __init__(self, grid: Grid, n_targets: int) -> None:
        self.grid = grid
        self.n_targets = n_targets
        self.pairs: list[Integers] = []
        self._touched = np.zeros(grid.n, dtype=bool)

    def add(self, target: ArrayLike, chrom: ArrayLike, start: ArrayLike, end: ArrayLike) -> None:
        """Add the intervals of some targets, all those of a target at once.

        Overlapping intervals are merged. A merged interval covers the bins inside it fully, and
        those at its two ends in part; covered parts are added up by bin. Bins that no interval
        touches are never visited.

        Parameters
        ----------
        target, chrom : numpy.ndarray, shape (n,), int
            Number of each interval's target and chromosome, from 0.
        start, end : numpy.ndarray, shape (n,), int64
            Intervals (bp, 0-based half-open) inside their chromosomes, in any order, none of them
            empty.

        Examples
        --------
        >>> labels, zeros = Labels(Grid([20], 5), 1), np.zeros(2, dtype=int)
        >>> labels.add(zeros, zeros, np.array([3, 4]), np.array([13, 6]))
        >>> labels.packed(0, 4).tolist(), labels.touched().tolist()
        ([[0], [128], [128], [0]], [True, True, True, False, False])
        """
        intervals = self.grid.spread(chrom, start, end)
        targets = np.asarray(target, dtype=np.int64)[intervals.source]
        # Targets lie 2^32 bins apart: bins are numbered through all targets, and bit operations
        # recover both.
        first_bin = (targets << 32) + self.grid.offsets[intervals.row]
        offset = first_bin * self.grid.bin_size
        union = merge(offset + intervals.start, offset + intervals.end)
        ends = end_bins(union, self.grid.bin_size)
        n_inside = ends.high - ends.low - 1
        inside = ranges(ends.low + 1, np.maximum(n_inside, 0))
        for bins in (ends.low, ends.high, inside):
            self._touched[bins & _BIN_MASK] = True
        at_ends = positive_ends(ends, self.grid.bin_size)
        positive = np.concatenate([*at_ends, inside])
        pairs = (positive & _BIN_MASK) << 16 | positive >> 32
        pairs.sort()
        self.pairs.append(pairs)

    def touched(self) -> Flags:
        """Return whether each bin shares a base with any interval, bool (grid.n,)."""
        return self._touched

    def only(self, targets: Flags) -> "Labels":
        """Return the labels of some targets, given as bool (T,), numbered anew.

        What any interval touches stays the same: the peaks of the other targets are still peaks.
        """
        labels = Labels(self.grid, int(np.count_nonzero(targets)))
        labels._touched = self._touched
        numbers = np.cumsum(targets) - 1
        for pairs in self.pairs:
            kept = pairs[targets[pairs & _TARGET_MASK]]
            target = numbers[kept & _TARGET_MASK]
            labels.pairs.append(kept >> 16 << 16 | target)
        return labels

    def labelled(self, targets: Flags | None = None) -> Flags:
        """Return which bins have a label.

        Parameters
        ----------
        targets : numpy.ndarray, shape (T,), bool, optional
            Whose labels count; those of all targets by default.

        Returns
        -------
        numpy.ndarray, shape (grid.n,), bool
            Whether each bin has a label of any of these targets.
        """
        labelled = np.zeros(self.grid.n, dtype=bool)
        for pairs in self.pairs:
            bins, target = _split(pairs)
            if targets is not None:
                bins = bins[targets[target]]
            labelled[bins] = True
        return labelled

    def counts(self, codes: NDArray[np.uint8]) -> Integers:
        """Count the labels of each target by code.

        Parameters
        ----------
        codes : numpy.ndarray, shape (grid.n,), uint8
            A code of each bin, 0 to 255.

        Returns
        -------
        numpy.ndarray, shape (256, T), int64
            How many bins of each code have each target's label.
        """
        size = 256 * self.n_targets
        counts = np.zeros(size, dtype=np.int64)
        for pairs in self.pairs:
            bins, target = _split(pairs)
            code = codes[bins].astype(np.int64)
            cell = code * self.n_targets + target
            counts += np.bincount(cell, minlength=size)
        return counts.reshape(256, self.n_targets)

    def packed(self, first: int, last: int) -> NDArray[np.uint8]:
        """Return the labels of some bins as bits.

        Parameters
        ----------
        first, last : int
            The bins from `first` to `last` (exclusive).

        Returns
        -------
        numpy.ndarray, shape (last - first, ceil(T/8)), uint8
            ``numpy.packbits`` of the labels along the targets.
        """
        width = packed_bytes(self.n_targets)
        packed = np.zeros((last - first) * width, dtype=np.uint8)
        edges = np.array([first << 16, last << 16])
        for pairs in self.pairs:
            low, high = np.searchsorted(pairs, edges)
            bins, target = _split(pairs[low:high])
            byte = (bins - first) * width + (target >> 3)
            # Adding is setting: no bit is added twice.
            np.add.at(packed, byte, _BITS[target & 7])
        return packed.reshape(last - first, width)


class _Pairs(NamedTuple):
    """Bins and targets of labels, int64 (n,) each."""

    bins: Integers
    target: Integers


def _split(pairs: Integers) -> _Pairs:
    """Return bins and targets of pairs."""
    return _Pairs(pairs >> 16, pairs & (MOST_TARGETS - 1))


def coverage(chrom: ArrayLike, start: ArrayLike, end: ArrayLike, grid: Grid) -> Integers:
    """Count the bases of each bin that lie in the union of intervals.

    Parameters
    ----------
    chrom : numpy.ndarray, shape (n,), int
        Number of each interval's chromosome, from 0.
    start, end : numpy.ndarray, shape (n,), int64
        Intervals (bp, 0-based half-open) inside their chromosomes, in any order, none of them
        empty.
    grid : Grid
        The bins.

    Returns
    -------
    numpy.ndarray, shape (grid.n,), int64
        Covered bases of each bin (bp).

    Examples
    --------
    >>> zeros = np.zeros(2, dtype=int)
    >>> coverage(zeros, np.array([3, 4]), np.array([12, 6]), Grid([15], 5)).tolist()
    [2, 5, 2, 0]
    """
    intervals = grid.spread(chrom, start, end)
    offset = grid.offsets[intervals.row] * grid.bin_size
    union = merge(offset + intervals.start, offset + intervals.end)
    # A prefix sum over bins: +1 from every start on, -1 from every end on, with the part of the bin
    # that the edge itself cuts off.
    steps = np.zeros(grid.n + 1, dtype=np.int64)
    for edges, sign in ((union.start, 1), (union.end, -1)):
        edge_bin, cut = np.divmod(edges, grid.bin_size)
        next_bin = np.minimum(edge_bin + 1, grid.n)
        step = sign * (grid.bin_size - cut)
        np.add.at(steps, edge_bin, step)
        np.add.at(steps, next_bin, sign * cut)
    return np.cumsum(steps)[: grid.n]


def flank(window: int, bin_size: int) -> int:
    """Return how far a bin lies behind the start of its window (bp).

    Parameters
    ----------
    window, bin_size : int
        Lengths (bp), both even or both odd: a window is a bin with equal flanks.

    Returns
    -------
    int
        Length of each flank (bp).
    """
    return (window - bin_size) // 2


def split_codes(
    starts: Integers,
    window: int,
    length: int,
    valid: Sequence[tuple[int, int]],
    test: Sequence[tuple[int, int]],
) -> NDArray[np.uint8]:
    """Return the split of each window.

    Splits share no base: a validation or test window lies wholly inside one region of its split, a
    training window wholly outside all of them, and a window that straddles a border belongs
    nowhere.

    Parameters
    ----------
    starts : numpy.ndarray, shape (n,), int64
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
        touching = (starts < end) & (ends > start)
        codes[touching] = NOWHERE
    for code, regions in ((1, valid), (2, test)):
        for start, end in regions:
            inside = (starts >= start) & (ends <= end)
            codes[inside] = code
    beyond = (starts < 0) | (ends > length)
    codes[beyond] = NOWHERE
    return codes


def overlapping(
    first: Iterable[Interval], second: Iterable[Interval]
) -> tuple[Interval, Interval] | None:
    """Return one region of each list that share a base, or None when no two do.

    Parameters
    ----------
    first, second : iterable of tuple of (str, int, int)
        Regions: chromosome, start and end (bp, 0-based half-open).

    Returns
    -------
    tuple of (tuple, tuple), optional
        A region of `first` and one of `second` that overlap.
    """
    for region, neighbour in itertools.product(first, second):
        chrom, start, end = region
        if chrom == neighbour[0] and start < neighbour[2] and neighbour[1] < end:
            return region, neighbour
    return None


def sample_negatives(free: Flags, n: int, rng: np.random.Generator) -> Flags:
    """Choose `n` of the bins that `free` allows, or all when there are fewer.

    Parameters
    ----------
    free : numpy.ndarray, shape (N,), bool
        Bins that share no base with a peak of any target.
    n : int
        How many to choose.
    rng : numpy.random.Generator
        Draws the bins.

    Returns
    -------
    numpy.ndarray, shape (N,), bool
        The chosen bins.
    """
    candidates = np.flatnonzero(free)
    size = min(n, len(candidates))
    chosen = np.zeros(len(free), dtype=bool)
    chosen[rng.choice(candidates, size=size, replace=False)] = True
    return chosen


def sample_matched(
    free: Flags, wanted: Flags, ratio: float, gc: NDArray[np.float64], rng: np.random.Generator
) -> Flags:
    """Choose bins so that their GC content is distributed like that of the bins in `wanted`.

    Parameters
    ----------
    free, wanted : numpy.ndarray, shape (N,), bool
        Bins to choose from, as in `sample_negatives`, and bins to match.
    ratio : float
        Bins to choose per bin in `wanted`.
    gc : numpy.ndarray, shape (N,), float
        GC content of each bin's window, 0 to 1; matched in `GC_STRATA` equal steps.
    rng : numpy.random.Generator
        Draws the bins.

    Returns
    -------
    numpy.ndarray, shape (N,), bool
        The chosen bins; fewer than asked for where a step has too few free ones.
    """
    stratum = gc_stratum(gc)
    needed = matched_numbers(wanted, ratio, gc)
    chosen = np.zeros(len(free), dtype=bool)
    for step in np.flatnonzero(np.bincount(stratum[wanted])).tolist():
        chosen |= sample_negatives(free & (stratum == step), int(needed[step]), rng)
    return chosen


def gc_stratum(gc: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the step of each GC content (0 to 1) among `GC_STRATA` equal ones."""
    steps = (gc * GC_STRATA).astype(np.int64)
    return np.minimum(steps, GC_STRATA - 1)


def matched_numbers(wanted: Flags, ratio: float, gc: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many bins `sample_matched` looks for in each step of GC content.

    Parameters
    ----------
    wanted, ratio, gc
        As of `sample_matched`.

    Returns
    -------
    numpy.ndarray, shape (GC_STRATA,), int64
    """
    matched = np.bincount(gc_stratum(gc)[wanted], minlength=GC_STRATA)
    return np.array([round(ratio * number) for number in matched.tolist()], dtype=np.int64)
