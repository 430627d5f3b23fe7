"""Sites in windows: where they stand, in which order and on which strand."""

import numpy as np
import pytest

from danq.genome.sequence import decode, encode
from danq.interpret.constructs import distances, place_sites
from tests.conftest import refuse
from tests.interpret.helpers import (
    ALPHA,
    BETA,
    BETA_REVERSE,
    IN_ORDER,
    PAIR,
    hand_made,
    random_windows,
)


def with_word(window, word, start):
    """Return a window as text, with a word in it."""
    text = decode(window)
    return text[:start] + word + text[start + len(word) :]


@pytest.mark.parametrize("distance", [0, 1, 37])
@pytest.mark.parametrize("length", [100, 101])
def test_sites_stand_where_they_should_and_each_alone_where_it_stands_in_the_pair(length, distance):
    windows = random_windows(3, length)
    sites = [np.tile(encode(word), (3, 1)) for word in (ALPHA, BETA)]
    constructs = place_sites(windows, *sites, distance)
    assert constructs.only_a.shape == (2, 3, length)
    assert constructs.only_b.shape == (4, 3, length)
    first = (length - len(ALPHA) - len(BETA) - distance) // 2
    for row, (left, right) in enumerate(IN_ORDER):
        texts = [decode(window) for window in constructs.both[row]]
        assert texts == hand_made(windows, left, right, distance)
        starts = {left: first, right: first + len(left) + distance}
        word_b = BETA_REVERSE if row > 1 else BETA
        alone = [(constructs.only_a[row % 2], ALPHA), (constructs.only_b[row], word_b)]
        for filled, word in alone:
            for window, construct in zip(windows, filled, strict=True):
                assert decode(construct) == with_word(window, word, starts[word])


def test_distances_go_to_the_largest_or_to_what_fits():
    assert distances(100, *PAIR, 10, 40).tolist() == [0, 10, 20, 30, 40]
    assert distances(26 + 25, *PAIR, 10, 40).tolist() == [0, 10, 20]
    assert distances(26, *PAIR, 10, 40).tolist() == [0]
    message = "pair alpha+beta: 12 + 14 bp do not fit windows of 25 bp; give other pairs"
    refuse(message, distances, 25, *PAIR, 10, 40)
