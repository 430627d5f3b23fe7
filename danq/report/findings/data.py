"""The data of a run in tables: splits, dropped bins, leakage, input files, targets."""

import pandas as pd

from danq.data.counts import total_counts
from danq.genome.bins import SPLITS
from danq.report.run import Run


def splits(run: Run) -> pd.DataFrame:
    """Return split, windows, positives (labels in all) and regions (list of str) of each split."""
    regions = {"train": ["all other"], **run.source.get("splits", {})}
    known = "splits" in run.source
    rows = []
    for split, n_windows in run.windows.items():
        n_positives = int(run.positives[split].sum())
        names = regions.get(split, []) if known else []
        rows.append((split, n_windows, n_positives, names))
    return pd.DataFrame(rows, columns=["split", "windows", "positives", "regions"])


def dropped_bins(run: Run) -> pd.DataFrame:
    """Return how many bins were dropped (bins) for which reason (reason, as in dataset.h5)."""
    dropped = run.source.get("dropped", {})
    return pd.DataFrame(list(dropped.items()), columns=["reason", "bins"], dtype=object)


def leakage(run: Run) -> pd.DataFrame:
    """Return what each split shares with another, as `danq.data.audit.audit` counted it.

    Undefined counts are None; the table is empty for a run without dataset.json.
    """
    columns = ["split", "against", "windows", "overlapping", "identical", "reverse_complement"]
    rows = run.description.get("audit") or []
    return pd.DataFrame(rows, columns=columns, dtype=object)


def input_counts(run: Run) -> pd.DataFrame:
    """Return what was read leniently in the input files: what, number, files; sorted by what."""
    rows = []
    for what, (number, files) in sorted(total_counts(run.source).items()):
        rows.append({"what": what, "number": number, "files": files})
    return pd.DataFrame(rows, columns=["what", "number", "files"])


def target_counts(run: Run) -> pd.DataFrame:
    """Return label, group, prevalence in the test split, and positive windows by split of targets.

    The splits are columns of their own; there are none where the dataset does not have them.
    """
    table = run.targets[["label", "group", "prevalence"]].copy()
    for split in SPLITS:
        positives = run.positives.get(split, [])
        if len(positives) > table.index.max():
            table[split] = positives[table.index]
    return table
