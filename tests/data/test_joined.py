"""Windows joined to stretches: every window is there, and no base twice."""

import numpy as np
import pytest

from danq.data import joined as module
from danq.data.dataset import open_dataset
from danq.data.joined import joined
from danq.genome.sequence import UNKNOWN, decode
from tests.data.test_audit import write

WINDOW = 40


@pytest.fixture
def genome():
    rng = np.random.default_rng(0)
    return ["".join(rng.choice(list("ACGTN"), 400)) for _ in range(2)]


def windows(genome, places):
    return [(chrom, start, genome[chrom][start : start + WINDOW]) for chrom, start in places]


def joined_windows(tmp_path, rows, **facts):
    splits = {"train": rows, "valid": rows[:1], "test": rows[:1]}
    path = write(tmp_path / "d.h5", splits, lengths=(400, 400), **facts)
    with open_dataset(path) as dataset:
        return list(joined(dataset, "train"))


def texts(stretch):
    """Return the windows of stretches."""
    bases = decode(stretch.indices)
    return [bases[start : start + WINDOW] for start in stretch.starts]


PLACES = [(0, 3), (0, 13), (0, 13), (0, 52), (0, 93), (0, 360), (1, 0), (1, 39), (1, 20), (1, 60)]


@pytest.mark.parametrize("block", [1, WINDOW * 3, 1 << 20])
def test_every_window_lies_at_its_start(tmp_path, genome, monkeypatch, block):
    monkeypatch.setattr(module, "_BASES", block)
    rows = windows(genome, PLACES)
    found = joined_windows(tmp_path, rows)
    assert [text for stretch in found for text in texts(stretch)] == [bases for *_, bases in rows]
    chroms = [stretch.chrom for stretch in found for _ in stretch.starts]
    assert chroms == [chrom for chrom, _ in PLACES]


def test_overlapping_windows_are_joined_without_a_base_twice(tmp_path, genome):
    first, second = joined_windows(tmp_path, windows(genome, PLACES))
    # 3 to 92 together, then 93, 360; an unknown base before each.
    expected = ["", genome[0][3:92], genome[0][93:133], genome[0][360:400]]
    assert decode(first.indices) == "N".join(expected)
    expected = ["", genome[1][0:79], genome[1][20:60], genome[1][60:100]]
    assert decode(second.indices) == "N".join(expected)
    assert first.indices[0] == UNKNOWN


def test_windows_that_differ_where_they_overlap_are_not_joined(tmp_path, genome):
    changed = "ACGT" * (WINDOW // 4)
    rows = [*windows(genome, [(0, 0)]), (0, 8, changed)]
    (stretch,) = joined_windows(tmp_path, rows)
    assert decode(stretch.indices) == f"N{genome[0][:WINDOW]}N{changed}"


def test_windows_without_places_are_not_joined(tmp_path, genome):
    rows = windows(genome, [(0, 0), (0, 8)])
    (stretch,) = joined_windows(tmp_path, rows, coordinates="rows")
    assert len(stretch.indices) == 2 * (WINDOW + 1) and texts(stretch) == [row[2] for row in rows]
