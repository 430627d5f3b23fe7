"""The searches for knobs of a run, read back: what `danq tune` left for each model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from danq.report.run_tables import read_json, read_optional_table
from danq.report.run_trainings import Trained

SEARCHED = ("lr", "dropout", "scale", "weight_decay")
"""Columns of trials.tsv with the knobs of a trial."""

_TEXT = ["state", "best", "folder", "reason"]
_NUMBERS = ["trial", "value", "epochs", *SEARCHED, "seconds"]


class Tuning(NamedTuple):
    """The search for one model's knobs.

    Attributes
    ----------
    model : str
        Name of the model.
    trials : pandas.DataFrame
        trials.tsv: a row per trial.
    facts : dict
        tuning.json.
    """

    model: str
    trials: pd.DataFrame
    facts: dict[str, Any]

    def best(self) -> dict[str, Any]:
        """Return the knobs of the best trial; empty where they are not known."""
        best = self.facts.get("best")
        return best if isinstance(best, dict) else {}


def read_tunings(folder: Path) -> list[Tuning]:
    """Return the searches of a run, by the names of their models.

    The argument is ``results/<run>``. A model has a search where it has trials.tsv and tuning.json.
    A table that lacks a column, or has text where a number belongs, is a DanqError.
    """
    tunings = []
    for path in sorted(folder.glob("*/tuning.json")):
        trials = read_optional_table(path.with_name("trials.tsv"), _TEXT, _NUMBERS)
        if trials is not None:
            tunings.append(Tuning(path.parent.name, trials, read_json(path)))
    return tunings


def current_tunings(
    tunings: Sequence[Tuning], trained: Sequence[Trained], training_windows: str
) -> list[Tuning]:
    """Return the searches whose knobs the trainings have, in the order of the trainings.

    Others were left there when the run was made again, without a search or on other data.

    Parameters
    ----------
    tunings : sequence of Tuning
        As `read_tunings` returns them.
    trained : sequence of danq.report.run_trainings.Trained
        The trainings of the run.
    training_windows : str
        Checksum of their windows; empty when unknown.

    Returns
    -------
    list of Tuning
    """
    by_model = {tuning.model: tuning for tuning in tunings}
    current = []
    for model in dict.fromkeys(training.model for training in trained):
        tuning = by_model.get(model)
        if tuning is not None and _is_of(tuning, training_windows):
            ours = [training for training in trained if training.model == model]
            if all(_has_knobs(training, tuning) for training in ours):
                current.append(tuning)
    return current


def _is_of(tuning: Tuning, training_windows: str) -> bool:
    """Say whether a search was made on these windows; where either is unknown, it may have been."""
    searched = tuning.facts.get("training_windows")
    return not searched or not training_windows or searched == training_windows


def _has_knobs(training: Trained, tuning: Tuning) -> bool:
    """Say whether a training has the best knobs of a search."""
    options = training.facts.get("options")
    if not isinstance(options, dict):
        return False
    return bool(tuning.best()) and all(
        options.get(name) == value for name, value in tuning.best().items()
    )
