"""The truth about a simulated genome: where the rules hold, and what a model should learn of them.

`elements` applies the rules of `danq.simulation.grammar` to a table of sites; the other functions
use its result: bin by bin, or for two motifs at growing distance.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.files import PathLike
from danq.genome.bins import Grid, coverage, flank
from danq.genome.tables import read_rows
from danq.motif.meme import Motif
from danq.motif.sites import ARRANGEMENTS, pair_starts
from danq.records import verified
from danq.simulation.grammar import ELEMENT, MOTIFS, TARGETS, planted_motifs

_ELEMENT_COLUMNS = ["chrom", "start", "end", "target", "kind"]
_CASE_COLUMNS = ["a", "b", "order", "orientation", "distance"]
_BOTH, _ONLY_A, _ONLY_B = range(3)  # which sites a construct of a case holds


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
    names = sites["chrom"].unique()
    chrom = pd.Categorical(sites["chrom"], names, ordered=True)
    sites = sites.assign(chrom=chrom)
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
    last_start = chromosome_length - ELEMENT
    start = regions["start"].clip(0, last_start)
    return regions.assign(start=start, end=start + ELEMENT)


# --- bin by bin ---


class Windows(Protocol):
    """What `element_coverage` needs of a dataset, as `danq.data.dataset.Dataset` has it."""

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

    def positions(self, split: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the number of the chromosome, and the start (bp), of each window of a split."""


def element_coverage(dataset: Windows, path: PathLike, kinds: Collection[str]) -> NDArray[np.int64]:
    """Count the bases of each test bin that lie in planted elements of each target.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open dataset of the simulated genome.
    path : str or path-like
        Table with columns chrom, start, end, target, kind, as ``danq simulate`` writes it.
    kinds : collection of str
        Kinds of elements to count: "positive", "decoy".

    Returns
    -------
    numpy.ndarray, shape (N, T), int64
        Covered bases (bp).
    """
    numbers, starts = dataset.positions("test")
    names = np.array(list(dataset.chromosomes))
    chroms = names[numbers]
    bin_size = dataset.bin_size
    bin_starts = starts + flank(dataset.window, bin_size)
    bins = bin_starts // bin_size
    shape = (len(starts), len(dataset.names))
    covered = np.zeros(shape, dtype=np.int64)
    regions = _read_elements(path)
    regions = regions[regions["kind"].isin(kinds)]
    for (chrom, target), table in regions.groupby(["chrom", "target"]):
        rows = np.flatnonzero(chroms == chrom)
        if len(rows):
            bases = _bin_coverage(table, bins[rows], bin_size)
            covered[rows, target] = bases
    return covered


def _read_elements(path: PathLike) -> pd.DataFrame:
    """Return the table of elements that ``danq simulate`` wrote."""
    verified(path)
    rows = [row for _, row in read_rows(path, _ELEMENT_COLUMNS)]
    table = pd.DataFrame(rows, columns=_ELEMENT_COLUMNS)
    return table.astype({"start": np.int64, "end": np.int64, "target": int})


def _bin_coverage(
    regions: pd.DataFrame, bins: NDArray[np.int64], bin_size: int
) -> NDArray[np.int64]:
    """Count the bases of some bins of a chromosome (their numbers) that lie in regions of it."""
    end_of_bins = (int(bins.max()) + 1) * bin_size
    end_of_regions = int(regions["end"].max())
    length = max(end_of_regions, end_of_bins) + bin_size
    grid = Grid([length], bin_size)
    start = regions["start"].to_numpy()
    end = regions["end"].to_numpy()
    chrom = np.zeros(len(regions), dtype=int)
    return coverage(chrom, start, end, grid)[bins]


# --- two motifs at growing distance ---


def planted_pairs() -> list[tuple[Motif, Motif]]:
    """Return the pairs of motifs whose effect together differs from the sum of their own effects.

    Returns
    -------
    list of tuple of (danq.motif.meme.Motif, danq.motif.meme.Motif)
        The first motif is the main one of the target whose rule couples them.
    """
    effects = truth(_all_cases(), 2 * ELEMENT)
    coupled = effects[effects["effect"] != 0]
    pairs = coupled[["a", "b"]].drop_duplicates()
    motifs = _motifs_by_identifier()
    return [(motifs[a], motifs[b]) for a, b in pairs.itertuples(index=False)]


def _all_cases() -> pd.DataFrame:
    """Return every target's motif with every other one, arranged in all ways within an element."""
    distances = range(0, ELEMENT, 10)
    rows = []
    for target in TARGETS:
        motif = MOTIFS[target.name]
        for partner in MOTIFS.values():
            if partner == motif:
                continue
            for order, orientation in ARRANGEMENTS:
                cases = [(motif, partner, order, orientation, bp) for bp in distances]
                rows.extend(cases)
    return pd.DataFrame(rows, columns=_CASE_COLUMNS)


def _motifs_by_identifier() -> dict[str, Motif]:
    return {motif.name: motif for motif in planted_motifs().values()}


def truth(cases: pd.DataFrame, window: int, bin_size: int = ELEMENT) -> pd.DataFrame:
    """Return what the rules say about pairs of planted motifs, and so what a model should learn.

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
        to 20 bp, so that labels close to a border are uncertain.
    """
    cases = cases[_CASE_COLUMNS]
    identifiers = list(MOTIFS.values())
    planted = cases[["a", "b"]].isin(identifiers)
    cases = cases[planted.all(axis=1)].reset_index(drop=True)
    positive = _labels(cases, window, bin_size, "positive")
    decoy = _labels(cases, window, bin_size, "decoy")
    kind = np.where(decoy[_BOTH], "decoy", "neither")
    kind = np.where(positive[_BOTH], "positive", kind)
    both, only_a, only_b = positive.astype(int)
    effect = both - only_a - only_b
    names = [target.name for target in TARGETS]
    indices = np.arange(len(TARGETS))
    repeated = cases.index.repeat(len(TARGETS))
    table = cases.loc[repeated].reset_index(drop=True)
    table["target"] = np.tile(indices, len(cases))
    table["name"] = np.tile(names, len(cases))
    table["kind"] = kind.ravel()
    table["effect"] = effect.ravel()
    return table


def _labels(cases: pd.DataFrame, window: int, bin_size: int, kind: str) -> NDArray[np.bool_]:
    """Return where an element of a kind fills most of the bin, bool (3, cases, targets).

    The first axis is both sites, a alone and b alone.
    """
    shape = (3, len(cases), len(TARGETS))
    labels = np.zeros(shape, dtype=bool)
    if len(cases) == 0:
        return labels
    # Elements may reach beyond a short window: flanks of `ELEMENT` bp save them from being shifted.
    sites = _case_sites(cases, window)
    regions = elements(sites, window + 2 * ELEMENT)
    regions = regions[regions["kind"] == kind]
    bin_start = ELEMENT + flank(window, bin_size)
    bin_end = bin_start + bin_size
    left = np.maximum(regions["start"], bin_start)
    right = np.minimum(regions["end"], bin_end)
    overlap = right - left
    regions = regions[2 * overlap > bin_size]
    chrom = regions["chrom"].astype(int)
    case, construct = np.divmod(chrom, 3)
    labels[construct, case, regions["target"]] = True
    return labels


def _case_sites(cases: pd.DataFrame, window: int) -> pd.DataFrame:
    """Return the sites of `cases` as a table for `elements`.

    Each case has three chromosomes: with both sites, with a alone, and with b alone.
    """
    a = _factors(cases["a"])
    b = _factors(cases["b"])
    starts = pair_starts(window, a["width"], b["width"], cases["distance"], cases["order"])
    a["start"] = starts.a + ELEMENT
    b["start"] = starts.b + ELEMENT
    same_strand = cases["orientation"] == "same"
    a["strand"] = "+"
    b["strand"] = np.where(same_strand, "+", "-")
    tables = []
    for construct, sites in ((_BOTH, a), (_BOTH, b), (_ONLY_A, a), (_ONLY_B, b)):
        table = sites.assign(chrom=3 * cases.index + construct)
        tables.append(table)
    joined = pd.concat(tables)
    joined["end"] = joined["start"] + joined["width"]
    return joined.sort_values(["chrom", "start"], ignore_index=True)


def _factors(identifiers: pd.Series) -> pd.DataFrame:
    """Return the factor and width (bp) of each motif, by its identifier."""
    motifs = _motifs_by_identifier()
    named = [motifs[identifier] for identifier in identifiers]
    table = pd.DataFrame()
    table["factor"] = [motif.alias for motif in named]
    table["width"] = [len(motif.matrix) for motif in named]
    return table
