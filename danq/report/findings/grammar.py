"""Interactions of pairs of motifs in the models, and by the planted rule where there is one."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from danq.report.run import Run
from danq.simulation.truth import truth


class MotifPair(NamedTuple):
    """Identifiers of two motifs, as in columns a and b of grammar.tsv."""

    a: str
    b: str


def probed_pairs(run: Run) -> list[MotifPair]:
    """Return the pairs of motifs that were probed in a run, in the order of grammar.tsv."""
    if run.grammar is None:
        return []
    pairs = run.grammar[["a", "b"]].drop_duplicates()
    return [MotifPair(*names) for names in pairs.itertuples(index=False)]


def pair_rows(run: Run, pair: MotifPair) -> pd.DataFrame:
    """Return the interactions of a pair of motifs in all models.

    Parameters
    ----------
    run : Run
        A run with a grammar.
    pair : MotifPair
        From `probed_pairs`.

    Returns
    -------
    pandas.DataFrame
        Rows of grammar.tsv; none where the pair was not probed.
    """
    if run.grammar is None:
        return pd.DataFrame()
    same_a = run.grammar["a"] == pair.a
    same_b = run.grammar["b"] == pair.b
    return run.grammar[same_a & same_b]


def planted_rule(run: Run, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the interaction of the planted labels for a pair of motifs.

    Parameters
    ----------
    run : Run
        A finished run.
    rows : pandas.DataFrame
        From `pair_rows`.

    Returns
    -------
    pandas.DataFrame
        From `danq.simulation.truth.truth`; empty for a genome that is not simulated, and for
        motifs that were not planted.
    """
    if not run.planted:
        return pd.DataFrame(columns=["target", "effect"])
    cases = rows.drop_duplicates(["order", "orientation", "distance"])
    window = int(run.facts["window"])
    bin_size = int(run.facts["bin_size"])
    return truth(cases, window, bin_size)


def concerned_target(rows: pd.DataFrame, rule: pd.DataFrame) -> int:
    """Return the target that a pair of motifs is about.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `pair_rows`.
    rule : pandas.DataFrame
        From `planted_rule`.

    Returns
    -------
    int
        Index of the target of the planted rule, or else of the largest interaction.
    """
    planted = rule[rule["effect"] != 0]
    if len(planted):
        return int(planted["target"].mode()[0])
    largest = rows["effect"].abs().idxmax()
    return int(rows.loc[largest, "target"])


def mean_interactions(rows: pd.DataFrame) -> pd.DataFrame:
    """Average interactions over seeds.

    The argument is of one pair and one target. Returned are model, order, orientation, distance,
    effect (the mean), se (its standard error between seeds, or that between windows for a single
    seed) and seeds (their number).
    """
    groups = rows.groupby(["model", "order", "orientation", "distance"], sort=False)
    table = groups.agg(
        effect=("effect", "mean"),
        spread=("effect", "sem"),
        se=("se", "first"),
        seeds=("seed", "nunique"),
    ).reset_index()
    several = table["seeds"] > 1
    error = table["spread"].where(several, table["se"])
    return table.assign(se=error).drop(columns="spread")


def rule_means(run: Run) -> pd.DataFrame:
    """Average the interactions of each model over the cases that the planted rule treats alike.

    Returns
    -------
    pandas.DataFrame
        A row per pair and model: pair (its name), target (index), model, and the mean interaction
        over distances, arrangements and seeds where the rule makes the pair positive, makes no
        difference, and makes it negative (positive, neutral, negative; nan where it never does).
        Empty for a run without a planted rule.
    """
    tables = []
    for pair in probed_pairs(run):
        rows = pair_rows(run, pair)
        rule = planted_rule(run, rows)
        if not rule.empty:
            tables.append(_rule_means(rows, rule))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _rule_means(rows: pd.DataFrame, rule: pd.DataFrame) -> pd.DataFrame:
    case = ["order", "orientation", "distance", "target"]
    planted = rule[[*case, "effect"]].rename(columns={"effect": "planted"})
    target = concerned_target(rows, rule)
    joined = rows.merge(planted, on=case)
    joined = joined[joined["target"] == target]
    means = joined.groupby(["model", "planted"], sort=False)["effect"].mean().unstack()
    signs = {1: "positive", 0: "neutral", -1: "negative"}
    table = means.reindex(columns=list(signs)).rename(columns=signs)
    name = rows["pair"].iloc[0]
    return table.reset_index().assign(pair=name, target=target)


def rule_effects(run: Run) -> pd.DataFrame:
    """Return how strongly each model follows the planted rules of pairs of motifs.

    Returns
    -------
    pandas.DataFrame
        A row per pair and model: pair (its name), model and effect: how much higher the mean
        interaction (log-odds) is where the rule makes the pair positive than where it makes no
        difference; of a rule that makes pairs negative, how much lower there. Empty for a run
        without a planted rule.
    """
    means = rule_means(run)
    if means.empty:
        return pd.DataFrame(columns=["pair", "model", "effect"])
    gain = means["positive"] - means["neutral"]
    loss = means["neutral"] - means["negative"]
    table = means[["pair", "model"]].assign(effect=gain.fillna(loss))
    return table.dropna()


def shaded_distances(
    rule: pd.DataFrame, target: int, order: str, orientation: str
) -> np.ndarray | None:
    """Return at which distances the planted rule changes the label of a target.

    Parameters
    ----------
    rule : pandas.DataFrame
        From `planted_rule`.
    target : int
        Its index.
    order, orientation : str
        The arrangement, as in `danq.motif.sites.ARRANGEMENTS`.

    Returns
    -------
    numpy.ndarray of bool or None
        By distance, the shortest first; None without a rule.
    """
    if rule.empty:
        return None
    of_target = rule[rule["target"] == target]
    in_order = of_target[of_target["order"] == order]
    cases = in_order[in_order["orientation"] == orientation].sort_values("distance")
    return cases["effect"].to_numpy() != 0
