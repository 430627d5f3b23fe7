"""The windows of a dataset as files for reading: a table, and their bases as FASTA.

The bases of the dataset are compared, base by base, with those that pyfaidx cuts from the genome a
second time: an error goes unnoticed only if two readers that share no code make the same one.
"""

from collections.abc import Iterator
from typing import IO, Any, NamedTuple

import numpy as np
from Bio import bgzf
from numpy.typing import NDArray

from danq.data.dataset import Dataset, open_dataset
from danq.errors import DanqError, shown
from danq.files import PathLike, atomic
from danq.genome.bins import SPLITS
from danq.genome.fasta import IndexedFasta, open_fasta
from danq.genome.sequence import decode, unpack_indices
from danq.progress import Bar

_BLOCK = 4096  # windows read at once
_UNKNOWN = str.maketrans("RYSWKMBDHV", "N" * 10)


class _Window(NamedTuple):
    """A window as the dataset has it."""

    chrom: str
    start: int
    end: int
    bases: str
    labels: NDArray[np.uint8]


def windows(dataset: PathLike, genome: PathLike, table: PathLike, fasta: PathLike) -> None:
    """Write the windows of a dataset as a table and a FASTA file.

    Parameters
    ----------
    dataset : str or path-like
        dataset.h5, made from `genome`.
    genome : str or path-like
        The genome FASTA.
    table : str or path-like
        The table to make: one row per window (``chrom start end split labels``, labels as
        comma-separated target indices, ``.`` for none), split by split.
    fasta : str or path-like
        The FASTA to make: the windows' bases (BGZF, named ``chrom:start-end``), in the same order;
        upper case, N for every base other than ACGT.

    Raises
    ------
    DanqError
        The dataset was not made from this genome: a window is not there, or has other bases; or its
        windows have no positions in a genome.
    """
    with (
        open_dataset(dataset) as data,
        open_fasta(genome) as genome_fasta,
        atomic(table) as table_path,
        atomic(fasta) as fasta_path,
    ):
        if data.attributes["coordinates"] != "genome":
            what = "its windows have no positions in a genome"
            raise DanqError(f"{what}; give a dataset of danq extract", dataset)
        with (
            open(table_path, "w", encoding="utf-8") as rows,
            open(fasta_path, "wb") as raw,  # closed even where the disk is full
            bgzf.BgzfWriter(fileobj=raw, compresslevel=1) as records,
        ):
            rows.write("chrom\tstart\tend\tsplit\tlabels\n")
            for split in SPLITS:
                for window in _read_windows(data, split):
                    _refuse_other_bases(window, genome_fasta, genome)
                    _write(window, split, rows, records)


def _read_windows(data: Dataset, split: str) -> Iterator[_Window]:
    """Yield the windows of a split; they are read block by block."""
    names = list(data.chromosomes)
    positions = data.positions(split)
    block_starts = range(0, data.length(split), _BLOCK)
    for block_start in Bar(block_starts, f"windows {split}", unit="block"):
        block = slice(block_start, block_start + _BLOCK)
        packed = data.packed_sequences(split, block)
        indices = unpack_indices(packed, data.window)
        labels = data.labels(split, block)
        chroms = positions.chrom[block].tolist()
        starts = positions.start[block].tolist()
        for row, (chrom, start) in enumerate(zip(chroms, starts, strict=True)):
            end = start + data.window
            bases = decode(indices[row])
            yield _Window(names[chrom], start, end, bases, labels[row])


def _refuse_other_bases(window: _Window, fasta: IndexedFasta, genome: PathLike) -> None:
    fetched = fasta.fetch(window.chrom, window.start, window.end)
    if fetched.translate(_UNKNOWN) != window.bases:
        where = f"{shown(window.chrom)}:{window.start}-{window.end}"
        what = f"{where} has other bases here than in the dataset"
        raise DanqError(f"{what}; use the genome that the dataset was made from", genome)


def _write(window: _Window, split: str, rows: IO[str], records: Any) -> None:
    labels = ",".join(map(str, np.flatnonzero(window.labels))) or "."
    interval = f"{window.chrom}\t{window.start}\t{window.end}"
    rows.write(f"{interval}\t{split}\t{labels}\n")
    name = f"{window.chrom}:{window.start}-{window.end}"
    records.write(f">{name}\n{window.bases}\n")
