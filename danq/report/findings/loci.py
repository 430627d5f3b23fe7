"""Which bases the models read: the best window of each target and model, where it counts most."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.data.attributions import Attributions, Stretch, zoom
from danq.genome.sequence import base_indices, decode
from danq.report.run import Run

WIDTH = 60
"""Length of a locus (bp), if that holds most of what counts."""

LONGEST = 200
"""Length of a locus (bp) at most."""

MOST_OF = 0.8
"""A locus is the shortest, in steps of `STEP`, that holds so much of the positive scores."""

STEP = 20
"""Length (bp) by which a locus grows."""


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


class Disagreement(NamedTuple):
    """The window on which the models disagree most, of those that all of them explained.

    Attributes
    ----------
    target : int
        Index of the target that the window was explained for.
    lowest, highest : str
        The models that predict the lowest, and the highest, probability for it.
    low, high : float
        These probabilities.
    n_windows : int
        Windows that all models explained, one for each target.
    """

    target: int
    lowest: str
    highest: str
    low: float
    high: float
    n_windows: int


def disagreement(run: Run) -> Disagreement | None:
    """Return the window with the largest spread of probability over the explained models.

    None where fewer than two models, or fewer than two windows that all of them share, were
    explained: nothing can be chosen then.
    """
    columns = {}
    for attributions in explained_models(run):
        table = attributions.table.set_index(["target", "chrom", "start"])
        columns[attributions.facts["model"]] = table["probability"].astype(float)
    if len(columns) < 2:
        return None
    shared = pd.concat(columns, axis=1).dropna()
    n_windows = len(shared)
    if n_windows < 2:
        return None
    spread = shared.max(axis=1) - shared.min(axis=1)
    place = spread.idxmax()
    row = shared.loc[place]
    ranked = row.sort_values(kind="stable")
    lowest, *_, highest = ranked.index
    low, *_, high = ranked.tolist()
    return Disagreement(int(place[0]), lowest, highest, low, high, n_windows)


def target_loci(run: Run, target: int) -> list[Locus]:
    """Return the loci of the models for a target, each in the first window that was explained.

    Where all models have the same window, all show the same bases of it.

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
    explained = list(_explained(run, target))
    places = {(row.chrom, row.start) for _, row in explained}
    scores = [np.asarray(attributions.scores[row.Index]) for attributions, row in explained]
    if len(places) == 1:
        total = np.sum(scores, axis=0)
        scores = [total] * len(scores)
    loci = []
    for (attributions, row), counted in zip(explained, scores, strict=True):
        loci.append(_locus(run, attributions, row, stretch_of(counted)))
    return loci


def _explained(run: Run, target: int) -> Iterator[tuple[Attributions, Any]]:
    """Yield the rows of a target, each with the attributions that it is of."""
    for attributions in explained_models(run):
        table = attributions.table
        for row in table[table["target"] == target].itertuples():
            yield attributions, row


def stretch_of(scores: NDArray[np.floating]) -> Stretch:
    """Return the shortest stretch of a window that holds most of its positive scores.

    Parameters
    ----------
    scores : numpy.ndarray, shape (L,)
        Scores of the bases of a window, of one model or of several together.

    Returns
    -------
    danq.data.attributions.Stretch
        Of `WIDTH` to `LONGEST` bp: with more than one site that counts, it holds them all, as far
        as they lie within that.
    """
    positive = np.maximum(scores, 0)
    wanted = MOST_OF * positive.sum()
    for width in range(WIDTH, LONGEST, STEP):
        stretch = zoom(scores, width)
        if positive[stretch.start : stretch.end].sum() >= wanted:
            return stretch
    return zoom(scores, LONGEST)


def _locus(run: Run, attributions: Attributions, row: Any, stretch: Stretch) -> Locus:
    """Return a stretch of the window in a row of attributions."""
    facts = attributions.facts
    flank = (facts["window"] - facts["bin_size"]) // 2
    first, last = stretch
    one_hot = attributions.one_hot[row.Index][:, first:last]
    hypothetical = attributions.hypothetical[row.Index][:, first:last]
    start = row.start + first
    end = row.start + last
    bin_start = row.start + flank
    bin_end = row.end - flank
    indices = base_indices(one_hot, axis=0)
    heights = one_hot * hypothetical
    sites = _sites(run, row.chrom, start, end)
    return Locus(
        model=facts["model"],
        chrom=row.chrom,
        start=start,
        end=end,
        bin=(bin_start, bin_end),
        probability=row.probability,
        completeness_error=row.completeness_error,
        bases=decode(indices),
        heights=heights.T,
        sites=sites,
    )


def _sites(run: Run, chrom: str, start: int, end: int) -> pd.DataFrame:
    """Return the planted sites that overlap a stretch; none of a genome that is not simulated."""
    if run.sites is None:
        return pd.DataFrame()
    sites = run.sites[run.sites["chrom"] == chrom]
    overlap = (sites["start"] < end) & (sites["end"] > start)
    return sites[overlap]
