"""Random single-base changes of a genome: what any change does, beside what a given one does."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.genome.sequence import ALPHABET, UNKNOWN, Genome, encode, unpack_indices
from danq.genome.variants import Row

_DRAWN = 64  # random positions for each change that is wanted: every trinucleotide is among them


class Change(NamedTuple):
    """A kind of single-base change.

    Attributes
    ----------
    around : tuple of (int, int, int)
        Indices of the base, and of its neighbours on either side.
    alt : int
        The new base.
    """

    around: tuple[int, int, int]
    alt: int


def kinds_of(rows: Iterable[Row], genome: Genome) -> Counter[Change]:
    """Count the kinds of the single-base changes among some rows.

    Parameters
    ----------
    rows : iterable of danq.genome.variants.Row
        Others than single-base changes, and those whose REF is not the genome's, do not count.
    genome : danq.genome.sequence.Genome
        The genome.

    Returns
    -------
    collections.Counter of Change
    """
    kinds: Counter[Change] = Counter()
    for row in rows:
        place = row.pos - 1
        inside = row.chrom in genome.lengths and 0 < place < genome.lengths[row.chrom] - 1
        if inside and len(row.ref) == len(row.alt) == 1:
            around = _around(genome, row.chrom, np.array([place]))[0]
            if around.max() < UNKNOWN and around[1] == encode(row.ref)[0]:
                before, base, behind = around.tolist()
                kinds[Change((before, base, behind), int(encode(row.alt)[0]))] += 1
    return kinds


def random_variants(genome: Genome, kinds: Counter[Change], n: int, seed: int) -> list[Row]:
    """Draw single-base changes from a genome, of the same kinds as given ones.

    Parameters
    ----------
    genome : danq.genome.sequence.Genome
        Where they are drawn from, at positions where three bases are known.
    kinds : collections.Counter of Change
        How often each kind is wanted, in proportion; empty: all alike.
    n : int
        How many.
    seed : int
        Of the random numbers.

    Returns
    -------
    list of danq.genome.variants.Row
        `n`, or fewer where a kind is too rare in the genome.
    """
    rng = np.random.default_rng(seed)
    places = _random_places(genome, n * _DRAWN, rng)
    kinds = kinds or Counter(_all_kinds())
    shares = np.array([*kinds.values()], dtype=np.float64)
    wanted = rng.multinomial(n, shares / shares.sum())
    used: Counter[tuple[int, int, int]] = Counter()
    rows: list[Row] = []
    for kind, number in zip(kinds, wanted.tolist(), strict=True):
        there = places.get(kind.around, [])
        first = used[kind.around]
        for chrom, place in there[first : first + number]:
            ref = ALPHABET[kind.around[1]]
            rows.append(Row(len(rows) + 1, 1, chrom, place + 1, "", ref, ALPHABET[kind.alt]))
        used[kind.around] += number
    return rows


def _all_kinds() -> Iterable[Change]:
    """Yield every kind of single-base change."""
    for before, base, behind in np.ndindex(4, 4, 4):
        for alt in range(4):
            if alt != base:
                yield Change((before, base, behind), alt)


def _random_places(
    genome: Genome, n: int, rng: np.random.Generator
) -> dict[tuple[int, int, int], list[tuple[str, int]]]:
    """Return random positions by the three bases around them, in random order."""
    names = list(genome.lengths)
    sizes = np.array([max(0, genome.lengths[name] - 2) for name in names], dtype=np.float64)
    counts = rng.multinomial(n, sizes / sizes.sum())
    found: list[tuple[tuple[int, int, int], str, int]] = []
    for name, count in zip(names, counts.tolist(), strict=True):
        places = np.unique(rng.integers(1, max(2, genome.lengths[name] - 1), count))
        around = _around(genome, name, places)
        known = around.max(axis=1, initial=0) < UNKNOWN
        for bases, place in zip(around[known].tolist(), places[known].tolist(), strict=True):
            found.append((tuple(bases), name, place))
    by_bases: dict[tuple[int, int, int], list[tuple[str, int]]] = {}
    for place in rng.permutation(len(found)).tolist():
        bases, name, position = found[place]
        by_bases.setdefault(bases, []).append((name, position))
    return by_bases


def _around(genome: Genome, chrom: str, places: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the three bases around each position, (n, 3)."""
    if not len(places):
        return np.empty((0, 3), dtype=np.uint8)
    return unpack_indices(genome.windows(chrom, places - 1, 3), 3)
