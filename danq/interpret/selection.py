"""Which targets and which windows are explained base by base."""

import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from danq.config import Attribution
from danq.data.dataset import Dataset
from danq.data.shortfalls import ATTRIBUTION, Shortfall, tell, windows_of_targets
from danq.errors import DanqError, one_line, shown
from danq.files import PathLike
from danq.genome.bins import SPLITS, flank
from danq.genome.chromosomes import unknown_chromosome
from danq.genome.tables import Region, find_target, parse_region
from danq.network.strands import BATCH, strand_probabilities
from danq.network.trained import TrainedModel

COLUMNS = ["split", "row", "target"]
"""Columns that say which window is explained for which target; row: the window's in its split."""


def choose_targets(words: Sequence[str], names: Sequence[str]) -> list[int]:
    """Return the targets that words name.

    Parameters
    ----------
    words : sequence of str
        Names, or indices; a name of several targets is refused. Empty: all, where there are no more
        than `danq.config.Attribution.MOST`.
    names : sequence of str
        Of all targets.

    Returns
    -------
    list of int
        Indices, each once, in the order of the words.

    Raises
    ------
    DanqError
        No target is called that, or several are; or none is named, and there are many.
    """
    n = len(names)
    if words:
        indices = [find_target(word, names) for word in words]
        return list(dict.fromkeys(indices))
    if n > Attribution.MOST:
        raise DanqError(f"there are {n} targets; name those to explain with --targets")
    return list(range(n))


# --- labelled windows of the test split ---


def chosen_windows(
    model: TrainedModel, data: Dataset, targets: Sequence[int], n: int
) -> pd.DataFrame:
    """Choose labelled test windows of each target: one that all models share, then the best.

    Parameters
    ----------
    model : danq.network.trained.TrainedModel
        Chooses those after the first, see `best_windows`.
    data : danq.data.dataset.Dataset
        Where the windows come from.
    targets : sequence of int
        Each has windows of its own.
    n : int
        Windows for each target, at most.

    Returns
    -------
    pandas.DataFrame
        The columns of `COLUMNS`. The first window of each target is the one in the middle of its
        labelled test windows, in their order in the file: no model takes part in the choice, so
        that several models can be compared on it.
    """
    if n == 1:
        return shared_windows(data, targets)
    best = best_windows(model, data, targets, n)
    if best.empty:
        return best
    shared = shared_windows(data, best["target"].unique().tolist())
    both = pd.concat([shared, best], ignore_index=True)
    order = both["target"].map({target: rank for rank, target in enumerate(targets)})
    ranked = both.loc[order.sort_values(kind="stable").index].drop_duplicates(COLUMNS)
    return ranked.groupby("target", sort=False).head(n).reset_index(drop=True)


def shared_windows(data: Dataset, targets: Sequence[int]) -> pd.DataFrame:
    """Choose the middle one of each target's labelled test windows, whatever the model.

    A target without a labelled test window is reported and left out.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
        Where the windows come from.
    targets : sequence of int
        Each has a window of its own.

    Returns
    -------
    pandas.DataFrame
        The columns of `COLUMNS`, the targets in their order.
    """
    labels = data.labels_of("test", targets)
    chosen = []
    for column, target in enumerate(targets):
        rows = np.flatnonzero(labels[:, column])
        if rows.size:
            chosen.append(("test", int(rows[rows.size // 2]), target))
        else:
            _report_unlabelled(target, data.names)
    return pd.DataFrame(chosen, columns=COLUMNS)


def best_windows(
    model: TrainedModel, data: Dataset, targets: Sequence[int], n: int
) -> pd.DataFrame:
    """Choose the labelled test windows of each target that a model predicts best.

    A target without a labelled test window is reported and left out.

    Parameters
    ----------
    model : danq.network.trained.TrainedModel
        Its probabilities decide, averaged over both strands.
    data : danq.data.dataset.Dataset
        Where the windows come from.
    targets : sequence of int
        Each has windows of its own.
    n : int
        Windows for each target, at most.

    Returns
    -------
    pandas.DataFrame
        The columns of `COLUMNS`, the targets in their order, the best window first; of windows
        predicted alike, the first in the file.
    """
    labels = data.labels_of("test", targets)
    rows = np.flatnonzero(labels.any(axis=1))
    labels = labels[rows]
    probabilities = _test_probabilities(model, data, rows, targets)
    tell(_asked(labels, n), "attribution")
    tables = []
    for column, target in enumerate(targets):
        labelled = labels[:, column]
        if not labelled.any():
            _report_unlabelled(target, data.names)
            continue
        best = _best(probabilities[:, column], labelled, n)
        columns = {"split": "test", "row": rows[best], "target": target}
        tables.append(pd.DataFrame(columns))
    if not tables:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(tables, ignore_index=True)


def _asked(labels: NDArray[np.uint8], n: int) -> list[Shortfall]:
    """Compare the windows asked for of each target with those that have its label."""
    return windows_of_targets(n, labels.sum(axis=0).tolist(), "test", ATTRIBUTION)


def _test_probabilities(
    model: TrainedModel, data: Dataset, rows: NDArray[np.int64], targets: Sequence[int]
) -> NDArray[np.float32]:
    """Return probabilities of some test windows and targets, strands averaged, float32."""
    n = len(rows)
    probabilities = np.empty((n, len(targets)), dtype=np.float32)
    columns = torch.tensor(targets, device=model.device)
    for start in range(0, n, BATCH):
        batch = slice(start, start + BATCH)
        windows = data.one_hot("test", rows[batch])
        X = torch.from_numpy(windows).to(model.device)
        strands = strand_probabilities(model.network, X)[..., columns]
        means = strands.mean(dim=0)
        probabilities[batch] = means.cpu().numpy()
    return probabilities


def _best(
    probabilities: NDArray[np.float32], labelled: NDArray[np.uint8], n: int
) -> NDArray[np.int64]:
    """Return the rows of the labelled windows of highest probability, at most `n` of them."""
    # Rounded, so that the last digits of float32 do not choose.
    scores = np.where(labelled, probabilities.round(6), -1)
    order = np.argsort(-scores, kind="stable")
    n_labelled = int(labelled.sum())
    return order[: min(n, n_labelled)]


def _report_unlabelled(target: int, names: Sequence[str]) -> None:
    name = shown(names[target])
    message = f"target {name} (index {target}): no test window has its label, so it is left out"
    print(one_line(message), file=sys.stderr)


# --- the windows of a region ---


def windows_in(
    data: Dataset, regions: Sequence[str], targets: Sequence[int], path: PathLike
) -> pd.DataFrame:
    """Choose the windows, of any split, whose bin overlaps a region.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
        Where the windows come from.
    regions : sequence of str
        As ``chr1:100-300`` (bp, 0-based half-open), at least one.
    targets : sequence of int
        Each window is explained for all of them.
    path : path
        The dataset, for messages.

    Returns
    -------
    pandas.DataFrame
        The columns of `COLUMNS`; a window that several regions meet comes once.

    Raises
    ------
    DanqError
        A region is not of this genome, or overlaps no bin; the windows have no place in a genome.
    """
    if data.attributes["coordinates"] != "genome":
        raise DanqError("its windows have no place in a genome; leave out --regions", path)
    bins = bins_of(data)
    tables = [_windows_of_region(bins, text, data, path) for text in regions]
    windows = pd.concat(tables)[["split", "row"]].drop_duplicates()
    every_target = pd.DataFrame({"target": targets})
    return windows.merge(every_target, how="cross")


def bins_of(data: Dataset) -> pd.DataFrame:
    """Return the bin of every window of a dataset.

    Returns
    -------
    pandas.DataFrame
        Columns split, row (in the split), chrom (name), start and end (bp, 0-based half-open), in
        the order of the splits and their rows.
    """
    names = list(data.chromosomes)
    margin = flank(data.window, data.bin_size)
    tables = []
    for split in SPLITS:
        positions = data.positions(split)
        n = len(positions.start)
        table = pd.DataFrame({"split": split, "row": np.arange(n)})
        table["chrom"] = pd.Categorical.from_codes(positions.chrom, names)
        table["start"] = positions.start + margin
        table["end"] = table["start"] + data.bin_size
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _windows_of_region(
    bins: pd.DataFrame, text: str, data: Dataset, path: PathLike
) -> pd.DataFrame:
    """Return the rows of `bins` that overlap a region."""
    region = _region(text, data.chromosomes)
    neighbours = bins[bins["chrom"] == region.chrom]
    starts_before = neighbours["start"] < region.end
    ends_after = neighbours["end"] > region.start
    windows = neighbours[starts_before & ends_after]
    if windows.empty:
        nearest = nearest_bin(bins, region)
        what = f"no window of the dataset has its {data.bin_size}-bp bin there; {nearest}"
        raise DanqError(f"--regions {text}: {what}", path)
    return windows


def _region(text: str, chromosomes: dict[str, int]) -> Region:
    """Return the region of a text, which must lie in the genome."""
    region = parse_region(text)
    if region is None:
        what = "is not a region; give it as chr1:100-300 (0-based half-open)"
        raise DanqError(f"--regions {shown(text)} {what}")
    chrom = region.chrom
    if chrom not in chromosomes:
        what = unknown_chromosome(chrom, list(chromosomes))
        raise DanqError(f"--regions {shown(text)}: {what}")
    length = chromosomes[chrom]
    if not region.start < region.end <= length:
        what = f"is empty or leaves {shown(chrom)} (0-{length} bp); fix it"
        raise DanqError(f"--regions {text} {what}")
    return region


def nearest_bin(bins: pd.DataFrame, region: Region) -> str:
    """Say which bin is nearest to a region that overlaps none.

    Parameters
    ----------
    bins : pandas.DataFrame
        Of `bins_of`.
    region : danq.genome.tables.Region
        Where no bin lies.

    Returns
    -------
    str
        The end of a message.
    """
    neighbours = bins[bins["chrom"] == region.chrom]
    if neighbours.empty:
        return f"it has no window on {shown(region.chrom)}"
    left = region.start - neighbours["end"]
    right = neighbours["start"] - region.end
    distance = np.maximum(left, right)
    nearest = neighbours.loc[distance.idxmin()]
    start = nearest["start"]
    end = nearest["end"]
    return f"the nearest is {region.chrom}:{start}-{end}"
