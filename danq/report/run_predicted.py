"""Tracks of a run for genome browsers, and where its test split has most to show."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.data.dataset import Dataset
from danq.genome.bed import differs
from danq.genome.bins import flank
from danq.report.run_tables import read_checked_table

BINS = 100
"""Length of a stretch (bins)."""

_COLUMNS = ["chrom", "start", "end", "targets", "labels"]

LIST = "predicted/hub/tracks.tsv"
"""Where the tracks of a run are listed, in its folder."""


def read_tracks(folder: Path) -> pd.DataFrame | None:
    """Return the tracks of a run, from its folder; None where only its dataset was predicted.

    Columns: target (index), name, content (peaks or probability), input, model, file (its path).
    """
    path = folder / LIST
    if not path.exists():
        return None
    table = read_checked_table(path, ["name", "content", "input", "model", "file"], ["target"])
    files = [str(path.parent / file) for file in table["file"]]
    return table.assign(target=table["target"].astype(int), file=files)


def crowded_stretches(dataset: Dataset) -> pd.DataFrame:
    """Return the stretches of the test split that have peaks, those of the most targets first.

    The chromosomes are cut into stretches of `BINS` bins. Of two with as many targets, the one with
    more labels comes first, then the one further left. Columns: chrom, start, end (bp, 0-based
    half-open), targets, labels.
    """
    chrom, start = dataset.positions("test")
    if not len(start):
        return pd.DataFrame(columns=_COLUMNS)
    length = BINS * dataset.bin_size
    bin_start = start + flank(dataset.window, dataset.bin_size)
    number = bin_start // length
    # Windows are ordered by chromosome and start, so each stretch is a run of rows.
    later = np.flatnonzero(differs(chrom) | differs(number)) + 1
    first = np.insert(later, 0, 0)
    places = _places(dataset, chrom[first], number[first] * length)
    table = places.join(_label_counts(dataset, first))
    table = table[table["labels"] > 0]
    return table.sort_values(["targets", "labels"], ascending=False, kind="stable")


def _places(dataset: Dataset, chrom: NDArray[np.int64], start: NDArray[np.int64]) -> pd.DataFrame:
    """Return chromosome, start and end of stretches; the last of a chromosome is shorter."""
    names = np.array([*dataset.chromosomes], dtype=object)
    lengths = np.array([*dataset.chromosomes.values()])
    end = start + BINS * dataset.bin_size
    inside = np.minimum(end, lengths[chrom])
    return pd.DataFrame({"chrom": names[chrom], "start": start, "end": inside})


def _label_counts(dataset: Dataset, first: NDArray[np.int64]) -> pd.DataFrame:
    """Count the targets and the labels of stretches that begin with these rows."""
    labels = dataset.packed_labels("test")
    any_bin = np.bitwise_or.reduceat(labels, first)
    targets = np.bitwise_count(any_bin).sum(axis=1)
    in_bin = np.bitwise_count(labels).sum(axis=1, dtype=np.int64)
    return pd.DataFrame({"targets": targets, "labels": np.add.reduceat(in_bin, first)})
