"""The same alleles between shuffled flanks: what a change does where nothing around it is left."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from danq.genome.alleles import AlleleWindows
from danq.genome.sequence import reverse_complement
from danq.genome.shuffle import dinucleotide_shuffles

Bases = NDArray[np.uint8]


def shuffled_flanks(windows: AlleleWindows, n: int, seed: int) -> list[AlleleWindows]:
    """Shuffle what lies on either side of an allele, and keep all dinucleotides.

    Both alleles of a pair stand between the same flanks. The random numbers follow from the bases,
    so that equal windows have equal shuffles, and so has the other strand.

    Parameters
    ----------
    windows : danq.genome.alleles.AlleleWindows
        The windows of both alleles.
    n : int
        How many pairs.
    seed : int
        Of the random numbers, together with the bases.

    Returns
    -------
    list of danq.genome.alleles.AlleleWindows
        `n` pairs, on the strand that comes first by the alphabet.
    """
    pair = _first_strand(windows)
    rng = _random_numbers(pair, seed)
    ref_place = pair.ref_allele
    alt_place = pair.alt_allele
    # Of either side the longer flank: that of the other allele is a part of it.
    left = _longer(pair.ref[: ref_place.start], pair.alt[: alt_place.start])
    right = _longer(pair.ref[ref_place.stop :], pair.alt[alt_place.stop :])
    before = dinucleotide_shuffles(left, n, rng)
    behind = dinucleotide_shuffles(right, n, rng)
    refs = _between(pair.ref, pair.ref_allele, before, behind)
    alts = _between(pair.alt, pair.alt_allele, before, behind)
    return [pair._replace(ref=ref, alt=alt) for ref, alt in zip(refs, alts, strict=True)]


def _random_numbers(pair: AlleleWindows, seed: int) -> np.random.Generator:
    """Return random numbers that follow from the bases of both windows."""
    digest = hashlib.sha256()
    digest.update(pair.ref.tobytes())
    digest.update(pair.alt.tobytes())
    number = int.from_bytes(digest.digest()[:8], "little")
    return np.random.default_rng([seed, number])


def _first_strand(windows: AlleleWindows) -> AlleleWindows:
    """Return windows, or their reverse complements if these come first by the alphabet."""
    ref = reverse_complement(windows.ref)
    alt = reverse_complement(windows.alt)
    here = _order(windows.ref, windows.alt)
    there = _order(ref, alt)
    if here <= there:
        return windows
    length = len(ref)
    ref_place = _mirrored(windows.ref_allele, length)
    alt_place = _mirrored(windows.alt_allele, length)
    return windows._replace(ref=ref, alt=alt, ref_allele=ref_place, alt_allele=alt_place)


def _order(ref: Bases, alt: Bases) -> tuple[bytes, bytes]:
    return ref.tobytes(), alt.tobytes()


def _mirrored(place: slice, length: int) -> slice:
    return slice(length - place.stop, length - place.start)


def _longer(one: Bases, other: Bases) -> Bases:
    return one if len(one) >= len(other) else other


def _between(window: Bases, allele: slice, before: Bases, behind: Bases) -> Bases:
    """Return an allele between the flanks of each row, (n, window)."""
    n, longest = before.shape
    rest = len(window) - allele.stop
    left = before[:, longest - allele.start :]
    middle = np.tile(window[allele], (n, 1))
    right = behind[:, :rest]
    return np.concatenate([left, middle, right], axis=1)
