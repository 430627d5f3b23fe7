"""What each first filter does for each target: ablate it, and see what the prediction loses.

A filter's name says what it looks like; this says what the network makes of it.
"""

import sys

import numpy as np
import pandas as pd
from tqdm import tqdm

from danq.data.dataset import open_dataset
from danq.errors import DanqError
from danq.files import write_table

MOST = 5000
"""Windows, whatever the number of targets: at the published size each costs a second and more of a CPU."""

COLUMNS = ["filter", "motif", "target", "name", "group", "effect", "se", "n"]
"""Columns of the table that `ablate` makes."""


def ablate(checkpoint, dataset, output, *, windows, split, seed, device, threads):
    """Ablate each first-layer filter of a trained model in turn.

    Parameters
    ----------
    checkpoint, dataset : path
        A trained model, and the dataset.h5 of its training.
    output : path
        TSV to write, a row per filter and target: filter (int), motif (``filter<k>``), target (int), name and group (of
        the target), effect (mean fall of the target's log-odds over its positive windows, natural logarithm; negative
        where they rise), se (its standard error), n (windows). NA where the target has no window.
    windows : int
        Positive windows of each target, or all that the split has, but no more than `MOST` in all. A window that is
        positive for other targets counts for these, too.
    split : str
        Of which split they are.
    seed : int
        Seed of their choice.
    device : str
        auto, cpu or cuda.
    threads : int
        CPU threads.

    Raises
    ------
    DanqError
        A file is unfit, the model has no filters, or the split has no labelled window.
    """
    from danq.network.predict import BATCH, open_model, refuse_other_data

    model, facts, place = open_model(checkpoint, device, threads)
    if model.first is None:
        raise DanqError(
            f"{facts['facts']['model']} has no filters to ablate; name another model", checkpoint
        )
    with open_dataset(dataset) as data:
        refuse_other_data(data.facts(), facts["dataset"], dataset)
        labels = data.labels(split)
        rows = positive_rows(labels, windows, np.random.default_rng(seed))
        if len(rows) == 0:
            raise DanqError(f"no {split} window has a label; choose another split", dataset)
        batches = np.split(rows, range(BATCH, len(rows), BATCH))
        changes = (
            ablated_changes(model, data.one_hot(split, batch), place)
            for batch in tqdm(batches, "ablate", unit="batch", leave=False, disable=None)
        )
        table = effect_table(changes, [labels[batch] for batch in batches], data.names, data.groups)
    write_table(output, table)
    print(
        f"{output}: {model.first.out_channels} filters ablated in {len(rows)} windows",
        file=sys.stderr,
    )


def positive_rows(labels, n, rng):
    """Choose up to `n` positive windows of each target, up to `MOST` in all; return their rows, ascending, each once.

    Parameters
    ----------
    labels : numpy.ndarray, uint8, shape (N, T)
    n : int
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray, int64, shape (M,)
    """
    chosen = np.unique(
        np.concatenate([rng.permutation(np.flatnonzero(column))[:n] for column in labels.T])
    )
    return chosen if len(chosen) <= MOST else np.sort(rng.choice(chosen, MOST, replace=False))


def ablated_changes(model, X, device):
    """Yield what each window loses when a filter of `model.first` never fires, filter by filter.

    Its answer becomes that of a filter that sees nothing it looks for: 0. What the other filters answer is computed
    once.

    Parameters
    ----------
    model : torch.nn.Module
        In evaluation mode, on `device`.
    X : numpy.ndarray, float32, shape (N, 4, L)
    device : torch.device

    Yields
    ------
    numpy.ndarray, float64, shape (N, T)
        Log-odds before less log-odds after, of the mean probability of both strands.
    """
    import torch

    from danq.network.predict import strand_log_odds

    def log_odds():
        return (
            strand_log_odds(torch.stack([model.rest(strand).double() for strand in strands]))
            .cpu()
            .numpy()
        )

    X = torch.from_numpy(X).to(device)
    with torch.inference_mode():
        strands = [model.pooled(strand) for strand in (X, X.flip(1, 2))]
        before = log_odds()
        for number in range(model.first.out_channels):
            kept = [strand[:, number].clone() for strand in strands]
            for strand in strands:
                strand[:, number] = 0
            yield before - log_odds()
            for strand, own in zip(strands, kept, strict=True):
                strand[:, number] = own


def effect_table(changes, labels, names, groups):
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
    sums = squares = 0
    for batch, own in zip(changes, labels, strict=True):
        positive = [np.where(own, change, 0) for change in batch]
        sums = sums + np.stack([change.sum(axis=0) for change in positive])  # (F, T)
        squares = squares + np.stack([(change**2).sum(axis=0) for change in positive])
    n = sum(own.sum(axis=0, dtype=np.int64) for own in labels)
    few, more = np.where(n > 0, n, np.nan), np.where(n > 1, n, np.nan)
    effect, spread = sums / few, np.maximum(squares - sums**2 / few, 0)
    filters, targets = np.indices(sums.shape).reshape(2, -1)
    return pd.DataFrame(
        {
            "filter": filters,
            "motif": [f"filter{k}" for k in filters],
            "target": targets,
            "name": np.array(names, dtype=object)[targets],
            "group": np.array(groups, dtype=object)[targets],
            "effect": effect.ravel().round(6),
            "se": np.sqrt(spread / (more - 1) / more).ravel().round(6),
            "n": n[targets],
        }
    )[COLUMNS]
