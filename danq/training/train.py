"""Train a model: one way for every model, recipe and device.

A training that was cut off goes on to the very same weights (on a CPU, with the same number of
threads).
"""

import json
from collections.abc import Callable

import pandas as pd
import torch

from danq.config import Train
from danq.data.dataset import Dataset, open_dataset
from danq.files import PathLike, write_table, write_text
from danq.network.checkpoint import Resume, write_checkpoint
from danq.network.devices import hold_gpus
from danq.training.epoch import run_epoch
from danq.training.facts import training_facts
from danq.training.learner import Learner, set_up
from danq.training.options import resolve
from danq.training.progress import Progress, Row
from danq.training.state import restore_state
from danq.training.stop import Stop
from danq.training.tensorboard import Curves
from danq.training.validate import Validation


def train(
    dataset: PathLike,
    checkpoint: PathLike,
    history: PathLike,
    facts: PathLike,
    *,
    model: str,
    seed: int,
    settings: Train,
    motifs: str,
    threads: int,
    after_epoch: Callable[[list[Row]], None] | None = None,
) -> None:
    """Train one model; go on if the same training was cut off.

    Parameters
    ----------
    dataset : str or path-like
        dataset.h5.
    checkpoint, history, facts : str or path-like
        Files to make: the weights of the best epoch with all that rebuilds the model, one row per
        epoch, and how it went (JSON). While training, ``<checkpoint>.resume`` holds the state from
        which it goes on. TensorBoard, where it is installed, finds the curves in the folder
        ``<checkpoint>.tensorboard``.
    model : str
        A key of `danq.catalog.MODELS`.
    seed : int
        Seed of weights, dropout, order and strands.
    settings : danq.config.Train
        Every other knob.
    motifs : str
        Known motifs, as `danq.motif.meme.known_motifs`, for filters that are initialised from them.
    threads : int
        CPU threads.
    after_epoch : callable, optional
        Called with the rows of the history (list of dict) after each epoch; may raise.

    Raises
    ------
    DanqError
        The device is not there, the loss is no longer finite, the validation split has no target
        with both labels, or a training of another configuration was cut off here.
    StoppedError
        SIGTERM, SIGINT or SIGUSR1 arrived; the state is saved.
    """
    if settings.device in ("auto", "cuda"):
        hold_gpus(settings.devices)
    with Stop() as stop, open_dataset(dataset) as data:
        options = resolve(settings, model=model, seed=seed)
        validation = Validation(data)
        learner = set_up(data, options, motifs, threads)
        progress = Progress(torch.zeros((), device=learner.device))
        resume = _open_resume(checkpoint, learner, data, threads)
        restore_state(learner, progress, resume.load())
        curves = Curves(f"{checkpoint}.tensorboard", progress.epoch + 1, learner.leads)
        while not progress.finished(options.epochs, options.patience):
            run_epoch(learner, validation, progress, resume, stop)
            curves.add(progress.history[-1])
            if after_epoch is not None:
                after_epoch(progress.history)
        if learner.leads:
            summary = training_facts(learner, progress, data.window, resume.all_threads)
            write_checkpoint(checkpoint, progress.best, summary, data.facts())
            write_table(history, pd.DataFrame(progress.history))
            write_text(facts, json.dumps(summary, indent=1) + "\n")
            resume.remove()


def _open_resume(checkpoint: PathLike, learner: Learner, data: Dataset, threads: int) -> Resume:
    """Return the file of the state of a training, which only this training may take up."""
    identity = learner.options.to_dict()
    identity["dataset"] = data.checksum
    return Resume(f"{checkpoint}.resume", identity, threads)
