"""What a run comes to, as a program reads it."""

import dataclasses
import json

import numpy as np
import pytest

from danq import read_run
from danq.report.findings.scores import learnt
from danq.report.headline import headline, write_results
from danq.report.sentences import learnt_sentence, summary
from tests.report.toy_run import write_run


def test_results_hold_the_lines_and_the_numbers_behind_them(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    metrics = run.metrics.copy()
    metrics.loc[metrics["model"] == "scan", "auprc"] = np.nan
    run = dataclasses.replace(run, metrics=metrics)
    head = headline(run)
    write_results(tmp_path / "results.json", head)
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["summary"] == summary(run)
    assert results["learnt"] == learnt_sentence(learnt(run))
    assert results["mean_auprc"]["danq"] == pytest.approx(run.scores("auprc")["danq"].mean())
    assert results["mean_auprc"]["scan"] is None
    by_name = {network["network"]: network for network in results["compared"]}
    assert list(by_name) == run.networks
    assert by_name["danq"]["has_learnt"] is True and by_name["danq"]["title"] == "DanQ"
    assert by_name["danq"]["n_compared"] == 15  # of 16 targets one is undefined
