"""What a run is to predict is refused as `danq predict` would refuse it, all of it at once."""

import pytest

from danq.config import Predictions
from danq.data.predicted_check import refuse_unpredictable, unreadable_sequences
from danq.data.stretches import sequences_of_fasta, sequences_of_genome, sequences_of_regions
from danq.errors import DanqError
from danq.genome.tiles import make_tiling

LENGTHS = {"chr1": 1000, "chr2": 400}
TILING = make_tiling(100, 20, None, 0.5)


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text("".join(f">{name}\n{'ACGT' * (n // 4)}\n" for name, n in LENGTHS.items()))
    return path


def refusal(function, *arguments):
    """Return the lines with which something is refused."""
    with pytest.raises(DanqError) as caught:
        function(*arguments)
    return str(caught.value).splitlines()


def told(**wanted):
    """Return the lines with which a section is refused."""
    return refusal(refuse_unpredictable, Predictions(**wanted), LENGTHS, 20)


@pytest.mark.parametrize(
    "text",
    [
        "chr1\t0\t1001\n",  # beyond the chromosome
        "chr3\t0\t10\n1\t0\t10\n",  # of another assembly
        "chr1\t10\t10\n",
        "chr1\t-1\t10\n",
        "chr1\t0\n",
        "",
        "track name=x\n",
    ],
)
def test_regions_are_refused_in_the_words_of_danq_predict(tmp_path, genome, text):
    bed = tmp_path / "regions.bed"
    bed.write_text(text)
    assert told(bed=[str(bed)]) == refusal(sequences_of_regions, genome, bed, TILING)


@pytest.mark.parametrize("text", [">p\nMKVLE\n", ">r\nACGU\n", "", "ACGT\n", ">a\n>b\nAC\n"])
def test_sequences_are_refused_in_the_words_of_danq_predict(tmp_path, text):
    fasta = tmp_path / "sequences.fa"
    fasta.write_text(text)
    lines = refusal(sequences_of_fasta, fasta, TILING)
    assert told(fasta=[str(fasta)]) == lines
    assert [str(error) for error in unreadable_sequences(Predictions(fasta=[str(fasta)]))] == lines


def test_chromosomes_are_refused_in_the_words_of_danq_predict(genome):
    (line,) = refusal(sequences_of_genome, genome, ["chr2", "chrM"], TILING)
    what = line.removeprefix(f"{genome}: ")
    assert told(chromosomes=["chr2", "chrM"]) == [f"predict.chromosomes: {what}"]


def test_loci_lie_where_something_is_predicted(tmp_path):
    bed = tmp_path / "regions.bed"
    bed.write_text("chr1\t100\t200\n")
    both = {"bed": [str(bed)], "chromosomes": ["chr2"]}
    good = ["chr1:199-300", "chr1:0-101", "chr2:0-10"]
    refuse_unpredictable(Predictions(**both, loci=good), LENGTHS, 20)
    nothing = "nothing is predicted there; give others, or add them to predict.bed"
    wrong = ["chr1:200-300", "chr1:0-100"]
    assert told(**both, loci=wrong) == [f"predict.loci: {text}: {nothing}" for text in wrong]
    (line,) = told(**both, loci=["chr1:150-1001"])
    assert line.startswith("predict.loci: region 'chr1:150-1001'")
    refuse_unpredictable(Predictions(genome=True, loci=["chr1:900-1000"]), LENGTHS, 20)


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    bed = tmp_path / "regions.bed"
    bed.write_text("chr1\t0\t1\nchr1\t0\t2000\nchr9\t0\t9\n")
    fasta = tmp_path / "sequences.fa"
    fasta.write_text(">p\nMKVLE\n")
    lines = told(chromosomes=["chrM"], bed=[str(bed)], fasta=[str(fasta)])
    starts = ["predict.chromosomes: 'chrM'", f"{bed}:2: ", f"{bed}:3: ", f"{fasta}:2: "]
    assert len(lines) == len(starts)
    assert all(map(str.startswith, lines, starts))
