"""Predicted bins as files for genome browsers: one bigWig for each target."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.data.bigwig import bigwigs
from danq.data.bins import Bins
from danq.data.segments import Segments, Slab, segments_by_sequence
from danq.files import PathLike, write_table

_TARGETS = 100  # files that are open at once
_LONGEST_NAME = 100  # characters

TABLE = "README.tsv"
"""Which file holds what, beside the files."""


def file_names(targets: Sequence[str], suffix: str) -> list[str]:
    """Return a file name for each target, safe on any disk, and each different.

    Parameters
    ----------
    targets : sequence of str
        Names, which may be the same, or hold any character.
    suffix : str
        What each name ends in.

    Returns
    -------
    list of str

    Examples
    --------
    >>> file_names(["CTCF", "ctcf", "50 %/x"], ".bw")
    ['CTCF.bw', 'ctcf_2.bw', '50_x.bw']
    """
    names = []
    counts: dict[str, int] = {}
    for target in targets:
        stem = re.sub(r"[^A-Za-z0-9.+-]+", "_", target).strip("_.") or "target"
        stem = stem[:_LONGEST_NAME]
        key = stem.lower()  # some disks do not tell upper from lower case
        counts[key] = counts.get(key, 0) + 1
        number = f"_{counts[key]}" if counts[key] > 1 else ""
        names.append(f"{stem}{number}{suffix}")
    if len({name.lower() for name in names}) < len(names):
        return [f"{place}_{name}" for place, name in enumerate(names, 1)]
    return names


def write_bigwigs(folder: PathLike, bins: Bins) -> None:
    """Write a bigWig for each target, and for its spread over models where there is one.

    A base has the mean of the rows that cover it; no base has two values, and the chromosomes are
    in the order of the genome. ``README.tsv`` beside them names target and content of each file.

    Parameters
    ----------
    folder : str or path-like
        Where to put them; made if it is not there.
    bins : danq.data.bins.Bins
        Predictions.

    Raises
    ------
    DanqError
        pyBigWig is not installed, or the disk is full.
    """
    targets = bins.header.targets
    values = {"probability": bins.rows.probabilities}
    if bins.rows.spread is not None:
        values["spread over models"] = bins.rows.spread
    rows = []
    for content, array in values.items():
        suffix = ".bw" if content == "probability" else ".spread.bw"
        names = file_names(targets, suffix)
        for first in range(0, len(targets), _TARGETS):
            part = slice(first, first + _TARGETS)
            paths = [Path(folder) / name for name in names[part]]
            write_bigwigs_of(paths, bins.header.sequences, slabs_of(bins, array[:, part]))
        for name, target in zip(names, targets, strict=True):
            rows.append({"file": name, "target": target, "content": content, **_made(bins)})
    write_table(Path(folder) / TABLE, pd.DataFrame(rows))


def _made(bins: Bins) -> dict[str, Any]:
    """Return the columns of README.tsv that say what predicted."""
    return {key: bins.header.facts[key] for key in ("models", "step") if key in bins.header.facts}


def slabs_of(bins: Bins, values: NDArray[np.floating]) -> Iterator[tuple[str, Slab]]:
    """Yield the segments of all sequences with their values.

    Parameters
    ----------
    bins : danq.data.bins.Bins
        Where the rows lie.
    values : numpy.ndarray, shape (N, T)
        Of every row.

    Yields
    ------
    tuple of (str, danq.data.segments.Slab)
        Name of the sequence, and some of its segments.
    """
    for sequence, segments in segments_by_sequence(bins):
        for slab in segments.slabs(values):
            yield sequence, slab


def write_bigwigs_of(
    paths: Sequence[Path], sequences: Mapping[str, int], slabs: Iterable[tuple[str, Slab]]
) -> None:
    """Write bigWigs, one for each column of values, in one pass over them.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        The files to make.
    sequences : mapping of str to int
        Length of each sequence (bp).
    slabs : iterable of (str, danq.data.segments.Slab)
        As `slabs_of` yields them.

    Raises
    ------
    DanqError
        pyBigWig is not installed, or the disk is full.
    """
    with bigwigs(paths, sequences) as tracks:
        for sequence, slab in slabs:
            tracks.add_stretches(sequence, slab.start, slab.end, slab.values)


# --- peaks ---

PEAK_COLUMNS = [
    "chrom",
    "start",
    "end",
    "name",
    "score",
    "strand",
    "signal_value",
    "p_value",
    "q_value",
    "peak",
]
"""Columns of narrowPeak (https://genome.ucsc.edu/FAQ/FAQformat.html#format12); no header is
written."""


def write_peaks(folder: PathLike, bins: Bins, thresholds: Mapping[str, float]) -> None:
    """Write a narrowPeak file for each target: neighbouring bases at or above its threshold.

    ``signal_value`` is the highest probability, ``score`` a thousand times that, ``peak`` the
    middle of the highest segment; p and q values are not known (-1).

    Parameters
    ----------
    folder : str or path-like
        Where to put them; made if it is not there.
    bins : danq.data.bins.Bins
        Predictions.
    thresholds : mapping of str to float
        By target; a target without one has no file.
    """
    targets = bins.header.targets
    names = file_names(targets, ".narrowPeak")
    limits = np.array([thresholds.get(target, np.inf) for target in targets])
    found: list[list[pd.DataFrame]] = [[] for _ in targets]
    for sequence, segments in segments_by_sequence(bins):
        for column, peaks in enumerate(_peaks_of(segments, bins, limits)):
            found[column].append(peaks.assign(chrom=sequence))
    rows = []
    for target, name, limit, tables in zip(targets, names, limits, found, strict=True):
        if np.isinf(limit):
            continue
        peaks = _narrow_peaks(pd.concat(tables, ignore_index=True), target)
        write_table(Path(folder) / name, peaks, header=False)
        rows.append({"file": name, "target": target, "threshold": limit, "peaks": len(peaks)})
    write_table(Path(folder) / TABLE, pd.DataFrame(rows))


def _peaks_of(
    segments: Segments, bins: Bins, limits: NDArray[np.floating]
) -> Iterator[pd.DataFrame]:
    """Yield for each target the stretches of a sequence that reach its threshold."""
    high: list[list[pd.DataFrame]] = [[] for _ in limits]
    for slab in segments.slabs(bins.rows.probabilities):
        for column, limit in enumerate(limits):
            values = slab.values[:, column]
            rows = values >= limit
            places = {"start": slab.start[rows], "end": slab.end[rows], "value": values[rows]}
            high[column].append(pd.DataFrame(places))
    for tables in high:
        yield merge_high(pd.concat(tables, ignore_index=True))


def merge_high(high: pd.DataFrame) -> pd.DataFrame:
    """Join segments that touch.

    Parameters
    ----------
    high : pandas.DataFrame
        Columns start, end (bp) and value, from left to right.

    Returns
    -------
    pandas.DataFrame
        Columns start, end, value (the highest), and summit: the middle of the first segment that
        has it.

    Examples
    --------
    >>> high = pd.DataFrame({"start": [0, 10, 50], "end": [10, 30, 60], "value": [0.5, 0.9, 0.6]})
    >>> merge_high(high).to_numpy().tolist()
    [[0.0, 30.0, 0.9, 20.0], [50.0, 60.0, 0.6, 55.0]]
    """
    touches = high["start"].eq(high["end"].shift())
    number = (~touches).cumsum()
    groups = high.groupby(number, sort=False)
    best = high.loc[groups["value"].idxmax()]
    middle = (best["start"] + best["end"]) // 2
    return pd.DataFrame(
        {
            "start": groups["start"].min().to_numpy(),
            "end": groups["end"].max().to_numpy(),
            "value": best["value"].to_numpy(),
            "summit": middle.to_numpy(),
        }
    )


def _narrow_peaks(peaks: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return peaks of all sequences with the columns of narrowPeak."""
    stem = file_names([target], "")[0]
    names = [f"{stem}_{number}" for number in range(1, len(peaks) + 1)]
    value = peaks["value"].astype(float)
    table = peaks.assign(
        name=names,
        score=(1000 * value).round().astype(int),
        strand=".",
        signal_value=value.round(6),
        p_value=-1,
        q_value=-1,
        peak=peaks["summit"] - peaks["start"],
    )
    return table[PEAK_COLUMNS]
