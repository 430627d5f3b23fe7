"""What a network predicts for both strands of a sequence."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.functional import logsigmoid

from danq.data.dataset import Dataset
from danq.network.augment import reverse_complement
from danq.network.batches import Batches
from danq.progress import Bar

BATCH = 256
"""Windows that are predicted at once."""


def strand_logits(network: nn.Module, X: torch.Tensor) -> torch.Tensor:
    """Return the logits of either strand of each sequence.

    Parameters
    ----------
    network : torch.nn.Module
        From one-hot (N, 4, L) to logits (N, T).
    X : torch.Tensor, shape (N, 4, L)
        One-hot sequences, on the device of the network.

    Returns
    -------
    torch.Tensor, shape (2, N, T)
        Of the sequences as they are, and of their reverse complements.
    """
    forward = network(X)
    reverse = network(reverse_complement(X))
    return torch.stack([forward, reverse])


@torch.no_grad()
def strand_probabilities(network: nn.Module, X: torch.Tensor) -> torch.Tensor:
    """Return the probabilities of either strand of each sequence.

    Their mean is what is reported: the mean is taken over probabilities, as DeepSEA did.

    Parameters
    ----------
    network : torch.nn.Module
        From one-hot (N, 4, L) to logits (N, T).
    X : torch.Tensor, shape (N, 4, L)
        One-hot sequences, on the device of the network.

    Returns
    -------
    torch.Tensor, shape (2, N, T), float32
        Without a gradient.
    """
    # A sigmoid for each strand: one over both at once may differ in its last digits, because the
    # vectors of a CPU then end at other values.
    forward = torch.sigmoid(network(X).float())
    reverse = torch.sigmoid(network(reverse_complement(X)).float())
    return torch.stack([forward, reverse])


def strand_log_odds(logits: torch.Tensor) -> torch.Tensor:
    """Return the log-odds of the mean probability of the two strands.

    Sigmoids and logarithms are taken together, so that large logits do not saturate.

    Parameters
    ----------
    logits : torch.Tensor, shape (2, N, T)
        Logits of either strand.

    Returns
    -------
    torch.Tensor, shape (N, T)
    """
    positive = logsigmoid(logits).logsumexp(dim=0)
    negative = logsigmoid(-logits).logsumexp(dim=0)
    return positive - negative


def never_stop() -> None:
    """Do nothing: the callback of predictions that nothing stops."""


class Predicted(NamedTuple):
    """A batch of predictions.

    Attributes
    ----------
    positions : slice
        Their places among all rows that are predicted.
    probabilities : torch.Tensor, shape (2, n, T), float32
        Of either strand.
    """

    positions: slice
    probabilities: torch.Tensor


def predict_rows(
    network: nn.Module,
    dataset: Dataset,
    split: str,
    rows: range,
    device: torch.device,
    stop: Callable[[], None] = never_stop,
) -> torch.Tensor:
    """Predict windows of a split, read from the file as they are needed.

    Parameters
    ----------
    network : torch.nn.Module
        From one-hot (N, 4, L) to logits (N, T); left in evaluation mode.
    dataset : danq.data.dataset.Dataset
        The open file.
    split : str
        train, valid or test.
    rows : range
        Rows of the split, ascending.
    device : torch.device
        The device of the network.
    stop : callable, optional
        Called before each batch; may raise.

    Returns
    -------
    torch.Tensor, float32, shape (2, len(rows), T), on the CPU
        Probabilities of either strand.
    """
    probabilities = torch.empty(2, len(rows), len(dataset.names))
    for batch in predict_batches(network, dataset, split, rows, device, stop):
        probabilities[:, batch.positions] = batch.probabilities
    return probabilities


def predict_batches(
    network: nn.Module,
    dataset: Dataset,
    split: str,
    rows: range,
    device: torch.device,
    stop: Callable[[], None] = never_stop,
) -> Iterator[Predicted]:
    """Predict windows of a split batch by batch, in memory that does not grow with their number.

    Parameters
    ----------
    network : torch.nn.Module
        From one-hot (N, 4, L) to logits (N, T); left in evaluation mode.
    dataset : danq.data.dataset.Dataset
        The open file.
    split : str
        train, valid or test.
    rows : range
        Rows of the split, ascending.
    device : torch.device
        The device of the network.
    stop : callable, optional
        Called before each batch; may raise.

    Yields
    ------
    Predicted
        The next batch, on the CPU.
    """
    network.eval()
    starts = range(0, len(rows), BATCH)
    previous: Predicted | None = None
    for start in Bar(starts, "predict", unit="batch"):
        stop()
        batch = rows[start : start + BATCH]
        block = slice(batch.start, batch.stop, batch.step)
        X = Batches(dataset, split, device, [block]).sequences_of(slice(None))
        positions = slice(start, start + len(batch))
        present = Predicted(positions, strand_probabilities(network, X))
        # A GPU has only queued this: it computes while the next windows are read, so that what is
        # fetched, for which the host waits, is always the batch before.
        if previous is not None:
            yield _fetched(previous)
        previous = present
    if previous is not None:
        yield _fetched(previous)


def _fetched(batch: Predicted) -> Predicted:
    """Return a batch of predictions on the CPU."""
    return Predicted(batch.positions, batch.probabilities.cpu())
