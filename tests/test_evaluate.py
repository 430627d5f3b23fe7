import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from danq import evaluate as module
from danq.dataset import open_dataset
from danq.errors import DanqError
from danq.evaluate import auprc, auroc, block_weights, compare, decoy_auroc, evaluate, genomic_blocks, weighted_auprc
from danq.files import read_table
from danq.predictions import write_predictions


def columns(n, t, seed, levels=None):
    """Return labels and scores (n, t); few levels make ties."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((n, t)) < 0.3).astype(np.uint8)
    scores = rng.random((n, t)) if levels is None else rng.integers(0, levels, (n, t)) / levels
    return labels, scores + 0.2 * labels


@given(st.integers(0, 500), st.sampled_from([None, 3, 10]))
def test_areas_are_scikit_learns_and_undefined_is_nan(seed, levels):
    labels, scores = columns(60, 4, seed, levels)
    labels[:, 2], labels[:, 3] = 0, 1
    for ours, theirs in ((auprc, average_precision_score), (auroc, roc_auc_score)):
        found = ours(labels, scores)
        for t in (0, 1):
            assert found[t] == theirs(labels[:, t], scores[:, t])
        assert np.isnan(found[2:]).all()


@given(st.integers(0, 500), st.sampled_from([None, 2, 7]))
def test_weighted_area_is_scikit_learns(seed, levels):
    labels, scores = (column[:, 0] for column in columns(50, 1, seed, levels))
    weights = np.random.default_rng(seed).integers(0, 4, (5, 50))
    found = weighted_auprc(labels, scores, weights)
    for row, weight in enumerate(weights):
        if (weight * labels).sum() == 0:
            assert np.isnan(found[row])
        else:
            assert found[row] == pytest.approx(average_precision_score(labels, scores, sample_weight=weight), abs=1e-12)


def test_weights_of_one_give_the_plain_area():
    labels, scores = columns(200, 3, 1, 20)
    for t in range(3):
        assert weighted_auprc(labels[:, t], scores[:, t], np.ones((1, 200)))[0] == pytest.approx(
            auprc(labels, scores)[t])


def test_blocks_are_drawn_whole():
    blocks = genomic_blocks(["chr1"] * 4 + ["chr2"] * 2, np.array([0, 49_999, 50_000, 50_200, 0, 200]))
    assert len(set(blocks)) == 3 and blocks[0] == blocks[1] != blocks[2] == blocks[3] and blocks[4] == blocks[5]
    weights = block_weights(blocks, 50, np.random.default_rng(0))
    assert all(len(set(weights[row][blocks == block])) == 1 for row in range(50) for block in set(blocks))
    drawn = np.array([[weights[row][blocks == block][0] for block in range(3)] for row in range(50)])
    assert (drawn.sum(axis=1) == 3).all() and len(np.unique(drawn, axis=0)) > 3


def test_decoys_measure_the_rule_alone():
    labels = np.array([[1], [1], [0], [0], [0]], dtype=np.uint8)
    decoys = np.array([[True], [False], [True], [True], [False]])
    # Against decoys (0.8, 0.3) the positives (0.9, 0.4) win 3 of 4 comparisons; the last window is no decoy.
    assert decoy_auroc(labels, np.array([[0.9], [0.4], [0.8], [0.3], [0.95]]), decoys).tolist() == [0.75]


FACTS = pd.DataFrame({"target": [0, 1, 2], "name": ["a", "b", "c"], "group": ["x", "x", "y"]})


def contrast(labels, danq, deepsea):
    blocks = np.arange(len(labels)) // 10
    return compare(FACTS, labels, {"deepsea": deepsea, "danq": danq}, blocks).set_index("target")


def test_a_model_against_itself_differs_by_nothing():
    labels, scores = columns(300, 3, 2)
    table = contrast(labels, [scores], [scores])
    assert (table[["difference", "low", "high", "auroc_difference"]] == 0).all(axis=None)
    assert table["pair"].unique().tolist() == ["danq - deepsea"]


def test_a_better_model_is_seen_and_the_mean_is_the_mean_of_the_defined():
    labels, scores = columns(400, 3, 3)
    labels[:, 2] = 0
    table = contrast(labels, [scores + 0.4 * labels], [scores])
    assert (table.loc[["0", "1", "mean"], "low"] > 0).all()
    assert table.loc["2", ["auprc_a", "difference", "low", "high"]].isna().all()
    expected = np.mean([average_precision_score(labels[:, t], (scores + 0.4 * labels)[:, t]) for t in (0, 1)])
    assert table.loc["mean", "auprc_a"] == pytest.approx(expected)
    assert (table["low"].dropna() <= table["difference"].dropna()).all()


def test_seeds_are_averaged():
    labels, scores = columns(200, 3, 4)
    other = columns(200, 3, 5)[1]
    table = contrast(labels, [scores, other], [scores])
    expected = (auprc(labels, scores) + auprc(labels, other)) / 2
    assert np.allclose(table["auprc_a"].iloc[:3], expected)


def test_seeds_are_drawn_with_replacement_and_alone():
    shares = module.seed_weights(3, 500, np.random.default_rng(0))
    assert np.allclose(shares.sum(axis=1), 1) and np.allclose(shares.mean(axis=0), 1 / 3, atol=0.05)
    assert set(np.round(shares * 3).ravel()) == {0, 1, 2, 3}
    assert (module.seed_weights(1, 5, np.random.default_rng(0)) == 1).all()


def test_seeds_that_differ_widen_the_interval():
    # Two models that are good from one seed and bad from another: whichever is drawn, the difference may turn round.
    labels, scores = columns(400, 3, 6)
    good, bad = scores + 0.5 * labels, columns(400, 3, 7)[1]
    one = contrast(labels, [good], [bad]).loc["mean"]
    several = contrast(labels, [good, bad], [bad, good]).loc["mean"]
    assert one["low"] > 0 and several["low"] < 0 < several["high"]
    assert several["difference"] == pytest.approx(0)


def test_the_interval_covers_a_known_difference():
    # 120 sets of 600 windows, blocks of 10 with scores shared in part inside a block; equal models, so the truth is 0.
    rng, covered = np.random.default_rng(0), 0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "REPLICATES", 200)
        for _ in range(120):
            labels = np.repeat(rng.random((60, 1)) < 0.3, 10, axis=0).astype(np.uint8)
            models = [labels + np.repeat(rng.normal(size=(60, 1)), 10, axis=0) + 0.3 * rng.normal(size=(600, 1))
                      for _ in range(2)]
            row = compare(FACTS[:1], labels, {"deepsea": [models[0]], "danq": [models[1]]},
                          np.arange(600) // 10).iloc[0]
            covered += row["low"] <= 0 <= row["high"]
    assert 0.88 * 120 <= covered <= 120


def test_tables_from_files(toy_dataset, tmp_path):
    with open_dataset(toy_dataset) as dataset:
        labels, windows = dataset.labels("test"), dataset.digest("test")
    rng = np.random.default_rng(0)
    files = []
    for model, seed in (("deepsea", "0"), ("danq", "0"), ("danq", "1"), ("scan", "NA")):
        scores = rng.random(labels.shape)
        if model == "scan":
            scores[:, 1] = np.nan
        write_predictions(tmp_path / f"{model}{seed}.h5", scores, model, seed, "test", windows)
        files.append(tmp_path / f"{model}{seed}.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate(toy_dataset, files, tmp_path / "metrics.tsv", tmp_path / "comparison.tsv")
    metrics = read_table(tmp_path / "metrics.tsv")
    assert metrics.columns[:10].tolist() == ["model", "seed", "target", "name", "group", "n", "n_positive",
                                             "prevalence", "auroc", "auprc"]
    assert len(metrics) == 2 * 3 + 1
    assert (metrics["prevalence"] == metrics["n_positive"] / metrics["n"]).all()
    assert metrics[metrics["model"] == "scan"]["name"].tolist() == ["Factor A"]
    comparison = read_table(tmp_path / "comparison.tsv")
    assert comparison["target"].tolist() == ["0", "1", "mean"]


def test_predictions_of_other_windows_or_given_twice_are_refused(toy_dataset, tmp_path):
    with open_dataset(toy_dataset) as dataset:
        shape, windows, others = dataset.labels("test").shape, dataset.digest("test"), dataset.digest("valid")
    assert windows != others
    path, tables = tmp_path / "p.h5", (tmp_path / "m.tsv", tmp_path / "c.tsv")
    for scores, digest in ((np.zeros(shape), others), (np.zeros((3, 2)), windows)):
        write_predictions(path, scores, "danq", "0", "test", digest)
        with pytest.raises(DanqError, match=r"p\.h5: does not predict the test windows of this dataset"):
            evaluate(toy_dataset, [path], *tables)
    write_predictions(path, np.zeros(shape), "danq", "0", "test", windows)
    with pytest.raises(DanqError, match="predictions of danq, seed 0, are given twice"):
        evaluate(toy_dataset, [path, path], *tables)
    assert not tables[0].exists()


def test_intervals_are_the_central_95_percent():
    assert module.interval(np.append(np.arange(1001.0), np.nan)) == (25.0, 975.0)
    assert np.isnan(module.interval(np.array([np.nan]))).all()


def test_a_replicate_without_a_target_does_not_count_it_as_0():
    drawn = np.array([[0.5, np.nan], [0.2, 0.4], [np.nan, np.nan]])
    found = module._mean_over_targets(drawn)
    assert found[:2].tolist() == pytest.approx([0.5, 0.3]) and np.isnan(found[2])


def test_too_few_blocks_give_no_interval(capsys):
    labels, scores = columns(300, 3, 2)
    table = compare(FACTS, labels, {"deepsea": [scores], "danq": [scores + 0.1 * labels]}, np.arange(300) // 60)
    assert table[["low", "high"]].isna().all(axis=None) and table["difference"].notna().all()
    assert "warning: the test split lies in 5 blocks" in capsys.readouterr().err
