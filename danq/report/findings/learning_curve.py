"""From how many training windows on two models differ: the learning curve of a pair."""

from typing import NamedTuple

import pandas as pd

from danq.report.findings.pairs import Verdict, verdict
from danq.report.run import Run
from danq.report.run_scores import Pair


class Onset(NamedTuple):
    """Where the interval of a difference first excludes 0 as the training windows grow in number.

    Attributes
    ----------
    windows : int
        Training windows there; with a verdict of "around" or "", the most that were tried.
    difference, low, high : float
        The difference in mean AUPRC there, and its interval.
    side : {"above", "below", "around", ""}
        On which side of 0 it lies; "around" where no interval excludes 0, "" where there is none.
    lasts : bool
        Whether every larger number of windows with an interval has it on the same side.
    covers : str
        What the interval is for, see `danq.evaluation.components.covered`.
    """

    windows: int
    difference: float
    low: float
    high: float
    side: Verdict
    lasts: bool
    covers: str


def model_curves(run: Run) -> dict[str, pd.DataFrame]:
    """Return the learning curve of each network, its rows by number of windows."""
    if run.learning_curve is None:
        return {}
    curves = {}
    for model in run.networks:
        rows = _rows(run.learning_curve, model, "")
        if len(rows):
            curves[model] = rows
    return curves


def pair_curves(run: Run) -> list[tuple[Pair, pd.DataFrame]]:
    """Return the learning curve of each pair that the question is about, as `model_curves`."""
    if run.learning_curve is None:
        return []
    curves = []
    for pair in run.main_pairs():
        rows = _rows(run.learning_curve, pair.a, pair.b)
        if len(rows):
            curves.append((pair, rows))
    return curves


def _rows(curve: pd.DataFrame, a: str, b: str) -> pd.DataFrame:
    rows = curve[(curve["a"] == a) & (curve["b"] == b)]
    return rows.sort_values("n_windows", kind="stable").reset_index(drop=True)


def onset(rows: pd.DataFrame) -> Onset:
    """Find where the interval of a difference first excludes 0.

    The argument is the curve of a pair, by number of windows.
    """
    sides = [verdict(row.low, row.high) for row in rows.itertuples()]
    decided = [place for place, side in enumerate(sides) if side in ("above", "below")]
    known = [place for place, side in enumerate(sides) if side]
    place = decided[0] if decided else [0, *known][-1]
    row = rows.iloc[place]
    side = sides[place]
    lasts = {later for later in sides[place:] if later} <= {side}
    windows = int(row["n_windows"])
    return Onset(windows, row["auprc"], row["low"], row["high"], side, lasts, row["covers"])
