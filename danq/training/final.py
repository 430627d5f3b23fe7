"""A final model: trained on everything, for as long as the trainings in folds say.

It has no validation, so that nothing says when to stop, or how good it is: its folds do. It has
their knobs, and the schedule of their learning rate, and stops after as many steps as the median of
their best epochs had.
"""

import json
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from danq.config import Train
from danq.errors import DanqError
from danq.files import PathLike
from danq.network.facts import TrainingFacts
from danq.records import verified
from danq.training.health import STEPS

OF_THE_MACHINE = ("device", "devices", "nodes", "memory", "precision")
"""Knobs that say where and how a training computes: they are as given."""


class FinalPlan(NamedTuple):
    """How a final model is trained.

    Attributes
    ----------
    settings : danq.config.Train
        The knobs of the folds; where these differ, the lower median.
    epochs : int
        Epochs after which it stops; ``settings.epochs`` is how many its learning rate is planned
        for.
    best_epochs : list of int
        Of the folds.
    """

    settings: Train
    epochs: int
    best_epochs: list[int]

    def facts(self) -> dict[str, Any]:
        """Return what the checkpoint says of it."""
        return {"folds": len(self.best_epochs), "best_epochs": self.best_epochs}

    @property
    def line(self) -> str:
        """What the log says of it."""
        best = ", ".join(map(str, self.best_epochs))
        return (
            f"trained on every window, without validation; ends after epoch {self.epochs}, as the "
            f"best epochs of {len(self.best_epochs)} folds say ({best})"
        )


def plan_final(paths: Sequence[PathLike], settings: Train, *, model: str, seed: int) -> FinalPlan:
    """Plan a final training from those in folds.

    Parameters
    ----------
    paths : sequence of path
        train.json of each fold.
    settings : danq.config.Train
        As given: its knobs `OF_THE_MACHINE` are taken.
    model : str
        A key of `danq.catalog.MODELS`.
    seed : int
        Of the training.

    Returns
    -------
    FinalPlan

    Raises
    ------
    DanqError
        A file that no training in a fold wrote, or one of another model or seed.
    """
    folds = [_read(path) for path in paths]
    for facts, path in zip(folds, paths, strict=True):
        if (facts.model, facts.seed) != (model, seed):
            what = f"is of {facts.model}, seed {facts.seed}, not of {model}, seed {seed}"
            raise DanqError(f"{what}; give the trainings of the same in each fold", path)
    options = [facts.options for facts in folds]
    names = [name for name in Train.model_fields if name in options[0]]
    knobs = {name: _common([own.get(name) for own in options]) for name in names}
    given = {name: getattr(settings, name) for name in OF_THE_MACHINE}
    # An epoch of a fold may have fewer windows than are asked for: it has no more.
    steps = statistics.median_low([_steps_of_epoch(facts) for facts in folds])
    knobs["epoch_size"] = min(knobs["epoch_size"], steps * knobs["batch_size"])
    taken = statistics.median([facts.best_epoch * _steps_of_epoch(facts) for facts in folds])
    own_steps = -(-knobs["epoch_size"] // knobs["batch_size"])
    epochs = min(max(1, round(taken / own_steps)), knobs["epochs"])
    best_epochs = [facts.best_epoch for facts in folds]
    return FinalPlan(Train.model_validate(knobs | given), epochs, best_epochs)


def _read(path: PathLike) -> TrainingFacts:
    """Read train.json of a fold, as its training wrote it."""
    verified(path)
    what = "is not what danq train writes of a training in a fold; train the fold again"
    try:
        with open(path, encoding="utf-8") as file:
            facts = TrainingFacts.model_validate(json.load(file))
    except (ValueError, ValidationError):
        raise DanqError(what, path) from None
    numbers = [facts.options.get(name) for name in ("epochs", "epoch_size", "batch_size")]
    is_whole = all(isinstance(number, int) and number > 0 for number in numbers)
    if facts.final is not None or not is_whole or not 0 < facts.best_epoch <= facts.epochs:
        raise DanqError(what, path)
    return facts


def _steps_of_epoch(facts: TrainingFacts) -> int:
    """Return how many steps an epoch of a fold had."""
    taken = [check["value"] for check in facts.health if check.get("name") == STEPS]
    if taken and isinstance(taken[0], int) and taken[0] >= facts.epochs:
        return taken[0] // facts.epochs
    return -(-facts.options["epoch_size"] // facts.options["batch_size"])


def _common(values: Sequence[Any]) -> Any:
    """Return the value of a knob: of all folds, or the lower median, or that of the first fold."""
    numeric = [isinstance(value, int | float) and not isinstance(value, bool) for value in values]
    return statistics.median_low(values) if all(numeric) else values[0]
