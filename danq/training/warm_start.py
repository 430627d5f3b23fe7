"""What a training that begins with a checkpoint takes over from it, and what is said of that."""

from danq.catalog import MODELS
from danq.config import Chosen, Train
from danq.data.dataset import Dataset
from danq.errors import DanqError
from danq.network.models import Network
from danq.network.start import (
    Start,
    open_start,
    refuse_other_data,
    refuse_other_model,
    take_weights,
)


def start_of(settings: Train, model: str) -> Start | None:
    """Read the checkpoint that a training begins with, if there is one.

    Parameters
    ----------
    settings : danq.config.Train
        As configured.
    model : str
        A key of `danq.catalog.MODELS`.

    Returns
    -------
    danq.network.start.Start or None

    Raises
    ------
    DanqError
        It cannot be read, or is of another model; or filters are to begin as in a checkpoint, and
        none is given.
    """
    if settings.start is None:
        if settings.initialise_from == "checkpoint":
            what = "initialise_from checkpoint, and no checkpoint is given"
            raise DanqError(f"{what}; name one in start, or leave initialise_from out")
        return None
    start = open_start(settings.start, settings.start_up_to)
    refuse_other_model(start, model, settings.model_dump())
    return start


def inherited_knobs(start: Start | None) -> dict[str, Chosen]:
    """Return the knobs that a training has from its checkpoint, where they are left out.

    Parameters
    ----------
    start : danq.network.start.Start or None
        The checkpoint; None where there is none.

    Returns
    -------
    dict of str to danq.config.Chosen
    """
    if start is None:
        return {}
    reason = f"as {start.path} has it"
    knobs = {name: value for name, value in start.knobs().items() if value is not None}
    rules = {name: Chosen(value, reason) for name, value in knobs.items()}
    if MODELS[start.model].has_filters:
        rules["initialise_from"] = Chosen("checkpoint", reason)
    return rules


def begin_with(start: Start, network: Network, dataset: Dataset) -> list[str]:
    """Give a network the weights of a checkpoint, in place.

    Parameters
    ----------
    start : danq.network.start.Start
        The checkpoint.
    network : danq.network.models.Network
        The network in training.
    dataset : danq.data.dataset.Dataset
        What it learns from.

    Returns
    -------
    list of str
        See `danq.network.start.take_weights`.

    Raises
    ------
    DanqError
        Its weights do not fit the network, the windows or the targets.
    """
    alphabet = dataset.attributes["alphabet"]
    refuse_other_data(start, dataset.window, alphabet, dataset.names)
    return take_weights(network, start)


def start_line(start: Start, dataset: Dataset) -> str:
    """Say what a training begins with, and whether that may have seen its held-out windows.

    Parameters
    ----------
    start : danq.network.start.Start
        The checkpoint.
    dataset : danq.data.dataset.Dataset
        What it learns from.

    Returns
    -------
    str
        A line of the log.
    """
    seen = start.seen(dataset.source.get("splits"))
    taken = {
        "stem": "its first filters",
        "body": "all its weights but those of the output layer",
        "head": "all its weights",
    }
    what = f"begins with {start.path} ({start.model}, {len(start.targets)} targets)"
    line = f"{what}: {taken[start.up_to]}"
    if seen is None:
        return f"{line}; whether that was trained on held-out windows of this one is not known"
    if seen:
        return f"{line}; that may have been trained on held-out windows of this: {', '.join(seen)}"
    return f"{line}; it was trained on none of the held-out regions"
