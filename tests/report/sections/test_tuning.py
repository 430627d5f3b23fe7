"""The table of the trials of a made-up run."""

from danq import read_run
from danq.report.sections.training import training
from danq.report.sections.tuning import trials
from tests.report.toy_run import write_run
from tests.report.tuning_toy import write_tunings


def test_every_trial_is_a_row(tmp_path):
    run = read_run(write_tunings(write_run(tmp_path)))
    table = trials(run)
    assert len(table.rows) == 5 * len(run.networks)
    assert [cell.text for cell in table.rows[1]][1:] == [
        "2",
        "0.002",
        "0.4",
        "0.01",
        "0.360",
        "8",
        "complete",
        "yes",
    ]
    failed = [cell.text for cell in table.rows[4]]
    assert failed[5] == "NA" and failed[7] == "failed"


def test_a_scale_is_shown_where_several_were_tried(tmp_path):
    run = read_run(write_tunings(write_run(tmp_path)))
    width = len(trials(run).rows[0])
    run.tunings[0].trials.loc[2, "scale"] = 0.1
    assert len(trials(run).rows[0]) == width + 1


def test_the_chapter_shows_trials_only_where_there_were_some(tmp_path):
    run = read_run(write_run(tmp_path))
    section = training(run)
    assert section.text[0].startswith("Nothing was tuned")
    assert not any(table.title == "Trials" and table.rows for table in section.tables)
    tuned = training(read_run(write_tunings(tmp_path)))
    assert tuned.text[0].startswith("Each network had 5 trials")
    assert tuned.figures[0].title == "Trials by learning rate"
    on_demand = [table for fold in tuned.folds for table in fold.tables]
    tables = [*tuned.tables, *on_demand]
    assert any(table.title == "Trials" and table.rows for table in tables)
