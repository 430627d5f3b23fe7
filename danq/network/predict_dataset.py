"""Predict the windows of a dataset with trained models."""

from collections.abc import Sequence

import torch

from danq.data.dataset import open_dataset
from danq.data.predictions import create_predictions
from danq.errors import DanqError
from danq.files import PathLike
from danq.network.trained import TrainedModel, load

SEVERAL = "NA"
"""The seed of predictions that are a mean over seeds."""


def predict_dataset(
    checkpoints: Sequence[PathLike],
    dataset: PathLike,
    output: PathLike,
    *,
    split: str,
    device: str,
    threads: int,
) -> None:
    """Predict a split, the two strands averaged, and the models.

    Parameters
    ----------
    checkpoints : sequence of path
        Of ``danq train``: seeds of one model.
    dataset : str or path-like
        dataset.h5, with the targets that the models were trained on, and their window unless the
        head pools.
    output : str or path-like
        The predictions to make.
    split : str
        train, valid or test.
    device : str
        auto, cpu, cuda or mps.
    threads : int
        CPU threads.

    Raises
    ------
    DanqError
        The dataset is not the one of the training, the checkpoints are of different models, or a
        file cannot be used.
    """
    models = [load(path, device=device, threads=threads) for path in checkpoints]
    names = {model.facts["model"] for model in models}
    if len(names) > 1:
        what = f"checkpoints of different models ({', '.join(sorted(names))})"
        raise DanqError(f"{what}; predict a dataset with seeds of one model")
    name = models[0].facts["model"]
    seed = str(models[0].facts["seed"]) if len(models) == 1 else SEVERAL
    with open_dataset(dataset) as data:
        for model in models:
            _refuse_final(model)
            model.refuse_other_data(data)
        # float32 whatever the training used: coarser numbers would tie, and ties cost ranks.
        rows = range(data.length(split))
        shape = (len(rows), len(data.names))
        windows = data.split_checksum(split)
        inputs = [data.as_input(), *(model.source for model in models if model.source)]
        with create_predictions(output, shape, name, seed, split, windows, inputs) as append:
            streams = [model.predict_batches(data, split, rows) for model in models]
            for batches in zip(*streams, strict=True):
                means = [batch.probabilities.mean(dim=0) for batch in batches]
                append(torch.stack(means).mean(dim=0).numpy())


def _refuse_final(model: TrainedModel) -> None:
    """Refuse a model that was trained on every window: what it predicts of these says nothing."""
    if model.facts.get("final") is not None:
        what = "a final model has been trained on every window of its dataset, and is not tested"
        raise DanqError(f"{what}; predict with the models of the folds, or other sequences")
