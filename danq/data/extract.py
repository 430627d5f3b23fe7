"""Genome and peaks to `dataset.h5`: the labels of chosen bins, and the bases of their windows.

Every file is read and checked (`danq.data.inputs`), and the bins are chosen (`danq.data.choice`),
before the first byte is written. Windows are slices of the packed genome in memory, without
intermediate files. `danq.data.check` makes the same checks, and no dataset.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from danq.config import Extract
from danq.data.dataset_writer import Writer, create_dataset
from danq.data.inputs import Files, Row, read_files
from danq.data.one_sided import Usable, choose_usable
from danq.files import PathLike, write_text
from danq.genome.bins import SPLITS, Grid
from danq.genome.sources import Sources
from danq.progress import Bar

if TYPE_CHECKING:
    from danq.data.choice import Choice
    from danq.data.folds import Fold

_BINS = 1 << 16  # bins labelled and written at once


def extract(
    sources: Sources,
    output: PathLike,
    table: PathLike,
    *,
    settings: Extract,
    assembly: str = "unknown",
    fold: "Fold | None" = None,
) -> None:
    """Cut labelled windows out of a genome.

    Parameters
    ----------
    sources : danq.genome.sources.Sources
        The user's files.
    output : str or path-like
        The dataset.h5 to make.
    table : str or path-like
        The TSV to make: the targets with their counts.
    settings : danq.config.Extract
        Bins, windows, splits, and which bins are kept.
    assembly : str
        Name of the assembly, written into the dataset.
    fold : danq.data.folds.Fold, optional
        Of a genome in folds: which one, or all. Its splits are taken, none of `settings`.

    Raises
    ------
    DanqError, DanqErrors
        All errors in the files at once; regions that overlap, no usable bin, or a split or target
        that cannot be trained on; or an output that is one of the files.
    """
    if fold is not None:
        settings = fold.settings(settings)
    files = read_files(sources, settings, outputs=(output, table))
    settings = files.settings
    usable = choose_usable(files, settings) if fold is None else fold.choose_usable(files)
    files = usable.files
    choice = usable.choice
    for line in [*files.lines(), *choice.lines()]:
        print(line)
    splits = {"splits": {"valid": settings.valid, "test": settings.test}}
    made = splits if fold is None else fold.source()
    targets = [(target.name, target.group, target.jaspar) for target in files.targets]
    with create_dataset(
        output,
        window=settings.window,
        bin_size=settings.bin_size,
        chromosomes=files.genome.lengths,
        rows=_rows_by_chromosome(choice, files.labels.grid),
        targets=targets,
        assembly=assembly,
        source={**files.source, **choice.facts(), **made, **_bins(settings)},
        margin=settings.margin,
    ) as writer:
        _write_windows(writer, files, choice, settings)
    write_text(table, _table(usable))


def _bins(settings: Extract) -> dict[str, Any]:
    """Return what the dataset says of its training bins."""
    return {"stride": settings.stride, "train_bins": settings.train_bins}


def _rows_by_chromosome(choice: "Choice", grid: Grid) -> NDArray[np.int64]:
    """Count the windows of each split on each chromosome, int64 (3, C)."""
    firsts = grid.offsets[: -1 : grid.rows]
    counts = []
    for code in range(len(SPLITS)):
        in_split = choice.bins_of(code)
        counts.append(np.add.reduceat(in_split, firsts, dtype=np.int64))
    return np.stack(counts)


def _write_windows(writer: Writer, files: Files, choice: "Choice", settings: Extract) -> None:
    """Write the windows of all kept bins, chromosome by chromosome."""
    grid = files.labels.grid
    rows = files.rows()
    with Bar(total=grid.n, desc="write", unit="bin", unit_scale=True) as bar:
        for block_start in range(0, grid.n, _BINS):
            block_end = min(block_start + _BINS, grid.n)
            labels = files.labels.packed(block_start, block_end)
            first_row = np.searchsorted(grid.offsets, block_start, side="right") - 1
            next_row = np.searchsorted(grid.offsets, block_end, side="left")
            for row in rows[first_row:next_row]:
                start = max(block_start, row.bins.start)
                end = max(start, min(block_end, row.bins.stop))
                row_labels = labels[start - block_start : end - block_start]
                _write_bins(writer, files, row, slice(start, end), choice, row_labels, settings)
            bar.update(block_end - block_start)


def _write_bins(
    writer: Writer,
    files: Files,
    row: Row,
    bins: slice,
    choice: "Choice",
    labels: NDArray[np.uint8],
    settings: Extract,
) -> None:
    """Write the windows of some bins of a row, whose labels are given, each to its split."""
    first_bin = row.bins.start
    row_starts = row.window_starts(settings)
    starts = row_starts[bins.start - first_bin : bins.stop - first_bin]
    for code, split in enumerate(SPLITS):
        chosen = np.flatnonzero(choice.bins_of(code, bins))
        if len(chosen):
            windows = files.genome.windows(row.chrom, starts[chosen], settings.window)
            margins = None
            if split == "train" and settings.margin:
                margins = files.margins(row.chrom, starts[chosen])
            writer.append(split, windows, labels[chosen], starts[chosen], margins)


def _table(usable: Usable) -> str:
    """Return the run's table of targets (TSV): names, files, checksums, peaks and positives."""
    header = ["name", "group", "jaspar", "file", "sha256", "n_peaks", *SPLITS]
    lines = ["\t".join(header)]
    files = usable.files
    choice = usable.choice
    for index, target in enumerate(files.targets):
        checksum = files.source["peaks"][index]["sha256"]
        positives = choice.positives[:, index].tolist()
        names = [target.name, target.group, target.jaspar or ".", target.file]
        counts = map(str, [files.n_peaks[index], *positives])
        lines.append("\t".join([*names, checksum, *counts]))
    return "\n".join(lines) + "\n"
