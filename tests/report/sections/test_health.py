"""The table of the trainings' health, of a made-up run."""

import pytest

from danq import read_run
from danq.report.findings.health import CHECKS
from danq.report.sections.health import health_table
from danq.report.sections.training import training
from danq.training.health import End, Measurement, final_checks
from tests.report.toy_run import write_run
from tests.training.test_health import WELL, Options


def with_health(folder, *checks):
    """Return a run of two seeds whose trainings of danq have these checks, a list for each seed."""
    run = read_run(write_run(folder, seeds=(0, 1)))
    seeds = [training for training in run.trained if training.model == "danq"]
    for trained, seed_checks in zip(seeds, checks, strict=True):
        trained.facts["health"] = seed_checks
    return run


def share(value, passed, advice=""):
    check = {"name": "gap", "value": value, "threshold": 0.5, "passed": passed}
    return [check | {"what": f"it is {value}", "advice": advice}]


def test_a_check_that_fails_says_what_to_do(tmp_path):
    run = with_health(tmp_path / "run", share(0.25, True), share(0.75, False, "try a smaller one"))
    table = health_table(run)
    ((model, check, result, value, wanted, advice),) = table.rows
    assert model.text == "DanQ" and check.text == CHECKS["gap"] and check.note == "it is 0.75"
    assert result == ("✗ failed", "passed in 1 of 2 seeds", "failed", "")
    assert (value.text, value.note) == ("50.0 %", "worst 75.0 %")
    assert (wanted.text, advice.text) == ("at most 50.0 %", "try a smaller one")
    section = training(run)
    assert table in section.folds[0].tables
    assert section.tables[0].title == "Checks that failed" and len(section.tables[0].rows) == 1
    assert "0 of 1 check of the trainings" in section.text[-1]


def test_a_check_that_passes_asks_for_nothing(tmp_path):
    ((_, _, result, value, _, advice),) = health_table(
        with_health(tmp_path / "run", share(0.25, True), share(0.25, True))
    ).rows
    assert result == ("✓ passed", "in 2 seeds", "passed", "") and advice.text == "nothing"
    assert value.text == "25.0 %"


def test_every_check_of_a_training_has_words_and_a_threshold(tmp_path):
    checks = [check._asdict() for check in final_checks(WELL, Options())]
    rows = health_table(with_health(tmp_path / "run", checks, checks)).rows
    assert [row[1].text for row in rows] == [CHECKS[check["name"]] for check in checks]
    wanted = {row[1].text: row[4].text for row in rows}
    assert wanted[CHECKS["steps"]] == "at least 1,500"
    assert wanted[CHECKS["silent_units"]] == "at most 75.0 %"
    assert wanted[CHECKS["below_scan"]] == "at least 0.300"
    assert all(text.startswith("at ") for text in wanted.values())


def test_what_is_unknown_is_na(tmp_path):
    end = End(Measurement(0.5, 0.02), None, [{"valid_auprc": 0.5, "best": "yes"}], 2_000)
    checks = [check._asdict() for check in final_checks(end, Options())]
    rows = health_table(with_health(tmp_path / "run", checks, checks)).rows
    (row,) = [row for row in rows if row[1].text == CHECKS["still_improving"]]
    assert row[3].text == "NA"


@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_older_runs_have_no_table(tmp_path, seeds):
    run = read_run(write_run(tmp_path / "run", seeds=seeds))
    assert health_table(run).rows == []
