import copy
import errno
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from danq import cli, config
from danq.data.dataset import open_dataset
from danq.data.predictions import read_predictions, write_predictions
from danq.errors import DanqError, StoppedError
from danq.evaluation.metrics import auprc
from danq.network import checkpoint
from danq.network.checkpoint import load_checkpoint
from danq.network.models import MODELS
from danq.network.predict import predict, refuse_short_windows
from danq.training import train as module
from danq.training.train import Loop, train

OPTIONS = config.Train().model_dump() | {
    "model": "danq",
    "seed": 3,
    "threads": 1,
    "motifs": "",
    "scale": 0.02,
    "epochs": 3,
    "batch_size": 16,
    "lr": 0.003,
    "shift": 3,
    "patience": 9,
    "precision": "float32",
    "device": "cpu",
}


def run(dataset, folder, model="danq", **changes):
    """Train on the toy dataset; return the checkpoint's content."""
    train(
        dataset,
        folder / "model.ckpt",
        folder / "history.tsv",
        folder / "train.json",
        **(OPTIONS | {"model": model} | changes),
    )
    return torch.load(folder / "model.ckpt", weights_only=True)


def same_weights(a, b):
    return all(torch.equal(a["weights"][key], b["weights"][key]) for key in a["weights"])


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


def killed_at(action, *arguments, **options):
    """Run an action in a child process, in which `kill -9` is to happen; say whether it did."""
    child = os.fork()
    if child == 0:
        try:
            action(*arguments, **options)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def dying(function, calls):
    """Wrap a function: the process is killed when it is called for the time that `calls` says, from 1."""
    left = [calls]

    def wrapped(*arguments, **options):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    return wrapped


@pytest.mark.parametrize("model", sorted(MODELS))
def test_a_killed_training_resumes_to_the_same_bits(model, toy_dataset, tmp_path, monkeypatch):
    # A state is saved at every step; the training is killed in the middle of steps, and before, within and after the
    # writing of states, and goes on each time.
    monkeypatch.setattr(module, "SAVE_EVERY", 0)
    whole = run(toy_dataset, tmp_path / "whole", model)
    for where, name, calls in (
        (Loop, "learn", 2),
        (Loop, "_save", 3),
        (checkpoint, "_save", 4),
        (os, "replace", 5),
        (os, "fsync", 4),
        (Loop, "_validate", 2),
        (module, "write_checkpoint", 1),
        (module, "write_text", 1),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(where, name, dying(getattr(where, name), calls))
            assert killed_at(run, toy_dataset, tmp_path / "cut", model), name
        torch.manual_seed(99)
    assert same_weights(whole, run(toy_dataset, tmp_path / "cut", model))
    assert {path.name for path in (tmp_path / "cut").iterdir()} == {
        "model.ckpt",
        "history.tsv",
        "train.json",
        "model.ckpt.tensorboard",
    }


@pytest.mark.parametrize(
    ("number", "phase"),
    [(signal.SIGTERM, "learn"), (signal.SIGUSR1, "learn"), (signal.SIGINT, "_validate")],
)
def test_a_signal_leads_to_a_state_from_which_it_goes_on(
    number, phase, toy_dataset, tmp_path, monkeypatch, capfd
):
    whole = run(toy_dataset, tmp_path / "whole")
    before, original, calls = signal.getsignal(number), getattr(Loop, phase), []

    def signalled(loop, *arguments):
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), number)
        return original(loop, *arguments)

    with (
        monkeypatch.context() as patched,
        pytest.raises(StoppedError, match="the same command goes on from here"),
    ):
        patched.setattr(Loop, phase, signalled)
        run(toy_dataset, tmp_path / "cut")
    assert signal.getsignal(number) == before
    assert "saving the state of the training" in capfd.readouterr().err
    assert (tmp_path / "cut" / "model.ckpt.resume").exists()
    assert same_weights(whole, run(toy_dataset, tmp_path / "cut"))
    assert "resuming at step" in capfd.readouterr().err


def test_sigterm_ends_the_command_with_status_75(toy_dataset, tmp_path):
    knobs = {
        "scale": 0.02,
        "epochs": 5000,
        "patience": 5000,
        "device": "cpu",
        "precision": "float32",
    }
    flags = config.flags(config.Train(**knobs)).split()
    command = [
        sys.executable,
        "-m",
        "danq",
        "train",
        *flags,
        "--model",
        "danq_conv",
        "--threads",
        "1",
        "--dataset",
        toy_dataset,
        "--checkpoint",
        tmp_path / "m.ckpt",
        "--history",
        tmp_path / "h.tsv",
        "--facts",
        tmp_path / "f.json",
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while "epoch 1/5000" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGTERM)
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 75
    assert told.endswith("danq: stopped by a signal; the same command goes on from here\n")
    assert {path.name for path in tmp_path.iterdir()} == {"m.ckpt.resume", "m.ckpt.tensorboard"}


def test_a_second_signal_ends_the_process_at_once():
    from danq.training.stop import Stop

    before = signal.getsignal(signal.SIGTERM)
    with Stop() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.asked == "SIGTERM" and signal.getsignal(signal.SIGTERM) == before


def stop_after_an_epoch(rows):
    raise StoppedError


def cut_off(dataset, folder, **changes):
    """Leave a training that was cut off after its first epoch."""
    with pytest.raises(StoppedError):
        run(dataset, folder, after_epoch=stop_after_an_epoch, **changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"lr": 0.004}, "lr (0.003, now 0.004)"),
        ({"negatives": 1.0}, "negatives (null, now 1.0)"),
        ({"epochs": 4, "head": "pool"}, 'head ("dense", now "pool"), epochs (3, now 4)'),
        (
            {"recipe": "published"},
            'recipe ("modern", now "published"), weight_decay (0.01, now 0.0)',
        ),
    ],
)
def test_another_configuration_is_refused_by_name(changes, told, toy_dataset, tmp_path):
    cut_off(toy_dataset, tmp_path)
    left = (tmp_path / "model.ckpt.resume").read_bytes()
    with pytest.raises(DanqError) as caught:
        run(toy_dataset, tmp_path, **changes)
    assert str(caught.value) == (
        f"{tmp_path}/model.ckpt.resume: holds a training that was cut off, with another "
        f"{told}; go on with the former, or remove this file to start anew"
    )
    assert (tmp_path / "model.ckpt.resume").read_bytes() == left


def test_another_dataset_or_version_is_refused_by_name(
    toy, run_extract, toy_dataset, tmp_path, monkeypatch
):
    cut_off(toy_dataset, tmp_path)
    other = run_extract(toy, tmp_path / "other") / "dataset.h5"
    with pytest.raises(DanqError, match=r"with another dataset \("):
        run(other, tmp_path)
    monkeypatch.setattr("danq.__version__", "99")
    with pytest.raises(DanqError, match=r"with another danq \(.*, now \"99\"\)"):
        run(toy_dataset, tmp_path)


def test_another_number_of_threads_is_announced_and_recorded(toy_dataset, tmp_path, capsys):
    cut_off(toy_dataset, tmp_path)
    run(toy_dataset, tmp_path, threads=2)
    torch.set_num_threads(1)
    assert (
        "began with 1 threads, goes on with 2: the last digits may differ"
        in capsys.readouterr().err
    )
    assert json.loads((tmp_path / "train.json").read_text())["threads"] == [1, 2]


def test_a_loss_that_explodes_keeps_the_last_good_state(toy_dataset, tmp_path, monkeypatch):
    step, calls = Loop.learn, []

    def exploding(loop, *arguments):
        calls.append(1)
        if len(calls) == loop.steps + 2:
            with torch.no_grad():
                next(loop.bare.parameters()).fill_(float("inf"))
        return step(loop, *arguments)

    with (
        monkeypatch.context() as patched,
        pytest.raises(DanqError, match=r"epoch 2/3: the loss is no longer finite"),
    ):
        patched.setattr(Loop, "learn", exploding)
        run(toy_dataset, tmp_path / "cut")
    saved = torch.load(tmp_path / "cut" / "model.ckpt.resume", weights_only=True)["state"]
    assert len(saved["history"]) == 1 and all(
        torch.isfinite(value).all() for value in saved["weights"].values()
    )
    assert same_weights(run(toy_dataset, tmp_path / "cut"), run(toy_dataset, tmp_path / "whole"))


def test_a_full_disk_keeps_the_last_good_state(toy_dataset, tmp_path, monkeypatch):
    save, calls = checkpoint._save, []

    def full(path, content):
        calls.append(1)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        save(path, content)

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space left"):
        patched.setattr(checkpoint, "_save", full)
        run(toy_dataset, tmp_path / "cut")
    assert same_weights(run(toy_dataset, tmp_path / "cut"), run(toy_dataset, tmp_path / "whole"))


def test_two_processes_do_what_one_does(toy_dataset, tmp_path):
    # Batches of 15, so that their shares are unequal; the last one of an epoch is smaller still.
    found = {}
    for devices in (1, 2):
        folder = tmp_path / str(devices)
        knobs = OPTIONS | {"devices": devices, "batch_size": 15, "epochs": 2}
        flags = config.flags(
            config.Train(**{key: knobs[key] for key in config.Train.model_fields})
        ).split()
        command = [
            sys.executable,
            "-m",
            "danq",
            "train",
            *flags,
            "--model",
            "danq",
            "--seed",
            "3",
            "--threads",
            "1",
            "--dataset",
            toy_dataset,
            "--checkpoint",
            folder / "m.ckpt",
            "--history",
            folder / "h.tsv",
            "--facts",
            folder / "f.json",
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        found[devices] = (
            torch.load(folder / "m.ckpt", weights_only=True)["weights"],
            pd.read_csv(folder / "h.tsv", sep="\t"),
        )
    for key, value in found[1][0].items():
        torch.testing.assert_close(found[2][0][key], value, rtol=1e-4, atol=1e-6)
    for column in ("train_loss", "valid_loss", "valid_auprc"):
        np.testing.assert_allclose(found[2][1][column], found[1][1][column], rtol=1e-4)


@pytest.mark.parametrize("model", ["deepsea", "danq", "danq_dilated"])
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
    told = saved["facts"]["options"]
    expected = (
        {"lr": 1.0, "batch_size": 16, "weight_decay": 1e-6, "patience": 300}
        if model == "deepsea"
        else {"lr": 1e-3, "batch_size": 100, "weight_decay": 0.0, "patience": 5}
    )
    assert {key: told[key] for key in expected} == expected
    history = pd.read_csv(tmp_path / "history.tsv", sep="\t")
    assert history["best"].tolist().index("yes") == history["valid_loss"].idxmin()


def test_a_published_danq_predicts_from_its_checkpoint_what_it_did_in_training(
    toy_dataset, tmp_path
):
    # Keras 0.2's dropout scales outside training: a reloaded model has to do so, too.
    run(toy_dataset, tmp_path, recipe="published", epochs=1, batch_size=20)
    predict(
        tmp_path / "model.ckpt",
        toy_dataset,
        tmp_path / "p.h5",
        split="valid",
        device="cpu",
        threads=1,
    )
    with open_dataset(toy_dataset) as dataset:
        areas = auprc(dataset.labels("valid"), read_predictions(tmp_path / "p.h5")[3])
    assert pd.read_csv(tmp_path / "history.tsv", sep="\t")["valid_auprc"].item() == pytest.approx(
        np.nanmean(areas)
    )
    model, _ = load_checkpoint(tmp_path / "model.ckpt")
    assert [drop.inverted for drop in model.drops] == [False, False]


def test_filters_that_start_from_motifs_are_recorded(toy, run_extract, tmp_path):
    from danq.motif.meme import Motif, write_meme

    motifs = [
        Motif(name, "", np.eye(4)[[0, 1, 2, 3, row]]) for row, name in enumerate(("M1", "M2"))
    ]
    write_meme(tmp_path / "known.meme", motifs)
    (tmp_path / "targets.tsv").write_text(
        f"name\tgroup\tfile\tjaspar\nA\tTF\t{toy / 'a.bed'}\tM2\n"
    )
    folder = run_extract(toy, tmp_path / "data", targets=tmp_path / "targets.tsv")
    told = run(
        folder / "dataset.h5",
        tmp_path,
        initialise_from="targets",
        motifs=str(tmp_path / "known.meme"),
    )["facts"]
    assert told["filters_initialised_from"] == ["M2", "M2-", "", "", "", ""]  # 6 filters
    with pytest.raises(DanqError, match="blstm has no filters that could start from motifs"):
        run(
            folder / "dataset.h5",
            tmp_path / "b",
            "blstm",
            initialise_from="known",
            motifs=str(tmp_path / "known.meme"),
        )


def test_a_pooling_head_predicts_windows_of_another_length(toy, run_extract, toy_dataset, tmp_path):
    longer = run_extract(toy, tmp_path / "longer", window=600) / "dataset.h5"
    for head in ("pool", "dense"):
        run(toy_dataset, tmp_path / head, head=head)
        arguments = tmp_path / head / "model.ckpt", longer, tmp_path / head / "p.h5"
        if head == "dense":
            with pytest.raises(DanqError, match="window: not what the model was trained on"):
                predict(*arguments, split="test", device="cpu", threads=1)
        else:
            predict(*arguments, split="test", device="cpu", threads=1)
            with open_dataset(longer) as dataset:
                assert read_predictions(arguments[2])[3].shape == (dataset.length("test"), 2)


def test_the_checkpoint_rebuilds_the_model_and_says_how_it_was_made(toy_dataset, tmp_path):
    saved = run(toy_dataset, tmp_path, "deepsea")
    model, facts = load_checkpoint(tmp_path / "model.ckpt")
    assert all(
        torch.equal(value, saved["weights"][key]) for key, value in model.state_dict().items()
    )
    assert (
        facts["dataset"]["names"] == ["Factor A", "<b>B</b>"] and facts["dataset"]["window"] == 400
    )
    told = json.loads((tmp_path / "train.json").read_text())
    assert (
        told == facts["facts"]
        and told["options"]["lr"] == 0.003
        and told["versions"]["torch"] == torch.__version__
    )
    history = pd.read_csv(tmp_path / "history.tsv", sep="\t")
    assert told["best_epoch"] == history["valid_auprc"].idxmax() + 1
    assert (history["best"] == "yes").sum() == 1


def test_training_stops_when_nothing_gets_better(toy_dataset, tmp_path):
    run(toy_dataset, tmp_path, epochs=60, patience=2, lr=1e-9)
    history = pd.read_csv(tmp_path / "history.tsv", sep="\t")
    assert len(history) == history["valid_auprc"].idxmax() + 3 < 60


def test_a_loss_that_explodes_is_an_error_and_leaves_no_checkpoint(toy_dataset, tmp_path):
    with pytest.raises(DanqError, match=r"the loss is no longer finite; lower train\.lr"):
        run(toy_dataset, tmp_path, lr=1e30)
    assert not (tmp_path / "model.ckpt").exists() and not (tmp_path / "model.ckpt.resume").exists()


def test_the_model_learns(tmp_path):
    # Windows with GATTACAGATTACA in their middle are positive: an easy rule, so a high validation AUPRC is due.
    from danq.data.encode import encode

    rng, records, rows = np.random.default_rng(0), [], ["name\tsplit\tbound"]
    for i in range(1400):
        bases, label = "".join(rng.choice(list("ACGT"), 100)), i % 2
        at = int(rng.integers(30, 56))
        bases = bases[:at] + "GATTACAGATTACA" + bases[at + 14 :] if label else bases
        records.append(f">w{i}\n{bases}\n")
        rows.append(f"w{i}\t{'train' if i < 1000 else 'valid' if i < 1200 else 'test'}\t{label}")
    (tmp_path / "own.fa").write_text("".join(records))
    (tmp_path / "own.tsv").write_text("\n".join(rows) + "\n")
    encode(tmp_path / "own.fa", tmp_path / "own.tsv", tmp_path / "dataset.h5")
    run(tmp_path / "dataset.h5", tmp_path, epochs=8, scale=0.1, lr=0.005, shift=0)
    assert pd.read_csv(tmp_path / "history.tsv", sep="\t")["valid_auprc"].max() > 0.9


def test_damaged_and_foreign_checkpoints_are_refused(toy_dataset, tmp_path):
    saved = run(toy_dataset, tmp_path)
    path = tmp_path / "bad.ckpt"
    path.write_bytes((tmp_path / "model.ckpt").read_bytes()[:-2000])
    cases = [(None, "not a whole checkpoint")]
    cases += [
        ({"weights": {}}, "not a checkpoint of version 2"),
        (saved | {"weights": {"first.bias": torch.zeros(1)}}, "its weights do not fit its model"),
    ]
    nan = copy.deepcopy(saved)
    next(iter(nan["weights"].values())).fill_(float("nan"))
    cases.append((nan, "its weights are not all finite"))
    for content, message in cases:
        if content is not None:
            torch.save(content, path)
        with pytest.raises(DanqError, match=f"bad.ckpt: {message}"):
            load_checkpoint(path)


def test_a_checkpoint_never_runs_code(tmp_path):
    import pickle

    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "pwned"), "w"))

    for content in (
        pickle.dumps(Evil()),
        pickle.dumps({"format": "danq-checkpoint", "version": 1, "weights": Evil()}),
    ):
        (tmp_path / "evil.ckpt").write_bytes(content)
        with pytest.raises(DanqError, match="not a whole checkpoint"):
            load_checkpoint(tmp_path / "evil.ckpt")
    torch.save(
        {"format": "danq-checkpoint", "version": 1, "weights": Evil()}, tmp_path / "evil.ckpt"
    )
    with pytest.raises(DanqError, match="not a whole checkpoint"):
        load_checkpoint(tmp_path / "evil.ckpt")
    assert not (tmp_path / "pwned").exists()


def test_predictions_are_strand_averages_of_the_test_split(toy_dataset, tmp_path):
    run(toy_dataset, tmp_path)
    predict(
        tmp_path / "model.ckpt",
        toy_dataset,
        tmp_path / "p.h5",
        split="test",
        device="cpu",
        threads=1,
    )
    name, seed, _, found = read_predictions(tmp_path / "p.h5")
    assert (name, seed) == ("danq", "3")
    model, _ = load_checkpoint(tmp_path / "model.ckpt")
    with open_dataset(toy_dataset) as dataset, torch.no_grad():
        X = torch.from_numpy(dataset.one_hot("test", np.arange(dataset.length("test"))))
        expected = (torch.sigmoid(model(X)) + torch.sigmoid(model(X.flip(1, 2)))) / 2
    assert np.allclose(found, expected.numpy(), atol=1e-6)


def test_a_model_refuses_other_data(toy, run_extract, toy_dataset, tmp_path):
    run(toy_dataset, tmp_path)
    folder = run_extract(toy, tmp_path / "other", where={"name": "Factor A"})
    with pytest.raises(DanqError, match=r"dataset\.h5: names: not what the model was trained on"):
        predict(
            tmp_path / "model.ckpt",
            folder / "dataset.h5",
            tmp_path / "p.h5",
            split="test",
            device="cpu",
            threads=1,
        )
    assert not (tmp_path / "p.h5").exists()


def test_predictions_keep_what_is_unknown(tmp_path):
    scores = np.array([[0.5, np.nan], [0.25, np.nan]])
    write_predictions(tmp_path / "p.h5", scores, "scan", "NA", "test", "checksum")
    assert np.array_equal(
        read_predictions(tmp_path / "p.h5")[3], scores.astype(np.float32), equal_nan=True
    )


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_a_missing_gpu_is_told(toy_dataset, tmp_path):
    with pytest.raises(
        DanqError, match="device cuda is not here: PyTorch sees 0 GPUs; use auto or cpu"
    ):
        run(toy_dataset, tmp_path, device="cuda")


def test_a_flipped_byte_in_a_checkpoint_is_noticed(toy_dataset, tmp_path):
    run(toy_dataset, tmp_path)
    raw = bytearray((tmp_path / "model.ckpt").read_bytes())
    raw[len(raw) // 2] ^= 1
    (tmp_path / "model.ckpt").write_bytes(raw)
    with pytest.raises(DanqError, match="not a whole checkpoint"):
        load_checkpoint(tmp_path / "model.ckpt")


def test_a_damaged_resume_file_is_passed_over(toy_dataset, tmp_path, capsys):
    (tmp_path / "model.ckpt.resume").write_text("garbage")
    assert same_weights(run(toy_dataset, tmp_path), run(toy_dataset, tmp_path / "fresh"))
    assert "starting anew" in capsys.readouterr().err


def test_a_training_of_four_steps_works(toy_dataset, tmp_path):
    run(toy_dataset, tmp_path, epochs=4, batch_size=512)
    assert len(pd.read_csv(tmp_path / "history.tsv", sep="\t")) == 4


def test_a_model_does_not_predict_where_it_may_have_been_trained(
    toy, run_extract, toy_dataset, tmp_path
):
    # The same genome and targets, but the chromosome that the model was trained on is now the test split.
    run(toy_dataset, tmp_path)
    folder = run_extract(toy, tmp_path / "other", valid=["chr3"], test=["chr1:0-12000"])
    with pytest.raises(DanqError, match="training windows: not what the model was trained on"):
        predict(
            tmp_path / "model.ckpt",
            folder / "dataset.h5",
            tmp_path / "p.h5",
            split="test",
            device="cpu",
            threads=1,
        )


def test_weights_that_explode_in_the_last_step_are_an_error(toy_dataset, tmp_path):
    # One step an epoch: its loss is that of the first weights, still finite; only the validation sees the new ones.
    with pytest.raises(DanqError, match=r"the predictions are no longer finite; lower train\.lr"):
        run(toy_dataset, tmp_path, "deepsea", batch_size=1000, lr=1e30)
    assert not (tmp_path / "model.ckpt").exists()


def test_tensorboard_finds_the_curves_and_is_not_needed(toy_dataset, tmp_path, monkeypatch):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run(toy_dataset, tmp_path / "with")
    found = EventAccumulator(str(tmp_path / "with" / "model.ckpt.tensorboard")).Reload()
    history = pd.read_csv(tmp_path / "with" / "history.tsv", sep="\t")
    told = found.Scalars("valid_auprc")
    assert [one.step for one in told] == [1, 2, 3]
    assert [one.value for one in told] == pytest.approx(history["valid_auprc"].tolist(), rel=1e-6)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    run(toy_dataset, tmp_path / "without")
    assert {path.name for path in (tmp_path / "without").iterdir()} == {
        "model.ckpt",
        "history.tsv",
        "train.json",
    }


def test_a_profile_tells_where_a_step_goes_and_makes_no_file(toy_dataset, tmp_path, capsys):
    flags = config.flags(
        config.Train(scale=0.02, batch_size=16, device="cpu", precision="float32")
    ).split()
    command = [
        "train",
        *flags,
        "--model",
        "danq",
        "--threads",
        "1",
        "--dataset",
        str(toy_dataset),
        "--profile",
    ]
    assert (
        cli.main(
            [
                *command,
                *(
                    word
                    for name in ("checkpoint", "history", "facts")
                    for word in (f"--{name}", str(tmp_path / name))
                ),
            ]
        )
        == 0
    )
    told = capsys.readouterr().out
    assert "danq on cpu in float32, 1 threads, batches of 16: " in told
    shares = {
        line.split()[0]: float(line.split()[-1].rstrip("%")) for line in told.splitlines()[1:6]
    }
    assert set(shares) == {"load", "forward", "backward", "update", "rest"}
    assert sum(shares.values()) == pytest.approx(100, abs=0.5)
    assert "aten::mkldnn_rnn_layer" in told or "lstm" in told
    assert list(tmp_path.iterdir()) == []


def test_other_motifs_are_another_configuration(toy, run_extract, tmp_path):
    from danq.motif.meme import Motif, write_meme

    folder = run_extract(toy, tmp_path / "data")
    for name, row in (("a", 0), ("b", 1)):
        write_meme(tmp_path / f"{name}.meme", [Motif("M1", "", np.eye(4)[[0, 1, 2, 3, row]])])
    cut_off(
        folder / "dataset.h5", tmp_path, initialise_from="known", motifs=str(tmp_path / "a.meme")
    )
    with pytest.raises(DanqError, match="with another motifs "):
        run(
            folder / "dataset.h5",
            tmp_path,
            initialise_from="known",
            motifs=str(tmp_path / "b.meme"),
        )


def test_weights_that_are_no_numbers_are_never_saved(toy_dataset, tmp_path, monkeypatch):
    # The loss of a step is that of the weights before it; a signal right behind may not save what they became.
    learn, calls = Loop.learn, []

    def exploding(loop, *arguments):
        found = learn(loop, *arguments)
        calls.append(1)
        if len(calls) == loop.steps + 2:
            with torch.no_grad():
                next(loop.bare.parameters()).fill_(float("nan"))
            os.kill(os.getpid(), signal.SIGTERM)
        return found

    with monkeypatch.context() as patched, pytest.raises(DanqError, match="no longer finite"):
        patched.setattr(Loop, "learn", exploding)
        run(toy_dataset, tmp_path / "cut")
    assert same_weights(run(toy_dataset, tmp_path / "cut"), run(toy_dataset, tmp_path / "whole"))


def test_a_state_that_cannot_be_read_is_kept(toy_dataset, tmp_path, monkeypatch):
    cut_off(toy_dataset, tmp_path)
    left = (tmp_path / "model.ckpt.resume").read_bytes()

    def failing(*arguments, **options):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(torch, "load", failing)
    with pytest.raises(
        DanqError, match=r"model\.ckpt\.resume: cannot be read \(Input/output error\)"
    ):
        run(toy_dataset, tmp_path)
    assert (tmp_path / "model.ckpt.resume").read_bytes() == left


def test_a_pooling_head_does_not_predict_where_it_was_trained(
    toy, run_extract, toy_dataset, tmp_path
):
    run(toy_dataset, tmp_path, head="pool")
    folder = run_extract(toy, tmp_path / "other", window=600, test=["chr1:0-12000"], valid=["chr3"])
    with pytest.raises(DanqError, match="splits: not what the model was trained on"):
        predict(
            tmp_path / "model.ckpt",
            folder / "dataset.h5",
            tmp_path / "p.h5",
            split="test",
            device="cpu",
            threads=1,
        )
    with pytest.raises(DanqError, match="windows of 30 bp do not fit this model"):
        refuse_short_windows(load_checkpoint(tmp_path / "model.ckpt")[0], 30, "x.h5")


@pytest.mark.parametrize(
    ("variables", "knobs", "message"),
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
            "devices 1 on nodes 2 need as many",
        ),
    ],
)
def test_another_number_of_processes_than_asked_for_is_refused(
    variables, knobs, message, toy_dataset, tmp_path
):
    flags = config.flags(
        config.Train(scale=0.02, epochs=1, device="cpu", precision="float32", **knobs)
    ).split()
    command = [
        sys.executable,
        "-m",
        "danq",
        "train",
        *flags,
        "--model",
        "danq",
        "--threads",
        "1",
        "--dataset",
        toy_dataset,
    ]
    command += [
        word
        for name in ("checkpoint", "history", "facts")
        for word in (f"--{name}", tmp_path / name)
    ]
    found = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=os.environ | variables
    )
    assert found.returncode == 2 and message in found.stderr and "Traceback" not in found.stderr
    assert list(tmp_path.iterdir()) == []


def test_sigterm_stops_two_processes_and_both_go_on(toy_dataset, tmp_path):
    found = {}
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
        flags = config.flags(config.Train(**knobs)).split()
        place = tmp_path / name
        command = [
            sys.executable,
            "-m",
            "danq",
            "train",
            *flags,
            "--model",
            "danq_conv",
            "--threads",
            "1",
            "--dataset",
            toy_dataset,
            "--checkpoint",
            place / "m.ckpt",
            "--history",
            place / "h.tsv",
            "--facts",
            place / "f.json",
        ]
        if name == "cut":
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
            while "epoch 1/3" not in process.stderr.readline():
                pass
            process.send_signal(signal.SIGTERM)
            told = process.communicate(timeout=100)[1]
            assert process.returncode == 75 and "Traceback" not in told
            assert (place / "m.ckpt.resume").exists()
        subprocess.run(command, check=True, capture_output=True, timeout=100)
        found[name] = torch.load(place / "m.ckpt", weights_only=True)
    assert same_weights(found["whole"], found["cut"])
