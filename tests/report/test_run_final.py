"""Final models of a run: listed, and in no number of it."""

import json

import pytest

from danq import read_run
from danq.errors import DanqError
from danq.records import Input, Made, recorded
from danq.report.headline import headline, write_results
from danq.report.report import report
from danq.report.run import run_files
from danq.report.run_final import STEPS, FinalModel, read_final_models
from danq.training import health
from tests.report.folds_toy import write_folds
from tests.report.toy_run import inputs_of, write_run

FACTS = {
    "model": "danq",
    "seed": 0,
    "epochs": 3,
    "final": {"folds": 3, "best_epochs": [2, 3, 5]},
    "health": [{"name": "silent_units", "value": 0}, {"name": "steps", "value": 4321}],
}


def add_final(folder, model="danq", inputs=None, **facts):
    """Write what a final training leaves."""
    training = folder / "final" / model / "seed0"
    training.mkdir(parents=True)
    (training / "model.ckpt").write_bytes(b"weights")
    made = Made("train", inputs_of(folder, training) if inputs is None else inputs)
    with recorded(training / "train.json", made) as file:
        file.write_text(json.dumps({**FACTS, "model": model, **facts}))
    return training


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folds(tmp_path_factory.mktemp("final") / "run")


@pytest.fixture(scope="module")
def without(folder):
    """Return the run, its headline and its page before it had final models."""
    run = read_run(folder)
    page = folder.parent / "without.html"
    report(folder, page)
    return run, headline(run), page.read_text()


@pytest.fixture(scope="module")
def with_final(folder, without):
    add_final(folder)
    add_final(folder, "danq_conv", health=[])
    return folder


FOUND = [
    FinalModel("danq", 0, 4321, [2, 3, 5], "final/danq/seed0/model.ckpt"),
    FinalModel("danq_conv", 0, None, [2, 3, 5], "final/danq_conv/seed0/model.ckpt"),
]


def test_the_check_of_steps_has_its_name():
    assert STEPS == health.STEPS


def test_they_are_found_by_the_models_and_seeds_of_the_folds(with_final):
    run = read_run(with_final)
    assert sorted(run.final) == FOUND
    assert with_final / "final" / "danq" / "seed0" / "train.json" in run_files(with_final)


def test_no_number_is_about_them(with_final, without, tmp_path):
    before, head_before, page_before = without
    run = read_run(with_final)
    assert before.final == [] and len(run.trained) == len(before.trained)
    head = headline(run)
    assert head._replace(final=[]) == head_before
    write_results(tmp_path / "results.json", head)
    results = json.loads((tmp_path / "results.json").read_text())
    assert sorted(FinalModel(**entry) for entry in results["final"]) == FOUND
    report(with_final, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "Final models" not in page_before
    start = page.index("Final models")
    assert "4,321" in page[start:] and "final/danq/seed0/model.ckpt" in page[start:]
    assert "no number, figure or sentence of this report is about them" in page[start:]


def test_those_of_another_dataset_are_older_ones(tmp_path):
    folder = write_run(tmp_path / "run")
    add_final(folder, inputs=[Input("dataset", "dataset.h5", "ab" * 32)])
    assert read_run(folder).final == []


def test_one_without_its_checkpoint_is_none_and_edited_facts_are_refused(tmp_path):
    folder = write_run(tmp_path / "run")
    training = add_final(folder)
    trainings = [folder / "danq" / "seed0"]
    (found,) = read_final_models(folder, trainings)
    assert found == FOUND[0]
    (training / "train.json").write_text(json.dumps({**FACTS, "epochs": 4}))
    with pytest.raises(DanqError, match=r"train\.json"):
        read_final_models(folder, trainings)
    (training / "model.ckpt").unlink()
    assert read_final_models(folder, trainings) == []
