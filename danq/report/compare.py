"""Two tables of scores per target, compared: published ones, or those of two runs.

Without predictions it is unknown how the scores would vary with the test windows, so there are no
intervals: means and medians, by group, which is higher where, and Wilcoxon's test over targets.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from danq.catalog import METRICS
from danq.errors import warn
from danq.evaluation.uncertainty import wilcoxon
from danq.files import PathLike, write_table
from danq.plotting import charts
from danq.plotting.inline import figure_svg
from danq.plotting.style import legend_entries, styles
from danq.report import page
from danq.report.score_cells import Cells, read_cells, require
from danq.report.score_tables import ScoreTable, default_keys, join, score_table
from danq.report.words import listed, number, p_value, plural, signed

_CAUTION = (
    "Scores alone do not say how they would vary with other test windows, so there are no "
    "intervals. Wilcoxon's test assumes that the targets are independent; targets on the same "
    "windows are not quite."
)

_STATISTICS = ("mean", "median")


class Names(NamedTuple):
    """What the two tables are called.

    Attributes
    ----------
    a, b : str
        In the order in which they were given.
    """

    a: str
    b: str


class Comparison(NamedTuple):
    """One metric, compared.

    Attributes
    ----------
    metric : str
        What it is called.
    rows : pandas.DataFrame
        Columns metric, target, group, a, b and difference: a row per target that both tables have.
    known : pandas.DataFrame
        Those of the rows in which both scores are defined.
    """

    metric: str
    rows: pd.DataFrame
    known: pd.DataFrame


def compare(
    a: PathLike,
    b: PathLike,
    output: PathLike,
    *,
    models: Sequence[str] | None = None,
    metrics: Sequence[str] = (),
    key: Sequence[str] = (),
    in_order: bool = False,
    table: PathLike | None = None,
) -> None:
    """Compare two tables of scores per target, and write the result as one HTML page.

    Parameters
    ----------
    a, b : path
        TSV or CSV with a header: a column ``name`` (or ``target``, or a first one without a
        heading), columns of scores, and, if there is one, ``group``. A column ``model`` says which
        rows belong together, and scores of several rows of one target and model (``seed``) are
        averaged.
    output : path
        The page to write.
    models : pair of str, optional
        What to call the two; by default their model, or the files' names.
    metrics : sequence of str
        Columns to compare, of which higher is better; ``A=B`` where a column has one name in the
        first table and another in the second. By default those of
        `danq.report.score_tables.COMPARED` that both tables have.
    key : sequence of str
        Columns that name a target together; by default the column of names, and in danq's own
        tables also ``target`` where names repeat.
    in_order : bool
        Whether rows of one key are matched by their order, which must then be the same in both
        tables; otherwise they are refused.
    table : path, optional
        TSV to write: metric, target, group, both scores and their difference.

    Raises
    ------
    DanqError
        A table that cannot be read, without a name or a score, with several rows of one key, or
        with none of the other's targets.
    """
    model_a, model_b = models or (None, None)
    cells = (read_cells(a, model_a), read_cells(b, model_b))
    keys = (key, key) if key else default_keys(*cells)
    columns_a, columns_b = _columns(metrics, *cells)
    table_a = score_table(cells[0], columns_a, keys[0], in_order)
    table_b = score_table(cells[1], columns_b, keys[1], in_order)
    names = _names(table_a, table_b)
    both = join(table_a, table_b)
    losses = [_losses(names.a, table_a, table_b), _losses(names.b, table_b, table_a)]
    cautions = [caution for loss in losses for caution in loss.cautions]
    for caution in cautions:
        warn(caution)
    if table is not None:
        write_table(table, both)
    sections = _sections(both, names, cautions)
    sections.append(_losses_section(losses))
    name = f"{names.a} and {names.b}"
    summary = f"{names.a} · {names.b}"
    heading = f"{names.a} against {names.b}"
    page.write_page(output, name, summary, sections, heading=heading)


def _columns(metrics: Sequence[str], a: Cells, b: Cells) -> tuple[dict[str, str], dict[str, str]]:
    """Return the column of each metric in either table, by what the metric is called."""
    columns_a = {}
    columns_b = {}
    for metric in metrics:
        is_one_column = metric in a.frame and metric in b.frame
        column_a, equals, column_b = metric.partition("=")
        if is_one_column or not equals:
            columns_a[metric] = require(a, metric)
            columns_b[metric] = require(b, metric)
        else:
            columns_a[metric] = require(a, column_a)
            columns_b[metric] = require(b, column_b)
    return columns_a, columns_b


def _names(a: ScoreTable, b: ScoreTable) -> Names:
    """Return what the two tables are called; with their files, if both have the same name."""
    if a.name != b.name:
        return Names(a.name, b.name)
    file_a = Path(a.path).name
    file_b = Path(b.path).name
    if file_a == file_b:
        return Names(f"{a.name} (first)", f"{b.name} (second)")
    return Names(f"{a.name} ({file_a})", f"{b.name} ({file_b})")


# --- what is not compared ---


class _Losses(NamedTuple):
    """What of a table takes no part in the comparison: sentences, and a row for each."""

    cautions: list[str]
    rows: list[list[str]]


def _losses(name: str, table: ScoreTable, other: ScoreTable) -> _Losses:
    """Return the targets of a table that the other one lacks, and its unknown scores."""
    lacking = table.scores.index.difference(other.scores.index, sort=False)
    targets = list(lacking.get_level_values(0))
    rows = [[name, target, "all", "the other table lacks it"] for target in targets]
    cautions = []
    if targets:
        verb = "is" if len(targets) == 1 else "are"
        what = f"{plural(len(targets), 'target')} of {name} {verb} not in the other table"
        cautions.append(f"{what}, and left out: {listed(targets)}.")
    for metric, unknown in table.unknown.groupby("metric", sort=False):
        for row in unknown.itertuples():
            rows.append([name, row.target, _metric_title(metric), f"line {row.line}: {row.text!r}"])
        verb = "is" if len(unknown) == 1 else "are"
        what = f"{plural(len(unknown), 'score')} of {name} {verb} unknown"
        cautions.append(f"{_metric_title(metric)}: {what}: {listed(unknown['target'])}.")
    return _Losses(cautions, rows)


def _losses_section(losses: Sequence[_Losses]) -> page.Section:
    """Return the list of all that is not compared."""
    rows = [row for loss in losses for row in loss.rows]
    columns = ["table", "target", "metric", "why"]
    table = page.table("Not compared", columns, rows, columns)
    text = [] if rows else ["Every target is in both tables, and every score is known."]
    return page.Section("left-out", "What was left out", text=text, tables=[table])


# --- the page ---


def _sections(both: pd.DataFrame, names: Names, cautions: list[str]) -> list[page.Section]:
    """Return the page: the answer, then each metric with its scatter plot, groups and targets."""
    comparisons = []
    for metric, rows in both.groupby("metric", sort=False):
        rows = rows.reset_index(drop=True)
        known = rows.dropna(subset=["difference"])
        comparison = Comparison(_metric_title(metric), rows, known)
        comparisons.append(comparison)
    text = [_sentence(comparison, names) for comparison in comparisons]
    text.append(_CAUTION)
    answer = page.Section("answer", "What was found", text=text, cautions=cautions)
    sections = [answer]
    for index, comparison in enumerate(comparisons):
        anchor = f"metric-{index}"
        figures = _figures(comparison, names)
        tables = [_group_table(comparison, names), _target_table(comparison, names)]
        section = page.Section(anchor, comparison.metric, figures=figures, tables=tables)
        sections.append(section)
    return sections


def _metric_title(metric: str) -> str:
    """Return what a metric is called; one that the catalogue lacks keeps its name."""
    entry = METRICS.get(metric)
    return entry.title if entry else metric


def _sentence(comparison: Comparison, names: Names) -> str:
    """Say on how many targets either is higher, their means, and the test over targets."""
    known = comparison.known
    if known.empty:
        return f"{comparison.metric}: no target has a score in both tables."
    differences = known["difference"]
    higher = (differences > 0).sum()
    lower = (differences < 0).sum()
    n_targets = plural(len(known), "target")
    counts = f"{names.a} is higher on {higher} of {n_targets} and lower on {lower}"
    mean_a = number(known["a"].mean())
    mean_b = number(known["b"].mean())
    mean_difference = signed(differences.mean())
    means = f"means {mean_a} and {mean_b}, mean difference {mean_difference}"
    test = _test(differences)
    return f"{comparison.metric}: {counts}; {means}{test}."


def _test(differences: pd.Series) -> str:
    """Return Wilcoxon's test in brackets, or nothing where it is undefined."""
    p = wilcoxon(differences)
    if np.isnan(p):
        return ""
    return f" (Wilcoxon's signed-rank test over targets: p {p_value(p)})"


def _figures(comparison: Comparison, names: Names) -> list[page.Figure]:
    """Draw both scores of each target against each other, where they are between 0 and 1."""
    known = comparison.known
    metric = comparison.metric
    shares = known[["a", "b"]].stack().between(0, 1)
    if known.empty or not shares.all():
        return []
    style = styles(comparison.rows["group"])
    labels = (f"{metric}, {names.a}", f"{metric}, {names.b}")
    titles = [_point_title(row, names) for row in known.itertuples()]
    figure, ax = charts.canvas(4.2, 4.0)
    charts.scatter_models(
        ax,
        known["a"],
        known["b"],
        groups=known["group"],
        titles=titles,
        keys=list(known.index),
        style=style,
        labels=labels,
    )
    svg = figure_svg(figure, f"scatter-{metric}")
    legend = legend_entries(style) if any(style) else ()
    numbers = page.numbers(known.drop(columns="metric"))
    return [page.Figure(f"{metric} by target", svg, legend=legend, table=numbers)]


def _point_title(row: Any, names: Names) -> str:
    """Return the tooltip of a target."""
    group = f" ({row.group})" if row.group else ""
    score_a = f"{names.a} {number(row.a)}"
    score_b = f"{names.b} {number(row.b)}"
    difference = signed(row.difference)
    return f"{row.target}{group}: {score_a}, {score_b}, difference {difference}"


def _group_table(comparison: Comparison, names: Names) -> page.Table:
    """Return means, medians and counts over all targets, and over each group."""
    known = comparison.known
    rows = [_group_row("all", known)]
    if known["group"].nunique() > 1:
        for group, members in known.groupby("group", sort=False):
            rows.append(_group_row(group or "none", members))
    columns = ["group", "targets"]
    for statistic in _STATISTICS:
        columns += [f"{statistic} {name}" for name in names]
    columns += ["mean difference", f"{names.a} higher", f"{names.b} higher"]
    return page.table("By group", columns, rows, ("group",))


def _group_row(group: str, known: pd.DataFrame) -> list[Any]:
    """Return the row of a group in the table of groups."""
    row: list[Any] = [group, len(known)]
    for statistic in _STATISTICS:
        for side in ("a", "b"):
            row.append(number(known[side].agg(statistic)))
    differences = known["difference"]
    row.append(signed(differences.mean()))
    row.append((differences > 0).sum())
    row.append((differences < 0).sum())
    return row


def _target_table(comparison: Comparison, names: Names) -> page.Table:
    rows = []
    for row in comparison.rows.itertuples():
        cells = [row.target, row.group]
        cells += [number(row.a), number(row.b), signed(row.difference)]
        rows.append(cells)
    columns = ["target", "group", *names, "difference"]
    return page.table("By target", columns, rows, ("target", "group"))
