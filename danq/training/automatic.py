"""What a training chooses where the configuration leaves it out, by the training data alone.

The rule is the same for every model, so that none is favoured; docs/notes/trials.md says from which
trials it follows. Only what a model does not have (a head that pools, filters) is left out.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

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
    rarest, median, most_frequent : int
        Positive windows of the rarest target, of the middle one, and of the most frequent one.
    """

    windows: int
    labelled: int
    overlap: int
    targets: int
    rarest: int
    median: int
    most_frequent: int

    @property
    def labelled_side_by_side(self) -> int:
        """Labelled windows, were the bins side by side."""
        return self.labelled // self.overlap


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
    return TrainingSet(
        windows=dataset.length("train"),
        labelled=counts.labelled,
        overlap=_overlap(dataset),
        targets=len(counts.positives),
        rarest=int(counts.positives.min()),
        median=int(np.median(counts.positives)),
        most_frequent=int(counts.positives.max()),
    )


def _overlap(dataset: Dataset) -> int:
    """Return how many training bins share a base: as many as their starts differ within a bin.

    It follows from the windows themselves, so that it holds whatever made the dataset.
    """
    if dataset.attributes["coordinates"] != "genome":
        return 1
    offsets = dataset.positions("train").start % dataset.bin_size
    return max(1, len(np.unique(offsets)))


def windows_of_a_pass(training_set: TrainingSet, negatives: float | None) -> int:
    """Count the windows of an epoch that shows each labelled one once.

    Parameters
    ----------
    training_set : TrainingSet
        As `describe_training_set` returns it.
    negatives : float or None
        Windows without a label per labelled one, as far as there are any; None: all of them.

    Returns
    -------
    int
    """
    if negatives is None:
        return training_set.windows
    unlabelled = training_set.windows - training_set.labelled
    wanted = round(negatives * training_set.labelled)
    return training_set.labelled + min(wanted, unlabelled)


ROUNDS = 6
"""How often a training shows each labelled window, were the bins side by side, at least."""

FEWEST = 200_000
"""Windows that a training shows, at least."""

MOST = 1_000_000
"""Windows that a training shows, at most."""

EPOCHS = 8
"""Epochs of a training, at least: as many validations, of which the best one counts."""

MOST_EPOCHS = 50
"""Epochs of a training, at most: a small set that is shown more often is learnt by heart."""

NEGATIVES = 3.0
"""Windows without a label that an epoch shows per labelled one."""

NEGATIVES_OF_RARE_TARGETS = 1.0
"""The same where most targets have few of the labelled windows: the others are negatives enough."""

RARE = 0.05
"""Share of the labelled windows below which the median target has few."""

LARGE = 500_000
"""Labelled windows, were the bins side by side, from which on the published widths are taken."""


PUBLISHED = "since the published recipe is asked for"
"""Why its knobs are chosen."""


def fill_in(
    settings: Train,
    recipe: Recipe,
    model: str,
    training_set: TrainingSet,
    inherited: Mapping[str, Chosen] | None = None,
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
    inherited : mapping of str to danq.config.Chosen, optional
        What the checkpoint that a training begins with has.

    Returns
    -------
    danq.config.Filled
    """
    if recipe.knobs:
        rules = {name: Chosen(value, PUBLISHED) for name, value in recipe.knobs.items()}
    else:
        rules = automatic_rules(training_set, settings)
    if not MODELS[model].takes_pool_head:
        rules["head"] = Chosen("dense", f"since {model} has no other")
    if not MODELS[model].has_filters:
        rules["initialise_from"] = Chosen("random", f"since {model} has no filters")
    return fill(settings, {**rules, **(inherited or {})})


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
    rules = _network(training_set)
    rules |= _windows(training_set)
    rules |= _steps(training_set, settings)
    return rules


def _network(training_set: TrainingSet) -> dict[str, Chosen]:
    """Choose the network by the labelled windows that there are."""
    labelled = training_set.labelled_side_by_side
    if labelled < LARGE:
        size = f"for fewer than {LARGE:,} labelled windows side by side ({labelled:,})"
        scale = Chosen(0.2, size)
        dropout = Chosen(0.4, size)
    else:
        size = f"for {LARGE:,} labelled windows side by side or more ({labelled:,})"
        scale = Chosen(1.0, size)
        dropout = Chosen(1.0, size)
    as_published = "as published: no other gave more for all models in the trials"
    return {
        "scale": scale,
        "dropout": dropout,
        "filter_scale": Chosen(1.0, as_published),
        "head": Chosen("dense", as_published),
        "stem": Chosen("relu", as_published),
        "initialise_from": Chosen("enriched", "since networks learn soonest, without a database"),
    }


def _windows(training_set: TrainingSet) -> dict[str, Chosen]:
    """Choose how often windows of rare targets, and those without a label, are shown."""
    share = training_set.labelled / training_set.windows
    most_frequent = training_set.most_frequent
    positives = f"{training_set.rarest:,} to {most_frequent:,} of these for a target"
    middle = f"{training_set.median:,} for the median target"
    reason = f"with a label on {share:.1%} of the windows, {positives}, {middle}"
    several = training_set.targets > 1
    return {
        "negatives": Chosen(_negatives(training_set), reason),
        "balance": Chosen(several, f"for {training_set.targets:,} targets"),
        "shift": Chosen(10, "as in the trials"),
    }


def _negatives(training_set: TrainingSet) -> float:
    """Choose how many windows without a label an epoch shows per labelled one."""
    is_rare = training_set.median < RARE * training_set.labelled
    return NEGATIVES_OF_RARE_TARGETS if is_rare else NEGATIVES


def _steps(training_set: TrainingSet, settings: Train) -> dict[str, Chosen]:
    """Choose size and number of epochs, by windows to show and not by passes, and the steps."""
    negatives = settings.negatives
    if negatives is None:
        negatives = _negatives(training_set)
    one_pass = windows_of_a_pass(training_set, negatives)
    size = settings.epoch_size or max(1, one_pass)
    epochs = settings.epochs
    if epochs is None:
        shown = min(max(ROUNDS * one_pass / training_set.overlap, FEWEST), MOST)
        if settings.epoch_size is None:
            size = min(size, round(shown / EPOCHS))
        epochs = min(math.ceil(shown / size), MOST_EPOCHS)
    labelled = f"{training_set.labelled:,} windows with a label"
    if training_set.overlap > 1:
        labelled += f", and {training_set.overlap} bins share each base"
    reason = f"to show {epochs * size:,} windows in all; there are {labelled}"
    without = "without an early end, as in the trials"
    return {
        "epoch_size": Chosen(size, reason),
        "epochs": Chosen(epochs, reason),
        "patience": Chosen(epochs, without),
        "batch_size": Chosen(64, without),
        "lr": Chosen(0.004, without),
        "weight_decay": Chosen(0.01, without),
    }
