"""What a run comes to, as a program reads it."""

import dataclasses
import json

import numpy as np
import pytest

from danq import read_run
from danq.report.findings.claim import claim
from danq.report.findings.scores import learnt
from danq.report.headline import headline, write_results
from danq.report.sentences import learnt_sentence, summary
from danq.report.verdict_text import gaps_sentence, verdict_sentence
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
    assert results["verdict"].startswith(verdict_sentence(claim(run)))
    assert results["verdict"].endswith(gaps_sentence(claim(run)))
    assert results["conclusion"] == ""  # one seed each: of these trained networks only
    assert {gap["run"] for gap in results["missing"]} >= {"seeds: [0, 1, 2]", "tune: {trials: 12}"}
    by_name = {network["network"]: network for network in results["compared"]}
    assert list(by_name) == run.networks
    assert by_name["danq"]["has_learnt"] is True and by_name["danq"]["title"] == "DanQ"
    assert by_name["danq"]["n_compared"] == 15  # of 16 targets one is undefined


def test_a_conclusion_needs_seeds(tmp_path):
    run = read_run(write_run(tmp_path / "run", seeds=(0, 1, 2)))
    assert headline(run).conclusion == "open"  # above the local twin, and no control for reach


def test_a_verdict_that_is_not_earned_is_empty(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    metrics = run.metrics.copy()
    metrics.loc[metrics["model"] == "danq_conv", "auprc"] = 0.0
    head = headline(dataclasses.replace(run, metrics=metrics))
    assert head.conclusion == ""
    assert head.verdict.startswith("This run cannot say what the recurrent layer adds")
    assert "DanQ-conv" in head.missing[0].what
