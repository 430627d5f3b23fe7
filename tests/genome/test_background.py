"""Random changes of a genome: of the kinds that are asked for, at places where they fit."""

from collections import Counter

import numpy as np
import pytest

from danq.genome.background import Change, kinds_of, random_variants
from danq.genome.in_peaks import InPeaks
from danq.genome.intervals import merge
from danq.genome.sequence import decode
from danq.genome.variants import Row
from tests.genome.test_tiles import genome_of, random_indices


@pytest.fixture
def genome():
    return genome_of({"a": random_indices(4000, unknown=[(100, 900)]), "b": random_indices(3000)})


def bases(genome, row):
    return decode(genome.base_indices(row.chrom)[row.pos - 2 : row.pos + 1])


def test_random_changes_fit_the_genome_and_are_repeatable(genome):
    rows = random_variants(genome, Counter(), 300, seed=1)
    assert rows == random_variants(genome, Counter(), 300, seed=1)
    assert rows != random_variants(genome, Counter(), 300, seed=2)
    assert len(rows) == len({(row.chrom, row.pos, row.alt) for row in rows}) == 300
    assert {row.chrom for row in rows} == {"a", "b"}
    for row in rows:
        around = bases(genome, row)
        assert "N" not in around and around[1] == row.ref != row.alt and len(row.alt) == 1


def test_they_are_of_the_kinds_of_given_ones(genome):
    kinds = Counter({Change((0, 1, 2), 3): 3, Change((2, 2, 0), 1): 1})
    rows = random_variants(genome, kinds, 40, seed=0)
    found = Counter((bases(genome, row), row.alt) for row in rows)
    assert set(found) == {("ACG", "T"), ("GGA", "C")} and found["ACG", "T"] > found["GGA", "C"]
    assert kinds_of(rows, genome) == Counter(
        {Change((0, 1, 2), 3): found["ACG", "T"], Change((2, 2, 0), 1): found["GGA", "C"]}
    )


def test_only_single_base_changes_that_fit_are_counted(genome):
    text = decode(genome.base_indices("b"))
    other = {"A": "C", "C": "G", "G": "T", "T": "A"}
    right = Row(1, 1, "b", 500, "", text[499], other[text[499]])
    wrong = [
        right._replace(ref=other[text[499]], alt=text[499]),
        right._replace(ref=text[499:501], alt="A"),
        right._replace(chrom="c"),
        right._replace(pos=1, ref=text[0]),
        Row(1, 1, "a", 500, "", "N", "A"),
    ]
    assert sum(kinds_of([right, *wrong], genome).values()) == 1


@pytest.fixture
def peaks():
    unions = {"a": merge(np.array([950, 2000]), np.array([980, 2400]))}
    return InPeaks("peaks", unions)


def test_they_lie_in_peaks_as_often_as_given_ones(genome, peaks):
    kinds = Counter({Change((0, 1, 2), 3, True): 3, Change((0, 1, 2), 0, False): 1})
    rows = random_variants(genome, kinds, 40, seed=0, peaks=peaks)
    inside = [row.chrom == "a" and peaks.contain("a", np.array([row.pos - 1]))[0] for row in rows]
    assert {row.alt for row, known in zip(rows, inside, strict=True) if known} <= {"T"}
    assert {row.alt for row, known in zip(rows, inside, strict=True) if not known} == {"A"}
    assert {bases(genome, row) for row in rows} == {"ACG"}
    # Some 480 of 7,000 bases lie in peaks: there are 7 or so of ACG.
    assert 0 < sum(inside) <= 30
    counted = kinds_of(rows, genome, peaks=peaks)
    assert counted[Change((0, 1, 2), 3, True)] == sum(inside)
    assert counted.total() == len(rows)
    everywhere = random_variants(genome, Counter(), 100, seed=0, peaks=peaks)
    assert everywhere == random_variants(genome, Counter(), 100, seed=0)


def test_other_names_of_chromosomes_are_known(genome):
    rows = random_variants(genome, Counter(), 50, seed=0)
    renamed = [row._replace(chrom=row.chrom.upper()) for row in rows]
    assert kinds_of(renamed, genome) == Counter()
    assert kinds_of(renamed, genome, {"A": "a", "B": "b"}) == kinds_of(rows, genome)


def test_a_kind_that_the_genome_lacks_gives_fewer():
    poor = genome_of({"a": np.zeros(500, dtype=np.uint8)})
    kinds = Counter({Change((0, 0, 0), 1): 1, Change((1, 1, 1), 0): 1})
    rows = random_variants(poor, kinds, 20, seed=0)
    assert 0 < len(rows) < 20 and {row.ref for row in rows} == {"A"}
