"""The learning curve as a table: what each row is, by arithmetic, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from danq.data.dataset import open_dataset
from danq.data.predictions import write_predictions
from danq.data.subset import subset
from danq.errors import DanqError
from danq.evaluation.evaluate import evaluate
from danq.evaluation.learning_curve import COLUMNS, by_seed, learning_curve, pair_rows
from danq.files import read_table
from danq.records import Input, Made, record_table, verified
from tests.conftest import refuse

TRAININGS = (("danq", 0), ("danq", 1), ("danq_conv", 0), ("danq_conv", 1), ("deepsea", 5))
SHARES = (0.25, 1.0)


@pytest.fixture(scope="module")
def evaluated(toy_dataset, tmp_path_factory):
    """Return datasets, metrics and comparisons of two shares, with scores drawn at random."""
    folder = tmp_path_factory.mktemp("curve")
    part = folder / "part.h5"
    subset(toy_dataset, part, share=SHARES[0])
    files = ([part, toy_dataset], [], [])
    rng = np.random.default_rng(1)
    for place, dataset in enumerate(files[0]):
        paths = []
        with open_dataset(dataset) as data:
            labels, windows = data.labels("test"), data.split_checksum("test")
        for model, seed in TRAININGS:
            path = folder / f"{place}-{model}-{seed}.h5"
            scores = 0.7 * rng.random(labels.shape) + 0.3 * place * labels
            write_predictions(path, scores, model, str(seed), "test", windows)
            paths.append(path)
        names = ("metrics.tsv", "comparison.tsv", "curves.tsv.gz", "reliability.tsv")
        tables = [folder / f"{place}-{name}" for name in names]
        evaluate(dataset, paths, *tables)
        files[1].append(tables[0])
        files[2].append(tables[1])
    return files


@pytest.fixture(scope="module")
def curve(evaluated, tmp_path_factory):
    output = tmp_path_factory.mktemp("table") / "learning_curve.tsv"
    learning_curve(*evaluated, output)
    return read_table(output)


def test_models_have_their_mean_over_targets_and_the_range_of_their_seeds(evaluated, curve):
    assert curve.columns.tolist() == COLUMNS
    models = curve[curve["b"].isna()]
    assert models["a"].tolist() == ["danq", "danq_conv", "deepsea"] * 2
    for place, share in enumerate(SHARES):
        metrics = read_table(evaluated[1][place])
        for row in models[models["share"] == share].itertuples():
            rows = metrics[metrics["model"] == row.a]
            seeds = [rows.loc[rows["seed"] == seed, "auprc"].mean() for seed in set(rows["seed"])]
            assert row.n_seeds == len(seeds) and row.n_targets == 2
            assert row.auprc == pytest.approx(np.mean(seeds))
            assert (row.seed_low, row.seed_high) == pytest.approx((min(seeds), max(seeds)))
    assert models[["low", "high", "covers"]].isna().all(axis=None)


def test_pairs_have_the_difference_and_interval_of_the_comparison(evaluated, curve):
    pairs = curve[curve["b"].notna()]
    assert len(pairs) == 6
    for place, share in enumerate(SHARES):
        comparison = read_table(evaluated[2][place])
        means = comparison[comparison["target"] == "mean"].set_index(["a", "b"])
        models = curve[curve["b"].isna() & (curve["share"] == share)].set_index("a")["auprc"]
        for row in pairs[pairs["share"] == share].itertuples():
            mean = means.loc[(row.a, row.b)]
            assert row.auprc == pytest.approx(mean["difference"])
            assert row.auprc == pytest.approx(models[row.a] - models[row.b])
            np.testing.assert_allclose((row.low, row.high), mean[["low", "high"]].astype(float))


def test_pairs_have_what_their_interval_covers(evaluated):
    comparison = read_table(evaluated[2][0])
    is_mean = comparison["target"] == "mean"
    covers = ["windows", "windows and seeds", np.nan]
    comparison["covers"] = "another"
    comparison.loc[is_mean, "covers"] = covers
    pairs = pair_rows(comparison, by_seed(read_table(evaluated[1][0])))
    assert pairs["covers"].fillna("").tolist() == [*covers[:2], ""]


def test_seeds_of_a_pair_are_those_that_both_models_have(evaluated, curve):
    metrics = read_table(evaluated[1][1]).groupby(["model", "seed"])["auprc"].mean()
    last = curve[curve["share"] == 1].set_index(["a", "b"])
    differences = metrics["danq"] - metrics["danq_conv"]
    pair = last.loc[("danq", "danq_conv")]
    assert pair["n_seeds"] == 2
    assert pair["seed_low"] == pytest.approx(differences.min())
    assert pair["seed_high"] == pytest.approx(differences.max())
    other = last.loc[("danq", "deepsea")]
    assert other["n_seeds"] == 0 and pd.isna(other["seed_low"]) and pd.isna(other["seed_high"])


def test_a_model_without_any_auprc_has_no_row_and_no_spread(evaluated, tmp_path):
    """As of predictions that are not a number, from a training that failed on a small share."""
    datasets, metrics, comparisons = evaluated
    table = read_table(metrics[0])
    table.loc[table["model"] == "danq", "auprc"] = np.nan
    record = verified(metrics[0])
    inputs = [Input(entry.role, entry.path, entry.sha256) for entry in record.inputs]
    folder = metrics[0].parent  # where the paths are seen from
    record_table(folder / "changed.tsv", table, Made("evaluate", inputs))
    output = tmp_path / "learning_curve.tsv"
    learning_curve(datasets, [folder / "changed.tsv", metrics[1]], comparisons, output)
    share = read_table(output).query(f"share == {SHARES[0]}")
    assert share.loc[share["b"].isna(), "a"].tolist() == ["danq_conv", "deepsea"]
    pair = share.set_index(["a", "b"]).loc[("danq", "danq_conv")]
    assert pair["n_seeds"] == 0 and pair[["seed_low", "seed_high"]].isna().all()


def test_each_share_says_its_windows(evaluated, curve):
    for path, share in zip(evaluated[0], SHARES, strict=True):
        with open_dataset(path) as data:
            counts = (data.length("train"), data.label_counts("train").labelled)
            n_unseen = (data.positives("train") == 0).sum()
        rows = curve[curve["share"] == share]
        assert set(zip(rows["n_windows"], rows["n_labelled"], strict=True)) == {counts}
        assert set(rows["n_unseen"]) == {n_unseen}


def test_a_dataset_that_is_no_share_of_the_last_is_refused(evaluated, tmp_path):
    (part, whole), metrics, comparisons = evaluated
    message = f"{whole}: is not a share of {part}; make it with danq subset"
    refuse(message, learning_curve, [whole, part], metrics, comparisons, tmp_path / "c.tsv")
    message = "--datasets, --metrics and --comparisons differ in number; give one each"
    refuse(message, learning_curve, [whole], metrics, comparisons, tmp_path / "c.tsv")
    assert not list(tmp_path.iterdir())


def test_tables_of_another_dataset_or_of_other_predictions_are_refused(evaluated, tmp_path):
    datasets, metrics, comparisons = evaluated
    output = tmp_path / "c.tsv"
    advice = "give the tables in the order of the datasets"
    message = f"{metrics[1]}: was not made from {datasets[0]}; {advice}"
    refuse(message, learning_curve, datasets, metrics[::-1], comparisons, output)
    what = f"was not made from the same predictions as {metrics[0]}"
    message = f"{comparisons[1]}: {what}; make both again with danq evaluate"
    refuse(message, learning_curve, datasets, metrics, comparisons[::-1], output)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", [1, 2])
def test_damaged_and_edited_tables_are_refused(evaluated, tmp_path, place):
    path = evaluated[place][1]
    content = path.read_bytes()
    try:
        path.write_bytes(content.replace(b"0.", b"0.9", 1))
        with pytest.raises(DanqError, match="is not the file that danq evaluate wrote"):
            learning_curve(*evaluated, tmp_path / "c.tsv")
    finally:
        path.write_bytes(content)
