"""Measures of variants and their intervals."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from danq.evaluation.components import WINDOWS, WINDOWS_AND_SEEDS
from danq.evaluation.variant_measures import (
    difference,
    measure,
    one_target,
    rank_correlation,
    sample,
)
from danq.genome.variant_labels import VariantLabels

N = 400


def labels(kind, values):
    rng = np.random.default_rng(1)
    columns = {"chrom": "chr1", "pos": np.sort(rng.integers(1, 1_500_000, N)), "ref": "A"}
    places = pd.DataFrame(columns).assign(alt="C")
    names = [f"t{target}" for target in range(values.shape[1])]
    return VariantLabels(kind, places, names, names, values.astype(float))


def seeds(values, n, noise, seed=0):
    rng = np.random.default_rng(seed)
    return [values + noise * rng.standard_normal(values.shape) for _ in range(n)]


def effects():
    rng = np.random.default_rng(2)
    return rng.choice([-1, 0, 1], (N, 2), p=[0.2, 0.7, 0.1])


def test_measures_are_those_of_scikit_learn_and_scipy():
    values = effects()
    (change,) = seeds(values, 1, 0.8)
    found = measure(sample(labels("effect", values)), [change])
    for target in range(2):
        moved = values[:, target] != 0
        size = np.abs(change[:, target])
        measured = {name: replicated.values[0, target] for name, replicated in found.items()}
        assert measured["auroc"] == pytest.approx(roc_auc_score(moved, size))
        assert measured["auprc"] == pytest.approx(average_precision_score(moved, size))
        right = np.sign(change[moved, target]) == values[moved, target]
        assert measured["sign"] == pytest.approx(right.mean())
        rho = stats.spearmanr(change[:, target], values[:, target]).statistic
        assert measured["spearman"] == pytest.approx(rho)


def test_a_kind_of_label_has_its_measures():
    rng = np.random.default_rng(3)
    numbers = rng.standard_normal((N, 1))
    found = measure(sample(labels("number", numbers)), seeds(numbers, 1, 1))
    assert np.isnan(found["auroc"].values).all() and np.isfinite(found["spearman"].values).all()
    binary = (numbers > 1).astype(float)
    found = measure(sample(labels("binary", binary)), seeds(binary, 1, 1))
    assert np.isnan(found["sign"].values).all() and np.isfinite(found["auprc"].values).all()
    assert np.isnan(found["spearman"].replicates).all()


def test_a_target_without_an_effect_is_left_out_of_the_mean():
    values = effects()
    values[:, 1] = 0
    found = measure(sample(labels("effect", values)), seeds(values, 2, 1))
    assert np.isnan(found["auroc"].values[:, 1]).all()
    assert found["auroc"].mean().values[:, 0].tolist() == found["auroc"].values[:, 0].tolist()


def test_intervals_cover_seeds_where_there_are_three_and_compare_pairs():
    values = effects()
    given = sample(labels("effect", values))
    good = measure(given, seeds(values, 3, 0.3))["auroc"]
    poor = measure(given, seeds(values, 3, 3.0, seed=9))["auroc"]
    n_blocks = given.draws.shape[1]
    degrees = given.degrees(None)
    found = difference(good.mean(), poor.mean(), degrees, n_blocks)
    assert found.covers == WINDOWS_AND_SEEDS and 0 < found.low < found.value < found.high
    assert found.value == pytest.approx(good.values.mean() - poor.values.mean())
    same = difference(good.mean(), good.mean(), degrees, n_blocks)
    assert same.value == 0 and same.low <= 0 <= same.high
    alone = difference(one_target(good, 0), None, given.degrees(0), n_blocks)
    assert alone.low <= good.values[:, 0].mean() <= alone.high
    single = measure(given, seeds(values, 1, 0.3))["auroc"]
    assert difference(single.mean(), poor.mean(), degrees, n_blocks).covers == WINDOWS


def test_too_few_blocks_have_no_interval():
    values = effects()
    known = labels("effect", values)
    near = known._replace(places=known.places.assign(pos=known.places["pos"] // 10))
    given = sample(near)
    found = measure(given, seeds(values, 3, 0.3))["auroc"]
    result = difference(found.mean(), None, given.degrees(None), given.draws.shape[1])
    assert np.isfinite(result.value) and np.isnan(result.low) and result.covers is None


def test_agreement_is_the_mean_rank_correlation():
    values = effects()
    given = sample(labels("effect", values))
    a, b = seeds(values, 2, 0.5)
    found = rank_correlation(a, b, given.blocks, given.draws)
    expected = [stats.spearmanr(a[:, t], b[:, t]).statistic for t in range(2)]
    assert found["spearman"] == pytest.approx(np.mean(expected))
    assert found["low"] < found["spearman"] < found["high"]
    assert rank_correlation(a, a, given.blocks, given.draws)["low"] == pytest.approx(1)
