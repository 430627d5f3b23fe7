"""The planted rules: what each asks of a model, drawn, and how well each network follows it."""

import pandas as pd

from danq.plotting.rule_svg import rule_svg
from danq.report.findings.scores import group_means
from danq.report.page import Cell, Column, Table, table_of
from danq.report.rules import RULES, Parts
from danq.report.run import Run
from danq.report.words import listed, number, title

_HEADING = "The planted rules"
_NOTE = (
    "This genome is simulated, and each group of targets follows one kind of rule. A decoy has the "
    "sites and breaks the rule: a model that knows only the motifs cannot tell the two apart. "
    "Right: mean AUPRC, seeds averaged."
)


def rules_table(run: Run) -> Table:
    """Return the kinds of planted rule of a run; without rows for a genome of another kind."""
    rows = []
    if run.planted:
        means = group_means(run, "auprc").means
        for group, members in run.targets.groupby("group", sort=False):
            if group in RULES:
                rows.append(_row(str(group), members, means.loc[group], run))
    columns = [
        Column("group", "rule", _group_cell, words=True),
        Column("asks", "a model must know", words=True),
        Column("positive", "positive", _drawn, words=True),
        Column("decoy", "decoy", _drawn, words=True),
    ]
    for model in run.networks:
        columns.append(Column(model, title(model), number))
    return table_of(_HEADING, pd.DataFrame(rows), columns, _NOTE)


def _row(group: str, members: pd.DataFrame, means: pd.Series, run: Run) -> dict[str, object]:
    rule = RULES[group]
    row: dict[str, object] = {"group": (group, listed(members["label"])), "asks": rule.asks}
    row["positive"] = (rule.positive, rule.positive_parts)
    row["decoy"] = (rule.decoy, rule.decoy_parts)
    return row | {model: means[model] for model in run.networks}


def _group_cell(group: tuple[str, str]) -> Cell:
    """Return a cell with a kind of rule above its targets."""
    name, targets = group
    return Cell(name, targets)


def _drawn(example: tuple[str, Parts]) -> Cell:
    """Return a cell with an example above its words."""
    words, parts = example
    return Cell("", words, "drawing", rule_svg(parts, words))
