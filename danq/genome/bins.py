"""Peaks to bins to 0/1 labels; which bins belong to which split, and which are left out.

Bins lie side by side from position 0 of each chromosome; training may have more, which overlap. A bin's label for a
target is 1 when more than half of it lies in the target's peaks, overlapping peaks counted once (Zhou and Troyanskaya
2015, https://doi.org/10.1038/nmeth.3547). A window is a bin with equal flanks.
"""

import numpy as np

from danq.genome.sequence import packed_bytes

SPLITS = ("train", "valid", "test")
"""The splits, in the order of their codes in `split_codes`."""

NOWHERE = 255
"""Split code of a window that straddles a border."""

MOST_TARGETS = 1 << 16
"""More targets than this do not fit the pairs of `Labels`."""

GC_STRATA = 50
"""GC content is matched in as many equal steps from 0 to 1."""


class Grid:
    """The whole bins of a genome, numbered through all chromosomes.

    Bins lie in rows, side by side. A chromosome has one row, which begins at its position 0, or with a stride several,
    each of which begins a stride after the one before.

    Parameters
    ----------
    lengths : array of int, shape (C,)
        Length of each chromosome (bp).
    bin_size : int
        Length of a bin (bp).
    stride : int, optional
        From the start of a bin to that of the next (bp); a divisor of `bin_size`, which it is by default.

    Attributes
    ----------
    shifts : numpy.ndarray, shape (R,), int64
        Where each row begins on its chromosome (bp); rows of a chromosome follow each other, R of all C chromosomes.
    offsets : numpy.ndarray, shape (R + 1,), int64
        Number of the first bin of each row, and the number of all bins. After the whole bins of each row stands one for
        the rest at the chromosome's end, which is never used.
    counts : numpy.ndarray, shape (R,), int64
        Whole bins of each row.
    rests : numpy.ndarray, shape (n,), bool
        Whether a bin is such a rest.
    """

    def __init__(self, lengths, bin_size, stride=None):
        self.bin_size, self.rows = bin_size, bin_size // (stride or bin_size)
        self.shifts = np.tile(np.arange(self.rows) * (stride or bin_size), len(lengths))
        left = np.repeat(np.asarray(lengths, dtype=np.int64), self.rows) - self.shifts
        self.counts = np.maximum(left, 0) // bin_size
        self.offsets = np.concatenate([[0], np.cumsum(self.counts + 1)])
        self.n = int(self.offsets[-1])
        self.rests = np.zeros(self.n, dtype=bool)
        self.rests[self.offsets[1:] - 1] = True

    def spread(self, chrom, start, end):
        """Return intervals once for each row of their chromosome, counted from where that begins.

        Parameters
        ----------
        chrom : numpy.ndarray, shape (n,), int
            Number of each interval's chromosome.
        start, end : numpy.ndarray, shape (n,), int64
            Intervals on the chromosome (bp).

        Returns
        -------
        source : numpy.ndarray or slice
            Which interval each of those returned is a part of.
        row, start, end : numpy.ndarray, shape (m,), int64
            Row, and interval on it.

        Examples
        --------
        >>> grid = Grid([20], 10, 5)
        >>> [part.tolist() for part in grid.spread(np.array([0, 0]), np.array([3, 8]), np.array([5, 14]))]
        [[0, 1, 1], [0, 0, 1], [3, 8, 3], [5, 14, 9]]
        """
        if self.rows == 1:
            return slice(None), chrom, start, end
        source = np.tile(np.arange(len(chrom)), self.rows)
        row = np.repeat(np.arange(self.rows), len(chrom)) + np.asarray(chrom)[source] * self.rows
        start, end = (
            np.asarray(start)[source] - self.shifts[row],
            np.asarray(end)[source] - self.shifts[row],
        )
        inside = end > 0
        return source[inside], row[inside], np.maximum(start[inside], 0), end[inside]


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
        ``bin << 16 | target`` of every label 1, ascending in each array, none of them twice. Rests may be among them.
    """

    def __init__(self, grid, n_targets):
        self.grid, self.n_targets, self.pairs = grid, n_targets, []
        self._touched = np.zeros(grid.n, dtype=bool)

    def add(self, target, chrom, start, end):
        """Take the intervals of some targets, all those of a target at once.

        Overlapping intervals are merged; of a merged interval, the bins inside are full, and of the bins at its two
        ends a part is covered; such parts are added up by bin. No bin is looked at that no interval touches.

        Parameters
        ----------
        target, chrom : numpy.ndarray, shape (n,), int
            Number of each interval's target and chromosome, from 0.
        start, end : numpy.ndarray, shape (n,), int64
            Intervals (bp, 0-based half-open) inside their chromosomes, in any order, none of them empty.

        Examples
        --------
        >>> labels, zeros = Labels(Grid([20], 5), 1), np.zeros(2, dtype=int)
        >>> labels.add(zeros, zeros, np.array([3, 4]), np.array([13, 6]))
        >>> labels.packed(0, 4).tolist(), labels.touched().tolist()
        ([[0], [128], [128], [0]], [True, True, True, False, False])
        """
        size = self.grid.bin_size
        source, row, start, end = self.grid.spread(chrom, start, end)
        # Targets lie 2^32 bins apart: what follows numbers bins through all targets, and shifts give both back.
        offset = (
            (np.asarray(target, dtype=np.int64)[source] << 32) + self.grid.offsets[row]
        ) * size
        first, last = _merge(offset + start, offset + end)
        low, high = first // size, (last - 1) // size  # the bins of both ends
        low_part, high_part = np.minimum(last, (low + 1) * size) - first, last - high * size
        # Few bins are shared by two intervals or more: only there parts have to be added up.
        shared = np.zeros(len(low) + 1, dtype=bool)
        shared[1:-1] = low[1:] == high[:-1]
        summed = np.flatnonzero(shared[1:] | shared[:-1])
        edges, parts = _sum_parts(*(values[summed] for values in (low, high, low_part, high_part)))
        full = 2 * low_part > size, (2 * high_part > size) & (high > low)
        for own in full:
            own[summed] = False
        inside = _ranges(low + 1, np.maximum(high - low - 1, 0))
        for touched in (low, high, inside):
            self._touched[touched & _BIN] = True
        positive = np.concatenate([low[full[0]], high[full[1]], edges[2 * parts > size], inside])
        pairs = (positive & _BIN) << 16 | positive >> 32
        pairs.sort()
        self.pairs.append(pairs)

    def touched(self):
        """Return whether each bin (bool, (grid.n,)) shares at least 1 bp with an interval of any target."""
        return self._touched

    def labelled(self, targets=None):
        """Return which bins (bool, (grid.n,)) have a label of any target, or of those in `targets` (bool, (T,))."""
        found = np.zeros(self.grid.n, dtype=bool)
        for pairs in self.pairs:
            bins, target = _split(pairs)
            found[bins if targets is None else bins[targets[target]]] = True
        return found

    def counts(self, codes):
        """Count the labels of each target by code.

        Parameters
        ----------
        codes : numpy.ndarray, shape (grid.n,), uint8
            A code of each bin, 0 to 255.

        Returns
        -------
        numpy.ndarray, shape (256, T), int64
        """
        found = np.zeros(256 * self.n_targets, dtype=np.int64)
        for pairs in self.pairs:
            bins, target = _split(pairs)
            found += np.bincount(
                codes[bins].astype(np.int64) * self.n_targets + target, minlength=len(found)
            )
        return found.reshape(256, self.n_targets)

    def packed(self, first, last):
        """Return the labels of bins `first` to `last` (exclusive) as bits.

        Returns
        -------
        numpy.ndarray, shape (last - first, ceil(T/8)), uint8
            ``numpy.packbits`` of the labels along the targets.
        """
        found = np.zeros((last - first, packed_bytes(self.n_targets)), dtype=np.uint8)
        edges = np.array([first << 16, last << 16])
        for pairs in self.pairs:
            bins, target = _split(pairs[slice(*np.searchsorted(pairs, edges))])
            # Adding is setting: no bit is added twice.
            np.add.at(
                found.reshape(-1),
                (bins - first) * found.shape[1] + (target >> 3),
                _BITS[target & 7],
            )
        return found


_BIN = (1 << 32) - 1  # the bits of a bin's number, below those of its target
_BITS = np.array([128, 64, 32, 16, 8, 4, 2, 1], dtype=np.uint8)


def _split(pairs):
    """Return bins and targets (int64) of pairs."""
    return pairs >> 16, pairs & MOST_TARGETS - 1


def _merge(start, end):
    """Return starts and ends of the union of intervals, sorted and disjoint."""
    if len(start) and (np.diff(start) < 0).any():
        order = np.argsort(start, kind="stable")
        start, end = start[order], end[order]
    reach = np.maximum.accumulate(end)
    first = np.ones(len(start), dtype=bool)
    first[1:] = start[1:] > reach[:-1]
    last = np.ones(len(start), dtype=bool)
    last[:-1] = first[1:]
    return start[first], reach[last]


def _sum_parts(low, high, low_part, high_part):
    """Add up the parts of bins at the ends of intervals; return the bins (ascending) and what is covered of each."""
    beyond = high > low
    place = np.arange(len(low)) + np.cumsum(beyond) - beyond
    edges = np.empty(len(low) + int(np.count_nonzero(beyond)), dtype=np.int64)
    parts = np.empty_like(edges)
    edges[place], parts[place] = low, low_part
    edges[place[beyond] + 1], parts[place[beyond] + 1] = high[beyond], high_part[beyond]
    new = np.ones(len(edges), dtype=bool)
    new[1:] = edges[1:] != edges[:-1]
    if new.all():
        return edges, parts
    new = np.flatnonzero(new)
    return edges[new], np.add.reduceat(parts, new)


def _ranges(first, count):
    """Return the numbers ``first[i] ... first[i] + count[i] - 1`` of all i, one after the other."""
    ends = np.cumsum(count)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - ends + count, count)


def coverage(chrom, start, end, grid):
    """Count the bases of each bin that lie in the union of intervals (int64, (grid.n,)).

    Parameters as `Labels.add`, without targets.

    Examples
    --------
    >>> zeros = np.zeros(2, dtype=int)
    >>> coverage(zeros, np.array([3, 4]), np.array([12, 6]), Grid([15], 5)).tolist()
    [2, 5, 2, 0]
    """
    _, row, start, end = grid.spread(chrom, start, end)
    offset = grid.offsets[row] * grid.bin_size
    covered = np.zeros(grid.n + 1, dtype=np.int64)
    # A prefix sum over bins: +1 from every start on, -1 from every end on, with the part of the bin that the edge
    # itself cuts off.
    for edge, sign in zip(_merge(offset + start, offset + end), (1, -1), strict=True):
        whole, part = np.divmod(edge, grid.bin_size)
        np.add.at(covered, whole, sign * (grid.bin_size - part))
        np.add.at(covered, np.minimum(whole + 1, grid.n), sign * part)
    return np.cumsum(covered)[: grid.n]


def flank(window: int, bin_size: int) -> int:
    """Return how far a bin lies behind the start of its window (bp): windows are bins with equal flanks.

    Parameters
    ----------
    window, bin_size : int
        Lengths (bp), both even or both odd.

    Returns
    -------
    int
        Length of each flank (bp).
    """
    return (window - bin_size) // 2


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
    """Choose `n` of the bins that `free` allows, or all when there are fewer.

    Parameters
    ----------
    free : numpy.ndarray, shape (N,), bool
        Bins that share no base with a peak of any target.
    n : int
        How many to choose.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    numpy.ndarray, shape (N,), bool
        The chosen bins.
    """
    candidates = np.flatnonzero(free)
    chosen = np.zeros(len(free), dtype=bool)
    chosen[rng.choice(candidates, size=min(n, len(candidates)), replace=False)] = True
    return chosen


def sample_matched(free, wanted, ratio, gc, rng):
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
        Source of chance.

    Returns
    -------
    numpy.ndarray, shape (N,), bool
        The chosen bins; fewer than asked for where a step has too few free ones.
    """
    stratum = np.minimum((gc * GC_STRATA).astype(np.int64), GC_STRATA - 1)
    needed = np.bincount(stratum[wanted], minlength=GC_STRATA)
    chosen = np.zeros(len(free), dtype=bool)
    for step in np.flatnonzero(needed).tolist():
        chosen |= sample_negatives(free & (stratum == step), round(ratio * int(needed[step])), rng)
    return chosen
