"""The options of a training, with every number that the configuration leaves to the recipe."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch

from danq.config import Chosen, Train
from danq.network.devices import choose_device, choose_precision
from danq.network.recipes import Recipe, choose_recipe
from danq.network.start import Start
from danq.records import Input
from danq.training.automatic import TrainingSet, fill_in
from danq.training.warm_start import inherited_knobs, start_of


@dataclass(frozen=True)
class Options:
    """All that the weights of a training depend on, beside the dataset.

    Attributes
    ----------
    model : str
        A key of `danq.catalog.MODELS`.
    seed : int
        Seed of weights, dropout, order and strands.
    settings : danq.config.Train
        As configured, with what was chosen.
    choices : dict of str to danq.config.Chosen
        What the configuration left out, as it was chosen, and why.
    recipe : danq.network.recipes.Recipe
        What ``settings.recipe`` is for this model.
    epochs, batch_size, patience : int
        Of the settings.
    lr, weight_decay : float
        Of the settings.
    device : torch.device
        Where the model trains.
    precision : {"float32", "tf32", "bfloat16"}
        The numbers that the model computes in.
    motifs : str or None
        Checksum of the motifs that filters are initialised from.
    start : danq.network.start.Start or None
        The checkpoint whose weights it begins with.
    """

    model: str
    seed: int
    settings: Train
    choices: dict[str, Chosen]
    recipe: Recipe
    epochs: int
    batch_size: int
    lr: float
    weight_decay: float
    patience: int
    device: torch.device
    precision: str
    motifs: str | None = None
    start: Start | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return them as plain values by name: model, seed, and every knob of ``config.Train``."""
        options = {"model": self.model, "seed": self.seed, **self.settings.model_dump()}
        options["device"] = str(self.device)
        options["precision"] = self.precision
        if self.motifs is not None:
            options["motifs"] = self.motifs
        if self.start is not None:
            options["start_sha256"] = self.start.sha256
        return options

    def identity(self) -> dict[str, Any]:
        """Return `to_dict` without what is no part of a training: where its checkpoint lies."""
        options = self.to_dict()
        del options["start"]
        return options

    @property
    def sizes(self) -> dict[str, int]:
        """Sizes of the network that are not the published ones: those of its checkpoint."""
        return {} if self.start is None else self.start.sizes

    def inputs(self) -> list[Input]:
        """Return what a training is made from beside its dataset."""
        if self.start is None:
            return []
        return [Input("start", self.start.path, self.start.sha256)]

    def epoch_name(self, epoch: int) -> str:
        """Return what messages call an epoch, counted from 1."""
        return f"{self.model} seed {self.seed} epoch {epoch}/{self.epochs}"

    def with_motifs(self, checksum: str) -> "Options":
        """Return these options with the checksum of the motifs of initialised filters."""
        return dataclasses.replace(self, motifs=checksum)


NUMBERS = ("epochs", "batch_size", "lr", "weight_decay", "patience")
"""Knobs that `Options` has as fields of their own, since none of them is None."""


def resolve(settings: Train, training_set: TrainingSet, *, model: str, seed: int) -> Options:
    """Fill in what the configuration leaves to the recipe, the training data and the machine.

    Parameters
    ----------
    settings : danq.config.Train
        As configured.
    training_set : danq.training.automatic.TrainingSet
        What the automatic recipe goes by.
    model : str
        A key of `danq.catalog.MODELS`.
    seed : int
        Of the training.

    Returns
    -------
    Options

    Raises
    ------
    DanqError
        The device is not there, or cannot compute in this precision; or the checkpoint to begin
        with cannot be read, or is of another model.
    """
    recipe = choose_recipe(settings.recipe, model)
    device = choose_device(settings.device)
    start = start_of(settings, model)
    filled = fill_in(settings, recipe, model, training_set, inherited_knobs(start))
    numbers = {name: getattr(filled.settings, name) for name in NUMBERS}
    return Options(
        model=model,
        seed=seed,
        settings=filled.settings,
        choices=filled.choices,
        recipe=recipe,
        device=device,
        precision=choose_precision(settings.precision, device),
        start=start,
        **numbers,
    )
