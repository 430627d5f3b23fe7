"""Genome and peaks to `dataset.h5`: the labels of chosen bins, and the bases of their windows.

Every file is read and checked (`danq.data.inputs`), and the bins are chosen (`danq.data.choice`),
before the first byte is written. Windows are slices of the packed genome: nothing is written in
between. `danq.data.check` asks the same questions and writes nothing.
"""

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from danq.config import Extract
from danq.data.choice import Choice, choose, refuse_one_sided
from danq.data.dataset_writer import Writer, create_dataset
from danq.data.inputs import Files, Row, read_files
from danq.files import PathLike, write_text
from danq.genome.bins import SPLITS, Grid
from danq.genome.sources import Sources

_BINS = 1 << 16  # bins labelled and written at once


def extract(
    sources: Sources,
    output: PathLike,
    table: PathLike,
    *,
    settings: Extract,
    assembly: str = "unknown",
) -> None:
    """Cut labelled windows out of a genome.

    Parameters
    ----------
    sources : danq.genome.sources.Sources
        The user's files.
    output : str or path-like
        Made: `dataset.h5`.
    table : str or path-like
        Made: the targets with their counts (TSV).
    settings : danq.config.Extract
        Bins, windows, splits, and which bins are kept.
    assembly : str
        Name of the assembly, written into the dataset.

    Raises
    ------
    DanqError, DanqErrors
        Anything wrong in the files, all of it at once; regions that overlap, or a target or split
        without what it needs.
    """
    files = read_files(sources, settings)
    choice = choose(files, settings)
    refuse_one_sided(files, choice)
    splits = {"valid": settings.valid, "test": settings.test}
    targets = [(target.name, target.group, target.jaspar) for target in files.targets]
    with create_dataset(
        output,
        window=settings.window,
        bin_size=settings.bin_size,
        chromosomes=files.genome.lengths,
        rows=_rows_by_chromosome(choice.codes, files.labels.grid),
        targets=targets,
        assembly=assembly,
        source=files.source | {"dropped": choice.dropped, "splits": splits},
    ) as writer:
        _write_windows(writer, files, choice.codes, settings)
    write_text(table, _table(files, choice))


def _rows_by_chromosome(codes: NDArray[np.uint8], grid: Grid) -> NDArray[np.int64]:
    """Count the windows of each split on each chromosome (int64, (3, C))."""
    firsts = grid.offsets[: -1 : grid.rows]
    counts = []
    for code in range(len(SPLITS)):
        in_split = codes == code
        counts.append(np.add.reduceat(in_split, firsts, dtype=np.int64))
    return np.stack(counts)


def _write_windows(
    writer: Writer, files: Files, codes: NDArray[np.uint8], settings: Extract
) -> None:
    """Write the windows of all kept bins, chromosome by chromosome."""
    grid = files.labels.grid
    rows = files.rows()
    with tqdm(total=grid.n, desc="write", unit="bin", unit_scale=True, disable=None) as bar:
        for first in range(0, grid.n, _BINS):
            last = min(first + _BINS, grid.n)
            labels = files.labels.packed(first, last)
            first_row = np.searchsorted(grid.offsets, first, side="right") - 1
            last_row = np.searchsorted(grid.offsets, last, side="left")
            for row in rows[first_row:last_row]:
                start = max(first, row.bins.start)
                stop = max(start, min(last, row.bins.stop))
                row_labels = labels[start - first : stop - first]
                _write_bins(writer, files, row, slice(start, stop), codes, row_labels, settings)
            bar.update(last - first)


def _write_bins(
    writer: Writer,
    files: Files,
    row: Row,
    bins: slice,
    codes: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    settings: Extract,
) -> None:
    """Write the windows of some bins of a row, whose labels are given, each to its split."""
    first = row.bins.start
    row_starts = row.window_starts(settings)
    starts = row_starts[bins.start - first : bins.stop - first]
    for code, split in enumerate(SPLITS):
        chosen = np.flatnonzero(codes[bins] == code)
        if len(chosen):
            windows = files.genome.windows(row.chrom, starts[chosen], settings.window)
            writer.append(split, windows, labels[chosen], starts[chosen])


def _table(files: Files, choice: Choice) -> str:
    """Return the run's own table of targets: what was asked for, its files, and its counts."""
    header = ["name", "group", "jaspar", "file", "sha256", "n_peaks", *SPLITS]
    lines = ["\t".join(header)]
    for index, target in enumerate(files.targets):
        checksum = files.source["peaks"][index]["sha256"]
        positives = choice.positives[:, index].tolist()
        names = [target.name, target.group, target.jaspar or ".", target.file]
        counts = map(str, [files.n_peaks[index], *positives])
        lines.append("\t".join([*names, checksum, *counts]))
    return "\n".join(lines) + "\n"
