"""The histories of the trainings: best epochs, costs, trainings that may be too short."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from danq.evaluation import convergence
from danq.report.run_trainings import Trained

RISE = convergence.RISE
"""A model may be undertrained when validation AUPRC rose by more than this in its last epoch."""


def best_epoch(history: pd.DataFrame) -> int:
    """Return the epoch (from 1) whose weights were kept.

    The argument has the columns best (yes, no) and valid_auprc; where no epoch is marked as the
    best, it is the one of highest AUPRC.
    """
    marked = np.flatnonzero(history["best"] == "yes")
    if marked.size:
        return int(marked[-1]) + 1
    return int(history["valid_auprc"].to_numpy().argmax()) + 1


def undertrained(history: pd.DataFrame) -> bool:
    """Say whether a model may be undertrained.

    Parameters
    ----------
    history : pandas.DataFrame
        ``valid_auprc`` and ``best`` (yes, no), a row per epoch.

    Returns
    -------
    bool
        True when the best epoch is the last, and AUPRC still rose by a share of more than `RISE`;
        after a single epoch, always.
    """
    areas = history["valid_auprc"].tolist()
    return convergence.still_improving(areas, best_epoch(history) == len(areas))


def with_history(trained: Sequence[Trained]) -> list[Trained]:
    """Return the trainings that have a history."""
    return [training for training in trained if not training.history.empty]


def undertrained_trainings(trained: Sequence[Trained]) -> list[Trained]:
    """Return the trainings that may be undertrained, of those with a history."""
    return [training for training in with_history(trained) if undertrained(training.history)]


def single_seed_models(trained: Sequence[Trained]) -> list[str]:
    """Return the names of the models that were trained once."""
    return [model for model, trainings in by_model(trained).items() if len(trainings) == 1]


def by_model(trained: Sequence[Trained]) -> dict[str, list[Trained]]:
    """Return the trainings of each model, by its name, in order of first appearance."""
    groups: dict[str, list[Trained]] = {}
    for training in trained:
        groups.setdefault(training.model, []).append(training)
    return groups


def first_trainings(trained: Sequence[Trained]) -> list[Trained]:
    """Return the first training of each model."""
    return [trainings[0] for trainings in by_model(trained).values()]


def costs(trained: Sequence[Trained]) -> pd.DataFrame:
    """Return what each model costs, seeds averaged.

    Returns
    -------
    pandas.DataFrame
        A row per model: model; parameters, multiply_adds (per window) and reach (bp), None where
        train.json does not have them; windows_per_second; seconds_to_best, to its best epoch;
        best_auprc of validation.
    """
    rows = []
    for model, trainings in by_model(trained).items():
        facts = trainings[0].facts
        speeds = [_speed(training.history) for training in trainings]
        seconds = [_seconds_to_best(training.history) for training in trainings]
        highest = [training.history["valid_auprc"].max() for training in trainings]
        row = {"model": model, "best_auprc": np.mean(highest)}
        row["parameters"] = facts.get("parameters")
        row["multiply_adds"] = facts.get("multiply_adds")
        row["reach"] = facts.get("reach")
        row["windows_per_second"] = _mean(speeds)
        row["seconds_to_best"] = _mean(seconds)
        rows.append(row)
    return pd.DataFrame(rows, dtype=object)


def _mean(values: list[float]) -> float:
    """Return the mean of the values that are not nan; nan where there are none."""
    if np.isnan(values).all():
        return np.nan
    return float(np.nanmean(values))


def _speed(history: pd.DataFrame) -> float:
    """Return training windows per second, the median over epochs."""
    if "samples_per_s" not in history:
        return np.nan
    return history["samples_per_s"].median()


def _seconds_to_best(history: pd.DataFrame) -> float:
    if "seconds" not in history:
        return np.nan
    return history["seconds"].iloc[: best_epoch(history)].sum()


def training_summaries(trained: Sequence[Trained]) -> pd.DataFrame:
    """Return a row per training.

    Returns
    -------
    pandas.DataFrame
        model, fold (where there are folds), seed, epochs, best_epoch, best_auprc (of validation),
        change (share by which AUPRC changed in the last epoch, nan when unknown) and
        windows_per_second.
    """
    rows = []
    for training in trained:
        values = training.history["valid_auprc"]
        best = best_epoch(training.history)
        row = training.place
        row["epochs"] = len(values)
        row["best_epoch"] = best
        row["best_auprc"] = values.iloc[best - 1]
        row["change"] = convergence.last_gain(values.tolist())
        row["windows_per_second"] = _speed(training.history)
        rows.append(row)
    return pd.DataFrame(rows)


def epochs(trained: Sequence[Trained], columns: Sequence[str]) -> pd.DataFrame:
    """Return columns of the histories of several trainings, one below the other.

    Parameters
    ----------
    trained : sequence of Trained
        Trainings with a history.
    columns : sequence of str
        Columns of history.tsv.

    Returns
    -------
    pandas.DataFrame
        model, fold (where there are folds), seed, epoch (from 1) and these columns.
    """
    tables = []
    for training in trained:
        table = training.history[list(columns)]
        numbers = range(1, len(table) + 1)
        tables.append(table.assign(**training.place, epoch=numbers))
    order = [*trained[0].place, "epoch", *columns]
    return pd.concat(tables)[order]
