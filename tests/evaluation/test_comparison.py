"""Comparisons of models on the same windows."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from danq import catalog
from danq.data.dataset import open_dataset
from danq.evaluation import comparison
from danq.evaluation.comparison import compare
from danq.evaluation.components import Spread
from danq.evaluation.pair_tables import COLUMNS
from danq.evaluation.split import Split, measure_split, read_test_split
from danq.evaluation.uncertainty import genomic_blocks


def columns(n, t, seed, levels=None):
    """Return labels and scores (n, t); few levels make ties."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((n, t)) < 0.3).astype(np.uint8)
    scores = rng.random((n, t)) if levels is None else rng.integers(0, levels, (n, t)) / levels
    return labels, scores + 0.2 * labels


FACTS = pd.DataFrame({"target": [0, 1, 2], "name": ["a", "b", "c"], "group": ["x", "x", "y"]})


def compared(test, models, threads=1):
    measured = {
        model: [measure_split(test, scores) for scores in seeds] for model, seeds in models.items()
    }
    return compare(test, models, measured, threads)


def contrast(labels, danq, deepsea, size=10):
    """Compare two models in blocks of `size` windows; a group's row has its name as target."""
    test = Split(labels, FACTS[: labels.shape[1]], np.arange(len(labels)) // size)
    table = compared(test, {"deepsea": deepsea, "danq": danq})
    assert table.columns.tolist() == COLUMNS and table["pair"].unique().tolist() == [
        "danq - deepsea"
    ]
    return table.assign(
        target=table["target"].where(table["target"] != "group", table["group"])
    ).set_index("target")


def test_the_test_split_of_a_dataset(toy_dataset):
    with open_dataset(toy_dataset) as dataset:
        test = read_test_split(dataset)
        assert (test.labels == dataset.labels("test")).all()
        assert (test.blocks == genomic_blocks(*dataset.positions("test"))).all()
        assert test.facts["target"].tolist() == list(range(len(dataset.names)))
        assert test.facts["name"].tolist() == dataset.names
        assert test.facts["group"].tolist() == dataset.groups


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


def test_a_better_model_is_detected_and_means_skip_undefined_targets():
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
    second = columns(200, 3, 5)[1]
    table = contrast(labels, [scores, second], [scores])
    for area, metric in (("auprc", average_precision_score), ("auroc", roc_auc_score)):
        areas = np.array(
            [[metric(labels[:, t], seed[:, t]) for t in range(3)] for seed in (scores, second)]
        )
        assert table[f"{area}_a"].iloc[:3].to_numpy() == pytest.approx(areas.mean(axis=0))
        assert table[f"{area}_b"].iloc[:3].to_numpy() == pytest.approx(areas[0])


def test_the_standard_error_of_a_target_equals_that_of_a_naive_bootstrap():
    labels, scores = columns(400, 1, 8)
    second = columns(400, 1, 9)[1]
    row = contrast(labels, [scores], [second]).loc["0"]
    rng, differences = np.random.default_rng(1), []
    for _ in range(2000):
        rows = np.concatenate(
            [np.arange(10 * block, 10 * block + 10) for block in rng.integers(0, 40, 40)]
        )
        differences.append(
            average_precision_score(labels[rows, 0], scores[rows, 0])
            - average_precision_score(labels[rows, 0], second[rows, 0])
        )
    assert row["sampling_sd"] == pytest.approx(np.std(differences) * np.sqrt(40 / 39), rel=0.1)
    # Half the interval is as many standard errors as Student says for the blocks that carry the
    # target.
    carried = labels[:, 0].reshape(40, 10).sum(axis=1)
    degrees = carried.sum() ** 2 / (carried**2).sum() - 1
    assert (row["high"] - row["low"]) / 2 == pytest.approx(
        row["sampling_sd"] * stats.t.ppf(0.975, degrees)
    )


def test_seeds_that_differ_widen_the_interval():
    # Two models that are good from one seed and bad from others: whichever is drawn, the
    # difference may have either sign.
    labels, scores = columns(400, 3, 6)
    good, bad = scores + 0.5 * labels, columns(400, 3, 7)[1]
    worse = columns(400, 3, 17)[1]
    single_seed = contrast(labels, [good], [bad]).loc["mean"]
    several = contrast(labels, [good, bad, worse], [bad, good, worse]).loc["mean"]
    assert single_seed["low"] > 0 and several["low"] < 0 < several["high"]
    assert (single_seed["covers"], several["covers"]) == ("windows", "windows and seeds")
    assert several["difference"] == pytest.approx(0) and np.isnan(single_seed["seed_sd"])
    means = [
        np.mean([average_precision_score(labels[:, t], seed[:, t]) for t in range(3)])
        for seed in (good, bad, worse)
    ]
    # Each model's mean of three seeds varies by s^2 / 3, and there are two models.
    assert several["seed_sd"] == pytest.approx(np.std(means, ddof=1) * np.sqrt(2 / 3))
    error = np.hypot(several["sampling_sd"], several["seed_sd"])
    degrees = 2 * 2  # the windows add nothing: both models have the same three networks
    assert several["sampling_sd"] < several["seed_sd"] / 1000
    assert several["high"] == pytest.approx(error * stats.t.ppf(0.975, degrees), rel=1e-3)


def drawn_spread(rng, n_seeds, sd, shared):
    """Return a Spread of two targets; `shared` by all seeds are replicates and influences."""
    areas = rng.normal(0.5, sd, (2, n_seeds, 2))
    replicates, influence = (part + rng.normal(0, sd, (n_seeds, *part.shape)) for part in shared)
    return Spread(areas[0], areas[1], replicates, influence)


def by_hand(areas, resampled, variance, n_carrying):
    """Return the error over windows and half of the interval of two models, (2 of T)."""
    # What is the same for all seeds of a model: all but each seed's own luck with the windows.
    mean_a, mean_b = (seeds.mean(axis=0) for seeds in resampled)
    windows = variance(mean_a - mean_b)
    for seeds, mean in zip(resampled, (mean_a, mean_b), strict=True):
        s = len(seeds)
        windows = windows - sum(variance(seed - mean) for seed in seeds) / (s * (s - 1))
    assert (windows > 0).all()
    parts = [windows, *(seeds.var(axis=0, ddof=1) / len(seeds) for seeds in areas)]
    freedom = [n_carrying - 1, *(len(seeds) - 1 for seeds in areas)]
    total = sum(parts)
    degrees = total**2 / sum(part**2 / df for part, df in zip(parts, freedom, strict=True))
    return np.sqrt(windows), np.sqrt(total) * stats.t.ppf(0.975, degrees)


def test_an_interval_over_seeds_adds_each_models_own_spread_to_what_seeds_share():
    rng = np.random.default_rng(5)
    n_blocks, n_replicates = 12, 300
    positives = rng.integers(1, 9, (n_blocks, 2))
    shared = [rng.normal(0, 0.03, (n, 2)) for n in (n_replicates, n_blocks)]
    steady = drawn_spread(rng, 3, 0.01, shared)
    shared = [rng.normal(0, 0.03, (n, 2)) for n in (n_replicates, n_blocks)]
    wild = drawn_spread(rng, 4, 0.04, shared)
    carrying = positives.sum(axis=0) ** 2 / (positives**2).sum(axis=0)
    correction = n_blocks / (n_blocks - 1)
    for a, b in ((steady, wild), (wild, steady)):
        table = comparison._differences(a, b, positives)
        assert table["covers"].eq("windows and seeds").all()
        windows, half = by_hand(
            (a.auprc, b.auprc),
            (a.replicates, b.replicates),
            lambda values: values.var(axis=0, ddof=1) * correction,
            carrying,
        )
        np.testing.assert_allclose(table["sampling_sd"], windows)
        np.testing.assert_allclose(table["high"] - table["low"], 2 * half)
        np.testing.assert_allclose(table["difference"] - table["low"], half)
        _, half = by_hand(
            (a.auroc, b.auroc),
            (a.influence, b.influence),
            lambda values: (values**2).sum(axis=0),
            carrying,
        )
        np.testing.assert_allclose(table["auroc_high"] - table["auroc_low"], 2 * half)


def test_too_few_seeds_of_either_model_leave_an_interval_of_the_test_windows():
    labels, scores = columns(400, 3, 6)
    seeds = [columns(400, 3, 20 + seed)[1] + 0.3 * seed * labels for seed in range(3)]
    assert contrast(labels, seeds, seeds)["covers"].eq("windows and seeds").all()
    fewer = contrast(labels, seeds, [scores])
    assert fewer["covers"].eq("windows").all()
    assert fewer["seed_sd"].isna().all()
    # As wide as for these very networks: the spread of the three says nothing of the other model.
    sampling = fewer.loc["mean", "sampling_sd"]
    half = fewer.loc["mean", "high"] - fewer.loc["mean", "difference"]
    assert half < 2.2 * sampling
    assert half < 0.5 * np.std([average_precision_score(labels, seed) for seed in seeds])


def test_a_target_that_two_blocks_carry_has_no_interval():
    labels, scores = columns(400, 3, 10)
    labels[20:, 1] = 0
    table = contrast(labels, [scores + 0.4 * labels], [scores])
    unsure = table[["low", "high", "covers", "p", "q", "sampling_sd", "auroc_low"]].isna()
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


def test_models_are_compared_in_the_pairs_of_the_catalogue():
    labels, scores = columns(120, 2, 14)
    test = Split(labels, FACTS[:2], np.arange(120) // 10)
    models = {name: [scores] for name in ("mlp", "danq_conv", "danq", "deepsea")}
    pairs = compared(test, models).groupby(["a", "b"], sort=False).size().index.tolist()
    expected = [pair for pair in catalog.comparisons() if set(pair) <= set(models)]
    assert pairs == expected


def test_models_of_no_pair_give_an_empty_table():
    labels, scores = columns(120, 2, 14)
    test = Split(labels, FACTS[:2], np.arange(120) // 10)
    table = compared(test, {"danq": [scores]})
    assert table.empty
    assert table.columns.tolist() == COLUMNS
