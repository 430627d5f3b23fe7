"""Health of the trainings: what each model's checks say, seeds taken together."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from danq.report.findings.training import by_model
from danq.report.run import Run
from danq.report.run_trainings import Trained

AT_LEAST = ("guessing", "below_scan", "steps")
"""Checks whose value should not be less than the threshold; that of the others, not more."""

RATE = "rate_at_edge"
"""The check of a tuning: whether its best learning rate lies within the range that it tried."""

CHECKS = {
    "guessing": "validation AUPRC, against guessing",
    "below_scan": "validation AUPRC, against a scan with known motifs",
    "silent_filters": "first filters that never fire",
    "silent_units": "units of a later layer that never fire",
    "gap": "AUPRC missing on new windows",
    "still_improving": "rise of AUPRC in the last epoch",
    "steps": "steps taken",
    RATE: "best learning rate of the tuning",
}
"""What is measured, by check."""

COLUMNS = (
    "model",
    "check",
    "passed",
    "seeds",
    "passing",
    "mean",
    "worst",
    "threshold",
    "what",
    "advice",
)


class SeedCheck(NamedTuple):
    """One check of one training, see `danq.training.health`.

    Attributes
    ----------
    name : str
        Which.
    value, threshold : float
        nan where unknown.
    passed : bool
        Whether all is well.
    what, advice : str
        What was seen, and what to try where it failed.
    """

    name: str
    value: float
    threshold: float
    passed: bool
    what: str
    advice: str

    @property
    def badness(self) -> float:
        """How bad the value is: for comparing seeds."""
        value = -self.value if self.name in AT_LEAST else self.value
        unknown = math.isnan(value)
        return math.inf if unknown else value


def health_checks(run: Run) -> pd.DataFrame:
    """Return a row per model and check.

    Parameters
    ----------
    run : danq.report.run.Run
        A finished run. Trainings of versions without checks have rows for the signs of not
        learning that they told.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`: model, check (its name), passed (in all seeds), seeds (that were checked),
        passing (of these), mean and worst (values over seeds), threshold, what (was seen in the
        worst seed), advice (empty where all passed).
    """
    rows = []
    tuned = _rate_checks(run)
    for model, trainings in by_model(run.trained).items():
        for name, checks in _by_name(trainings).items():
            rows.append(_row(model, name, checks))
        if model in tuned:
            rows.append(_row(model, RATE, [tuned[model]]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def health_results(run: Run) -> dict[str, list[dict[str, Any]]]:
    """Return the checks of each model as plain values, fit for JSON; None is undefined."""
    results: dict[str, list[dict[str, Any]]] = {}
    for row in health_checks(run).to_dict("records"):
        model = row.pop("model")
        plain = {str(key): _plain(value) for key, value in row.items()}
        results.setdefault(model, []).append(plain)
    return results


def _plain(value: Any) -> Any:
    """Return a value as it is, but None for an undefined number."""
    undefined = isinstance(value, float) and not math.isfinite(value)
    return None if undefined else value


def _row(model: str, name: str, checks: Sequence[SeedCheck]) -> dict[str, Any]:
    """Return what the seeds of a model say of a check."""
    # A failed one first, and of these the worst: its words are shown.
    worst = max(checks, key=lambda check: (not check.passed, check.badness))
    passing = sum(check.passed for check in checks)
    return {
        "model": model,
        "check": name,
        "passed": passing == len(checks),
        "seeds": len(checks),
        "passing": passing,
        "mean": sum(check.value for check in checks) / len(checks),
        "worst": worst.value,
        "threshold": worst.threshold,
        "what": worst.what,
        "advice": worst.advice,
    }


def _by_name(trainings: Sequence[Trained]) -> dict[str, list[SeedCheck]]:
    """Return the checks of a model's trainings by name, in order of first appearance."""
    checks: dict[str, list[SeedCheck]] = {}
    for training in trainings:
        for check in seed_checks(training.facts):
            checks.setdefault(check.name, []).append(check)
    return checks


def seed_checks(facts: Mapping[str, Any]) -> list[SeedCheck]:
    """Return the checks of one training, in their order.

    Parameters
    ----------
    facts : dict
        train.json. Where it has no ``health``, its ``signs``, of versions that had no checks, count
        as checks that failed. What is damaged is left out.

    Returns
    -------
    list of SeedCheck
    """
    entries = facts.get("health")
    if entries is None:
        entries = facts.get("signs")
    if not isinstance(entries, list):
        return []
    named = [entry for entry in entries if isinstance(entry, dict) and entry.get("name")]
    return [_seed_check(entry) for entry in named]


def _seed_check(entry: Mapping[str, Any]) -> SeedCheck:
    return SeedCheck(
        name=str(entry["name"]),
        value=_number(entry.get("value")),
        threshold=_number(entry.get("threshold")),
        passed=entry.get("passed") is True,
        what=str(entry.get("what", "")),
        advice=str(entry.get("advice", "")),
    )


def _number(value: Any) -> float:
    """Return a number, nan for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else math.nan


def _rate_checks(run: Run) -> dict[str, SeedCheck]:
    """Return whether the best rate of each model's tuning lies within its range, where known."""
    checks = {}
    for tuning in run.tunings:
        facts = tuning.facts
        best = facts.get("best") or {}
        if isinstance(facts.get("edge"), list) and "lr" in best:
            checks[tuning.model] = _rate_check(facts)
    return checks


def _rate_check(facts: Mapping[str, Any]) -> SeedCheck:
    rate = _number(facts["best"]["lr"])
    at_edge = "lr" in facts["edge"]
    where = "at the edge of" if at_edge else "within"
    space = facts.get("space") or {}
    ends = space.get("lr") or []
    tried = " to ".join(f"{_number(end):g}" for end in ends)
    what = f"the best learning rate of the tuning, {rate:g}, lies {where} what it tried: {tried}"
    advice = "give train.lr this rate: rates up to four times it, and down to a quarter, are tried"
    return SeedCheck(RATE, rate, math.nan, not at_edge, what, advice if at_edge else "")
