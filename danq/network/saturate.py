"""danq saturate: every single-base change of some regions, scored as danq variants scores it."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.config import Saturation, Variants
from danq.data.bigwig import bigwigs
from danq.data.variant_files import GrowingTable, by_target, growing_table
from danq.errors import DanqError
from danq.files import PathLike
from danq.genome.fasta import read_genome
from danq.genome.intervals import merge
from danq.genome.sequence import ALPHABET, decode
from danq.genome.tables import Region, read_regions
from danq.network.predict_sequences import Ensemble, by_fold, choose_columns, load_models
from danq.network.substitutions import BASES, rows_of_region
from danq.network.variant_blocks import Prepared, Preparer, blocks
from danq.network.variant_scores import Floats
from danq.network.variants import score_rows
from danq.plotting.drawing import refuse_format
from danq.plotting.saturation import Panel, draw_panels
from danq.progress import Bar

BLOCK = 1023
"""Rows whose scores are in memory at once: all three changes of a base are in one block."""

MOST_DRAWN = 500
"""Bases of a figure, at most."""

TARGETS_DRAWN = 3
"""Targets of a region that are drawn, at most: those of the largest changes."""


class Saturated(NamedTuple):
    """What the changes of a region do.

    Attributes
    ----------
    region : danq.genome.tables.Region
        Where.
    bases : numpy.ndarray, shape (L,), uint8
        Base indices of the genome there.
    largest : numpy.ndarray, shape (L,), float64
        Size of the largest change of log-odds at each base, over bases and targets; nan where there
        is none.
    changes : numpy.ndarray, shape (L, 4, T), float64, or None
        All changes, 0 for the genome's own base; None where they are not kept.
    """

    region: Region
    bases: NDArray[np.uint8]
    largest: Floats
    changes: Floats | None

    @property
    def places(self) -> NDArray[np.int64]:
        """Bases that were changed, counted from the region's first (bp)."""
        return np.flatnonzero(np.isfinite(self.largest))


def saturate(
    checkpoint: Sequence[PathLike],
    genome: PathLike,
    *,
    settings: Saturation,
    table: PathLike | None,
    bigwig: PathLike | None,
    figure: PathLike | None,
    device: str,
    threads: int,
    average_folds: bool = False,
) -> None:
    """Score every single-base change of some regions.

    Parameters
    ----------
    checkpoint : sequence of path
        Of ``danq train``, all of one dataset; averaged.
    genome : path
        FASTA of the genome.
    settings : danq.config.Saturation
        The regions, and the other knobs.
    table : path or None
        A row for each change and target to write, as ``danq variants --table``.
    bigwig : path or None
        The size of the largest change at each base, as a track.
    figure : path or None
        The bases, and a heat map of all changes (SVG, PNG or PDF).
    device : str
        auto, cpu, cuda or mps.
    threads : int
        CPU threads.
    average_folds : bool
        As for `danq.network.variants.variants`.

    Raises
    ------
    DanqError
        Nothing to write, a region that the genome does not have or that is too long to draw, or a
        file that cannot be used.
    """
    if table is None and bigwig is None and figure is None:
        raise DanqError("nothing is to be written; give --table, --bigwig or --figure")
    if figure is not None:
        refuse_format(figure)
    ensemble = choose_columns(load_models(checkpoint, device, threads), settings.targets)
    read = read_genome(genome).genome
    given = read_regions(settings.regions, read.lengths)
    regions = merged_regions(given, list(read.lengths))
    if figure is not None:
        _refuse_long(regions)
    if not average_folds:
        ensemble = by_fold(ensemble, read.lengths, "variants")
    knobs = Variants(targets=settings.targets, min_known=settings.min_known)
    window = ensemble.models[0].window
    preparer = Preparer(read, {}, knobs, window)
    with growing_table(table) as growing:
        found = []
        for region in regions:
            keeps = figure is not None
            found.append(saturate_region(region, preparer, ensemble, growing, keeps))
        _write_rest(found, ensemble.targets, read.lengths, bigwig, figure)
    _say(found)


def merged_regions(regions: Sequence[Region], names: Sequence[str]) -> list[Region]:
    """Return regions in the order of the genome, and those that touch or overlap as one.

    Parameters
    ----------
    regions : sequence of danq.genome.tables.Region
        In any order.
    names : sequence of str
        The chromosomes, in the order of the genome.

    Returns
    -------
    list of danq.genome.tables.Region
    """
    merged = []
    for chrom in names:
        own = [region[1:] for region in regions if region.chrom == chrom]
        if own:
            starts, ends = np.array(own, dtype=np.int64).T
            union = merge(starts, ends)
            for start, end in np.stack(union, axis=1).tolist():
                merged.append(Region(chrom, start, end))
    return merged


def _refuse_long(regions: Sequence[Region]) -> None:
    """Refuse to draw more bases than a figure can show."""
    total = sum(region.end - region.start for region in regions)
    if total > MOST_DRAWN:
        what = f"--figure draws {MOST_DRAWN} bp at most, and the regions have {total:,}"
        raise DanqError(f"{what}; leave it out, or give shorter ones")


def saturate_region(
    region: Region, preparer: Preparer, ensemble: Ensemble, table: GrowingTable, keeps: bool
) -> Saturated:
    """Score every single-base change of a region.

    Parameters
    ----------
    region : danq.genome.tables.Region
        Where.
    preparer : danq.network.variant_blocks.Preparer
        Makes windows: each change is in the middle of its own.
    ensemble : danq.network.predict_sequences.Ensemble
        What predicts.
    table : danq.data.variant_files.GrowingTable
        Takes a row for each change and target.
    keeps : bool
        Whether all changes are returned.

    Returns
    -------
    Saturated
    """
    length = region.end - region.start
    n_targets = len(ensemble.targets)
    largest = np.full(length, np.nan)
    changes = np.zeros((length, BASES, n_targets)) if keeps else None
    rows = rows_of_region(preparer.genome, region)
    with Bar(desc=f"saturate {region.chrom}", total=length, unit="base") as bar:
        for block in blocks(rows, preparer, BLOCK):
            usable = [found for found in block if found.windows is not None]
            scored = score_rows(usable, ensemble)
            table.append(by_target(scored, ensemble.targets, None))
            places = _places(usable, region)
            sizes = np.abs(scored.change).max(axis=1, initial=0)
            np.fmax.at(largest, places, sizes)
            if changes is not None:
                alts = [ALPHABET.index(found.row.alt) for found in usable]
                changes[places, alts] = scored.change
            bar.update(len(block) // (BASES - 1))
    chromosome = preparer.genome.base_indices(region.chrom)
    bases = chromosome[region.start : region.end]
    return Saturated(region, bases, largest, changes)


def _places(usable: Sequence[Prepared], region: Region) -> NDArray[np.int64]:
    """Return where rows lie in a region (bp)."""
    positions = [found.row.pos - 1 - region.start for found in usable]
    return np.array(positions, dtype=np.int64)


def _write_rest(
    found: Sequence[Saturated],
    targets: Sequence[str],
    lengths: dict[str, int],
    bigwig: PathLike | None,
    figure: PathLike | None,
) -> None:
    """Write the track and the figure, where they are asked for."""
    if bigwig is not None:
        with bigwigs([Path(bigwig)], lengths) as tracks:
            for one in found:
                chrom = one.region.chrom
                known = one.places
                starts = known + one.region.start
                values = one.largest[known]
                tracks.add_stretches(chrom, starts, starts + 1, values[:, None])
    if figure is not None:
        panels = []
        for one in found:
            panels += panels_of(one, targets)
        draw_panels(panels, figure)


def panels_of(found: Saturated, targets: Sequence[str]) -> list[Panel]:
    """Return what is drawn of a region: the targets of the largest changes.

    Parameters
    ----------
    found : Saturated
        With all changes.
    targets : sequence of str
        Names of the targets.

    Returns
    -------
    list of danq.plotting.saturation.Panel
        The largest change first.
    """
    assert found.changes is not None
    sizes = np.abs(found.changes).max(axis=(0, 1))
    order = np.argsort(-sizes, kind="stable")[:TARGETS_DRAWN]
    region = found.region
    place = f"{region.chrom}:{region.start}-{region.end}"
    sequence = decode(found.bases)
    panels = []
    for target in order.tolist():
        name = targets[target]
        changes = found.changes[:, :, target]
        panel = Panel(f"{name}, {place}", region.start, sequence, changes)
        panels.append(panel)
    return panels


def _say(found: Sequence[Saturated]) -> None:
    """Say how many bases were changed, and how many could not be."""
    n_scored = sum(len(one.places) for one in found)
    n_bases = sum(len(one.bases) for one in found)
    n_left_out = n_bases - n_scored
    text = f"saturate: {n_scored:,} bases, each changed to the three others"
    if n_left_out:
        text += f"; {n_left_out:,} left out: unknown, or with too many unknown bases around"
    print(text, file=sys.stderr)
