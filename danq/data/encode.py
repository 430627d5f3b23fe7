"""A user's own labelled windows to `dataset.h5`, where there is no genome to cut them from."""

import numpy as np
from tqdm import tqdm

from danq.data.dataset_writer import create_dataset
from danq.errors import DanqError, shown
from danq.files import sha256
from danq.genome import tables as inputs
from danq.genome.bins import SPLITS
from danq.genome.fasta import read_fasta
from danq.genome.sequence import pack

_BLOCK = 4096


def encode(fasta, windows, output):
    """Turn labelled windows into dataset.h5.

    Both files are read and checked from end to end before the first byte is written.

    Parameters
    ----------
    fasta : path
        The windows' bases, all of one length, named as in `windows`.
    windows : path
        Columns ``name`` and ``split`` (train, valid, test), and one column of 0/1 for each target.
    output : path
        The dataset to make; its rows are in the order of `fasta`. Each window counts as a chromosome of its own, for
        nothing is known of its place.

    Raises
    ------
    DanqError
        Windows of different lengths, a record without a row or a row without a record, a label that is neither 0 nor
        1, an unknown split, or a split without windows.
    """
    names, rows = _read_windows(windows)
    order, window = _check_records(fasta, windows, rows)
    splits = np.array([rows[name][0] for name in order])
    with create_dataset(
        output,
        window=window,
        bin_size=window,
        targets=[(name, "all", "") for name in names],
        chromosomes=dict.fromkeys(order, window),
        rows=[splits == code for code in range(len(SPLITS))],
        coordinates="rows",
        source={
            role: {"path": str(path), "sha256": sha256(path)}
            for role, path in (("fasta", fasta), ("windows", windows))
        },
    ) as writer:
        for block in _blocks(fasta, len(order)):
            _append(writer, block, rows)


def _read_windows(path):
    """Read the table: names of the targets; and by name of each window, its split's code and its labels, packed."""
    targets, rows = None, {}
    for number, row in inputs.read_rows(path, ["name", "split"]):
        targets = targets or _targets(path, number, row)
        wrong = next((column for column in targets if row[column] not in ("0", "1")), None)
        if wrong is not None:
            raise DanqError(
                f"label {shown(row[wrong])} in column {shown(wrong)}; it must be 0 or 1",
                path,
                number,
            )
        if row["split"] not in SPLITS:
            raise DanqError(
                f"split {shown(row['split'])}; choose from {', '.join(SPLITS)}", path, number
            )
        if row["name"] in rows:
            raise DanqError(
                f"the window {shown(row['name'])} is here twice; remove one row", path, number
            )
        labels = np.packbits(np.array([row[column] == "1" for column in targets]))
        rows[row["name"]] = SPLITS.index(row["split"]), labels
    if targets is None:
        raise DanqError("holds no window; add a row for each", path)
    return targets, rows


def _targets(path, number, row):
    names = [column for column in row if column not in ("name", "split")]
    if not all(names) or not names:
        raise DanqError(
            "it needs a column of 0/1 per target beside name and split, each with a name; add them",
            path,
            number,
        )
    return names


def _check_records(fasta, windows, rows):
    """Return the names of the records in their order, and their length (bp)."""
    order, window = [], 0
    for name, number, indices in tqdm(
        read_fasta(fasta), "check", total=len(rows), unit="window", disable=None
    ):
        window = window or len(indices)
        if name not in rows:
            raise DanqError(
                f"{shown(name)} has no row in {windows}; add it or remove the record", fasta, number
            )
        if len(indices) != window:
            raise DanqError(
                f"{shown(name)} has {len(indices)} bp, the windows before it {window}; make all windows of "
                "one length",
                fasta,
                number,
            )
        order.append(name)
    if len(order) < len(rows):
        raise DanqError(
            f"{len(rows) - len(order)} of its windows have no record in {fasta}; use files made together",
            windows,
        )
    splits = {rows[name][0] for name in order}
    for code, split in enumerate(SPLITS):
        if code not in splits:
            raise DanqError(
                f"no window in the {split} split; each of {', '.join(SPLITS)} needs some", windows
            )
    return order, window


def _blocks(fasta, total):
    """Yield blocks of ``(name, indices)``."""
    block = []
    for name, _, indices in tqdm(
        read_fasta(fasta), "encode", total=total, unit="window", disable=None
    ):
        block.append((name, indices))
        if len(block) == _BLOCK:
            yield block
            block = []
    if block:
        yield block


def _append(writer, block, rows):
    """Write a block, split by split; each window starts at 0 of its own chromosome."""
    for code, split in enumerate(SPLITS):
        own = [(name, indices) for name, indices in block if rows[name][0] == code]
        if own:
            writer.append(
                split,
                pack(np.stack([indices for _, indices in own])),
                np.stack([rows[name][1] for name, _ in own]),
                np.zeros(len(own), dtype=np.int64),
            )
