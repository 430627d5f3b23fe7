"""Models compared over folds: a mean of differences, and its corrected variance."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from danq.evaluation.comparison import compare
from danq.evaluation.components import WINDOWS_SEEDS_AND_FOLDS
from danq.evaluation.fold_comparison import (
    MIN_FOLDS,
    columns_of,
    compare_folds,
    corrected_variance,
    held_out_ratio,
)
from danq.evaluation.metrics import measure
from danq.evaluation.pair_tables import COLUMNS
from danq.evaluation.split import Split, measure_split

FACTS = pd.DataFrame({"target": [0, 1, 2], "name": ["a", "b", "c"], "group": ["x", "x", "y"]})
K, SIZE = 5, 60


def made_split(rng, k=K, size=SIZE, folds=None):
    """Return a split of k folds, and scores of two seeds of two models."""
    n = k * size
    labels = (rng.random((n, 3)) < 0.3).astype(np.uint8)
    folds = np.arange(n) // size if folds is None else folds
    test = Split(labels, FACTS, np.arange(n) // 10, folds)
    scores = {
        model: [rng.random((n, 3)) + gain * labels for _ in range(2)]
        for model, gain in (("deepsea", 0.1), ("danq", 0.3))
    }
    return test, scores


def compared(test, scores):
    measured = {
        model: [measure_split(test, values) for values in seeds] for model, seeds in scores.items()
    }
    table = compare(test, scores, measured)
    pd.testing.assert_frame_equal(table, compare_folds(test, measured))
    return table


def by_fold(test, scores, area="auprc"):
    """Return the differences of each fold and target, by the areas of each fold alone."""
    rows = []
    for fold in range(test.n_folds):
        here = test.folds == fold
        means = {
            model: np.mean(
                [measure(test.labels[here], values[here])[area] for values in seeds], axis=0
            )
            for model, seeds in scores.items()
        }
        rows.append(means["danq"] - means["deepsea"])
    return np.array(rows)


def test_the_interval_of_a_target_is_that_of_nadeau_and_bengio():
    test, scores = made_split(np.random.default_rng(1))
    table = compared(test, scores)
    differences = by_fold(test, scores)
    # By their paper: (1/J + n2/n1) times the variance over J splits; 60 of 180 are tested.
    variance = differences.var(axis=0, ddof=1) * (1 / K + SIZE / (3 * SIZE))
    margin = np.sqrt(variance) * stats.t.ppf(0.975, K - 1)
    rows = table[table["target"].isin(["0", "1", "2"])]
    mean = differences.mean(axis=0)
    assert np.allclose(rows["difference"], mean)
    assert np.allclose(rows["fold_sd"], np.sqrt(variance))
    assert np.allclose(rows["low"], mean - margin) and np.allclose(rows["high"], mean + margin)
    p = 2 * stats.t.sf(np.abs(mean) / np.sqrt(variance), K - 1)
    assert np.allclose(rows["p"].astype(float), p)
    for fold in range(K):
        assert np.allclose(rows[f"difference_fold{fold}"], differences[fold])
    auroc = by_fold(test, scores, "auroc")
    assert np.allclose(rows["auroc_difference"], auroc.mean(axis=0))
    width = rows["auroc_high"] - rows["auroc_low"]
    sd = np.sqrt(auroc.var(axis=0, ddof=1) * (1 / K + 1 / 3))
    assert np.allclose(width, 2 * stats.t.ppf(0.975, K - 1) * sd)


def test_the_rows_of_means_are_of_the_mean_of_each_fold():
    test, scores = made_split(np.random.default_rng(2))
    table = compared(test, scores).set_index(["target", "group"])
    differences = by_fold(test, scores)
    for key, members in ((("mean", "all"), [0, 1, 2]), (("group", "x"), [0, 1])):
        row = table.loc[key]
        of_folds = differences[:, members].mean(axis=1)
        assert row["difference"] == pytest.approx(of_folds.mean())
        variance = of_folds.var(ddof=1) * (1 / K + 1 / 3)
        assert row["fold_sd"] == pytest.approx(np.sqrt(variance))
        assert row["n_targets"] == len(members) and row["covers"] == WINDOWS_SEEDS_AND_FOLDS


def test_the_columns_are_those_of_any_comparison_and_those_of_folds():
    test, scores = made_split(np.random.default_rng(3))
    table = compared(test, scores)
    assert table.columns.tolist() == columns_of(K)
    assert columns_of(K)[: len(COLUMNS)] == COLUMNS
    assert table["sampling_sd"].isna().all() and table["seed_sd"].notna().all()
    assert compared(test, {"danq": scores["danq"]}).empty


def test_a_model_against_itself_differs_by_nothing():
    test, scores = made_split(np.random.default_rng(4))
    table = compared(test, {"deepsea": scores["danq"], "danq": scores["danq"]})
    assert (table[["difference", "low", "high"]] == 0).all(axis=None) and (table["p"] == 1).all()


@pytest.mark.parametrize("n_known", [2, MIN_FOLDS, 5])
def test_a_target_without_positives_in_some_folds_is_compared_in_the_others(n_known):
    test, scores = made_split(np.random.default_rng(5))
    test.labels[test.folds >= n_known, 1] = 0
    row = compared(test, scores).set_index("target").loc["1"]
    known = by_fold(test, scores)[:n_known, 1]
    assert row["difference"] == pytest.approx(known.mean()) and row["n_folds"] == n_known
    assert np.isnan(row["low"]) == (n_known < MIN_FOLDS)
    assert pd.isna(row["covers"]) == (n_known < MIN_FOLDS)
    if n_known >= MIN_FOLDS:
        sd = np.sqrt(known.var(ddof=1) * (1 / n_known + 1 / 3))
        margin = sd * stats.t.ppf(0.975, n_known - 1)
        assert row["high"] - row["low"] == pytest.approx(2 * margin)


def test_a_target_that_no_fold_knows_is_left_out_of_means():
    test, scores = made_split(np.random.default_rng(6))
    test.labels[:, 2] = 0
    table = compared(test, scores).set_index("target")
    assert np.isnan(table.loc["2", "difference"]) and table.loc["mean", "n_targets"] == 2
    expected = by_fold(test, scores)[:, :2].mean()
    assert table.loc["mean", "difference"] == pytest.approx(expected)


def test_windows_tested_to_windows_trained_on():
    labels = np.zeros((10, 1), np.uint8)
    folds = np.repeat([0, 1, 2, 3], [1, 2, 3, 4])
    test = Split(labels, FACTS[:1], np.arange(10), folds)
    # By hand: fold 0 trains on folds 2 and 3, fold 1 on 3 and 0, fold 2 on 0 and 1, fold 3 on 1, 2.
    assert held_out_ratio(test) == pytest.approx(np.mean([1 / 7, 2 / 5, 3 / 3, 4 / 5]))


def test_the_variance_is_larger_than_that_of_independent_folds_and_unknown_of_one():
    differences = np.random.default_rng(7).normal(size=(4, 3))
    differences[1:, 2] = np.nan
    variance = corrected_variance(differences, 0.5)
    assert np.isnan(variance[2])
    plain = differences[:, :2].var(axis=0, ddof=1) / 4
    assert np.allclose(variance[:2], plain * 4 * (1 / 4 + 0.5))
