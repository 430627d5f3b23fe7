"""The sample of words, against words made of text one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danq.genome import sketch
from danq.genome.sequence import encode, reverse_complement
from danq.genome.sketch import K, sample_words

OTHER = str.maketrans("ACGT", "TGCA")


def number_of(word):
    """Return a word and its other strand as one number, by its definition."""
    strands = (word, word[::-1].translate(OTHER))
    return min(int("".join(str("ACGT".index(base)) for base in strand), 4) for strand in strands)


def mixed(number):
    """Return MurmurHash3's last step on a number."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        number = (number ^ number >> 33) * factor % 2**64
    return number ^ number >> 33


def reference(bases, scale):
    """Return positions and hashes, word by word."""
    rows = []
    for start in range(len(bases) - K + 1):
        word = bases[start : start + K]
        if "N" not in word and mixed(number_of(word)) <= 2**64 // scale - 1:
            rows.append((start, mixed(number_of(word))))
    return rows


def sampled(bases, scale):
    sample = sample_words(encode(bases), scale)
    return list(zip(sample.positions.tolist(), sample.hashes.tolist(), strict=True))


@settings(max_examples=60, deadline=None)
@given(st.text("ACGTACGTACGTACGTN", max_size=150), st.integers(1, 5))
def test_any_sample_equals_the_slow_reference(bases, scale):
    assert sampled(bases, scale) == reference(bases, scale)


@pytest.mark.parametrize("block", [1, 7, 64])
def test_blocks_change_nothing(monkeypatch, block):
    bases = "".join(np.random.default_rng(1).choice(list("ACGTN"), 400, p=[0.245] * 4 + [0.02]))
    whole = sampled(bases, 2)
    monkeypatch.setattr(sketch, "_BLOCK", block)
    assert sampled(bases, 2) == whole == reference(bases, 2)


def test_both_strands_have_the_same_words_at_mirrored_places():
    indices = np.random.default_rng(2).integers(0, 4, 5000).astype(np.uint8)
    forward = sample_words(indices, 8)
    backward = sample_words(reverse_complement(indices), 8)
    assert backward.hashes[::-1].tolist() == forward.hashes.tolist()
    mirrored = len(indices) - K - backward.positions[::-1]
    assert mirrored.tolist() == forward.positions.tolist()


def test_a_word_is_taken_wherever_it_lies():
    indices = np.random.default_rng(3).integers(0, 4, 3000).astype(np.uint8)
    whole = sample_words(indices, 8)
    for start in (1, 13, 977):
        part = sample_words(indices[start : start + 1000], 8)
        inside = (whole.positions >= start) & (whole.positions <= start + 1000 - K)
        assert part.hashes.tolist() == whole.hashes[inside].tolist()
        assert (part.positions + start).tolist() == whole.positions[inside].tolist()


@pytest.mark.parametrize("scale", [2, 8])
def test_one_of_so_many_words_is_taken(scale):
    n = 200_000
    indices = np.random.default_rng(4).integers(0, 4, n + K - 1).astype(np.uint8)
    taken = len(sample_words(indices, scale).positions)
    spread = (n * (scale - 1)) ** 0.5 / scale  # of a binomial distribution
    assert abs(taken - n / scale) < 5 * spread


def test_a_sequence_shorter_than_a_word_has_none():
    for length in (0, 1, K - 1):
        assert sampled("A" * length, 1) == []
