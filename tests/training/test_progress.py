import pandas as pd
import torch

from danq.training.progress import Progress
from tests.training.helpers import run


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


def test_an_epoch_begins_at_its_first_step():
    progress = Progress(torch.tensor(5.0), step=7, seconds=3.0)
    progress.begin_epoch()
    assert (progress.loss_sum.item(), progress.step, progress.seconds) == (0.0, 0, 0.0)
