"""A small dataset of random windows, for tests of what reads, writes and verifies one."""

import h5py
import numpy as np

from danq.data.dataset import open_dataset
from danq.data.dataset_writer import create_dataset
from danq.genome.bins import SPLITS


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
            writer.append(
                split,
                rng.integers(0, 256, (len(starts), 3, 4), dtype=np.uint8),
                rng.integers(0, 256, (len(starts), 2), dtype=np.uint8),
                starts,
            )
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
