import gzip
import io
import os

import numpy as np
import pyfaidx
import pytest
from Bio import SeqIO
from hypothesis import given
from hypothesis import strategies as st

from danq.errors import DanqError
from danq.genome import fasta
from danq.genome.fasta import open_fasta, read_fasta, read_genome
from danq.genome.sequence import decode, encode
from tests.conftest import refuse, self_describing, write_fasta

UNEVEN = (
    "lines of different lengths inside a record (the first of {} bases): bases may be lost here; "
    "get the file "
    "again, or wrap its lines evenly"
)
BLANK = (
    "a blank line inside a record: bases may be lost here; get the file again, or wrap its lines "
    "evenly"
)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (
            ">chr1\nACGT\n>chr2\nAC\n>chr1\nAC\n",
            5,
            "the name 'chr1' is used again (first on line 1); rename or remove one",
        ),
        ("ACGT\n>chr1\nACGT\n", 1, "sequence before the first '>' header; is this a FASTA file?"),
        ("\n\nACGT\n", 3, "sequence before the first '>' header; is this a FASTA file?"),
        (
            "@read1\nACGT\n+\nIIII\n",
            1,
            "is a FASTQ or SAM file: reads, not a genome; give its FASTA file",
        ),
        ("LOCUS       NC_1\n", 1, "is a GenBank or EMBL file; convert it to FASTA"),
        (
            "<!DOCTYPE html>\n<html>\n",
            1,
            "is a web page, not a FASTA file; download the file itself",
        ),
        (">chr1\nAC-T\n", 2, "'-' is not a DNA base; only ACGT, N and IUPAC codes can be read"),
        (">chr1\nAC GT\n", 2, "' ' is not a DNA base; only ACGT, N and IUPAC codes can be read"),
        (
            ">chr1\nACGT\n  \nAC\n",
            3,
            "' ' is not a DNA base; only ACGT, N and IUPAC codes can be read",
        ),
        (
            ">chr1\nACGT\nMKVL\n",
            3,
            "'L' is not a DNA base; only ACGT, N and IUPAC codes can be read",
        ),
        (
            ">chr1\nACGT\nAC>T\n",
            3,
            "'>' is not a DNA base; only ACGT, N and IUPAC codes can be read",
        ),
        (
            ">chr1\nAC\0T\n",
            2,
            "'\\x00' is not a DNA base; only ACGT, N and IUPAC codes can be read",
        ),
        (">chr1\nACGU\n", 2, "'U': this is RNA; give DNA, with T for U"),
        (">chr1\n>chr2\nAC\n", 1, "'chr1' has no sequence; complete or remove it"),
        (">chr1\nAC\n>chr2\n\n", 3, "'chr2' has no sequence; complete or remove it"),
        (">\nACGT\n", 1, "'>' without a name; name the record"),
        (">  chr1\nACGT\n", 1, "'>' without a name; name the record"),
        (">chr\x1b[2J\nACGT\n", 1, "the name 'chr\\x1b[2J' holds control characters; remove them"),
        (">chr1\rACGT\r", 1, "'chr1' has no sequence; complete or remove it"),
        (
            ">chr1\nACGT\rACGT\n",
            2,
            "a carriage return that is not at the end of a line (the line ends of an old "
            "Macintosh?); convert the line ends",
        ),
        (">chr1\nACGT\nACG\nACGT\n", 4, UNEVEN.format(4)),
        (">chr1\nACGT\nACGTA\n", 3, UNEVEN.format(4)),
        (">chr1\nACGT\nAC\nAC\n>chr2\nAC\n", 4, UNEVEN.format(4)),
        (">chr1\nACGT\n\nACGT\n", 4, BLANK),
        (">chr1\n\nACGT\n", 3, BLANK),
    ],
)
@pytest.mark.parametrize("block", [3, 1 << 22])
def test_broken_fasta_is_refused_by_line(tmp_path, monkeypatch, text, line, what, block):
    monkeypatch.setattr(fasta, "_BLOCK", block)
    path = tmp_path / "genome.fa"
    path.write_text(text, newline="")
    refuse(f"{path}:{line}: {what}", read_genome, path)
    assert os.listdir(tmp_path) == ["genome.fa"]


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_fasta_is_refused(tmp_path, text):
    path = tmp_path / "genome.fa"
    path.write_text(text)
    refuse(f"{path}: no FASTA record in the file; give a FASTA file", read_genome, path)


def test_utf16_is_refused(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_bytes(">chr1\nACGT\n".encode("utf-16"))
    refuse(f"{path}: is UTF-16 text; save the file as UTF-8", read_genome, path)


def test_a_gzip_file_that_is_cut_off_is_refused(tmp_path, bgzip):
    text = ">chr1\n" + "ACGTTGCATT" * 40_000 + "\n"
    ordinary = gzip.compress(text.encode())
    (tmp_path / "cut.fa.gz").write_bytes(ordinary[: len(ordinary) // 2])
    refuse(
        f"{tmp_path / 'cut.fa.gz'}: the gzip file is cut off or damaged here; download or "
        "compress it again",
        read_genome,
        tmp_path / "cut.fa.gz",
    )
    blocks = bgzip(tmp_path / "whole.fa.gz", text).read_bytes()
    # Cut between two blocks, where gzip itself sees a clean end.
    (tmp_path / "blocks.fa.gz").write_bytes(blocks[:-28])
    assert gzip.decompress(blocks[:-28]).decode() == text
    refuse(
        f"{tmp_path / 'blocks.fa.gz'}: the BGZF file is cut off (its end mark is missing); "
        "download or compress it "
        "again",
        read_genome,
        tmp_path / "blocks.fa.gz",
    )


def test_a_missing_file_is_refused(tmp_path):
    refuse(
        f"{tmp_path / 'no.fa'}: cannot be read (No such file or directory); check the path",
        read_genome,
        tmp_path / "no.fa",
    )


RECORD = st.tuples(
    st.text("ACGTNacgtnRYkm", min_size=1, max_size=50), st.integers(1, 9), st.integers(0, 2)
)


@given(st.lists(RECORD, min_size=1, max_size=4), st.booleans(), st.booleans(), st.integers(1, 40))
def test_every_base_is_read_as_biopython_reads_it(tmp_path_factory, records, crlf, ended, block):
    path = tmp_path_factory.mktemp("fasta") / "genome.fa"
    text = "".join(
        f">r{index} more\n"
        + "".join(bases[start : start + width] + "\n" for start in range(0, len(bases), width))
        + "\n" * blank
        for index, (bases, width, blank) in enumerate(records)
    )
    text = text if ended else text.rstrip("\n")
    path.write_text(text.replace("\n", "\r\n") if crlf else text, newline="")
    expected = {record.id: str(record.seq) for record in SeqIO.parse(io.StringIO(text), "fasta")}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fasta, "_BLOCK", block)
        genome, counts = read_genome(path)
        records = {name: decode(np.minimum(indices, 4)) for name, _, indices in read_fasta(path)}
    assert list(genome.lengths) == list(expected) == list(records)
    joined = "".join(expected.values())
    for name, bases in expected.items():
        assert genome.lengths[name] == len(bases)
        assert (genome.base_indices(name) == encode(bases)).all() and (
            encode(records[name]) == encode(bases)
        ).all()
        flags = encode(bases) == 4
        for start in range(len(bases)):
            assert genome.unknown_bases(name, np.array([start]), 1)[0] == flags[start]
    assert counts.get("lower_case_bases", 0) == sum(base.islower() for base in joined)
    assert counts.get("bases_n", 0) == joined.upper().count("N")
    assert counts.get("iupac_bases", 0) == sum(base in "RYkm" for base in joined)
    assert counts.get("blank_lines", 0) == sum(line == "" for line in text.split("\n")[:-1])
    assert counts.get("crlf_lines", 0) <= text.count("\n")


def test_gzip_bgzf_and_plain_are_the_same_genome(tmp_path, bgzip):
    text = ">a\nACGTNacg\nAC\n>b\nTTTT\n"
    (tmp_path / "a.fa").write_text(text)
    (tmp_path / "b.fa.gz").write_bytes(gzip.compress(text.encode()))
    bgzip(tmp_path / "c.fa.gz", text)
    for name in ("a.fa", "b.fa.gz", "c.fa.gz"):
        genome, _ = read_genome(tmp_path / name)
        assert {chrom: decode(genome.base_indices(chrom)) for chrom in genome.lengths} == {
            "a": "ACGTNACGAC",
            "b": "TTTT",
        }


# --- the silent failures of pyfaidx: each happens to pyfaidx alone, and not behind the guard ---


@pytest.fixture
def genome(tmp_path):
    """Return the path of a FASTA of 600 bp, and its bases."""
    bases = self_describing(1, 600)
    return write_fasta(tmp_path / "genome.fa", {"chr1": bases}), bases


def test_a_region_over_the_left_edge_is_padded(genome):
    path, bases = genome
    assert pyfaidx.Fasta(str(path))["chr1"][-4:4].seq == ""
    with open_fasta(path) as guarded:
        assert guarded.fetch("chr1", -4, 4) == "NNNN" + bases[:4]
        assert guarded.fetch("chr1", -9, -4) == "NNNNN"


def test_a_region_over_the_right_edge_is_padded(genome):
    path, bases = genome
    assert len(pyfaidx.Fasta(str(path))["chr1"][590:610].seq) == 10
    with open_fasta(path) as guarded:
        assert guarded.fetch("chr1", 590, 610) == bases[590:] + "N" * 10
        assert guarded.fetch("chr1", 700, 705) == "NNNNN"
        assert guarded.fetch("chr1", 5, 5) == ""


def test_a_stale_index_is_not_used(genome, tmp_path):
    path, _ = genome
    pyfaidx.Faidx(str(path))
    os.utime(path.with_suffix(".fa.fai"), (2e9, 2e9))
    write_fasta(path, {"x": "AAAA", "chr1": "CCCCCCGGGGGG"})
    os.utime(path, (1e9, 1e9))
    assert pyfaidx.Fasta(str(path))["chr1"][:6].seq != "CCCCCC"
    with open_fasta(path) as guarded:
        assert guarded.lengths == {"x": 4, "chr1": 12} and guarded.fetch("chr1", 0, 6) == "CCCCCC"
    assert read_genome(path)[0].lengths == {"x": 4, "chr1": 12}


@pytest.mark.parametrize("index", ["", "chr1\t600\t6\t60\t61\n"])
def test_an_empty_or_cut_index_is_not_used(genome, index):
    path, bases = genome
    write_fasta(path, {"chr1": bases, "chr2": bases})
    path.with_suffix(".fa.fai").write_text(index)
    os.utime(path, (1e9, 1e9))
    assert "chr2" not in pyfaidx.Fasta(str(path)).keys()
    with open_fasta(path) as guarded:
        assert guarded.fetch("chr2", 100, 110) == bases[100:110]


def test_a_truncated_fasta_with_an_old_index_is_read_as_it_is(genome):
    path, bases = genome
    pyfaidx.Faidx(str(path))
    path.write_bytes(path.read_bytes()[:200])
    os.utime(path, (1e9, 1e9))
    assert len(pyfaidx.Fasta(str(path))["chr1"]) == 600
    with open_fasta(path) as guarded:
        assert guarded.lengths["chr1"] < 200
        assert guarded.fetch("chr1", 100, 110) == bases[100:110]


def test_uneven_lines_are_refused(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text(">chr1\nACGTACGTAC\nGTACGTACGTACGTACGT\n>chr2\nACGT\n")
    assert pyfaidx.Fasta(str(path))["chr1"][:20].seq != "ACGTACGTACGTACGTACGT"
    with pytest.raises(DanqError, match=":3: lines of different lengths"), open_fasta(path):
        pass


def test_lines_of_white_space_are_refused(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text(">chr1\nACGTA\n     \n     \n")
    with pytest.raises(DanqError, match=":3: ' ' is not a DNA base"), open_fasta(path):
        pass


def test_a_bgzf_file_cut_between_blocks_is_refused(tmp_path, bgzip):
    path = bgzip(tmp_path / "genome.fa.gz", ">chr1\n" + ("ACGTTGCATT" * 6 + "\n") * 3_000)
    pyfaidx.Faidx(str(path))
    content = path.read_bytes()
    second = content.index(b"\x1f\x8b\x08\x04", 10)
    path.write_bytes(content[:second])
    with pytest.raises(DanqError, match="its end mark is missing"), open_fasta(path):
        pass


def test_an_empty_fasta_with_an_index_is_refused(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text("")
    path.with_suffix(".fa.fai").write_text("1\t100\t3\t60\t61\n")
    with pytest.raises(DanqError, match="no FASTA record"), open_fasta(path):
        pass


def test_a_region_outside_the_genome_is_refused(genome):
    with open_fasta(genome[0]) as guarded:
        with pytest.raises(
            DanqError, match="'chr9':0-4 is not a region of the genome, which has 'chr1'; fix it"
        ):
            guarded.fetch("chr9", 0, 4)
        with pytest.raises(DanqError, match="'chr1':9-4 is not a region"):
            guarded.fetch("chr1", 9, 4)


def test_a_read_only_folder_is_enough(genome):
    path, bases = genome
    os.chmod(path.parent, 0o555)
    try:
        with open_fasta(path) as guarded:
            assert guarded.fetch("chr1", 0, 9) == bases[:9]
    finally:
        os.chmod(path.parent, 0o755)
    assert os.listdir(path.parent) == ["genome.fa"]
