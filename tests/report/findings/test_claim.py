"""What a run may say of recurrence, by tables of cases and made-up runs."""

import dataclasses

import pandas as pd
import pytest

from danq import read_run
from danq.report.findings import claim as c
from danq.report.findings.health import CHECKS
from danq.report.run_tunings import Tuning
from tests.report.toy_run import write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(write_run(tmp_path_factory.mktemp("claim") / "run", seeds=(0, 1, 2)))


@pytest.mark.parametrize(
    ("local", "reach", "expected"),
    [
        ("above", "above", "recurrence"),
        ("above", "around", "reach"),
        ("above", "below", "reach"),
        ("above", "", "open"),
        ("around", "above", "none"),
        ("around", "around", "none"),
        ("around", "below", "none"),
        ("around", "", "none"),
        ("below", "above", "less"),
        ("below", "around", "less"),
        ("below", "below", "less"),
        ("below", "", "less"),
        ("", "above", ""),
        ("", "around", ""),
        ("", "below", ""),
        ("", "", ""),
    ],
)
def test_recurrence_adds_only_where_both_controls_are_beaten(local, reach, expected):
    assert c.conclude(local, reach) == expected


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], ""),
        ([""], ""),
        (["above", ""], ""),
        (["above", "above"], "above"),
        (["above", "around"], "around"),
        (["above", "around", "below"], "below"),
    ],
)
def test_one_control_that_is_not_beaten_is_enough(verdicts, expected):
    assert c.joint_verdict(verdicts) == expected


def with_facts(run, **by_model):
    trained = [
        training._replace(facts={**training.facts, **by_model.get(training.model, {})})
        for training in run.trained
    ]
    return dataclasses.replace(run, trained=trained)


def with_tunings(run, *tunings):
    """Return the run as one that was tuned: (model, trials, multiply_adds, highest rate) each."""
    found = []
    for model, trials, budget, highest in tunings:
        states = pd.DataFrame({"state": ["complete"] * trials})
        facts = {"multiply_adds": budget, "space": {"lr": [0.001, highest]}}
        found.append(Tuning(model, states, facts))
    return dataclasses.replace(run, tunings=found)


MODELS = ["danq", "danq_conv"]


@pytest.mark.parametrize(
    ("tunings", "expected"),
    [
        ([("danq", 12, 1000, 1), ("danq_conv", 12, 1005, 1)], "alike"),
        ([("danq", 12, 1000, 1), ("danq_conv", 11, 1000, 1)], "unlike"),
        ([("danq", 12, 1000, 1), ("danq_conv", 12, 2000, 1)], "unlike"),
        ([("danq", 12, 1000, 1), ("danq_conv", 12, 1000, 2)], "unlike"),
        ([("danq", 12, 1000, 1)], "unlike"),
    ],
)
def test_models_that_had_the_same_trials_were_tuned_alike(run, tunings, expected):
    tuned = with_tunings(run, ("deepsea", 99, 1, 1), *tunings)  # which is not compared
    assert c.tuning_of(tuned, MODELS) == expected
    found = c.claim(tuned)
    assert (found.tuning, found.n_trials) == (expected, 12 if expected == "alike" else 0)


def test_without_tuning_the_rates_are_one_or_several_or_unknown(run):
    assert c.tuning_of(run, MODELS) == "one rate"
    other = with_facts(run, danq_conv={"options": {"lr": 0.5}})
    assert c.tuning_of(other, MODELS) == "other rates"
    assert c.tuning_of(with_facts(run, danq={"options": {}}), MODELS) == "unknown"
    assert c.tuning_of(dataclasses.replace(run, trained=[]), MODELS) == "unknown"


def test_failed_checks_are_named_once_for_a_model(run):
    checks = [
        {
            "name": "silent_filters",
            "passed": False,
            "what": "30 % are silent",
            "advice": "lower lr",
        },
        {"name": "steps", "passed": True, "what": "9,000 steps"},
    ]
    sick = with_facts(run, danq_conv={"health": checks}, deepsea={"health": checks})
    assert c.failures(sick, MODELS) == [
        c.FailedCheck("danq_conv", CHECKS["silent_filters"], "lower lr")
    ]
    assert c.failures(run, MODELS) == []


def test_a_claim_is_earned_by_networks_that_have_learnt(run):
    found = c.claim(run)
    assert found.earned and found.conclusion == "open" and not found.few_seeds
    assert found.n_seeds == {"danq": 3, "danq_conv": 3}
    metrics = run.metrics.copy()
    metrics.loc[metrics["model"] == "deepsea", "auprc"] = 0.0
    assert c.claim(dataclasses.replace(run, metrics=metrics)).earned  # it is not compared
    metrics.loc[metrics["model"] == "danq", "auprc"] = 0.0
    lost = c.claim(dataclasses.replace(run, metrics=metrics))
    assert [network.network for network in lost.not_learnt] == ["danq"] and not lost.earned
    assert not c.claim(dataclasses.replace(run, baselines=[])).earned
    assert not c.claim(dataclasses.replace(run, pairs=[])).earned
