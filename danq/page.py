"""What a page is made of, and how it becomes one file.

Sections hold the pieces below; ``templates/report.html`` says how each looks. Text is escaped wherever it stands;
drawings are markup made by `danq.plots`.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

import jinja2
import numpy as np

from danq import plots
from danq.files import write_text
from danq.words import interval, number, plural, signed


class Cell(NamedTuple):
    """One cell of a table: text, a smaller note below it, a mark (class) and a drawing before it."""

    text: str
    note: str = ""
    mark: str = ""
    svg: str = ""


class Table(NamedTuple):
    """A table; columns named in `words` hold words, the others numbers. Made by `table`."""

    title: str
    columns: list
    rows: list
    words: tuple
    note: str


def table(title, columns, rows, words=(), note=""):
    """Return a Table of rows whose cells are plain text or a Cell."""
    rows = [[cell if isinstance(cell, Cell) else Cell(str(cell)) for cell in row] for row in rows]
    return Table(title, columns, rows, words, note)


class Figure(NamedTuple):
    """A drawing with its legend: pairs of a `plots.Style` and what it stands for."""

    title: str
    svg: str
    note: str = ""
    legend: tuple = ()


class Card(NamedTuple):
    """A headline number; `mark` says where its interval lies (above, below or around 0), `chip` says it in words."""

    label: str
    value: str
    detail: str = ""
    foot: str = ""
    mark: str = ""
    chip: str = ""
    svg: str = ""


class Logo(NamedTuple):
    """A filter's logo over that of the known motif it resembles, if any."""

    title: str
    svg: str
    known: str
    identifier: str
    link: str
    facts: list


class Gallery(NamedTuple):
    """Logos of one model, shown on demand when folded."""

    title: str
    logos: list
    folded: bool = False


class Details(NamedTuple):
    """Text shown on demand, as it is."""

    title: str
    text: str


@dataclass(frozen=True)
class Section:
    """A part of the page, rendered in the order of its fields.

    `anchor` is its address; `points` are a list, `cautions` stand out, and the tables of `aside` stand beside the
    figures. A table without rows and an empty caution are left out.
    """

    anchor: str
    title: str
    lead: str = ""
    text: list = field(default_factory=list)
    cards: list = field(default_factory=list)
    points: list = field(default_factory=list)
    cautions: list = field(default_factory=list)
    figures: list = field(default_factory=list)
    aside: list = field(default_factory=list)
    tables: list = field(default_factory=list)
    galleries: list = field(default_factory=list)
    details: list = field(default_factory=list)


def legend(style):
    """Return the legend of groups: those beyond the palette share one entry."""
    own = [(look, group) for group, look in style.items() if look.colour != plots.OTHER]
    rest = len(style) - len(own)
    return (*own, *([(plots.Style(plots.OTHER, "o"), plural(rest, "other group"))] if rest else []))


def bound(frame):
    """Return where the line behind the intervals of a table ends."""
    return 1.1 * np.nanmax(np.append(np.abs(frame[["difference", "low", "high"]].to_numpy(float)), 1e-3))


def interval_cell(row, limit):
    """Return a cell with the difference in a row of comparison.tsv, its interval, and both drawn."""
    value, low, high = row["difference"], row["low"], row["high"]
    return Cell(signed(value), interval(low, high), "drawn" if np.isfinite(value) else "na",
                plots.interval_svg(value, low, high, limit))


def logo(motif, row, known):
    """Draw a filter; a named one as its known motif is oriented, over that motif, aligned."""
    sites = plural(motif.n_sites, "site")
    if row["named"] != "yes":
        return Logo(motif.name, plots.logo_svg(motif.matrix), "", "", "", [sites])
    turned = row["strand"] == "-"
    matrix = motif.matrix[::-1, ::-1] if turned else motif.matrix
    offset = 0 if known is None else _offset(row["offset"], len(matrix), len(known.matrix), turned)
    columns = 0 if known is None else max(len(known.matrix), offset + len(matrix)) + max(0, -offset)
    below = "" if known is None else plots.logo_svg(known.matrix, max(0, -offset), columns)
    in_jaspar = re.fullmatch(r"MA[0-9]{4}\.[0-9]+", row["match"])
    link = f"https://jaspar.elixir.no/matrix/{row['match']}/" if in_jaspar else ""
    facts = [f"{motif.name}{', turned' if turned else ''} · {sites}",
             f"q {row['q']:.1e} · empirical FDR {number(row['empirical_fdr'])}"]
    return Logo(row["factor"], plots.logo_svg(matrix, max(0, offset), columns), below, row["match"], link, facts)


def _offset(offset, width, known_width, turned):
    """Return the column of the known motif opposite the filter's first, both as the known motif is oriented.

    Examples
    --------
    >>> _offset(1, 4, 8, turned=False), _offset(1, 4, 8, turned=True)
    (1, 3)
    """
    return int(known_width - width - offset if turned else offset)


GLYPHS = dict(zip(plots.MARKERS, "●■◆▲▼✚✖", strict=True))
"""Markers as letters, for legends."""

# Control characters, marks that turn the direction of text, and halves of characters: no reader can see them,
# and in a name they can make a page say something else.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

_INTERVAL = re.compile(r"\[(−?\d+\.\d+), (−?\d+\.\d+)\]")


def write_page(path, name, summary, sections):
    """Write sections as one HTML file that needs no network and runs no script.

    Parameters
    ----------
    path : path
        The page to make. The same sections give the same bytes.
    name, summary : str
        What the page is about, in its title and in the line above its headline.
    sections : list of Section
    """
    environment = jinja2.Environment(loader=jinja2.PackageLoader("danq"), autoescape=True, trim_blocks=True,
                                     undefined=jinja2.StrictUndefined, lstrip_blocks=True)
    environment.filters["whole"] = whole_intervals
    page = environment.get_template("report.html").render(
        name=name, summary=summary, sections=sections, letters=plots.letters_svg(), glyphs=GLYPHS)
    write_text(path, _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", page))


def whole_intervals(text):
    r"""Keep intervals from being broken over two lines.

    Examples
    --------
    >>> whole_intervals("+0.013 [0.002, 0.021], above 0")
    '+0.013 [0.002,\xa00.021], above 0'
    """
    return _INTERVAL.sub("[\\1,\N{NO-BREAK SPACE}\\2]", text)
