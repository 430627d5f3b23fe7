import json
import sys

import numpy as np
import pandas as pd
import pytest
import torch

import danq
from danq.network.checkpoint import load_checkpoint
from danq.training.record import Curves, log, versions
from tests.conftest import file_limit
from tests.training.helpers import run


def test_the_checkpoint_rebuilds_the_model_and_says_how_it_was_made(toy_dataset, tmp_path):
    saved = run(toy_dataset, tmp_path, "deepsea")
    network, facts, data_facts = load_checkpoint(tmp_path / "model.ckpt")
    assert all(
        torch.equal(value, saved["weights"][key]) for key, value in network.state_dict().items()
    )
    assert data_facts["names"] == ["Factor A", "<b>B</b>"] and data_facts["window"] == 400
    assert facts == json.loads((tmp_path / "train.json").read_text())
    assert facts["options"]["lr"] == 0.003
    assert facts["versions"]["torch"] == torch.__version__
    history = pd.read_csv(tmp_path / "history.tsv", sep="\t")
    assert facts["best_epoch"] == history["valid_auprc"].idxmax() + 1
    assert (history["best"] == "yes").sum() == 1


def test_versions_are_those_of_what_is_installed():
    installed = versions()
    assert list(installed) == ["danq", "python", "torch", "lightning_fabric", "numpy", "h5py"]
    assert installed["numpy"] == np.__version__ and installed["danq"] == danq.__version__


def test_tensorboard_finds_the_curves_and_is_not_needed(toy_dataset, tmp_path, monkeypatch):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run(toy_dataset, tmp_path / "with")
    events = EventAccumulator(str(tmp_path / "with" / "model.ckpt.tensorboard")).Reload()
    history = pd.read_csv(tmp_path / "with" / "history.tsv", sep="\t")
    points = events.Scalars("valid_auprc")
    assert [point.step for point in points] == [1, 2, 3]
    assert [point.value for point in points] == pytest.approx(
        history["valid_auprc"].tolist(), rel=1e-6
    )
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    run(toy_dataset, tmp_path / "without")
    assert {path.name for path in (tmp_path / "without").iterdir()} == {
        ".made",
        "model.ckpt",
        "history.tsv",
        "train.json",
    }


def points_of(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder)).Reload()
    return [(point.step, point.value) for point in events.Scalars("loss")]


def test_curves_go_on_where_a_training_was_cut_off(tmp_path):
    for first_epoch, epochs in ((1, (1, 2, 3)), (3, (3, 4))):
        curves = Curves(str(tmp_path), first_epoch, active=True)
        for epoch in epochs:
            curves.add({"epoch": epoch, "loss": epoch + first_epoch / 8, "best": "no"})
    assert points_of(tmp_path) == [(1, 1.125), (2, 2.125), (3, 3.375), (4, 4.375)]


@pytest.mark.parametrize("limit", [0, 10, 100, 200])
def test_a_full_disk_ends_the_curves_and_nothing_else(tmp_path, limit, capsys):
    curves = Curves(str(tmp_path / "curves"), 1, active=True)
    with file_limit(limit):
        for epoch in range(1, 9):
            curves.add({"epoch": epoch, "loss": 0.5})
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"warning: {tmp_path / 'curves'}: the curves end here (File too large)")


def test_a_process_that_does_not_lead_writes_no_curves(tmp_path):
    Curves(str(tmp_path / "curves"), 1, active=False).add({"epoch": 1, "loss": 0.5})
    assert list(tmp_path.iterdir()) == []


def test_a_line_goes_to_standard_error(capsys):
    log("epoch 1/3")
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", "epoch 1/3\n")


def test_a_log_that_nobody_reads_stops_no_training(monkeypatch):
    class Closed:
        def write(self, text):
            raise BrokenPipeError

        def flush(self):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    log("epoch 1/3")
