"""The logos of filters, each over the known motif that it resembles."""

import re
from typing import NamedTuple

import pandas as pd

from danq.motif.meme import Motif
from danq.plotting.svg import logo_svg
from danq.report.page import Logo
from danq.report.words import began_as, number, plural, signed

_JASPAR = re.compile(r"MA[0-9]{4}\.[0-9]+")


class Alignment(NamedTuple):
    """A filter and a known motif, in the same columns.

    Attributes
    ----------
    filter_lead, known_lead : int
        Empty columns before each.
    columns : int
        Columns that both take together.
    """

    filter_lead: int
    known_lead: int
    columns: int


def align(offset: float, width: int, known_width: int, reverse: bool) -> Alignment:
    """Align a filter with a known motif, both on the strand of the known motif.

    Parameters
    ----------
    offset : float
        Column of the known motif opposite the filter's first, as Tomtom found it.
    width, known_width : int
        Columns of the filter and of the known motif.
    reverse : bool
        Whether the filter matches as its reverse complement: the offset is then that of the known
        motif's reverse complement.

    Returns
    -------
    Alignment

    Examples
    --------
    >>> align(1, 4, 8, reverse=False), align(1, 4, 8, reverse=True)
    (Alignment(filter_lead=1, known_lead=0, columns=8), Alignment(filter_lead=3, known_lead=0, \
columns=8))
    """
    start = int(known_width - width - offset if reverse else offset)
    known_lead = max(0, -start)
    columns = max(known_width, start + width) + known_lead
    return Alignment(max(0, start), known_lead, columns)


def logo(
    motif: Motif,
    row: pd.Series,
    known: Motif | None,
    effect: pd.Series | None = None,
    copies: int = 0,
    word: str = "",
) -> Logo:
    """Draw a filter; a named one over its known motif, aligned and on the strand of that motif.

    Parameters
    ----------
    motif : Motif
        The filter's motif.
    row : pandas.Series
        Its best match, of matches.tsv.
    known : Motif or None
        The known motif.
    effect : pandas.Series, optional
        What ablation does: name (of the target) and effect (fall of its log-odds).
    copies : int
        How many other filters are copies of it.
    word : str
        Target and enriched word that the filter began as; empty for another filter.

    Returns
    -------
    Logo
    """
    sites = _sites(motif, copies)
    ablated = [] if effect is None else [_ablated(effect)]
    began = [began_as(word)] if word else []
    size = 0 if effect is None else round(abs(effect["effect"]), 6)
    ranks = {"sites": motif.n_sites, "effect": size}
    if row["named"] != "yes":
        svg = logo_svg(motif.matrix)
        return Logo(motif.name, svg, "", "", "", [sites, *ablated, *began], ranks)
    svgs = _aligned_svgs(motif, row, known)
    strand = ", reverse-complemented" if row["strand"] == "-" else ""
    confidence = f"q {row['q']:.1e} · empirical FDR {number(row['empirical_fdr'])}"
    facts = [f"{motif.name}{strand} · {sites}", confidence, *ablated, *began]
    if row["family"] not in ("", "NA"):
        facts.append(row["family"])
    ranks["q"] = row["q"]
    match = row["match"]
    return Logo(row["factor"], svgs.motif, svgs.known, match, _link(match), facts, ranks)


def _sites(motif: Motif, copies: int) -> str:
    text = plural(motif.n_sites, "site")
    if not copies:
        return text
    noun = "copy" if copies == 1 else "copies"
    return f"{text} · {copies} {noun}"


def _ablated(effect: pd.Series) -> str:
    return f"ablated: {effect['name']} {signed(-effect['effect'])} in log-odds"


def _link(match: str) -> str:
    """Return the address of a motif of JASPAR; an empty string for another."""
    return f"https://jaspar.elixir.no/matrix/{match}/" if _JASPAR.fullmatch(match) else ""


class _Svgs(NamedTuple):
    """Markup of a filter's logo and of the known motif's."""

    motif: str
    known: str


def _aligned_svgs(motif: Motif, row: pd.Series, known: Motif | None) -> _Svgs:
    reverse = row["strand"] == "-"
    matrix = motif.reverse_complement().matrix if reverse else motif.matrix
    if known is None:
        return _Svgs(logo_svg(matrix), "")
    filter_lead, known_lead, columns = align(row["offset"], len(matrix), len(known.matrix), reverse)
    filter_svg = logo_svg(matrix, filter_lead, columns)
    known_svg = logo_svg(known.matrix, known_lead, columns)
    return _Svgs(filter_svg, known_svg)
