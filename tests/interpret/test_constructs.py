"""Random windows with the dinucleotides of the training windows, and the sites in them.

Where the sites stand, in which order and on which strand.
"""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danq.data.dataset import Dataset, open_dataset
from danq.genome.sequence import ALPHABET, decode, encode
from danq.interpret.constructs import (
    count_dinucleotides,
    dinucleotides,
    distances,
    draw_backgrounds,
    place_sites,
)
from tests.conftest import refuse
from tests.interpret.helpers import (
    ALPHA,
    BETA,
    BETA_REVERSE,
    IN_ORDER,
    PAIR,
    hand_made,
    other_strand,
    random_windows,
)


@given(st.text("ACGTN", min_size=2, max_size=40))
def test_backgrounds_are_as_likely_as_their_reverse_complements(bases):
    expected = np.zeros((4, 4), int)
    for text in (bases, other_strand(bases)):
        for first, second in itertools.pairwise(text):
            if "N" not in first + second:
                expected[ALPHABET.index(first), ALPHABET.index(second)] += 1
    counts = count_dinucleotides(encode(bases)[None])
    assert (counts == expected).all()


def row_shares(counts):
    return counts / counts.sum(axis=1, keepdims=True)


def test_backgrounds_have_the_dinucleotides_of_the_training_windows():
    rng = np.random.default_rng(3)
    counts = rng.integers(50, 1000, (4, 4)) * 100
    counts += counts[::-1, ::-1].T
    windows = draw_backgrounds(counts, 400, 500, rng)
    assert windows.shape == (400, 500)
    assert windows.dtype == np.uint8
    words = 4 * windows[:, :-1] + windows[:, 1:]
    drawn = np.bincount(words.ravel(), minlength=16).reshape(4, 4)
    # 25,000 words follow a base: their shares are sure to half a percent.
    np.testing.assert_allclose(row_shares(drawn), row_shares(counts), atol=0.012)


def test_a_base_that_is_nowhere_is_no_dead_end():
    counts = count_dinucleotides(encode("AAAA")[None])
    windows = draw_backgrounds(counts, 5, 50, np.random.default_rng(0))
    assert windows.max() <= 3


def test_bases_are_counted_in_some_training_windows_only(toy_dataset, monkeypatch):
    calls = []
    original = Dataset.packed_sequences

    def packed_sequences(self, split, rows):
        packed = original(self, split, rows)
        calls.append((split, len(packed)))
        return packed

    monkeypatch.setattr(Dataset, "packed_sequences", packed_sequences)
    monkeypatch.setattr("danq.interpret.constructs.COUNTED_WINDOWS", 10)
    with open_dataset(toy_dataset) as data:
        dinucleotides(data)
    ((split, n),) = calls
    assert split == "train"
    assert 5 <= n <= 10


def with_word(window, word, start):
    """Return a window as text, with a word in it."""
    text = decode(window)
    return text[:start] + word + text[start + len(word) :]


@pytest.mark.parametrize("distance", [0, 1, 37])
@pytest.mark.parametrize("length", [100, 101])
def test_sites_are_at_their_positions_and_each_alone_at_its_position_in_the_pair(length, distance):
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
