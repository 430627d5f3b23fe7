"""Which bases the models read: the best window of each target and model, where it counts most."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.data.attributions import Attributions, zoom
from danq.genome.sequence import base_indices, decode
from danq.report.run import Run

WIDTH = 60
"""Length of a locus (bp)."""


class Locus(NamedTuple):
    """The stretch of highest total score of one window, explained for one target and model.

    Attributes
    ----------
    model : str
        Name of the model.
    chrom : str
        Chromosome.
    start, end : int
        The stretch (bp, 0-based half-open).
    bin : tuple of (int, int)
        The labelled bin (bp, 0-based half-open).
    probability : float
        What the model predicts for the window.
    completeness_error : float
        Of integrated gradients; else nan.
    bases : str
        The bases of the stretch.
    heights : numpy.ndarray, shape (width, 4)
        Score of the base at each position, 0 for the other three.
    sites : pandas.DataFrame
        Known sites that overlap it: start, end, strand, factor.
    """

    model: str
    chrom: str
    start: int
    end: int
    bin: tuple[int, int]
    probability: float
    completeness_error: float
    bases: str
    heights: NDArray[np.floating]
    sites: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """Return its bases: model, chrom, position, base, score; a row per base."""
        table = pd.DataFrame({"position": range(self.start, self.end)})
        table["base"] = list(self.bases)
        table["score"] = self.heights.sum(axis=1).round(4)
        table.insert(0, "model", self.model)
        table.insert(1, "chrom", self.chrom)
        return table


def explained_models(run: Run) -> list[Attributions]:
    """Return the attributions of the models that the question is about; else those of all."""
    main = set()
    for pair in run.main_pairs():
        main |= {pair.a, pair.b}
    attributions = [entry for entry in run.attributions if entry.facts["model"] in main]
    return attributions or run.attributions


def explained_targets(run: Run) -> list[int]:
    """Return the targets (their indices) of which a window was explained."""
    explained: set[int] = set()
    for attributions in explained_models(run):
        explained |= set(attributions.table["target"])
    return [target for target in run.targets.index if target in explained]


def target_loci(run: Run, target: int) -> list[Locus]:
    """Return the loci of the models for a target, each in its best window.

    Parameters
    ----------
    run : Run
        A run with attributions.
    target : int
        From `explained_targets`.

    Returns
    -------
    list of Locus
        In the order of the models.
    """
    loci: list[Locus] = []
    for attributions in explained_models(run):
        loci += _loci(run, attributions, target)
    return loci


def _loci(run: Run, attributions: Attributions, target: int) -> Iterator[Locus]:
    table = attributions.table
    for row in table[table["target"] == target].itertuples():
        yield _locus(run, attributions, row)


def _locus(run: Run, attributions: Attributions, row: Any) -> Locus:
    """Return the stretch of highest total score in a row of attributions."""
    facts = attributions.facts
    flank = (facts["window"] - facts["bin_size"]) // 2
    stretch = zoom(attributions.scores[row.Index], WIDTH)
    first, last = stretch
    one_hot = attributions.one_hot[row.Index][:, first:last]
    hypothetical = attributions.hypothetical[row.Index][:, first:last]
    start = row.start + first
    end = row.start + last
    return Locus(
        model=facts["model"],
        chrom=row.chrom,
        start=start,
        end=end,
        bin=(row.start + flank, row.end - flank),
        probability=row.probability,
        completeness_error=row.completeness_error,
        bases=decode(base_indices(one_hot, axis=0)),
        heights=(one_hot * hypothetical).T,
        sites=_sites(run, row.chrom, start, end),
    )


def _sites(run: Run, chrom: str, start: int, end: int) -> pd.DataFrame:
    """Return the planted sites that overlap a stretch; none of a genome that is not simulated."""
    if run.sites is None:
        return pd.DataFrame()
    sites = run.sites[run.sites["chrom"] == chrom]
    overlap = (sites["start"] < end) & (sites["end"] > start)
    return sites[overlap]
