"""Lines and fields of the tables that users write: the one reader of all of them.

A line whose first non-blank character is ``#`` is a comment; so no comment becomes data.
"""

import csv
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.reading import read_lines

_BLANKS = " \t"
_WITHOUT_QUOTES = "write the table without quotes (in R: quote = FALSE)"


class Fields(NamedTuple):
    """A row of a table.

    Attributes
    ----------
    line : int
        Number of its (first) line, from 1.
    texts : list of str
        Its fields.
    """

    line: int
    texts: list[str]


class _Line(NamedTuple):
    """A line of a text, and its number from 1."""

    number: int
    text: str


class _Form(NamedTuple):
    """How fields are separated, and quoted: each by itself as in CSV, or all of a table."""

    delimiter: str
    csv_quotes: bool
    all_quoted: bool


def read_fields(
    path: PathLike,
    is_header: Callable[[Sequence[str]], bool] | None = None,
    *,
    commas: bool = False,
    csv_quotes: bool = False,
) -> Iterator[Fields]:
    """Yield the fields of each line of a table, the header first.

    Comments, empty lines and a byte-order mark are skipped. The header may itself begin with ``#``
    (``#name<tab>file``): the last such line counts if the first line below it is not a header.

    Parameters
    ----------
    path : str or path-like
        The table, UTF-8, plain or gzip, separated by tabs.
    is_header : callable, optional
        Says of a list of column names whether it can be the header; by default no comment is one.
    commas : bool
        Whether a table whose header has no tab is read as CSV.
    csv_quotes : bool
        Whether each field may be quoted by itself, as CSV is; otherwise either every field of the
        header is in double quotes, which are removed in the whole table, or no field is.

    Yields
    ------
    Fields
        Line number, and texts without their quotes.

    Raises
    ------
    DanqError
        The file cannot be read, is not UTF-8, or is quoted in another way.
    """
    lines = _text_lines(path)
    form = None
    for line in _rows(lines, is_header or _is_never, commas):
        form = form or _form(line.text, commas, csv_quotes)
        if form.csv_quotes:
            texts = _csv_fields(path, line, lines, form.delimiter)
        else:
            texts = _plain_fields(path, line, form)
        yield Fields(line.number, texts)


def _text_lines(path: PathLike) -> Iterator[_Line]:
    """Yield the lines of a file without its byte-order mark."""
    for number, raw in read_lines(path):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            what = "not UTF-8 text; save the file as UTF-8"
            raise DanqError(what, path, number) from None
        if number == 1:
            text = text.removeprefix("\ufeff")
        yield _Line(number, text)


def _rows(
    lines: Iterator[_Line], is_header: Callable[[Sequence[str]], bool], commas: bool
) -> Iterator[_Line]:
    """Yield the lines that are neither empty nor comments, and before them a header in a comment.

    A reader of CSV may take further lines of a row from `lines` in between.
    """
    header = None
    is_first = True
    for line in lines:
        text = line.text.lstrip(_BLANKS)
        if text.startswith("#"):
            names = text[1:].lstrip(" ")
            if is_first and is_header(_names(names, commas)):
                header = _Line(line.number, names)
        elif text:
            if is_first and header and not is_header(_names(line.text, commas)):
                yield header
            is_first = False
            yield line
    if is_first and header:
        yield header


def _is_never(names: Sequence[str]) -> bool:
    return False


def _names(text: str, commas: bool) -> list[str]:
    """Return the column names of a line that may be a header; none of a line that has one field."""
    cells = text.split(_delimiter(text, commas))
    if len(cells) < 2 or text.startswith("#"):
        return []
    return [cell.strip().strip('"') for cell in cells]


def _delimiter(header: str, commas: bool) -> str:
    if commas and "\t" not in header:
        return ","
    return "\t"


def _form(header: str, commas: bool, csv_quotes: bool) -> _Form:
    """Return how the fields of a table are written, by its header."""
    delimiter = _delimiter(header, commas)
    all_quoted = all(map(_is_quoted, header.split(delimiter)))
    return _Form(delimiter, csv_quotes or delimiter == ",", all_quoted)


def _is_quoted(field: str) -> bool:
    return len(field) > 1 and field.startswith('"') and field.endswith('"')


def _plain_fields(path: PathLike, line: _Line, form: _Form) -> list[str]:
    """Return the fields of a line, unwrapped where the whole table is quoted."""
    texts = []
    for field in line.text.split(form.delimiter):
        text = field
        if form.all_quoted and _is_quoted(field):
            text = field[1:-1]
        elif _is_quoted(field):
            what = f"{shown(field)} is in double quotes, but not every field of the header is"
            raise DanqError(f"{what}; {_WITHOUT_QUOTES}", path, line.number)
        if form.all_quoted and '"' in text:
            what = f"{shown(field)} has a double quote inside, or at one end only"
            raise DanqError(f"{what}; {_WITHOUT_QUOTES}", path, line.number)
        texts.append(text)
    return texts


def _csv_fields(path: PathLike, line: _Line, lines: Iterator[_Line], delimiter: str) -> list[str]:
    """Return the fields of a row as Python's csv does; a field in quotes may go over lines."""
    rest = itertools.chain([line], lines)
    texts = (f"{text}\n" for _, text in rest)
    reader = csv.reader(texts, delimiter=delimiter, strict=True)
    try:
        return next(reader)
    except csv.Error as error:
        what = f"the double quotes of this row do not match ({error})"
        fix = "fix the row, or download or write the table again"
        raise DanqError(f"{what}; {fix}", path, line.number) from None
