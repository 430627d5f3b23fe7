"""Two tables of scores per target, compared: published numbers, other software's, or those of two runs.

Without predictions nobody can know how the scores would vary with the test windows, so there are no intervals: means
and medians, by group, who is higher where, and Wilcoxon's test over targets.
"""

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from danq.errors import DanqError, shown
from danq.evaluation.uncertainty import wilcoxon
from danq.files import read_lines, write_table
from danq.plotting import charts
from danq.plotting.inline import figure_svg
from danq.plotting.style import legend_entries, styles
from danq.report import page
from danq.report.results import MEASURES
from danq.report.words import listed, number, p_value, plural, signed, title

COMPARED = ("auroc", "auprc", "auprc_trapezoid")
"""What is compared when no column is named, where both tables have it."""

NAMED = ("name", "target")
"""Columns that may hold the name of a target; the first that a table has does."""


def compare(a, b, output, *, models=None, metrics=(), table=None):
    """Compare two tables of scores per target, and write what was found as one HTML page.

    Parameters
    ----------
    a, b : path
        TSV or CSV with a header: a column ``name`` (or ``target``), columns of scores, and, if there is one, ``group``.
        Names that occur several times are told apart by their order. A column ``model`` says which rows belong
        together, and scores of several rows of one target and model (``seed``) are averaged.
    output : path
        The page to make.
    models : pair of str, optional
        What to call the two; by default their model, or the files' names.
    metrics : sequence of str
        Columns to compare, of which higher is better; none given: those of `COMPARED` that both tables have.
    table : path, optional
        Made: metric, target, group, both scores and their difference (TSV).

    Raises
    ------
    DanqError
        A table that cannot be read, without a name or a score, or with none of the other's targets.
    """
    names = models or [None, None]
    tables = [_read(path, name, metrics) for path, name in zip((a, b), names, strict=True)]
    names = [own for own, _ in tables]
    if names[0] == names[1]:
        names = [f"{name} ({Path(path).name})" for name, path in zip(names, (a, b), strict=True)]
    both = _joined(*(frame for _, frame in tables), (a, b))
    if table is not None:
        write_table(table, both)
    lost = [len(frame) - both.groupby("metric").size().max() for _, frame in tables]
    page.write_page(
        output,
        " and ".join(names),
        f"{names[0]} · {names[1]}",
        _sections(both, names, lost),
        heading=f"{names[0]} against {names[1]}",
    )


def _read(path, model, metrics):
    """Return what a table's scores are called, and its scores with a row per target (name, occurrence)."""
    frame = _frame(path)
    named = next((column for column in NAMED if column in frame), None)
    if named is None:
        raise DanqError("has no column name; give the targets' names in one", path, 1)
    if "model" in frame:
        model, frame = _one_model(frame, model, path)
    frame["occurrence"] = frame.groupby([named, "seed"] if "seed" in frame else named).cumcount()
    scores = {
        column: _numbers(frame, column, path)
        for column in metrics or COMPARED
        if metrics or column in frame
    }
    if not scores:
        raise DanqError(
            f"has none of the columns {', '.join(COMPARED)}; name others with --metrics", path, 1
        )
    keys = [frame[named].rename("target"), frame["occurrence"]]
    table = pd.DataFrame(scores).groupby(keys, sort=False).mean()
    group = frame["group"] if "group" in frame else pd.Series("", frame.index)
    return title(model) if model else Path(path).stem, table.assign(
        group=group.groupby(keys, sort=False).first()
    )


def _one_model(frame, model, path):
    """Return the name and the rows of one model of a table that tells them apart."""
    known = list(dict.fromkeys(frame["model"]))
    if (model is None and len(known) > 1) or (model is not None and model not in known):
        raise DanqError(
            f"holds the models {listed(known)}; choose one of each table with --models", path
        )
    model = model or known[0]
    return model, frame[frame["model"] == model].copy()


def _frame(path):
    """Return the cells of a table as text, with the number of each line."""
    lines = [
        (place, line.decode("utf-8", "replace").rstrip("\r")) for place, line in read_lines(path)
    ]
    lines = [(place, line) for place, line in lines if line.strip() and not line.startswith("#")]
    if len(lines) < 2:
        raise DanqError("holds no row below its header; give a table of scores per target", path)
    # Cells of a TSV are taken as they are, those of a CSV may be quoted.
    cells_of = (
        (lambda line: line.split("\t"))
        if "\t" in lines[0][1]
        else (lambda line: next(csv.reader([line])))
    )
    header = [name.strip() for name in cells_of(lines[0][1])]
    header = [
        name.lower() if name.lower() in (*NAMED, "group", "model", "seed") else name
        for name in header
    ]
    if len(set(header)) < len(header):
        raise DanqError("has two columns of one name; rename one", path, lines[0][0])
    rows = []
    for place, line in lines[1:]:
        cells = [cell.strip() for cell in cells_of(line)]
        if len(cells) != len(header):
            raise DanqError(
                f"has {plural(len(cells), 'cell')} where the header has {len(header)}; fix the line",
                path,
                place,
            )
        rows.append([*cells, place])
    return pd.DataFrame(rows, columns=[*header, "line"])


def _numbers(frame, column, path):
    """Return a column of scores as numbers, or refuse what is none, naming its line."""
    if column not in frame:
        known = ", ".join(frame.columns.drop(["line", "occurrence"]))
        raise DanqError(f"has no column {column!r}; it has {known}", path, 1)
    values = frame[column]
    unknown = values.str.upper().isin(["", "NA", "NAN"])
    found = pd.to_numeric(values.mask(unknown), errors="coerce").astype(float)
    wrong = ~np.isfinite(found) & ~unknown
    if wrong.any():
        raise DanqError(
            f"column {column}: {shown(values[wrong].iloc[0])} is not a number; give NA where it is unknown",
            path,
            int(frame["line"][wrong].iloc[0]),
        )
    return found


def _joined(one, other, paths):
    """Return metric, target, group, both scores and their difference, for the targets that both tables have."""
    shared = one.index.intersection(other.index, sort=False)
    if shared.empty:
        raise DanqError(
            f"names none of the targets of {paths[1]} ({shown(str(other.index[0][0]))}, ...); give the "
            "same names in both",
            paths[0],
        )
    metrics = [column for column in one if column in other and column != "group"]
    if not metrics:
        raise DanqError(
            f"has no metric in common with {paths[1]}; name columns with --metrics", paths[0]
        )
    one, other = one.loc[shared], other.loc[shared]
    facts = pd.DataFrame(
        {
            "target": shared.get_level_values(0),
            "group": one["group"].where(one["group"] != "", other["group"]).to_numpy(),
        }
    )
    tables = [
        facts.assign(metric=metric, a=one[metric].to_numpy(), b=other[metric].to_numpy())
        for metric in metrics
    ]
    both = pd.concat(tables, ignore_index=True)
    return both.assign(difference=both["a"] - both["b"])[
        ["metric", "target", "group", "a", "b", "difference"]
    ]


def _sections(both, names, lost):
    """Return the page: what was found, then each metric with its scatter plot, groups and targets."""
    parts = [
        (metric, rows.reset_index(drop=True)) for metric, rows in both.groupby("metric", sort=False)
    ]
    text = [_sentence(metric, rows, names) for metric, rows in parts]
    cautions = [
        f"{plural(count, 'target')} of {name} {'is' if count == 1 else 'are'} not in the other table, and left "
        "out."
        for name, count in zip(names, lost, strict=True)
        if count
    ]
    text.append(
        "Scores alone do not tell how they would vary with other test windows, so there are no intervals; "
        "Wilcoxon's test takes the targets as independent, which targets on the same windows are not quite."
    )
    answer = page.Section("answer", "What was found", text=text, cautions=cautions)
    return [
        answer,
        *(_section(place, metric, rows, names) for place, (metric, rows) in enumerate(parts)),
    ]


def _sentence(metric, rows, names):
    """Say who is higher where; what judges follows from the counts alone."""
    known = rows.dropna(subset=["difference"])
    if known.empty:
        return f"{_called(metric)}: no target is defined in both."
    higher, lower = (known["difference"] > 0).sum(), (known["difference"] < 0).sum()
    p = wilcoxon(known["difference"])
    ending = "" if np.isnan(p) else f" (Wilcoxon's signed-rank test over targets: p {p_value(p)})"
    return (
        f"{_called(metric)}: {names[0]} is higher on {higher} of {plural(len(known), 'target')} and lower on "
        f"{lower}; means {number(known['a'].mean())} and {number(known['b'].mean())}, mean difference "
        f"{signed(known['difference'].mean())}{ending}."
    )


def _called(metric):
    return MEASURES.get(metric, metric)


def _section(place, metric, rows, names):
    return page.Section(
        f"metric-{place}",
        _called(metric),
        figures=_figures(metric, rows, names),
        tables=[_group_table(rows, names), _target_table(rows, names)],
    )


def _figures(metric, rows, names):
    """Draw both scores of each target against each other."""
    known, style = rows.dropna(subset=["difference"]), styles(rows["group"])
    if not known[["a", "b"]].stack().between(0, 1).all() or known.empty:
        return []
    figure, ax = charts.canvas(4.2, 4.0)
    texts = [
        f"{row.target}{f' ({row.group})' if row.group else ''}: {names[0]} {number(row.a)}, {names[1]} "
        f"{number(row.b)}, difference {signed(row.difference)}"
        for row in known.itertuples()
    ]
    charts.scatter_models(
        ax,
        known["a"],
        known["b"],
        groups=known["group"],
        titles=texts,
        keys=list(known.index),
        style=style,
        labels=(f"{_called(metric)}, {names[0]}", f"{_called(metric)}, {names[1]}"),
    )
    legend = legend_entries(style) if any(style) else ()
    return [
        page.Figure(
            f"{_called(metric)} by target",
            figure_svg(figure, f"scatter-{_called(metric)}"),
            "",
            legend,
            page.numbers(known.drop(columns="metric")),
        )
    ]


def _group_table(rows, names):
    """Return means, medians and counts over all targets, and over each group."""
    known = rows.dropna(subset=["difference"])
    parts = [("all", known)]
    if known["group"].nunique() > 1:
        parts += [(group or "none", own) for group, own in known.groupby("group", sort=False)]
    cells = [
        [
            group,
            len(own),
            *(number(own[side].agg(how)) for how in ("mean", "median") for side in ("a", "b")),
            signed(own["difference"].mean()),
            (own["difference"] > 0).sum(),
            (own["difference"] < 0).sum(),
        ]
        for group, own in parts
    ]
    columns = [
        "group",
        "targets",
        *(f"{how} {name}" for how in ("mean", "median") for name in names),
        "mean difference",
        f"{names[0]} higher",
        f"{names[1]} higher",
    ]
    return page.table("By group", columns, cells, ("group",))


def _target_table(rows, names):
    cells = [
        [row.target, row.group, number(row.a), number(row.b), signed(row.difference)]
        for row in rows.itertuples()
    ]
    return page.table(
        "By target", ["target", "group", *names, "difference"], cells, ("target", "group")
    )
