"""What a trial of a search shows: every model's trials cost the same number of multiply-adds.

A network that costs more for a window would otherwise be given more work by the same number of
windows, and a longer training is a better one. danq is the measure, since the comparison is about
it: a trial of another model shows as many windows as the same multiply-adds pay for. So does a
trial at another scale than the given one, at which danq is measured. What does not depend on the
network (validations, reading) is not counted; nor is the backward pass, which costs every network
about twice its forward pass.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch

from danq.config import Chosen, Train, Tune
from danq.data.dataset import Dataset
from danq.network.checkpoint import build_from
from danq.network.cost import count_multiply_adds
from danq.network.recipes import choose_recipe
from danq.training.automatic import (
    TrainingSet,
    describe_training_set,
    fill_in,
    windows_of_a_pass,
)
from danq.training.warm_start import inherited_knobs, start_of

MEASURE = "danq"
"""The model whose trial shows the windows that are asked for."""


class Budget(NamedTuple):
    """What a trial shows.

    Attributes
    ----------
    knobs : dict of str to plain values
        Every knob of `danq.config.Train`, filled in by the recipe; ``epochs``, ``epoch_size`` and,
        where it is not given, ``patience`` as the budget wants them.
    windows : int
        Training windows of a trial, over all its epochs.
    multiply_adds : int
        What the forward passes of these windows cost.
    """

    knobs: dict[str, Any]
    windows: int
    multiply_adds: int


class Plan(NamedTuple):
    """What the trials of a search show.

    Attributes
    ----------
    given : Budget
        Of a trial at the given scale.
    by_scale : dict of float to Budget
        Of a trial at each scale that is tried, the given one among them. All have the same epochs,
        so that trials have cost the same after every epoch, and not only at their end.
    """

    given: Budget
    by_scale: dict[float, Budget]


def plan(settings: Tune, dataset: Dataset, model: str) -> Plan:
    """Share out the multiply-adds of a trial: how many windows a model shows, in which epochs.

    Parameters
    ----------
    settings : danq.config.Tune
        As configured.
    dataset : danq.data.dataset.Dataset
        The open dataset.h5.
    model : str
        A key of `danq.catalog.MODELS`.

    Returns
    -------
    Plan
    """
    training_set = describe_training_set(dataset)
    inherited = inherited_knobs(start_of(settings, model))
    measure = _filled(settings, training_set, MEASURE, inherited)
    knobs = _filled(settings, training_set, model, inherited)
    windows = settings.windows
    if windows is None:
        windows = measure["epochs"] * _epoch_size(measure, training_set, MEASURE)
    paid = windows * _cost(measure, dataset, MEASURE)
    scales = (knobs["scale"], *settings.scales)
    costs = {scale: _cost({**knobs, "scale": scale}, dataset, model) for scale in scales}
    one_pass = _one_pass(knobs, training_set, model)
    most = round(paid / min(costs.values()))
    knobs["epochs"] = epochs_of(most, measure["epochs"], one_pass).epochs
    if settings.patience is None:  # all is shown, unless the search cuts the trial short
        knobs["patience"] = knobs["epochs"]
    by_scale = {}
    for scale, cost in costs.items():
        by_scale[scale] = _budget({**knobs, "scale": scale}, round(paid / cost), cost, one_pass)
    return Plan(by_scale[knobs["scale"]], by_scale)


def _budget(knobs: dict[str, Any], windows: int, cost: int, one_pass: int) -> Budget:
    """Return what a trial shows that is to show so many windows of such a cost."""
    sizes = epochs_of(windows, knobs["epochs"], one_pass)
    shown = sizes.epochs * sizes.epoch_size
    budget = {**knobs, **sizes._asdict()}
    return Budget(budget, windows=shown, multiply_adds=shown * cost)


class EpochSizes(NamedTuple):
    """Epochs of a training, and windows of each."""

    epochs: int
    epoch_size: int


def epochs_of(windows: int, epochs: int, one_pass: int) -> EpochSizes:
    """Divide windows into epochs; into more of them where one cannot show that many.

    Parameters
    ----------
    windows : int
        To show in all.
    epochs : int
        Epochs wanted: as many validations.
    one_pass : int
        Most windows that an epoch can show.

    Returns
    -------
    EpochSizes

    Examples
    --------
    >>> epochs_of(800, 8, one_pass=500)
    EpochSizes(epochs=8, epoch_size=100)
    >>> epochs_of(800, 8, one_pass=50)
    EpochSizes(epochs=16, epoch_size=50)
    """
    epochs = max(epochs, math.ceil(windows / one_pass))
    return EpochSizes(epochs, max(1, round(windows / epochs)))


def _filled(
    settings: Tune, training_set: TrainingSet, model: str, inherited: Mapping[str, Chosen]
) -> dict[str, Any]:
    """Return the knobs of a training, filled in by the recipe and the checkpoint it begins with."""
    recipe = choose_recipe(settings.recipe, model)
    filled = fill_in(settings, recipe, model, training_set, inherited)
    return filled.settings.model_dump(include=set(Train.model_fields))


def _one_pass(knobs: dict[str, Any], training_set: TrainingSet, model: str) -> int:
    """Return the most windows that an epoch of a model shows."""
    windows = windows_of_a_pass(training_set, knobs["negatives"])
    recipe = choose_recipe(knobs["recipe"], model)
    return 2 * windows if recipe.both_strands else windows


def _epoch_size(knobs: dict[str, Any], training_set: TrainingSet, model: str) -> int:
    """Return the windows that an epoch shows before the budget is shared out."""
    most = _one_pass(knobs, training_set, model)
    return min(knobs["epoch_size"] or most, most)


def _cost(knobs: dict[str, Any], dataset: Dataset, model: str) -> int:
    """Return the multiply-adds of a model for one window."""
    with torch.device("meta"):  # which has shapes but no numbers: a large scale takes no memory
        network = build_from({**knobs, "model": model}, dataset.window, len(dataset.names))
    return count_multiply_adds(network, dataset.window)
