"""A made-up learning curve: at an eighth and a half of the windows, less than the whole run has."""

import pandas as pd

from danq.evaluation.learning_curve import COLUMNS, by_seed, model_rows, pair_rows
from danq.files import read_table, write_table
from tests.report.toy_run import make_records

PARTS = {0.125: 100, 0.5: 400, 1.0: 800}
"""Training windows of each share."""


def write_learning_curve(folder, intervals=None, n_unseen=0, covers=None):
    """Write learning_curve.tsv of a made-up run.

    `intervals` are the low and high of danq - danq_conv at each share, and `covers` what they are
    for; the smallest share has `n_unseen` targets without a positive window.
    """
    metrics = read_table(folder / "metrics.tsv")
    comparison = read_table(folder / "comparison.tsv")
    tables = []
    for place, (share, n_windows) in enumerate(PARTS.items()):
        measured = by_seed(metrics.assign(auprc=metrics["auprc"] * (0.5 + 0.5 * share)))
        rows = pd.concat([model_rows(measured), pair_rows(comparison, measured)])
        if intervals is not None:
            is_pair = (rows["a"] == "danq") & (rows["b"] == "danq_conv")
            rows.loc[is_pair, ["low", "high"]] = intervals[place]
            if covers is not None:
                rows.loc[is_pair, "covers"] = covers[place]
        counts = {"share": share, "n_windows": n_windows, "n_labelled": n_windows // 4}
        tables.append(rows.assign(**counts, n_unseen=n_unseen if place == 0 else 0))
    curve = pd.concat(tables).reindex(columns=COLUMNS)
    write_table(folder / "learning_curve.tsv", curve)
    make_records(folder)
    return curve
