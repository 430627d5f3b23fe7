import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danq import bins

INTERVALS = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 40)), max_size=8).map(
    lambda pairs: np.array([(start, start + length) for start, length in pairs], dtype=np.int64).reshape(-1, 2))


def per_base(intervals, length):
    """The slow reference: one flag per base."""
    flags = np.zeros(length, dtype=bool)
    for start, end in intervals:
        flags[start:end] = True
    return flags


@given(INTERVALS, st.integers(1, 12), st.integers(1, 9))
def test_coverage_equals_counting_bases(intervals, n_bins, bin_size):
    flags = per_base(intervals, max(200, n_bins * bin_size))[:n_bins * bin_size]
    expected = flags.reshape(n_bins, bin_size).sum(axis=1)
    assert bins.coverage(intervals, n_bins, bin_size).tolist() == expected.tolist()


@given(INTERVALS.filter(len))
def test_merge_is_the_disjoint_union(intervals):
    merged = bins.merge(intervals)
    assert (merged[1:, 0] > merged[:-1, 1]).all()
    assert (per_base(merged, 200) == per_base(intervals, 200)).all()


@pytest.mark.parametrize(("covered", "label"), [(100, 0), (101, 1), (200, 1), (0, 0)])
def test_a_bin_needs_more_than_half(covered, label):
    positive = bins.positive_bins(np.array([[200, 200 + covered]]), 3, 200)
    assert positive.tolist() == [1] * label


def test_overlapping_peaks_count_each_base_once():
    # Two peaks of 80 bp that share 60 bp cover 100 bp of the bin, not 160: no label.
    assert bins.positive_bins(np.array([[0, 80], [20, 100]]), 1, 200).tolist() == []


def test_peaks_too_small_alone_make_a_label_together():
    assert bins.positive_bins(np.array([[0, 60], [100, 160]]), 1, 200).tolist() == [0]
    assert bins.positive_bins(np.array([[0, 50], [100, 150]]), 1, 200).tolist() == []


@given(st.integers(1, 40), st.lists(st.integers(0, 100), min_size=4, max_size=4, unique=True))
def test_splits_share_no_base(window, edges):
    a, b, c, d = sorted(edges)
    length = 120
    starts = np.arange(-5, length)
    codes = bins.split_codes(starts, window, length, [(a, b)], [(c, d)])
    owner = {}
    for start, code in zip(starts.tolist(), codes.tolist(), strict=True):
        if code != bins.NOWHERE:
            assert start >= 0 and start + window <= length
            for base in range(start, start + window):
                assert owner.setdefault(base, code) == code
    for start, code in zip(starts.tolist(), codes.tolist(), strict=True):
        inside = [a <= start and start + window <= b, c <= start and start + window <= d]
        assert (code == 1) == inside[0]
        assert (code == 2) == inside[1]


def test_sampled_negatives_are_free_and_reproducible():
    free = np.arange(100) % 3 == 0
    first, again = (bins.sample_negatives(free, 10, np.random.default_rng(5)) for _ in range(2))
    assert first.sum() == 10 and not first[~free].any() and (first == again).all()
    assert bins.sample_negatives(free, 1000, np.random.default_rng(5)).sum() == free.sum()
