import numpy as np
import pytest

from danq.motif.annotate import trim
from danq.motif.clusters import align, cluster_motifs
from danq.motif.meme import Motif, jaspar


def slow_align(a, b):
    """Try every offset on both strands, five columns at least."""
    best = (-9,)
    for reverse in (False, True):
        strand = a[::-1, ::-1] if reverse else a
        for offset in range(1 - len(a), len(b)):
            pairs = [(strand[i], b[i + offset]) for i in range(len(a)) if 0 <= i + offset < len(b)]
            if len(pairs) < min(5, len(a), len(b)):
                continue
            x, y = (np.concatenate(columns) for columns in zip(*pairs, strict=True))
            share = len(pairs) / (len(a) + len(b) - len(pairs))
            best = max(
                best,
                (share * np.corrcoef(x, y)[0, 1], offset, reverse),
                key=lambda alignment: alignment[0],
            )
    return best


def test_alignment_is_that_of_a_slow_reference():
    rng = np.random.default_rng(0)
    for widths in [(9, 9), (6, 14), (14, 6), (3, 8), (20, 21)]:
        a, b = (rng.dirichlet([0.3] * 4, size=width) for width in widths)
        value, offset, reverse = align(a, b)
        expected = slow_align(a, b)
        assert (offset, reverse) == expected[1:] and value == pytest.approx(expected[0])


def test_flat_motifs_are_like_nothing():
    assert align(np.full((8, 4), 0.25), np.eye(4)[[0, 1, 2, 3, 0, 1, 2, 3]])[0] == 0


def noisy(rng, matrix, n, left, right):
    """Return a copy as a filter would show it: of n sites, with other flanks."""
    drawn = np.array([rng.multinomial(n, row / row.sum()) / n for row in matrix])
    return np.vstack([rng.dirichlet([2] * 4, left), drawn, rng.dirichlet([2] * 4, right)])


def test_copies_are_brought_together_whatever_their_strand_and_flanks(planted):
    rng = np.random.default_rng(0)
    motifs = []
    for number in range(9):
        matrix = noisy(rng, planted[number % 3].matrix, 100, number % 3, (number + 1) % 4)
        motifs.append(
            Motif(f"m{number}", "", matrix[::-1, ::-1] if number % 2 else matrix, 50 + number)
        )
    assert cluster_motifs(motifs) == ["m6", "m7", "m8"] * 3
    assert cluster_motifs(motifs[:1]) == ["m0"] and cluster_motifs([]) == []


def test_unrelated_motifs_are_few_copies_of_each_other():
    everything, rng = jaspar("JASPAR2024", "vertebrates"), np.random.default_rng(0)
    shuffled = [
        Motif(f"m{k}", "", rng.permutation(trim(everything[row].matrix, 0.25)), 100)
        for k, row in enumerate(rng.choice(len(everything), 60, replace=False))
    ]
    assert len(set(cluster_motifs(shuffled))) > 45
