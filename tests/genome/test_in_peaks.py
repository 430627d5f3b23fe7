"""Bases in peaks: against a loop over all intervals, from a table of targets or a BED."""

import numpy as np
import pytest

from danq.errors import DanqError
from danq.genome.chromosomes import Chromosomes
from danq.genome.in_peaks import read_in_peaks

CHROMOSOMES = Chromosomes({"chr1": 500, "chr2": 300, "chr3": 50}, {"2": "chr2"})
FILES = {
    "a.bed": "chr1\t10\t20\nchr1\t15\t40\n2\t0\t5\n",
    "b.bed": "chr1\t200\t203\nchr1\t300\t300\nchr2\t298\t300\n",
}
INTERVALS = [("chr1", 10, 40), ("chr2", 0, 5), ("chr1", 200, 203), ("chr2", 298, 300)]


@pytest.fixture
def peaks(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    table = "name\tfile\nx\ta.bed\ny\tb.bed\n"
    (tmp_path / "targets.tsv").write_text(table)
    return read_in_peaks(tmp_path / "targets.tsv", CHROMOSOMES)


def test_bases_are_found_in_the_peaks_of_all_targets(peaks):
    for chrom, length in zip(CHROMOSOMES.names, CHROMOSOMES.lengths.tolist(), strict=True):
        expected = np.zeros(length, dtype=bool)
        for name, start, end in INTERVALS:
            if name == chrom:
                expected[start:end] = True
        assert (peaks.contain(chrom, np.arange(length)) == expected).all()
    assert peaks.n_bases == 30 + 5 + 3 + 2 and peaks.name.endswith("targets.tsv")


def test_bases_are_drawn_evenly(peaks):
    drawn = peaks.draw(40_000, np.random.default_rng(0))
    counts = []
    for chrom, start, end in INTERVALS:
        for place in range(start, end):
            counts.append(int((drawn[chrom] == place).sum()))
    assert sum(counts) == 40_000
    assert abs(np.array(counts) - 1000).max() < 5 * np.sqrt(1000)


def test_a_bed_is_read_as_well_and_one_without_bases_refused(tmp_path):
    (tmp_path / "a.bed").write_text("# a comment\n" + FILES["a.bed"])
    assert read_in_peaks(tmp_path / "a.bed", CHROMOSOMES).n_bases == 35
    (tmp_path / "b.bed").write_text("chr1\t5\t5\n")
    with pytest.raises(DanqError, match="1 bp or none"):
        read_in_peaks(tmp_path / "b.bed", CHROMOSOMES)
