"""Where a model expects one target more than another: the difference of their log-odds."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.data.bigwig import load_pybigwig
from danq.data.bin_table import frame_of
from danq.data.bin_tracks import slabs_of, write_bigwigs_of
from danq.data.bins import Bins, read_bins
from danq.data.segments import Slab
from danq.errors import DanqError
from danq.files import PathLike, write_table
from danq.genome.tables import find_target

CLOSEST = 1e-6
"""Probabilities nearer to 0 or 1 than this count as this: float32 tells no more."""


def log_odds(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the natural log-odds of probabilities, those beyond `CLOSEST` as there.

    Examples
    --------
    >>> log_odds(np.array([0.5, 0.75, 0.0])).round(3).tolist()
    [0.0, 1.099, -13.816]
    """
    p = np.clip(probabilities.astype(np.float64), CLOSEST, 1 - CLOSEST)
    return np.log(p) - np.log1p(-p)


def contrast(
    bins: PathLike,
    targets: list[str],
    *,
    table: PathLike | None = None,
    bigwig: PathLike | None = None,
    rows: int = 10_000,
) -> None:
    """Compare two targets, such as one mark in two kinds of cells, row by row.

    Parameters
    ----------
    bins : path
        bins.h5 of ``danq predict --h5``.
    targets : list of str
        Two names, or places from 0.
    table : path, optional
        TSV to make: chrom, start, end, region where there are some, the probability of either
        target, and the difference of their log-odds (the first less the second), the largest first
        whatever its sign.
    bigwig : path, optional
        The same difference as a track; where rows overlap, of their mean probabilities.
    rows : int
        Rows of the table, at most.

    Raises
    ------
    DanqError
        Nothing is to be made, the two are one target or unknown, or a file cannot be used.
    """
    if table is None and bigwig is None:
        raise DanqError("nothing is to be written; give --table or --bigwig")
    if bigwig is not None:
        load_pybigwig()
    read = read_bins(bins)
    columns = [find_target(word, read.header.targets) for word in targets]
    if columns[0] == columns[1]:
        raise DanqError("a target is compared with itself; name two")
    pair = np.asarray(read.rows.probabilities[:, columns], dtype=np.float32)
    if table is not None:
        write_table(table, ranked(read, columns, pair, rows))
    if bigwig is not None:
        slabs = _differences(read, pair)
        write_bigwigs_of([Path(bigwig)], read.header.sequences, slabs)


def ranked(bins: Bins, columns: list[int], pair: NDArray[np.floating], most: int) -> pd.DataFrame:
    """Return the rows where two targets differ most.

    Parameters
    ----------
    bins : danq.data.bins.Bins
        Predictions.
    columns : list of int
        The two targets.
    pair : numpy.ndarray, shape (N, 2)
        Their probabilities.
    most : int
        How many rows.

    Returns
    -------
    pandas.DataFrame
    """
    difference = np.subtract(*log_odds(pair).T)
    order = np.argsort(-np.abs(difference), kind="stable")[:most]
    places = {name: np.asarray(values)[order] for name, values in bins.rows.places.items()}
    header = bins.header._replace(targets=[bins.header.targets[column] for column in columns])
    rows = bins.rows._replace(places=places, probabilities=pair[order])
    return frame_of(header, rows).assign(log_odds_difference=difference[order])


def _differences(bins: Bins, pair: NDArray[np.floating]) -> Iterator[tuple[str, Slab]]:
    """Yield the segments of all sequences with the difference of log-odds."""
    for sequence, slab in slabs_of(bins, pair):
        difference = np.subtract(*log_odds(slab.values).T).astype(np.float32)
        yield sequence, slab._replace(values=difference[:, None])
