"""What the evaluation left, read back."""

import pandas as pd
import pytest

from danq.errors import DanqError
from danq.files import read_table, write_table
from danq.report.run_scores import model_names, read_pairs, target_table, validation_means
from tests.report.toy_run import write_run


def test_names_that_are_not_unique_are_followed_by_their_index():
    facts = {"group": "TF", "n": 9, "n_positive": 3, "prevalence": 1 / 3}
    names = {0: "CTCF", 1: "MAX", 5: "CTCF"}
    rows = [{"target": index, "name": name, **facts} for index, name in names.items()]
    labels = target_table(pd.DataFrame(rows))["label"]
    assert labels.to_dict() == {0: "CTCF (#0)", 1: "MAX", 5: "CTCF (#5)"}


def test_models_with_a_seed_are_networks_and_unknown_ones_come_last():
    metrics = pd.DataFrame(
        [("mine", 0), ("oracle_rule", None), ("kmer", None), ("danq", 0)],
        columns=["model", "seed"],
    )
    models = model_names(metrics)
    assert models.networks == ["danq", "mine"]
    assert models.baselines == ["kmer"] and models.oracles == ["oracle_rule"]


def baseline_metrics(areas):
    """Return rows of metrics.tsv: validation AUPRC by baseline, a value per target."""
    rows = []
    for model, values in areas.items():
        rows += [(model, None, target, value) for target, value in enumerate(values)]
    return pd.DataFrame(rows, columns=["model", "seed", "target", "valid_auprc"])


def test_the_strongest_baseline_on_shared_validation_targets_comes_first():
    nan = float("nan")
    # Over its own targets kmer has the higher mean; on those that motif knows, too, the lower one.
    areas = {"kmer": [0.2, 0.3, 0.9], "motif": [0.3, 0.4, nan], "boosting": [0.4, 0.4, 0.5]}
    metrics = baseline_metrics(areas | {"oracle_rule": [nan] * 3, "mine": [nan] * 3})
    assert model_names(metrics).baselines == ["boosting", "motif", "kmer", "mine"]
    n_targets, means = validation_means(metrics, ["kmer", "motif", "boosting", "mine"])
    assert n_targets == 2
    assert means.round(6).dropna().to_dict() == {"kmer": 0.25, "motif": 0.35, "boosting": 0.4}
    unknown = metrics.drop(columns="valid_auprc")
    assert model_names(unknown).baselines == ["kmer", "motif", "boosting", "mine"]
    assert validation_means(unknown, ["kmer"]).n_targets == 0


def test_means_are_separate_from_targets(tmp_path):
    folder = write_run(tmp_path / "run")
    pairs = read_pairs(folder / "comparison.tsv")
    assert [pair.b for pair in pairs if pair.a == "danq"] == ["danq_conv", "deepsea"]
    assert pairs[0].rows.index.tolist() == list(range(16)) and len(pairs[0].groups) == 5
    table = read_table(folder / "comparison.tsv")
    write_table(tmp_path / "c.tsv", table[table["target"] != "mean"])
    with pytest.raises(DanqError, match="has no row of target mean"):
        read_pairs(tmp_path / "c.tsv")
