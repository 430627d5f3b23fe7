"""The learning curve in words: from how many training windows on two models differ."""

import pandas as pd

from danq.report.findings.learning_curve import onset, pair_curves
from danq.report.run import Run
from danq.report.run_scores import Pair
from danq.report.words import interval, plural, sentence, signed, versus


def learning_sentences(run: Run) -> list[str]:
    """Say of each pair that the question is about from how many training windows on it differs.

    A paragraph, or nothing for a run without a learning curve. The rule: where the interval of the
    difference first excludes 0, and whether it does so with all larger numbers of windows.
    """
    curves = pair_curves(run)
    if not curves:
        return []
    parts = [_pair_sentence(pair, rows) for pair, rows in curves]
    return [sentence("Learning curve.", *parts, _unseen_sentence(run))]


def _pair_sentence(pair: Pair, rows: pd.DataFrame) -> str:
    found = onset(rows)
    name = versus(pair)
    windows = plural(found.windows, "training window")
    most = plural(int(rows["n_windows"].max()), "training window")
    unknown = _unknown_sentence(rows)
    if found.side == "":
        return f"{name} has no interval at any number of training windows."
    if found.side == "around":
        text = f"The interval of {name} contains 0 at every number of windows, up to {most}."
        return sentence(text, unknown)
    amount = f"{signed(found.difference)} {interval(found.low, found.high, found.covers)}"
    if found.windows == rows["n_windows"].max():
        text = f"The interval of {name} excludes 0 only with all {windows}: {amount}."
        return sentence(text, unknown)
    place = f"The interval of {name} first excludes 0 with {windows}: {amount}"
    if found.lasts:
        return sentence(f"{place}, and lies on that side of 0 with more, up to {most}.", unknown)
    text = f"{place}, but does not do so on that side with every larger number."
    return sentence(text, unknown)


def _unknown_sentence(rows: pd.DataFrame) -> str:
    """Say with how many windows a difference has no interval; empty where it always has one."""
    unknown = rows.loc[rows["low"].isna(), "n_windows"]
    numbers = ", ".join(f"{windows:,.0f}" for windows in unknown)
    return f"It has no interval with {numbers}." if numbers else ""


def _unseen_sentence(run: Run) -> str:
    """Say which shares are so small that targets have no positive window in them."""
    curve = run.learning_curve
    if curve is None:
        return ""
    unseen = curve[curve["n_unseen"] > 0].drop_duplicates("n_windows")
    if unseen.empty:
        return ""
    counts = []
    for row in unseen.sort_values("n_windows").itertuples():
        counts.append(f"{row.n_unseen:,.0f} among {row.n_windows:,.0f}")
    text = ", ".join(counts)
    return f"Targets without a positive training window, which count in the means: {text}."
