"""What is said of a network that does not learn: when, once, and never of one that does."""

import json
import re

import numpy as np
import pytest
import torch

from danq.data.dataset import open_dataset
from danq.evaluation.baselines import scan
from danq.evaluation.metrics import measure
from danq.motif.meme import Motif, log_odds, write_meme
from danq.network.motif_layers import Layer
from danq.training import learning_signs
from danq.training.interruption import Progress
from danq.training.learning_signs import (
    Measurement,
    Watch,
    count_silent,
    find_signs,
    guessing_limit,
    scan_validation,
)
from danq.training.validate import Scores, Validated
from tests.training.helpers import cut_off, run, same_weights


def names(measured, shown=1.0):
    return [sign.name for sign in find_signs(measured, shown)]


def test_a_network_that_guesses_is_told_after_a_quarter():
    # Twice a prevalence of 0.02 is 0.04.
    assert names(Measurement(0.0399, 0.02)) == ["guessing"] and not names(Measurement(0.04, 0.02))
    assert not names(Measurement(0.01, 0.02), 0.24) and names(Measurement(0.01, 0.02), 0.25)


@pytest.mark.parametrize(("prevalence", "limit"), [(0.01, 0.02), (0.5, 0.55), (0.9, 0.91)])
def test_where_most_windows_are_positive_guessing_is_no_good_score(prevalence, limit):
    assert guessing_limit(prevalence) == pytest.approx(limit)


def test_more_than_a_quarter_of_the_filters_may_not_be_silent():
    assert names(Measurement(0.9, 0.1, filters=8, silent=3), 0.0) == ["silent_filters"]
    assert not names(Measurement(0.9, 0.1, filters=8, silent=2))
    assert not names(Measurement(0.9, 0.1))  # a network without filters


def test_a_network_below_the_scan_is_told_after_a_half():
    below = Measurement(0.9, 0.1, scanned=3, auprc_of_scanned=0.29, auprc_of_scan=0.3)
    assert names(below, 0.5) == ["below_scan"] and not names(below, 0.49)
    assert not names(below._replace(auprc_of_scanned=0.3))


def test_a_sign_says_its_numbers():
    measured = Measurement(0.021, 0.02, 8, 5, 1, 0.1, 0.25)
    guessing, silent, below = find_signs(measured, 1.0)
    assert "AUPRC is 0.021" in guessing.what and "(0.020, " in guessing.what
    assert "5 of 8 first filters" in silent.what
    assert "is 0.100 on 1 target with" in below.what and below.what.endswith("motif has 0.250")
    assert [(sign.number, sign.reference) for sign in (guessing, silent, below)] == [
        (0.021, 0.02),
        (5, 8),
        (0.1, 0.25),
    ]


def test_silent_filters_are_counted_on_both_strands():
    conv = torch.nn.Conv1d(4, 4, 3)
    X = torch.zeros(40, 4, 9)
    X[:, 0] = 1  # poly-A: its other strand is poly-T
    with torch.no_grad():
        conv.weight.zero_()
        conv.bias[:] = torch.tensor([-1.0, -1.0, 0.0, -4.0])
        conv.weight[0, 0] = 1  # 3 - 1 on A
        conv.weight[1, 3] = 1  # 3 - 1 on T
        conv.weight[3, 0] = 1  # 3 - 4 on A
    # The third responds with 0, which a ReLU does not let pass either.
    assert count_silent(Layer("filter", conv, 4, 3), X) == 2


@pytest.fixture
def with_motif(toy, run_extract, tmp_path):
    """Return dataset.h5 whose first target names a motif, and the file that holds it."""
    peaks = f"A\t{toy / 'a.bed'}\tM1\nB\t{toy / 'b.bed'}\t.\n"
    (tmp_path / "targets.tsv").write_text(f"name\tfile\tjaspar\n{peaks}")
    matrix = np.random.default_rng(1).dirichlet([0.3] * 4, 8)
    write_meme(tmp_path / "known.meme", [Motif("M1", "X", matrix)])
    folder = run_extract(toy, tmp_path / "data", targets=tmp_path / "targets.tsv")
    return folder / "dataset.h5", str(tmp_path / "known.meme")


def test_the_scan_of_the_validation_split(with_motif, monkeypatch):
    dataset, motifs = with_motif
    with open_dataset(dataset) as data:
        labels = data.labels("valid")
        found = scan_validation(data, labels, motifs, range(len(labels)))
        matrix = learning_signs.target_motifs(data, motifs)[0]
        weights = log_odds(matrix, data.background("train"))
        slow = scan(data.base_indices("valid"), weights, 100)
        assert found.targets.tolist() == [0] and len(found.rows) == len(labels)
        assert found.auprc[0] == measure(labels[:, :1], slow[:, None])["auprc"][0]
        perfect = found.areas(labels, labels.astype(float))
        assert perfect.tolist() == [1.0]
        monkeypatch.setattr(learning_signs, "SCANNED_WINDOWS", 10)
        assert len(scan_validation(data, labels, motifs, range(len(labels))).rows) == 10


@pytest.mark.parametrize("motifs", ["", "none.meme", "JASPAR2024:fungi"])
def test_without_the_motif_no_scan_is_made(with_motif, motifs):
    with open_dataset(with_motif[0]) as data:
        labels = data.labels("valid")
        assert scan_validation(data, labels, motifs, range(len(labels))) is None


def test_no_target_names_a_motif_so_none_is_read(toy_dataset, monkeypatch):
    monkeypatch.setattr(learning_signs, "target_motifs", None)
    with open_dataset(toy_dataset) as data:
        labels = data.labels("valid")
        assert scan_validation(data, labels, "JASPAR2024:fungi", range(len(labels))) is None


class Options:
    """Eight epochs of a network without filters."""

    model, seed, epochs, lr = "mlp", 0, 8, 0.003
    settings = type("Settings", (), {"negatives": 1.0, "initialise_from": "random"})

    def epoch_name(self, epoch):
        return f"epoch {epoch}"


class Learner:
    leads, options, network = True, Options(), None


class Labels:
    """Four windows of two targets, of which one has a single label: prevalence 1/4."""

    labels = np.array([[1, 0], [0, 0], [0, 0], [0, 0]], np.uint8)
    rows = range(4)
    dataset = type("Data", (), {"jaspar": ["", ""]})


def history_of(values, capsys, learner=Learner):
    """Return the lines that are said of these validation AUPRCs, and the progress."""
    progress, watch = Progress(torch.zeros(())), Watch(Labels(), "")
    for epoch, auprc in enumerate(values, 1):
        areas = np.array([auprc, np.nan])
        scores = Scores(0.1, auprc, 0.5)
        progress.add({"epoch": epoch, **scores._asdict()}, {}, "valid_auprc")
        watch.look(learner(), progress, Validated(scores, areas, np.zeros((4, 2))))
    return capsys.readouterr().err.splitlines(), progress, watch


def test_a_sign_is_said_once_when_it_appears_and_once_at_the_end(capsys):
    # A quarter of 8 epochs are 2; the limit at a prevalence of 0.25 is 0.25 + 0.075.
    lines, progress, watch = history_of([0.3, 0.31, 0.29, 0.3], capsys)
    (line,) = lines
    assert line.startswith("epoch 2: mean validation AUPRC is 0.310, hardly more than guessing")
    assert line.endswith(
        "; try more epochs or a larger epoch_size, or an lr below 0.003"
    )  # it has neither filters nor many negatives
    (sign,) = watch.conclude(Options(), progress)
    assert (sign["name"], sign["number"], sign["reference"]) == ("guessing", 0.31, 0.25)
    assert json.loads(json.dumps(sign)) == sign
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"mlp seed 0 has ended: {sign['what']}; {sign['advice']}"


def test_what_was_learnt_in_the_end_is_no_sign(capsys):
    lines, progress, watch = history_of([0.3, 0.3, 0.6, 0.2], capsys)
    assert len(lines) == 1 and watch.conclude(Options(), progress) == []
    assert capsys.readouterr().err == ""


def test_only_the_process_that_leads_speaks(capsys):
    follower = type("Follower", (Learner,), {"leads": False})
    lines, progress, watch = history_of([0.3] * 8, capsys, follower)
    assert lines == [] and progress.measured is None
    assert watch.conclude(Options(), progress) == []


BLIND = {"lr": 1e-9, "epochs": 4}
"""Knobs with which nothing is learnt."""


def test_the_signs_are_in_the_log_and_in_the_facts(with_motif, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(learning_signs, "guessing_limit", lambda prevalence: 1.0)
    dataset, motifs = with_motif
    run(dataset, tmp_path / "a", motifs=motifs, **BLIND)
    (sign, *_) = json.loads((tmp_path / "a" / "train.json").read_text())["signs"]
    said = re.findall(r"^(.*): mean validation AUPRC is .*guessing", capsys.readouterr().err, re.M)
    assert said == ["danq seed 3 epoch 1/4", "danq seed 3 has ended"]
    assert "initialise_from: enriched" in sign["advice"] and "negatives: 1" in sign["advice"]


def test_looking_changes_nothing_and_a_resumed_training_ends_with_the_same_signs(
    with_motif, tmp_path, monkeypatch
):
    monkeypatch.setattr(learning_signs, "guessing_limit", lambda prevalence: 1.0)
    dataset, motifs = with_motif
    whole = run(dataset, tmp_path / "whole", motifs=motifs)
    cut_off(dataset, tmp_path / "cut", motifs=motifs)
    again = run(dataset, tmp_path / "cut", motifs=motifs)
    assert whole["facts"]["signs"] == again["facts"]["signs"] != []
    monkeypatch.setattr(Watch, "look", lambda *arguments: None)
    blind = run(dataset, tmp_path / "blind", motifs=motifs)
    assert same_weights(whole, again) and same_weights(whole, blind)
    assert blind["facts"]["signs"] == []
