"""Sites in windows: where they stand, in which order and on which strand."""

import numpy as np
import pytest

from danq.genome.sequence import decode, encode
from danq.interpret.constructs import distances, place_sites
from tests.conftest import refuse
from tests.interpret.helpers import ALPHA, BETA, IN_ORDER, PAIR, TURNED, hand_made, random_windows


@pytest.mark.parametrize("distance", [0, 1, 37])
@pytest.mark.parametrize("length", [100, 101])
def test_sites_stand_where_they_should_and_each_alone_where_it_stands_in_the_pair(length, distance):
    windows = random_windows(3, length)
    both, only_a, only_b = place_sites(
        windows, *(np.tile(encode(word), (3, 1)) for word in (ALPHA, BETA)), distance
    )
    assert (only_a.shape, only_b.shape) == ((2, 3, length), (4, 3, length))
    start = (length - len(ALPHA) - len(BETA) - distance) // 2
    for row, (left, right) in enumerate(IN_ORDER):
        assert [decode(window) for window in both[row]] == hand_made(windows, left, right, distance)
        at = {left: start, right: start + len(left) + distance}
        for found, word in ((only_a[row % 2], ALPHA), (only_b[row], TURNED if row > 1 else BETA)):
            for window, made in zip(windows, found, strict=True):
                text, end = decode(window), at[word] + len(word)
                assert decode(made) == text[: at[word]] + word + text[end:]


def test_distances_go_to_the_largest_or_to_what_fits():
    assert distances(100, *PAIR, 10, 40).tolist() == [0, 10, 20, 30, 40]
    assert distances(26 + 25, *PAIR, 10, 40).tolist() == [0, 10, 20]
    assert distances(26, *PAIR, 10, 40).tolist() == [0]
    refuse(
        "pair alpha+beta: 12 + 14 bp do not fit windows of 25 bp; give other pairs",
        distances,
        25,
        *PAIR,
        10,
        40,
    )
