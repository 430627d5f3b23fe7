"""Tables of an evaluation."""

import warnings

import numpy as np
import pytest

from danq.data.dataset import open_dataset
from danq.data.predictions import write_predictions
from danq.errors import DanqError
from danq.evaluation.evaluate import evaluate
from danq.evaluation.metrics import METRICS
from danq.files import read_table


def outputs(folder):
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
        validation = np.array([0.25, np.nan]) if model == "scan" else None
        path = tmp_path / f"{model}{seed}.h5"
        write_predictions(path, scores, model, seed, "test", windows, validation)
        files.append(tmp_path / f"{model}{seed}.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate(toy_dataset, files, *outputs(tmp_path))
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
        "valid_auprc",
    ]
    assert len(metrics) == 2 * 3 + 1
    assert (metrics["prevalence"] == metrics["n_positive"] / metrics["n"]).all()
    scanned = metrics["model"] == "scan"
    assert metrics[scanned]["name"].tolist() == ["Factor A"]
    assert metrics[scanned]["valid_auprc"].tolist() == [0.25]
    assert metrics[~scanned]["valid_auprc"].isna().all()
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
    path, tables = tmp_path / "p.h5", outputs(tmp_path)
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


WRONG = [-1e-6, 1.000001, -0.5, 2.0, np.nan, np.inf, -np.inf]


@pytest.mark.parametrize("score", WRONG)
@pytest.mark.parametrize("place", ["first", "last"])
def test_the_file_whose_scores_are_no_probabilities_is_named(toy_dataset, tmp_path, score, place):
    with open_dataset(toy_dataset) as dataset:
        shape, windows = dataset.labels("test").shape, dataset.split_checksum("test")
    good = np.full(shape, 0.5)
    good[0] = [0, 1]
    bad = good.copy()
    window, target = (0, 0) if place == "first" else (shape[0] - 1, shape[1] - 1)
    bad[window, target] = score
    files = []
    for model, seed, scores in (("deepsea", "0", good), ("danq", "1", bad), ("scan", "NA", good)):
        files.append(tmp_path / f"{model}.h5")
        write_predictions(files[-1], scores, model, seed, "test", windows)
    with pytest.raises(DanqError) as caught:
        evaluate(toy_dataset, files, *outputs(tmp_path))
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}/danq.h5: window {window} and target {target} (from 0)")
    assert "which is not a probability between 0 and 1; make the file again with danq p" in message
    assert not any(path.exists() for path in outputs(tmp_path))


def test_a_baseline_scores_all_windows_of_a_target_or_none(toy_dataset, tmp_path):
    """A single gap would take the target out of every table, without a word."""
    with open_dataset(toy_dataset) as dataset:
        shape, windows = dataset.labels("test").shape, dataset.split_checksum("test")
    scores = np.linspace(-30, 7, np.prod(shape)).reshape(shape)
    scores[5, 1] = np.nan
    path = tmp_path / "scan.h5"
    write_predictions(path, scores, "scan", "NA", "test", windows)
    with pytest.raises(DanqError) as caught:
        evaluate(toy_dataset, [path], *outputs(tmp_path))
    assert f"scan.h5: target 1 (from 0) has no score in 1 of {shape[0]} windows" in str(
        caught.value
    )
    assert not any(path.exists() for path in outputs(tmp_path))
