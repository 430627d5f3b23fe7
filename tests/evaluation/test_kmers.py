from itertools import product

import numpy as np
import pytest
from Bio.Seq import Seq
from hypothesis import given
from hypothesis import strategies as st

from danq.data.dataset import open_dataset
from danq.evaluation import kmers
from danq.genome.sequence import encode, reverse_complement


def canonical(lengths):
    """Return the words that stand for themselves and their reverse complement."""
    words = ["".join(bases) for k in lengths for bases in product("ACGT", repeat=k)]
    return [word for word in words if word <= str(Seq(word).reverse_complement())]


def slow_counts(text, lengths):
    counts = dict.fromkeys(canonical(lengths), 0)
    for k in lengths:
        for start in range(len(text) - k + 1):
            word = text[start : start + k]
            if "N" not in word:
                counts[min(word, str(Seq(word).reverse_complement()))] += 1
    return list(counts.values())


@pytest.mark.parametrize("lengths", [(6,), (1, 2, 3, 4)])
@given(st.lists(st.text("ACGTN", min_size=16, max_size=16), min_size=1, max_size=3))
def test_kmer_counts_equal_counting_words(lengths, texts):
    counts = kmers.kmer_counts(np.stack([encode(text) for text in texts]), lengths)
    assert counts.shape[1] == len(canonical(lengths)) == kmers.n_kmers(lengths)
    for text, row in zip(texts, counts, strict=True):
        assert row.tolist() == slow_counts(text, lengths)


def test_bin_and_flanks_are_counted_apart():
    text = "ACCGTAGGAT" + "GATTACAGATTA" + "TTTCGNCATG"
    row = kmers.window_kmers(encode(text)[None], 10)[0].tolist()
    flanks = (slow_counts(part, kmers.FLANK_KMERS) for part in (text[:10], text[-10:]))
    summed = [before + after for before, after in zip(*flanks, strict=True)]
    assert row == slow_counts(text[10:-10], kmers.BIN_KMERS) + summed


def test_a_window_without_flanks_has_none_of_their_kmers():
    indices = np.random.default_rng(0).integers(0, 4, (3, 30)).astype(np.uint8)
    counts = kmers.window_kmers(indices, 0)
    n = kmers.n_kmers(kmers.BIN_KMERS)
    assert (counts[:, :n].sum(axis=1) == 25).all() and (counts[:, n:] == 0).all()


def test_kmer_counts_do_not_depend_on_the_strand_or_on_blocks(monkeypatch):
    indices = np.random.default_rng(0).integers(0, 5, (7, 40)).astype(np.uint8)
    counts = kmers.window_kmers(indices, 8)
    assert (kmers.window_kmers(reverse_complement(indices), 8) == counts).all()
    monkeypatch.setattr(kmers, "_BLOCK", 2)
    assert (kmers.window_kmers(indices, 8) == counts).all()


def test_the_regression_sees_the_bin_of_the_dataset(toy_dataset):
    with open_dataset(toy_dataset) as data:
        features = kmers.fit_kmers(data).features
        indices = data.base_indices("train")[:5]
        flank = (data.window - data.bin_size) // 2
    counts = features.compute(indices)
    assert counts.shape == (5, features.n)
    assert (counts == kmers.window_kmers(indices, flank)).all()
