"""Rows of variants to windows of their alleles: which can be scored, and why the others cannot."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.config import Variants
from danq.genome.alleles import AlleleWindows, Placed, allele_windows, extend, trim
from danq.genome.sequence import UNKNOWN, Genome, decode, encode, unpack_indices
from danq.genome.tables import Region
from danq.genome.variants import Row, mismatch, refusal

SCORED = "scored"
SWAPPED = "swapped"
"""REF and ALT were exchanged, since the genome has ALT; the sign is that of the row as written."""

_PIECE = 1 << 16  # bases unpacked at once, so that neighbouring variants share them

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


class Piece(NamedTuple):
    """Unpacked bases of a chromosome.

    Attributes
    ----------
    chrom : str
        The genome's name of the chromosome.
    start : int
        The first of them (bp, 0-based).
    bases : numpy.ndarray, uint8
        Base indices.
    """

    chrom: str
    start: int
    bases: NDArray[np.uint8]

    def text(self, start: int, n: int) -> str:
        """Return bases of the chromosome.

        Parameters
        ----------
        start : int
            The first one (bp, 0-based).
        n : int
            How many.

        Returns
        -------
        str
        """
        first = start - self.start
        return decode(self.bases[first : first + n])


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
        self._piece = Piece("", 0, np.empty(0, dtype=np.uint8))

    def prepare(self, row: Row) -> Prepared:
        """Return a row with the windows of its alleles, or with the reason why it has none."""
        longest = min(self.settings.longest, self.window)
        problem = refusal(row, self.genome.lengths, self.aliases, longest)
        if problem is not None:
            return Prepared(row, problem, None)
        start = row.pos - 1
        piece = self.around(self.aliases.get(row.chrom, row.chrom), start, longest)
        problem = mismatch(row, piece.text(start, len(row.ref)))
        if problem is None:
            placed = self.contextual(start, row.ref, row.alt, piece)
            return self._finished(row, SCORED, placed, piece)
        return self._prepare_mismatch(row, problem, piece)

    def around(self, chrom: str, start: int, longest: int) -> Piece:
        """Return all bases that windows at a place may hold; the last ones are kept.

        An allele is extended over up to a window on either side, and its window may reach as far
        again. Only a piece of a chromosome is unpacked: variants may be in any order.

        Parameters
        ----------
        chrom : str
            The genome's name of the chromosome.
        start : int
            The place (bp, 0-based).
        longest : int
            Length of an allele, at most (bp).

        Returns
        -------
        Piece
        """
        length = self.genome.lengths[chrom]
        low = max(0, start - 2 * self.window)
        high = min(length, start + longest + 2 * self.window)
        kept = self._piece
        if kept.chrom != chrom or low < kept.start or high > kept.start + len(kept.bases):
            high = min(length, max(high, low + _PIECE))
            packed = self.genome.windows(chrom, np.array([low]), high - low)
            self._piece = Piece(chrom, low, unpack_indices(packed, high - low)[0])
        return self._piece

    def contextual(self, start: int, ref: str, alt: str, piece: Piece) -> Placed:
        """Return a variant as contextual alleles, placed in a piece of its chromosome.

        Parameters
        ----------
        start : int
            Where REF begins on the chromosome (bp, 0-based).
        ref, alt : str
            The alleles.
        piece : Piece
            Bases around it.

        Returns
        -------
        danq.genome.alleles.Placed
            `start` counts from the beginning of the piece.
        """
        placed = trim(start - piece.start, encode(ref), encode(alt))
        extended = extend(placed, piece.bases, self.window)
        fits = max(len(extended.ref), len(extended.alt)) <= self.window
        return extended if fits else placed

    def _prepare_mismatch(self, row: Row, problem: str, piece: Piece) -> Prepared:
        """Return a row whose REF is not the genome's, as the settings say."""
        start = row.pos - 1
        if self.settings.ref_mismatch == "swap":
            if piece.text(start, len(row.alt)) == row.alt:
                placed = self.contextual(start, row.alt, row.ref, piece)
                found = self._finished(row, SWAPPED, placed, piece)
                return found._replace(is_mismatch=True)
            problem = f"{problem}, which is not ALT either"
        if self.settings.ref_mismatch == "keep":
            placed = Placed(start - piece.start, encode(row.ref), encode(row.alt))
            return self._finished(row, KEPT, placed, piece)._replace(is_mismatch=True)
        return Prepared(row, problem, None, is_mismatch=True)

    def _finished(self, row: Row, status: str, placed: Placed, piece: Piece) -> Prepared:
        """Return a row with its windows, unless too little of them is known."""
        windows = allele_windows(placed, piece.bases, self.window)
        windows = windows._replace(ref_start=windows.ref_start + piece.start)
        n_unknown = max(np.count_nonzero(w == UNKNOWN) for w in (windows.ref, windows.alt))
        known = 1 - n_unknown / self.window
        if known < self.settings.min_known:
            problem = f"only {known:.0%} of the window around it is known"
            return Prepared(row, problem, None)
        start, end = windows.covered
        end = min(end, self.genome.lengths[piece.chrom])
        place = Region(piece.chrom, max(start, 0), end)
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
