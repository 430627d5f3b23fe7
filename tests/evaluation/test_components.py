"""Where the error of a difference comes from, by sums that are written out."""

import numpy as np
import pytest

from danq.evaluation import components as c


def spread(n_seeds, n_targets=2, seed=0):
    rng = np.random.default_rng(seed)
    areas = rng.random((n_seeds, n_targets))
    replicates = rng.random((n_seeds, 50, n_targets)).astype(np.float32)
    return c.Spread(areas, 1 - areas, replicates, replicates - 0.5)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1, 1, "windows"),
        (3, 1, "windows"),
        (1, 3, "windows"),
        (2, 2, "windows"),
        (3, 3, "windows and seeds"),
        (3, 5, "windows and seeds"),
    ],
)
def test_what_an_interval_covers(a, b, expected):
    assert c.covered(spread(a), spread(b)) == expected


def test_the_shared_variance_is_that_of_obuchowski_and_rockette():
    rng = np.random.default_rng(1)
    windows = rng.normal(size=(3, 400, 1))  # common to all, and to the seeds of each model
    a = windows[0] + windows[1] + 0.3 * rng.normal(size=(3, 400, 1))
    b = windows[0] + windows[2] + 0.3 * rng.normal(size=(4, 400, 1))
    table = np.cov(np.concatenate([a, b])[..., 0])
    within_a = table[:3, :3][~np.eye(3, dtype=bool)].mean()
    within_b = table[3:, 3:][~np.eye(4, dtype=bool)].mean()
    expected = within_a + within_b - 2 * table[:3, 3:].mean()

    def variance(values):
        return values.var(axis=0, ddof=1)

    assert c.shared_variance(a, b, variance)[0] == pytest.approx(expected)
    whole = (a.mean(axis=0) - b.mean(axis=0)).var(ddof=1)
    assert c.trained_variance(a, b, variance)[0] == pytest.approx(whole)
    assert expected < whole


def test_seeds_that_share_nothing_have_no_shared_variance():
    def variance(values):
        return (values**2).sum(axis=0)

    a = np.array([[[1.0]], [[-1.0]]])
    assert c.trained_variance(a, a, variance) == 0
    assert c.shared_variance(a, a, variance) == 0  # below 0 without the bound


def test_the_variance_of_seeds_is_that_of_their_mean():
    areas = np.array([[0.1, 0.5], [0.3, 0.5], [0.2, 0.8]])
    assert c.seed_variance(areas) == pytest.approx(areas.var(axis=0, ddof=1) / 3)
    assert np.isnan(c.seed_variance(areas[:1])).all()


def test_the_mean_over_targets_is_a_spread_of_one_target_that_skips_what_is_undefined():
    whole = spread(3, n_targets=4)
    whole.replicates[0, 5, 1] = np.nan
    chosen = np.array([True, True, False, True])
    mean = c.mean_over(whole, chosen)
    assert mean.n_seeds == 3
    assert mean.auprc == pytest.approx(whole.auprc[:, chosen].mean(axis=1, keepdims=True))
    expected = np.nanmean(whole.replicates[..., chosen].astype(float), axis=-1, keepdims=True)
    assert mean.replicates == pytest.approx(expected)
    assert np.isnan(c.mean_over(whole, np.zeros(4, dtype=bool)).auroc).all()


def test_the_variance_of_a_bootstrap_skips_undefined_replicates_and_is_enlarged():
    values = np.random.default_rng(2).normal(size=(30, 2))
    expected = values.var(axis=0, ddof=1) * 10 / 9
    assert c.bootstrap_variance(values, 10) == pytest.approx(expected)
    with_gap = np.vstack([values, [[np.nan, np.nan]]])
    assert c.bootstrap_variance(with_gap, 10) == pytest.approx(expected)
    assert c.influence_variance(values) == pytest.approx((values**2).sum(axis=0))
