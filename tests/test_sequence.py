import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danq import sequence
from danq.dataset import pack, unpack

DNA = st.text("ACGTN", min_size=1, max_size=70)


@given(DNA)
def test_letters_to_codes_and_back(letters):
    assert sequence.decode(sequence.encode(letters)) == letters
    assert (sequence.encode(letters.lower()) == sequence.encode(letters)).all()


@given(st.text("RYSWKMBDHVryswkmbdhv", min_size=1))
def test_iupac_codes_are_unknown(letters):
    assert sequence.one_hot(sequence.encode(letters)).sum() == 0


@given(DNA)
def test_reverse_complement_is_what_biopython_says_and_flips_the_one_hot(letters):
    from Bio.Seq import Seq

    codes = sequence.encode(letters)
    assert sequence.decode(sequence.reverse_complement(codes)) == str(Seq(letters).reverse_complement())
    flipped = sequence.one_hot(codes)[::-1, ::-1]
    assert (sequence.one_hot(sequence.reverse_complement(codes)) == flipped).all()


def test_one_hot_by_hand():
    expected = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert sequence.one_hot(sequence.encode("acGTn")).tolist() == expected


@given(st.lists(DNA, min_size=1, max_size=4), st.integers(1, 70))
def test_packing_round_trip(texts, length):
    codes = np.stack([sequence.encode(text.ljust(length, "A")[:length]) for text in texts])
    packed = pack(codes)
    assert packed.shape == (len(texts), -(-length // 8), 4)
    assert (unpack(packed, length) == sequence.one_hot(codes)).all()


@pytest.mark.parametrize("kind", ["plain", "gzip", "bgzf", "crlf"])
def test_a_genome_reads_the_same_however_it_is_written(kind, toy, tmp_path, bgzip):
    text = (toy / "genome.fa").read_text()
    path = tmp_path / "genome.fa.gz"
    if kind == "gzip":
        path.write_bytes(gzip.compress(text.encode()))
    elif kind == "bgzf":
        bgzip(path, text)
    else:
        path.write_text(text.replace("\n", "\r\n") if kind == "crlf" else text, newline="")
    with sequence.open_genome(toy / "genome.fa") as expected, sequence.open_genome(path) as found:
        assert found.lengths == expected.lengths
        for chrom in found.lengths:
            assert (found.codes(chrom) == expected.codes(chrom)).all()


def test_a_stale_index_is_not_believed(tmp_path):
    fasta = tmp_path / "genome.fa"
    fasta.write_text(">chr1\nACGTACGT\n>chr2\nTTTT\n")
    (tmp_path / "genome.fa.fai").write_text("chr1\t4\t6\t4\t5\n")
    with sequence.open_genome(fasta) as genome:
        assert genome.lengths == {"chr1": 8, "chr2": 4}
        assert sequence.decode(genome.codes("chr1")) == "ACGTACGT"


def test_uneven_lines_and_soft_masking(tmp_path):
    fasta = tmp_path / "genome.fa"
    fasta.write_text(">chr1 a description\nACG\nTacgtAC\nG\n\n>chr2\nn\n")
    with sequence.open_genome(fasta) as genome:
        assert sequence.decode(genome.codes("chr1")) == "ACGTACGTACG"
        assert sequence.decode(genome.codes("chr2")) == "N"
