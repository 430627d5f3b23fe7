"""How well a network in training does on the validation split."""

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
    """The validation split, with its labels.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file; stays open as long as the network trains.

    Raises
    ------
    DanqError
        No target has windows of both labels.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.labels = dataset.labels("valid")
        has_positive = self.labels.any(axis=0)
        has_negative = ~self.labels.all(axis=0)
        if not (has_positive & has_negative).any():
            what = "no target has both a positive and a negative window in the validation split"
            raise DanqError(f"{what}; change it")

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
        areas = measure(self.labels, mean_of_strands)
        scores = Scores(
            valid_loss=float(np.mean(recipe_losses)),
            valid_auprc=float(np.nanmean(areas["auprc"])),
            valid_auroc=float(np.nanmean(areas["auroc"])),
        )
        return Validated(scores, areas["auprc"], mean_of_strands)

    def _losses(self, probabilities: NDArray[np.float32]) -> list[float]:
        """Return the mean binary cross-entropy of probabilities (2, N, T) on either strand."""
        labels = torch.from_numpy(self.labels).float()
        strands = torch.from_numpy(probabilities).clamp(CLIP, 1 - CLIP)
        losses = []
        for strand in strands:
            loss = functional.binary_cross_entropy(strand, labels)
            losses.append(loss.item())
        return losses

    def _predict(self, learner: Learner, stop: Stop) -> NDArray[np.float32]:
        """Return probabilities from either strand (2, N, T); each process predicts a share."""
        fabric = learner.fabric
        if fabric.world_size == 1:
            rows = range(len(self.labels))
            return self._predict_rows(learner, rows, stop.check).numpy()
        n = len(self.labels)
        share = -(-n // fabric.world_size)
        first = fabric.global_rank * share
        rows = range(n)[first : first + share]
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
