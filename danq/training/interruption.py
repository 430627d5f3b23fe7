"""A training that can be cut off: signals that stop it, its progress, and the state that is saved.

From that state, the training goes on to exactly the same weights.
"""

import contextlib
import os
import signal
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np
import torch

from danq.data.dataset import Dataset
from danq.errors import STOPPED, StoppedError, UntrainableError
from danq.files import PathLike
from danq.network.checkpoint import Resume
from danq.training.learner import Learner
from danq.training.record import Row, best_epoch, log
from danq.training.state import read_state, unfit_state


class Stop:
    """Note a signal that asks to stop, as a context manager.

    The first of SIGTERM, SIGINT and SIGUSR1 is noted; a second one ends the process, as it would
    have done without the context.

    Attributes
    ----------
    signal_name : str or None
        Name of the signal that arrived, as ``SIGTERM``.
    """

    SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)

    def __init__(self) -> None:
        self.signal_name: str | None = None
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Stop":
        for number in self.SIGNALS:
            self._handlers[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        """Handle a first signal: note it, and restore the former handlers for a second one."""
        self.signal_name = signal.Signals(number).name
        self.__exit__()
        message = f"{self.signal_name}: saving the state of the training\n"
        with contextlib.suppress(OSError):  # the reader of the log may have been stopped first
            os.write(2, message.encode())

    def check(self) -> None:
        """Raise StoppedError where a signal has asked to stop.

        Raises
        ------
        StoppedError
            A signal arrived.
        """
        if self.signal_name is not None:
            raise StoppedError(STOPPED)


@dataclass
class Progress:
    """What changes while a model trains, beside its weights and its optimiser.

    Attributes
    ----------
    loss_sum : torch.Tensor, float32, ()
        Sum of the losses of the windows of the present epoch, on the device.
    step : int
        Steps of the present epoch that are done.
    seconds : float
        Time that earlier processes spent on the present epoch (s).
    history : list of dict
        One row per finished epoch.
    best : dict of str to torch.Tensor
        Weights of the best epoch, on the CPU; empty before the first has ended.
    measured : dict, or None
        Of the best epoch: `danq.training.health.Measurement`, plain values by name.
    said : list of str
        Names of the signs of not learning that were said.
    """

    loss_sum: torch.Tensor
    step: int = 0
    seconds: float = 0.0
    history: list[Row] = field(default_factory=list)
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    measured: dict[str, Any] | None = None
    said: list[str] = field(default_factory=list)

    @property
    def epoch(self) -> int:
        """The present epoch, counted from 0."""
        return len(self.history)

    @property
    def best_epoch(self) -> int:
        """The best epoch so far, counted from 1; 0 before the first has ended."""
        return best_epoch(self.history)

    def finished(self, epochs: int, patience: int) -> bool:
        """Say whether a training is over.

        Parameters
        ----------
        epochs : int
            The most that a training has.
        patience : int
            Epochs without a better one after which a training ends.

        Returns
        -------
        bool
        """
        since_best = self.epoch - self.best_epoch
        return self.epoch == epochs or since_best >= patience

    def add(self, row: Row, weights: dict[str, torch.Tensor], criterion: str | None) -> Row:
        """Add a finished epoch, and keep its weights if it is the best so far.

        Parameters
        ----------
        row : dict
            The epoch, without the column ``best``.
        weights : dict of str to torch.Tensor
            The network's ``state_dict`` after it.
        criterion : str or None
            The column that decides; ``valid_loss`` is better where it is lower. None without a
            validation: the last epoch is kept.

        Returns
        -------
        dict
            The row with its column ``best``.
        """
        is_best = criterion is None or self._is_best(row, criterion)
        if is_best:
            self.best = _on_cpu(weights)
            self.history = [{**earlier, "best": "no"} for earlier in self.history]
        label = "yes" if is_best else "no"
        complete = {**row, "best": label}
        self.history.append(complete)
        return complete

    def _is_best(self, row: Row, criterion: str) -> bool:
        """Say whether an epoch is better than every earlier one."""
        sign = -1 if criterion == "valid_loss" else 1
        score = sign * row[criterion]
        return all(score > sign * earlier[criterion] for earlier in self.history)

    def begin_epoch(self) -> None:
        """Reset what is counted within an epoch."""
        self.step = 0
        self.loss_sum = torch.zeros_like(self.loss_sum)
        self.seconds = 0.0


def _on_cpu(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return copies of weights, on the CPU."""
    return {name: value.detach().cpu().clone() for name, value in weights.items()}


def open_resume(
    checkpoint: PathLike,
    learner: Learner,
    dataset: Dataset,
    threads: int,
    last_epoch: int | None = None,
) -> Resume:
    """Return the file of a training's state, from which only the same training may go on.

    Parameters
    ----------
    checkpoint : str or path-like
        The checkpoint that the training makes; the file lies beside it.
    learner : danq.training.learner.Learner
        The network in training.
    dataset : danq.data.dataset.Dataset
        What it learns from.
    threads : int
        CPU threads.
    last_epoch : int, optional
        After which a training without validation ends.

    Returns
    -------
    danq.network.checkpoint.Resume
    """
    identity = learner.options.identity()
    identity["dataset"] = dataset.checksum
    if last_epoch is not None:
        identity["last_epoch"] = last_epoch
    return Resume(f"{checkpoint}.resume", identity, threads)


def restore_state(learner: Learner, resume: Resume) -> Progress:
    """Go on where the same training was cut off.

    Parameters
    ----------
    learner : danq.training.learner.Learner
        The network in training.
    resume : danq.network.checkpoint.Resume
        Where the state is kept.

    Returns
    -------
    Progress
        How far the training has come; at step 0 of the first epoch where none was cut off.

    Raises
    ------
    DanqError
        The state is of another configuration, dataset or version, or does not fit the network.
    """
    progress = Progress(torch.zeros((), device=learner.device))
    state = resume.load()
    if state is None:
        return progress
    saved = read_state(state, resume.path, learner.steps, learner.network.state_dict())
    try:
        learner.network.load_state_dict(saved.weights)
        learner.optimizer.load_state_dict(saved.optimizer)
        if learner.lr_scheduler is not None:
            learner.lr_scheduler.load_state_dict(saved.lr_scheduler or {})
    except (RuntimeError, KeyError, ValueError, TypeError, IndexError, AttributeError):
        raise unfit_state("the optimiser's state", resume.path) from None
    progress.step = saved.step
    progress.loss_sum = saved.loss_sum.to(learner.device)
    progress.seconds = saved.seconds
    progress.history = saved.history
    progress.best = saved.best
    progress.measured = saved.measured
    progress.said = saved.said
    if learner.leads:
        name = learner.options.epoch_name(progress.epoch + 1)
        log(f"{name}: resuming at step {progress.step} of {learner.steps}")
    return progress


def save_state(learner: Learner, progress: Progress, resume: Resume, seconds: float) -> None:
    """Save the state of a training, or refuse one that is not finite.

    Parameters
    ----------
    learner : danq.training.learner.Learner
        The network in training.
    progress : Progress
        How far the training has come.
    resume : danq.network.checkpoint.Resume
        Where the state is kept. Of several processes, one writes.
    seconds : float
        What this process has spent on the present epoch.

    Raises
    ------
    UntrainableError
        The loss or a weight is not finite.
    """
    refuse_infinite(learner, progress)
    if not learner.leads:
        return
    lr_scheduler = None
    if learner.lr_scheduler is not None:
        lr_scheduler = learner.lr_scheduler.state_dict()
    state = {
        "weights": learner.network.state_dict(),
        "optimizer": learner.optimizer.state_dict(),
        "lr_scheduler": lr_scheduler,
        "step": progress.step,
        "loss_sum": progress.loss_sum,
        "seconds": progress.seconds + seconds,
        "history": progress.history,
        "best": progress.best,
        "measured": progress.measured,
        "said": progress.said,
    }
    resume.save(state)


def refuse_infinite(learner: Learner, progress: Progress) -> None:
    """Refuse to go on from a loss, or from weights, that are not finite.

    Parameters
    ----------
    learner : danq.training.learner.Learner
        The network in training.
    progress : Progress
        How far the training has come.

    Raises
    ------
    UntrainableError
        The loss or a weight is not finite.
    """
    loss_is_finite = np.isfinite(progress.loss_sum.item())
    weights = learner.network.parameters()
    if not loss_is_finite or not all(weight.isfinite().all() for weight in weights):
        name = learner.options.epoch_name(progress.epoch + 1)
        raise UntrainableError(f"{name}: the loss is no longer finite; lower train.lr")
