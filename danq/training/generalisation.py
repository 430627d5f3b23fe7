"""How much better a network does on windows that it was shown than on those that it was not.

The loss of the training itself cannot be compared with that of a validation: dropout, balance and
drawn negatives change it. So the best weights predict some training windows as they predict
validation windows, and AUPRC is compared where targets are equally frequent.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from danq.data.dataset import Dataset
from danq.evaluation.fitting import evenly_spaced, read_rows, side_by_side_rows
from danq.network.strands import BATCH, strand_probabilities

MOST_WINDOWS = 2_000
"""Training windows that are predicted, at most; of more, evenly spaced ones, side by side."""

FEWEST_POSITIVES = 10
"""Positive windows among these that a target needs to be compared."""


class Gap(NamedTuple):
    """What a network does on either split.

    Attributes
    ----------
    targets : int
        Targets that are compared.
    train, valid : float
        Their mean AUPRC.
    """

    targets: int
    train: float
    valid: float

    @property
    def share(self) -> float:
        """The share of the AUPRC on training windows that is missing on validation windows."""
        return 1 - self.valid / self.train


def measure_gap(
    network: nn.Module,
    dataset: Dataset,
    areas: NDArray[np.float64],
    prevalence: NDArray[np.float64],
) -> Gap | None:
    """Compare a network on training windows with what it did on validation windows.

    Parameters
    ----------
    network : torch.nn.Module
        The network with the weights that are wanted; left in evaluation mode.
    dataset : danq.data.dataset.Dataset
        The open file.
    areas, prevalence : numpy.ndarray, shape (T,), float64
        Of the validation: AUPRC of each target, nan where it is undefined, and share of positive
        windows.

    Returns
    -------
    Gap or None
        None where no target has an AUPRC on validation windows and enough positives among the
        training windows.
    """
    side_by_side = side_by_side_rows(dataset)
    rows = side_by_side[evenly_spaced(len(side_by_side), MOST_WINDOWS)]
    labels = read_rows(partial(dataset.labels, "train"), rows)
    n_positive = labels.sum(axis=0, dtype=np.int64)
    enough = (n_positive >= FEWEST_POSITIVES) & (n_positive < len(rows))
    targets = np.flatnonzero(enough & np.isfinite(areas))
    if not len(targets):
        return None
    scores = _predict(network, dataset, rows)
    train = [auprc_at(labels[:, t], scores[:, t], prevalence[t]) for t in targets]
    return Gap(len(targets), float(np.mean(train)), float(areas[targets].mean()))


def auprc_at(labels: NDArray[np.uint8], scores: NDArray[np.float32], prevalence: float) -> float:
    """Return the AUPRC that scores would have, were another share of the windows positive.

    Average precision, the precision at recall r and false positive rate f being
    ``p r / (p r + (1 - p) f)``.

    Parameters
    ----------
    labels, scores : numpy.ndarray, shape (N,)
        Of one target, with windows of either label.
    prevalence : float
        The share of positive windows, p, between 0 and 1.

    Returns
    -------
    float

    Examples
    --------
    >>> round(auprc_at(np.array([1, 0, 1, 0]), np.array([4.0, 3.0, 2.0, 1.0]), 0.5), 3)
    0.833
    """
    order = np.argsort(-scores, kind="stable")
    positives = np.cumsum(labels[order], dtype=np.float64)
    negatives = np.arange(1, len(order) + 1) - positives
    # Windows of equal scores are told apart by no threshold: only the last of them counts.
    is_last = np.append(np.diff(scores[order]) != 0, True)
    recall = positives[is_last] / positives[-1]
    false_rate = negatives[is_last] / negatives[-1]
    found = prevalence * recall
    precision = found / (found + (1 - prevalence) * false_rate)
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def _predict(network: nn.Module, dataset: Dataset, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the probabilities of training windows, means of the strands, (n, T)."""
    device = next(network.parameters()).device
    network.eval()
    blocks = []
    for start in range(0, len(rows), BATCH):
        windows = dataset.one_hot("train", rows[start : start + BATCH])
        X = torch.from_numpy(windows).to(device)
        strands = strand_probabilities(network, X)
        blocks.append(strands.mean(dim=0).cpu())
    return torch.cat(blocks).numpy()
