"""How many sites of filters lie on planted sites, by factor: of simulated runs only."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

COLUMNS = ["model", "name", "factor", "n_sites", "n_planted"]
"""Of the table: a filter's name, a planted factor, all sites of the filter, and how many of them
are on a planted site of the factor."""

HALF = 0.5
"""A site is on a planted one if they share at least this much of the shorter of the two."""

_BED = ["chrom", "start", "end", "name"]


def read_planted_shares(trainings: Sequence[Path], planted: pd.DataFrame | None) -> pd.DataFrame:
    """Count, for the filters of the first training of each model, the sites on planted ones.

    Parameters
    ----------
    trainings : sequence of path
        The folders of the trainings; those without sites.bed.gz are left out.
    planted : pandas.DataFrame or None
        Planted sites: chrom, start, end (bp, 0-based half-open), factor; None for a genome that is
        not simulated.

    Returns
    -------
    pandas.DataFrame
        The columns of `COLUMNS`; a filter and a factor without a common site have no row.
    """
    if planted is None:
        return pd.DataFrame(columns=COLUMNS)
    tables = list(_of_models(trainings, planted))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def _of_models(trainings: Sequence[Path], planted: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the counts of the first training of each model."""
    seen: set[str] = set()
    for training in trainings:
        path = training / "sites.bed.gz"
        model = training.parent.name
        if model not in seen and path.exists() and path.stat().st_size:
            seen.add(model)
            sites = pd.read_csv(path, sep="\t", names=_BED, usecols=range(4), dtype={0: str})
            yield planted_counts(sites, planted).assign(model=model)[COLUMNS]


def planted_counts(sites: pd.DataFrame, planted: pd.DataFrame) -> pd.DataFrame:
    """Count the sites of each filter that are on planted sites of each factor.

    Parameters
    ----------
    sites : pandas.DataFrame
        Sites of filters: chrom, start, end (bp, 0-based half-open), name (of the filter).
    planted : pandas.DataFrame
        Planted sites: chrom, start, end, factor.

    Returns
    -------
    pandas.DataFrame
        name, factor, n_sites, n_planted. A site on two planted ones of a factor counts once.
    """
    totals = sites["name"].value_counts()
    hits = [_hits(*both) for both in _by_chromosome(sites, planted)]
    table = pd.concat([pd.DataFrame(columns=["name", "factor"]), *hits])
    counts = table.groupby(["name", "factor"]).size().rename("n_planted").reset_index()
    counts["n_sites"] = counts["name"].map(totals)
    return counts[["name", "factor", "n_sites", "n_planted"]]


def _by_chromosome(
    sites: pd.DataFrame, planted: pd.DataFrame
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Yield the sites and the planted sites of each chromosome that has both."""
    of_chrom = dict(iter(planted.groupby("chrom")))
    for chrom, here in sites.groupby("chrom"):
        if chrom in of_chrom:
            yield here, of_chrom[chrom]


def _hits(sites: pd.DataFrame, planted: pd.DataFrame) -> pd.DataFrame:
    """Return filter and factor of each site on one chromosome and planted factor that meet."""
    planted = planted.sort_values("start")
    starts = planted["start"].to_numpy()
    ends = planted["end"].to_numpy()
    longest = int((ends - starts).max())
    # A planted site that meets [start, end) starts after start - longest and before end.
    first = np.searchsorted(starts, sites["start"].to_numpy() - longest)
    last = np.searchsorted(starts, sites["end"].to_numpy())
    n_near = last - first
    site = np.repeat(np.arange(len(sites)), n_near)
    offset = np.arange(n_near.sum()) - np.repeat(np.cumsum(n_near) - n_near, n_near)
    near = first[site] + offset
    start = sites["start"].to_numpy()[site]
    end = sites["end"].to_numpy()[site]
    shared = np.minimum(end, ends[near]) - np.maximum(start, starts[near])
    shorter = np.minimum(end - start, ends[near] - starts[near])
    on = shared >= HALF * shorter
    found = pd.DataFrame({"site": site[on], "name": sites["name"].to_numpy()[site[on]]})
    found["factor"] = planted["factor"].to_numpy()[near[on]]
    return found.drop_duplicates()[["name", "factor"]]
