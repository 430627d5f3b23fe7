"""Tables, JSON and text of a run's folder, checked as they are read."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from danq.errors import DanqError, shown
from danq.files import PathLike, read_table
from danq.reading import read_lines
from danq.wording import NAME


def read_text(path: PathLike) -> str:
    """Return a text file as text, whatever its bytes; a missing one is a DanqError."""
    lines = [line.decode("utf-8", "replace") for _, line in read_lines(path)]
    return "\n".join(lines)


def read_json(path: PathLike) -> dict[str, Any]:
    """Return the object in a JSON file; an empty one where there is no file or no object.

    These objects are only displayed, so a damaged file costs no more than its own content.
    """
    if not Path(path).exists():
        return {}
    try:
        content = json.loads(read_text(path))
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def read_checked_table(
    path: PathLike, text: Sequence[str] = (), numbers: Sequence[str] = ()
) -> pd.DataFrame:
    """Read a table of danq that must have certain columns.

    Parameters
    ----------
    path : path
        A TSV, as `danq.files.read_table` reads it.
    text : sequence of str
        Columns that hold text; what is undefined in them becomes ``NA``.
    numbers : sequence of str
        Columns that hold numbers; what is undefined in them becomes nan.

    Returns
    -------
    pandas.DataFrame
        All columns of the table.

    Raises
    ------
    DanqError
        The table is missing or unreadable, lacks a column, or has text where a number belongs.
    """
    frame = _readable_table(path)
    for column in (*text, *numbers):
        if column not in frame:
            what = f"no column {column}; make the file again with this version of danq"
            raise DanqError(what, path)
    for column in numbers:
        frame[column] = to_numbers(frame[column], path)
    for column in text:
        texts = frame[column].astype(str)
        frame[column] = texts.mask(frame[column].isna(), "NA")
    return frame


def _readable_table(path: PathLike) -> pd.DataFrame:
    try:
        return read_table(path)
    except (OSError, ValueError, EOFError) as error:
        reason = str(error).splitlines()[0]
        what = f"cannot be read as a table ({reason}); make it again"
        raise DanqError(what, path) from error


def read_optional_table(
    path: PathLike, text: Sequence[str] = (), numbers: Sequence[str] = ()
) -> pd.DataFrame | None:
    """Read a table that a run may lack.

    Parameters
    ----------
    path, text, numbers
        As of `read_checked_table`.

    Returns
    -------
    pandas.DataFrame or None
        None where there is no file.

    Raises
    ------
    DanqError
        As `read_checked_table`.
    """
    return read_checked_table(path, text, numbers) if Path(path).exists() else None


def to_numbers(values: pd.Series, path: PathLike) -> pd.Series:
    """Return a column of a table as float.

    Parameters
    ----------
    values : pandas.Series
        The column, by its name.
    path : path
        The table, for the message.

    Returns
    -------
    pandas.Series of float64
        nan where the table has no value.

    Raises
    ------
    DanqError
        A cell is not a number; the message names its line.
    """
    numbers = pd.to_numeric(values, errors="coerce")
    wrong = values.notna() & numbers.isna()
    if wrong.any():
        line = int(wrong.to_numpy().argmax()) + 2
        text = shown(str(values[wrong].iloc[0]))
        what = f"column {values.name}: {text} is not a number; make the file again"
        raise DanqError(what, path, line)
    return numbers.astype(float)


def refuse_odd_models(names: pd.Series, path: PathLike) -> None:
    """Refuse what cannot be the name of a model, because names become parts of paths and figures.

    Parameters
    ----------
    names : pandas.Series of str
        A column of models.
    path : path
        The table, for the message.

    Raises
    ------
    DanqError
        A name does not match `danq.wording.NAME`.
    """
    for name in names.unique():
        if not re.fullmatch(NAME, str(name)):
            text = shown(str(name))
            what = f"{text} is not the name of a model; make the file again with danq evaluate"
            raise DanqError(what, path)
