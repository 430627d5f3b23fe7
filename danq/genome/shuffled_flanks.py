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
    bases = pair.ref.tobytes() + pair.alt.tobytes()
    digest = hashlib.sha256(bases).digest()
    rng = np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])
    before = dinucleotide_shuffles(_longer(pair.ref, pair.alt, pair, "before"), n, rng)
    behind = dinucleotide_shuffles(_longer(pair.ref, pair.alt, pair, "behind"), n, rng)
    refs = _between(pair.ref, pair.ref_allele, before, behind)
    alts = _between(pair.alt, pair.alt_allele, before, behind)
    return [pair._replace(ref=ref, alt=alt) for ref, alt in zip(refs, alts, strict=True)]


def _first_strand(windows: AlleleWindows) -> AlleleWindows:
    """Return windows, or their reverse complements if these come first by the alphabet."""
    ref = reverse_complement(windows.ref)
    alt = reverse_complement(windows.alt)
    here = (windows.ref.tobytes(), windows.alt.tobytes())
    if here <= (ref.tobytes(), alt.tobytes()):
        return windows
    length = len(ref)
    return windows._replace(
        ref=ref,
        alt=alt,
        ref_allele=_mirrored(windows.ref_allele, length),
        alt_allele=_mirrored(windows.alt_allele, length),
    )


def _mirrored(place: slice, length: int) -> slice:
    return slice(length - place.stop, length - place.start)


def _longer(ref: Bases, alt: Bases, pair: AlleleWindows, side: str) -> Bases:
    """Return the longer one of the flanks of both alleles on a side: the other is a part of it."""
    if side == "before":
        flanks = [ref[: pair.ref_allele.start], alt[: pair.alt_allele.start]]
    else:
        flanks = [ref[pair.ref_allele.stop :], alt[pair.alt_allele.stop :]]
    return max(flanks, key=len)


def _between(window: Bases, allele: slice, before: Bases, behind: Bases) -> Bases:
    """Return an allele between the flanks of each row, (n, window)."""
    rest = len(window) - allele.stop
    left = before[:, before.shape[1] - allele.start :]
    middle = np.tile(window[allele], (len(before), 1))
    return np.concatenate([left, middle, behind[:, :rest]], axis=1)
