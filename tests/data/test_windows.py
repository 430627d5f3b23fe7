import gzip

import pytest

from danq.data.dataset import open_dataset
from danq.data.encode import encode
from danq.data.windows import windows
from danq.errors import DanqError
from tests.conftest import PLACE, WINDOW, read_place, write_fasta


def read_bases(folder):
    """Return name -> bases of windows.fa.gz, read by the standard library's gzip alone."""
    lines = gzip.open(folder / "windows.fa.gz", "rt").read().splitlines()
    return {name[1:]: bases for name, bases in zip(lines[::2], lines[1::2], strict=True)}


def test_every_window_proves_its_own_coordinates(toy_dataset):
    bases = read_bases(toy_dataset.parent)
    rows = [
        line.split("\t")
        for line in (toy_dataset.parent / "windows.tsv").read_text().splitlines()[1:]
    ]
    with open_dataset(toy_dataset) as dataset:
        assert (
            len(rows)
            == len(bases)
            == sum(dataset.length(split) for split in ("train", "valid", "test"))
            > 100
        )
    for chrom, start, end, _, _ in rows:
        window, start = bases[f"{chrom}:{start}-{end}"], int(start)
        assert len(window) == int(end) - start == WINDOW
        for offset in (-start % PLACE, WINDOW // PLACE * PLACE - PLACE - start % PLACE):
            assert read_place(window, offset) == (int(chrom[3:]), start + offset)


def test_another_genome_is_refused(toy, toy_dataset, tmp_path):
    text = (toy / "genome.fa").read_text()
    position = text.index("A", 3_000)
    (tmp_path / "other.fa").write_text(f"{text[:position]}C{text[position + 1 :]}")
    with pytest.raises(
        DanqError, match=r"other\.fa: 'chr1':\d+-\d+ has other bases here than in the dataset"
    ):
        windows(toy_dataset, tmp_path / "other.fa", tmp_path / "w.tsv", tmp_path / "w.fa.gz")
    write_fasta(tmp_path / "other.fa", {"chrX": "ACGT"})
    with pytest.raises(
        DanqError, match="'chr1':100-500 is not a region of the genome, which has 'chrX'"
    ):
        windows(toy_dataset, tmp_path / "other.fa", tmp_path / "w.tsv", tmp_path / "w.fa.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["other.fa"]


def test_windows_without_a_genome_cannot_be_cut_out(toy, tmp_path):
    (tmp_path / "own.fa").write_text(">a\nACGT\n>b\nTTTT\n>c\nGGGG\n")
    (tmp_path / "own.tsv").write_text("name\tsplit\tx\na\ttrain\t1\nb\tvalid\t0\nc\ttest\t1\n")
    encode(tmp_path / "own.fa", tmp_path / "own.tsv", tmp_path / "own.h5")
    with pytest.raises(DanqError, match="its windows have no positions in a genome"):
        windows(tmp_path / "own.h5", toy / "genome.fa", tmp_path / "w.tsv", tmp_path / "w.fa.gz")
