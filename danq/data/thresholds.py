"""thresholds.tsv: from which probability on a bin of a target is called a peak."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from danq.errors import DanqError, shown
from danq.files import PathLike, read_table
from danq.records import verified_if_recorded

COLUMNS = ["target", "rule", "threshold", "precision", "recall", "f1", "n_positive"]
"""Columns of thresholds.tsv; a target without a threshold has NA."""


def read_thresholds(path: PathLike, targets: Sequence[str]) -> dict[str, float]:
    """Read the threshold of each target.

    Parameters
    ----------
    path : str or path-like
        A table of `danq thresholds`.
    targets : sequence of str
        Names of those that are needed.

    Returns
    -------
    dict of str to float
        Of the targets that have one.

    Raises
    ------
    DanqError
        Not such a table, a target that it lacks, or a value that is not a probability.
    """
    verified_if_recorded(path)  # a table of your own has no record
    table = read_table(path)
    missing = [name for name in ("target", "threshold") if name not in table]
    if missing:
        what = f"has no column {missing[0]}"
        raise DanqError(f"{what}; give a table of danq thresholds", path)
    values = pd.to_numeric(table["threshold"], errors="coerce")
    by_target = dict(zip(table["target"].astype(str), values, strict=True))
    found = {}
    for target in targets:
        if target not in by_target:
            what = f"has no row for the target {shown(target)}"
            raise DanqError(f"{what}; make it from predictions of the same model", path)
        value = by_target[target]
        if np.isfinite(value):
            if not 0 <= value <= 1:
                what = f"the threshold of {shown(target)}, {value:g}, is not a probability"
                raise DanqError(f"{what}; make it again with danq thresholds", path)
            found[target] = float(value)
    return found
