import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from danq.data.dataset import open_dataset
from danq.data.predictions import write_predictions
from danq.errors import DanqError
from danq.evaluation import evaluate as module
from danq.evaluation.evaluate import Split, compare, decoy_auroc, evaluate
from danq.evaluation.metrics import METRICS, measure
from danq.files import read_table


def columns(n, t, seed, levels=None):
    """Return labels and scores (n, t); few levels make ties."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((n, t)) < 0.3).astype(np.uint8)
    scores = rng.random((n, t)) if levels is None else rng.integers(0, levels, (n, t)) / levels
    return labels, scores + 0.2 * labels


def test_decoys_measure_the_rule_alone():
    labels = np.array([[1], [1], [0], [0], [0]], dtype=np.uint8)
    decoys = np.array([[True], [False], [True], [True], [False]])
    # Against decoys (0.8, 0.3) the positives (0.9, 0.4) win 3 of 4 comparisons; the last window is no decoy.
    assert decoy_auroc(labels, np.array([[0.9], [0.4], [0.8], [0.3], [0.95]]), decoys).tolist() == [
        0.75
    ]


FACTS = pd.DataFrame({"target": [0, 1, 2], "name": ["a", "b", "c"], "group": ["x", "x", "y"]})


def compared(test, models, threads=1):
    measured = {
        model: [measure(test.labels, scores) for scores in seeds] for model, seeds in models.items()
    }
    return compare(test, models, measured, threads)


def contrast(labels, danq, deepsea, size=10):
    """Compare two models in blocks of `size` windows; the row of each group has its name as target."""
    test = Split(labels, FACTS[: labels.shape[1]], np.arange(len(labels)) // size)
    table = compared(test, {"deepsea": deepsea, "danq": danq})
    assert table.columns.tolist() == module.COLUMNS and table["pair"].unique().tolist() == [
        "danq - deepsea"
    ]
    return table.assign(
        target=table["target"].where(table["target"] != "group", table["group"])
    ).set_index("target")


def test_a_model_against_itself_differs_by_nothing():
    labels, scores = columns(300, 3, 2)
    table = contrast(labels, [scores], [scores])
    for column in (
        "difference",
        "low",
        "high",
        "sampling_sd",
        "auroc_difference",
        "auroc_low",
        "auroc_high",
    ):
        assert (table[column] == 0).all()
    assert (table["p"] == 1).all() and table["wilcoxon_p"].isna().all()


def test_a_better_model_is_seen_and_means_are_of_the_defined():
    labels, scores = columns(400, 3, 3)
    labels[:, 2] = 0
    table = contrast(labels, [scores + 0.4 * labels], [scores])
    sure = table.loc[["0", "1", "mean", "x"]]
    assert (sure[["low", "auroc_low"]] > 0).all(axis=None) and (sure[["p", "auroc_p"]] < 0.001).all(
        axis=None
    )
    assert table.loc["2", ["auprc_a", "difference", "low", "high", "p", "q"]].isna().all()
    assert table.loc["y", "n_targets"] == 0 and np.isnan(table.loc["y", "difference"])
    expected = np.mean(
        [average_precision_score(labels[:, t], (scores + 0.4 * labels)[:, t]) for t in (0, 1)]
    )
    for target in ("mean", "x"):
        assert table.loc[target, "auprc_a"] == pytest.approx(expected)
        assert table.loc[target, ["n_targets", "improved"]].tolist() == [2, 1]


def test_metrics_are_scikit_learns_and_seeds_are_averaged():
    labels, scores = columns(200, 3, 4)
    other = columns(200, 3, 5)[1]
    table = contrast(labels, [scores, other], [scores])
    for area, metric in (("auprc", average_precision_score), ("auroc", roc_auc_score)):
        found = np.array(
            [[metric(labels[:, t], seed[:, t]) for t in range(3)] for seed in (scores, other)]
        )
        assert table[f"{area}_a"].iloc[:3].to_numpy() == pytest.approx(found.mean(axis=0))
        assert table[f"{area}_b"].iloc[:3].to_numpy() == pytest.approx(found[0])


def test_the_standard_error_of_a_target_is_that_of_a_bootstrap_done_window_by_window():
    labels, scores = columns(400, 1, 8)
    other = columns(400, 1, 9)[1]
    found = contrast(labels, [scores], [other]).loc["0"]
    rng, differences = np.random.default_rng(1), []
    for _ in range(2000):
        rows = np.concatenate(
            [np.arange(10 * block, 10 * block + 10) for block in rng.integers(0, 40, 40)]
        )
        differences.append(
            average_precision_score(labels[rows, 0], scores[rows, 0])
            - average_precision_score(labels[rows, 0], other[rows, 0])
        )
    assert found["sampling_sd"] == pytest.approx(np.std(differences) * np.sqrt(40 / 39), rel=0.1)
    # Half as wide as the interval are as many standard errors as Student says for the blocks that carry the target.
    carried = labels[:, 0].reshape(40, 10).sum(axis=1)
    degrees = carried.sum() ** 2 / (carried**2).sum() - 1
    assert (found["high"] - found["low"]) / 2 == pytest.approx(
        found["sampling_sd"] * stats.t.ppf(0.975, degrees)
    )


def test_seeds_that_differ_widen_the_interval():
    # Two models that are good from one seed and bad from another: whichever is drawn, the difference may turn round.
    labels, scores = columns(400, 3, 6)
    good, bad = scores + 0.5 * labels, columns(400, 3, 7)[1]
    one = contrast(labels, [good], [bad]).loc["mean"]
    several = contrast(labels, [good, bad], [bad, good]).loc["mean"]
    assert one["low"] > 0 and several["low"] < 0 < several["high"]
    assert several["difference"] == pytest.approx(0) and np.isnan(one["seed_sd"])
    means = [
        np.mean([average_precision_score(labels[:, t], seed[:, t]) for t in range(3)])
        for seed in (good, bad)
    ]
    # Each model's mean of two seeds varies by s^2 / 2, and there are two models.
    assert several["seed_sd"] == pytest.approx(np.std(means, ddof=1))
    assert several["seed_sd"] > 5 * several["sampling_sd"]


def test_a_target_that_two_blocks_carry_has_no_interval():
    labels, scores = columns(400, 3, 10)
    labels[20:, 1] = 0
    table = contrast(labels, [scores + 0.4 * labels], [scores])
    unsure = table[["low", "high", "p", "q", "sampling_sd", "auroc_low"]].isna()
    assert (
        unsure.loc["1"].all()
        and not unsure.loc[["0", "2"]].any(axis=None)
        and table.loc["1", "difference"] > 0
    )


def test_q_values_and_wilcoxons_test_are_over_targets():
    labels, scores = columns(300, 3, 12)
    table = contrast(labels, [scores + [0.5, 0.1, 0.0] * labels], [scores + [0, 0, 0.02] * labels])
    assert table["q"].iloc[:3].to_numpy() == pytest.approx(
        stats.false_discovery_control(table["p"].iloc[:3])
    )
    assert table.loc["mean", "wilcoxon_p"] == stats.wilcoxon(table["difference"].iloc[:3]).pvalue
    assert table.loc["mean", "median"] == np.median(table["difference"].iloc[:3])


def test_threads_change_nothing():
    labels, scores = columns(300, 3, 13)
    test, models = (
        Split(labels, FACTS, np.arange(300) // 10),
        {"deepsea": [scores], "danq": [scores**2 + labels]},
    )
    pd.testing.assert_frame_equal(
        compared(test, models, 1), compared(test, models, 3), check_exact=True
    )


def test_too_few_blocks_give_no_interval(capsys):
    labels, scores = columns(300, 3, 2)
    table = contrast(labels, [scores + 0.1 * labels], [scores], size=60)
    assert table[["low", "high", "p", "sampling_sd", "auroc_low"]].isna().all(axis=None)
    assert table["difference"].notna().all()
    assert "warning: the test split lies in 5 blocks" in capsys.readouterr().err


def made(folder):
    return [
        folder / name
        for name in ("metrics.tsv", "comparison.tsv", "curves.tsv.gz", "reliability.tsv")
    ]


def test_tables_from_files(toy_dataset, tmp_path):
    with open_dataset(toy_dataset) as dataset:
        labels, windows = dataset.labels("test"), dataset.split_checksum("test")
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
        evaluate(toy_dataset, files, *made(tmp_path))
    metrics = read_table(tmp_path / "metrics.tsv")
    assert metrics.columns.tolist() == [
        "model",
        "seed",
        "target",
        "name",
        "group",
        "n",
        "n_positive",
        "prevalence",
        *METRICS,
    ]
    assert len(metrics) == 2 * 3 + 1
    assert (metrics["prevalence"] == metrics["n_positive"] / metrics["n"]).all()
    assert metrics[metrics["model"] == "scan"]["name"].tolist() == ["Factor A"]
    comparison = read_table(tmp_path / "comparison.tsv")
    assert comparison["target"].tolist() == ["0", "1", "mean"]
    curves = read_table(tmp_path / "curves.tsv.gz")
    assert curves["model"].unique().tolist() == ["deepsea", "danq", "scan"]
    assert set(curves.loc[curves["model"] == "scan", "target"]) == {0} and set(
        curves["target"]
    ) == {0, 1}
    reliability = read_table(tmp_path / "reliability.tsv")
    assert reliability.groupby(["model", "seed"])["n"].sum().to_dict() == {
        ("deepsea", 0): labels.size,
        ("danq", 0): labels.size,
        ("danq", 1): labels.size,
    }
    seeds = reliability[reliability["model"] == "danq"].groupby("seed")
    assert [(rows["observed"] * rows["n"]).sum() for _, rows in seeds] == pytest.approx(
        [labels.sum()] * 2
    )


def test_predictions_of_other_windows_or_given_twice_are_refused(toy_dataset, tmp_path):
    with open_dataset(toy_dataset) as dataset:
        shape, windows, others = (
            dataset.labels("test").shape,
            dataset.split_checksum("test"),
            dataset.split_checksum("valid"),
        )
    assert windows != others
    path, tables = tmp_path / "p.h5", made(tmp_path)
    for scores, checksum in ((np.zeros(shape), others), (np.zeros((3, 2)), windows)):
        write_predictions(path, scores, "danq", "0", "test", checksum)
        with pytest.raises(
            DanqError, match=r"p\.h5: does not predict the test windows of this dataset"
        ):
            evaluate(toy_dataset, [path], *tables)
    write_predictions(path, np.zeros(shape), "danq", "0", "test", windows)
    with pytest.raises(DanqError, match="predictions of danq, seed 0, are given twice"):
        evaluate(toy_dataset, [path, path], *tables)
    assert not tables[0].exists()
