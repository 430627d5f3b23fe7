import numpy as np
import pytest

from danq.data.dataset import open_dataset
from danq.evaluation.own_motif import FEATURES, fit_own_motifs, motif_features
from danq.evaluation.scanning import Scanner
from danq.genome.sequence import reverse_complement
from danq.motif import meme

BACKGROUND = np.full(4, 0.25)
LENGTH, BIN = 60, 24


def slow_features(indices, matrix):
    """Return the features of one window, site by site."""
    weights = meme.log_odds(matrix, BACKGROUND)
    width = len(matrix)
    inside, outside = [], []
    for start in range(LENGTH - width + 1):
        scores = []
        for strand in (weights, weights[::-1, ::-1]):
            table = np.column_stack([strand, strand.min(axis=1)])
            scores.append(sum(table[i, indices[start + i]] for i in range(width)))
        away = abs(start + width / 2 - LENGTH / 2)
        (inside if away <= BIN / 2 else outside).append((max(scores), away, start))
    best, place, first = max(inside)
    beside = [score for score, _, start in inside if abs(start - first) >= width]
    second = max(beside, default=min(inside)[0])
    total = np.log2(sum(2 ** (score / 2) for score, _, _ in inside))
    return [best, second, total, max(outside)[0], place]


def test_features_equal_a_walk_over_all_sites():
    rng = np.random.default_rng(0)
    matrices = [rng.dirichlet([0.3] * 4, width) for width in (8, 11)]
    indices = rng.integers(0, 4, (30, LENGTH)).astype(np.uint8)
    indices[:3, 20:40] = 4
    table = motif_features(indices, Scanner(matrices, BACKGROUND), BIN)
    assert table.shape == (30, 2, len(FEATURES))
    for row in range(3, 30):
        for motif, matrix in enumerate(matrices):
            expected = slow_features(indices[row], matrix)
            assert table[row, motif].tolist() == pytest.approx(expected, abs=1e-3)
    assert np.isfinite(table).all()


def test_features_do_not_depend_on_the_strand():
    rng = np.random.default_rng(0)
    scanner = Scanner([rng.dirichlet([0.3] * 4, 9)], BACKGROUND)
    indices = rng.integers(0, 4, (30, LENGTH)).astype(np.uint8)
    forward = motif_features(indices, scanner, BIN)
    reverse = motif_features(reverse_complement(indices), scanner, BIN)
    np.testing.assert_allclose(forward, reverse, atol=1e-3)


def test_a_motif_as_wide_as_the_window_has_one_site():
    rng = np.random.default_rng(0)
    scanner = Scanner([rng.dirichlet([0.3] * 4, LENGTH)], BACKGROUND)
    indices = rng.integers(0, 4, (5, LENGTH)).astype(np.uint8)
    [best, second, total, flanks, place] = motif_features(indices, scanner, BIN)[:, 0].T
    assert (best == second).all() and (best == flanks).all() and (place == 0).all()
    assert total.tolist() == pytest.approx((best / 2).tolist())


def test_each_target_sees_its_own_motif_alone(toy_dataset):
    rng = np.random.default_rng(0)
    matrices = [rng.dirichlet([0.3] * 4, width) for width in (6, 9, 7)]
    with open_dataset(toy_dataset) as data:
        both = fit_own_motifs(data, dict(enumerate(matrices[:2]))).predict(data, "test")
        other = fit_own_motifs(data, {0: matrices[2], 1: matrices[1]}).predict(data, "test")
    assert (both[:, 0] != other[:, 0]).any()
    np.testing.assert_allclose(both[:, 1], other[:, 1], rtol=1e-4)
