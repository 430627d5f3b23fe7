"""Health of the trainings, as a table."""

import pandas as pd

from danq.report.findings.health import AT_LEAST, CHECKS, RATE, health_checks
from danq.report.page import Cell, Table, table
from danq.report.run import Run
from danq.report.words import number, plural, title

SHARES = ("silent_filters", "silent_units", "gap", "still_improving")
"""Checks whose values are shares."""

COLUMNS = ("model", "check", "result", "value", "wanted", "what to do")


def health_sentences(run: Run) -> list[str]:
    """Say how many checks of the trainings passed; nothing where there are none."""
    checks = health_checks(run)
    if checks.empty:
        return []
    n_passed = int(checks["passed"].astype(bool).sum())
    total = plural(len(checks), "check")
    which = "All" if n_passed == len(checks) else f"{n_passed} of"
    ending = "" if n_passed == len(checks) else "; the others are below"
    return [f"{which} {total} of the trainings\u2019 health passed in every seed{ending}."]


def failed_table(run: Run) -> Table:
    """Return the checks that failed; no row where all passed."""
    checks = health_checks(run)
    failed = checks if checks.empty else checks[~checks["passed"].astype(bool)]
    return _table("Checks that failed", failed)


def health_table(run: Run) -> Table:
    """Return what tells whether the trainings of a run are healthy; no row where nothing does."""
    return _table("Health of the trainings", health_checks(run))


def _table(heading: str, checks: pd.DataFrame) -> Table:
    rows = []
    for _, row in checks.iterrows():
        measured = CHECKS.get(row["check"], row["check"])
        check = Cell(measured, row["what"])
        rows.append([title(row["model"]), check, _result(row), _value(row), _wanted(row), _do(row)])
    note = (
        "Of the epoch that was kept, on training and validation windows alone: no test window is "
        "read. A check passes when it passes in every seed; what is said below it is of the worst "
        "one. The thresholds, and where they come from, are in docs/training.md."
    )
    words = ("model", "check", "result", "wanted", "what to do")
    return table(heading, COLUMNS, rows, words, note)


def _result(row: pd.Series) -> Cell:
    """Return whether a check passed, in words, a sign and a colour."""
    seeds = plural(row["seeds"], "seed")
    if row["passed"]:
        return Cell("✓ passed", "" if row["check"] == RATE else f"in {seeds}", "passed")
    return Cell("✗ failed", f"passed in {row['passing']} of {seeds}", "failed")


def _value(row: pd.Series) -> Cell:
    """Return the mean over seeds, and below it the worst of several."""
    mean = _show(row["check"], row["mean"])
    worst = _show(row["check"], row["worst"])
    return Cell(mean, f"worst {worst}" if row["seeds"] > 1 else "")


def _wanted(row: pd.Series) -> str:
    if row["check"] == RATE:
        return "within what was tried"
    bound = "at least" if row["check"] in AT_LEAST else "at most"
    threshold = _show(row["check"], row["threshold"])
    return "NA" if threshold == "NA" else f"{bound} {threshold}"


def _show(check: str, value: float) -> str:
    """Return a value of a check, or its threshold, as text."""
    if pd.isna(value):
        return "NA"
    if check in SHARES:
        return f"{100 * value:.1f} %".replace("-", "−")
    if check == RATE:
        return f"{value:g}"
    return f"{value:,.0f}" if check == "steps" else number(value)


def _do(row: pd.Series) -> str:
    return row["advice"] or "nothing"
