"""How many sites of filters lie on planted sites, by factor: of simulated runs only."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

COLUMNS = ["model", "name", "factor", "n_sites", "n_planted"]
"""Of the table: a filter's name, a planted factor, all sites of the filter, and how many of them
are on a planted site of the factor."""

HALF = 0.5
"""A site is on a planted one if they share at least this much of the shorter of the two."""

_BED: dict[str, Any] = {
    "sep": "\t",
    "names": ["chrom", "start", "end", "name"],
    "usecols": range(4),
    "dtype": {"chrom": str, "name": str},
}


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
        if model not in seen and path.exists():
            seen.add(model)
            sites = pd.read_csv(path, **_BED)
            counts = planted_counts(sites, planted)
            yield counts.assign(model=model)[COLUMNS]


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
    found = pd.DataFrame(columns=["name", "factor"])
    of_chrom = dict(iter(planted.groupby("chrom")))
    for chrom, here in sites.groupby("chrom"):
        if chrom in of_chrom:
            hits = _hits(here, of_chrom[chrom])
            found = pd.concat([found, hits])
    sizes = found.groupby(["name", "factor"]).size()
    counts = sizes.rename("n_planted").reset_index()
    totals = sites["name"].value_counts()
    counts["n_sites"] = counts["name"].map(totals)
    return counts[["name", "factor", "n_sites", "n_planted"]]


def _hits(sites: pd.DataFrame, planted: pd.DataFrame) -> pd.DataFrame:
    """Return filter and factor of each site on one chromosome and planted factor that meet."""
    sites = sites.reset_index(drop=True)
    planted = planted.sort_values("start", ignore_index=True)
    near = _neighbours(sites, planted)
    site = sites.loc[near.site].reset_index(drop=True)
    truth = planted.loc[near.planted].reset_index(drop=True)
    end = np.minimum(site["end"], truth["end"])
    start = np.maximum(site["start"], truth["start"])
    length = site["end"] - site["start"]
    planted_length = truth["end"] - truth["start"]
    shorter = np.minimum(length, planted_length)
    on = end - start >= HALF * shorter
    met = pd.DataFrame({"site": near.site, "name": site["name"], "factor": truth["factor"]})
    once = met[on].drop_duplicates()
    return once[["name", "factor"]]


class _Pairs(NamedTuple):
    """Rows of sites and of planted sites; each pair may meet."""

    site: NDArray[np.int64]
    planted: NDArray[np.int64]


def _neighbours(sites: pd.DataFrame, planted: pd.DataFrame) -> _Pairs:
    """Return all pairs that meet, and some that do not; planted sites are in order."""
    lengths = planted["end"] - planted["start"]
    longest = lengths.max()
    starts = planted["start"].to_numpy()
    # A planted site that meets [start, end) starts after start - longest and before end.
    first = np.searchsorted(starts, sites["start"] - longest)
    last = np.searchsorted(starts, sites["end"])
    n_near = last - first
    site = np.repeat(np.arange(len(sites)), n_near)
    before = np.cumsum(n_near) - n_near
    rank = np.arange(len(site)) - before[site]
    return _Pairs(site, first[site] + rank)
