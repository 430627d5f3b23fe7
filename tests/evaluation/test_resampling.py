"""Measures in replicates of a bootstrap, against the plain measures of the drawn rows."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from danq.evaluation import resampling
from danq.evaluation.resampling import resampled_auroc, resampled_share, resampled_spearman
from danq.evaluation.uncertainty import draw_blocks

N = 200
BLOCKS = 12


@pytest.fixture
def sample(monkeypatch):
    """Draw blocks of rows with ties, in parts of a few replicates."""
    monkeypatch.setattr(resampling, "MOST_CELLS", 7 * N)
    rng = np.random.default_rng(3)
    x = rng.integers(0, 25, N).astype(float)
    y = x + rng.integers(0, 30, N)
    blocks = np.sort(rng.integers(0, BLOCKS, N))
    draws = draw_blocks(BLOCKS, 20, rng)
    rows = [np.repeat(np.arange(N), draw[blocks].astype(int)) for draw in draws]
    return x, y, blocks, draws, rows


def test_auroc(sample):
    x, y, blocks, draws, rows = sample
    labels = y > 30
    found = resampled_auroc(labels, x, blocks, draws)
    expected = [roc_auc_score(labels[drawn], x[drawn]) for drawn in rows]
    assert found == pytest.approx(expected, abs=1e-12)


def test_spearman(sample):
    x, y, blocks, draws, rows = sample
    found = resampled_spearman(x, y, blocks, draws)
    expected = [stats.spearmanr(x[drawn], y[drawn]).statistic for drawn in rows]
    assert found == pytest.approx(expected, abs=1e-12)


def test_share(sample):
    x, y, blocks, draws, rows = sample
    members = y > 20
    found = resampled_share(x > 10, members, blocks, draws)
    expected = [(x[drawn] > 10)[members[drawn]].mean() for drawn in rows]
    assert found == pytest.approx(expected, abs=1e-12)


def test_what_is_undefined_is_nan():
    x = np.array([1.0, 2.0, 3.0, 4.0])
    blocks = np.array([0, 0, 1, 1])
    only_first = np.array([[2, 0]], dtype=np.float32)
    labels = np.array([True, True, False, True])
    assert np.isnan(resampled_auroc(labels, x, blocks, only_first)).all()
    assert np.isnan(resampled_share(labels, ~labels, blocks, only_first)).all()
    flat = np.array([5.0, 5.0, 1.0, 2.0])
    assert np.isnan(resampled_spearman(x, flat, blocks, only_first)).all()
