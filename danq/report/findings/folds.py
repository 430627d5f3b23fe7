"""The comparison of models fold by fold."""

import numpy as np
import pandas as pd

from danq.report.run import Run
from danq.report.run_scores import Pair


def fold_means(pair: Pair) -> pd.Series:
    """Return the mean difference in AUPRC of a pair in each fold, by its number; empty without."""
    names = [name for name in pair.mean.index if str(name).startswith("difference_fold")]
    numbers = [int(str(name).removeprefix("difference_fold")) for name in names]
    values = pd.to_numeric(pair.mean[names], errors="coerce").to_numpy(float)
    return pd.Series(values, index=numbers, dtype=float)


def fold_differences(run: Run) -> pd.DataFrame:
    """Return the mean differences in AUPRC fold by fold.

    Columns: fold, regions (list of str, what it tests; empty where unknown), and one for each pair
    of the run, by its place. There is no row for a run with one split.
    """
    table = pd.DataFrame({"fold": range(run.n_folds)})
    regions = [tested.regions for tested in run.folds] or [[] for _ in range(run.n_folds)]
    table["regions"] = pd.Series(regions, dtype=object)
    for place, pair in enumerate(run.pairs):
        means = fold_means(pair)
        table[f"pair{place}"] = means.reindex(range(run.n_folds)).to_numpy(float)
    return table


def one_sign(values: pd.Series) -> bool:
    """Say whether all that is defined lies on one side of 0."""
    known = values[np.isfinite(values)]
    return bool((known > 0).all() or (known < 0).all())
