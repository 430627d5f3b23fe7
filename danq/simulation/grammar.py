"""The planted grammar: the motifs, the targets that depend on them, and the rules.

Sites of eleven JASPAR motifs are planted in an AT-rich background. Seven targets, in six groups,
depend on them:

=======  =========  =========================  =======================  ==========================
target   group      parts                      positive when            decoy when
=======  =========  =========================  =======================  ==========================
CTCF     single     both halves of a CTCF      the halves are in their  the halves are swapped
                    site                       order
ZNF143   single     both halves of a ZNF143    the halves are in their  the halves are swapped
                    site                       order
ELF4     count      a run of ELF4 sites        3 or more are within     1 or 2 are within 200 bp
                                               200 bp
ONECUT3  order      ONECUT3 and HNF4A, 40 to   both are on one strand,  HNF4A comes first, or they
                    160 bp between them        and ONECUT3 comes first  are on different strands
                                               along it
SRF      inhibitor  SRF                        no REST is within        REST is within 200 bp
                                               200 bp
TFE3     insulator  TFE3 and TP53, 70 to       no CTCF is between them  CTCF is between them
                    200 bp between them        (outside it may be)
GFI1     helix      GFI1 and ZIC1, their       their distance is        it is nearer a half turn:
                    centres 2.75 to 12.75      nearer a whole turn:     they face opposite ways
                    turns apart                they face the same way
=======  =========  =========================  =======================  ==========================

Distances are between the near edges of two sites, but between centres for the helix, whose turn is
10.5 bp (measured in solution: 10.4 +- 0.1 bp, Wang 1979, https://doi.org/10.1073/pnas.76.1.200).

The rules read every planted site, whatever it was planted for: a REST that lies by chance within
200 bp of an SRF makes that SRF a decoy. So positives and decoys have the same parts at the same
distances, and a model that knows only the parts cannot tell them apart. A rule holds or fails for a
200-bp *element*, centred on the parts.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.genome.intervals import ranges
from danq.motif.meme import Motif, jaspar

RELEASE = "JASPAR2024"
"""The release of JASPAR that has the planted motifs (https://doi.org/10.1093/nar/gkad1059)."""

MOTIFS = {
    "CTCF": "MA0139.2",
    "ZNF143": "MA0088.2",
    "ELF4": "MA0641.1",
    "ONECUT3": "MA0757.2",
    "HNF4A": "MA1494.2",
    "SRF": "MA0083.3",
    "REST": "MA0138.3",
    "TFE3": "MA0831.3",
    "TP53": "MA0106.3",
    "GFI1": "MA0038.3",
    "ZIC1": "MA0696.1",
}
"""Planted factors and the identifiers of their matrices in `RELEASE`, 15 to 23 bits each."""

SWAPPED = "-swapped"
"""Marks a broken copy: ``CTCF-swapped`` is a CTCF site whose left and right half are swapped."""

ELEMENT = 200
"""Length of an element (bp)."""

TURN = 10.5
"""Length of a turn of the double helix (bp)."""


@functools.cache  # the database is read once: the truth of many figures asks for these
def planted_motifs() -> dict[str, Motif]:
    """Return the planted motifs by factor, in the order of `MOTIFS`."""
    motifs = jaspar(RELEASE, names=list(MOTIFS.values()))
    return dict(zip(MOTIFS, motifs, strict=True))


# --- the rules: a table of sites in, a table of elements out ---


def single(sites: pd.DataFrame, factor: str) -> pd.DataFrame:
    """Mark each site of a factor as positive, and each broken copy as decoy.

    Parameters
    ----------
    sites : pandas.DataFrame
        Columns chrom, start, end (bp, 0-based half-open), strand ("+" or "-") and factor, sorted by
        chrom and start.
    factor : str
        A key of `MOTIFS`.

    Returns
    -------
    pandas.DataFrame
        A row per element: chrom, start, end (bp, 0-based half-open, not yet shifted inside the
        chromosome) and kind ("positive" or "decoy").
    """
    intact = sites["factor"] == factor
    broken = sites["factor"] == factor + SWAPPED
    rows = np.flatnonzero(intact | broken)
    positive = intact.to_numpy()[rows]
    return _elements(sites, rows, rows, positive)


def count(sites: pd.DataFrame) -> pd.DataFrame:
    """Mark runs of ELF4: positive where three lie within 200 bp; tables as in `single`."""
    rows = _rows(sites, "ELF4")
    start, end = _flat(sites.iloc[rows])
    triples = end[2:] - start[:-2] <= ELEMENT
    in_triple = np.zeros(len(rows), dtype=bool)
    in_triple[:-2] |= triples
    in_triple[1:-1] |= triples
    in_triple[2:] |= triples
    # Neighbours belong to one run when a triple holds both, or when they are near and no triple
    # holds either.
    near = end[1:] - start[:-1] <= ELEMENT
    either_in_triple = in_triple[1:] | in_triple[:-1]
    linked = near & ~either_in_triple
    linked[:-1] |= triples
    linked[1:] |= triples
    is_first = np.ones(len(rows), dtype=bool)
    is_first[1:] = ~linked
    is_last = np.ones(len(rows), dtype=bool)
    is_last[:-1] = ~linked
    return _elements(sites, rows[is_first], rows[is_last], in_triple[is_first])


def order(sites: pd.DataFrame) -> pd.DataFrame:
    """Mark pairs of ONECUT3 and HNF4A: positive in this order on one strand; as in `single`."""
    onecut, hnf = _pairs(sites, "ONECUT3", "HNF4A", 40, 160)
    start = sites["start"].to_numpy()
    strand = sites["strand"].to_numpy()
    onecut_is_left = start[onecut] < start[hnf]
    onecut_is_plus = strand[onecut] == "+"
    same_strand = strand[onecut] == strand[hnf]
    onecut_is_first = onecut_is_left == onecut_is_plus
    return _elements(sites, onecut, hnf, onecut_is_first & same_strand)


def inhibitor(sites: pd.DataFrame) -> pd.DataFrame:
    """Mark each SRF: positive where no REST is within 200 bp; tables as in `single`."""
    rows = _rows(sites, "SRF")
    pairs = _pairs(sites, "SRF", "REST", 0, 200)
    inhibited = np.isin(rows, pairs.rows)
    return _elements(sites, rows, rows, ~inhibited)


def insulator(sites: pd.DataFrame) -> pd.DataFrame:
    """Mark pairs of TFE3 and TP53: positive with no CTCF site between them; as in `single`."""
    tfe, tp = _pairs(sites, "TFE3", "TP53", 70, 200)
    start, end = _flat(sites)
    gap_start = np.minimum(end[tfe], end[tp])
    gap_end = np.maximum(start[tfe], start[tp])
    ctcf = _rows(sites, "CTCF")
    started_before = np.searchsorted(start[ctcf], gap_start)
    ended_before = np.searchsorted(end[ctcf], gap_end, side="right")
    insulated = started_before < ended_before
    return _elements(sites, tfe, tp, ~insulated)


def helix(sites: pd.DataFrame) -> pd.DataFrame:
    """Mark pairs of GFI1 and ZIC1: positive where they face the same way; as in `single`."""
    farthest = round(13 * TURN)
    gfi, zic = _pairs(sites, "GFI1", "ZIC1", 0, farthest)
    span = sites["start"] + sites["end"]
    centre = span.to_numpy() / 2
    distance = np.abs(centre[gfi] - centre[zic])
    turns = distance / TURN
    off_whole_turn = turns - np.round(turns)
    same_face = np.abs(off_whole_turn) < 0.25
    counts = (turns > 2.75) & (turns < 12.75)
    return _elements(sites, gfi[counts], zic[counts], same_face[counts])


@dataclass(frozen=True)
class Target:
    """A simulated target.

    Attributes
    ----------
    name : str
        Its main factor, a key of `MOTIFS`.
    group : str
        The kind of its grammar.
    rule : callable
        Turns a table of sites into one of elements, as `single` does.
    """

    name: str
    group: str
    rule: Callable[[pd.DataFrame], pd.DataFrame]


_CTCF = partial(single, factor="CTCF")
_ZNF143 = partial(single, factor="ZNF143")

TARGETS = (
    Target("CTCF", "single", _CTCF),
    Target("ZNF143", "single", _ZNF143),
    Target("ELF4", "count", count),
    Target("ONECUT3", "order", order),
    Target("SRF", "inhibitor", inhibitor),
    Target("TFE3", "insulator", insulator),
    Target("GFI1", "helix", helix),
)
"""The targets, in the order of their index."""


# --- what the rules share ---


class _Intervals(NamedTuple):
    """Start and end of sites on one axis, int64 (n,)."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]


class _Pairs(NamedTuple):
    """Rows in the table of sites: a site of one factor, and its partner, intp (n,)."""

    rows: NDArray[np.intp]
    partners: NDArray[np.intp]


def _rows(sites: pd.DataFrame, factor: str) -> NDArray[np.intp]:
    """Return the rows that hold sites of a factor."""
    return np.flatnonzero(sites["factor"] == factor)


def _flat(sites: pd.DataFrame) -> _Intervals:
    """Return sites on one axis, on which chromosomes are too far apart to meet."""
    numbers, _ = pd.factorize(sites["chrom"])
    shift = numbers.astype(np.int64) << 40
    start = sites["start"].to_numpy()
    end = sites["end"].to_numpy()
    return _Intervals(start + shift, end + shift)


def _pairs(sites: pd.DataFrame, factor: str, partner: str, nearest: int, farthest: int) -> _Pairs:
    """Return all pairs of two factors with `nearest` to `farthest` bp (inclusive) between them."""
    start, end = _flat(sites)
    factor_rows = _rows(sites, factor)
    partner_rows = _rows(sites, partner)
    # The partners of a site are consecutive among the sites of their factor.
    earliest_end = start[factor_rows] - farthest
    latest_start = end[factor_rows] + farthest
    first_partner = np.searchsorted(end[partner_rows], earliest_end)
    next_partner = np.searchsorted(start[partner_rows], latest_start, side="right")
    counts = next_partner - first_partner
    rows = np.repeat(factor_rows, counts)
    partners = partner_rows[ranges(first_partner, counts)]
    gap_right = start[partners] - end[rows]
    gap_left = start[rows] - end[partners]
    gap = np.maximum(gap_right, gap_left).clip(min=0)
    far_enough = gap >= nearest
    return _Pairs(rows[far_enough], partners[far_enough])


def _elements(
    sites: pd.DataFrame,
    rows: NDArray[np.intp],
    partners: NDArray[np.intp],
    positive: NDArray[np.bool_],
) -> pd.DataFrame:
    """Return the 200-bp elements centred on what `rows` and `partners` of `sites` span together."""
    start = sites["start"].to_numpy()
    end = sites["end"].to_numpy()
    left = np.minimum(start[rows], start[partners])
    right = np.maximum(end[rows], end[partners])
    middle = (left + right) // 2
    table = pd.DataFrame()
    table["chrom"] = sites["chrom"].array[rows]
    table["start"] = middle - ELEMENT // 2
    table["end"] = middle + ELEMENT // 2
    table["kind"] = np.where(positive, "positive", "decoy")
    return table
