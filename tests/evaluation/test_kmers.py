from itertools import product

import numpy as np
from Bio.Seq import Seq
from hypothesis import given
from hypothesis import strategies as st

from danq.data.dataset import open_dataset
from danq.evaluation import kmers
from danq.genome.sequence import encode, reverse_complement

WORDS = ["".join(bases) for bases in product("ACGT", repeat=6)]
CANONICAL = [word for word in WORDS if word <= str(Seq(word).reverse_complement())]


@given(st.lists(st.text("ACGTN", min_size=16, max_size=16), min_size=1, max_size=3))
def test_kmer_counts_equal_counting_words(texts):
    counts = kmers.kmer_counts(np.stack([encode(text) for text in texts]))
    assert counts.shape[1] == len(CANONICAL) == kmers.N_KMERS
    for text, row in zip(texts, counts, strict=True):
        expected = dict.fromkeys(CANONICAL, 0)
        for start in range(len(text) - 5):
            word = text[start : start + 6]
            if "N" not in word:
                expected[min(word, str(Seq(word).reverse_complement()))] += 1
        assert row.tolist() == list(expected.values())


def test_kmer_counts_do_not_depend_on_the_strand_or_on_blocks(monkeypatch):
    indices = np.random.default_rng(0).integers(0, 5, (7, 40)).astype(np.uint8)
    counts = kmers.kmer_counts(indices)
    assert (kmers.kmer_counts(reverse_complement(indices)) == counts).all()
    monkeypatch.setattr(kmers, "_BLOCK", 2)
    assert (kmers.kmer_counts(indices) == counts).all()


def test_kmers_far_from_the_bin_change_nothing(toy_dataset):
    with open_dataset(toy_dataset) as data:
        compute = kmers.fit_kmers(data).features.compute
        indices = data.base_indices("train")[:5]
        margin = (data.window - data.bin_size) // 2 - kmers.MARGIN
    far = indices.copy()
    far[:, :margin] = 0
    far[:, -margin:] = 3
    assert (far != indices).any() and (compute(far) == compute(indices)).all()
    assert compute(indices).sum(axis=1).tolist() == [200 + 2 * kmers.MARGIN - 5] * 5
