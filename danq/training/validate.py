"""How well a network in training does on the validation split."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from danq.data.dataset import Dataset
from danq.errors import DanqError, UntrainableError
from danq.evaluation.metrics import measure
from danq.network.recipes import CLIP
from danq.network.strands import never_stop, predict_rows
from danq.training.interruption import Stop
from danq.training.learner import Learner
from danq.training.record import log

LABEL_BYTES = 13
"""Memory of a validation for each label: itself, probabilities from two strands, and their mean."""

SHARE = 1 / 4
"""Share of ``train.memory`` that a validation may take."""

FEWEST = 4_000
"""Windows that are validated however little memory there is: as many as DeepSEA had."""

_BLOCK = 1024  # windows whose losses are computed together


class Scores(NamedTuple):
    """One validation, as columns of the history.

    Attributes
    ----------
    valid_loss : float
        Mean binary cross-entropy over windows, targets and the recipe's strands.
    valid_auprc, valid_auroc : float
        Mean over the targets of what `danq.evaluation.metrics.measure` finds for the mean of the
        two strands.
    """

    valid_loss: float
    valid_auprc: float
    valid_auroc: float


class Validated(NamedTuple):
    """A validation in full.

    Attributes
    ----------
    scores : Scores
        What the history keeps.
    auprc : numpy.ndarray, shape (T,), float64
        Of each target; nan where it is undefined.
    probabilities : numpy.ndarray, shape (N, T), float32
        Mean of the two strands.
    """

    scores: Scores
    auprc: NDArray[np.float64]
    probabilities: NDArray[np.float32]


class Validation:
    """The validation split, or evenly spaced windows of a large one, with their labels.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file; stays open as long as the network trains.
    memory : float
        Bytes that a validation may take; all windows are validated by default.

    Attributes
    ----------
    dataset : danq.data.dataset.Dataset
        The file.
    rows : range
        Which windows of the split are validated: the same after each epoch, for every model.
    labels : numpy.ndarray, shape (N, T), uint8
        Their labels.

    Raises
    ------
    DanqError
        No target has windows of both labels.
    """

    def __init__(self, dataset: Dataset, memory: float = np.inf) -> None:
        self.dataset = dataset
        self.rows = choose_rows(dataset.length("valid"), len(dataset.names), memory)
        every = slice(0, self.rows.stop, self.rows.step)
        self.labels = dataset.labels("valid", every)
        has_positive = self.labels.any(axis=0)
        has_negative = ~self.labels.all(axis=0)
        if not (has_positive & has_negative).any():
            what = "no target has both a positive and a negative window in the validation split"
            raise DanqError(f"{what}; change it")

    def facts(self) -> dict[str, int]:
        """Return how many windows of the split are validated, and how many it has."""
        return {"windows": len(self.rows), "of": self.rows.stop}

    def announce(self, name: str) -> None:
        """Write into the log that not all windows are validated, if so; `name` is the training's.

        Parameters
        ----------
        name : str
            Of the training.
        """
        if self.rows.step > 1:
            some = f"{len(self.rows):,} of {self.rows.stop:,} windows, evenly spaced"
            log(f"{name}: validation by {some}: more exceed a quarter of train.memory")

    def score(self, learner: Learner, epoch_name: str, stop: Stop) -> Validated:
        """Validate a network.

        Parameters
        ----------
        learner : danq.training.learner.Learner
            Its network is left in evaluation mode.
        epoch_name : str
            What a message calls the epoch.
        stop : danq.training.interruption.Stop
            Notes signals that ask to stop.

        Returns
        -------
        Validated

        Raises
        ------
        UntrainableError
            Predictions are not finite.
        StoppedError
            A signal arrived.
        """
        learner.share_dropout(None)
        probabilities = self._predict(learner, stop)
        if not np.isfinite(probabilities).all():
            what = f"{epoch_name}: the predictions are no longer finite"
            raise UntrainableError(f"{what}; lower train.lr")
        losses = self._losses(probabilities)
        recipe_losses = losses[: learner.options.recipe.loss_strands]
        mean_of_strands = probabilities.mean(axis=0)
        threads = torch.get_num_threads()
        areas = measure(self.labels, mean_of_strands, threads, names=["auprc", "auroc"])
        scores = Scores(
            valid_loss=float(np.mean(recipe_losses)),
            valid_auprc=float(np.nanmean(areas["auprc"])),
            valid_auroc=float(np.nanmean(areas["auroc"])),
        )
        return Validated(scores, areas["auprc"], mean_of_strands)

    def _losses(self, probabilities: NDArray[np.float32]) -> list[float]:
        """Return the mean binary cross-entropy of probabilities (2, N, T) on either strand."""
        return [mean_loss(strand, self.labels) for strand in probabilities]

    def _predict(self, learner: Learner, stop: Stop) -> NDArray[np.float32]:
        """Return probabilities from either strand (2, N, T); each process predicts a share."""
        fabric = learner.fabric
        if fabric.world_size == 1:
            return self._predict_rows(learner, self.rows, stop.check).numpy()
        n = len(self.labels)
        share = -(-n // fabric.world_size)
        first = fabric.global_rank * share
        rows = self.rows[first : first + share]
        # Each process finishes its validation, even after a signal: one that stopped alone would
        # leave the others waiting.
        probabilities = self._predict_rows(learner, rows, never_stop)
        by_window = probabilities.transpose(0, 1)
        missing = share - len(rows)
        padded = functional.pad(by_window, (0, 0, 0, 0, 0, missing)).contiguous()
        shares = fabric.all_gather(padded.to(learner.device)).cpu()
        return shares.flatten(0, 1)[:n].transpose(0, 1).numpy()

    def _predict_rows(
        self, learner: Learner, rows: range, check: Callable[[], None]
    ) -> torch.Tensor:
        return predict_rows(learner.model, self.dataset, "valid", rows, learner.device, check)


def choose_rows(n: int, n_targets: int, memory: float) -> range:
    """Choose the windows of the validation split that are validated.

    Parameters
    ----------
    n : int
        Windows of the split.
    n_targets : int
        Number of targets.
    memory : float
        Bytes that a validation may take.

    Returns
    -------
    range
        All rows, or every k-th, so that they fit; `FEWEST` always do, so that there are no fewer
        than half of these.

    Examples
    --------
    >>> choose_rows(4000, 919, 2e9), choose_rows(750_000, 5000, 2e9)
    (range(0, 4000), range(0, 750000, 25))
    """
    fitting = memory / (LABEL_BYTES * n_targets)
    most = max(FEWEST, fitting)
    step = math.ceil(n / most)
    return range(0, n, max(1, step))


def mean_loss(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    """Return the mean binary cross-entropy, in little more memory than one number a label.

    Parameters
    ----------
    probabilities : numpy.ndarray, shape (N, T), float32
        Those beyond `danq.network.recipes.CLIP` of 0 or 1 count as that far away.
    labels : numpy.ndarray, shape (N, T), uint8
        0 or 1.

    Returns
    -------
    float
    """
    losses = torch.empty(probabilities.shape)
    for start in range(0, len(losses), _BLOCK):
        rows = slice(start, start + _BLOCK)
        clipped = torch.from_numpy(probabilities[rows]).clamp(CLIP, 1 - CLIP)
        targets = torch.from_numpy(labels[rows]).float()
        losses[rows] = functional.binary_cross_entropy(clipped, targets, reduction="none")
    return losses.mean().item()
