"""Checkpoint and windows to probabilities."""

import torch

from danq.batches import Batches
from danq.dataset import open_dataset
from danq.errors import DanqError
from danq.predictions import write_predictions
from danq.train import choose_device, load_checkpoint, predict_batches


def predict(checkpoint, dataset, output, *, split, device, threads):
    """Predict a split with a trained model, the two strands averaged.

    Parameters
    ----------
    checkpoint : path
        Of danq train.
    dataset : path
        dataset.h5, with the targets and the window that the model was trained on.
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
    torch.set_num_threads(threads)
    model, facts = load_checkpoint(checkpoint)
    place = choose_device(device)
    with open_dataset(dataset) as opened:
        refuse_other_data(opened.facts(), facts["dataset"], dataset)
        batches, windows = Batches(opened, split, place), opened.digest(split)
    # float32 whatever the training used: coarser numbers would tie, and ties cost ranks.
    probabilities = predict_batches(model.to(place), batches, place, torch.float32)
    write_predictions(output, probabilities, facts["facts"]["model"], str(facts["facts"]["seed"]), split, windows)


def refuse_other_data(found, expected, path):
    """Refuse a dataset whose facts (dict) are not those `expected` by a checkpoint."""
    for key, value in expected.items():
        if found[key] != value:
            raise DanqError(f"{key}: not what the model was trained on; use the dataset of that training", path)
