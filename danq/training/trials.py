"""What a search leaves: the table of its trials, the best configuration, and facts about both."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from danq.training.study import SEARCHED, Study, at_the_edge, ranges


class TrialResult(NamedTuple):
    """How a trial went: a row of the table that `danq tune` makes.

    Attributes
    ----------
    trial : int
        Counted from 1.
    state : {"complete", "pruned", "failed"}
        Pruned ones were cut short.
    value : float
        The best validation AUPRC of its epochs; nan where it failed.
    epochs : int
        How many it trained.
    lr, dropout, weight_decay, scale : float
        Its knobs, searched or given.
    seconds : float
        Time that its epochs took.
    best : {"yes", "no"}
        Whether it is the best complete one so far.
    folder : str
        Name of its training's folder.
    reason : str or None
        Why it failed.
    """

    trial: int
    state: str
    value: float
    epochs: int
    lr: float
    dropout: float
    weight_decay: float
    scale: float
    seconds: float
    best: str
    folder: str
    reason: str | None

    def knobs(self) -> dict[str, float]:
        """Return the knobs of the trial that may be searched, by name."""
        return {name: getattr(self, name) for name in SEARCHED}


def results_of(
    study: Study, given: Mapping[str, Any], folder_of: Callable[[dict[str, Any]], Path]
) -> list[TrialResult]:
    """Return how each finished trial of a search went, in their order.

    Parameters
    ----------
    study : danq.training.study.Study
        The search.
    given : dict of str to plain values
        The given configuration: it has the knobs that are not searched.
    folder_of : callable
        Takes the searched knobs of a trial and returns the folder of its training.

    Returns
    -------
    list of TrialResult
    """
    trials = study.finished()
    best = study.best(trials)
    results = []
    for number, trial in enumerate(trials, 1):
        values = {**given, **trial.params}
        areas = trial.intermediate_values.values()  # AUPRC of each epoch
        failed = trial.state == study.states.FAIL
        result = TrialResult(
            trial=number,
            state=_name_of(trial.state, study),
            value=float("nan") if failed else max(areas),
            epochs=len(areas),
            **{name: values[name] for name in SEARCHED},
            seconds=trial.user_attrs["seconds"],
            best="yes" if trial.number == best else "no",
            folder=folder_of(trial.params).name,
            reason=trial.user_attrs.get("reason"),
        )
        results.append(result)
    return results


def _name_of(state: Any, study: Study) -> str:
    """Return the word of the table for a state of Optuna's."""
    names = {
        study.states.COMPLETE: "complete",
        study.states.PRUNED: "pruned",
        study.states.FAIL: "failed",
    }
    return names[state]


def best_of(results: Sequence[TrialResult]) -> TrialResult | None:
    """Return the best complete trial; None where none is complete."""
    for result in results:
        if result.best == "yes":
            return result
    return None


def value_of_the_given(results: Sequence[TrialResult]) -> float | None:
    """Return the AUPRC of trial 1, the given configuration; None where it failed."""
    first = results[0]
    return first.value if first.state == "complete" else None


def trials_to_yaml(model: str, results: Sequence[TrialResult], best: TrialResult) -> str:
    """Return the best configuration as YAML text: its searched knobs, as section ``train``.

    Parameters
    ----------
    model : str
        A key of `danq.catalog.MODELS`.
    results : list of TrialResult
        All of the search.
    best : TrialResult
        The one whose knobs are written.

    Returns
    -------
    str
        What `danq train --knobs` reads.
    """
    given = value_of_the_given(results)
    given_text = "none: it failed" if given is None else f"{given:.4f}"
    return (
        f"# {model}: the best of {len(results)} trials of danq tune\n"
        f"# validation AUPRC: {best.value:.4f}; of the given configuration: {given_text}\n"
        + yaml.safe_dump({"train": best.knobs()}, sort_keys=False)
    )


def summarise_trials(
    results: Sequence[TrialResult], best: TrialResult, space: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a report says of a search.

    Parameters
    ----------
    results : list of TrialResult
        All of the search.
    best : TrialResult
        The best of them.
    space : dict
        As `danq.training.study.distributions` returns it.

    Returns
    -------
    dict of str to plain values
        Numbers of trials by how they ended, the space, and the best configuration.
    """
    states = [result.state for result in results]
    scales = list(space["scale"].choices) if "scale" in space else []
    return {
        "trials": len(results),
        "complete": states.count("complete"),
        "pruned": states.count("pruned"),
        "failed": states.count("failed"),
        "space": ranges(space),
        "scales": scales,
        "best": best.knobs(),
        "best_trial": best.trial,
        "value": best.value,
        "given_value": value_of_the_given(results),
        "edge": at_the_edge(space, best.knobs()),
    }
