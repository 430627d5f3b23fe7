"""Predicted bins as a table."""

import contextlib
import csv
import gzip
from collections.abc import Sequence

import numpy as np
import pandas as pd

from danq.data.bins import Bins, Block, Header
from danq.data.stretches import Skipped
from danq.files import PathLike, atomic, write_table

_ROWS = 1 << 14  # written at once


def frame_of(header: Header, rows: Block, part: slice = slice(None)) -> pd.DataFrame:
    """Return rows as a table.

    Parameters
    ----------
    header : danq.data.bins.Header
        What the rows are about.
    rows : danq.data.bins.Block
        The rows.
    part : slice
        Which of them.

    Returns
    -------
    pandas.DataFrame
        Columns chrom, start, end (bp, 0-based half-open), region where regions have names, and one
        column for each target.
    """
    names = np.array([*header.sequences], dtype=object)
    places = {name: np.asarray(values[part]) for name, values in rows.places.items()}
    columns = {
        "chrom": names[places["sequence"]],
        "start": places["start"],
        "end": places["end"],
    }
    if header.regions:
        regions = np.array([*header.regions, ""], dtype=object)  # -1: the last one, no name
        columns["region"] = regions[places["region"]]
    coordinates = pd.DataFrame(columns)
    scores = pd.DataFrame(np.asarray(rows.probabilities[part]), columns=header.targets)
    return pd.concat([coordinates, scores], axis=1)


def write_bin_table(path: PathLike, bins: Bins) -> None:
    """Write rows as TSV, some at a time; a name that ends in .gz is compressed.

    Parameters
    ----------
    path : str or path-like
        The file to make.
    bins : danq.data.bins.Bins
        Predictions; probabilities are written with six significant digits.
    """
    with atomic(path) as temporary, open(temporary, "wb") as raw:
        packed = str(path).endswith(".gz")
        file = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if packed else raw
        with file if packed else contextlib.nullcontext():
            n = len(bins.rows.probabilities)
            for start in range(0, max(n, 1), _ROWS):
                table = frame_of(bins.header, bins.rows, slice(start, start + _ROWS))
                table.to_csv(
                    file,
                    sep="\t",
                    index=False,
                    header=start == 0,
                    float_format="%.6g",
                    lineterminator="\n",
                    quoting=csv.QUOTE_NONE,
                    escapechar="\\",
                )


def write_skipped(path: PathLike, skipped: Sequence[Skipped]) -> None:
    """Write what was skipped: chrom, start, end (bp), region and reason.

    Parameters
    ----------
    path : str or path-like
        The file to make.
    skipped : sequence of danq.data.stretches.Skipped
        Bases for which nothing was predicted.
    """
    columns = ["chrom", "start", "end", "region", "reason"]
    write_table(path, pd.DataFrame(skipped, columns=columns))
