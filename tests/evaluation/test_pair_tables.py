"""Rows of means, and what is said of several targets."""

import numpy as np
import pandas as pd

from danq.evaluation.pair_tables import subsets, summarise


def test_means_are_of_all_targets_and_of_each_of_several_groups():
    groups = pd.Series(["x", "y", "x"])
    defined = np.array([True, True, False])
    found = [(s.target, s.group, s.members.tolist()) for s in subsets(groups, defined)]
    assert found == [
        ("mean", "all", [True, True, False]),
        ("group", "x", [True, False, False]),
        ("group", "y", [False, True, False]),
    ]
    single = list(subsets(groups[:1], defined[:1]))
    assert [s.target for s in single] == ["mean"]


def test_differences_are_summarised():
    table = pd.DataFrame({"difference": [0.1, -0.2, 0.3], "auroc_difference": [0.1, 0.1, 0.1]})
    summary = summarise(table)
    assert (summary["n_targets"], summary["median"]) == (3, 0.1)
    assert summary["improved"] == 2 / 3 and np.isnan(summarise(table[:0])["improved"])
