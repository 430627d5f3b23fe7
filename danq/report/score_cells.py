"""The cells of a table of scores, from anywhere: its header, its rows, and what is a number."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from danq.errors import DanqError, DanqErrors, shown
from danq.files import PathLike
from danq.genome.fields import Fields, read_fields
from danq.records import verified_if_recorded
from danq.report.words import listed, plural, title

NAMED = ("name", "target")
"""Columns that may hold the name of a target; the first that a table has does."""

FIRST = ""
"""Name of a first column without one, as R and pandas write the names of rows."""

_KNOWN = (*NAMED, "group", "model", "seed")  # columns whose names may be in upper case
_UNNAMED = "unnamed: 0"  # what pandas calls a first column without a name, when it writes it again
_UNKNOWN = re.compile(r"[-.]?|(na|n/a|nan|null|none)(\s*\(.*\))?", re.IGNORECASE)
_SHOWN = 20  # cells that are named in a message


class Cells(NamedTuple):
    """A table as text.

    Attributes
    ----------
    path : path
        The file.
    name : str
        What its scores are called: a model, or the file's name.
    frame : pandas.DataFrame
        A column of text for each of the table's, the first of them maybe `FIRST`.
    lines : pandas.Series
        The line of each row.
    """

    path: PathLike
    name: str
    frame: pd.DataFrame
    lines: pd.Series


class Numbers(NamedTuple):
    """A column of scores.

    Attributes
    ----------
    values : pandas.Series
        NaN where a cell says that the score is unknown.
    unknown : pandas.Series
        The text of those cells.
    """

    values: pd.Series
    unknown: pd.Series


def read_cells(path: PathLike, model: str | None) -> Cells:
    """Read a table of scores as text.

    Parameters
    ----------
    path : path
        TSV or CSV with a header, in which the first column may have no name.
    model : str, optional
        Which rows to read of a table with a column ``model``; of another table, what to call it.

    Returns
    -------
    Cells

    Raises
    ------
    DanqError
        No table, a line with too few or too many cells, or several models to choose from.
    """
    verified_if_recorded(path)  # of a run; tables from elsewhere have no record
    frame = _read_frame(path)
    if "model" in frame:
        model = _choose_model(frame["model"], model, path)
        frame = frame[frame["model"] == model]
    name = title(model) if model else Path(path).stem
    return Cells(path, name, frame.drop(columns="line"), frame["line"])


def numbers(cells: Cells, columns: Sequence[str]) -> dict[str, Numbers]:
    """Return columns of scores as numbers.

    Parameters
    ----------
    cells : Cells
        The table.
    columns : sequence of str
        Some of its columns.

    Returns
    -------
    dict of str to Numbers
        By column. Unknown is what is empty, ``-``, ``.``, ``NA``, ``N/A``, ``NaN``, ``null`` or
        ``none``, in any case, with or without a remark in brackets.

    Raises
    ------
    DanqErrors
        Every cell that is neither a number nor unknown, with its line.
    DanqError
        The table lacks a column.
    """
    by_column = {}
    errors = []
    for column in columns:
        texts = cells.frame[require(cells, column)]
        is_unknown = texts.map(_is_unknown).astype(bool)
        values = pd.to_numeric(texts.mask(is_unknown), errors="coerce").astype(float)
        for row in np.flatnonzero(~np.isfinite(values) & ~is_unknown):
            what = f"column {column}: {shown(texts.iloc[row])} is not a number"
            fix = "give NA where it is unknown"
            errors.append(DanqError(f"{what}; {fix}", cells.path, int(cells.lines.iloc[row])))
        by_column[column] = Numbers(values, texts[is_unknown])
    if errors:
        raise _first_of(errors, cells.path)
    return by_column


def require(cells: Cells, column: str) -> str:
    """Return a column's name, or refuse a table that lacks it.

    Parameters
    ----------
    cells : Cells
        The table.
    column : str
        What is asked for.

    Returns
    -------
    str

    Raises
    ------
    DanqError
        The table has no such column.
    """
    if column in cells.frame:
        return column
    names = [name or "a first one without a name" for name in cells.frame]
    what = f"has no column {column!r}; it has {', '.join(names)}"
    raise DanqError(what, cells.path, 1)


def _is_unknown(text: str) -> bool:
    return _UNKNOWN.fullmatch(text) is not None


def _first_of(errors: list[DanqError], path: PathLike) -> DanqErrors:
    """Return the errors to show, and how many there are beyond."""
    n_more = len(errors) - _SHOWN
    if n_more <= 0:
        return DanqErrors(errors)
    rest = DanqError(f"{n_more} more cells are not numbers", path)
    return DanqErrors([*errors[:_SHOWN], rest])


# --- the rows ---


def _read_frame(path: PathLike) -> pd.DataFrame:
    """Return the cells of a table as text, with the number of each line."""
    lines = list(read_fields(path, _is_header, commas=True))
    if len(lines) < 2:
        raise DanqError("holds no row below its header; give a table of scores per target", path)
    header, *rows = lines
    columns = [_column_name(name) for name in header.texts]
    is_named = any(column in NAMED for column in columns)
    if not is_named and all(len(row.texts) == len(columns) + 1 for row in rows):
        columns = [FIRST, *columns]  # R's write.table gives the names of rows no heading
    if columns[0].lower() == _UNNAMED:
        columns[0] = FIRST
    if len(set(columns)) < len(columns):
        raise DanqError("has two columns of one name; rename one", path, header.line)
    if "line" in columns:
        raise DanqError("has a column 'line'; rename it", path, header.line)
    texts = [_row(path, row, len(columns)) for row in rows]
    return pd.DataFrame(texts, columns=[*columns, "line"])


def _is_header(names: Sequence[str]) -> bool:
    return any(_column_name(name) in NAMED for name in names)


def _column_name(cell: str) -> str:
    name = cell.strip()
    lower = name.lower()
    return lower if lower in _KNOWN else name


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


def _choose_model(models: pd.Series, model: str | None, path: PathLike) -> str:
    """Return the model whose rows are read."""
    names = list(dict.fromkeys(models))
    if model is None and len(names) == 1:
        return names[0]
    if model is None or model not in names:
        what = f"holds the models {listed(names)}; choose one of each table with --models"
        raise DanqError(what, path)
    return model
