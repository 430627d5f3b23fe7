"""A .2bit file is read back by another library, and by its own specification."""

import struct

import pytest
from Bio import SeqIO
from hypothesis import given, settings
from hypothesis import strategies as st

from danq.errors import DanqError
from danq.genome.fasta import read_genome
from danq.genome.two_bit import write_two_bit
from tests.conftest import write_fasta

BASES = st.text(alphabet="ACGTN", min_size=1, max_size=70)


def written(folder, chromosomes):
    """Return the records of the .2bit file of a genome, read by Biopython."""
    genome = read_genome(write_fasta(folder / "genome.fa", chromosomes)).genome
    write_two_bit(folder / "genome.2bit", genome)
    with open(folder / "genome.2bit", "rb") as file:
        return {record.id: str(record.seq) for record in SeqIO.parse(file, "twobit")}


@given(st.lists(BASES, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_biopython_reads_the_same_bases(tmp_path_factory, sequences):
    chromosomes = {f"chr{number}": bases for number, bases in enumerate(sequences, 1)}
    assert written(tmp_path_factory.mktemp("bits"), chromosomes) == chromosomes


def test_the_bytes_are_those_of_the_specification(tmp_path):
    written(tmp_path, {"c": "TCAGT"})
    content = (tmp_path / "genome.2bit").read_bytes()
    head = struct.pack("<IIII", 0x1A412743, 0, 1, 0) + b"\x01c" + struct.pack("<I", 22)
    # T 00, C 01, A 10, G 11: 00011011, and 00 with zeros behind it.
    assert content == head + struct.pack("<IIII", 5, 0, 0, 0) + bytes([0b00011011, 0])


def test_a_name_that_the_format_cannot_hold_is_refused(tmp_path):
    genome = read_genome(write_fasta(tmp_path / "genome.fa", {"c" * 300: "ACGT"})).genome
    with pytest.raises(DanqError, match="names of at most 255 bytes"):
        write_two_bit(tmp_path / "genome.2bit", genome)
    assert not list(tmp_path.glob("*.2bit*"))


def test_a_genome_beyond_32_bits_is_refused(tmp_path):
    genome = read_genome(write_fasta(tmp_path / "genome.fa", {"c": "ACGT"})).genome
    genome.lengths["c"] = 1 << 35
    with pytest.raises(DanqError, match=r"too large for a \.2bit file"):
        write_two_bit(tmp_path / "genome.2bit", genome)
