"""Random single-base changes of a genome: what any change does, beside what a given one does."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.genome.in_peaks import InPeaks
from danq.genome.sequence import ALPHABET, UNKNOWN, Genome, encode, unpack_indices
from danq.genome.variants import Row

Integers = NDArray[np.int64]

_DRAWN = 64  # random positions for each change that is wanted: every trinucleotide is among them


class Change(NamedTuple):
    """A kind of single-base change.

    Attributes
    ----------
    around : tuple of (int, int, int)
        Indices of the base, and of its neighbours on either side.
    alt : int
        The new base.
    in_peak : bool
        Whether the base lies in a peak; False where peaks are not known.
    """

    around: tuple[int, int, int]
    alt: int
    in_peak: bool = False


Class = tuple[tuple[int, int, int], bool]
"""The three bases around a place, and whether it lies in a peak."""


def kinds_of(
    rows: Iterable[Row],
    genome: Genome,
    aliases: Mapping[str, str] | None = None,
    peaks: InPeaks | None = None,
) -> Counter[Change]:
    """Count the kinds of the single-base changes among some rows.

    Parameters
    ----------
    rows : iterable of danq.genome.variants.Row
        Others than single-base changes, and those whose REF is not the genome's, do not count.
    genome : danq.genome.sequence.Genome
        The genome.
    aliases : mapping of str to str, optional
        Other names of its chromosomes.
    peaks : danq.genome.in_peaks.InPeaks, optional
        Which bases lie in peaks.

    Returns
    -------
    collections.Counter of Change
    """
    names = aliases or {}
    kinds: Counter[Change] = Counter()
    for row in rows:
        chrom = names.get(row.chrom, row.chrom)
        place = row.pos - 1
        inside = chrom in genome.lengths and 0 < place < genome.lengths[chrom] - 1
        if inside and len(row.ref) == len(row.alt) == 1:
            around = _around(genome, chrom, np.array([place]))[0]
            ref, alt = encode(row.ref + row.alt).tolist()
            if around.max() < UNKNOWN and alt < UNKNOWN and around[1] == ref != alt:
                before, base, behind = around.tolist()
                in_peak = _in_peaks(peaks, chrom, np.array([place])).item()
                kinds[Change((before, base, behind), alt, in_peak)] += 1
    return kinds


def random_variants(
    genome: Genome,
    kinds: Counter[Change],
    n: int,
    seed: int,
    peaks: InPeaks | None = None,
) -> list[Row]:
    """Draw single-base changes from a genome, of the same kinds as given ones.

    Parameters
    ----------
    genome : danq.genome.sequence.Genome
        Where they are drawn from, at positions where three bases are known.
    kinds : collections.Counter of Change
        How often each kind is wanted, in proportion; empty: all alike, in peaks or not.
    n : int
        How many.
    seed : int
        Of the random numbers.
    peaks : danq.genome.in_peaks.InPeaks, optional
        Which bases lie in peaks.

    Returns
    -------
    list of danq.genome.variants.Row
        `n`, or fewer where a kind is too rare in the genome.
    """
    rng = np.random.default_rng(seed)
    if not kinds:
        kinds = Counter(_all_kinds())
        peaks = None
    drawn = [_over_genome(genome, n * _DRAWN, rng)]
    if peaks is not None:
        drawn.append(peaks.draw(n * _DRAWN, rng))
    places = _by_class(genome, drawn, peaks, rng)
    shares = np.array([*kinds.values()], dtype=np.float64)
    wanted = rng.multinomial(n, shares / shares.sum())
    used: Counter[Class] = Counter()
    rows: list[Row] = []
    for kind, number in zip(kinds, wanted.tolist(), strict=True):
        own_class = (kind.around, kind.in_peak)
        there = places.get(own_class, [])
        first = used[own_class]
        for chrom, place in there[first : first + number]:
            ref = ALPHABET[kind.around[1]]
            rows.append(Row(len(rows) + 1, 1, chrom, place + 1, "", ref, ALPHABET[kind.alt]))
        used[own_class] += number
    return rows


def _all_kinds() -> Iterable[Change]:
    """Yield every kind of single-base change."""
    for before, base, behind in np.ndindex(4, 4, 4):
        for alt in range(4):
            if alt != base:
                yield Change((before, base, behind), alt)


def _over_genome(genome: Genome, n: int, rng: np.random.Generator) -> dict[str, Integers]:
    """Return random positions on each chromosome (bp, 0-based)."""
    names = list(genome.lengths)
    sizes = np.array([max(0, genome.lengths[name] - 2) for name in names], dtype=np.float64)
    counts = rng.multinomial(n, sizes / sizes.sum())
    drawn = {}
    for name, count in zip(names, counts.tolist(), strict=True):
        drawn[name] = rng.integers(1, max(2, genome.lengths[name] - 1), count)
    return drawn


def _by_class(
    genome: Genome,
    drawn: Sequence[Mapping[str, Integers]],
    peaks: InPeaks | None,
    rng: np.random.Generator,
) -> dict[Class, list[tuple[str, int]]]:
    """Return positions by their class, each once, in random order."""
    found: list[tuple[Class, str, int]] = []
    for name, length in genome.lengths.items():
        parts = [places[name] for places in drawn if name in places]
        places = np.unique(np.concatenate(parts))
        places = places[(places > 0) & (places < length - 1)]
        around = _around(genome, name, places)
        known = around.max(axis=1, initial=0) < UNKNOWN
        in_peak = _in_peaks(peaks, name, places)[known].tolist()
        bases = [(before, base, behind) for before, base, behind in around[known].tolist()]
        for classes, place in zip(zip(bases, in_peak, strict=True), places[known], strict=True):
            found.append((classes, name, int(place)))
    by_class: dict[Class, list[tuple[str, int]]] = {}
    for number in rng.permutation(len(found)).tolist():
        own_class, name, position = found[number]
        by_class.setdefault(own_class, []).append((name, position))
    return by_class


def _in_peaks(peaks: InPeaks | None, chrom: str, places: Integers) -> NDArray[np.bool_]:
    """Say which positions lie in peaks; none where peaks are not known."""
    if peaks is None:
        return np.zeros(len(places), dtype=bool)
    return peaks.contain(chrom, places)


def _around(genome: Genome, chrom: str, places: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the three bases around each position, (n, 3)."""
    if not len(places):
        return np.empty((0, 3), dtype=np.uint8)
    return unpack_indices(genome.windows(chrom, places - 1, 3), 3)
