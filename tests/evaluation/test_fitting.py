import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from danq.data.dataset import open_dataset
from danq.evaluation import fitting
from danq.evaluation.fitting import Features, Plan, fit_baseline, sample_windows


def base_counts(indices):
    """Count each base of windows."""
    return np.stack([(indices == base).sum(axis=1) for base in range(4)], axis=1).astype("f4")


PLAN = Plan("counts", Features(4, base_counts), LogisticRegression, range(2))


def test_overlapping_bins_are_fitted_side_by_side(toy, run_extract, tmp_path):
    places = {}
    for stride in (50, 200):
        folder = run_extract(toy, tmp_path / str(stride), stride=stride, train_bins="all")
        with open_dataset(folder / "dataset.h5") as data:
            rows, weights = sample_windows(data, fitting.MOST_WINDOWS)
            chrom, start = data.positions("train")
            places[stride] = list(zip(chrom[rows].tolist(), start[rows].tolist(), strict=True))
            assert (len(rows) == data.length("train")) == (stride == 200)
            assert weights is None
    # chr1 has 100 bins of 200 bp side by side; the windows of the first and of the last leave it.
    assert places[50] == places[200] == [(0, 100 + 200 * k) for k in range(98)]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_labelled_windows_are_preferred_and_weights_restore_the_ratio(toy_dataset, share):
    with open_dataset(toy_dataset) as data:
        labelled = data.labels("train").any(axis=1)
        most = int(share * len(labelled))
        rows, weights = sample_windows(data, most)
    assert len(rows) == most and (np.diff(rows) > 0).all()
    chosen = labelled[rows]
    assert chosen.sum() == min(labelled.sum(), max(most // 2, most - (~labelled).sum()))
    ratio = weights[chosen].sum() / weights[~chosen].sum()
    assert ratio == pytest.approx(labelled.sum() / (~labelled).sum())
    assert len(set(weights[chosen])) == len(set(weights[~chosen])) == 1
    assert weights.mean() == pytest.approx(1)  # else penalties would vanish on large genomes


def test_classifiers_equal_scikit_learn_on_the_same_table(toy_dataset):
    with open_dataset(toy_dataset) as data:
        scores = fit_baseline(data, PLAN).predict(data, "test")
        tables = {split: base_counts(data.base_indices(split)) for split in ("train", "test")}
        labels = data.labels("train")
    mean, sd = tables["train"].mean(axis=0), tables["train"].std(axis=0)
    train, test = ((tables[split] - mean) / np.where(sd > 0, sd, 1) for split in tables)
    for target in range(2):
        expected = LogisticRegression().fit(train, labels[:, target]).predict_proba(test)[:, 1]
        np.testing.assert_allclose(scores[:, target], expected, atol=1e-3)


def test_weighted_classifiers_equal_scikit_learn_on_the_same_windows(toy_dataset):
    with open_dataset(toy_dataset) as data:
        most = data.length("train") // 2
        scores = fit_baseline(data, PLAN._replace(most_windows=most)).predict(data, "valid")
        rows, weights = sample_windows(data, most)
        train, valid = (base_counts(data.base_indices(split)) for split in ("train", "valid"))
        labels = data.labels("train")[rows]
    chosen = train[rows]
    mean, sd = chosen.mean(axis=0), chosen.std(axis=0)
    train, valid = ((table - mean) / np.where(sd > 0, sd, 1) for table in (chosen, valid))
    for target in range(2):
        classifier = LogisticRegression().fit(train, labels[:, target], sample_weight=weights)
        expected = classifier.predict_proba(valid)[:, 1]
        np.testing.assert_allclose(scores[:, target], expected, rtol=1e-3)
        plain = LogisticRegression().fit(train, labels[:, target]).predict_proba(valid)[:, 1]
        assert not np.allclose(plain, expected, rtol=0.05)


THREADS = """
import sys
import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_info
from danq.data.dataset import open_dataset
from danq.evaluation.fitting import fit_baseline
from tests.evaluation.test_fitting import PLAN

def limits():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp"}

seen = []

class Recorder(LogisticRegression):
    def fit(self, *arguments, **options):
        seen.append(limits())
        return super().fit(*arguments, **options)

    def predict_proba(self, X):
        seen.append(limits())
        return super().predict_proba(X)

assert limits() == {2}
with open_dataset(sys.argv[1]) as data:
    fit_baseline(data, PLAN._replace(classifier=Recorder), threads=2).predict(data, "valid")
assert seen == [{1}] * 4, seen
assert limits() == {2}
"""


def test_classifiers_take_no_threads_beside_those_asked_for(toy_dataset):
    environment = os.environ | {"OMP_NUM_THREADS": "2"}
    command = [sys.executable, "-c", THREADS, str(toy_dataset)]
    subprocess.run(command, env=environment, check=True)


def test_blocks_and_threads_change_no_score(toy_dataset, monkeypatch):
    with open_dataset(toy_dataset) as data:
        before = fit_baseline(data, PLAN).predict(data, "test")
        monkeypatch.setattr(fitting, "_READ", 7)
        monkeypatch.setattr(fitting, "_PREDICTED", 10)
        after = fit_baseline(data, PLAN, threads=3).predict(data, "test")
    np.testing.assert_allclose(after, before, rtol=1e-5)


def test_a_target_without_both_labels_or_out_of_the_plan_has_no_score(toy_dataset):
    with open_dataset(toy_dataset) as data:
        fitted = fit_baseline(data, PLAN._replace(targets=[1]))
        scores = fitted.predict(data, "test")
    assert list(fitted.classifiers) == [1]
    assert np.isnan(scores[:, 0]).all() and not np.isnan(scores[:, 1]).any()


def test_the_table_of_features_is_bounded(toy_dataset, monkeypatch):
    asked = []
    sample = fitting.sample_windows
    monkeypatch.setattr(fitting, "MOST_CELLS", 4 * 30)
    monkeypatch.setattr(
        fitting, "sample_windows", lambda data, most: asked.append(most) or sample(data, most)
    )
    with open_dataset(toy_dataset) as data:
        fit_baseline(data, PLAN)
        fit_baseline(data, PLAN._replace(most_windows=20))
    assert asked == [30, 20]


def test_without_a_target_that_can_be_fitted_nothing_is_known(toy_dataset):
    nothing = Features(0, lambda indices: np.empty((len(indices), 0), dtype=np.float32))
    with open_dataset(toy_dataset) as data:
        fitted = fit_baseline(data, PLAN._replace(features=nothing, targets=[]))
        assert np.isnan(fitted.predict(data, "test")).all()
