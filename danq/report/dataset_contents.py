"""What is in a dataset.h5, counted: bases, labels, targets and chromosomes of each split."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.data.audit import audit
from danq.data.copies import find_copies
from danq.data.dataset import Dataset
from danq.data.folds import sets_of
from danq.data.schema import WINDOW_PARTS
from danq.genome.bins import SPLITS
from danq.genome.sequence import row_bytes

BLOCK = 1 << 23
"""Bytes of packed windows that are read at once."""

Counts = Mapping[str, NDArray[np.int64]]
"""Positive windows of every target, by split."""

_C_AND_G = 0x00FFFF00  # the bytes of C and G in a word of four bytes, A the lowest


class BaseCounts(NamedTuple):
    """Bits of packed windows.

    Attributes
    ----------
    positions, known : int
        Positions in all windows, and those of them that hold a base (no N).
    gc : int
        Bases that are G or C.
    """

    positions: int
    known: int
    gc: int


class Contents(NamedTuple):
    """What is in the windows of a split.

    Attributes
    ----------
    bases : BaseCounts
        Its bases.
    by_labels : numpy.ndarray, shape (T + 1,), int64
        Windows with 0, 1, ... T labels.
    """

    bases: BaseCounts
    by_labels: NDArray[np.int64]


def count_contents(dataset: Dataset, split: str) -> Contents:
    """Read a split once, and count its bases and labels.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file.
    split : str
        train, valid or test.

    Returns
    -------
    Contents
        The counts.
    """
    n_targets = len(dataset.names)
    bases = np.zeros(len(BaseCounts._fields), dtype=np.int64)
    by_labels = np.zeros(n_targets + 1, dtype=np.int64)
    window = dataset.window
    step = max(1, BLOCK // row_bytes(window, n_targets))
    for start in range(0, dataset.length(split), step):
        rows = slice(start, start + step)
        sequences = dataset.packed_sequences(split, rows)
        bases += _count_bases(sequences, window)
        labels = dataset.packed_labels(split, rows)
        by_labels += np.bincount(_bits_of_rows(labels), minlength=n_targets + 1)
    return Contents(BaseCounts(*bases.tolist()), by_labels)


def _count_bases(packed: NDArray[np.uint8], window: int) -> BaseCounts:
    """Count the bits of packed windows (n, w, 4), of which each position has one at most."""
    words = np.ascontiguousarray(packed).view("<u4")[:, :, 0]
    positions = len(packed) * window
    return BaseCounts(positions, _bits(words), _bits(words & _C_AND_G))


def _bits(words: NDArray[Any]) -> int:
    return int(np.bitwise_count(words).sum(dtype=np.int64))


def _bits_of_rows(packed: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.bitwise_count(packed).sum(axis=1, dtype=np.int64)


# --- the description ---


def description(file: Any, dataset: Dataset, contents: Mapping[str, Contents]) -> dict[str, Any]:
    """Describe a dataset.

    Parameters
    ----------
    file : h5py.File
        The open file.
    dataset : danq.data.dataset.Dataset
        The same, as a dataset.
    contents : dict of str to Contents
        Of each split.

    Returns
    -------
    dict
        As `danq.report.describe.describe` returns it.
    """
    windows = {split: dataset.length(split) for split in SPLITS}
    positives = {split: dataset.positives(split) for split in SPLITS}
    n_windows = sum(windows.values())
    splits = {}
    for split, n in windows.items():
        share = n / n_windows
        splits[split] = _split(file[split], contents[split], share)
    in_genome = dataset.attributes["coordinates"] == "genome"
    facts = _facts(dataset, n_windows, in_genome)
    groups = _groups(dataset.groups, positives, windows)
    targets = _targets(dataset, positives, windows)
    chromosomes = _chromosomes(dataset) if in_genome else []
    return {
        "facts": facts,
        "splits": splits,
        "groups": groups,
        "targets": targets,
        "chromosomes": chromosomes,
        "audit": _audit(dataset),
        "copies": _copies(dataset),
        "source": dataset.source,
    }


def _facts(dataset: Dataset, n_windows: int, in_genome: bool) -> dict[str, Any]:
    """Return the attributes of the file, and its numbers of targets, windows and so on."""
    facts = dict(dataset.attributes)
    facts["targets"] = len(dataset.names)
    facts["groups"] = len(set(dataset.groups))
    facts["windows"] = n_windows
    facts["margin"] = dataset.margin
    lengths = dataset.chromosomes.values()
    facts["chromosomes"] = len(lengths) if in_genome else None
    facts["genome_length"] = sum(lengths) if in_genome else None
    facts["bytes"] = Path(dataset.path).stat().st_size
    return facts


def _split(group: Any, contents: Contents, share: float) -> dict[str, Any]:
    """Describe a split, stored as an HDF5 group."""
    bases = contents.bases
    by_labels = contents.by_labels
    n = int(by_labels.sum())
    n_labels = by_labels @ np.arange(len(by_labels))
    columns = [*WINDOW_PARTS, "margins"]
    stored = sum(group[name].nbytes for name in columns if name in group)
    facts: dict[str, Any] = {"windows": n, "share": share}
    facts["bytes_per_window"] = stored // n
    facts["labelled"] = n - int(by_labels[0])
    facts["labels_per_window"] = float(n_labels) / n
    facts["gc"] = bases.gc / bases.known if bases.known else None
    facts["unknown_bases"] = bases.positions - bases.known
    facts["windows_by_labels"] = np.trim_zeros(by_labels, "b").tolist()
    return facts


def _groups(
    groups: Sequence[str], positives: Counts, windows: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Describe the groups, in order of first appearance."""
    members: dict[str, list[int]] = {}
    for target, name in enumerate(groups):
        members.setdefault(name, []).append(target)
    rows = []
    for name, targets in members.items():
        splits = {}
        for split in SPLITS:
            counts = positives[split][targets]
            splits[split] = _group_in_split(counts, windows[split])
        rows.append({"name": name, "targets": len(targets), "splits": splits})
    return rows


def _group_in_split(positives: NDArray[np.int64], n_windows: int) -> dict[str, Any]:
    """Describe the targets of a group in one split, from the positive windows of each."""
    prevalence = {"mean": positives.mean() / n_windows}
    prevalence["min"] = positives.min() / n_windows
    prevalence["max"] = positives.max() / n_windows
    facts: dict[str, Any] = {"positives": int(positives.sum())}
    facts["prevalence"] = prevalence
    facts["without_positive"] = int((positives == 0).sum())
    return facts


def _targets(
    dataset: Dataset, positives: Counts, windows: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Describe each target."""
    rows = []
    for index, name in enumerate(dataset.names):
        counts = {split: int(positives[split][index]) for split in SPLITS}
        prevalence = {split: counts[split] / windows[split] for split in SPLITS}
        row: dict[str, Any] = {"index": index, "name": name}
        row["group"] = dataset.groups[index]
        row["jaspar"] = dataset.jaspar[index]
        row["positives"] = counts
        row["prevalence"] = prevalence
        rows.append(row)
    return rows


def _chromosomes(dataset: Dataset) -> list[dict[str, Any]]:
    """Count the windows on each chromosome that has any."""
    n = len(dataset.chromosomes)
    counts = {}
    for split in SPLITS:
        counts[split] = np.bincount(dataset.positions(split).chrom, minlength=n)
    rows = []
    for index, (name, length) in enumerate(dataset.chromosomes.items()):
        windows = {split: int(counts[split][index]) for split in SPLITS}
        if any(windows.values()):
            rows.append({"name": name, "length": length, "windows": windows})
    return rows


def _audit(dataset: Dataset) -> list[dict[str, Any]]:
    """Return the rows of `danq.data.audit.audit`, None for what is undefined; none of all folds."""
    if sets_of(dataset):  # every split has all windows
        return []
    table = audit(dataset).astype(object)
    return table.where(table.notna(), None).to_dict("records")


def _copies(dataset: Dataset) -> dict[str, list[dict[str, Any]]]:
    """Return what `danq.data.copies.find_copies` found, as rows; none of all folds."""
    if sets_of(dataset):
        return {"windows": [], "chromosomes": []}
    copies = find_copies(dataset)
    windows = []
    for (split, against), similar in copies.similar.items():
        row = {"split": split, "against": against, "windows": dataset.length(split)}
        windows.append({**row, "similar": similar})
    return {"windows": windows, "chromosomes": copies.chromosomes.to_dict("records")}
