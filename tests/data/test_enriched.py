import math
import re

import numpy as np
import pytest

from danq.data.enriched import TargetSequences, find_enriched
from danq.genome.sequence import decode, encode, reverse_complement

LENGTH = 80


def random_sequences(n, seed=0):
    return np.random.default_rng(seed).integers(0, 4, (n, LENGTH), dtype=np.uint8)


def planted(site, n=400, seed=1, strands="+-"):
    """Return random sequences with a site somewhere, on the strands that are given."""
    rng = np.random.default_rng(seed)
    sequences = random_sequences(n, seed)
    bases = encode(site)
    for number, sequence in enumerate(sequences):
        strand = strands[number % len(strands)]
        start = rng.integers(0, LENGTH - len(bases))
        sequence[start : start + len(bases)] = bases if strand == "+" else reverse_complement(bases)
    return sequences


def find(*sequences, n=1, width=18, background=None):
    targets = [TargetSequences(f"t{number}", indices) for number, indices in enumerate(sequences)]
    if background is None:
        background = random_sequences(1_000)
    return find_enriched(targets, background, n=n, width=width)


def share_with(word, sequences):
    """Return the share of sequences that hold a word with gaps (N), on either strand."""
    count = 0
    for indices in sequences:
        strands = [decode(indices), decode(reverse_complement(indices))]
        count += any(re.search(word.replace("N", "."), strand) for strand in strands)
    return count / len(sequences)


def test_a_word_scores_what_a_slow_count_gives():
    positives = planted("CGTACACATTGA")
    background = random_sequences(1_000)
    (motif,) = find(positives, background=background)
    word = motif.name.split(":")[1]
    expected = share_with(word, background)
    standard_error = math.sqrt((expected + 3 / 1_000) / len(positives))
    score = (share_with(word, positives) - expected) / standard_error
    # Every other word of the site has a lower score: its gaps are shorter or longer.
    others = ["CGTACA", "CGTNCAC", "CGTNNACA", "CGTNNNCAT", "CGTNNNNATT", "CGTNNNNNTTG", "ACANNTGA"]
    for other in others:
        expected = share_with(other, background)
        standard_error = math.sqrt((expected + 3 / 1_000) / len(positives))
        assert (share_with(other, positives) - expected) / standard_error <= score + 1e-9


@pytest.mark.parametrize("site", ["CGTAAAAAATGA", "CACGTG", "TTACCCG"])
def test_a_planted_site_is_found_whichever_strand_it_is_on(site):
    for strands in ("+", "-", "+-"):
        (motif,) = find(planted(site, strands=strands))
        letters = [
            "ACGT"[column.argmax()] if column.max() > 0.6 else "." for column in motif.matrix
        ]
        consensus = "".join(letters).strip(".")
        assert consensus in (site, decode(reverse_complement(encode(site))))


def test_reverse_complements_have_the_same_words():
    positives = planted("CGTAAAAAATGA")
    background = random_sequences(1_000)
    forward = find(positives, n=3, background=background)
    reverse = find(reverse_complement(positives), n=3, background=reverse_complement(background))
    assert [motif.name for motif in forward] == [motif.name for motif in reverse]
    for a, b in zip(forward, reverse, strict=True):
        assert np.allclose(a.matrix, b.matrix)


def test_columns_are_the_bases_around_the_sites():
    # CACGTG is its own reverse complement: each site counts once from either strand.
    positives = random_sequences(100)[:, :20]
    positives[:, 6:14] = encode("ACACGTGA")
    (motif,) = find(positives, width=8, background=random_sequences(1_000)[:, :20])
    assert motif.n_sites == 200
    both = np.array([1, 0, 0, 1]) / 2  # an A on one strand is a T on the other
    for column in (0, 7):
        assert np.allclose(motif.matrix[column], both, atol=0.03)
    assert motif.matrix[1:7].argmax(axis=1).tolist() == encode("CACGTG").tolist()
    assert np.allclose(motif.matrix.sum(axis=1), 1)


def test_unknown_bases_are_in_no_word():
    positives = random_sequences(300)
    positives[:, 20:60] = 4
    names = [motif.name for motif in find(positives, n=20)]
    assert all(set(name.split(":")[1]) <= set("ACGTN") for name in names)
    assert find(np.full((50, LENGTH), 4, dtype=np.uint8)) == []


def test_what_is_not_enriched_is_no_motif():
    assert find(random_sequences(1_000, 5), n=50) == []
    assert len(find(planted("CGTAAAAAATGA"), random_sequences(1_000, 5), n=2)) == 2


def test_targets_take_turns_and_no_word_comes_twice():
    a = planted("CGTAAAAAATGA", seed=2)
    b = planted("TTACCCGA", seed=3)
    names = [motif.name for motif in find(a, b, n=6)]
    assert [name.split(":")[0] for name in names[:4]].count("t0") == 2
    words = [name.split(":")[1] for name in names]
    assert len(set(words)) == len(words)


def test_a_second_word_explains_what_the_first_does_not():
    both = np.concatenate([planted("CGTAAAAAATGA", n=300), planted("GGATCCAC", n=150, seed=9)])
    words = [motif.name.split(":")[1] for motif in find(both, n=2)]
    pieces = {"CGTAAAAAATGA": 0, "GGATCCAC": 0}
    for word in words:
        for site in pieces:
            strands = (site, decode(reverse_complement(encode(site))))
            if any(re.search(word.replace("N", "."), strand) for strand in strands):
                pieces[site] += 1
    assert pieces == {"CGTAAAAAATGA": 1, "GGATCCAC": 1}


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_a_few_sequences_have_no_enriched_word(n):
    # Ten sequences must hold a word: in fewer, chance reaches any score.
    assert find(planted("CGTAAAAAATGA", n=n), n=50) == []
