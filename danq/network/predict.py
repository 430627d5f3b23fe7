"""Checkpoint and windows to probabilities."""

import torch
from torch.nn.functional import logsigmoid
from tqdm import tqdm

from danq.data.dataset import open_dataset
from danq.data.predictions import write_predictions
from danq.errors import DanqError
from danq.network.batches import Batches
from danq.network.checkpoint import load_checkpoint
from danq.network.devices import choose_device, set_tf32
from danq.network.models import strand_probabilities, takes_any_length

BATCH = 256


def predict(checkpoint, dataset, output, *, split, device, threads):
    """Predict a split with a trained model, the two strands averaged.

    Parameters
    ----------
    checkpoint : path
        Of danq train.
    dataset : path
        dataset.h5, with the targets that the model was trained on, and its window unless the model's head pools.
    output : path
        The predictions to make.
    split : str
        train, valid or test.
    device : str
        auto, cpu or cuda.
    threads : int
        CPU threads.

    Raises
    ------
    DanqError
        The dataset's facts are not those of the checkpoint.
    """
    model, facts, place = open_model(checkpoint, device, threads)
    with open_dataset(dataset) as opened:
        refuse_other_data(
            opened.facts(), facts["dataset"], dataset, any_length=takes_any_length(model)
        )
        refuse_short_windows(model, opened.window, dataset)
        # float32 whatever the training used: coarser numbers would tie, and ties cost ranks.
        probabilities = predict_rows(model, opened, split, range(opened.length(split)), place).mean(
            dim=0
        )
        windows = opened.split_checksum(split)
    trained = facts["facts"]
    write_predictions(
        output, probabilities.numpy(), trained["model"], str(trained["seed"]), split, windows
    )


def open_model(checkpoint, device, threads):
    """Load a trained model to predict with, in float32.

    Parameters
    ----------
    checkpoint : path
    device : str
        auto, cpu or cuda.
    threads : int
        CPU threads.

    Returns
    -------
    tuple of (torch.nn.Module, dict, torch.device)
        The model on its device, and what its checkpoint says of it.
    """
    torch.set_num_threads(threads)
    set_tf32(False)
    (model, facts), place = load_checkpoint(checkpoint), choose_device(device)
    return model.to(place), facts, place


def predict_rows(model, dataset, split, rows, device, stop=lambda: None):
    """Predict some windows of a split, read from the file as they are needed.

    Parameters
    ----------
    model : torch.nn.Module
        From one-hot (N, 4, L) to logits (N, T); left in evaluation mode.
    dataset : danq.data.dataset.Dataset
    split : str
    rows : range
        Rows of the split.
    device : torch.device
    stop : callable
        Called before each batch; may raise.

    Returns
    -------
    torch.Tensor, float32, shape (2, len(rows), T), on the CPU
        Probabilities from either strand.
    """
    model.eval()
    found = torch.empty(2, len(rows), len(dataset.names))
    for start in tqdm(
        range(0, len(rows), BATCH), "predict", unit="batch", leave=False, disable=None
    ):
        stop()
        part = rows[start : start + BATCH]
        X = Batches(dataset, split, device, [slice(part.start, part.stop)]).sequences_of(
            slice(None)
        )
        found[:, start : start + len(part)] = strand_probabilities(model, X).cpu()
    return found


def strand_log_odds(logits):
    """Return the log-odds of the mean probability of the two strands.

    Sigmoids and logarithms are taken together, so that a model that is very sure does not saturate.

    Parameters
    ----------
    logits : torch.Tensor, shape (2, N, T)

    Returns
    -------
    torch.Tensor, shape (N, T)
    """
    return logsigmoid(logits).logsumexp(dim=0) - logsigmoid(-logits).logsumexp(dim=0)


def refuse_other_data(found, expected, path, any_length=False):
    """Refuse a dataset whose facts (dict) are not those `expected` by a checkpoint.

    With `any_length`, windows may be of another length. They are then another dataset, whose training windows cannot be
    the same: what must be is how the genome was split, so that no model predicts where it was trained.
    """
    if any_length and found["window"] != expected["window"]:
        free = {"window", "training_windows"} | ({"bin_size"} if found["splits"] is None else set())
    else:
        free = {"splits"}  # told by the windows themselves
    for key, value in expected.items():
        if key not in free and found[key] != value:
            raise DanqError(
                f"{key}: not what the model was trained on; use the dataset of that training", path
            )


def refuse_short_windows(model, window, path):
    """Refuse windows that are too short for the layers of a model."""
    try:
        with torch.no_grad():
            model(torch.zeros(1, 4, window, device=next(model.parameters()).device))
    except RuntimeError as error:
        raise DanqError(
            f"windows of {window} bp do not fit this model; use those that it was trained on", path
        ) from error
