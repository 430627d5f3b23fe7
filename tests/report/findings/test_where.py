"""Where two models differ, in a made-up run."""

import dataclasses

import pytest

from danq import read_run
from danq.report.findings.where import CLEAR, where
from tests.report.toy_run import write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(write_run(tmp_path_factory.mktemp("where") / "run", simulated=True))


def test_groups_whose_interval_excludes_0_and_targets_that_are_significant(run):
    pair = run.pairs[0]
    found = where(run, pair)
    groups = pair.groups
    excludes = groups[(groups["low"] > 0) | (groups["high"] < 0)]
    assert sorted(found.groups.index) == sorted(excludes.index)
    assert found.groups["difference"].abs().is_monotonic_decreasing
    assert 0 < len(excludes) < len(groups)
    rows = pair.rows.assign(q=1.0)
    rows.loc[[2, 5], "q"] = 0.01
    rows.loc[5, "difference"] = -9.0
    targets = where(run, pair._replace(rows=rows)).targets
    assert targets["label"].tolist() == [run.targets.loc[5, "label"], run.targets.loc[2, "label"]]
    assert where(run, pair._replace(groups=groups[:0])).groups.empty


def test_rules_are_groups_whose_decoys_are_told_apart_better(run):
    pair = run.pairs[0]
    metrics = run.metrics.copy()
    metrics["decoy_auroc"] = 0.6
    chosen = (metrics["model"] == pair.a) & (metrics["group"] == "chromatin")
    metrics.loc[chosen, "decoy_auroc"] = 0.6 + 2 * CLEAR
    found = where(dataclasses.replace(run, metrics=metrics), pair)
    assert found.rules.loc["chromatin"].tolist() == pytest.approx([0.6 + 2 * CLEAR, 0.6])
    assert len(found.rules) == 1
    without = dataclasses.replace(run, metrics=metrics.drop(columns="decoy_auroc"))
    assert where(without, pair).rules.empty
