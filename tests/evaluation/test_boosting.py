import numpy as np
import pytest

from danq.data.dataset import open_dataset
from danq.errors import DanqError
from danq.evaluation import boosting
from danq.evaluation.boosting import FEATURES, all_motif_features, fit_boosting
from danq.evaluation.scanning import distances
from danq.genome.sequence import reverse_complement
from danq.motif import meme
from danq.motif.meme import Motif, write_meme

BACKGROUND = np.full(4, 0.25)


def test_features_equal_a_walk_over_all_sites():
    rng = np.random.default_rng(0)
    matrices = [rng.dirichlet([0.3] * 4, width) for width in (9, 5, 9)]
    indices = rng.integers(0, 4, (20, 50)).astype(np.uint8)
    features = all_motif_features(matrices, BACKGROUND)
    table = features.compute(indices)
    assert table.shape == (20, features.n) == (20, 3 * len(FEATURES))
    for motif, matrix in enumerate(matrices):
        weights = meme.log_odds(matrix, BACKGROUND)
        width = len(matrix)
        for window, row in zip(indices, table[:, 3 * motif : 3 * motif + 3], strict=True):
            scores = []
            for start in range(50 - width + 1):
                site = window[start : start + width]
                strands = (weights, weights[::-1, ::-1])
                scores.append(max(strand[np.arange(width), site].sum() for strand in strands))
            total = np.log2(np.sum(2 ** (np.array(scores) / 2)))
            is_best = np.isclose(scores, max(scores))
            place = distances(50, width)[is_best].min()
            exact = np.array([max(scores), total, place])
            assert (np.abs(row - exact) <= np.array([0.125, 0.125, 1]) + 1e-3).all()
            assert (row % [0.25, 0.25, 2] == 0).all()


def test_features_depend_neither_on_strand_nor_on_threads_nor_on_parts(monkeypatch):
    rng = np.random.default_rng(0)
    matrices = [rng.dirichlet([0.3] * 4, width) for width in (9, 8)]
    indices = rng.integers(0, 4, (40, 50)).astype(np.uint8)
    table = all_motif_features(matrices, BACKGROUND).compute(indices)
    reverse = all_motif_features(matrices, BACKGROUND).compute(reverse_complement(indices))
    # A rounding error may decide to which step a feature is rounded.
    steps = np.tile([0.25, 0.25, 2], 2)
    assert (np.abs(table - reverse) <= steps).all() and (table == reverse).mean() > 0.95
    monkeypatch.setattr(boosting, "_PART", 16)
    threaded = all_motif_features(matrices, BACKGROUND, threads=3).compute(indices)
    np.testing.assert_array_equal(table, threaded)


def test_the_features_that_separate_the_labels_are_chosen():
    rng = np.random.default_rng(0)
    labels = (rng.random(500) < 0.2).astype(np.uint8)
    table = rng.normal(size=(500, 3 * boosting.SEEN)).astype(np.float32)
    told = [7, 100, 250]
    table[:, told] += labels[:, None] * np.array([2, -2, 2])
    table = (table - table.mean(axis=0)) / table.std(axis=0)
    columns = boosting.correlated(table, labels, 0)
    assert len(columns) == boosting.SEEN and (np.diff(columns) > 0).all()
    assert set(told) <= set(columns)
    correlations = [abs(np.corrcoef(labels, column)[0, 1]) for column in table.T]
    assert set(columns) == set(np.argsort(correlations)[-boosting.SEEN :])


def test_a_motif_that_is_wider_than_a_window_is_left_out(toy_dataset, tmp_path):
    rng = np.random.default_rng(0)
    wide = Motif("wide", "", rng.dirichlet([1] * 4, 2000))
    write_meme(tmp_path / "known.meme", [Motif("M1", "", rng.dirichlet([1] * 4, 6)), wide])
    with open_dataset(toy_dataset) as data:
        assert fit_boosting(data, tmp_path / "known.meme").features.n == len(FEATURES)


def test_motifs_none_of_which_fits_a_window_are_refused(toy_dataset, tmp_path):
    wide = Motif("wide", "", np.random.default_rng(0).dirichlet([1] * 4, 2000))
    write_meme(tmp_path / "known.meme", [wide])
    message = "known.meme fits into a window of .* bp; give shorter motifs, or leave boosting out"
    with open_dataset(toy_dataset) as data, pytest.raises(DanqError, match=message):
        fit_boosting(data, tmp_path / "known.meme")
