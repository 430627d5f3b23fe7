"""Shuffles of dinucleotides: exact, evenly drawn among all orders, and around unknown bases."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danq.genome.sequence import decode, encode
from danq.genome.shuffle import dinucleotide_shuffles


@settings(deadline=None)
@given(st.text("ACGTN", max_size=60), st.integers(0, 5))
def test_every_dinucleotide_stays_as_frequent(text, seed):
    shuffled = dinucleotide_shuffles(encode(text), 3, np.random.default_rng(seed))
    assert shuffled.shape == (3, len(text))
    for row in shuffled:
        found = decode(row)
        assert Counter(itertools.pairwise(found)) == Counter(itertools.pairwise(text))
        assert [base == "N" for base in found] == [base == "N" for base in text]
        assert found[:1] == text[:1] and found[-1:] == text[-1:]


@pytest.mark.parametrize("text", ["AACGTACGA", "ACGTTGCAAC", "AAACCAGATA"])
def test_every_order_is_as_likely(text):
    wanted = set()
    pairs = Counter(itertools.pairwise(text))
    for middle in set(itertools.permutations(text[1:-1])):
        order = text[0] + "".join(middle) + text[-1]
        if Counter(itertools.pairwise(order)) == pairs:
            wanted.add(order)
    n = 500 * len(wanted)
    rows = dinucleotide_shuffles(encode(text), n, np.random.default_rng(0))
    counts = Counter(decode(row) for row in rows)
    assert set(counts) == wanted
    chi_square = sum((count - 500) ** 2 / 500 for count in counts.values())
    freedom = len(wanted) - 1
    assert chi_square < freedom + 4 * np.sqrt(2 * freedom)
