"""A small dataset of random windows, for tests of what reads, writes and verifies one."""

import h5py
import numpy as np

from danq.data.dataset import open_dataset
from danq.data.dataset_writer import create_dataset
from danq.genome.bins import SPLITS
from danq.genome.sequence import pack


def small(path, **changes):
    """Write a small dataset of random windows; return its path."""
    rng = np.random.default_rng(4)
    window, n_targets, rows = 20, 11, np.array([[3, 2], [4, 0], [0, 5]])
    options = {
        "window": window,
        "bin_size": 4,
        "targets": [(f"ä{i}", "g", "") for i in range(n_targets)],
        "chromosomes": {"a": 100, "b": 300},
        "rows": rows,
        "source": {"x": 1},
    } | changes
    with create_dataset(path, **options) as writer:
        for split, counts in zip(SPLITS, rows, strict=True):
            starts = np.concatenate([np.arange(n) * 10 for n in counts])
            bases = rng.integers(0, 5, (len(starts), window))
            labels = rng.integers(0, 2, (len(starts), n_targets))
            writer.append(split, pack(bases), np.packbits(labels, axis=1), starts)
    return path


def content(path):
    """Return the whole content of a dataset, as text."""
    with open_dataset(path) as data:
        return repr(
            (
                data.attributes,
                data.names,
                data.groups,
                data.jaspar,
                data.chromosomes,
                data.source,
                [
                    (
                        *(column.tolist() for column in data.positions(split)),
                        data.packed_sequences(split).tolist(),
                        data.packed_labels(split).tolist(),
                    )
                    for split in SPLITS
                ],
            )
        )


def change(path, how):
    with h5py.File(path, "a") as file:
        how(file)
    return path


def with_margins(path, packed=None):
    """Write a small dataset with margins of 8 bp, random ones by default; return its path."""
    if packed is None:
        packed = pack(np.random.default_rng(9).integers(0, 5, (5, 16)))
    targets = [(f"t{i}", "g", "") for i in range(11)]
    places = {"chromosomes": {"a": 100, "b": 300}, "rows": np.array([[3, 2], [4, 0], [0, 5]])}
    sizes = {"window": 20, "bin_size": 4, "margin": 8}
    with create_dataset(path, targets=targets, **places, **sizes) as writer:
        for split, n in zip(SPLITS, (5, 4, 5), strict=True):
            sequences = pack(np.full((n, 20), 2, dtype=np.uint8))
            labels = np.zeros((n, 2), dtype=np.uint8)
            margins = packed if split == "train" else None
            writer.append(split, sequences, labels, np.arange(n), margins)
    return path
