"""What trainings cost, of a made-up run."""

import dataclasses

import numpy as np
import pandas as pd

from danq import read_run
from danq.report.run_trainings import Trained
from danq.report.sections import training as t
from tests.report.toy_run import cells, write_run


def test_the_cost_of_a_model_is_the_mean_over_its_seeds(tmp_path):
    run = read_run(write_run(tmp_path / "run", seeds=(0, 1)))
    table = cells(t.cost_table(run.trained))
    best = [
        int(np.flatnonzero(training.history["best"] == "yes")[0]) + 1
        for training in run.trained
        if training.model == "danq"
    ]
    assert (
        table["DanQ"]["time to best epoch"].text == f"{round(np.mean(best) * 3.7)} s"
    )  # 3.7 s an epoch
    assert table["DanQ"]["training windows per second"].text == "1,500"
    assert (
        table["DanQ"]["parameters"].text == "925,120"
        and table["DanQ"]["multiply-adds per window"].text == "NA"
    )


def test_what_is_not_known_of_a_training_is_na():
    history = pd.DataFrame({"valid_auprc": [0.2], "best": ["yes"]})
    training = Trained("danq", 0, history, {}, pd.DataFrame(), {}, pd.DataFrame())
    row = cells(t.training_table([training]))["DanQ"]
    assert row["change in last epoch"].text == "NA" and row["windows per second"].text == "NA"
    assert cells(t.cost_table([training]))["DanQ"]["time to best epoch"].text == "NA"


def test_what_was_chosen_is_shown_even_without_a_history(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    assert t.choice_table(run).rows == []
    run.trained[0].facts["chosen"] = {"lr": {"value": 0.0025, "reason": "for every data set"}}
    row = cells(t.choice_table(run))["train.lr"]
    assert [cell.text for cell in row.values()] == ["0.0025", "DeepSEA", "for every data set"]
    bare = [training._replace(history=pd.DataFrame()) for training in run.trained]
    section = t.training(dataclasses.replace(run, trained=bare))
    assert [table.title for table in section.tables] == ["What was chosen, and why"]


def test_imported_networks_are_told(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    source = {"file": "w.pth", "md5": "0" * 32, "format": "DeepSEA", "note": "Take care."}
    imported = run.trained[0]._replace(history=pd.DataFrame(), facts={"imported": source})
    section = t.training(dataclasses.replace(run, trained=[imported, *run.trained[1:]]))
    told = section.text[0]
    assert "has weights imported from w.pth (DeepSEA, MD5 000" in told
    assert told.endswith("Take care.")
    section = t.training(dataclasses.replace(run, trained=[imported]))
    assert section.text == [told]
