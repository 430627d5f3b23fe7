"""What the evaluation left, read back."""

import pandas as pd
import pytest

from danq.errors import DanqError
from danq.files import read_table, write_table
from danq.report.run_scores import model_names, read_pairs, target_table
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


def test_means_are_separate_from_targets(tmp_path):
    folder = write_run(tmp_path / "run")
    pairs = read_pairs(folder / "comparison.tsv")
    assert [pair.b for pair in pairs if pair.a == "danq"] == ["danq_conv", "deepsea"]
    assert pairs[0].rows.index.tolist() == list(range(16)) and len(pairs[0].groups) == 5
    table = read_table(folder / "comparison.tsv")
    write_table(tmp_path / "c.tsv", table[table["target"] != "mean"])
    with pytest.raises(DanqError, match="has no row of target mean"):
        read_pairs(tmp_path / "c.tsv")
