import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danq.genome.bins import (
    GC_STRATA,
    NOWHERE,
    Grid,
    Labels,
    coverage,
    flank,
    overlapping,
    sample_matched,
    sample_negatives,
    split_codes,
)
from danq.genome.chromosomes import Chromosomes
from danq.genome.fasta import read_genome
from danq.genome.peaks import read_peaks
from danq.genome.tables import read_targets
from tests.conftest import LENGTHS, YEAST, needs_yeast


def per_base(lengths, bin_size, intervals, n_targets):
    """Count the covered bases of each whole bin, (T, bins), chromosome after chromosome."""
    covered = []
    for target in range(n_targets):
        for chrom, length in enumerate(lengths):
            flags = np.zeros(length, dtype=int)
            for row_target, row_chrom, start, end in intervals:
                if (row_target, row_chrom) == (target, chrom):
                    flags[start:end] = 1
            n_bins = length // bin_size
            covered.append(flags[: n_bins * bin_size].reshape(n_bins, bin_size).sum(axis=1))
    return np.concatenate(covered).reshape(n_targets, -1)


@st.composite
def cases(draw):
    """Draw chromosomes, a bin size, and intervals of some targets inside them."""
    lengths = draw(st.lists(st.integers(1, 130), min_size=1, max_size=3))
    n_targets, bin_size = draw(st.integers(1, 11)), draw(st.integers(1, 25))
    intervals = []
    for _ in range(draw(st.integers(0, 25))):
        chrom = draw(st.integers(0, len(lengths) - 1))
        start = draw(st.integers(0, lengths[chrom] - 1))
        end = draw(st.integers(start + 1, lengths[chrom]))
        intervals.append((draw(st.integers(0, n_targets - 1)), chrom, start, end))
    return lengths, bin_size, intervals, n_targets


@given(cases(), st.randoms(use_true_random=False))
def test_labels_equal_a_per_base_reference(case, chance):
    lengths, bin_size, intervals, n_targets = case
    grid = Grid(lengths, bin_size)
    labels = Labels(grid, n_targets)
    cut = chance.randint(
        0, n_targets
    )  # targets come in two groups, the intervals of each in any order
    for group in (
        [row for row in intervals if row[0] < cut],
        [row for row in intervals if row[0] >= cut],
    ):
        chance.shuffle(group)
        labels.add(*np.array(group, dtype=np.int64).reshape(-1, 4).T)
    complete = ~grid.partial
    covered = per_base(lengths, bin_size, intervals, n_targets)
    expected = 2 * covered > bin_size
    packed = np.concatenate(
        [labels.packed(first, min(first + 7, grid.n)) for first in range(0, grid.n, 7)]
    )
    assert (packed[complete] == np.packbits(expected.T, axis=1)).all()
    assert (labels.labelled()[complete] == expected.any(axis=0)).all()
    some = np.arange(n_targets) % 2 == 0
    assert (labels.labelled(some)[complete] == expected[some].any(axis=0)).all()
    assert (labels.touched()[complete] == covered.any(axis=0)).all()
    codes = np.where(grid.partial, NOWHERE, np.arange(grid.n) % 3).astype(np.uint8)
    counts = labels.counts(codes)
    for code in range(3):
        assert (counts[code] == expected[:, codes[complete] == code].sum(axis=1)).all()


@given(cases())
def test_coverage_equals_a_per_base_reference(case):
    lengths, bin_size, intervals, _ = case
    grid = Grid(lengths, bin_size)
    chrom, start, end = np.array([row[1:] for row in intervals], dtype=np.int64).reshape(-1, 3).T
    expected = per_base(lengths, bin_size, [(0, *row[1:]) for row in intervals], 1)[0]
    assert (coverage(chrom, start, end, grid)[~grid.partial] == expected).all()


def test_exactly_half_is_not_more_than_half():
    grid = Grid([1_000], 200)
    for intervals, positive in (
        ([(0, 100)], []),
        ([(0, 101)], [0]),
        ([(0, 60), (150, 190)], []),
        ([(0, 61), (150, 190)], [0]),
        ([(0, 60), (30, 101)], [0]),
        ([(150, 350)], [1]),
        ([(199, 301)], [1]),
        ([(0, 1_000)], [0, 1, 2, 3, 4]),
    ):
        labels = Labels(grid, 1)
        start, end = np.array(intervals).T
        labels.add(np.zeros(len(start), dtype=int), np.zeros(len(start), dtype=int), start, end)
        assert np.flatnonzero(labels.labelled()).tolist() == positive, intervals


@pytest.mark.skipif(shutil.which("bedtools") is None, reason="bedtools is not installed")
@needs_yeast
def test_labels_of_yeast_equal_those_of_bedtools(tmp_path):
    lengths = read_genome(YEAST / "sacCer3.fa.gz")[0].lengths
    targets = read_targets(YEAST / "targets.tsv")
    names, grid = Chromosomes(lengths), Grid(list(lengths.values()), 200)
    labels = Labels(grid, len(targets))
    for group in read_peaks([target.file for target in targets], names):
        labels.add(group.file, group.chrom, group.start, group.end)
    positive = np.unpackbits(labels.packed(0, grid.n), axis=1, count=len(targets))[~grid.partial]
    bins = tmp_path / "bins.bed"
    bins.write_text(
        "".join(
            f"{name}\t{start}\t{start + 200}\n"
            for name, length in lengths.items()
            for start in range(0, length // 200 * 200, 200)
        )
    )
    for index, target in enumerate(targets):
        merge = f"zcat '{target.file}' | sort -k1,1 -k2,2n | bedtools merge -i -"
        command = f"{merge} | bedtools coverage -a '{bins}' -b -"
        merged = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
        # The fifth column: bases of the bin that are covered.
        expected = [2 * int(line.split("\t")[4]) > 200 for line in merged.stdout.splitlines()]
        assert (positive[:, index] == expected).all(), target.name
    assert positive.sum() > 50_000


@given(
    st.integers(20, 400),
    st.integers(1, 60),
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 120), st.booleans()), max_size=4),
)
def test_no_base_is_in_two_splits(length, window, drawn):
    regions = ([], [])
    for start, size, test in drawn:
        if start + size <= length and not overlapping(
            [("c", start, start + size)], [("c", *region) for split in regions for region in split]
        ):
            regions[test].append((start, start + size))
    starts = np.arange(-window, length + window, max(1, window // 3))
    codes = split_codes(starts, window, length, *regions)
    owner = {}
    for start, code in zip(starts.tolist(), codes.tolist(), strict=True):
        inside = [
            any(low <= start and start + window <= high for low, high in split) for split in regions
        ]
        outside = not any(
            low < start + window and start < high for split in regions for low, high in split
        )
        fits = start >= 0 and start + window <= length
        assert code == (
            NOWHERE
            if not fits
            else 1
            if inside[0]
            else 2
            if inside[1]
            else 0
            if outside
            else NOWHERE
        )
        if code != NOWHERE:
            for base in range(start, start + window):
                assert owner.setdefault(base, code) == code


def test_negatives_are_free_distinct_and_repeatable():
    free = np.arange(1_000) % 3 == 0
    chosen = sample_negatives(free, 100, np.random.default_rng(5))
    assert chosen.sum() == 100 and not (chosen & ~free).any()
    assert (chosen == sample_negatives(free, 100, np.random.default_rng(5))).all()
    assert (sample_negatives(free, 9_999, np.random.default_rng(5)) == free).all()


def test_matched_negatives_have_the_gc_content_of_the_labelled():
    rng = np.random.default_rng(3)
    gc = np.where(
        rng.random(20_000) < 0.2, rng.normal(0.6, 0.05, 20_000), rng.normal(0.4, 0.08, 20_000)
    ).clip(0, 1)
    wanted = (gc > 0.5) & (rng.random(20_000) < 0.3)
    free = ~wanted & (rng.random(20_000) < 0.9)
    chosen = sample_matched(free, wanted, 1.0, gc, np.random.default_rng(1))
    assert not (chosen & ~free).any()
    step = np.minimum((gc * GC_STRATA).astype(int), GC_STRATA - 1)
    for stratum in range(GC_STRATA):
        inside = step == stratum
        assert chosen[inside].sum() == min((wanted & inside).sum(), (free & inside).sum())
    plain = sample_negatives(free, int(wanted.sum()), np.random.default_rng(1))
    assert (
        abs(gc[chosen].mean() - gc[wanted].mean())
        < 0.01
        < abs(gc[plain].mean() - gc[wanted].mean())
    )


def test_a_bin_lies_in_the_middle_of_its_window():
    for window, bin_size in ((1_000, 200), (200, 200), (9, 5)):
        left = flank(window, bin_size)
        right = window - bin_size - left
        assert left == right


def test_bins_are_numbered_through_all_chromosomes():
    grid = Grid(list(LENGTHS.values()), 200)
    assert grid.counts.tolist() == [100, 30, 30] and grid.offsets.tolist() == [0, 101, 132, 163]
    assert np.flatnonzero(grid.partial).tolist() == [100, 131, 162]
