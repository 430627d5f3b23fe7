"""A run in folds, read back; and what the report says of it."""

import shutil

import numpy as np
import pandas as pd
import pytest

from danq import read_run
from danq.data.dataset import open_dataset
from danq.data.join import PREDICTIONS
from danq.data.predictions import write_predictions
from danq.errors import DanqError
from danq.records import combined, read_head
from danq.report import verdict_text
from danq.report.findings.claim import claim
from danq.report.findings.data import splits
from danq.report.findings.training import epochs, single_seed_models, training_summaries
from danq.report.methods_text import methods_paragraphs
from danq.report.report import report
from danq.report.run import run_files
from danq.report.run_folds import count_folds, fold_folders, of_fold, read_tested_sets
from tests.report.folds_toy import SETS, write_folds
from tests.report.toy_run import NETWORKS, inputs_of, write_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folds(tmp_path_factory.mktemp("runs") / "folds")


@pytest.fixture(scope="module")
def run(folder):
    return read_run(folder)


def test_every_fold_has_the_windows_of_its_set(run):
    assert [tested.regions for tested in run.folds] == SETS and run.n_folds == len(SETS)
    # By hand: 9,107 windows begin at 0, 1, 2, ... of chrIII.
    assert [tested.windows for tested in run.folds] == [3000, 3000, 3107]
    assert sum(tested.positives for tested in run.folds) == run.positives["test"].sum()
    table = splits(run)
    assert table["split"].tolist() == ["fold 0", "fold 1", "fold 2"]


def test_every_training_knows_its_fold(run, folder):
    assert len(run.trained) == len(SETS) * len(NETWORKS)
    places = [(t.model, t.fold, t.seed) for t in run.trained]
    assert len(set(places)) == len(places)
    assert {t.label for t in run.trained} == {f"fold {fold}, seed 0" for fold in range(3)}
    assert {t.fold for t in run.trained if not t.matches.empty} == {0}
    assert single_seed_models(run.trained) == []
    assert training_summaries(run.trained).columns[:3].tolist() == ["model", "fold", "seed"]
    table = epochs(run.trained, ["valid_auprc"])
    assert not table.duplicated(["model", "fold", "seed", "epoch"]).any()


def test_a_run_with_one_split_has_no_folds(tmp_path):
    folder = write_run(tmp_path / "run")
    run = read_run(folder)
    assert (run.n_folds, run.folds) == (0, []) and count_folds(run.metrics) == 0
    assert fold_folders(folder, 0) == [folder]
    assert of_fold([folder / "danq" / "seed0"], folder) == [None]
    assert {t.label for t in run.trained} == {"seed 0"}
    assert training_summaries(run.trained).columns[:2].tolist() == ["model", "seed"]
    with open_dataset(folder / "dataset.h5") as data:
        assert read_tested_sets(data) == []


def test_folds_need_no_three_seeds(run):
    found = claim(run)._replace(judged=True, not_learnt=[], conclusion="none", failed=[])
    assert found.n_folds == 3 and not found.few_seeds
    assert not any("training seeds" in gap.what for gap in verdict_text.gaps(found))
    sentence = verdict_text.verdict_sentence(found)
    assert sentence.startswith("With 3 folds of a single training seed each")
    assert "Another seed may reverse this" not in sentence and "test windows only" not in sentence
    alone = found._replace(n_folds=0)
    assert alone.few_seeds and "Another seed may" in verdict_text.verdict_sentence(alone)


def test_the_intervals_cover_the_training_chromosomes(run):
    assert verdict_text.interval_sentence(run.pairs) == verdict_text.FOLDS
    assert "training chromosomes" in verdict_text.FOLDS
    others = [pair._replace(mean=pair.mean.copy()) for pair in run.pairs]
    for pair in others:
        pair.mean["covers"] = "windows"
    assert verdict_text.interval_sentence(others).endswith(verdict_text.CHROMOSOMES)


def test_methods_say_how_folds_were_made(run):
    text = " ".join(methods_paragraphs(run))
    assert "were tested in 3 folds (chrIII:0-3000: 3,000; " in text
    assert "Nadeau and Bengio" in text and "bootstrap" not in text


def test_the_report_of_folds_is_a_page(run, folder, tmp_path):
    report(folder, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "3 folds" in page and "over test windows, training seeds and training chrom" in page
    assert "fold 2, seed 0" in page and "Leakage" not in page
    files = {path.relative_to(folder).as_posix() for path in run_files(folder)}
    assert {"fold0/danq/seed0/train.json", "fold2/danq/seed0/history.tsv"} <= files


def test_folds_are_counted_by_their_columns():
    columns = ["auprc", "auprc_trapezoid", "auprc_fold0", "auprc_fold1", "auroc_fold0"]
    assert count_folds(pd.DataFrame(columns=columns)) == 2


def with_predictions(folder):
    """Write the predictions of one model in each fold, and what joins them."""
    scores = np.full((4, 2), 0.5)
    parts = []
    for fold in range(len(SETS)):
        training = folder / f"fold{fold}" / "danq" / "seed0"
        path = training / "predictions.h5"
        inputs = inputs_of(folder, training)
        write_predictions(path, scores + fold / 10, "danq", "0", "test", "w", inputs=inputs)
        parts.append(path)
    checksums = [read_head(path, "").sha256 for path in parts]
    made_from = [*inputs_of(folder), combined(PREDICTIONS, parts, checksums)]
    joined = folder / "danq" / "seed0" / "predictions.h5"
    joined.parent.mkdir(parents=True)
    write_predictions(joined, scores, "danq", "0", "test", "w", inputs=made_from)
    return joined, parts


def test_joined_predictions_are_of_the_folds_that_are_there(folder, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    joined, parts = with_predictions(copy)
    assert read_run(copy).n_folds == 3
    parts[1].write_bytes(parts[2].read_bytes())
    with pytest.raises(DanqError) as caught:
        read_run(copy)
    lines = str(caught.value).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{joined}: was not made from the predictions of the folds that")
