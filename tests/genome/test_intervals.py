import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from danq.genome.intervals import end_bins, merge, positive_ends, ranges

INTERVALS = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 20)), min_size=1, max_size=12)


def columns(drawn):
    """Return starts and ends of drawn (start, size)."""
    start, size = np.array(drawn, dtype=np.int64).T
    return start, start + size


def covered_bases(start, end):
    """Mark intervals base by base."""
    covered = np.zeros(130, dtype=int)
    for low, high in zip(start, end, strict=True):
        covered[low:high] = 1
    return covered


@given(INTERVALS)
def test_a_union_is_sorted_disjoint_and_covers_the_same_bases(drawn):
    start, end = columns(drawn)
    union = merge(start, end)
    assert (covered_bases(*union) == covered_bases(start, end)).all()
    assert (union.start < union.end).all() and (union.start[1:] > union.end[:-1]).all()


@given(INTERVALS, st.integers(1, 13))
def test_positive_ends_are_more_than_half_covered(drawn, bin_size):
    union = merge(*columns(drawn))
    ends = end_bins(union, bin_size)
    bins = np.concatenate(positive_ends(ends, bin_size))
    covered = covered_bases(*union)
    expected = []
    for number in {*ends.low.tolist(), *ends.high.tolist()}:
        bases = covered[number * bin_size : (number + 1) * bin_size].sum()
        if 2 * bases > bin_size:
            expected.append(number)
    assert sorted(bins.tolist()) == sorted(expected)


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 5)), max_size=9))
def test_ranges_follow_each_other(drawn):
    first, count = np.array(drawn, dtype=np.int64).reshape(-1, 2).T
    expected = [low + step for low, size in drawn for step in range(size)]
    assert ranges(first, count).tolist() == expected
