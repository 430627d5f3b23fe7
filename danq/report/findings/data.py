"""The data of a run in tables: splits, dropped bins, leakage, input files, targets."""

from typing import Any

import pandas as pd

from danq.data.copies import copied_chromosomes
from danq.data.counts import total_counts
from danq.genome.bins import SPLITS
from danq.report.run import Run


def splits(run: Run) -> pd.DataFrame:
    """Return split, windows, positives (labels in all) and regions (list of str) of each split.

    Of a run in folds, there is a row for what each fold tests.
    """
    if run.folds:
        return _folds(run)
    regions = {"train": ["all other"], **run.source.get("splits", {})}
    known = "splits" in run.source
    rows = []
    for split, n_windows in run.windows.items():
        n_positives = int(run.positives[split].sum())
        names = regions.get(split, []) if known else []
        rows.append((split, n_windows, n_positives, names))
    return pd.DataFrame(rows, columns=["split", "windows", "positives", "regions"])


def _folds(run: Run) -> pd.DataFrame:
    rows = []
    for number, tested in enumerate(run.folds):
        rows.append((f"fold {number}", tested.windows, tested.positives, tested.regions))
    return pd.DataFrame(rows, columns=["split", "windows", "positives", "regions"])


def dropped_bins(run: Run) -> pd.DataFrame:
    """Return how many bins were dropped (bins) for which reason (reason, as in dataset.h5)."""
    dropped = run.source.get("dropped", {})
    return pd.DataFrame(list(dropped.items()), columns=["reason", "bins"], dtype=object)


def dropped_targets(run: Run) -> list[str]:
    """Return the names of the targets that were left out, as a split could not show them."""
    rows = run.source.get("dropped_targets")
    rows = rows if isinstance(rows, list) else []
    return [str(row["name"]) for row in rows if isinstance(row, dict) and "name" in row]


def leakage(run: Run) -> pd.DataFrame:
    """Return what each split shares with another.

    As `danq.data.audit.audit` counted it, and `danq.data.copies.find_copies` (column ``similar``).
    Undefined counts are None; the table is empty for a run without dataset.json.
    """
    columns = ["split", "against", "windows", "overlapping", "identical", "reverse_complement"]
    rows = run.description.get("audit") or []
    table = pd.DataFrame(rows, columns=columns, dtype=object)
    similar = {}
    for row in _copies(run, "windows"):
        similar[row["split"], row["against"]] = row["similar"]
    pairs = zip(table["split"], table["against"], strict=True)
    counts = pd.Series([similar.get(pair) for pair in pairs], index=table.index, dtype=object)
    return table.assign(similar=counts)


def copied(run: Run) -> dict[str, str]:
    """Return the chromosomes that repeat held-out sequence, and in which split that is."""
    return copied_chromosomes(_copies(run, "chromosomes"))


def _copies(run: Run, part: str) -> list[dict[str, Any]]:
    """Return a part of what was found of shared sequence; nothing in a run of an older danq."""
    return (run.description.get("copies") or {}).get(part, [])


def input_counts(run: Run) -> pd.DataFrame:
    """Return what was read leniently in the input files: what, number, files; sorted by what."""
    rows = []
    for what, (number, files) in sorted(total_counts(run.source).items()):
        rows.append({"what": what, "number": number, "files": files})
    return pd.DataFrame(rows, columns=["what", "number", "files"])


def target_counts(run: Run) -> pd.DataFrame:
    """Return label, group, prevalence in the test split, and positive windows by split of targets.

    The splits are columns of their own; there are none where the dataset does not have them. A run
    in folds has the test windows of all.
    """
    table = run.targets[["label", "group", "prevalence"]].copy()
    for split in ["test"] if run.folds else SPLITS:
        positives = run.positives.get(split, [])
        if len(positives) > table.index.max():
            table[split] = positives[table.index]
    return table
