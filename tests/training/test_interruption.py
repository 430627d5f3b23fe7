import errno
import json
import os
import signal

import numpy as np
import pandas as pd
import pytest
import torch

from danq.errors import DanqError, StoppedError
from danq.network import checkpoint
from danq.network.recipes import PUBLISHED_DANQ, PUBLISHED_DANQ_JASPAR, PUBLISHED_DEEPSEA
from danq.training.interruption import Progress, Stop
from danq.training.learner import Learner
from danq.training.validate import Validation
from tests.training.helpers import cut_off, run, same_weights


def test_a_second_signal_ends_the_process_at_once():
    before = signal.getsignal(signal.SIGTERM)
    with Stop() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.signal_name == "SIGTERM" and signal.getsignal(signal.SIGTERM) == before


def test_a_signal_is_noted_and_raised_at_the_next_check(capfd):
    with Stop() as stop:
        stop.check()
        os.kill(os.getpid(), signal.SIGUSR1)
        with pytest.raises(StoppedError, match="the same command goes on from here"):
            stop.check()
    assert capfd.readouterr().err == "SIGUSR1: saving the state of the training\n"


def test_without_a_signal_the_handlers_are_put_back():
    before = [signal.getsignal(number) for number in Stop.SIGNALS]
    with Stop():
        assert [signal.getsignal(number) for number in Stop.SIGNALS] != before
    assert [signal.getsignal(number) for number in Stop.SIGNALS] == before


def test_training_stops_when_nothing_gets_better(toy_dataset, tmp_path):
    run(toy_dataset, tmp_path, epochs=60, patience=2, lr=1e-9)
    history = pd.read_csv(tmp_path / "history.tsv", sep="\t")
    assert len(history) == history["valid_auprc"].idxmax() + 3 < 60


def progress_of(values, criterion):
    """Return the progress after epochs with these values."""
    progress = Progress(torch.zeros(()))
    for epoch, value in enumerate(values, 1):
        row = {"epoch": epoch, criterion: value}
        progress.add(row, {"weight": torch.full((), float(epoch))}, criterion)
    return progress


def test_the_weights_of_the_best_epoch_are_kept():
    higher = progress_of([0.1, 0.3, 0.3, 0.2], "valid_auprc")
    assert [row["best"] for row in higher.history] == ["no", "yes", "no", "no"]
    assert (higher.best_epoch, higher.best["weight"].item()) == (2, 2.0)
    lower = progress_of([0.5, 0.4, 0.3], "valid_loss")
    assert (lower.best_epoch, lower.best["weight"].item()) == (3, 3.0)


def test_a_training_ends_after_its_epochs_or_its_patience():
    progress = progress_of([0.3, 0.1, 0.2], "valid_auprc")
    assert progress.finished(epochs=3, patience=9)
    assert progress.finished(epochs=9, patience=2)
    assert not progress.finished(epochs=9, patience=3)


def epochs_by_the_countdown(losses, most):
    """Count the epochs of DeepSEA's training: 4_train.lua stops where its countdown exceeds 300."""
    lowest, countdown = 1e30, 0
    for epoch, loss in enumerate(losses, 1):
        if loss < lowest:
            lowest, countdown = loss, 0
        else:
            countdown += 1
            if countdown > most:
                return epoch
    return None


def epochs_by_keras(losses, patience):
    """Count the epochs of a training with Keras 0.2's EarlyStopping, which looks, then counts."""
    lowest, wait = np.inf, 0
    for epoch, loss in enumerate(losses, 1):
        if loss < lowest:
            lowest, wait = loss, 0
        else:
            if wait >= patience:
                return epoch
            wait += 1
    return None


@pytest.mark.parametrize(
    ("recipe", "count", "published"),
    [
        (PUBLISHED_DEEPSEA, epochs_by_the_countdown, 300),
        (PUBLISHED_DANQ, epochs_by_keras, 5),
        (PUBLISHED_DANQ_JASPAR, epochs_by_keras, 100),
    ],
)
def test_published_trainings_end_with_the_epoch_in_which_the_authors_ended(
    recipe, count, published
):
    rng = np.random.default_rng(8)
    for start in (1, 3, published + 2):  # a while in which some epochs are better, then none
        losses = [*rng.permutation(start) + 1.0, 0.0, *rng.random(2 * published) + 0.5]
        ends = []
        progress = Progress(torch.zeros(()))
        for epoch, loss in enumerate(losses, 1):
            progress.add({"epoch": epoch, "valid_loss": loss}, {}, "valid_loss")
            if progress.finished(epochs=10**6, patience=recipe.patience):
                ends.append(epoch)
        assert ends[0] == count(losses, published)


def test_an_epoch_begins_at_its_first_step():
    progress = Progress(torch.tensor(5.0), step=7, seconds=3.0)
    progress.begin_epoch()
    assert (progress.loss_sum.item(), progress.step, progress.seconds) == (0.0, 0, 0.0)


@pytest.mark.parametrize(
    ("number", "owner", "phase"),
    [
        (signal.SIGTERM, Learner, "learn"),
        (signal.SIGUSR1, Learner, "learn"),
        (signal.SIGINT, Validation, "score"),
    ],
)
def test_a_signal_leads_to_a_state_from_which_the_training_goes_on(
    number, owner, phase, toy_dataset, tmp_path, monkeypatch, capfd
):
    uninterrupted = run(toy_dataset, tmp_path / "whole")
    before, original, calls = signal.getsignal(number), getattr(owner, phase), []

    def signalled(learner, *arguments):
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), number)
        return original(learner, *arguments)

    with (
        monkeypatch.context() as patched,
        pytest.raises(StoppedError, match="the same command goes on from here"),
    ):
        patched.setattr(owner, phase, signalled)
        run(toy_dataset, tmp_path / "cut")
    assert signal.getsignal(number) == before
    assert "saving the state of the training" in capfd.readouterr().err
    assert (tmp_path / "cut" / "model.ckpt.resume").exists()
    assert same_weights(uninterrupted, run(toy_dataset, tmp_path / "cut"))
    assert "resuming at step" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("changes", "differences"),
    [
        ({"lr": 0.004}, "lr (0.003, now 0.004)"),
        ({"negatives": 1.0}, "negatives (1000.0, now 1.0)"),
        ({"epochs": 4, "head": "pool"}, 'head ("dense", now "pool"), epochs (3, now 4)'),
        (
            {"recipe": "published"},
            'recipe ("auto", now "published")',
        ),
    ],
)
def test_another_configuration_is_refused_by_name(changes, differences, toy_dataset, tmp_path):
    cut_off(toy_dataset, tmp_path)
    before = (tmp_path / "model.ckpt.resume").read_bytes()
    with pytest.raises(DanqError) as caught:
        run(toy_dataset, tmp_path, **changes)
    assert str(caught.value) == (
        f"{tmp_path}/model.ckpt.resume: holds an interrupted training with another "
        f"{differences}; go on with the former, or remove this file to start anew"
    )
    assert (tmp_path / "model.ckpt.resume").read_bytes() == before


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
    step, calls = Learner.learn, []

    def exploding(learner, *arguments):
        calls.append(1)
        if len(calls) == learner.steps + 2:
            with torch.no_grad():
                next(learner.network.parameters()).fill_(float("inf"))
        return step(learner, *arguments)

    with (
        monkeypatch.context() as patched,
        pytest.raises(DanqError, match=r"epoch 2/3: the loss is no longer finite"),
    ):
        patched.setattr(Learner, "learn", exploding)
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


def test_a_damaged_resume_file_is_passed_over(toy_dataset, tmp_path, capsys):
    (tmp_path / "model.ckpt.resume").write_text("garbage")
    assert same_weights(run(toy_dataset, tmp_path), run(toy_dataset, tmp_path / "fresh"))
    assert "starting anew" in capsys.readouterr().err


def test_weights_that_are_not_finite_are_never_saved(toy_dataset, tmp_path, monkeypatch):
    # The loss of a step is that of the weights before it; a signal right behind may not save what
    # they became.
    learn, calls = Learner.learn, []

    def exploding(learner, *arguments):
        result = learn(learner, *arguments)
        calls.append(1)
        if len(calls) == learner.steps + 2:
            with torch.no_grad():
                next(learner.network.parameters()).fill_(float("nan"))
            os.kill(os.getpid(), signal.SIGTERM)
        return result

    with monkeypatch.context() as patched, pytest.raises(DanqError, match="no longer finite"):
        patched.setattr(Learner, "learn", exploding)
        run(toy_dataset, tmp_path / "cut")
    assert same_weights(run(toy_dataset, tmp_path / "cut"), run(toy_dataset, tmp_path / "whole"))


def test_a_state_that_cannot_be_read_is_kept(toy_dataset, tmp_path, monkeypatch):
    cut_off(toy_dataset, tmp_path)
    before = (tmp_path / "model.ckpt.resume").read_bytes()

    def failing(*arguments, **options):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(torch, "load", failing)
    with pytest.raises(
        DanqError, match=r"model\.ckpt\.resume: cannot be read \(Input/output error\)"
    ):
        run(toy_dataset, tmp_path)
    assert (tmp_path / "model.ckpt.resume").read_bytes() == before
