"""Sequences, regions and genomes as what a model is shown: coordinates, padding, refusals."""

import numpy as np
import pytest

from danq.data.stretches import (
    LostRows,
    Skipped,
    read_stretches,
    sequences_of_fasta,
    sequences_of_genome,
    sequences_of_records,
    sequences_of_regions,
    sequences_of_texts,
    skipped_rows,
)
from danq.errors import DanqError
from danq.genome.sequence import UNKNOWN, encode
from danq.genome.tiles import LEAVES, Stretch, make_tiling
from danq.genome.tiles import UNKNOWN as TOO_FEW_KNOWN
from tests.conftest import refuse

TILING = make_tiling(50, 20, None, 0.5)


def bases(length, seed=0):
    indices = np.random.default_rng(seed).integers(0, 4, length)
    return "".join("ACGT"[index] for index in indices)


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text(f">chr1\n{bases(203)}\n>chr2\n{bases(40)}\n>chr3\n{bases(90)}\n")
    return path


def test_a_short_sequence_lies_between_unknown_bases():
    text = bases(31)
    found = sequences_of_records({"s": encode(text)}, TILING)
    indices = found.genome.base_indices("s")
    assert indices.tolist() == [UNKNOWN] * 9 + encode(text).tolist() + [UNKNOWN] * 10
    assert (found.padding, found.lengths) == ({"s": 9}, {"s": 31})
    assert found.stretches == [Stretch("s", 15, 35)] and found.skipped == []


def test_sequences_of_a_fasta_keep_their_order_and_begin_with_their_first_window(genome):
    found = sequences_of_fasta(genome, TILING)
    # 203 bp hold windows at 0, 20, ..., 140; 90 bp those at 0, 20 and 40.
    assert found.stretches == [
        Stretch("chr1", 15, 175),
        Stretch("chr2", 15, 35),
        Stretch("chr3", 15, 75),
    ]
    assert found.skipped == [
        Skipped("chr1", 0, 15, "", LEAVES),
        Skipped("chr1", 175, 203, "", LEAVES),
        Skipped("chr3", 0, 15, "", LEAVES),
        Skipped("chr3", 75, 90, "", LEAVES),
    ]


def test_rows_of_a_genome_begin_at_multiples_of_the_step(genome):
    found = sequences_of_genome(genome, None, TILING)
    # The bins at 20, 40, ..., 160 of chr1; no window fits on chr2, which is not padded.
    assert found.stretches == [Stretch("chr1", 20, 180), Stretch("chr3", 20, 60)]
    assert Skipped("chr2", 0, 40, "", LEAVES) in found.skipped
    assert sequences_of_genome(genome, ["chr3", "chr3"], TILING).stretches == [found.stretches[1]]
    with pytest.raises(DanqError, match=r"genome.fa: 'chrX' is not in the genome, which has"):
        sequences_of_genome(genome, ["chrX"], TILING)


def test_regions_keep_their_order_and_names(genome, tmp_path):
    bed = tmp_path / "r.bed"
    bed.write_text(
        "track name=x\n# a comment\nchr3\t10\t60\tlate\nchr1\t100\t101\t.\n\nchr1\t0\t203\twhole\n"
    )
    found = sequences_of_regions(genome, bed, TILING)
    assert found.stretches == [
        Stretch("chr3", 10, 70, "late"),
        Stretch("chr1", 91, 111, ""),
        Stretch("chr1", 0, 220, "whole"),
    ]
    texts = ["chr3:10-60", "chr1:100-101", "chr1"]
    as_texts = sequences_of_texts(genome, texts, TILING).stretches
    assert [stretch[:3] for stretch in as_texts] == [stretch[:3] for stretch in found.stretches]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr1\t5", "2 columns; a region has chrom, start and end, between tabs"),
        ("chr1 5 9", "1 columns; a region has chrom, start and end, between tabs"),
        ("chr1\t9\t9", "start 9 is not before end 9; give 0-based half-open positions"),
        ("chr1\t-1\t9", "'-1' is not a position; give whole numbers from 0"),
        ("chr1\t1_0\t90", "'1_0' is not a position; give whole numbers from 0"),
        (
            "chr1\t100\t204",
            "end 204 is beyond 'chr1' (203 bp); check the assembly, or cut the region off there",
        ),
        (
            "1\t5\t9",
            "'1' is not in the genome, which has 'chr1'; put 'chr' before the names, or use a "
            "genome without it",
        ),
    ],
)
def test_what_is_no_region_of_the_genome_is_refused_with_its_line(tmp_path, line, message):
    bed = tmp_path / "r.bed"
    bed.write_text(f"chr1\t0\t10\n{line}\n")
    refuse(f"{bed}:2: {message}", read_stretches, bed, {"chr1": 203}, 20)


def test_ten_wrong_lines_are_shown_and_an_empty_file_is_refused(tmp_path):
    bed = tmp_path / "r.bed"
    bed.write_text("chr9\t0\t10\n" * 30)
    with pytest.raises(DanqError) as caught:
        read_stretches(bed, {"chr1": 203}, 20)
    assert len(str(caught.value).splitlines()) == 10
    bed.write_text("# nothing\n")
    refuse(f"{bed}: no region in the file; give a BED file", read_stretches, bed, {"chr1": 1}, 20)


def test_neighbouring_rows_that_are_skipped_are_told_as_one():
    found = sequences_of_records({"s": encode(bases(31)), "t": encode(bases(200))}, TILING)
    stretches = [Stretch("t", 0, 100, "r"), Stretch("s", 15, 35)]
    rows = LostRows(
        stretch=np.array([0, 0, 0, 0, 1]),
        start=np.array([0, 20, 40, 80, 15]),
        fits=np.array([False, False, True, True, True]),
    )
    assert skipped_rows(found, stretches, rows, 20) == [
        Skipped("t", 0, 40, "r", LEAVES),
        Skipped("t", 40, 60, "r", TOO_FEW_KNOWN),
        Skipped("t", 80, 100, "r", TOO_FEW_KNOWN),
        Skipped("s", 6, 26, "", TOO_FEW_KNOWN),  # in bp of the sequence itself
    ]
