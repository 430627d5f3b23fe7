"""Variants together with their neighbours on the same haplotype: their windows, or why not."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from danq.genome.alleles import AlleleWindows, Placed, allele_windows, trim
from danq.genome.haplotypes import Carried, Neighbourhood
from danq.genome.sequence import encode
from danq.genome.tables import Region
from danq.genome.variants import mismatch, refusal
from danq.network.variant_blocks import SCORED, Piece, Prepared, Preparer


def haplotype_blocks(
    found: Iterable[Neighbourhood], preparer: Preparer, size: int
) -> Iterator[list[Prepared]]:
    """Yield alleles with windows that hold their neighbours, some at a time.

    Parameters
    ----------
    found : iterable of danq.genome.haplotypes.Neighbourhood
        In the order of the input.
    preparer : danq.network.variant_blocks.Preparer
        Makes windows.
    size : int
        Alleles of a block, about.

    Yields
    ------
    list of danq.network.variant_blocks.Prepared
        An allele comes once for each haplotype on which its neighbours differ.
    """
    block: list[Prepared] = []
    for neighbourhood in found:
        block += prepare_haplotypes(neighbourhood, preparer)
        if len(block) >= size:
            yield block
            block = []
    if block:
        yield block


def prepare_haplotypes(found: Neighbourhood, preparer: Preparer) -> list[Prepared]:
    """Return an allele with the windows of each of its haplotypes.

    The reference window is the genome's; the alternative window holds the allele and all others of
    the haplotype.

    Parameters
    ----------
    found : danq.genome.haplotypes.Neighbourhood
        The allele, and those near it.
    preparer : danq.network.variant_blocks.Preparer
        Makes windows.

    Returns
    -------
    list of danq.network.variant_blocks.Prepared
        One, where it is refused or its neighbours are the same on all of its haplotypes.
    """
    carried, near = found
    row = carried.row
    alone = preparer.prepare(row)
    if alone.windows is None:
        return [alone]
    if carried.problem is not None:
        return [Prepared(row, carried.problem, None)]
    by_copy = {}
    for copy in sorted(carried.copies):
        by_copy[copy] = [other for other in near if _may_be_on(other, copy)]
    if len({tuple(others) for others in by_copy.values()}) == 1:
        by_copy = dict([next(iter(by_copy.items()))])
    return [_on_copy(alone, carried, copy, by_copy[copy], preparer) for copy in by_copy]


def _may_be_on(other: Carried, copy: int) -> bool:
    """Say whether a copy of the chromosome carries an allele, or may do so."""
    return copy in other.copies or (other.problem is not None and bool(other.copies))


def _on_copy(
    alone: Prepared, carried: Carried, copy: int, others: Sequence[Carried], preparer: Preparer
) -> Prepared:
    """Return an allele with its neighbours on a copy of the chromosome."""
    row = alone.row
    chrom = preparer.aliases.get(row.chrom, row.chrom)
    piece = preparer.around(chrom, row.pos - 1, preparer.settings.longest)
    own = trim(row.pos - 1 - piece.start, encode(row.ref), encode(row.alt))
    reach = _reach([carried, *others], preparer.window)
    placed = []
    for other in others:
        start = other.row.pos - 1
        if not _is_in_reach(other, own, piece, reach):
            continue
        problem = _neighbour_problem(other, carried, preparer, piece)
        if problem is not None:
            where = f"line {other.row.number}, near it on its haplotype"
            return Prepared(row, f"{where}: {problem}", None)
        placed.append(trim(start - piece.start, encode(other.row.ref), encode(other.row.alt)))
    if not placed:
        return alone
    if _overlap([own, *placed]):
        return Prepared(
            row, "it overlaps another allele of its haplotype, or its neighbours do", None
        )
    extended = preparer.contextual(row.pos - 1, row.ref, row.alt, piece)
    whole = own if _overlap([extended, *placed]) else extended
    windows = together(whole, placed, piece.bases, preparer.window)
    windows = windows._replace(ref_start=windows.ref_start + piece.start)
    status = f"{SCORED} with {len(placed)} more of haplotype {copy}"
    place = _widened(alone.place, placed, preparer.genome.lengths[chrom])
    return alone._replace(status=status, windows=windows, place=place)


def _widened(place: Region | None, neighbours: Sequence[Placed], length: int) -> Region | None:
    """Return bases that surely hold all that a window has: deletions near it bring others in."""
    if place is None:
        return None
    deleted = sum(max(0, len(other.ref) - len(other.alt)) for other in neighbours)
    start = max(0, place.start - deleted)
    return place._replace(start=start, end=min(place.end + deleted, length))


def _reach(alleles: Sequence[Carried], window: int) -> int:
    """Return how far bases of a window may lie from its allele: deletions bring others in."""
    deleted = [max(0, len(entry.row.ref) - len(entry.row.alt)) for entry in alleles]
    return min(window, window // 2 + 1 + sum(deleted))


def _is_in_reach(other: Carried, own: Placed, piece: Piece, reach: int) -> bool:
    """Say whether an allele may lie in the window of another one."""
    start = other.row.pos - 1 - piece.start
    end = start + len(other.row.ref)
    return end > own.start - reach and start < own.start + len(own.ref) + reach


def _neighbour_problem(
    other: Carried, carried: Carried, preparer: Preparer, piece: Piece
) -> str | None:
    """Return why a neighbour cannot be put in."""
    row = other.row
    settings = preparer.settings
    problem = other.problem
    if problem is None and "*" not in (other.phase_set, carried.phase_set):
        if other.phase_set != carried.phase_set:
            problem = "it is of another phase set"
    if problem is None:
        problem = refusal(row, preparer.genome.lengths, preparer.aliases, settings.longest)
    if problem is None:
        problem = mismatch(row, piece.text(row.pos - 1, len(row.ref)))
    return problem


def _overlap(alleles: Sequence[Placed]) -> bool:
    """Say whether any two alleles change the same bases, or insert at the same place."""
    ordered = sorted((allele.start, allele.start + len(allele.ref)) for allele in alleles)
    for (start, end), (following, last) in pairwise(ordered):
        if following < end or (start == end == following == last):
            return True
    return False


def together(
    placed: Placed, others: Sequence[Placed], bases: NDArray[np.uint8], window: int
) -> AlleleWindows:
    """Return the windows of an allele whose alternative holds others, too.

    Parameters
    ----------
    placed : danq.genome.alleles.Placed
        The allele, in the middle of both windows.
    others : sequence of danq.genome.alleles.Placed
        Alleles beside it; no two change the same bases.
    bases : numpy.ndarray, uint8
        The chromosome, or a piece of it.
    window : int
        Length of the windows (bp).

    Returns
    -------
    danq.genome.alleles.AlleleWindows
        `ref` is that of the chromosome alone.
    """
    end = placed.start + len(placed.ref)
    first = allele_windows(placed, bases, window)
    before = _edited(bases, 0, placed.start, others)
    behind = _edited(bases, end, len(bases), others)
    edited = np.concatenate([before, placed.ref, behind])
    second = allele_windows(placed._replace(start=len(before)), edited, window)
    return first._replace(
        alt=second.alt,
        alt_allele=second.alt_allele,
        n_outside=max(first.n_outside, second.n_outside),
    )


def _edited(
    bases: NDArray[np.uint8], start: int, end: int, alleles: Sequence[Placed]
) -> NDArray[np.uint8]:
    """Return a stretch of bases (bp, 0-based half-open) with the alleles inside it put in."""
    parts = []
    reached = start
    for allele in sorted(alleles, key=lambda allele: allele.start):
        behind = allele.start + len(allele.ref)
        if start <= allele.start and behind <= end:
            parts += [bases[reached : allele.start], allele.alt]
            reached = behind
    return np.concatenate([*parts, bases[reached:end]])
