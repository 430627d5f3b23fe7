"""What every comparison of two models has: columns, rows of means, summaries of targets."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.evaluation import uncertainty

COLUMNS = [
    "pair",
    "a",
    "b",
    "target",
    "name",
    "group",
    "n_targets",
    "auprc_a",
    "auprc_b",
    "difference",
    "low",
    "high",
    "covers",
    "p",
    "q",
    "sampling_sd",
    "seed_sd",
    "auroc_a",
    "auroc_b",
    "auroc_difference",
    "auroc_low",
    "auroc_high",
    "auroc_p",
    "auroc_q",
    "median",
    "improved",
    "wilcoxon_p",
    "auroc_wilcoxon_p",
]
"""Columns of comparison.tsv."""


class Subset(NamedTuple):
    """Targets of which a mean is taken: `members`, bool (T,), and what their row is called."""

    target: str
    group: str
    members: NDArray[np.bool_]


def subsets(groups: pd.Series, defined: NDArray[np.bool_]) -> Iterator[Subset]:
    """Yield all defined targets, then those of each group if there are several.

    Parameters
    ----------
    groups : pandas.Series of str
        Group of each target.
    defined : numpy.ndarray, shape (T,), bool
        Targets with a difference.

    Yields
    ------
    Subset
    """
    yield Subset("mean", "all", defined)
    names = dict.fromkeys(groups)
    if len(names) > 1:
        for name in names:
            members = (groups == name).to_numpy()
            yield Subset("group", name, defined & members)


def summarise(targets: pd.DataFrame) -> dict[str, float]:
    """Summarise the differences of several targets."""
    differences = targets["difference"]
    summary = {"n_targets": len(targets), "median": differences.median(), "improved": np.nan}
    if len(targets):
        summary["improved"] = (differences > 0).mean()
    summary["wilcoxon_p"] = uncertainty.wilcoxon(differences)
    summary["auroc_wilcoxon_p"] = uncertainty.wilcoxon(targets["auroc_difference"])
    return summary
