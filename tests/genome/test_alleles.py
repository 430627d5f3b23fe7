"""Alleles and their windows: neither strand, nor the way a change is written, matters."""

import numpy as np
import pytest

from danq.genome.alleles import Placed, allele_windows, extend, trim
from danq.genome.sequence import UNKNOWN, reverse_complement

WINDOW = 24


def random_bases(rng, n, letters=4):
    return rng.integers(0, letters, n).astype(np.uint8)


def changed(chromosome, start, ref, alt):
    """Return the whole chromosome with a change."""
    assert (chromosome[start : start + len(ref)] == ref).all()
    return np.concatenate([chromosome[:start], alt, chromosome[start + len(ref) :]])


def random_change(rng, letters):
    """Return a chromosome of few letters, so that it has repeats, and a change of it."""
    chromosome = random_bases(rng, 80, letters)
    start = int(rng.integers(0, 80))
    ref = chromosome[start : start + int(rng.integers(0, 7))]
    alt = random_bases(rng, int(rng.integers(0, 7)), letters)
    return chromosome, start, ref, alt


def contextual(chromosome, start, ref, alt):
    return extend(trim(start, ref, alt), chromosome, 1000)


@pytest.mark.parametrize("letters", [1, 2, 4])
@pytest.mark.parametrize("seed", range(60))
def test_contextual_alleles_make_the_same_chromosome(seed, letters):
    rng = np.random.default_rng([seed, letters])
    chromosome, start, ref, alt = random_change(rng, letters)
    expected = changed(chromosome, start, ref, alt)
    placed = contextual(chromosome, start, ref, alt)
    assert changed(chromosome, *placed).tolist() == expected.tolist()


@pytest.mark.parametrize("letters", [1, 2, 4])
@pytest.mark.parametrize("seed", range(60))
def test_a_change_has_the_same_windows_however_it_is_written(seed, letters):
    rng = np.random.default_rng([seed, letters])
    chromosome, start, ref, alt = random_change(rng, letters)
    expected = changed(chromosome, start, ref, alt)
    if expected.tolist() == chromosome.tolist():
        return
    found = set()
    # Every way of writing it: what is replaced at each place by how many bases, with anchors.
    for other in range(len(chromosome) + 1):
        for length in range(0, 12):
            end = other + length
            n_alt = length + len(expected) - len(chromosome)
            if end > len(chromosome) or n_alt < 0:
                continue
            other_alt = expected[other : other + n_alt]
            other_ref = chromosome[other:end]
            if changed(chromosome, other, other_ref, other_alt).tolist() == expected.tolist():
                placed = contextual(chromosome, other, other_ref, other_alt)
                found.add((placed.start, placed.ref.tobytes(), placed.alt.tobytes()))
    assert len(found) == 1


@pytest.mark.parametrize("window", [WINDOW, WINDOW + 1])
@pytest.mark.parametrize("letters", [1, 2, 4])
@pytest.mark.parametrize("seed", range(60))
def test_the_other_strand_has_the_mirrored_windows(seed, letters, window):
    rng = np.random.default_rng([seed, letters])
    chromosome, start, ref, alt = random_change(rng, letters)
    placed = contextual(chromosome, start, ref, alt)
    if ref.tolist() == alt.tolist() or max(len(placed.ref), len(placed.alt)) > window:
        return
    here = allele_windows(placed, chromosome, window)
    end = start + len(ref)
    other_chromosome = reverse_complement(chromosome)
    other_alleles = [reverse_complement(ref), reverse_complement(alt)]
    other = contextual(other_chromosome, len(chromosome) - end, *other_alleles)
    there = allele_windows(other, other_chromosome, window)
    mirrored = [reverse_complement(bases).tolist() for bases in (there.ref, there.alt)]
    same = [there.ref.tolist(), there.alt.tolist()]
    # The same windows or, around a palindrome, mirror images: both strands give them one score.
    assert [here.ref.tolist(), here.alt.tolist()] in (mirrored, same)
    assert here.n_outside == there.n_outside


@pytest.mark.parametrize("seed", range(60))
def test_windows_are_cut_out_of_the_chromosome_before_and_after_the_change(seed):
    rng = np.random.default_rng(seed)
    chromosome, start, ref, alt = random_change(rng, 4)
    placed = contextual(chromosome, start, ref, alt)
    windows = allele_windows(placed, chromosome, WINDOW)
    pad = np.full(WINDOW, UNKNOWN, dtype=np.uint8)
    for bases, allele, whole, stretch in (
        (windows.ref, placed.ref, chromosome, windows.ref_allele),
        (windows.alt, placed.alt, changed(chromosome, *placed), windows.alt_allele),
    ):
        assert len(bases) == WINDOW and bases[stretch].tolist() == allele.tolist()
        padded = np.concatenate([pad, whole, pad])
        left = (WINDOW - len(allele)) // 2
        starts = [
            placed.start + WINDOW - left,
            placed.start + WINDOW - (WINDOW - len(allele) - left),
        ]
        expected = [padded[first : first + WINDOW].tolist() for first in starts]
        assert bases.tolist() in expected  # the flanks are equal, or differ by one base
    assert windows.ref_start + windows.ref_allele.start == placed.start
    first = max(0, windows.ref_start)
    inside = windows.ref[first - windows.ref_start :]
    n = min(len(inside), len(chromosome) - first)
    assert inside[:n].tolist() == chromosome[first : first + n].tolist()


def test_what_lies_beyond_the_chromosome_is_counted():
    chromosome = np.zeros(100, dtype=np.uint8)
    one = np.ones(1, dtype=np.uint8)
    for start, n in ((0, 12), (99, 12), (50, 0), (5, 7)):
        windows = allele_windows(Placed(start, chromosome[:1], one), chromosome, WINDOW)
        n_unknown = np.count_nonzero(windows.ref == UNKNOWN)
        assert windows.n_outside == n_unknown and abs(n_unknown - n) <= 1


@pytest.mark.parametrize("seed", range(20))
def test_covered_bases_are_those_of_both_windows(seed):
    rng = np.random.default_rng(seed)
    chromosome = random_bases(rng, 200)
    start = int(rng.integers(60, 120))
    ref = chromosome[start : start + int(rng.integers(0, 9))]
    placed = Placed(start, ref, random_bases(rng, int(rng.integers(0, 9))))
    windows = allele_windows(placed, chromosome, WINDOW)
    low, high = windows.covered
    covered = []
    for bases, allele in ((windows.ref, windows.ref_allele), (windows.alt, windows.alt_allele)):
        n_behind = len(bases) - allele.stop
        end = start + len(ref) + n_behind
        assert (chromosome[start - allele.start : start] == bases[: allele.start]).all()
        assert (chromosome[end - n_behind : end] == bases[allele.stop :]).all()
        covered += [start - allele.start, end]
    assert (low, high) == (min(covered), max(covered))
