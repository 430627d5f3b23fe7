import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from danq.catalog import MODELS
from danq.data.dataset import open_dataset
from danq.data.encode import encode
from danq.data.predictions import read_predictions
from danq.errors import DanqError
from danq.evaluation.metrics import measure
from danq.files import hold_outputs
from danq.network import checkpoint
from danq.network.checkpoint import load_checkpoint
from danq.network.predict_dataset import predict_dataset
from danq.training import epoch, record
from danq.training.learner import Learner
from danq.training.validate import Validation
from tests.training.helpers import KNOBS, command_line, dying, killed_at, run, same_weights


@pytest.mark.parametrize("model", sorted(MODELS))
def test_the_same_seed_gives_the_same_bits_and_another_does_not(model, toy_dataset, tmp_path):
    first, again = (run(toy_dataset, tmp_path / name, model) for name in ("a", "b"))
    other = run(toy_dataset, tmp_path / "c", model, seed=4)
    assert same_weights(first, again) and not same_weights(first, other)
    timeless = [
        pd.read_csv(tmp_path / name / "history.tsv", sep="\t").drop(
            columns=["seconds", "samples_per_s", "loading_share"]
        )
        for name in ("a", "b")
    ]
    assert timeless[0].equals(timeless[1]) and len(timeless[0]) == 3


@pytest.mark.parametrize("model", sorted(MODELS))
def test_a_killed_training_resumes_to_the_same_bits(model, toy_dataset, tmp_path, monkeypatch):
    # A state is saved at every step; the training is killed in the middle of steps, and before,
    # within and after the writing of states, and goes on each time.
    monkeypatch.setattr(epoch, "SAVE_EVERY", 0)
    uninterrupted = run(toy_dataset, tmp_path / "whole", model)
    for where, name, calls in (
        (Learner, "learn", 2),
        (epoch, "save_state", 3),
        (checkpoint, "_save", 4),
        (os, "replace", 5),
        (os, "fsync", 4),
        (Validation, "score", 2),
        (record, "write_checkpoint", 1),
        (record, "record_text", 1),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(where, name, dying(getattr(where, name), calls))
            assert killed_at(run, toy_dataset, tmp_path / "cut", model), name
        torch.manual_seed(99)
    assert same_weights(uninterrupted, run(toy_dataset, tmp_path / "cut", model))
    assert {path.name for path in (tmp_path / "cut").iterdir()} == {
        ".made",
        "model.ckpt",
        "history.tsv",
        "train.json",
        "model.ckpt.tensorboard",
    }


def test_sigterm_ends_the_command_with_status_75(toy_dataset, tmp_path):
    knobs = {
        "scale": 0.02,
        "epochs": 5000,
        "patience": 5000,
        "device": "cpu",
        "precision": "float32",
    }
    command = [
        sys.executable,
        "-m",
        "danq",
        *command_line(toy_dataset, tmp_path, "danq_conv", knobs),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while "epoch 1/5000" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGTERM)
    log = process.communicate(timeout=60)[1]
    assert process.returncode == 75
    assert log.endswith("danq: stopped by a signal; the same command goes on from here\n")
    assert {path.name for path in tmp_path.iterdir()} == {"m.ckpt.resume", "m.ckpt.tensorboard"}


def test_two_processes_do_what_one_does(toy_dataset, tmp_path):
    # Batches of 15, so that their shares are unequal; the last one of an epoch is smaller still.
    results = {}
    for devices in (1, 2):
        folder = tmp_path / str(devices)
        knobs = KNOBS | {"devices": devices, "batch_size": 15, "epochs": 2}
        command = [sys.executable, "-m", "danq", *command_line(toy_dataset, folder, "danq", knobs)]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        results[devices] = (
            torch.load(folder / "m.ckpt", weights_only=True)["weights"],
            pd.read_csv(folder / "h.tsv", sep="\t"),
        )
    for key, value in results[1][0].items():
        torch.testing.assert_close(results[2][0][key], value, rtol=1e-4, atol=1e-6)
    for column in ("train_loss", "valid_loss", "valid_auprc"):
        np.testing.assert_allclose(results[2][1][column], results[1][1][column], rtol=1e-4)


@pytest.mark.parametrize("model", ["deepsea", "danq", "danq_residual"])
def test_the_published_recipe_trains(model, toy_dataset, tmp_path):
    saved = run(
        toy_dataset,
        tmp_path,
        model,
        recipe="published",
        gates="hard_sigmoid",
        lr=None,
        batch_size=None,
        weight_decay=None,
        patience=None,
    )
    options = saved["facts"]["options"]
    expected = (
        {"lr": 1.0, "batch_size": 16, "weight_decay": 1e-6, "patience": 301}
        if model == "deepsea"
        else {"lr": 1e-3, "batch_size": 100, "weight_decay": 0.0, "patience": 6}
    )
    assert {key: options[key] for key in expected} == expected
    history = pd.read_csv(tmp_path / "history.tsv", sep="\t")
    assert history["best"].tolist().index("yes") == history["valid_loss"].idxmin()


def test_a_published_danq_predicts_from_its_checkpoint_what_it_did_in_training(
    toy_dataset, tmp_path
):
    # Keras 0.2's dropout scales outside training: a reloaded model has to do so, too.
    run(toy_dataset, tmp_path, recipe="published", epochs=1, batch_size=20)
    predict_dataset(
        [tmp_path / "model.ckpt"],
        toy_dataset,
        tmp_path / "p.h5",
        split="valid",
        device="cpu",
        threads=1,
    )
    with open_dataset(toy_dataset) as dataset:
        scores = read_predictions(tmp_path / "p.h5")[3]
        areas = measure(dataset.labels("valid"), scores)["auprc"]
    assert pd.read_csv(tmp_path / "history.tsv", sep="\t")["valid_auprc"].item() == pytest.approx(
        np.nanmean(areas)
    )
    network = load_checkpoint(tmp_path / "model.ckpt").network
    assert [drop.inverted for drop in network.drops] == [False, False]


def test_the_model_learns(tmp_path):
    # Windows with GATTACAGATTACA in their middle are positive: an easy rule, so a high validation
    # AUPRC is due.
    rng, records, rows = np.random.default_rng(0), [], ["name\tsplit\tbound"]
    for i in range(1400):
        bases, label = "".join(rng.choice(list("ACGT"), 100)), i % 2
        at = int(rng.integers(30, 56))
        bases = bases[:at] + "GATTACAGATTACA" + bases[at + 14 :] if label else bases
        records.append(f">w{i}\n{bases}\n")
        rows.append(f"w{i}\t{'train' if i < 1000 else 'valid' if i < 1200 else 'test'}\t{label}")
    (tmp_path / "regions.fa").write_text("".join(records))
    (tmp_path / "regions.tsv").write_text("\n".join(rows) + "\n")
    encode(tmp_path / "regions.fa", tmp_path / "regions.tsv", tmp_path / "dataset.h5")
    run(tmp_path / "dataset.h5", tmp_path, epochs=8, scale=0.1, lr=0.005, shift=0)
    assert pd.read_csv(tmp_path / "history.tsv", sep="\t")["valid_auprc"].max() > 0.9


def test_a_training_of_four_steps_works(toy_dataset, tmp_path):
    run(toy_dataset, tmp_path, epochs=4, batch_size=512)
    assert len(pd.read_csv(tmp_path / "history.tsv", sep="\t")) == 4


@pytest.mark.parametrize(
    ("variables", "changes", "message"),
    [
        (
            {},
            {"nodes": 2},
            "nodes is 2, but nothing started the processes on the others; use srun or torchrun",
        ),
        (
            {
                "SLURM_NTASKS": "1",
                "SLURM_JOB_NAME": "train",
                "SLURM_PROCID": "0",
                "SLURM_LOCALID": "0",
                "SLURM_NODEID": "0",
                "SLURM_JOB_ID": "12345",
                "SLURM_NODELIST": "localhost",
            },
            {"nodes": 2},
            "devices 1 and nodes 2 need 2 processes",
        ),
    ],
)
def test_another_number_of_processes_than_configured_is_refused(
    variables, changes, message, toy_dataset, tmp_path
):
    knobs = {"scale": 0.02, "epochs": 1, "device": "cpu", "precision": "float32"} | changes
    command = [sys.executable, "-m", "danq", *command_line(toy_dataset, tmp_path, "danq", knobs)]
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=os.environ | variables
    )
    assert result.returncode == 2 and message in result.stderr and "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_sigterm_stops_two_processes_and_both_go_on(toy_dataset, tmp_path):
    results = {}
    for name in ("whole", "cut"):
        knobs = {
            "scale": 0.02,
            "epochs": 3,
            "patience": 9,
            "batch_size": 15,
            "device": "cpu",
            "precision": "float32",
            "devices": 2,
        }
        folder = tmp_path / name
        command = [
            sys.executable,
            "-m",
            "danq",
            *command_line(toy_dataset, folder, "danq_conv", knobs),
        ]
        if name == "cut":
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
            while "epoch 1/3" not in process.stderr.readline():
                pass
            process.send_signal(signal.SIGTERM)
            log = process.communicate(timeout=100)[1]
            assert process.returncode == 75 and "Traceback" not in log
            assert (folder / "m.ckpt.resume").exists()
        subprocess.run(command, check=True, capture_output=True, timeout=100)
        results[name] = torch.load(folder / "m.ckpt", weights_only=True)
    assert same_weights(results["whole"], results["cut"])


def endless(dataset, folder, **changes):
    """Return the command of a training that does not end by itself."""
    knobs = KNOBS | {"epochs": 5000, "patience": 5000} | changes
    return [sys.executable, "-m", "danq", *command_line(dataset, folder, "danq_conv", knobs)]


def start(command, line):
    """Start a command; return it when it has printed a line with this text."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while line not in process.stderr.readline():
        assert process.poll() is None
    return process


@pytest.mark.parametrize(("first", "second"), [(1, 1), (2, 1), (1, 2)])
def test_a_second_training_to_the_same_output_is_refused(first, second, toy_dataset, tmp_path):
    process = start(endless(toy_dataset, tmp_path, devices=first), "epoch 1/5000")
    try:
        command = endless(toy_dataset, tmp_path, devices=second)
        result = subprocess.run(command, capture_output=True, text=True, timeout=100)
        assert result.returncode == 2 and process.poll() is None
        assert result.stderr.splitlines()[1:] == [
            f"danq: {tmp_path / 'm.ckpt'}: another danq train works on this output; wait until it "
            "ends, or name another output"
        ]
        process.send_signal(signal.SIGTERM)
        log = process.communicate(timeout=100)[1]
        assert process.returncode == 75 and "Traceback" not in log
        assert not (tmp_path / "m.ckpt.lock").exists()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("name", ["history.tsv", "train.json"])
def test_a_training_makes_no_file_that_another_makes(name, toy_dataset, tmp_path):
    with hold_outputs([tmp_path / name]):
        with pytest.raises(DanqError, match=f"{name}: another danq makes this file now"):
            run(toy_dataset, tmp_path)
        assert not (tmp_path / "model.ckpt.lock").exists()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["resume", "lock"])
def test_a_training_keeps_its_state_in_no_file_that_it_reads(suffix, toy_dataset, tmp_path):
    dataset = tmp_path / f"model.ckpt.{suffix}"
    shutil.copy(toy_dataset, dataset)
    before = dataset.read_bytes()
    with pytest.raises(DanqError, match=f"{suffix}: is also an input, or another output; choose"):
        run(dataset, tmp_path)
    assert dataset.read_bytes() == before


def test_a_killed_training_keeps_nobody_out(toy_dataset, tmp_path):
    command = endless(toy_dataset, tmp_path)
    for line in ("epoch 2/5000", "resuming at step"):
        process = start(command, line)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert (tmp_path / "m.ckpt.lock").exists() and (tmp_path / "m.ckpt.resume").exists()
