"""The headline of the report: which model leads on average, and where, in one sentence."""

from collections.abc import Sequence

import pandas as pd

from danq.report.findings.claim import Claim
from danq.report.findings.leads import EQUAL, NOTABLE, Leads, average, leads
from danq.report.findings.pairs import SURE, sure_tally
from danq.report.run_scores import Pair
from danq.report.words import listed, sentence, signed, title

RULES = {
    "single": "where a single site decides",
    "count": "where sites must be counted",
    "order": "where two motifs must stand in order",
    "inhibitor": "where an inhibitor nearby switches a site off",
    "insulator": "where an insulator may stand between two motifs",
    "helix": "where two motifs must face the same side of the helix",
}
"""The groups of the simulated genome as conditions, each of which is a kind of rule."""


def opening_sentence(found: Claim, *, planted: bool) -> str:
    """Say which of the main twins leads on average and where; what else follows below it.

    Parameters
    ----------
    found : danq.report.findings.claim.Claim
        What the run may say.
    planted : bool
        Whether groups are kinds of planted rules.

    Returns
    -------
    str
        An empty string for a run that cannot say anything of recurrence.
    """
    if not found.earned:
        return ""
    pair = found.twins.local[0]
    where = _where(pair, leads(pair), planted=planted)
    return f"{_average(pair)}{where}."


def _average(pair: Pair) -> str:
    a = title(pair.a)
    b = title(pair.b)
    amount = signed(pair.mean["difference"])
    sentences = {
        "above": f"{a} is ahead of {b} on average ({amount} AUPRC)",
        "below": f"{b} is ahead of {a} on average ({amount} AUPRC)",
        "equal": f"{a} and {b} are equal on average, to within {EQUAL:g} AUPRC",
        "open": f"No difference between {a} and {b} was detected on average",
    }
    return sentences[average(pair)]


def _where(pair: Pair, found: Leads, *, planted: bool) -> str:
    """Say in which groups, or else on how many targets, one model leads."""
    if found.n_groups == 0:
        return _targets(pair)
    parts = []
    for model, groups in ((pair.a, found.ahead), (pair.b, found.behind)):
        if len(groups):
            parts.append(f"{title(model)} is ahead {_conditions(groups, planted=planted)}")
    if parts:
        return f"; {'; '.join(parts)}"
    return f"; no group stands out among {found.n_groups}"


def _conditions(groups: pd.DataFrame, *, planted: bool) -> str:
    names = []
    for group, row in groups.iterrows():
        condition = RULES.get(str(group), "") if planted else ""
        name = condition or f"in the group {group}"
        names.append(f"{name} ({signed(row['difference'])})")
    return listed(names, 3)


def _targets(pair: Pair) -> str:
    counts = sure_tally(pair)
    if counts is None:
        return ""
    n_targets = int(pair.rows["q"].notna().sum())
    if counts.total == 0:
        return f"; none of {n_targets:,} targets differs significantly"
    higher = f"higher on {counts.higher:,} and lower on {counts.lower:,} of {n_targets:,} targets"
    return f"; target by target {title(pair.a)} is significantly {higher}"


def rules_sentence(effects: pd.DataFrame, models: Sequence[str]) -> str:
    """Say how strongly some models follow the planted rules of pairs of motifs.

    Parameters
    ----------
    effects : pandas.DataFrame
        From `danq.report.findings.grammar.rule_effects`.
    models : sequence of str
        Those that are told, in this order.

    Returns
    -------
    str
        An empty string where nothing is known of them.
    """
    told = effects[effects["model"].isin(models)]
    parts = []
    for pair, rows in told.groupby("pair", sort=False):
        by_model = rows.set_index("model")["effect"].reindex(list(models)).dropna()
        values = [f"{title(str(model))} {signed(value)}" for model, value in by_model.items()]
        parts.append(f"{pair}: {', '.join(values)}")
    if not parts:
        return ""
    return (
        "What a planted rule adds to the log-odds of a pair of motifs in windows made for it, no "
        f"interval (0: the rule is not known): {'; '.join(parts)}."
    )


def looks_sentence(pairs: Sequence[Pair]) -> str:
    """Say by which rule groups are named; an empty string for runs of a single group."""
    n_groups = max((len(pair.groups) for pair in pairs), default=0)
    if n_groups == 0:
        return ""
    return sentence(
        f"{n_groups} groups are {n_groups} looks: the headline names a group only where its "
        f"interval excludes 0 and its q-value over all groups is below {100 * SURE:g} % "
        f"(Benjamini-Hochberg), and not for a difference below {NOTABLE:g}.",
        f"Equal on average: the interval lies within {EQUAL:g} of 0.",
    )
