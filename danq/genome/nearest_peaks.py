"""Which peaks of a target lie where: whether a place is in one, and how far the nearest is."""

from collections.abc import Mapping, Sequence

import numpy as np

from danq.genome.chromosomes import Chromosomes
from danq.genome.intervals import IntervalUnion, merge
from danq.genome.peaks import Peaks, read_peaks
from danq.genome.tables import Target


class NearestPeaks:
    """The peaks of some targets.

    Parameters
    ----------
    intervals : mapping of (int, int) to danq.genome.intervals.IntervalUnion
        Those of each target and chromosome, by their numbers.
    chromosomes : danq.genome.chromosomes.Chromosomes
        Of the genome.
    """

    def __init__(
        self, intervals: Mapping[tuple[int, int], IntervalUnion], chromosomes: Chromosomes
    ) -> None:
        self._intervals = intervals
        self._names = chromosomes.names

    def distance(self, target: int, chrom: str, start: int, end: int) -> int | None:
        """Return how far the nearest peak of a target is away.

        Parameters
        ----------
        target : int
            Number of the target.
        chrom : str
            The genome's name of the chromosome.
        start, end : int
            A place there (bp, 0-based half-open).

        Returns
        -------
        int or None
            0 where they share a base, or an empty place lies inside; 1 side by side, as bedtools
            closest counts; None where the target has no peak on the chromosome.
        """
        number = self._names.index(chrom)
        found = self._intervals.get((target, number))
        if found is None:
            return None
        behind = int(np.searchsorted(found.end, start, side="right"))
        distances = []
        if behind < len(found.start):
            gap = int(found.start[behind]) - end
            distances.append(max(0, gap + 1))
        if behind > 0:
            gap = start - int(found.end[behind - 1])
            distances.append(max(0, gap + 1))
        return min(distances)


def read_nearest_peaks(targets: Sequence[Target], chromosomes: Chromosomes) -> NearestPeaks:
    """Read the peaks of targets.

    Parameters
    ----------
    targets : sequence of danq.genome.tables.Target
        Whose peaks.
    chromosomes : danq.genome.chromosomes.Chromosomes
        Of the genome, with the other names that the files may use.

    Returns
    -------
    NearestPeaks
        The targets have the numbers of their places.

    Raises
    ------
    DanqErrors
        A file that cannot be used.
    """
    files = [target.file for target in targets]
    widen = [target.widen for target in targets]
    intervals: dict[tuple[int, int], IntervalUnion] = {}
    for group in read_peaks(files, chromosomes, widen=widen):
        intervals |= _intervals_of(group)
    return NearestPeaks(intervals, chromosomes)


def _intervals_of(group: Peaks) -> dict[tuple[int, int], IntervalUnion]:
    """Return the intervals of each file and chromosome of a group of files."""
    found = {}
    for file in group.files:
        filled = group.start < group.end
        of_file = (group.file == file) & filled
        for chrom in np.unique(group.chrom[of_file]).tolist():
            rows = of_file & (group.chrom == chrom)
            start = group.start[rows]
            end = group.end[rows]
            found[file, chrom] = merge(start, end)
    return found
