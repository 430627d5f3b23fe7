"""Variants of one haplotype together: their windows as text, and what cannot be put together."""

import numpy as np
import pytest

from danq.config import Variants
from danq.genome.alleles import Placed
from danq.genome.haplotypes import Carried, Neighbourhood
from danq.genome.sequence import decode, encode, reverse_complement
from danq.genome.variants import Row
from danq.network.variant_blocks import Preparer
from danq.network.variant_haplotypes import haplotype_blocks, prepare_haplotypes, together
from tests.genome.test_tiles import genome_of
from tests.network.tiled_toy import bases

TEXT = bases(900)
WINDOW = 100


def preparer():
    return Preparer(genome_of({"chr1": encode(TEXT)}), {"1": "chr1"}, Variants(), WINDOW)


def carried(pos, alt=None, n_ref=1, copies=(1,), phase_set="", problem=None, number=None):
    ref = TEXT[pos - 1 : pos - 1 + n_ref]
    alt = alt or "ACGT"[("ACGT".index(ref[0]) + 1) % 4]
    row = Row(number or pos, 1, "chr1", pos, "", ref, alt)
    return Carried(row, frozenset(copies), phase_set, problem)


def prepared(entry, *near):
    return prepare_haplotypes(Neighbourhood(entry, list(near)), preparer())


def by_text(entry, *near):
    """Return the alternative chromosome as text, and where the allele begins there."""
    text = TEXT
    place = entry.row.pos - 1
    for row in sorted((e.row for e in (entry, *near)), key=lambda row: -row.pos):
        start = row.pos - 1
        text = text[:start] + row.alt + text[start + len(row.ref) :]
        if start < entry.row.pos - 1:
            place += len(row.alt) - len(row.ref)
    return text, place


def test_the_window_holds_all_of_a_haplotype():
    entry = carried(400)
    near = [carried(380), carried(410, n_ref=4, alt="G"), carried(420, alt=TEXT[419] + "ACC")]
    (found,) = prepared(entry, *near)
    text, place = by_text(entry, *near)
    assert decode(found.windows.alt) in text
    at = text.index(decode(found.windows.alt)) + found.windows.alt_allele.start
    assert at == place and len(found.windows.alt) == WINDOW
    assert TEXT[found.windows.ref_start :].startswith(decode(found.windows.ref))
    assert found.status == "scored with 3 more of haplotype 1"
    (alone,) = prepared(entry, carried(380, copies=(2,)), carried(510))
    assert alone.status == "scored"
    assert (alone.windows.alt != alone.windows.ref).sum() == 1


def test_copies_that_differ_are_scored_by_themselves():
    entry = carried(400, copies=(1, 2), phase_set="*")
    one, two = prepared(entry, carried(390), carried(405, copies=(1, 2), phase_set="*"))
    assert one.status == "scored with 2 more of haplotype 1"
    assert two.status == "scored with 1 more of haplotype 2"
    (same,) = prepared(entry, carried(405, copies=(1, 2), phase_set="*"))
    assert same.status == "scored with 1 more of haplotype 1"


@pytest.mark.parametrize(
    ("near", "reason"),
    [
        (carried(390, problem="the genotype '0/1' is not phased", copies=(2,)), "is not phased"),
        (carried(390, phase_set="9"), "it is of another phase set"),
        (carried(390, alt="<DEL>"), "a symbolic allele"),
        (carried(398, n_ref=5, alt="G"), "it overlaps another allele of its haplotype"),
        (carried(400, alt="<DEL>", number=7), "line 7, near it on its haplotype: ALT '<DEL>'"),
    ],
)
def test_a_haplotype_that_is_not_known_is_refused(near, reason):
    (found,) = prepared(carried(400), near)
    assert found.windows is None and reason in found.status
    far = near._replace(row=near.row._replace(pos=700, ref=TEXT[699 : 699 + len(near.row.ref)]))
    assert prepared(carried(400), far)[0].windows is not None


def test_what_no_copy_carries_is_refused():
    (found,) = prepared(carried(400, copies=(), problem="the genotype '0|0' does not carry it"))
    assert found.status == "the genotype '0|0' does not carry it" and found.windows is None


@pytest.mark.parametrize("shift", range(4))
def test_the_other_strand_gives_the_mirrored_windows(shift):
    chromosome = encode(TEXT)
    alleles = [
        Placed(400 + shift, encode("A"), encode("GT")),
        Placed(380, encode("AC"), encode("")),
    ]
    alleles += [Placed(430, encode(""), encode("TTT")), Placed(440, encode("A"), encode("C"))]
    own, *others = [a._replace(ref=chromosome[a.start : a.start + len(a.ref)]) for a in alleles]
    here = together(own, others, chromosome, WINDOW)
    mirrored = []
    for allele in (own, *others):
        start = len(TEXT) - allele.start - len(allele.ref)
        ref, alt = (reverse_complement(part) for part in (allele.ref, allele.alt))
        mirrored.append(Placed(start, ref, alt))
    there = together(mirrored[0], mirrored[1:], reverse_complement(chromosome), WINDOW)
    for one, other in ((here.ref, there.ref), (here.alt, there.alt)):
        assert np.array_equal(one, reverse_complement(other))


def test_blocks_keep_the_order():
    found = [Neighbourhood(carried(pos), []) for pos in range(300, 320)]
    blocks = list(haplotype_blocks(found, preparer(), 6))
    rows = [entry.row for block in blocks for entry in block]
    assert rows == [entry.carried.row for entry in found] and len(blocks) == 4


def test_the_bases_of_a_haplotype_are_known_for_its_folds():
    entry = carried(400)
    near = [carried(360, n_ref=30, alt=TEXT[359]), carried(430, n_ref=11, alt=TEXT[429])]
    (found,) = prepared(entry, *near)
    text, place = by_text(entry, *near)
    at = text.index(decode(found.windows.alt))
    n_before = found.windows.alt_allele.start
    assert at + n_before == place
    # By hand: 29 bases less before the change, and 10 behind it.
    start = 399 - n_before - 29
    end = 399 + (WINDOW - n_before) + 10
    assert found.place.start <= start and end <= found.place.end
    (alone,) = prepared(entry)
    assert alone.place.end - alone.place.start in (WINDOW, WINDOW + 1)
