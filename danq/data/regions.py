"""Regions to explain: whether windows have their bins there."""

from collections.abc import Sequence

import numpy as np

from danq.data.choice import Choice
from danq.data.inputs import Files
from danq.errors import DanqError, DanqErrors
from danq.genome.bins import NOWHERE, flank
from danq.genome.tables import Region, read_regions


def refuse_empty_regions(files: Files, choice: Choice, regions: Sequence[str]) -> None:
    """Refuse regions in which no window has its bin.

    Parameters
    ----------
    files : danq.data.inputs.Files
        The user's files, read.
    choice : danq.data.choice.Choice
        The chosen bins.
    regions : sequence of str
        As chr1:100-300 (bp, 0-based half-open).

    Raises
    ------
    DanqErrors
        A line for each region that is not of the genome, or has no window.
    """
    errors = []
    for text in regions:
        try:
            (region,) = read_regions([text], files.genome.lengths)
        except DanqError as error:
            what = str(error).removeprefix("split ")
            errors.append(DanqError(f"attribution.regions: {what}"))
            continue
        if not _has_window(files, choice, region):
            what = f"no window has its {files.settings.bin_size}-bp bin there"
            errors.append(DanqError(f"attribution.regions: {text}: {what}; give others"))
    if errors:
        raise DanqErrors(errors)


def _has_window(files: Files, choice: Choice, region: Region) -> bool:
    """Say whether the bin of a chosen window shares a base with a region."""
    bin_size = files.settings.bin_size
    margin = flank(files.settings.window, bin_size)
    for row in files.rows():
        starts = row.window_starts(files.settings) + margin
        overlaps = (starts < region.end) & (starts + bin_size > region.start)
        chosen = choice.codes[row.bins] != NOWHERE
        if row.chrom == region.chrom and np.any(overlaps & chosen):
            return True
    return False
