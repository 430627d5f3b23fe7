"""A user's labelled windows to `dataset.h5`, without a genome to cut them from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.data.dataset_writer import Writer, create_dataset, refuse_empty_splits
from danq.errors import DanqError, shown
from danq.files import PathLike, sha256
from danq.genome.bins import SPLITS
from danq.genome.fasta import read_fasta
from danq.genome.sequence import pack
from danq.genome.tables import read_rows
from danq.progress import Bar

_BLOCK = 4096  # windows written at once


class _Row(NamedTuple):
    """A window in the table: the code of its split, and its packed labels."""

    split: int
    labels: NDArray[np.uint8]


class _Table(NamedTuple):
    """Names of the targets; rows by the names of their windows."""

    targets: list[str]
    rows: dict[str, _Row]


class _Records(NamedTuple):
    """Names of the FASTA records in their order, and their common length (bp)."""

    names: list[str]
    window: int


class _Record(NamedTuple):
    """A FASTA record: its name, and its base indices."""

    name: str
    indices: NDArray[np.uint8]


def encode(fasta: PathLike, windows: PathLike, output: PathLike) -> None:
    """Turn labelled windows into dataset.h5.

    Both files are read and checked from end to end before the first byte is written.

    Parameters
    ----------
    fasta : str or path-like
        The windows' bases, all of one length, named as in `windows`.
    windows : str or path-like
        Columns ``name`` and ``split`` (train, valid, test), and one column of 0/1 for each target.
    output : str or path-like
        The dataset to make; its rows are in the order of `fasta`. Each window counts as a
        chromosome of its own, as its position in a genome is unknown.

    Raises
    ------
    DanqError
        Windows of different lengths, a record without a row or a row without a record, a label that
        is neither 0 nor 1, an unknown split, or a split without windows.
    """
    table = _read_windows(windows)
    records = _check_records(fasta, windows, table.rows)
    splits = [table.rows[name].split for name in records.names]
    codes = np.array(splits)
    source = {}
    for role, path in (("fasta", fasta), ("windows", windows)):
        source[role] = {"path": str(path), "sha256": sha256(path)}
    with create_dataset(
        output,
        window=records.window,
        bin_size=records.window,
        targets=[(name, "all", "") for name in table.targets],
        chromosomes=dict.fromkeys(records.names, records.window),
        rows=[codes == code for code in range(len(SPLITS))],
        coordinates="rows",
        source=source,
    ) as writer:
        for block in _blocks(fasta, len(records.names)):
            _append(writer, block, table.rows)


def _read_windows(path: PathLike) -> _Table:
    targets: list[str] = []
    rows: dict[str, _Row] = {}
    for number, cells in read_rows(path, ["name", "split"]):
        targets = targets or _targets(path, number, cells)
        row = _read_row(path, number, cells, targets)
        name = cells["name"]
        if name in rows:
            what = f"the window {shown(name)} has two rows; remove one"
            raise DanqError(what, path, number)
        rows[name] = row
    if not rows:
        raise DanqError("holds no window; add a row for each", path)
    return _Table(targets, rows)


def _targets(path: PathLike, number: int, cells: Mapping[str, str]) -> list[str]:
    """Return the names of the targets, from the header."""
    names = [column for column in cells if column not in ("name", "split")]
    if not all(names) or not names:
        what = "it needs a column of 0/1 per target beside name and split, each with a name"
        raise DanqError(f"{what}; add them", path, number)
    return names


def _read_row(
    path: PathLike, number: int, cells: Mapping[str, str], targets: Sequence[str]
) -> _Row:
    for target in targets:
        label = cells[target]
        if label not in ("0", "1"):
            what = f"label {shown(label)} in column {shown(target)}; it must be 0 or 1"
            raise DanqError(what, path, number)
    if cells["split"] not in SPLITS:
        what = f"split {shown(cells['split'])}; choose from {', '.join(SPLITS)}"
        raise DanqError(what, path, number)
    labels = np.array([cells[target] == "1" for target in targets])
    return _Row(SPLITS.index(cells["split"]), np.packbits(labels))


def _check_records(fasta: PathLike, windows: PathLike, rows: Mapping[str, _Row]) -> _Records:
    names: list[str] = []
    window = 0
    records = read_fasta(fasta)
    for name, line, indices in Bar(records, "check", total=len(rows), unit="window"):
        window = window or len(indices)
        if name not in rows:
            what = f"{shown(name)} has no row in {windows}"
            raise DanqError(f"{what}; add it or remove the record", fasta, line)
        if len(indices) != window:
            what = f"{shown(name)} has {len(indices)} bp, the windows before it {window}"
            raise DanqError(f"{what}; make all windows of one length", fasta, line)
        names.append(name)
    if len(names) < len(rows):
        what = f"{len(rows) - len(names)} of its windows have no record in {fasta}"
        raise DanqError(f"{what}; use files made together", windows)
    codes = [row.split for row in rows.values()]
    totals = [codes.count(code) for code in range(len(SPLITS))]
    refuse_empty_splits(totals, windows)
    return _Records(names, window)


def _blocks(fasta: PathLike, total: int) -> Iterator[list[_Record]]:
    """Yield the records in blocks."""
    block: list[_Record] = []
    records = read_fasta(fasta)
    for name, _, indices in Bar(records, "encode", total=total, unit="window"):
        block.append(_Record(name, indices))
        if len(block) == _BLOCK:
            yield block
            block = []
    if block:
        yield block


def _append(writer: Writer, block: Sequence[_Record], rows: Mapping[str, _Row]) -> None:
    """Write a block, split by split; each window starts at 0 of its own chromosome."""
    for code, split in enumerate(SPLITS):
        records = [record for record in block if rows[record.name].split == code]
        if records:
            sequences = pack(np.stack([record.indices for record in records]))
            labels = np.stack([rows[record.name].labels for record in records])
            starts = np.zeros(len(records), dtype=np.int64)
            writer.append(split, sequences, labels, starts)
