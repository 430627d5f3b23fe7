"""The test split, and metrics on it fold by fold."""

import numpy as np
import pandas as pd
import pytest

from danq.data.dataset import open_dataset
from danq.data.folds import fold_of_windows
from danq.evaluation.comparison import compare
from danq.evaluation.metrics import METRICS, measure
from danq.evaluation.split import (
    Split,
    fold_columns,
    mean_of_defined,
    measure_split,
    read_test_split,
)
from tests.data.test_folds import make_folds

FACTS = pd.DataFrame({"target": [0, 1], "name": ["a", "b"], "group": ["x", "x"]})


def random_split(folds):
    rng = np.random.default_rng(0)
    labels = (rng.random((90, 2)) < 0.4).astype(np.uint8)
    return Split(labels, FACTS, np.arange(90), folds), rng.random((90, 2))


def test_a_single_split_is_measured_as_it_is():
    test, scores = random_split(None)
    measured = measure_split(test, scores)
    for name, values in measure(test.labels, scores).items():
        assert (measured.mean[name] == values).all() and len(measured.by_fold[name]) == 1
    assert (test.n_folds, test.rows()) == (1, [slice(None)])
    assert fold_columns("auprc", measured.by_fold["auprc"]) == {}


def test_each_fold_is_measured_by_itself():
    test, scores = random_split(np.arange(90) % 3)
    # What ranks the folds one after the other would ruin areas over all windows.
    shifted = scores + 10 * (np.arange(90) % 3)[:, np.newaxis]
    measured = measure_split(test, shifted, names=["auprc", "auroc"])
    assert set(measured.mean) == {"auprc", "auroc"}
    for fold in range(3):
        alone = measure(test.labels[fold::3], scores[fold::3])
        for name in ("auprc", "auroc"):
            assert np.allclose(measured.by_fold[name][fold], alone[name])
    assert np.allclose(measured.mean["auroc"], measured.by_fold["auroc"].mean(axis=0))


def test_folds_without_a_positive_do_not_count():
    test, scores = random_split(np.arange(90) % 3)
    test.labels[1::3, 0] = 0
    measured = measure_split(test, scores)
    assert np.isnan(measured.by_fold["auprc"][1, 0])
    both = measured.by_fold["auprc"][[0, 2], 0].mean()
    assert np.isclose(measured.mean["auprc"][0], both)
    assert list(measured.mean) == list(METRICS)


def test_the_mean_of_what_is_defined():
    values = np.array([[1.0, np.nan, np.nan], [3.0, 4.0, np.nan]])
    assert mean_of_defined(values)[:2].tolist() == [2.0, 4.0]
    assert np.isnan(mean_of_defined(values)[2]) and np.isnan(mean_of_defined(values[:0])).all()


def test_the_folds_of_a_dataset(toy, tmp_path):
    *parts, whole = make_folds(toy, tmp_path, ["3"])
    with open_dataset(whole) as data:
        test = read_test_split(data)
        assert (test.folds == fold_of_windows(data)).all() and test.n_folds == 3
    with open_dataset(parts[0]) as data:
        assert read_test_split(data).folds is None


@pytest.mark.parametrize("folds", [None, np.arange(90) % 3])
def test_some_targets_are_compared_as_among_all(folds):
    test, scores = random_split(folds)
    rng = np.random.default_rng(1)
    by_model = {"danq": scores, "deepsea": rng.random((90, 2))}

    def compared(targets):
        chosen = test.of_targets(targets)
        own = {model: [values[:, targets]] for model, values in by_model.items()}
        measured = {model: [measure_split(chosen, columns[0])] for model, columns in own.items()}
        return compare(chosen, own, measured).set_index("name")

    both = compared([0, 1]).loc["b"]
    alone = compared([1]).loc["b"]
    for name in ("difference", "low", "high", "p"):
        assert both[name] == pytest.approx(alone[name], rel=1e-6)
    assert both["covers"] == alone["covers"] and np.isfinite(alone["low"])
