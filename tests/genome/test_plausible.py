import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from danq.genome.plausible import (
    LONG,
    LONG_SHARE,
    MOST_TIMES,
    USUAL,
    Intervals,
    absurd_clips,
    long_intervals,
)

SIZES = st.sampled_from([0, 1, 300, 2_000, LONG, LONG * MOST_TIMES])
INTERVAL = st.tuples(
    st.integers(0, 10**6), SIZES, st.sampled_from([-1, 5_000, 10**6, 10**6 + 200, 10**9])
)


def slow(start, size, length, middle):
    """Judge an interval by the words of the rules: (is an absurd clip, is long)."""
    end = start + size
    usual = max(middle, USUAL)
    absurd = length >= 0 and end > length
    absurd = absurd and (end - length > usual or length - start > MOST_TIMES * usual)
    long = length >= 0 and size >= LONG and size >= LONG_SHARE * length
    return absurd, long and size > MOST_TIMES * middle


@given(st.lists(INTERVAL, min_size=1, max_size=30))
def test_each_interval_is_judged_beside_the_others(rows):
    start, size, length = np.array(rows).T
    intervals = Intervals(start, start + size, length)
    inside = [size for start, size, length in rows if 0 < size and start + size <= length]
    middle = int(np.median(inside)) if inside else 0
    assert intervals.middle() == middle
    judged = zip(absurd_clips(intervals), long_intervals(intervals), strict=True)
    assert list(judged) == [slow(*row, middle) for row in rows]
