"""Random windows: their dinucleotides are those of the training windows, on both strands."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from danq.data.dataset import Dataset, open_dataset
from danq.genome.sequence import ALPHABET, encode
from danq.interpret.backgrounds import count_dinucleotides, dinucleotides, draw_backgrounds
from tests.interpret.helpers import other_strand


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
    monkeypatch.setattr("danq.interpret.backgrounds.COUNTED_WINDOWS", 10)
    with open_dataset(toy_dataset) as data:
        dinucleotides(data)
    ((split, n),) = calls
    assert split == "train"
    assert 5 <= n <= 10
