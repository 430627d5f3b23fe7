"""What was chosen, in one table: a row where all agree, and else the models by name."""

import pytest

from danq import read_run
from danq.config import Chosen
from danq.report.findings.choices import choices
from tests.report.toy_run import write_run


@pytest.fixture
def run(tmp_path):
    return read_run(write_run(tmp_path / "run", seeds=(0, 1)))


def record(facts, **chosen):
    facts["chosen"] = {name: choice._asdict() for name, choice in chosen.items()}


def test_a_run_that_records_no_choice_has_no_row(run):
    assert choices(run).empty


def test_one_row_where_all_models_agree(run):
    record(run.source, stride=Chosen(20, "for 9,000,000 bp"))
    for training in run.trained:
        head = "dense" if training.model == "deepsea" else "pool"
        record(training.facts, lr=Chosen(0.0025, "for all"), head=Chosen(head, "so"))
    rows = choices(run).to_numpy().tolist()
    assert rows[:2] == [
        ["extract.stride", "20", [], "for 9,000,000 bp"],
        ["train.lr", "0.0025", [], "for all"],
    ]
    heads = {value: models for knob, value, models, _ in rows[2:] if knob == "train.head"}
    assert heads.keys() == {"dense", "pool"} and heads["dense"] == [("deepsea", [], [])]
    assert {chooser.model for chooser in heads["pool"]} == {"danq", "danq_conv"}


def test_seeds_that_differ_are_named(run):
    for training in run.trained:
        if (training.model, training.seed) != ("danq", 1):
            record(training.facts, epochs=Chosen(8, "so"))
    [row] = choices(run).to_numpy().tolist()
    assert row[0] == "train.epochs"
    assert sorted(row[2]) == [("danq", [0], []), ("danq_conv", [], []), ("deepsea", [], [])]


def test_a_training_without_facts_contradicts_nothing(run):
    for training in run.trained:
        record(training.facts, epochs=Chosen(None, "as published"))
    run.trained[0].facts.clear()
    assert choices(run).to_numpy().tolist() == [["train.epochs", "none", [], "as published"]]
