"""Predict the windows of a dataset with a trained model."""

from danq.data.dataset import open_dataset
from danq.data.predictions import write_predictions
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
    with open_dataset(dataset) as data:
        model.refuse_other_data(data)
        # float32 whatever the training used: coarser numbers would tie, and ties cost ranks.
        strands = model.predict_rows(data, split, range(data.length(split)))
        windows = data.split_checksum(split)
    probabilities = strands.mean(dim=0).numpy()
    seed = str(model.facts["seed"])
    write_predictions(output, probabilities, model.facts["model"], seed, split, windows)
