"""The files that predicted bins are written to."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from danq.data.bigwig import load_pybigwig
from danq.data.bin_table import write_bin_table, write_skipped
from danq.data.bin_tracks import write_bigwigs, write_peaks
from danq.data.bins import read_bins
from danq.data.stretches import Skipped
from danq.data.thresholds import read_thresholds
from danq.errors import DanqError
from danq.files import PathLike


class Outputs(NamedTuple):
    """What to make; None for what is not asked for.

    Attributes
    ----------
    table, h5, skipped : path or None
        Files.
    bigwig, peaks : path or None
        Folders.
    """

    table: PathLike | None
    h5: PathLike | None
    skipped: PathLike | None
    bigwig: PathLike | None
    peaks: PathLike | None

    @property
    def first(self) -> Path:
        """The first of those that are asked for; predictions are kept beside it while they grow."""
        for path in (self.h5, self.table, self.bigwig, self.peaks):
            if path is not None:
                return Path(path)
        what = "nothing is to be written"
        raise DanqError(f"{what}; give --table, --h5, --bigwig or --peaks")


def refuse_outputs(
    outputs: Outputs, targets: Sequence[str], thresholds: PathLike | None
) -> dict[str, float]:
    """Refuse what cannot be made, before work begins.

    Parameters
    ----------
    outputs : Outputs
        What is asked for.
    targets : sequence of str
        What will be predicted.
    thresholds : path or None
        thresholds.tsv.

    Returns
    -------
    dict of str to float
        The threshold of each target; empty where no peaks are asked for.

    Raises
    ------
    DanqError
        Nothing is to be written, pyBigWig is not installed, a folder is a file, or there are no
        thresholds for the peaks.
    """
    _ = outputs.first
    for folder in (outputs.bigwig, outputs.peaks):
        if folder is not None and Path(folder).exists() and not Path(folder).is_dir():
            raise DanqError("is a file; name a folder", folder)
    if outputs.bigwig is not None:
        load_pybigwig()
    if outputs.peaks is None:
        return {}
    if thresholds is None:
        what = "peaks need a threshold for each target"
        raise DanqError(f"{what}; make a table with danq thresholds, and give --thresholds")
    return read_thresholds(thresholds, targets)


def write_outputs(
    outputs: Outputs,
    predicted: PathLike,
    skipped: Sequence[Skipped],
    thresholds: dict[str, float],
) -> None:
    """Write all but the HDF5 file, from that file.

    Parameters
    ----------
    outputs : Outputs
        What is asked for.
    predicted : path
        bins.h5, whole.
    skipped : sequence of danq.data.stretches.Skipped
        What was not predicted.
    thresholds : dict of str to float
        By target, for peaks.
    """
    bins = read_bins(predicted)
    if outputs.table is not None:
        write_bin_table(outputs.table, bins)
    if outputs.bigwig is not None:
        write_bigwigs(outputs.bigwig, bins)
    if outputs.peaks is not None:
        write_peaks(outputs.peaks, bins, thresholds)
    if outputs.skipped is not None:
        write_skipped(outputs.skipped, skipped)
