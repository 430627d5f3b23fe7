"""What is said of a network that does not learn: when, once, and never of one that does."""

import json
import re

import numpy as np
import pytest
import torch
from torch import nn

from danq.training import generalisation, health, train, watch
from danq.training.interruption import Progress
from danq.training.validate import Scores, Validated
from danq.training.watch import Watch
from tests.training.helpers import cut_off, run, same_weights


class Options:
    """Eight epochs of a network without filters."""

    model, seed, epochs, lr, weight_decay, batch_size = "mlp", 0, 8, 0.003, 0.01, 64
    settings = type(
        "Settings",
        (),
        {"negatives": 1.0, "initialise_from": "random", "dropout": 0.4, "scale": 0.2},
    )

    def epoch_name(self, epoch):
        return f"epoch {epoch}"


class Learner:
    """A network that is trained elsewhere."""

    leads, options, steps = True, Options(), 1_000

    def __init__(self):
        self.network = nn.Sequential(nn.Flatten(), nn.Linear(40, 2))

    def share_dropout(self, share):
        assert share is None


class Data:
    """Windows of ten unknown bases, and no training window that has a label."""

    def __init__(self):
        self.jaspar = ["", ""]
        self.attributes = {"coordinates": "none"}

    def one_hot(self, split, rows):
        return np.zeros((len(rows), 4, 10), np.float32)

    def length(self, split):
        return 3

    def labels(self, split, rows):
        return np.zeros((3, 2), np.uint8)[rows]


class Labels:
    """Four windows of two targets, of which one has a single label: prevalence 1/4."""

    labels = np.array([[1, 0], [0, 0], [0, 0], [0, 0]], np.uint8)
    rows = range(4)
    dataset = Data()


def history_of(values, capsys, learner=Learner):
    """Return the lines that are said of these validation AUPRCs, and what concludes them."""
    progress, watch, learner = Progress(torch.zeros(())), Watch(Labels(), ""), learner()
    for epoch, auprc in enumerate(values, 1):
        areas = np.array([auprc, np.nan])
        scores = Scores(0.1, auprc, 0.5)
        row = {"epoch": epoch, **scores._asdict()}
        progress.add(row, learner.network.state_dict(), "valid_auprc")
        watch.look(learner, progress, Validated(scores, areas, np.zeros((4, 2))))
    lines = capsys.readouterr().err.splitlines()
    checks = watch.conclude(learner, progress)
    return lines, [check for check in checks if not check["passed"]], checks


def test_a_sign_is_said_once_when_it_appears_and_once_at_the_end(capsys):
    # A quarter of 8 epochs are 2; the limit at a prevalence of 0.25 is 0.25 + 0.075.
    lines, failed, _ = history_of([0.3, 0.31, 0.29, 0.3], capsys)
    (line,) = lines
    assert line.startswith("epoch 2: mean validation AUPRC is 0.310, hardly more than guessing")
    assert line.endswith(
        "; try more epochs or a larger epoch_size, or an lr below 0.003"
    )  # it has neither filters nor many negatives
    (sign,) = failed
    assert (sign["name"], sign["value"], sign["threshold"]) == ("guessing", 0.31, 0.325)
    assert json.loads(json.dumps(sign)) == sign
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"mlp seed 0 has ended: {sign['what']}; {sign['advice']}"


def test_what_was_learnt_in_the_end_is_no_sign(capsys):
    lines, failed, checks = history_of([0.3, 0.3, 0.6, 0.2], capsys)
    assert len(lines) == 1 and failed == []
    assert {check["name"]: check["value"] for check in checks} == {
        "guessing": 0.6,
        "still_improving": pytest.approx(-2 / 3),
        "steps": 4_000,
    }
    assert capsys.readouterr().err == ""


def test_only_the_process_that_leads_speaks(capsys):
    follower = type("Follower", (Learner,), {"leads": False})
    assert history_of([0.3] * 8, capsys, follower) == ([], [], [])


BLIND = {"lr": 1e-9, "epochs": 4}
"""Knobs with which nothing is learnt."""


def read_health(folder):
    """Return the checks of a training by name."""
    checks = json.loads((folder / "train.json").read_text())["health"]
    return {check["name"]: check for check in checks}


def test_the_signs_are_in_the_log_and_in_the_facts(with_motif, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(health, "guessing_limit", lambda prevalence: 1.0)
    dataset, motifs = with_motif
    run(dataset, tmp_path / "a", motifs=motifs, **BLIND)
    sign = read_health(tmp_path / "a")["guessing"]
    said = re.findall(r"^(.*): mean validation AUPRC is .*guessing", capsys.readouterr().err, re.M)
    assert said == ["danq seed 3 epoch 1/4", "danq seed 3 has ended"]
    assert "initialise_from: enriched" in sign["advice"] and "negatives: 1" in sign["advice"]
    assert not sign["passed"]


def test_a_network_that_is_dead_on_purpose_is_found(toy_dataset, tmp_path, capsys, monkeypatch):
    """Its first filters and its hidden layer never fire: its rate does not revive them."""
    set_up = train.set_up

    def dead(*arguments, **options):
        learner = set_up(*arguments, **options)
        for layer in (learner.network.stem.conv, learner.network.head.dense):
            nn.init.zeros_(layer.weight)
            nn.init.constant_(layer.bias, -1.0)
        return learner

    run(toy_dataset, tmp_path / "alive", "danq_conv", epochs=1)
    monkeypatch.setattr(train, "set_up", dead)
    run(toy_dataset, tmp_path / "dead", "danq_conv", epochs=1)
    checks = read_health(tmp_path / "dead")
    for name in ("silent_filters", "silent_units"):
        assert (checks[name]["value"], checks[name]["passed"]) == (1.0, False)
        assert read_health(tmp_path / "alive")[name]["value"] < 1
    assert "danq_conv seed 3 epoch 1/1: 6 of 6 first filters respond" in capsys.readouterr().err


def test_the_gap_is_of_the_best_weights_and_small_for_what_has_learnt_nothing(
    toy_dataset, tmp_path, monkeypatch
):
    monkeypatch.setattr(generalisation, "FEWEST_POSITIVES", 1)
    asked = []

    def measure_gap(network, *arguments):
        asked.append({name: value.clone() for name, value in network.state_dict().items()})
        return generalisation.measure_gap(network, *arguments)

    monkeypatch.setattr(watch, "measure_gap", measure_gap)
    trained = run(toy_dataset, tmp_path, "danq_conv")
    (weights,) = asked
    assert all(torch.equal(weights[name], value) for name, value in trained["weights"].items())
    assert "gap" in read_health(tmp_path)


@pytest.mark.parametrize("stem", ["relu", "exponential"])
def test_looking_changes_nothing_and_a_resumed_training_is_as_healthy(
    with_motif, tmp_path, monkeypatch, stem
):
    monkeypatch.setattr(generalisation, "FEWEST_POSITIVES", 1)
    dataset, motifs = with_motif
    options = {"model": "danq_conv", "motifs": motifs, "stem": stem}
    whole = run(dataset, tmp_path / "whole", **options)
    cut_off(dataset, tmp_path / "cut", **options)
    again = run(dataset, tmp_path / "cut", **options)
    assert whole["facts"]["health"] == again["facts"]["health"]
    assert {"gap", "below_scan"} <= {check["name"] for check in whole["facts"]["health"]}
    monkeypatch.setattr(Watch, "look", lambda *arguments: None)
    blind = run(dataset, tmp_path / "blind", **options)
    assert same_weights(whole, again) and same_weights(whole, blind)
    assert blind["facts"]["health"] == []
