"""Alleles between shuffled flanks: the alleles stay, both between the same, on either strand."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from danq.genome.alleles import allele_windows, extend, trim
from danq.genome.sequence import decode, encode, reverse_complement
from danq.genome.shuffled_flanks import shuffled_flanks
from tests.network.tiled_toy import bases

WINDOW = 60
TEXT = bases(300)


def windows_of(text, start, ref, alt):
    placed = extend(trim(start, encode(ref), encode(alt)), encode(text), WINDOW)
    return allele_windows(placed, encode(text), WINDOW)


@pytest.mark.parametrize(("n_ref", "n_alt"), [(1, 1), (0, 5), (7, 0), (3, 8), (1, 0)])
@pytest.mark.parametrize("start", [2, 150, 151, 290])
def test_only_the_flanks_are_shuffled(n_ref, n_alt, start):
    ref, alt = TEXT[start : start + n_ref], bases(n_alt, seed=4)
    alt = alt if alt != ref else "ACGT"["ACGT".index(ref) - 1]
    here = windows_of(TEXT, start, ref, alt)
    found = shuffled_flanks(here, 5, 0)
    assert len(found) == 5 and len({pair.ref.tobytes() for pair in found}) > 1
    for pair in found:
        assert len(pair.ref) == len(pair.alt) == WINDOW
        before, after = decode(pair.ref), decode(pair.alt)
        middle, other = before[pair.ref_allele], after[pair.alt_allele]
        alleles = [(decode(w[s]), decode(v[r])) for w, s, v, r in both_strands(here)]
        assert (middle, other) in alleles
        left = min(pair.ref_allele.start, pair.alt_allele.start)
        right = WINDOW - max(pair.ref_allele.stop, pair.alt_allele.stop)
        end = pair.ref_allele.start, pair.alt_allele.start
        assert before[end[0] - left : end[0]] == after[end[1] - left : end[1]]
        behind = pair.ref_allele.stop, pair.alt_allele.stop
        assert before[behind[0] : behind[0] + right] == after[behind[1] : behind[1] + right]
        if n_ref == n_alt:
            strands = [here.ref, reverse_complement(here.ref)]
            counts = [Counter(pairwise(decode(strand))) for strand in strands]
            assert Counter(pairwise(decode(pair.ref))) in counts


def both_strands(windows):
    yield windows.ref, windows.ref_allele, windows.alt, windows.alt_allele
    ref, alt = reverse_complement(windows.ref), reverse_complement(windows.alt)
    places = [
        slice(WINDOW - place.stop, WINDOW - place.start)
        for place in (windows.ref_allele, windows.alt_allele)
    ]
    yield ref, places[0], alt, places[1]


@pytest.mark.parametrize(("n_ref", "n_alt"), [(1, 1), (0, 4), (5, 2)])
def test_the_other_strand_has_the_same_shuffles_and_another_seed_others(n_ref, n_alt):
    start, ref, alt = 140, TEXT[140 : 140 + n_ref], "ACGT"[:n_alt]
    alt = alt if alt != ref else "C"
    other_text = decode(reverse_complement(encode(TEXT)))
    others = [decode(reverse_complement(encode(allele))) for allele in (ref, alt)]
    here = windows_of(TEXT, start, ref, alt)
    there = windows_of(other_text, len(TEXT) - start - n_ref, *others)
    found, mirrored = (shuffled_flanks(windows, 4, 0) for windows in (here, there))
    for one, other in zip(found, mirrored, strict=True):
        assert (one.ref == other.ref).all() and (one.alt == other.alt).all()
    again = shuffled_flanks(here, 4, 1)
    assert not np.array_equal(again[0].ref, found[0].ref)
