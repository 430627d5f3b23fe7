import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danq.evaluation import scanning
from danq.evaluation.motif_scan import scan
from danq.evaluation.scanning import Scanner, distances, log_sum
from danq.genome.sequence import encode, reverse_complement
from danq.motif import meme

BACKGROUND = np.array([0.3, 0.2, 0.2, 0.3])


def random_matrices(seed):
    rng = np.random.default_rng(seed)
    return [rng.dirichlet([0.3] * 4, width) for width in (7, 4, 7, 11)]


def all_scores(scanner, indices):
    """Return the scores of every motif, (windows, starts) each."""
    scores = {}
    for part in scanner.scan(indices):
        for motif, values in zip(part.motifs.tolist(), part.scores, strict=True):
            scores.setdefault(motif, []).append(values)
    return [np.concatenate(scores[motif]) for motif in range(scanner.n_motifs)]


@given(
    st.lists(st.text("ACGTN", min_size=20, max_size=20), min_size=1, max_size=3), st.integers(0, 9)
)
def test_every_place_is_scored_as_base_by_base(texts, seed):
    matrices = random_matrices(seed)
    indices = np.stack([encode(text) for text in texts])
    scores = all_scores(Scanner(matrices, BACKGROUND), indices)
    for matrix, found in zip(matrices, scores, strict=True):
        weights = meme.log_odds(matrix, BACKGROUND)
        assert found.shape == (len(texts), 20 - len(matrix) + 1)
        for start in range(found.shape[1]):
            site = indices[:, start : start + len(matrix)]
            expected = []
            for strand in (weights, meme.reverse_complement(weights)):
                table = np.column_stack([strand, strand.min(axis=1)])
                expected.append(table[np.arange(len(matrix)), site].sum(axis=1))
            np.testing.assert_allclose(found[:, start], np.max(expected, axis=0), atol=1e-4)


def test_the_best_site_is_that_of_the_simple_scan():
    matrices = random_matrices(0)
    indices = np.random.default_rng(1).integers(0, 5, (40, 60)).astype(np.uint8)
    scores = all_scores(Scanner(matrices, BACKGROUND), indices)
    for matrix, found in zip(matrices, scores, strict=True):
        expected = scan(indices, meme.log_odds(matrix, BACKGROUND), 0)
        np.testing.assert_allclose(found.max(axis=1), expected, atol=1e-4)


def test_the_other_strand_has_the_same_scores_backwards_and_blocks_change_nothing(monkeypatch):
    indices = np.random.default_rng(1).integers(0, 5, (40, 60)).astype(np.uint8)
    scanner = Scanner(random_matrices(0), BACKGROUND)
    scores = all_scores(scanner, indices)
    for forward, reverse in zip(
        scores, all_scores(scanner, reverse_complement(indices)), strict=True
    ):
        np.testing.assert_allclose(forward, reverse[:, ::-1], atol=1e-4)
    monkeypatch.setattr(scanning, "_BLOCK", 7)
    for before, after in zip(scores, all_scores(scanner, indices), strict=True):
        np.testing.assert_allclose(before, after, atol=1e-4)


def test_distances_and_sums_by_arithmetic():
    assert distances(5, 2).tolist() == [1.5, 0.5, 0.5, 1.5]
    scores = np.array([[4, 2, -300]], dtype=np.float32)
    assert log_sum(scores)[0] == pytest.approx(np.log2(4 + 2))
