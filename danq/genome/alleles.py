"""Alleles of a variant, placed so that neither strand and no way of writing them matters.

One change of a genome can be written in several ways: with an anchoring base before it, as VCF asks
for, or with more; an insertion or a deletion in a repeat at each of its units. So alleles are first
cut down to what differs, and then extended over all bases through which they could be shifted: the
*contextual allele* of SPDI (Holmes et al. 2020, https://doi.org/10.1093/bioinformatics/btz856),
which is the same however the change was written.

A window holds its allele in the middle. Where the flanks cannot be equal, because an even window
has an odd allele, the longer one is on the side that comes first on the strand whose bases around
the reference allele are first by the alphabet: on the reverse complement of the genome the same
window would be chosen.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.genome.sequence import UNKNOWN, reverse_complement

Bases = NDArray[np.uint8]


class Placed(NamedTuple):
    """A variant as contextual alleles.

    Attributes
    ----------
    start : int
        Where its reference allele begins on the chromosome (bp, 0-based).
    ref, alt : numpy.ndarray, uint8
        The alleles, base indices; either may be empty.
    """

    start: int
    ref: Bases
    alt: Bases


def trim(start: int, ref: Bases, alt: Bases) -> Placed:
    """Cut alleles down to what differs.

    Parameters
    ----------
    start : int
        Where the reference allele begins (bp, 0-based).
    ref, alt : numpy.ndarray, uint8
        The alleles as they are written, base indices.

    Returns
    -------
    Placed

    Examples
    --------
    >>> from danq.genome.sequence import encode
    >>> placed = trim(9, encode("CAA"), encode("CA"))
    >>> placed.start, placed.ref.tolist(), placed.alt.tolist()
    (11, [0], [])
    """
    shortest = min(len(ref), len(alt))
    n_prefix = _n_equal(ref[:shortest], alt[:shortest])
    ref = ref[n_prefix:]
    alt = alt[n_prefix:]
    shortest = min(len(ref), len(alt))
    n_suffix = _n_equal(ref[::-1][:shortest], alt[::-1][:shortest])
    return Placed(start + n_prefix, ref[: len(ref) - n_suffix], alt[: len(alt) - n_suffix])


def _n_equal(a: Bases, b: Bases) -> int:
    """Return how many bases at the beginning of two equally long sequences are the same."""
    differing = np.flatnonzero(a != b)
    return int(differing[0]) if len(differing) else len(a)


def extend(placed: Placed, chromosome: Bases, most: int) -> Placed:
    """Extend an insertion or a deletion over all bases through which it could be shifted.

    Parameters
    ----------
    placed : Placed
        Alleles that are cut down to what differs.
    chromosome : numpy.ndarray, shape (L,), uint8
        Base indices of the chromosome, or of a part of it that holds `most` bp on either side.
    most : int
        Bases that are gone through either way, at most (bp).

    Returns
    -------
    Placed
        The contextual alleles; a substitution as it is.

    Examples
    --------
    >>> from danq.genome.sequence import decode, encode
    >>> chromosome = encode("GGCACACATT")
    >>> for start in (2, 4, 6):  # one CA of three is deleted, or an AC that stands between two
    ...     found = extend(Placed(start, encode("CA"), encode("")), chromosome, 100)
    ...     print(found.start, decode(found.ref), decode(found.alt))
    2 CACACA CACA
    2 CACACA CACA
    2 CACACA CACA
    """
    start, ref, alt = placed
    if len(ref) and len(alt):
        return placed
    unit = ref if len(ref) else alt
    if not len(unit):
        return placed
    before = chromosome[max(0, start - most) : start]
    end = start + len(ref)
    behind = chromosome[end : end + most]
    left = _n_repeated(before[::-1], unit[::-1])
    right = _n_repeated(behind, unit)
    flank_before = before[len(before) - left :]
    flank_behind = behind[:right]
    return Placed(
        start - left,
        np.concatenate([flank_before, ref, flank_behind]),
        np.concatenate([flank_before, alt, flank_behind]),
    )


def _n_repeated(bases: Bases, unit: Bases) -> int:
    """Return for how many bases a sequence goes on repeating a unit."""
    n_units = -(-len(bases) // len(unit))
    repeated = np.tile(unit, n_units)[: len(bases)]
    return _n_equal(bases, repeated)


class AlleleWindows(NamedTuple):
    """The windows of both alleles.

    Attributes
    ----------
    ref, alt : numpy.ndarray, shape (window,), uint8
        Base indices.
    ref_start : int
        Where the window of the reference allele begins on the chromosome (bp, 0-based); may lie
        before its first base.
    n_outside : int
        Bases of either window that lie beyond the chromosome's ends, the larger number.
    ref_allele, alt_allele : slice
        Where either allele lies in its window.
    """

    ref: Bases
    alt: Bases
    ref_start: int
    n_outside: int
    ref_allele: slice
    alt_allele: slice

    @property
    def covered(self) -> tuple[int, int]:
        """First and last base of the chromosome that either window holds (bp, half-open).

        A deletion brings bases of the flanks into the alternative window that the reference window
        does not hold. Both may lie beyond the chromosome.
        """
        ref_end = self.ref_start + len(self.ref)
        alt_start = self.ref_start + self.ref_allele.start - self.alt_allele.start
        behind_alt = len(self.alt) - self.alt_allele.stop
        alt_end = self.ref_start + self.ref_allele.stop + behind_alt
        return min(self.ref_start, alt_start), max(ref_end, alt_end)


def allele_windows(placed: Placed, chromosome: Bases, window: int) -> AlleleWindows:
    """Return the windows that hold the alleles in their middle.

    What an alternative allele has more or less than the reference comes from the flanks, half from
    either side. Bases beyond the ends of the chromosome are unknown.

    Parameters
    ----------
    placed : Placed
        The alleles; neither longer than the window.
    chromosome : numpy.ndarray, shape (L,), uint8
        Base indices of the whole chromosome.
    window : int
        Length of the windows (bp).

    Returns
    -------
    AlleleWindows

    Examples
    --------
    >>> from danq.genome.sequence import decode, encode
    >>> found = allele_windows(Placed(4, encode("A"), encode("")), encode("CCGGATTTCC"), 4)
    >>> decode(found.ref), decode(found.alt), found.ref_start
    ('GGAT', 'GGTT', 2)
    """
    start, ref, alt = placed
    end = start + len(ref)
    before = _bases(chromosome, start - window, start)
    behind = _bases(chromosome, end, end + window)
    longer_first = _is_first_strand(before, ref, behind)
    ref_left = _left_flank(window, len(ref), longer_first)
    alt_left = _left_flank(window, len(alt), longer_first)
    ref_start = start - ref_left
    outside = []
    for left, allele in ((ref_left, ref), (alt_left, alt)):
        right = window - left - len(allele)
        outside.append(max(0, left - start) + max(0, end + right - len(chromosome)))
    return AlleleWindows(
        ref=_joined(before, ref, behind, ref_left, window),
        alt=_joined(before, alt, behind, alt_left, window),
        ref_start=ref_start,
        n_outside=max(outside),
        ref_allele=slice(ref_left, ref_left + len(ref)),
        alt_allele=slice(alt_left, alt_left + len(alt)),
    )


def _left_flank(window: int, length: int, longer_first: bool) -> int:
    """Return the bases before an allele in its window (bp)."""
    rest = window - length
    return rest // 2 + (rest % 2 if longer_first else 0)


def _joined(before: Bases, allele: Bases, behind: Bases, left: int, window: int) -> Bases:
    """Return an allele between its flanks."""
    right = window - left - len(allele)
    return np.concatenate([before[len(before) - left :], allele, behind[:right]])


def _is_first_strand(before: Bases, ref: Bases, behind: Bases) -> bool:
    """Say whether the bases around an allele come before their reverse complement."""
    around = np.concatenate([before, ref, behind])
    other = reverse_complement(around)
    differing = np.flatnonzero(around != other)
    # Equal: both choices are mirror images of one another, and have one score.
    return len(differing) == 0 or bool(around[differing[0]] < other[differing[0]])


def _bases(chromosome: Bases, start: int, end: int) -> Bases:
    """Return the bases of a region (bp, 0-based half-open), unknown beyond the chromosome."""
    if 0 <= start and end <= len(chromosome):
        return chromosome[start:end]
    low = min(max(start, 0), len(chromosome))
    high = min(max(end, 0), len(chromosome))
    ends = (min(max(0, -start), end - start), max(0, end - max(start, len(chromosome))))
    return np.pad(chromosome[low:high], ends, constant_values=UNKNOWN)
