"""The bases just outside training windows, from which shifted windows take what enters at an end.

No base of a validation or test region may be learnt from: there, and beyond the chromosome, a
margin is unknown.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from danq.data.schema import margin_bytes
from danq.genome.sequence import UNKNOWN, Genome, pack, unpack_indices


def cut_margins(
    genome: Genome,
    chrom: str,
    starts: NDArray[np.int64],
    *,
    window: int,
    margin: int,
    held_out: Sequence[tuple[int, int]],
) -> NDArray[np.uint8]:
    """Cut the margins of training windows out of a chromosome.

    Parameters
    ----------
    genome : danq.genome.sequence.Genome
        All bases.
    chrom : str
        The chromosome.
    starts : numpy.ndarray, shape (n,), int64
        Where the windows begin (bp, 0-based); each lies inside the chromosome.
    window : int
        Their length (bp).
    margin : int
        Bases on either side (bp), a multiple of 8.
    held_out : sequence of tuple of (int, int)
        Regions of the chromosome whose bases stay unknown (bp, 0-based half-open).

    Returns
    -------
    numpy.ndarray, shape (n, 2 margin/8, 4), uint8
        Packed one-hot: the margin before each window, then the one behind it, both in the
        direction of the forward strand.
    """
    before = starts - margin
    behind = starts + window
    length = genome.lengths[chrom]
    cut_short = (before < 0) | (behind + margin > length)
    for start, end in held_out:
        cut_short |= (before < end) & (behind + margin > start)
    margins = np.empty((len(starts), margin_bytes(margin), 4), dtype=np.uint8)
    half = margin_bytes(margin) // 2
    whole = np.flatnonzero(~cut_short)
    margins[whole, :half] = genome.windows(chrom, before[whole], margin)
    margins[whole, half:] = genome.windows(chrom, behind[whole], margin)
    # Few windows lie at a border: one by one is soon enough.
    for row in np.flatnonzero(cut_short).tolist():
        margins[row, :half] = _at_a_border(genome, chrom, int(before[row]), margin, held_out)
        margins[row, half:] = _at_a_border(genome, chrom, int(behind[row]), margin, held_out)
    return margins


def _at_a_border(
    genome: Genome, chrom: str, start: int, margin: int, held_out: Sequence[tuple[int, int]]
) -> NDArray[np.uint8]:
    """Cut one margin that may leave the chromosome or enter a region, uint8 (margin/8, 4)."""
    indices = np.full(margin, UNKNOWN, dtype=np.uint8)
    first = max(start, 0)
    last = min(start + margin, genome.lengths[chrom])
    if first < last:
        packed = genome.windows(chrom, np.array([first]), last - first)
        indices[first - start : last - start] = unpack_indices(packed, last - first)[0]
    for region_start, region_end in held_out:
        hidden = slice(max(region_start - start, 0), max(region_end - start, 0))
        indices[hidden] = UNKNOWN
    return pack(indices)
