"""What a training chooses where the configuration leaves it out, by the training data alone.

The rule is the same for every model, so that none is favoured; docs/training.md says from which
trials it follows. Only what a model does not have (a head that pools, filters) is left out.
"""

import math
from typing import NamedTuple

from danq.catalog import MODELS
from danq.config import Chosen, Filled, Train, fill
from danq.data.dataset import Dataset
from danq.network.recipes import Recipe


class TrainingSet(NamedTuple):
    """What the rule goes by.

    Attributes
    ----------
    windows : int
        Training windows.
    labelled : int
        Those with a label.
    overlap : int
        Training bins that hold a base: how often a peak is shown with other flanks.
    targets : int
        Number of targets.
    rarest, most_frequent : int
        Positive windows of the rarest and of the most frequent target.
    """

    windows: int
    labelled: int
    overlap: int
    targets: int
    rarest: int
    most_frequent: int


def describe_training_set(dataset: Dataset) -> TrainingSet:
    """Count what the rule goes by.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file.

    Returns
    -------
    TrainingSet
    """
    counts = dataset.label_counts("train")
    stride = dataset.source.get("stride", dataset.bin_size)
    return TrainingSet(
        windows=dataset.length("train"),
        labelled=counts.labelled,
        overlap=dataset.bin_size // stride,
        targets=len(counts.positives),
        rarest=int(counts.positives.min()),
        most_frequent=int(counts.positives.max()),
    )


FILTERS = 64
"""First filters of `danq` and its twins that small trainings have: a fifth of the published 320."""

ROUNDS = 12
"""How often a training shows a labelled window of bins that lie side by side."""

FEWEST = 60_000
"""Windows that a training shows, at least."""

MOST = 1_000_000
"""Windows that a training shows, at most."""

EPOCHS = 8
"""Epochs of a training, at least: as many validations, of which the best one counts."""


def fill_in(
    settings: Train, recipe: Recipe, model: str, training_set: TrainingSet
) -> Filled[Train]:
    """Choose every knob that the configuration leaves out.

    Parameters
    ----------
    settings : danq.config.Train
        As configured.
    recipe : danq.network.recipes.Recipe
        What ``settings.recipe`` is for this model. One with knobs of its own, as the published
        ones have, is followed; else the training data decide.
    model : str
        A key of `danq.catalog.MODELS`.
    training_set : TrainingSet
        As `describe_training_set` returns it.

    Returns
    -------
    danq.config.Filled
    """
    if recipe.knobs:
        rules = {name: Chosen(value, "as published") for name, value in recipe.knobs.items()}
    else:
        rules = automatic_rules(training_set, settings)
    if not MODELS[model].takes_pool_head:
        rules["head"] = Chosen("dense", f"since {model} has no other")
    if not MODELS[model].has_filters:
        rules["initialise_from"] = Chosen("random", f"since {model} has no filters")
    return fill(settings, rules)


def automatic_rules(training_set: TrainingSet, settings: Train) -> dict[str, Chosen]:
    """Choose every knob by the training data.

    Parameters
    ----------
    training_set : TrainingSet
        What the rule goes by.
    settings : danq.config.Train
        As configured: an epoch's size depends on ``negatives``, for example.

    Returns
    -------
    dict of str to danq.config.Chosen
    """
    same = "for every data set that was tried"
    rules = {
        "scale": Chosen(0.2, same),
        "filter_scale": Chosen(1.0, same),
        "dropout": Chosen(0.4, same),
        "head": Chosen("pool", same),
        "stem": Chosen("relu", same),
        "initialise_from": Chosen("enriched", same),
        "negatives": Chosen(1.0, same),
        "balance": Chosen(True, same),
        "shift": Chosen(10, same),
        "batch_size": Chosen(64, same),
        "lr": Chosen(0.0025, same),
        "weight_decay": Chosen(0.01, same),
        "patience": Chosen(100, same),
    }
    return rules | _epochs(training_set, settings)


def _epochs(training_set: TrainingSet, settings: Train) -> dict[str, Chosen]:
    """Choose size and number of epochs: a number of windows to show, not of passes."""
    side_by_side = training_set.labelled / training_set.overlap
    negatives = 1.0 if settings.negatives is None else settings.negatives
    wanted = ROUNDS * side_by_side * (1 + negatives)
    shown = round(min(max(wanted, FEWEST), MOST))
    unlabelled = training_set.windows - training_set.labelled
    of_all = training_set.labelled + min(negatives * training_set.labelled, unlabelled)
    size = max(1, min(round(of_all), shown // EPOCHS))
    epochs = settings.epochs or math.ceil(shown / size)
    reason = f"to show about {shown:,} windows, of {training_set.labelled:,} with a label"
    return {"epoch_size": Chosen(size, reason), "epochs": Chosen(epochs, reason)}
