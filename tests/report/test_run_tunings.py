"""The searches of a run, read back; those of other trainings are none."""

import json

import pytest

from danq import read_run
from danq.errors import DanqError
from danq.files import write_table
from tests.report.toy_run import make_records, write_run
from tests.report.tuning_toy import MODELS, trials, write_tunings


@pytest.fixture
def folder(tmp_path):
    return write_run(tmp_path / "run", seeds=(0, 1))


def test_a_run_without_searches_has_none(folder):
    assert read_run(folder).tunings == []


def test_every_search_is_read_in_the_order_of_the_networks(folder):
    run = read_run(write_tunings(folder))
    assert [tuning.model for tuning in run.tunings] == run.networks and set(run.networks) == set(
        MODELS
    )
    danq = next(tuning for tuning in run.tunings if tuning.model == "danq")
    assert danq.trials["value"].tolist()[:4] == trials()["value"].tolist()[:4]
    assert danq.best()["lr"] == 0.002 and danq.facts["given_value"] == 0.3


def test_a_search_that_the_trainings_do_not_follow_is_ignored(folder):
    write_tunings(folder)
    path = folder / "danq" / "seed1" / "train.json"
    facts = json.loads(path.read_text())
    facts["options"]["lr"] = 0.5
    path.write_text(json.dumps(facts))
    make_records(folder)
    assert "danq" not in {tuning.model for tuning in read_run(folder).tunings}
    assert len(read_run(folder).tunings) == 2


@pytest.mark.parametrize("text", ["", "[]", '{"best": 3}'])
def test_facts_that_say_nothing_are_no_search(folder, text):
    write_tunings(folder)
    (folder / "danq" / "tuning.json").write_text(text)
    make_records(folder)
    assert len(read_run(folder).tunings) == 2


def test_a_search_without_a_failed_trial_is_read(folder):
    write_tunings(folder)
    write_table(folder / "danq" / "trials.tsv", trials().head(4))
    make_records(folder)
    danq = next(tuning for tuning in read_run(folder).tunings if tuning.model == "danq")
    assert danq.trials["reason"].tolist() == ["NA"] * 4


def test_a_table_without_a_column_is_refused(folder):
    write_tunings(folder)
    write_table(folder / "danq" / "trials.tsv", trials().drop(columns="value"))
    make_records(folder)
    with pytest.raises(DanqError, match="no column value; make the file again"):
        read_run(folder)
