"""What each first filter does for each target: ablate it, and see what the prediction loses.

A filter's name says what it looks like; this says what the network makes of it.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from danq.config import Ablation
from danq.data.dataset import Dataset, open_dataset
from danq.data.shortfalls import ABLATION, Shortfall, tell, windows_of_targets
from danq.errors import DanqError, one_line
from danq.files import PathLike
from danq.network.augment import reverse_complement
from danq.network.devices import as_float64
from danq.network.models import ConvolutionalNetwork
from danq.network.strands import BATCH, strand_log_odds
from danq.network.trained import load
from danq.progress import Bar
from danq.records import Made, record_table

MOST = 5000
"""The most windows, whatever the number of targets: at the published size each costs a second and
more of a CPU."""

COLUMNS = ["filter", "motif", "target", "name", "group", "effect", "se", "n"]
"""Columns of the table that `ablate` makes."""


def ablate(
    checkpoint: PathLike,
    dataset: PathLike,
    output: PathLike,
    *,
    settings: Ablation,
    device: str,
    threads: int | None,
) -> None:
    """Ablate each first-layer filter of a trained model in turn.

    Parameters
    ----------
    checkpoint, dataset : str or path-like
        A trained model, and the dataset.h5 of its training.
    output : str or path-like
        TSV to write, a row per filter and target: filter (int), motif (``filter<k>``), target
        (int), name and group (of the target), effect (mean fall of the target's log-odds over its
        positive windows, natural logarithm; negative where they rise), se (its standard error), n
        (windows). NA where the target has no window.
    settings : danq.config.Ablation
        Its ``windows`` are positive windows of each target, or all that the split has, but no more
        than `MOST` in all. A window that is positive for other targets counts for these, too.
    device : str
        auto, cpu, cuda or mps.
    threads : int or None
        CPU threads.

    Raises
    ------
    DanqError
        A file cannot be used, the model has no filters, or the split has no labelled window.
    """
    trained = load(checkpoint, device=device, threads=threads)
    network = trained.network
    if not isinstance(network, ConvolutionalNetwork):
        what = f"{trained.facts['model']} has no filters to ablate; name another model"
        raise DanqError(what, checkpoint)
    with open_dataset(dataset) as data:
        trained.refuse_other_data(data)
        labels = data.labels(settings.split)
        rng = np.random.default_rng(settings.seed)
        rows = positive_rows(labels, settings.windows, rng)
        if len(rows) == 0:
            what = f"no {settings.split} window has a label; choose another split"
            raise DanqError(what, dataset)
        tell(_asked(labels, rows, settings), output)
        batches = np.split(rows, range(BATCH, len(rows), BATCH))
        changes = _changes_by_batch(network, data, settings.split, batches, trained.device)
        batch_labels = [labels[batch] for batch in batches]
        table = effect_table(changes, batch_labels, data.names, data.groups)
        made = Made("ablate", trained.inputs(data))
    record_table(output, table, made)
    n_filters = network.stem.conv.out_channels
    message = f"{output}: {n_filters} filters ablated in {len(rows)} windows"
    print(one_line(message), file=sys.stderr)


def _asked(
    labels: NDArray[np.uint8], rows: NDArray[np.int64], settings: Ablation
) -> list[Shortfall]:
    """Compare the windows asked for of each target with those in the chosen rows."""
    positives = labels[rows].sum(axis=0).tolist()
    return windows_of_targets(settings.windows, positives, settings.split, ABLATION)


def positive_rows(labels: NDArray[np.uint8], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose up to `n` positive windows of each target, up to `MOST` in all.

    Parameters
    ----------
    labels : numpy.ndarray, uint8, shape (N, T)
        Of a split.
    n : int
        Windows of each target.
    rng : numpy.random.Generator
        Chooses.

    Returns
    -------
    numpy.ndarray, int64, shape (M,)
        Their rows, ascending, each once.
    """
    samples = []
    for column in labels.T:
        shuffled = rng.permutation(np.flatnonzero(column))
        samples.append(shuffled[:n])
    rows = np.unique(np.concatenate(samples))
    if len(rows) <= MOST:
        return rows
    return np.sort(rng.choice(rows, MOST, replace=False))


def _changes_by_batch(
    network: ConvolutionalNetwork,
    data: Dataset,
    split: str,
    batches: Sequence[NDArray[np.int64]],
    device: torch.device,
) -> Iterator[Iterator[NDArray[np.float64]]]:
    """Yield the changes of each batch of windows."""
    for batch in Bar(batches, "ablate", unit="batch"):
        X = data.one_hot(split, batch)
        yield ablated_changes(network, X, device)


def ablated_changes(
    network: ConvolutionalNetwork, X: NDArray[np.float32], device: torch.device
) -> Iterator[NDArray[np.float64]]:
    """Yield what each window loses when a first filter never fires, filter by filter.

    The filter's response becomes that of one whose motif is nowhere: 0. The responses of the other
    filters are computed once.

    Parameters
    ----------
    network : danq.network.models.ConvolutionalNetwork
        In evaluation mode, on `device`.
    X : numpy.ndarray, float32, shape (N, 4, L)
        One-hot windows.
    device : torch.device
        The device of the network.

    Yields
    ------
    numpy.ndarray, float64, shape (N, T)
        Log-odds before less log-odds after, of the mean probability of both strands.
    """
    windows = torch.from_numpy(X).to(device)
    with torch.inference_mode():
        reverse_complements = reverse_complement(windows)
        strands = [network.stem(windows), network.stem(reverse_complements)]
        before = _log_odds(network, strands)
        for number in range(network.stem.conv.out_channels):
            responses = [strand[:, number].clone() for strand in strands]
            for strand in strands:
                strand[:, number] = 0
            yield before - _log_odds(network, strands)
            for strand, response in zip(strands, responses, strict=True):
                strand[:, number] = response


def _log_odds(
    network: ConvolutionalNetwork, strands: Sequence[torch.Tensor]
) -> NDArray[np.float64]:
    """Return the log-odds (N, T) of the mean probability of both strands' responses."""
    logits = [as_float64(network.trunk(strand)) for strand in strands]
    return strand_log_odds(torch.stack(logits)).cpu().numpy()


def effect_table(
    changes: Iterable[Iterable[NDArray[np.float64]]],
    labels: Sequence[NDArray[np.uint8]],
    names: Sequence[str],
    groups: Sequence[str],
) -> pd.DataFrame:
    """Average changes over the positive windows of each target.

    Parameters
    ----------
    changes : iterable of iterable of numpy.ndarray, each of shape (n, T)
        By batch of windows and filter.
    labels : list of numpy.ndarray, uint8, each of shape (n, T)
        Of the same batches.
    names, groups : list of str
        Of the targets.

    Returns
    -------
    pandas.DataFrame
        The table that `ablate` makes.
    """
    sums: NDArray[np.float64] | float = 0.0  # (F, T)
    squares: NDArray[np.float64] | float = 0.0
    for batch_changes, batch_labels in zip(changes, labels, strict=True):
        batch_sums = []
        batch_squares = []
        for change in batch_changes:
            positive = np.where(batch_labels, change, 0)
            batch_sums.append(positive.sum(axis=0))
            batch_squares.append((positive**2).sum(axis=0))
        sums = sums + np.stack(batch_sums)
        squares = squares + np.stack(batch_squares)
    n = _count_positives(labels)
    effect, se = _mean_and_error(np.asarray(sums), np.asarray(squares), n)
    cells = np.indices(effect.shape)
    filters, targets = cells.reshape(2, -1)
    table = pd.DataFrame({"filter": filters, "target": targets, "n": n[targets]})
    table["motif"] = [f"filter{number}" for number in filters]
    table["name"] = np.array(names, dtype=object)[targets]
    table["group"] = np.array(groups, dtype=object)[targets]
    table["effect"] = effect.ravel().round(6)
    table["se"] = se.ravel().round(6)
    return table[COLUMNS]


def _count_positives(labels: Sequence[NDArray[np.uint8]]) -> NDArray[np.int64]:
    """Return the positive windows of each target over all batches, (T,)."""
    counts = [batch.sum(axis=0, dtype=np.int64) for batch in labels]
    return np.sum(counts, axis=0)


class _Effects(NamedTuple):
    """Mean change, and its standard error, of each filter and target: both (F, T)."""

    effect: NDArray[np.float64]
    se: NDArray[np.float64]


def _mean_and_error(
    sums: NDArray[np.float64], squares: NDArray[np.float64], n: NDArray[np.int64]
) -> _Effects:
    """Return means and standard errors of sums and sums of squares (F, T) over n windows (T,)."""
    at_least_one = np.where(n > 0, n, np.nan)
    at_least_two = np.where(n > 1, n, np.nan)
    effect = sums / at_least_one
    spread = np.maximum(squares - sums**2 / at_least_one, 0)
    se = np.sqrt(spread / (at_least_two - 1) / at_least_two)
    return _Effects(effect, se)
