from danq.data.choice import DROPPED
from danq.data.counts import Total, listed, total_counts, words
from danq.genome.fasta import read_genome
from tests.conftest import write_fasta


def test_counts_are_added_up_over_files_and_put_into_words():
    counts = {
        "a.bed": {"intervals": 3, "clipped_intervals": 1},
        "b.bed": {"intervals": 4, "empty_intervals": 0},
    }
    assert total_counts({"counts": counts}) == {
        "intervals": Total(7, 2),
        "intervals clipped at the end of their chromosome": Total(1, 1),
    }


def test_what_other_programs_wrote_is_passed_over():
    for source in ({}, {"counts": 3}, {"counts": {"a": 1}}, {"counts": {"a": {"x": "many"}}}):
        assert total_counts(source) == {}


def test_every_key_has_words(tmp_path):
    genome = write_fasta(tmp_path / "genome.fa", {"chr1": "acgtNR"})
    counted = read_genome(genome)[1]
    assert set(counted) == {"lower_case_bases", "bases_n", "iupac_bases", "blank_lines"}
    for key in (*counted, *DROPPED):
        assert "_" not in words(key)
    assert listed({"bases_n": 1200, "unknown_bases": 1}) == "bases N 1,200, unknown bases 1"
