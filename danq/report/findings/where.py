"""Where two models differ: in which groups, on which targets, against which decoys."""

from typing import NamedTuple

import pandas as pd

from danq.report.findings.pairs import SURE, verdict
from danq.report.run import Run
from danq.report.run_scores import Pair

CLEAR = 0.05
"""Differences of the AUROC against decoys that are told: they have no interval."""


class Where(NamedTuple):
    """Where two models differ, a less b.

    Attributes
    ----------
    groups : pandas.DataFrame
        comparison.tsv, the groups (index) whose interval excludes 0, the largest difference first;
        of several groups only.
    targets : pandas.DataFrame
        Its targets whose q-value is below `danq.report.findings.pairs.SURE`, the largest first,
        with their label.
    rules : pandas.DataFrame
        By group of a simulated genome, which is a kind of rule: the AUROC against decoys of both
        (a, b), where it differs by more than `CLEAR`. Decoys have the parts and break the rule.
    """

    groups: pd.DataFrame
    targets: pd.DataFrame
    rules: pd.DataFrame


def where(run: Run, pair: Pair) -> Where:
    """Find where the models of a pair differ.

    Parameters
    ----------
    run : Run
        A finished run.
    pair : Pair
        Two of its models.

    Returns
    -------
    Where
    """
    sides = [verdict(low, high) for low, high in zip(*_bounds(pair.groups), strict=True)]
    excludes = [side in ("above", "below") for side in sides]
    sure = pair.rows[pair.rows["q"] < SURE].join(run.targets["label"])
    largest = sure["difference"].abs().sort_values(ascending=False, kind="stable").index
    return Where(_largest_first(pair.groups[excludes]), sure.loc[largest], _rules(run, pair))


def _largest_first(groups: pd.DataFrame) -> pd.DataFrame:
    """Return groups by the size of their difference; those of a run of one group have none."""
    if groups.empty:
        return groups
    return groups.sort_values("difference", key=abs, ascending=False, kind="stable")


def _bounds(groups: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return both ends of the groups' intervals; empty for a run of one group."""
    if groups.empty:
        return pd.Series(dtype=float), pd.Series(dtype=float)
    return groups["low"], groups["high"]


def _rules(run: Run, pair: Pair) -> pd.DataFrame:
    empty = pd.DataFrame(columns=["a", "b"], dtype=float)
    if "decoy_auroc" not in run.metrics:
        return empty
    scores = run.scores("decoy_auroc")
    if not {pair.a, pair.b} <= set(scores):
        return empty
    means = scores[[pair.a, pair.b]].groupby(run.targets["group"], sort=False).mean()
    means = means.set_axis(["a", "b"], axis=1)
    differs = (means["a"] - means["b"]).abs() > CLEAR
    return means[differs]
