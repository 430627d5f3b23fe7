"""Where one model leads another: on average, and in which groups after a correction for looking."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from danq.motif.fdr import benjamini_hochberg
from danq.report.findings.pairs import SURE, verdict
from danq.report.run_scores import Pair

EQUAL = 0.01
"""Two models are equal on average where the interval of their difference lies within so much
AUPRC of 0: a difference that was not detected may still be large."""

NOTABLE = 0.005
"""Groups with a smaller difference (AUPRC) are not named, however sure it is."""

MOST_ROWS = 12
"""Rows of a forest plot of the main differences, at most, beside the mean."""

Average = Literal["above", "below", "equal", "open", ""]
"""How two models compare on average: one is higher, they are equal to within `EQUAL`, or the
interval holds 0 and more than that; empty without an interval."""


def average(pair: Pair) -> Average:
    """Say how the models of a pair compare on average."""
    low = pair.mean["low"]
    high = pair.mean["high"]
    side = verdict(low, high)
    if side != "around":
        return side
    return "equal" if max(-low, high) <= EQUAL else "open"


class Leads(NamedTuple):
    """Groups of targets in which one model of a pair leads.

    Attributes
    ----------
    ahead, behind : pandas.DataFrame
        Groups (index) in which model a is higher, and lower, the largest difference first:
        comparison.tsv, with the q-value over the groups in column q.
    n_groups : int
        Groups that were looked at; 0 where there is no more than one.
    """

    ahead: pd.DataFrame
    behind: pd.DataFrame
    n_groups: int


def leads(pair: Pair) -> Leads:
    """Return the groups in which one model of a pair leads.

    A group counts where its 95 % interval excludes 0, its q-value over all groups of the pair
    (Benjamini and Hochberg, as each group is one look more) is below
    `danq.report.findings.pairs.SURE`, and its difference is not below `NOTABLE`.
    """
    if pair.groups.empty:
        return Leads(pair.groups, pair.groups, 0)
    groups = pair.groups.assign(q=_q_values(pair.groups))
    excludes = (groups["low"] > 0) | (groups["high"] < 0)
    notable = groups["difference"].abs() >= NOTABLE
    told = groups[excludes & notable & (groups["q"] < SURE)]
    told = told.sort_values("difference", key=abs, ascending=False, kind="stable")
    ahead = told[told["difference"] > 0]
    behind = told[told["difference"] < 0]
    return Leads(ahead, behind, len(groups))


def _q_values(groups: pd.DataFrame) -> pd.Series:
    """Return the q-values of groups over all of them; nan where a group has no p-value."""
    q = pd.Series(np.nan, index=groups.index)
    p = groups["p"].dropna().astype(float)
    if len(p):
        q[p.index] = benjamini_hochberg(p.to_numpy())
    return q


class MainTargets(NamedTuple):
    """The targets on which two models differ most.

    Attributes
    ----------
    rows : pandas.DataFrame
        comparison.tsv, in the order of their difference.
    sure : bool
        Whether all of them are significant over all targets.
    """

    rows: pd.DataFrame
    sure: bool


def main_targets(pair: Pair, groups: Sequence[str], limit: int) -> MainTargets:
    """Return the targets on which the models of a pair differ most, by size.

    Parameters
    ----------
    pair : danq.report.run_scores.Pair
        Two models.
    groups : sequence of str
        Groups of a single target that have a row already: their targets are left out.
    limit : int
        Targets at most.

    Returns
    -------
    MainTargets
        Significant ones where there are any, else those of the largest differences.
    """
    rows = pair.rows[~pair.rows["group"].isin(groups)].dropna(subset=["difference"])
    significant = rows[rows["q"] < SURE]
    chosen = rows if significant.empty else significant
    sizes = chosen["difference"].abs().sort_values(ascending=False, kind="stable")
    largest = chosen.loc[sizes.index[:limit]]
    ordered = largest.sort_values("difference", ascending=False, kind="stable")
    return MainTargets(ordered, sure=not significant.empty)
