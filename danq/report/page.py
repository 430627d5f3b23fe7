"""What a page is made of, and how it becomes one file.

Sections hold the pieces below; ``templates/report.html`` says how each looks, and
``templates/report.js`` adds what a reader can do with them: without it, everything can still be
read. Text is escaped everywhere, data for the script are JSON in elements of their own, and
drawings are markup made by `danq.plotting`.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jinja2
import numpy as np
import pandas as pd

from danq.files import PathLike, write_text
from danq.plotting.style import MARKERS, Style, hue
from danq.plotting.svg import bases_svg

# --- tables ---


class Cell(NamedTuple):
    """One cell of a table.

    Attributes
    ----------
    text : str
        What it says.
    note : str
        Smaller, below it.
    mark : str
        Its class: best, na, ...
    svg : str
        A drawing before it.
    """

    text: str
    note: str = ""
    mark: str = ""
    svg: str = ""


class Table(NamedTuple):
    """A table, made by `table` or `table_of`.

    Attributes
    ----------
    title, note : str
        Its heading, and what a reader needs to know.
    columns : list of str
        Headings.
    rows : list of list of Cell
        The first cell of a row is its heading.
    words : tuple of str
        Headings of the columns that hold words; the others hold numbers.
    more : list of list of str
        Further rows, which a script adds: as data they take a third of the room of markup.
    """

    title: str
    columns: list[str]
    rows: list[list[Cell]]
    words: tuple[str, ...]
    note: str
    more: Sequence[Sequence[str]] = ()


def table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    words: Sequence[str] = (),
    note: str = "",
) -> Table:
    """Return a table of rows whose cells are plain text or a `Cell`.

    Parameters
    ----------
    title : str
        Its heading.
    columns : sequence of str
        Headings of the columns.
    rows : sequence of sequences
        A `Cell`, or what becomes text, for each column.
    words : sequence of str
        Headings of the columns that hold words.
    note : str
        What a reader needs to know.

    Returns
    -------
    Table
    """
    cells = [[_cell(value) for value in row] for row in rows]
    return Table(title, list(columns), cells, tuple(words), note)


def _cell(value: object) -> Cell:
    return value if isinstance(value, Cell) else Cell(str(value))


class Column(NamedTuple):
    """How a column of a finding is shown.

    Attributes
    ----------
    name : str
        Its name in the finding.
    heading : str
        Its heading on the page.
    show : callable
        From a value to text or a `Cell`.
    words : bool
        Whether it holds words, and not numbers.
    """

    name: str
    heading: str
    show: Callable[[Any], str | Cell] = str
    words: bool = False


def table_of(title: str, finding: pd.DataFrame, columns: Sequence[Column], note: str = "") -> Table:
    """Return a finding as a table of the page.

    Parameters
    ----------
    title : str
        Its heading.
    finding : pandas.DataFrame
        A row of it is a row of the table.
    columns : sequence of Column
        What is shown of it, and how.
    note : str
        What a reader needs to know.

    Returns
    -------
    Table
        Without rows, which the page leaves out, when the finding is empty.
    """
    headings = [column.heading for column in columns]
    words = [column.heading for column in columns if column.words]
    if finding.empty:
        return table(title, headings, [], words, note)
    cells = [map(column.show, finding[column.name]) for column in columns]
    rows = list(zip(*cells, strict=True))
    return table(title, headings, rows, words, note)


# --- figures ---


class Numbers(NamedTuple):
    """What a figure shows, to be saved as TSV.

    Attributes
    ----------
    columns : list of str
        Headings.
    rows : list of list
        Text and numbers, these to six digits; NA where one is undefined.
    """

    columns: list[str]
    rows: list[list[Any]]


_VIEW_BOX = re.compile(r'viewBox="\S+ \S+ ([\d.]+) ([\d.]+)"')
_TALL = 3  # times as high as wide


class Figure(NamedTuple):
    """A drawing.

    Attributes
    ----------
    title, note : str
        What it shows, and what a reader needs to know.
    svg : str
        Its markup.
    legend : sequence of (Style, str)
        Colours and markers, and what they stand for.
    table : Numbers, optional
        What is drawn.
    is_wide : bool
        Whether it takes the whole width; on a narrow screen it scrolls inside its box.
    """

    title: str
    svg: str
    note: str = ""
    legend: Sequence[tuple[Style, str]] = ()
    table: Numbers | tuple[()] = ()
    is_wide: bool = False

    @property
    def is_tall(self) -> bool:
        """Whether three usual figures can stand beside it."""
        size = _VIEW_BOX.search(self.svg)
        if size is None:
            return False
        width, height = map(float, size.groups())
        return height > _TALL * width


def numbers(frame: pd.DataFrame) -> Numbers:
    """Return what a figure shows, a table of words and numbers, fit to be saved by the reader."""
    rows = []
    for row in frame.itertuples(index=False):
        rows.append([six_digits(value) for value in row])
    return Numbers(list(frame.columns), rows)


def six_digits(value: Any) -> Any:
    """Return a float to six digits, ``NA`` for an undefined one, and anything else as it is."""
    if not isinstance(value, float):
        return value
    return float(f"{value:.6g}") if np.isfinite(value) else "NA"


GLYPHS = dict(zip(MARKERS, "●■◆▲▼✚✖", strict=True))
"""Markers as characters, for legends."""


# --- other pieces ---


class Card(NamedTuple):
    """A headline number.

    Attributes
    ----------
    label, value, detail, foot : str
        Its text, from top to bottom.
    mark : str
        Where its interval lies: above, below or around 0; empty without one.
    chip : str
        The same in words.
    svg : str
        A drawing of the interval.
    """

    label: str
    value: str
    detail: str = ""
    foot: str = ""
    mark: str = ""
    chip: str = ""
    svg: str = ""


class Logo(NamedTuple):
    """A filter's logo over that of the known motif it resembles, if any.

    Attributes
    ----------
    title : str
        The factor, or the filter.
    svg, known : str
        Markup of both logos.
    identifier, link : str
        Of the known motif, and its address.
    facts : list of str
        Lines below.
    ranks : dict of str to float
        Numbers to sort logos by.
    """

    title: str
    svg: str
    known: str
    identifier: str
    link: str
    facts: list[str]
    ranks: dict[str, float]


class Gallery(NamedTuple):
    """Logos of one model, shown on demand when folded."""

    title: str
    logos: list[Logo]
    folded: bool = False


class Details(NamedTuple):
    """Text shown on demand, as it is."""

    title: str
    text: str


class Fold(NamedTuple):
    """Pieces shown on demand, in the order of its fields; it is left out when it has none.

    Attributes
    ----------
    title : str
        What a reader clicks on.
    text : sequence of str
        Paragraphs; empty ones are left out.
    points : sequence of str
        A list of sentences.
    figures : sequence of Figure
        Drawings.
    tables : sequence of Table
        Those without rows are left out.
    galleries : sequence of Gallery
        Logos.
    printed : bool
        Whether it is printed.
    """

    title: str
    text: Sequence[str] = ()
    points: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    galleries: Sequence[Gallery] = ()
    printed: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        shown = [entry for entry in self.tables if entry.rows]
        return not any((*self.text, self.points, self.figures, shown, self.galleries))


@dataclass(frozen=True)
class Section:
    """A part of the page, rendered in the order of its fields.

    Attributes
    ----------
    anchor, title : str
        Its address and its heading.
    lead : str
        One large sentence.
    overview : list of Figure
        Drawings that say the same, before everything else.
    text : list of str
        Paragraphs.
    cards : list of Card
        Headline numbers.
    points : list of str
        A list of sentences.
    cautions : list of str
        Sentences that stand out; empty ones are left out.
    figures : list of Figure
        Drawings.
    aside : list of Table
        Tables beside the figures; those without rows are left out, here and in `tables`.
    tables : list of Table
        Tables below them.
    galleries : list of Gallery
        Logos.
    folds : list of Fold
        Further pieces, shown on demand.
    details : list of Details
        Text shown on demand.
    """

    anchor: str
    title: str
    lead: str = ""
    overview: list[Figure] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    aside: list[Table] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    galleries: list[Gallery] = field(default_factory=list)
    folds: list[Fold] = field(default_factory=list)
    details: list[Details] = field(default_factory=list)


# --- the file ---


def write_page(
    path: PathLike,
    name: str,
    summary: str,
    sections: Sequence[Section],
    curves: dict[str, Any] | None = None,
    heading: str = "What does the recurrent layer add?",
) -> None:
    """Write sections as one HTML file that needs no network, and runs no script but its own.

    Parameters
    ----------
    path : path
        The page to write. The same sections give the same bytes.
    name, summary : str
        What the page is about, in its title and in the line above its headline.
    sections : sequence of Section
        From top to bottom.
    curves : dict, optional
        What a click on a target shows, see `danq.report.curve_data`; without it, targets cannot be
        clicked on.
    heading : str
        The page's headline.
    """
    loader = jinja2.PackageLoader("danq.report")
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
        lstrip_blocks=True,
    )
    environment.filters["unbroken"] = unbroken_intervals
    environment.filters["hue"] = hue
    environment.filters["inert"] = inert
    environment.filters["accessible"] = accessible
    script, _, _ = loader.get_source(environment, "report.js")
    page = environment.get_template("report.html").render(
        name=name,
        summary=summary,
        heading=heading,
        sections=sections,
        curves=curves,
        bases=bases_svg(),
        glyphs=GLYPHS,
        script=script,
        checksum=checksum(script),
    )
    write_text(path, visible(page))


# Control characters, marks that turn the direction of text, and halves of characters: no reader
# can see them, and in a name they can make a page say something else.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff]"
)

_INTERVAL = re.compile(r"\[(−?\d+\.\d+), (−?\d+\.\d+)(?=[];])")


def visible(value: Any) -> Any:
    r"""Replace what no reader can see in a text, or in every text of nested dicts and lists.

    Examples
    --------
    >>> visible(["a\u202eb", {"c\x1b": 1}]) == ["a\ufffdb", {"c\ufffd": 1}]
    True
    """
    if isinstance(value, str):
        return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {visible(key): visible(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [visible(item) for item in value]
    return value


def inert(value: Any) -> str:
    r"""Return a value as JSON that can stand inside a ``<script>`` and be nothing but data.

    No character of it can end the element or begin another
    (https://html.spec.whatwg.org/multipage/scripting.html, "Restrictions for contents of script
    elements").

    Examples
    --------
    >>> print(inert({"name": "</script>", "x": [0.5, 1]}))
    {"name":"\u003c/script\u003e","x":[0.5,1]}
    """
    text = json.dumps(
        visible(value),
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
        default=_python_scalar,
    )
    return re.sub("[<>&]", _escaped, text)


def _python_scalar(value: np.generic) -> Any:
    return value.item()


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def checksum(script: str) -> str:
    """Return the hash by which a Content-Security-Policy allows a script.

    See https://www.w3.org/TR/CSP3/.
    """
    sha256 = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(sha256).decode()}"


def accessible(svg: str, anchor: str, noted: bool) -> str:
    """Return a drawing as an image that has a name.

    Parameters
    ----------
    svg : str
        Its markup.
    anchor : str
        The element that names it.
    noted : bool
        Whether the element ``anchor-note`` describes it.

    Returns
    -------
    str
    """
    described = f' aria-describedby="{anchor}-note"' if noted else ""
    return svg.replace("<svg ", f'<svg role="img" aria-labelledby="{anchor}"{described} ', 1)


def unbroken_intervals(text: str) -> str:
    r"""Keep intervals from being broken over two lines.

    Examples
    --------
    >>> unbroken_intervals("+0.013 [0.002, 0.021], above 0")
    '+0.013 [0.002,\xa00.021], above 0'
    """
    return _INTERVAL.sub("[\\1,\N{NO-BREAK SPACE}\\2", text)
