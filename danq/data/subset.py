"""A share of the training windows as a dataset of its own, to train on less.

A share is one of the genome: windows overlap, and a random half of them would hold most of the
bases of all. So blocks of the genome are put into a random order, and a share is the first of them:
what is in a share is in every larger one as well. Validation and test stay as they are.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danq.data.dataset import Dataset, open_dataset
from danq.data.dataset_writer import Writer, create_dataset
from danq.data.folds import refuse_all_folds
from danq.errors import DanqError, warn
from danq.files import PathLike, refuse_overwriting
from danq.genome.bins import SPLITS
from danq.progress import Bar

BLOCK = 50_000
"""Length of a block (bp): much longer than a window, so that windows that overlap stay together.
The same as for intervals, `danq.evaluation.uncertainty.BLOCK`."""

FEWEST = 64
"""With fewer blocks, as of a small genome, a share could not come near its number of windows: they
are made shorter."""

_WINDOWS = 10  # length of the shortest block, in windows

_ROWS = 4096  # windows copied at once


def subset(dataset: PathLike, output: PathLike, *, share: float, seed: int = 0) -> None:
    """Make a dataset whose training split is a share of another's; the other splits are the same.

    Its last line of output says how many windows it has, and which targets have no positive one
    among them: a model cannot learn these.

    Parameters
    ----------
    dataset : path
        dataset.h5. Memory holds the place of each of its windows, not the windows.
    output : path
        The dataset.h5 to make. Its source has a key ``subset`` that says what it is.
    share : float
        Share of the training windows, above 0, at most 1; see `windows_of_share`.
    seed : int
        Seed of the order of blocks. Shares of one seed are nested.

    Raises
    ------
    DanqError
        A share outside its bounds, or without a labelled window; or a dataset of all folds.
    """
    if not 0 < share <= 1:
        raise DanqError(f"--share {share:g} is not a share; give a number above 0, at most 1")
    refuse_overwriting([output], [dataset], "the dataset")
    with open_dataset(dataset) as data:
        refuse_all_folds(data, "to take a share of")
        length = block_length(data)
        blocks = block_of_windows(data, length)
        kept = {split: np.ones(data.length(split), dtype=bool) for split in SPLITS}
        kept["train"] = windows_of_share(blocks, share, seed)
        positives = _count_positives(data, kept["train"])
        if not positives.any():
            what = f"no training window of the share {share:g} has a label"
            raise DanqError(f"{what}; take a larger share", dataset)
        with create_dataset(
            output,
            window=data.window,
            bin_size=data.bin_size,
            targets=list(zip(data.names, data.groups, data.jaspar, strict=True)),
            chromosomes=data.chromosomes,
            rows=_rows(data, kept),
            assembly=data.attributes["assembly"],
            coordinates=data.attributes["coordinates"],
            source={**data.source, "subset": _provenance(data, share, seed, length)},
            margin=data.margin,
        ) as writer:
            for split in SPLITS:
                _copy(data, split, kept[split], writer)
        _say(data, kept["train"], positives, share)


def block_length(dataset: Dataset) -> int:
    """Return the length of a block (bp): `BLOCK`, or a half, a quarter, ... of it in small sets."""
    length = BLOCK
    shortest = 2 * _WINDOWS * dataset.window
    while length >= shortest and _n_filled(dataset, length) < FEWEST:
        length //= 2
    return length


def _n_filled(dataset: Dataset, length: int) -> int:
    """Return how many blocks of this length hold a training window."""
    return len(np.unique(block_of_windows(dataset, length)))


def block_of_windows(dataset: Dataset, length: int = BLOCK) -> NDArray[np.int64]:
    """Return the number of the block in which each training window starts.

    Without coordinates, blocks follow the order of the rows: neighbours may be related, as
    docs/dataset.md says; and windows each of which is a chromosome are blocks of their own.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file.
    length : int
        Of a block (bp).

    Returns
    -------
    numpy.ndarray, shape (N,), int64
        Blocks are numbered along the chromosomes; some may hold no window.
    """
    lengths = np.array([*dataset.chromosomes.values()], dtype=np.int64)
    n_blocks = -(-lengths // length)
    first_blocks = np.cumsum(n_blocks) - n_blocks
    positions = dataset.positions("train")
    return first_blocks[positions.chrom] + positions.start // length


def windows_of_share(blocks: NDArray[np.integer], share: float, seed: int = 0) -> NDArray[np.bool_]:
    """Choose the windows of a share: whole blocks, the first ones of a random order.

    Parameters
    ----------
    blocks : numpy.ndarray, shape (N,), int
        Block of each window, from 0.
    share : float
        Share of the windows: as many blocks as come nearest to it, and at least one.
    seed : int
        Seed of the order.

    Returns
    -------
    numpy.ndarray, shape (N,), bool
        True for the windows of the share. A larger share of the same seed has all of them, too.
    """
    sizes = np.bincount(blocks)
    filled = np.flatnonzero(sizes)
    order = np.random.default_rng(seed).permutation(filled)
    n_windows = np.cumsum(sizes[order])
    distance = np.abs(n_windows - share * len(blocks))
    nearest = int(distance.argmin())
    chosen = np.zeros(len(sizes), dtype=bool)
    chosen[order[: nearest + 1]] = True
    return chosen[blocks]


def _count_positives(dataset: Dataset, kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the positive windows of each target among some training windows, int64 (T,)."""
    positives = np.zeros(len(dataset.names), dtype=np.int64)
    for start in range(0, len(kept), _ROWS):
        rows = slice(start, start + _ROWS)
        labels = dataset.labels("train", rows)[kept[rows]]
        positives += labels.sum(axis=0, dtype=np.int64)
    return positives


def _provenance(dataset: Dataset, share: float, seed: int, length: int) -> dict[str, Any]:
    """Return what a share is one of, as plain values."""
    whole = {"path": dataset.path, "sha256": dataset.checksum}
    return {"dataset": whole, "share": share, "seed": seed, "block": length}


def _rows(dataset: Dataset, kept: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.int64]:
    """Return how many windows are kept on each chromosome in each split, int64 (3, C)."""
    counts = []
    for split in SPLITS:
        chrom = dataset.positions(split).chrom[kept[split]]
        counts.append(np.bincount(chrom, minlength=len(dataset.chromosomes)))
    return np.stack(counts)


def _copy(dataset: Dataset, split: str, kept: NDArray[np.bool_], writer: Writer) -> None:
    """Copy the windows of a split that are kept, some thousand at once."""
    for first in Bar(range(0, len(kept), _ROWS), f"copy {split}", unit="block"):
        rows = slice(first, first + _ROWS)
        windows = dataset.packed_windows(split, rows).where(kept[rows])
        writer.append(split, *windows)


def _say(
    dataset: Dataset, kept: NDArray[np.bool_], positives: NDArray[np.int64], share: float
) -> None:
    """Say how large a share is, and which targets lost all their positive windows."""
    print(f"share {share:g}: {kept.sum():,} of {len(kept):,} training windows")
    lost = (positives == 0) & (dataset.positives("train") > 0)
    if lost.any():
        names = [name for name, is_lost in zip(dataset.names, lost, strict=True) if is_lost]
        shown = ", ".join(names[:8])
        more = f" and {len(names) - 8} more" if len(names) > 8 else ""
        what = f"targets without a positive training window in it: {shown}{more}"
        warn(f"{what}; no model can learn these from it")
