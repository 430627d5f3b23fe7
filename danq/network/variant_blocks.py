"""Rows of variants to windows of their alleles: which can be scored, and why the others cannot."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.config import Variants
from danq.genome.alleles import AlleleWindows, Placed, allele_windows, extend, trim
from danq.genome.sequence import UNKNOWN, Genome, decode, encode
from danq.genome.tables import Region
from danq.genome.variants import Row, mismatch, refusal

SCORED = "scored"
SWAPPED = "swapped"
"""REF and ALT were exchanged, since the genome has ALT; the sign is that of the row as written."""

KEPT = "kept"
"""The row's own REF was put in, though the genome has another one."""


class Prepared(NamedTuple):
    """A row, and what can be done with it.

    Attributes
    ----------
    row : danq.genome.variants.Row
        As it was read.
    status : str
        `SCORED`, `SWAPPED`, `KEPT`, or why it is refused.
    windows : danq.genome.alleles.AlleleWindows or None
        Those of its alleles; None where it is refused.
    is_mismatch : bool
        Whether its REF is not what the genome has.
    place : danq.genome.tables.Region or None
        The bases of the genome that the windows hold.
    """

    row: Row
    status: str
    windows: AlleleWindows | None
    is_mismatch: bool = False
    place: Region | None = None


class Preparer:
    """Makes windows of rows.

    Parameters
    ----------
    genome : danq.genome.sequence.Genome
        The genome.
    aliases : mapping of str to str
        Other names of its chromosomes.
    settings : danq.config.Variants
        What to do with what.
    window : int
        Of the models (bp).
    """

    def __init__(
        self, genome: Genome, aliases: Mapping[str, str], settings: Variants, window: int
    ) -> None:
        self.genome = genome
        self.aliases = aliases
        self.settings = settings
        self.window = window
        self._chrom = ""
        self._bases: NDArray[np.uint8] = np.empty(0, dtype=np.uint8)

    def prepare(self, row: Row) -> Prepared:
        """Return a row with the windows of its alleles, or with the reason why it has none."""
        longest = min(self.settings.longest, self.window)
        problem = refusal(row, self.genome.lengths, self.aliases, longest)
        if problem is not None:
            return Prepared(row, problem, None)
        chromosome = self._chromosome(self.aliases.get(row.chrom, row.chrom))
        start = row.pos - 1
        there = decode(chromosome[start : start + len(row.ref)])
        problem = mismatch(row, there)
        if problem is None:
            placed = self._contextual(start, row.ref, row.alt, chromosome)
            return self._windows(row, SCORED, placed, chromosome)
        return self._prepare_mismatch(row, problem, chromosome)

    def _chromosome(self, name: str) -> NDArray[np.uint8]:
        """Return the base indices of a chromosome; the last one is kept."""
        if name != self._chrom:
            self._bases = self.genome.base_indices(name)
            self._chrom = name
        return self._bases

    def _contextual(self, start: int, ref: str, alt: str, chromosome: NDArray[np.uint8]) -> Placed:
        placed = trim(start, encode(ref), encode(alt))
        extended = extend(placed, chromosome, self.window)
        fits = max(len(extended.ref), len(extended.alt)) <= self.window
        return extended if fits else placed

    def _prepare_mismatch(self, row: Row, problem: str, chromosome: NDArray[np.uint8]) -> Prepared:
        """Return a row whose REF is not the genome's, as the settings say."""
        start = row.pos - 1
        if self.settings.ref_mismatch == "swap":
            there = decode(chromosome[start : start + len(row.alt)])
            if there == row.alt:
                placed = self._contextual(start, row.alt, row.ref, chromosome)
                found = self._windows(row, SWAPPED, placed, chromosome)
                return found._replace(is_mismatch=True)
            problem = f"{problem}, which is not ALT either"
        if self.settings.ref_mismatch == "keep":
            placed = Placed(start, encode(row.ref), encode(row.alt))
            return self._windows(row, KEPT, placed, chromosome)._replace(is_mismatch=True)
        return Prepared(row, problem, None, is_mismatch=True)

    def _windows(
        self, row: Row, status: str, placed: Placed, chromosome: NDArray[np.uint8]
    ) -> Prepared:
        """Return a row with its windows, unless too little of them is known."""
        windows = allele_windows(placed, chromosome, self.window)
        n_unknown = max(np.count_nonzero(w == UNKNOWN) for w in (windows.ref, windows.alt))
        known = 1 - n_unknown / self.window
        if known < self.settings.min_known:
            problem = f"only {known:.0%} of the window around it is known"
            return Prepared(row, problem, None)
        start, end = windows.covered
        place = Region(self._chrom, max(start, 0), min(end, len(chromosome)))
        return Prepared(row, status, windows, place=place)


def blocks(rows: Iterable[Row], preparer: Preparer, size: int) -> Iterator[list[Prepared]]:
    """Yield rows with their windows, some at a time.

    Parameters
    ----------
    rows : iterable of danq.genome.variants.Row
        In the order of the input.
    preparer : Preparer
        Makes their windows.
    size : int
        Rows of a block, at most.

    Yields
    ------
    list of Prepared
        In the same order.
    """
    waiting = iter(rows)
    while block := list(islice(waiting, size)):
        yield [preparer.prepare(row) for row in block]
