"""What extraction and the trainings chose where the configuration left it out, and why."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from danq.report.findings.training import by_model
from danq.report.run import Run
from danq.report.run_choices import recorded_choices, value_text
from danq.report.run_trainings import Trained


class Choosers(NamedTuple):
    """The trainings of a model that chose a value.

    Attributes
    ----------
    model : str
        Name of the model.
    seeds, folds : list of int
        Their seeds, and folds of the genome; empty where all trainings of the model chose the
        value. Of a run with one split there are no folds.
    """

    model: str
    seeds: list[int]
    folds: list[int]


def choices(run: Run) -> pd.DataFrame:
    """Return what was chosen because the configuration left it out.

    Columns: knob (``train.lr``), value (text), models (list of `Choosers`; empty for all) and
    reason. A knob has one row where all trainings agree, and else one for each of its values.
    """
    rows = []
    for name, chosen in recorded_choices(run.source).items():
        value = value_text(chosen.value)
        rows.append(_Row(f"extract.{name}", value, [], chosen.reason))
    rows += _train_rows(run.trained)
    return pd.DataFrame(rows, columns=_Row._fields, dtype=object)


class _Row(NamedTuple):
    """A row of `choices`."""

    knob: str
    value: str
    models: list[Choosers]
    reason: str


def _train_rows(trained: Sequence[Trained]) -> Iterator[_Row]:
    """Yield the choices of the trainings, knob by knob."""
    known = [training for training in trained if training.facts]
    by_knob: dict[str, dict[tuple[str, str], list[Trained]]] = {}
    for training in known:
        for name, chosen in recorded_choices(training.facts).items():
            same_choice = (value_text(chosen.value), chosen.reason)
            by_knob.setdefault(name, {}).setdefault(same_choice, []).append(training)
    for name, groups in by_knob.items():
        for (value, reason), agreeing in groups.items():
            yield _Row(f"train.{name}", value, _choosers(agreeing, known), reason)


def _choosers(agreeing: Sequence[Trained], known: Sequence[Trained]) -> list[Choosers]:
    """Return the models of trainings that agree, and which ones where others of theirs differ."""
    if len(agreeing) == len(known):
        return []
    all_of = by_model(known)
    choosers = []
    for model, trainings in by_model(agreeing).items():
        differ = len(trainings) < len(all_of[model])
        seeds = [training.seed for training in trainings] if differ else []
        folds = [training.fold for training in trainings if training.fold is not None]
        choosers.append(Choosers(model, seeds, sorted(set(folds)) if differ else []))
    return choosers
