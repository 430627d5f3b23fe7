"""Tables of scores per target, from anywhere: read, checked, and two of them joined."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.genome.fields import Fields, read_fields
from danq.report.words import listed, plural, title

COMPARED = ("auroc", "auprc", "auprc_trapezoid")
"""Columns that are compared when none are named, as far as both tables have them."""

NAMED = ("name", "target")
"""Columns that may hold the name of a target; the first that a table has does."""

_KNOWN = (*NAMED, "group", "model", "seed")  # columns whose names may be in upper case


class ScoreTable(NamedTuple):
    """Scores per target.

    Attributes
    ----------
    name : str
        What the scores are called: a model, or the file's name.
    scores : pandas.DataFrame
        A column per metric, and group; the index is target (name) and occurrence (0 for the first
        target of that name, 1 for the next, ...).
    """

    name: str
    scores: pd.DataFrame


def read_scores(path: PathLike, model: str | None, metrics: Sequence[str]) -> ScoreTable:
    """Read a table of scores per target.

    Parameters
    ----------
    path : path
        TSV or CSV with a header: a column ``name`` (or ``target``), columns of scores, and, if
        there are any, ``group``, ``model`` and ``seed``.
    model : str, optional
        Which rows to read of a table with a column ``model``; of another table, what to call it.
    metrics : sequence of str
        Columns of scores; by default those of `COMPARED` that the table has.

    Returns
    -------
    ScoreTable
        Scores of several rows of a target and model (seeds) are averaged.

    Raises
    ------
    DanqError
        The table cannot be read, or has no names, no scores, or several models to choose from.
    """
    cells = _read_cells(path)
    name_column = _name_column(cells, path)
    if "model" in cells:
        model = _choose_model(cells["model"], model, path)
        cells = cells[cells["model"] == model].copy()
    same_target = [name_column, "seed"] if "seed" in cells else name_column
    cells["occurrence"] = cells.groupby(same_target).cumcount()
    columns = metrics or [column for column in COMPARED if column in cells]
    if not columns:
        what = f"has none of the columns {', '.join(COMPARED)}; name others with --metrics"
        raise DanqError(what, path, 1)
    numbers = {column: _numbers(cells, column, path) for column in columns}
    keys = [cells[name_column].rename("target"), cells["occurrence"]]
    scores = pd.DataFrame(numbers).groupby(keys, sort=False).mean()
    group = cells["group"] if "group" in cells else pd.Series("", cells.index)
    scores["group"] = group.groupby(keys, sort=False).first()
    name = title(model) if model else Path(path).stem
    return ScoreTable(name, scores)


def _name_column(cells: pd.DataFrame, path: PathLike) -> str:
    """Return the column that holds the names of the targets."""
    for column in NAMED:
        if column in cells:
            return column
    raise DanqError("has no column name; give the targets' names in one", path, 1)


def _choose_model(models: pd.Series, model: str | None, path: PathLike) -> str:
    """Return the model whose rows are read."""
    names = list(dict.fromkeys(models))
    if model is None and len(names) == 1:
        return names[0]
    if model is None or model not in names:
        what = f"holds the models {listed(names)}; choose one of each table with --models"
        raise DanqError(what, path)
    return model


def _read_cells(path: PathLike) -> pd.DataFrame:
    """Return the cells of a table as text, with the number of each line."""
    lines = list(read_fields(path, _is_header, commas=True))
    if len(lines) < 2:
        raise DanqError("holds no row below its header; give a table of scores per target", path)
    header = lines[0]
    columns = [_column_name(name) for name in header.texts]
    if len(set(columns)) < len(columns):
        raise DanqError("has two columns of one name; rename one", path, header.line)
    rows = [_row(path, line, len(columns)) for line in lines[1:]]
    return pd.DataFrame(rows, columns=[*columns, "line"])


def _is_header(names: Sequence[str]) -> bool:
    return any(_column_name(name) in NAMED for name in names)


def _row(path: PathLike, line: Fields, n_columns: int) -> list[str | int]:
    """Return the cells of a line, and its number."""
    cells = [cell.strip() for cell in line.texts]
    if len(cells) != n_columns:
        n_cells = plural(len(cells), "cell")
        what = f"has {n_cells} where the header has {n_columns}; fix the line"
        raise DanqError(what, path, line.line)
    if any("\n" in cell for cell in cells):
        what = "a cell in double quotes goes on in the next line; end it in its own line"
        raise DanqError(what, path, line.line)
    return [*cells, line.line]


def _column_name(cell: str) -> str:
    name = cell.strip()
    lower = name.lower()
    return lower if lower in _KNOWN else name


def _numbers(cells: pd.DataFrame, column: str, path: PathLike) -> pd.Series:
    """Return a column of scores as numbers, or refuse a cell that is not one, naming its line."""
    if column not in cells:
        columns = ", ".join(cells.columns.drop(["line", "occurrence"]))
        raise DanqError(f"has no column {column!r}; it has {columns}", path, 1)
    texts = cells[column]
    unknown = texts.str.upper().isin(["", "NA", "NAN"])
    numbers = pd.to_numeric(texts.mask(unknown), errors="coerce").astype(float)
    wrong = ~np.isfinite(numbers) & ~unknown
    if wrong.any():
        text = shown(texts[wrong].iloc[0])
        line = int(cells["line"][wrong].iloc[0])
        what = f"column {column}: {text} is not a number; give NA where it is unknown"
        raise DanqError(what, path, line)
    return numbers


def join(a: pd.DataFrame, b: pd.DataFrame, paths: tuple[PathLike, PathLike]) -> pd.DataFrame:
    """Join two tables of scores.

    Parameters
    ----------
    a, b : pandas.DataFrame
        The `scores` of two `ScoreTable`.
    paths : tuple of two paths
        Their files, for messages.

    Returns
    -------
    pandas.DataFrame
        Columns metric, target, group, a, b (both scores) and difference, for the targets and
        metrics that both tables have.

    Raises
    ------
    DanqError
        They have no target, or no metric, in common.
    """
    path_a, path_b = paths
    shared = a.index.intersection(b.index, sort=False)
    if shared.empty:
        example = shown(str(b.index[0][0]))
        what = f"names none of the targets of {path_b} ({example}, ...)"
        raise DanqError(f"{what}; give the same names in both", path_a)
    metrics = [column for column in a if column in b and column != "group"]
    if not metrics:
        what = f"has no metric in common with {path_b}; name columns with --metrics"
        raise DanqError(what, path_a)
    a = a.loc[shared]
    b = b.loc[shared]
    group = a["group"].where(a["group"] != "", b["group"])
    tables = []
    for metric in metrics:
        columns = {
            "metric": metric,
            "target": shared.get_level_values(0),
            "group": group.to_numpy(),
            "a": a[metric].to_numpy(),
            "b": b[metric].to_numpy(),
        }
        tables.append(pd.DataFrame(columns))
    both = pd.concat(tables, ignore_index=True)
    return both.assign(difference=both["a"] - both["b"])
