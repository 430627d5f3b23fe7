"""What is true of a simulated genome: where the rules hold, and what a model should make of them.

`elements` applies the rules of `danq.simulation.grammar` to a table of sites; the other functions
read its result: bin by bin, or for two motifs at growing distance.
"""

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.files import PathLike
from danq.genome.bins import Grid, coverage
from danq.genome.tables import read_rows
from danq.motif.meme import Motif
from danq.motif.sites import ARRANGEMENTS, pair_starts
from danq.simulation.grammar import ELEMENT, MOTIFS, TARGETS, planted_motifs

_ELEMENT_COLUMNS = ["chrom", "start", "end", "target", "kind"]
_CASE_COLUMNS = ["a", "b", "order", "orientation", "distance"]
_BOTH, _ONLY_A, _ONLY_B = range(3)  # what a window of a case holds


def elements(sites: pd.DataFrame, chromosome_length: int) -> pd.DataFrame:
    """Apply every target's rule to all planted sites.

    Parameters
    ----------
    sites : pandas.DataFrame
        Columns chrom, start, end (bp, 0-based half-open), strand ("+" or "-") and factor, sorted by
        chrom and start.
    chromosome_length : int
        Length of each chromosome (bp); an element that would leave it is shifted inside.

    Returns
    -------
    pandas.DataFrame
        Columns chrom, start, end (bp, 0-based half-open, 200 bp long), target (index into
        `danq.simulation.grammar.TARGETS`) and kind ("positive" or "decoy"), sorted by position.
    """
    # An ordered category: sorted as text, chr10 would come before chr2.
    chroms = sites["chrom"].unique()
    sites = sites.assign(chrom=pd.Categorical(sites["chrom"], chroms, ordered=True))
    tables = []
    for index, target in enumerate(TARGETS):
        table = target.rule(sites)
        tables.append(table.assign(target=index))
    inside = shift_inside(pd.concat(tables), chromosome_length)
    return inside.sort_values(["chrom", "start", "target", "kind"])[_ELEMENT_COLUMNS]


def shift_inside(regions: pd.DataFrame, chromosome_length: int) -> pd.DataFrame:
    """Shift elements, or the peaks made of them, that leave their chromosome.

    Parameters
    ----------
    regions : pandas.DataFrame
        With the columns start and end (bp).
    chromosome_length : int
        Length of each chromosome (bp).

    Returns
    -------
    pandas.DataFrame
        The same table, with start and end inside the chromosome and `ELEMENT` bp apart.
    """
    start = regions["start"].clip(0, chromosome_length - ELEMENT)
    return regions.assign(start=start, end=start + ELEMENT)


# --- bin by bin ---


class Windows(Protocol):
    """What `element_coverage` asks of a dataset; `danq.data.dataset.Dataset` has it."""

    @property
    def names(self) -> Sequence[str]:
        """Names of the targets."""

    @property
    def chromosomes(self) -> Mapping[str, int]:
        """Chromosomes of the genome, by name."""

    @property
    def window(self) -> int:
        """Length of a window (bp)."""

    @property
    def bin_size(self) -> int:
        """Length of a bin (bp)."""

    def places(self, split: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the number of the chromosome, and the start (bp), of each window of a split."""


def element_coverage(
    dataset: Windows, elements: PathLike, kinds: Collection[str]
) -> NDArray[np.int64]:
    """Count the bases of each test bin that lie in planted elements of each target.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
    elements : path
        Table with columns chrom, start, end, target, kind, as ``danq simulate`` writes it.
    kinds : collection of str
        Which kinds of element count.

    Returns
    -------
    numpy.ndarray, shape (N, T), int64
        Covered bases (bp).
    """
    numbers, starts = dataset.places("test")
    chroms = np.array(list(dataset.chromosomes))[numbers]
    flank = (dataset.window - dataset.bin_size) // 2
    bins = (starts + flank) // dataset.bin_size
    covered = np.zeros((len(starts), len(dataset.names)), dtype=np.int64)
    for (chrom, target), intervals in _read_intervals(elements, kinds).items():
        rows = np.flatnonzero(chroms == chrom)
        if len(rows):
            covered[rows, target] = _bin_coverage(intervals, bins[rows], dataset.bin_size)
    return covered


def _read_intervals(
    path: PathLike, kinds: Collection[str]
) -> dict[tuple[str, int], list[tuple[int, int]]]:
    """Return start and end of the elements of some kinds, by chromosome and target."""
    intervals: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for _, row in read_rows(path, _ELEMENT_COLUMNS):
        if row["kind"] in kinds:
            key = (row["chrom"], int(row["target"]))
            interval = (int(row["start"]), int(row["end"]))
            intervals.setdefault(key, []).append(interval)
    return intervals


def _bin_coverage(
    intervals: list[tuple[int, int]], bins: NDArray[np.int64], bin_size: int
) -> NDArray[np.int64]:
    """Count the bases of some bins of a chromosome (their numbers) that lie in intervals."""
    start, end = np.array(intervals).T
    furthest = max(end.max(), bins.max() * bin_size + 1)
    grid = Grid([furthest + bin_size], bin_size)
    chrom = np.zeros(len(start), dtype=int)
    return coverage(chrom, start, end, grid)[bins]


# --- two motifs at growing distance ---


def planted_pairs() -> list[tuple[Motif, Motif]]:
    """Return the pairs of motifs of which a rule makes more than of each alone.

    Returns
    -------
    list of tuple of (danq.motif.meme.Motif, danq.motif.meme.Motif)
        The first motif is that of the target whose rule it is.
    """
    motifs = {motif.name: motif for motif in planted_motifs().values()}
    rows = []
    for target, partner in itertools.product(TARGETS, motifs):
        factor = MOTIFS[target.name]
        if partner != factor:
            arranged = itertools.product(ARRANGEMENTS, range(0, ELEMENT, 10))
            rows += [(factor, partner, *arrangement, bp) for arrangement, bp in arranged]
    cases = pd.DataFrame(rows, columns=_CASE_COLUMNS)
    effects = truth(cases, 2 * ELEMENT)
    coupled = effects.loc[effects["effect"] != 0, ["a", "b"]].drop_duplicates()
    return [(motifs[a], motifs[b]) for a, b in coupled.itertuples(index=False)]


def truth(cases: pd.DataFrame, window: int, bin_size: int = ELEMENT) -> pd.DataFrame:
    """Say what the rules make of pairs of planted motifs, and so what a model should.

    Parameters
    ----------
    cases : pandas.DataFrame
        Columns a, b (identifiers of motifs), order, orientation (as in
        `danq.motif.sites.ARRANGEMENTS`) and distance (bp between near edges): rows of the table of
        ``danq probe``, each once. Pairs with a motif that is not planted are left out.
    window, bin_size : int
        Lengths (bp) of a window and of its central bin, which carries the label.

    Returns
    -------
    pandas.DataFrame
        The cases, each with every target (its index in `danq.simulation.grammar.TARGETS`) and name;
        kind: ``positive`` where the rule holds in more than half of the bin, ``decoy`` where the
        target's parts are there but the rule fails, else ``neither``; effect: the interaction of
        the labels, y(both) - y(a) - y(b) + y(neither), 1 where a model should raise its log-odds
        above the sum of the parts, -1 where it should lower them, else 0. Peaks are shifted by up
        to 20 bp, so that labels close to a border are not sure.
    """
    cases = cases[_CASE_COLUMNS]
    planted = cases[["a", "b"]].isin(list(MOTIFS.values())).all(axis=1)
    cases = cases[planted].reset_index(drop=True)
    positive = _labels(cases, window, bin_size, "positive")
    decoy = _labels(cases, window, bin_size, "decoy")
    kind = np.where(decoy[_BOTH], "decoy", "neither")
    kind = np.where(positive[_BOTH], "positive", kind)
    both, only_a, only_b = positive.astype(int)
    effect = both - only_a - only_b
    names = [target.name for target in TARGETS]
    table = cases.loc[cases.index.repeat(len(TARGETS))].reset_index(drop=True)
    return table.assign(
        target=np.tile(np.arange(len(TARGETS)), len(cases)),
        name=np.tile(names, len(cases)),
        kind=kind.ravel(),
        effect=effect.ravel(),
    )


def _labels(cases: pd.DataFrame, window: int, bin_size: int, kind: str) -> NDArray[np.bool_]:
    """Say where an element of a kind fills most of the bin; bool (3, cases, targets).

    The first axis is both sites, a alone and b alone.
    """
    labels = np.zeros((3, len(cases), len(TARGETS)), dtype=bool)
    if len(cases) == 0:
        return labels
    # Elements reach beyond short windows: between flanks, none is shifted.
    regions = elements(_case_sites(cases, window), window + 2 * ELEMENT)
    bin_start = ELEMENT + (window - bin_size) // 2
    left = np.maximum(regions["start"], bin_start)
    right = np.minimum(regions["end"], bin_start + bin_size)
    fills = 2 * (right - left) > bin_size
    regions = regions[fills & (regions["kind"] == kind)]
    case, construct = np.divmod(regions["chrom"].astype(int), 3)
    labels[construct, case, regions["target"]] = True
    return labels


def _case_sites(cases: pd.DataFrame, window: int) -> pd.DataFrame:
    """Return the sites of `cases` as a table for `elements`.

    Both sites, a alone and b alone of a case are on three chromosomes of its own.
    """
    widths = {motif.name: len(motif.matrix) for motif in planted_motifs().values()}
    factors = {identifier: factor for factor, identifier in MOTIFS.items()}
    width = {column: cases[column].map(widths) for column in "ab"}
    starts = pair_starts(window, width["a"], width["b"], cases["distance"], cases["order"])
    start = {"a": starts.a, "b": starts.b}
    strand_b = np.where(cases["orientation"] == "same", "+", "-")
    strand = {"a": np.full(len(cases), "+"), "b": strand_b}
    tables = []
    for construct, motif in ((_BOTH, "a"), (_BOTH, "b"), (_ONLY_A, "a"), (_ONLY_B, "b")):
        columns = {
            "chrom": 3 * cases.index + construct,
            "start": start[motif] + ELEMENT,
            "end": start[motif] + ELEMENT + width[motif],
            "strand": strand[motif],
            "factor": cases[motif].map(factors),
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables).sort_values(["chrom", "start"], ignore_index=True)
