"""How the knobs of the networks were found: by which trials, at which cost, and at which edges."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from danq.report.run import Run
from danq.report.run_tunings import SEARCHED, Tuning

SAME_BUDGET = 0.05
"""Budgets are the same when they differ by less than this share: a trial shows whole windows."""

COLUMNS = ("model", "trial", *SEARCHED, "value", "epochs", "state", "best", "reason")
"""Columns of `trial_table`."""


class ModelTuning(NamedTuple):
    """The search for one model's knobs, in numbers.

    Attributes
    ----------
    model : str
        Name of the model.
    trials, pruned, failed : int
        All of its trials, those that were cut short, and those that failed.
    multiply_adds : float
        Of the forward passes of a trial that shows all its windows; nan where unknown.
    space : dict of str to list
        By knob, the lowest and the highest value that was tried; by ``scale``, all values.
    value, given_value : float
        Validation AUPRC of the best trial, and of the given configuration; nan where unknown.
    best : dict of str to float
        Knobs of the best trial.
    edge : list of str
        Those that lie at an end of their range.
    """

    model: str
    trials: int
    pruned: int
    failed: int
    multiply_adds: float
    space: dict[str, list[float]]
    value: float
    given_value: float
    best: dict[str, float]
    edge: list[str]


class TuningFacts(NamedTuple):
    """The searches of a run, beside each other.

    Attributes
    ----------
    models : list of ModelTuning
        In the order of the networks; empty where nothing was searched for.
    untuned : list of str
        Networks without a search.
    same_trials, same_budget, same_space : bool
        Whether all networks had as many trials, each of the same cost, and tried the same values.
    rates : dict of str to float or None
        By network, the learning rate of its trainings; None where it is not known, or they differ.
    """

    models: list[ModelTuning]
    untuned: list[str]
    same_trials: bool
    same_budget: bool
    same_space: bool
    rates: dict[str, float | None]

    @property
    def alike(self) -> bool:
        """Whether all networks had the same chance."""
        tuned = bool(self.models) and not self.untuned
        return tuned and self.same_trials and self.same_budget and self.same_space


def tuning_facts(run: Run, networks: Sequence[str] | None = None) -> TuningFacts:
    """Return how the knobs of a run's networks were found.

    Parameters
    ----------
    run : Run
        A finished run.
    networks : sequence of str, optional
        Which of its networks; all by default.

    Returns
    -------
    TuningFacts
    """
    names = run.networks if networks is None else networks
    models = [_model_tuning(tuning) for tuning in run.tunings if tuning.model in names]
    tuned = {tuning.model for tuning in models}
    budgets = [tuning.multiply_adds for tuning in models]
    spaces = [tuning.space for tuning in models]
    return TuningFacts(
        models=models,
        untuned=[name for name in names if name not in tuned],
        same_trials=len({tuning.trials for tuning in models}) == 1,
        same_budget=_are_close(budgets),
        same_space=bool(spaces) and all(space == spaces[0] for space in spaces),
        rates=_rates(run, names),
    )


def _model_tuning(tuning: Tuning) -> ModelTuning:
    facts = tuning.facts
    states = tuning.trials["state"].tolist()
    edge = facts.get("edge")
    return ModelTuning(
        model=tuning.model,
        trials=len(states),
        pruned=states.count("pruned"),
        failed=states.count("failed"),
        multiply_adds=_number(facts.get("multiply_adds")),
        space=_space(facts),
        value=_number(facts.get("value")),
        given_value=_number(facts.get("given_value")),
        best=tuning.best(),
        edge=edge if isinstance(edge, list) else [],
    )


def _space(facts: dict[str, Any]) -> dict[str, list[float]]:
    """Return what was tried; the scale among it only where several were."""
    space = facts.get("space")
    tried = dict(space) if isinstance(space, dict) else {}
    if facts.get("scales"):
        tried["scale"] = facts["scales"]
    return tried


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _are_close(values: list[float]) -> bool:
    """Say whether positive numbers differ by less than `SAME_BUDGET`; nan is close to nothing."""
    if not values or any(math.isnan(value) for value in values):
        return False
    return max(values) - min(values) <= SAME_BUDGET * max(values)


def _rates(run: Run, names: Sequence[str]) -> dict[str, float | None]:
    """Return the learning rate of each network's trainings, where it is known and one."""
    rates: dict[str, float | None] = {}
    for training in run.trained:
        if training.model not in names:
            continue
        options = training.facts.get("options")
        rate = options.get("lr") if isinstance(options, dict) else None
        known = rates.get(training.model, rate)
        rates[training.model] = rate if rate == known else None
    return rates


def trial_table(run: Run) -> pd.DataFrame:
    """Return the trials of all models, one below the other, with the columns of `COLUMNS`."""
    tables = [tuning.trials.assign(model=tuning.model) for tuning in run.tunings]
    if not tables:
        return pd.DataFrame(columns=list(COLUMNS))
    table = pd.concat(tables, ignore_index=True)
    return table[list(COLUMNS)]
