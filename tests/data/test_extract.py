import numpy as np
import pytest

from danq.data.dataset import open_dataset
from tests.conftest import BIN, LENGTHS, WINDOW

FLANK = (WINDOW - BIN) // 2


def read_windows(folder):
    """Return what the dataset says of its sources, and the rows of windows.tsv, labels as sets."""
    with open_dataset(folder / "dataset.h5") as dataset:
        source = dataset.source
    rows = [line.split("\t") for line in (folder / "windows.tsv").read_text().splitlines()[1:]]
    return source, [
        (chrom, int(start), int(end), split, set() if labels == "." else set(labels.split(",")))
        for chrom, start, end, split, labels in rows
    ]


def rows_of(folder, split=None):
    return [row for row in read_windows(folder)[1] if split in (None, row[3])]


def per_base(path, chrom):
    """Return one flag per base of a chromosome: does it lie in a peak of the BED?"""
    flags = np.zeros(LENGTHS[chrom], dtype=bool)
    for line in path.read_text().splitlines():
        name, start, end = line.split("\t")
        if name == chrom:
            flags[int(start) : int(end)] = True
    return flags


@pytest.mark.parametrize("stride", [40, 200, 1])
def test_labels_equal_a_per_base_reference(stride, toy, run_extract, tmp_path):
    run_extract(toy, tmp_path, stride=stride)
    flags = {
        (index, chrom): per_base(toy / file, chrom)
        for index, file in enumerate(["a.bed", "b.bed"])
        for chrom in LENGTHS
    }
    _, rows = read_windows(tmp_path)
    for chrom, start, _, _, labels in rows:
        bin_bases = slice(start + FLANK, start + FLANK + BIN)
        assert labels == {
            str(index) for index in (0, 1) if flags[index, chrom][bin_bases].sum() > BIN / 2
        }
    assert any(row[4] for row in rows)


def test_splits_go_by_chromosome(toy, run_extract, tmp_path):
    run_extract(toy, tmp_path)
    assert {(row[0], row[3]) for row in read_windows(tmp_path)[1]} == {
        ("chr1", "train"),
        ("chr2", "valid"),
        ("chr3", "test"),
    }


def test_windows_that_are_no_slices_of_bytes_hold_the_same_bases(toy, run_extract, tmp_path):
    # Starts at 15, 30, 45, ...: every phase of a byte; `run_extract` compares every base with
    # pyfaidx's.
    run_extract(toy, tmp_path, bin_size=15, window=21)
    rows = rows_of(tmp_path)
    assert {row[1] % 8 for row in rows} == set(range(8)) and len(rows) > 1_000
    flags = per_base(toy / "a.bed", "chr1")
    for chrom, start, _, _, labels in rows:
        if chrom == "chr1":
            assert ("0" in labels) == (2 * flags[start + 3 : start + 18].sum() > 15)


def test_the_same_input_gives_the_same_bytes(toy, run_extract, tmp_path):
    first, second = (
        run_extract(toy, tmp_path / name, train_bins="sampled", negatives=0.5) / "dataset.h5"
        for name in "ab"
    )
    assert first.read_bytes() == second.read_bytes()


def test_what_is_counted_is_said_by_the_extraction_itself(toy, run_extract, tmp_path, capsys):
    peaks = (toy / "a.bed").read_text() + "chr3\t5900\t6005\nchrM\t1\t90\n"
    (tmp_path / "a.bed").write_text(peaks)
    (tmp_path / "targets.tsv").write_text("name\tfile\nA\ta.bed\n")
    run_extract(toy, tmp_path / "out", targets=tmp_path / "targets.tsv")
    lines = capsys.readouterr().out.splitlines()
    assert "intervals clipped at the end of their chromosome: 1" in lines
    assert "intervals on other chromosomes, left out: 1" in lines
    assert any(line.startswith("bins left out: ") for line in lines)
