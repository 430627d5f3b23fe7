"""Thresholds on the validation split: against a search through all of them."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score

from danq.data.dataset import open_dataset
from danq.data.predictions import write_predictions
from danq.data.thresholds import read_thresholds
from danq.errors import DanqError
from danq.evaluation.thresholds import NONE, choose_threshold, thresholds
from danq.files import read_table


def example(seed, n=60):
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < 0.3).astype(np.uint8)
    scores = np.round(rng.random(n) * 0.6 + 0.3 * labels, 1 if seed % 2 else 6)
    return labels, scores


@pytest.mark.parametrize("seed", range(6))
def test_the_best_f1_is_that_of_a_search_through_all_scores(seed):
    labels, scores = example(seed)
    found = choose_threshold(labels, scores)
    best = max(f1_score(labels, scores >= limit) for limit in np.unique(scores))
    called = scores >= found.threshold
    assert found.f1 == pytest.approx(best) == pytest.approx(f1_score(labels, called))
    assert found.precision == pytest.approx(precision_score(labels, called))
    assert found.recall == pytest.approx(labels[called].sum() / labels.sum())


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("fdr", [0.1, 0.3])
def test_the_lowest_threshold_that_keeps_to_the_false_discovery_rate(seed, fdr):
    labels, scores = example(seed)
    found = choose_threshold(labels, scores, fdr)
    kept = [x for x in np.unique(scores) if 1 - labels[scores >= x].mean() <= fdr]
    kept = [x for x in kept if labels[scores >= x].any()]
    assert (found == NONE) if not kept else (found.threshold == min(kept))


def test_a_target_without_positives_or_precision_has_none():
    none = np.zeros(5, dtype=np.uint8)
    assert choose_threshold(none, np.arange(5) / 5) is NONE
    worst = np.array([1, 0, 0], dtype=np.uint8)
    assert choose_threshold(worst, np.array([0.1, 0.8, 0.9]), fdr=0.05) is NONE


def test_thresholds_are_those_of_mean_predictions_of_the_validation_split(toy_dataset, tmp_path):
    with open_dataset(toy_dataset) as data:
        labels = data.labels("valid")
        checksums = {split: data.split_checksum(split) for split in ("valid", "test")}
        names = data.names
    rng = np.random.default_rng(1)
    tables = [rng.random(labels.shape).astype(np.float32) for _ in range(2)]
    paths = [tmp_path / f"{number}.h5" for number in range(2)]
    for number, (path, table) in enumerate(zip(paths, tables, strict=True)):
        write_predictions(path, table, "danq", str(number), "valid", checksums["valid"])
    thresholds(toy_dataset, paths, tmp_path / "t.tsv")
    mean = (tables[0].astype(float) + tables[1]) / 2
    expected = [choose_threshold(labels[:, k], mean[:, k]) for k in range(len(names))]
    table = read_table(tmp_path / "t.tsv")
    assert table["threshold"].tolist() == pytest.approx([found.threshold for found in expected])
    assert table["n_positive"].tolist() == labels.sum(axis=0).tolist()
    assert set(read_thresholds(tmp_path / "t.tsv", names)) == set(names)
    write_predictions(paths[1], tables[1], "danq", "1", "test", checksums["test"])
    with pytest.raises(DanqError, match=r"1\.h5: not predictions of the validation split"):
        thresholds(toy_dataset, paths, tmp_path / "other.tsv")
    assert not (tmp_path / "other.tsv").exists()
    with pytest.raises(DanqError, match="--fdr 1 is not a share of called bins"):
        thresholds(toy_dataset, paths[:1], tmp_path / "other.tsv", fdr=1.0)
