"""Predict the windows of a dataset with a trained model."""

from danq.data.dataset import open_dataset
from danq.data.predictions import create_predictions
from danq.files import PathLike
from danq.network.trained import load


def predict(
    checkpoint: PathLike,
    dataset: PathLike,
    output: PathLike,
    *,
    split: str,
    device: str,
    threads: int,
) -> None:
    """Predict a split with a trained model, the two strands averaged.

    Parameters
    ----------
    checkpoint : str or path-like
        A model.ckpt of ``danq train``.
    dataset : str or path-like
        dataset.h5, with the targets that the model was trained on, and its window unless the
        model's head pools.
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
        The dataset is not the one of the training, or a file cannot be used.
    """
    model = load(checkpoint, device=device, threads=threads)
    name = model.facts["model"]
    seed = str(model.facts["seed"])
    with open_dataset(dataset) as data:
        model.refuse_other_data(data)
        # float32 whatever the training used: coarser numbers would tie, and ties cost ranks.
        rows = range(data.length(split))
        shape = (len(rows), len(data.names))
        windows = data.split_checksum(split)
        with create_predictions(output, shape, name, seed, split, windows) as append:
            for batch in model.predict_batches(data, split, rows):
                append(batch.probabilities.mean(dim=0).numpy())
