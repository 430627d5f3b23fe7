"""Motifs that a change makes or breaks: against sites that are looked for one by one."""

import numpy as np
import pytest

from danq.genome.sequence import UNKNOWN, encode, reverse_complement
from danq.motif.allele_sites import MOST, Allele, Scorer, changed_sites, scorers_of
from danq.motif.meme import Motif, log_odds

EVEN = np.full(4, 0.25)
WORD = "CCACCAGGGGGC"


def word_motif(name, word):
    return Motif(name, f"factor of {name}", np.eye(4)[encode(word)])


def random_allele(rng, length=60):
    bases = rng.integers(0, 4, length).astype(np.uint8)
    start = int(rng.integers(0, length))
    return Allele(bases, slice(start, min(length, start + int(rng.integers(0, 4)))))


def slow_best(matrix, allele, background):
    """Score every site on either strand that overlaps the allele, base by base."""
    odds = log_odds(matrix, background)
    width = len(matrix)
    best = None
    for start in range(len(allele.bases) - width + 1):
        if start + width <= allele.place.start or start >= allele.place.stop:
            continue
        site = allele.bases[start : start + width]
        for bases in (site, reverse_complement(site)):
            score = sum(
                row.min() if base == UNKNOWN else row[base]
                for row, base in zip(odds, bases, strict=True)
            )
            best = score if best is None else max(best, score)
    return best


@pytest.mark.parametrize("seed", range(40))
def test_the_best_site_over_an_allele_is_that_of_a_slow_search(seed):
    rng = np.random.default_rng(seed)
    matrix = rng.dirichlet(np.full(4, 0.5), int(rng.integers(2, 15)))
    background = np.array([0.3, 0.2, 0.2, 0.3])
    allele = random_allele(rng)
    allele.bases[rng.integers(0, 60, 3)] = UNKNOWN
    found = Scorer(Motif("m", "", matrix), background).best(allele)
    expected = slow_best(matrix, allele, background)
    if expected is None:
        assert found is None
    else:
        assert found.log_odds == pytest.approx(expected, abs=len(matrix) / 256)


def test_both_strands_see_the_same_motifs():
    rng = np.random.default_rng(1)
    scorers = scorers_of([word_motif("a", WORD), word_motif("b", WORD[2:10])], EVEN)
    left = rng.integers(0, 4, 30).astype(np.uint8)
    ref = np.concatenate([left, encode(WORD), left])
    alt = ref.copy()
    alt[35] = (ref[35] + 1) % 4
    pair = [Allele(bases, slice(35, 36)) for bases in (ref, alt)]
    place = slice(len(ref) - 36, len(ref) - 35)
    other = [Allele(reverse_complement(allele.bases), place) for allele in pair]
    here = changed_sites(scorers, *pair)
    there = changed_sites(scorers, *other)
    assert [change.motif.name for change in here] == ["a", "b"]
    for one, two in zip(here, there, strict=True):
        assert (one.ref_p, one.alt_p) == (two.ref_p, two.alt_p)
        assert {one.ref.strand, two.ref.strand} == {"+", "-"}
        assert two.ref.start == len(ref) - one.ref.start - len(one.motif.matrix)
        assert not one.is_gained and one.better == one.ref


def test_exchanged_alleles_turn_what_is_lost_into_what_is_gained():
    flank = encode("ACGTTTACGAACGTTAGCAATG")
    ref = np.concatenate([flank, encode(WORD), flank])
    alt = np.concatenate([flank, encode(WORD[:5]), encode(WORD[8:]), flank])  # three bases deleted
    scorers = scorers_of([word_motif("a", WORD)], EVEN)
    whole = Allele(ref, slice(27, 30))
    broken = Allele(alt, slice(27, 27))
    (lost,) = changed_sites(scorers, whole, broken)
    (gained,) = changed_sites(scorers, broken, whole)
    assert (lost.is_gained, gained.is_gained) == (False, True)
    assert lost.better == gained.better and lost.better.start == len(flank)
    assert lost.ref_p == pytest.approx(0.25 ** len(WORD), rel=1e-9)


def test_what_does_not_change_enough_is_left_out():
    rng = np.random.default_rng(2)
    bases = rng.integers(0, 4, 60).astype(np.uint8)
    same = Allele(bases, slice(30, 31))
    scorers = scorers_of([word_motif("a", WORD)], EVEN)
    assert changed_sites(scorers, same, same) == []
    short = scorers_of([word_motif("b", "AC")], EVEN)  # a site of two bases is never unlikely
    changed = np.concatenate([bases[:30], encode("A"), bases[31:]])
    assert changed_sites(short, same, Allele(changed, slice(30, 31))) == []
    far = np.concatenate([encode(WORD), bases])
    near = Allele(far, slice(40, 41))
    other = Allele(np.where(np.arange(len(far)) == 40, (far + 1) % 4, far), slice(40, 41))
    assert changed_sites(scorers, near, other) == [], "the site lies beside the change"


def test_the_surest_come_first_and_not_too_many():
    words = [WORD[start:end] for start in (0, 1, 2) for end in range(8, 13)]
    motifs = [word_motif(f"m{number}", word) for number, word in enumerate(words)]
    flank = encode("ACGTTTACGAACGTTAGCAATG")
    ref = np.concatenate([flank, encode(WORD), flank])
    alt = ref.copy()
    alt[len(flank) + 5] = 3
    place = slice(len(flank) + 5, len(flank) + 6)
    found = changed_sites(scorers_of(motifs, EVEN), Allele(ref, place), Allele(alt, place))
    chances = [change.ref_p for change in found]
    assert len(found) == MOST and chances == sorted(chances)
    assert found[0].motif.name == "m4", "the whole word"
