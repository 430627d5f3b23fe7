"""The options of a training, with every number that the configuration leaves to the recipe."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch

from danq.config import Train
from danq.network.devices import choose_device, choose_precision
from danq.network.recipes import Recipe, choose_recipe


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
        As configured.
    recipe : danq.network.recipes.Recipe
        What ``settings.recipe`` is for this model.
    epochs, batch_size, patience : int
        Of the settings, else the recipe's.
    lr, weight_decay : float
        Of the settings, else the recipe's.
    device : torch.device
        Where the model trains.
    precision : {"float32", "tf32", "bfloat16"}
        The numbers that the model computes in.
    motifs : str or None
        Checksum of the motifs that filters are initialised from.
    """

    model: str
    seed: int
    settings: Train
    recipe: Recipe
    epochs: int
    batch_size: int
    lr: float
    weight_decay: float
    patience: int
    device: torch.device
    precision: str
    motifs: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return them as plain values by name: model, seed, and every knob of ``config.Train``."""
        options = {"model": self.model, "seed": self.seed, **self.settings.model_dump()}
        for name in RECIPE_NUMBERS:
            options[name] = getattr(self, name)
        options["device"] = str(self.device)
        options["precision"] = self.precision
        if self.motifs is not None:
            options["motifs"] = self.motifs
        return options

    def epoch_name(self, epoch: int) -> str:
        """Return what messages call an epoch, counted from 1."""
        return f"{self.model} seed {self.seed} epoch {epoch}/{self.epochs}"

    def with_motifs(self, checksum: str) -> "Options":
        """Return these options with the checksum of the motifs of initialised filters."""
        return dataclasses.replace(self, motifs=checksum)


RECIPE_NUMBERS = ("epochs", "batch_size", "lr", "weight_decay", "patience")
"""Knobs that the recipe fills in where the configuration leaves them out."""


def resolve(settings: Train, *, model: str, seed: int) -> Options:
    """Fill in what the configuration leaves to the recipe and to the machine.

    Parameters
    ----------
    settings : danq.config.Train
        As configured.
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
        The device is not there, or cannot compute in this precision.
    """
    recipe = choose_recipe(settings.recipe, model)
    device = choose_device(settings.device)
    numbers = {}
    for name in RECIPE_NUMBERS:
        number = getattr(settings, name)
        if number is None:
            number = getattr(recipe, name)
        numbers[name] = number
    return Options(
        model=model,
        seed=seed,
        settings=settings,
        recipe=recipe,
        device=device,
        precision=choose_precision(settings.precision, device),
        **numbers,
    )
