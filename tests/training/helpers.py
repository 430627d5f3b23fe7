"""What the tests of this room share: a training of a small model on the toy dataset."""

import os
import signal

import pytest
import torch

from danq import config
from danq.errors import StoppedError
from danq.training.train import train

KNOBS = {
    "scale": 0.02,
    "filter_scale": 1.0,
    "dropout": 1.0,
    "head": "dense",
    "stem": "relu",
    "initialise_from": "random",
    "negatives": 1000.0,  # all
    "balance": False,
    "weight_decay": 0.01,
    "epochs": 3,
    "epoch_size": 10_000,
    "batch_size": 16,
    "lr": 0.003,
    "shift": 3,
    "patience": 9,
    "precision": "float32",
    "device": "cpu",
}


def run(dataset, folder, model="danq", *, seed=3, threads=1, motifs="", after_epoch=None, **knobs):
    """Train on the toy dataset; return the checkpoint's content."""
    train(
        dataset,
        folder / "model.ckpt",
        folder / "history.tsv",
        folder / "train.json",
        model=model,
        seed=seed,
        settings=config.Train(**(KNOBS | knobs)),
        motifs=motifs,
        threads=threads,
        after_epoch=after_epoch,
    )
    return torch.load(folder / "model.ckpt", weights_only=True)


def command_line(dataset, folder, model, knobs):
    """Return the words of `danq train` on one thread, its files in a folder."""
    files = {
        "dataset": dataset,
        "checkpoint": folder / "m.ckpt",
        "history": folder / "h.tsv",
        "facts": folder / "f.json",
    }
    words = ["train", *config.flags(config.Train(**knobs)).split()]
    words += ["--model", model, "--threads", "1"]
    for name, path in files.items():
        words += [f"--{name}", str(path)]
    return words


def same_weights(a, b):
    return all(torch.equal(a["weights"][key], b["weights"][key]) for key in a["weights"])


def stop_after_an_epoch(rows):
    raise StoppedError


def cut_off(dataset, folder, **changes):
    """Leave a training that was cut off after its first epoch."""
    with pytest.raises(StoppedError):
        run(dataset, folder, after_epoch=stop_after_an_epoch, **changes)


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
    """Wrap a function: the process is killed when it is called for the time that `calls` says."""
    left = [calls]

    def wrapped(*arguments, **options):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    return wrapped
