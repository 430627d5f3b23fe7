"""What a run may say of recurrence, and what it lacks to say more."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import pandas as pd

from danq.evaluation.components import MIN_SEEDS
from danq.report.findings.health import CHECKS, health_checks
from danq.report.findings.pairs import Twins, Verdict, twin_pairs, verdict
from danq.report.findings.scores import Learnt, learnt
from danq.report.findings.tuning import tuning_facts
from danq.report.run import Run
from danq.report.run_scores import Pair

Conclusion = Literal["recurrence", "reach", "open", "none", "less", ""]
"""What a recurrent layer adds: recurrence; only reach; one of the two; nothing that was detected;
less than a convolution; empty for unknown."""

Tuning = Literal["alike", "unlike", "one rate", "other rates", "unknown"]
"""How the knobs of compared models were found: by as many trials of the same budget in the same
space; by a search that was not the same for all; not at all, with one learning rate or with
several; or nobody knows."""


def conclude(local: Verdict, reach: Verdict) -> Conclusion:
    """Say what the recurrent layer adds, from where two intervals lie.

    Parameters
    ----------
    local : {"above", "below", "around", ""}
        Of the recurrent model less the twin whose receptive field is a neighbourhood.
    reach : {"above", "below", "around", ""}
        Of the recurrent model less the controls for reach; empty without one.

    Returns
    -------
    str
        "recurrence" only where the recurrent model is above both: what a twin with the same reach
        has as well is reach.
    """
    if local == "":
        return ""
    if local == "below":
        return "less"
    if local == "around":
        return "none"
    gains: dict[Verdict, Conclusion] = {"above": "recurrence", "": "open"}
    return gains.get(reach, "reach")


def joint_verdict(verdicts: Sequence[Verdict]) -> Verdict:
    """Return one verdict on several controls: "above" only where it is so on each."""
    for side in ("below", "around", "above"):
        others = set(verdicts) - {side}
        if side in verdicts and (side != "above" or not others):
            return side
    return ""


def side(pair: Pair) -> Verdict:
    """Return the verdict on the mean difference of a pair."""
    return verdict(pair.mean["low"], pair.mean["high"])


class FailedCheck(NamedTuple):
    """A check of a training that failed.

    Attributes
    ----------
    model : str
        Name of the model.
    check, advice : str
        Its name in words, and what to try.
    """

    model: str
    check: str
    advice: str


class Claim(NamedTuple):
    """What a run may say of recurrence, and on what it rests.

    Attributes
    ----------
    twins : danq.report.findings.pairs.Twins
        The comparisons that the answer follows from.
    conclusion : str
        As `conclude`.
    judged : bool
        Whether any network shares a target with a baseline.
    not_learnt : list of danq.report.findings.scores.Learnt
        Compared networks that do not beat the baselines on most targets.
    tuning : str
        As `Tuning`.
    n_trials : int
        Trials of each model, where all had the same; else 0.
    n_seeds : dict of str to int
        Training seeds of each compared model.
    failed : list of FailedCheck
        Of the compared models, one for each model and check.
    n_folds : int
        Folds in which each was trained; 0 of a run with one split.
    """

    twins: Twins
    conclusion: Conclusion
    judged: bool
    not_learnt: list[Learnt]
    tuning: Tuning
    n_trials: int
    n_seeds: dict[str, int]
    failed: list[FailedCheck]
    n_folds: int = 0

    @property
    def earned(self) -> bool:
        """Whether the run may say anything: its networks have learnt, and there is an interval."""
        return self.judged and not self.not_learnt and self.conclusion != ""

    @property
    def few_seeds(self) -> bool:
        """Whether a compared model has too few seeds for an interval that covers seeds.

        In folds, every training is another one: a single seed will do.
        """
        if self.n_folds:
            return False
        return min(self.n_seeds.values(), default=0) < MIN_SEEDS


def claim(run: Run) -> Claim:
    """Return what a run may say of recurrence."""
    twins = twin_pairs(run.pairs)
    local = joint_verdict([side(pair) for pair in twins.local])
    reach = joint_verdict([side(pair) for pair in twins.reach])
    judged = [network for network in learnt(run) if network.network in twins.models]
    tuning = tuning_of(run, twins.models)
    return Claim(
        twins=twins,
        conclusion=conclude(local, reach),
        judged=bool(judged),
        not_learnt=[network for network in judged if not network.has_learnt],
        tuning=tuning,
        n_trials=tuning_facts(run, twins.models).models[0].trials if tuning == "alike" else 0,
        n_seeds=_n_seeds(run.metrics, twins.models),
        failed=failures(run, twins.models),
        n_folds=run.n_folds,
    )


def _n_seeds(metrics: pd.DataFrame, models: Sequence[str]) -> dict[str, int]:
    counts = metrics.groupby("model")["seed"].nunique()
    return {model: int(counts.get(model, 0)) for model in models}


# --- how the models were tuned ---


def tuning_of(run: Run, models: Sequence[str]) -> Tuning:
    """Say how the knobs of some models were found.

    Parameters
    ----------
    run : Run
        A finished run.
    models : sequence of str
        Their names.

    Returns
    -------
    {"alike", "unlike", "one rate", "other rates", "unknown"}
        As `Tuning`.
    """
    facts = tuning_facts(run, models)
    if facts.models:
        return "alike" if facts.alike else "unlike"
    rates = set(facts.rates.values())
    if not rates or None in rates:
        return "unknown"
    return "one rate" if len(rates) == 1 else "other rates"


# --- health ---


def failures(run: Run, models: Sequence[str]) -> list[FailedCheck]:
    """Return the checks that trainings of some models failed, one for each model and check.

    Parameters
    ----------
    run : Run
        A finished run.
    models : sequence of str
        Their names.

    Returns
    -------
    list of FailedCheck
    """
    failed = []
    for row in health_checks(run).to_dict("records"):
        if row["model"] in models and not row["passed"]:
            name = CHECKS.get(row["check"], row["check"])
            failed.append(FailedCheck(row["model"], name, row["advice"]))
    return failed
