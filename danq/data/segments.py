"""Rows of predictions as a track: in the order of the genome, no base twice."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from danq.data.bins import Bins

Integers = NDArray[np.int64]

SLAB = 1 << 14
"""Segments whose values are in memory at once."""


class Segments(NamedTuple):
    """The covered bases of a sequence, cut wherever a row begins or ends.

    Attributes
    ----------
    start, end : numpy.ndarray, shape (n,), int64
        From left to right, no two overlapping (bp, 0-based half-open).
    rows : numpy.ndarray, shape (m,), int64
        The rows of the sequence, by where they begin.
    share : scipy.sparse.csr_array, shape (n, m), or None
        How much each row counts in the mean of a segment; None where each segment is one row.
    """

    start: Integers
    end: Integers
    rows: Integers
    share: csr_array | None

    def slabs(self, values: NDArray[np.floating]) -> Iterator["Slab"]:
        """Yield the segments with the mean values of their rows, some at a time.

        Parameters
        ----------
        values : numpy.ndarray, shape (N, T)
            Of all rows of the file.

        Yields
        ------
        Slab
        """
        for first in range(0, len(self.start), SLAB):
            part = slice(first, first + SLAB)
            yield Slab(self.start[part], self.end[part], self._means(part, values))

    def _means(self, part: slice, values: NDArray[np.floating]) -> NDArray[np.float32]:
        if self.share is None:
            return values[self.rows[part]].astype(np.float32)
        share = self.share[part]
        low = share.indices.min()
        high = share.indices.max() + 1
        known = values[self.rows[low:high]].astype(np.float64)
        return (share[:, low:high] @ known).astype(np.float32)


class Slab(NamedTuple):
    """Some neighbouring segments of a sequence.

    Attributes
    ----------
    start, end : numpy.ndarray, shape (n,), int64
        Their bases (bp, 0-based half-open).
    values : numpy.ndarray, shape (n, T), float32
        The mean over the rows that cover them.
    """

    start: Integers
    end: Integers
    values: NDArray[np.float32]


def segments_by_sequence(bins: Bins) -> Iterator[tuple[str, Segments]]:
    """Yield the segments of each sequence that has rows, in the order of the sequences.

    Parameters
    ----------
    bins : danq.data.bins.Bins
        Predictions.

    Yields
    ------
    tuple of (str, Segments)
        Name of the sequence, and its segments.
    """
    places = bins.rows.places
    order = np.lexsort((places["end"], places["start"], places["sequence"]))
    sequence = np.asarray(places["sequence"])[order]
    names = list(bins.header.sequences)
    bounds = np.searchsorted(sequence, np.arange(len(names) + 1))
    for name, first, last in zip(names, bounds[:-1], bounds[1:], strict=True):
        if first < last:
            rows = order[first:last]
            start = places["start"][rows].astype(np.int64)
            end = places["end"][rows].astype(np.int64)
            yield name, segment(start, end, rows)


def segment(start: Integers, end: Integers, rows: Integers) -> Segments:
    """Cut intervals where any of them begins or ends.

    Parameters
    ----------
    start, end : numpy.ndarray, shape (m,), int64
        The intervals, by where they begin (bp, 0-based half-open).
    rows : numpy.ndarray, shape (m,), int64
        Their rows.

    Returns
    -------
    Segments

    Examples
    --------
    >>> found = segment(np.array([0, 50, 300]), np.array([100, 150, 400]), np.array([7, 8, 9]))
    >>> list(zip(found.start.tolist(), found.end.tolist()))
    [(0, 50), (50, 100), (100, 150), (300, 400)]
    >>> found.share.toarray().tolist()
    [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    if (start[1:] >= end[:-1]).all():
        return Segments(start, end, rows, None)
    points = np.unique(np.concatenate([start, end]))
    first = np.searchsorted(points, start)
    n_segments = np.searchsorted(points, end) - first
    row = np.repeat(np.arange(len(start)), n_segments)
    before = np.cumsum(n_segments) - n_segments
    within = np.arange(n_segments.sum()) - np.repeat(before, n_segments)
    place = np.repeat(first, n_segments) + within
    counts = np.bincount(place, minlength=len(points) - 1)
    shape = (len(points) - 1, len(start))
    share = csr_array((1 / counts[place], (place, row)), shape=shape)
    covered = np.flatnonzero(counts)
    return Segments(points[covered], points[covered + 1], rows, share[covered])
