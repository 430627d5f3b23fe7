"""What a page is made of, and how it becomes one file.

Sections hold the pieces below; ``templates/report.html`` says how each looks, and ``templates/report.js`` adds what a
reader can do with them: without it, everything still reads. Text is escaped wherever it stands, data for the script are
JSON in elements of their own, and drawings are markup made by `danq.plotting`.
"""

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import NamedTuple

import jinja2
import numpy as np

from danq.files import write_text
from danq.plotting.style import MARKERS, hue, styles
from danq.plotting.svg import bases_svg, interval_svg, logo_svg
from danq.report.words import SURE, interval, number, plural, signed


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
    """A drawing with its legend, pairs of a `Style` and what it stands for; its `numbers`, to be saved as TSV."""

    title: str
    svg: str
    note: str = ""
    legend: tuple = ()
    table: tuple = ()


def numbers(frame):
    """Return what a figure shows as the columns and rows of its `table`.

    Parameters
    ----------
    frame : pandas.DataFrame
        Words and numbers; these are kept to six digits, and NA where they are undefined.

    Returns
    -------
    tuple of (list of str, list of list)
    """
    return list(frame.columns), [
        [_six_digits(value) for value in row] for row in frame.itertuples(index=False)
    ]


def _six_digits(value):
    if not isinstance(value, float):
        return value
    return float(f"{value:.6g}") if np.isfinite(value) else "NA"


def precision_recall(frame, models, targets, scores):
    """Return what the page draws when the reader clicks on a target: its precision-recall curves.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns model, target, recall, precision: one curve for each model and target, on the same levels of recall.
    models : dict of str to str
        What each model is called, in the order in which they are listed.
    targets : pandas.DataFrame
        One row per target (its index): label, group, prevalence.
    scores : pandas.DataFrame, targets by models
        AUPRC.

    Returns
    -------
    dict
        Fit for JSON: ``recall`` and ``precision`` in thousandths (int), the models with their colours, and by target
        the rest. A model without a curve has None in its place; a target without any is left out.
    """
    wide = frame.pivot(index=["target", "model"], columns="recall", values="precision")
    drawn = {
        key: [None if np.isnan(value) else round(1000 * value) for value in row]
        for key, row in zip(wide.index, wide.to_numpy(float).tolist(), strict=True)
    }
    # A model has the same colour here as where all of them are drawn.
    style, shown = styles(models), [model for model in models if model in set(frame["model"])]
    known = targets[targets.index.isin(frame["target"])]
    return {
        "recall": [round(1000 * level) for level in wide.columns],
        "models": [
            {
                "name": models[model],
                "colour": hue(style[model].colour),
                "glyph": GLYPHS[style[model].marker],
            }
            for model in shown
        ],
        "targets": {
            str(row.Index): {
                "name": row.label,
                "group": row.group,
                "prevalence": _six_digits(row.prevalence),
                "auprc": [number(scores.loc[row.Index, model]) for model in shown],
                "precision": [drawn.get((row.Index, model)) for model in shown],
            }
            for row in known.itertuples()
        },
    }


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
    """A filter's logo over that of the known motif it resembles, if any; `ranks` are numbers to sort logos by."""

    title: str
    svg: str
    known: str
    identifier: str
    link: str
    facts: list
    ranks: dict


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


def bound(frame):
    """Return where the line behind the intervals of a table ends."""
    return 1.1 * np.nanmax(
        np.append(np.abs(frame[["difference", "low", "high"]].to_numpy(float)), 1e-3)
    )


def interval_cell(row, limit):
    """Return a cell with the difference in a row of comparison.tsv, its interval, and both drawn."""
    value, low, high = row["difference"], row["low"], row["high"]
    sure = " sure" if row["q"] < SURE else ""
    return Cell(
        signed(value),
        interval(low, high),
        f"drawn{sure}" if np.isfinite(value) else "na",
        interval_svg(value, low, high, limit),
    )


def logo(motif, row, known, effect=None, copies=0):
    """Draw a filter; a named one as its known motif is oriented, over that motif, aligned.

    Parameters
    ----------
    motif : Motif
    row : pandas.Series
        Its best match, of matches.tsv.
    known : Motif or None
        The known motif.
    effect : pandas.Series, optional
        What ablation does: name (of the target) and effect (fall of its log-odds).
    copies : int
        How many other filters are copies of it.

    Returns
    -------
    Logo
    """
    sites = plural(motif.n_sites, "site") + (
        f" · {copies} {'copy' if copies == 1 else 'copies'}" if copies else ""
    )
    does = (
        []
        if effect is None
        else [f"ablated: {effect['name']} {signed(-effect['effect'])} in log-odds"]
    )
    ranks = {
        "sites": motif.n_sites,
        "effect": 0 if effect is None else round(abs(effect["effect"]), 6),
    }
    if row["named"] != "yes":
        return Logo(motif.name, logo_svg(motif.matrix), "", "", "", [sites, *does], ranks)
    turned = row["strand"] == "-"
    matrix = motif.matrix[::-1, ::-1] if turned else motif.matrix
    offset = 0 if known is None else _offset(row["offset"], len(matrix), len(known.matrix), turned)
    columns = 0 if known is None else max(len(known.matrix), offset + len(matrix)) + max(0, -offset)
    below = "" if known is None else logo_svg(known.matrix, max(0, -offset), columns)
    in_jaspar = re.fullmatch(r"MA[0-9]{4}\.[0-9]+", row["match"])
    link = f"https://jaspar.elixir.no/matrix/{row['match']}/" if in_jaspar else ""
    family = [] if row["family"] in ("", "NA") else [row["family"]]
    facts = [
        f"{motif.name}{', turned' if turned else ''} · {sites}",
        f"q {row['q']:.1e} · empirical FDR {number(row['empirical_fdr'])}",
        *does,
        *family,
    ]
    return Logo(
        row["factor"],
        logo_svg(matrix, max(0, offset), columns),
        below,
        row["match"],
        link,
        facts,
        ranks | {"q": row["q"]},
    )


def _offset(offset, width, known_width, turned):
    """Return the column of the known motif opposite the filter's first, both as the known motif is oriented.

    Examples
    --------
    >>> _offset(1, 4, 8, turned=False), _offset(1, 4, 8, turned=True)
    (1, 3)
    """
    return int(known_width - width - offset if turned else offset)


GLYPHS = dict(zip(MARKERS, "●■◆▲▼✚✖", strict=True))
"""Markers as letters, for legends."""

# Control characters, marks that turn the direction of text, and halves of characters: no reader can see them,
# and in a name they can make a page say something else.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff]"
)

_INTERVAL = re.compile(r"\[(−?\d+\.\d+), (−?\d+\.\d+)\]")


def write_page(
    path, name, summary, sections, curves=None, heading="What does the recurrent layer add?"
):
    """Write sections as one HTML file that needs no network, and runs no script but its own.

    Parameters
    ----------
    path : path
        The page to make. The same sections give the same bytes.
    name, summary : str
        What the page is about, in its title and in the line above its headline.
    sections : list of Section
    curves : dict, optional
        What a click on a target shows, see `precision_recall`; without it, targets cannot be clicked on.
    heading : str
        The page's headline.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("danq.report"),
        autoescape=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "whole": whole_intervals,
        "hue": hue,
        "inert": inert,
        "accessible": accessible,
    }
    script = environment.loader.get_source(environment, "report.js")[0]
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
    write_text(path, seen(page))


def seen(value):
    r"""Replace what no reader can see in a text, or in every text of nested dicts and lists.

    Examples
    --------
    >>> seen(["a\u202eb", {"c\x1b": 1}]) == ["a\ufffdb", {"c\ufffd": 1}]
    True
    """
    if isinstance(value, str):
        return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {seen(key): seen(item) for key, item in value.items()}
    return [*map(seen, value)] if isinstance(value, list | tuple) else value


def inert(value):
    r"""Return a value as JSON that can stand inside a ``<script>`` and be nothing but data.

    No base of it can end the element or begin another (https://html.spec.whatwg.org/multipage/scripting.html,
    "Restrictions for contents of script elements").

    Examples
    --------
    >>> print(inert({"name": "</script>", "x": [0.5, 1]}))
    {"name":"\u003c/script\u003e","x":[0.5,1]}
    """
    text = json.dumps(
        seen(value),
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
        default=lambda scalar: scalar.item(),
    )
    return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", text)


def checksum(script):
    """Return the hash by which a Content-Security-Policy allows this script (https://www.w3.org/TR/CSP3/)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def accessible(svg, anchor, noted):
    """Return a drawing as an image named by the element ``anchor`` and, when `noted`, described by ``anchor-note``."""
    described = f' aria-describedby="{anchor}-note"' if noted else ""
    return svg.replace("<svg ", f'<svg role="img" aria-labelledby="{anchor}"{described} ', 1)


def whole_intervals(text):
    r"""Keep intervals from being broken over two lines.

    Examples
    --------
    >>> whole_intervals("+0.013 [0.002, 0.021], above 0")
    '+0.013 [0.002,\xa00.021], above 0'
    """
    return _INTERVAL.sub("[\\1,\N{NO-BREAK SPACE}\\2]", text)
