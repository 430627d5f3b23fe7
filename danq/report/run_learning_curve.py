"""The learning curve of a run, read back: learning_curve.tsv of `danq learning-curve`."""

from pathlib import Path

import numpy as np
import pandas as pd

from danq.report.run_tables import read_optional_table, refuse_odd_models

_COUNTS = ["share", "n_windows", "n_labelled", "n_unseen", "n_targets", "n_seeds"]
_SCORES = ["auprc", "seed_low", "seed_high", "low", "high"]


def read_learning_curve(path: Path, metrics: pd.DataFrame) -> pd.DataFrame | None:
    """Return the learning curve of a run.

    Parameters
    ----------
    path : path
        learning_curve.tsv, see `danq.evaluation.learning_curve.learning_curve`.
    metrics : pandas.DataFrame
        metrics.tsv of the run.

    Returns
    -------
    pandas.DataFrame or None
        ``b`` and ``covers`` are empty texts in the rows of single models. None where there is no
        table, or one of other trainings: one that was left there when the run was made again
        without a curve.

    Raises
    ------
    DanqError
        The table lacks a column, or has text where a number belongs.
    """
    frame = read_optional_table(path, ["a", "b", "covers"], [*_COUNTS, *_SCORES])
    if frame is None:
        return None
    for column in ("b", "covers"):
        frame[column] = frame[column].mask(frame[column] == "NA", "")
    refuse_odd_models(frame["a"], path)
    refuse_odd_models(frame.loc[frame["b"] != "", "b"], path)
    frame = frame.astype({"n_windows": int, "n_labelled": int, "n_unseen": int})
    return frame if _is_of(frame, metrics) else None


def _is_of(curve: pd.DataFrame, metrics: pd.DataFrame) -> bool:
    """Return whether the last points of a curve are what metrics.tsv says of the models."""
    last = curve[(curve["share"] == 1) & (curve["b"] == "")].set_index("a")["auprc"]
    trained = metrics[metrics["seed"].notna()]
    by_seed = trained.groupby(["model", "seed"])["auprc"].mean()
    means = by_seed.groupby("model").mean().dropna()
    if set(last.index) != set(means.index):
        return False
    return np.allclose(last.to_numpy(), means[last.index].to_numpy(), atol=1e-6)
