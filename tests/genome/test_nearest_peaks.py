"""Distances to peaks: against every peak, one by one."""

import numpy as np
import pytest

from danq.errors import DanqError
from danq.genome.chromosomes import Chromosomes
from danq.genome.nearest_peaks import read_nearest_peaks
from danq.genome.tables import read_targets

LENGTHS = {"chr1": 1000, "chr2": 1000, "chr3": 1000}


@pytest.fixture(scope="module")
def peaks(tmp_path_factory):
    """Return targets, and their random peaks as lists: none of the first on chr2."""
    folder = tmp_path_factory.mktemp("peaks")
    rng = np.random.default_rng(0)
    by_target = []
    for number in range(2):
        intervals = []
        for _ in range(12):
            chrom = f"chr{rng.choice([1, 3] if number == 0 else [1, 2, 3])}"
            start = int(rng.integers(0, 950))
            intervals.append((chrom, start, start + int(rng.integers(1, 50))))
        lines = "".join("{}\t{}\t{}\n".format(*interval) for interval in intervals)
        (folder / f"{number}.bed").write_text(lines)
        by_target.append(intervals)
    (folder / "targets.tsv").write_text("name\tfile\na\t0.bed\nb\t1.bed\n")
    return folder / "targets.tsv", by_target


def slow_distance(intervals, chrom, start, end):
    distances = [
        max(0, low - end + 1, start - high + 1) for name, low, high in intervals if name == chrom
    ]
    return min(distances, default=None)


def test_distances_are_those_of_a_slow_search(peaks):
    path, by_target = peaks
    found = read_nearest_peaks(read_targets(path), Chromosomes(LENGTHS))
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(400):
        target = int(rng.integers(0, 2))
        chrom = f"chr{rng.integers(1, 4)}"
        start = int(rng.integers(0, 990))
        end = start + int(rng.integers(1, 5))
        expected = slow_distance(by_target[target], chrom, start, end)
        assert found.distance(target, chrom, start, end) == expected
        seen.add(expected if expected is None else min(expected, 2))
    assert seen == {None, 0, 1, 2}


def test_side_by_side_is_1_and_inside_is_0(tmp_path):
    (tmp_path / "a.bed").write_text("1\t100\t200\n1\t150\t300\n1\t300\t310\n")
    (tmp_path / "t.tsv").write_text("name\tfile\tid\na\ta.bed\tx\n")
    targets = read_targets(tmp_path / "t.tsv")
    found = read_nearest_peaks(targets, Chromosomes(LENGTHS, {"1": "chr1"}))
    places = [(99, 100), (100, 101), (299, 301), (309, 310), (310, 311), (320, 322), (200, 200)]
    assert [found.distance(0, "chr1", *place) for place in places] == [1, 0, 0, 0, 1, 11, 0]


def test_a_file_of_another_genome_is_refused(tmp_path):
    (tmp_path / "a.bed").write_text("chrX\t100\t200\n")
    (tmp_path / "t.tsv").write_text("name\tfile\na\ta.bed\n")
    with pytest.raises(DanqError, match=r"a\.bed"):
        read_nearest_peaks(read_targets(tmp_path / "t.tsv"), Chromosomes(LENGTHS))
