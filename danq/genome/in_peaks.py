"""Which bases of a genome lie in a peak of any target."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from danq.errors import DanqError
from danq.files import PathLike
from danq.genome.chromosomes import Chromosomes
from danq.genome.fields import read_fields
from danq.genome.intervals import IntervalUnion, merge
from danq.genome.peaks import read_peaks
from danq.genome.tables import read_targets

Integers = NDArray[np.int64]


class InPeaks:
    """The bases of a genome that lie in peaks.

    Parameters
    ----------
    name : str
        What they are called.
    unions : mapping of str to danq.genome.intervals.IntervalUnion
        Those of each chromosome that has any.
    """

    def __init__(self, name: str, unions: Mapping[str, IntervalUnion]) -> None:
        self.name = name
        self.unions = unions

    @property
    def n_bases(self) -> int:
        """How many bases lie in peaks (bp)."""
        sizes = [int((union.end - union.start).sum()) for union in self.unions.values()]
        return sum(sizes)

    def contain(self, chrom: str, places: Integers) -> NDArray[np.bool_]:
        """Say which bases lie in a peak.

        Parameters
        ----------
        chrom : str
            The genome's name of the chromosome.
        places : numpy.ndarray, shape (n,), int64
            Positions there (bp, 0-based).

        Returns
        -------
        numpy.ndarray, shape (n,), bool
        """
        union = self.unions.get(chrom)
        if union is None:
            return np.zeros(len(places), dtype=bool)
        last = np.searchsorted(union.start, places, side="right") - 1
        ends = union.end[np.maximum(last, 0)]
        return (last >= 0) & (places < ends)

    def draw(self, n: int, rng: np.random.Generator) -> dict[str, Integers]:
        """Draw bases that lie in peaks, each as likely as every other.

        Parameters
        ----------
        n : int
            How many; one may be drawn again.
        rng : numpy.random.Generator
            Random numbers.

        Returns
        -------
        dict of str to numpy.ndarray, int64
            Positions on each chromosome (bp, 0-based).
        """
        names = list(self.unions)
        sizes = []
        for union in self.unions.values():
            sizes.append(float((union.end - union.start).sum()))
        counts = rng.multinomial(n, np.array(sizes) / sum(sizes))
        drawn = {}
        for name, count in zip(names, counts.tolist(), strict=True):
            drawn[name] = _drawn(self.unions[name], count, rng)
        return drawn


def _drawn(union: IntervalUnion, n: int, rng: np.random.Generator) -> Integers:
    """Return random bases of intervals (bp, 0-based)."""
    lengths = union.end - union.start
    behind = np.cumsum(lengths)
    number = rng.integers(0, behind[-1], n)
    interval = np.searchsorted(behind, number, side="right")
    offset = number - (behind - lengths)[interval]
    return union.start[interval] + offset


def read_in_peaks(
    path: PathLike, chromosomes: Chromosomes, downloads: PathLike | None = None
) -> InPeaks:
    """Read which bases lie in peaks.

    Parameters
    ----------
    path : str or path-like
        targets.tsv, whose peaks are taken together; or one BED or narrowPeak file.
    chromosomes : danq.genome.chromosomes.Chromosomes
        Of the genome.
    downloads : path, optional
        Folder of the files that a table names by URL.

    Returns
    -------
    InPeaks

    Raises
    ------
    DanqError
        A file that cannot be used, or without a base.
    """
    files: Sequence[PathLike] = [path]
    widen = [0]
    if is_target_table(path):
        targets = read_targets(path, downloads=downloads)
        files = [target.file for target in targets]
        widen = [target.widen for target in targets]
    parts: dict[int, list[tuple[Integers, Integers]]] = {}
    for group in read_peaks(files, chromosomes, widen=widen):
        filled = group.start < group.end
        for chrom in np.unique(group.chrom[filled]).tolist():
            rows = filled & (group.chrom == chrom)
            parts.setdefault(chrom, []).append((group.start[rows], group.end[rows]))
    if not parts:
        raise DanqError("holds no base; give the peaks of the targets", path)
    unions = {}
    for chrom, found in parts.items():
        start = np.concatenate([part[0] for part in found])
        end = np.concatenate([part[1] for part in found])
        unions[chromosomes.names[chrom]] = merge(start, end)
    return InPeaks(str(path), unions)


def is_target_table(path: PathLike) -> bool:
    """Say whether a file is a table of targets, by its header."""
    for fields in read_fields(path, is_header=_names_targets):
        return _names_targets(fields.texts)
    return False


def _names_targets(names: Sequence[str]) -> bool:
    return {"name", "file"} <= {name.lower() for name in names}
