"""The state of a training, from which it goes on to the very same weights after it was cut off."""

from typing import Any

import numpy as np

from danq.errors import UntrainableError
from danq.network.checkpoint import Resume
from danq.training.learner import Learner
from danq.training.log import log
from danq.training.progress import Progress


def save_state(learner: Learner, progress: Progress, resume: Resume, seconds: float) -> None:
    """Save the state of a training, unless it is not worth going on from.

    Parameters
    ----------
    learner : danq.training.learner.Learner
        The network in training.
    progress : danq.training.progress.Progress
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
    }
    resume.save(state)


def restore_state(learner: Learner, progress: Progress, state: dict[str, Any] | None) -> None:
    """Take up where the same training was cut off.

    Parameters
    ----------
    learner : danq.training.learner.Learner
        The network in training.
    progress : danq.training.progress.Progress
        How far the training has come.
    state : dict or None
        What `save_state` saved; None at the start of a training.
    """
    if state is None:
        return
    learner.network.load_state_dict(state["weights"])
    learner.optimizer.load_state_dict(state["optimizer"])
    if learner.lr_scheduler is not None:
        learner.lr_scheduler.load_state_dict(state["lr_scheduler"])
    progress.step = state["step"]
    progress.loss_sum = state["loss_sum"].to(learner.device)
    progress.seconds = state["seconds"]
    progress.history = state["history"]
    progress.best = state["best"]
    if learner.leads:
        name = learner.options.epoch_name(progress.epoch + 1)
        log(f"{name}: resuming at step {progress.step} of {learner.steps}")


def refuse_infinite(learner: Learner, progress: Progress) -> None:
    """Refuse to go on from a loss, or from weights, that are not finite.

    Parameters
    ----------
    learner : danq.training.learner.Learner
        The network in training.
    progress : danq.training.progress.Progress
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
