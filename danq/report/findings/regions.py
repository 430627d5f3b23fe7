"""What all models predict along a few stretches of the genome, and the peaks there."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.data.bigwig import load_pybigwig
from danq.errors import DanqError, shown
from danq.genome.tables import Region, parse_region
from danq.report.run import Run

MOST_REGIONS = 3
"""Stretches that are chosen."""

MOST_TARGETS = 8
"""Targets that are drawn of a stretch, those with peaks there first."""


class Track(NamedTuple):
    """What a model predicts along a stretch.

    Attributes
    ----------
    model : str
        Its name.
    start, end : numpy.ndarray, shape (n,), int64
        Bases of each value (bp, 0-based half-open), cut to the stretch.
    value : numpy.ndarray, shape (n,), float64
        Probabilities.
    """

    model: str
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    value: NDArray[np.float64]


class TargetTracks(NamedTuple):
    """A target along a stretch.

    Attributes
    ----------
    target : int
        Its index.
    peaks : list of tuple of (int, int)
        Its own peaks (bp, 0-based half-open), cut to the stretch.
    tracks : list of Track
        What the models predict.
    """

    target: int
    peaks: list[tuple[int, int]]
    tracks: list[Track]

    @property
    def highest(self) -> float:
        """The highest value of all models."""
        return max(
            (float(track.value.max()) for track in self.tracks if len(track.value)), default=0
        )


class RegionTracks(NamedTuple):
    """A stretch of the genome, for some targets.

    Attributes
    ----------
    region : danq.genome.tables.Region
        Where it lies.
    input : str
        What the predictions were made for.
    targets : list of TargetTracks
        In the order of the run.
    n_with_peaks : int
        Targets that have peaks there.
    """

    region: Region
    input: str
    targets: list[TargetTracks]
    n_with_peaks: int


def drawn_regions(run: Run, wanted: Sequence[str] = ()) -> list[RegionTracks]:
    """Return what is drawn: the wanted stretches, or those of the test split with most to show.

    These are the first ones of `danq.report.run_predicted.crowded_stretches` of which most was
    predicted.

    Parameters
    ----------
    run : Run
        A finished run.
    wanted : sequence of str
        As chr1:1000-9000 (0-based half-open).

    Returns
    -------
    list of RegionTracks
        Empty for a run without tracks.

    Raises
    ------
    DanqError
        A wanted stretch that is none, or of which nothing was predicted.
    """
    if run.tracks is None:
        return []
    drawn = []
    for region in map(_wanted, wanted):
        tracks = region_tracks(run, region)
        if tracks is None:
            where = f"{region.chrom}:{region.start}-{region.end}"
            raise DanqError(f"predict.loci: nothing was predicted of {where}; correct it")
        drawn.append(tracks)
    if not wanted:
        drawn = list(_crowded(run))
    return drawn


def _wanted(text: str) -> Region:
    region = parse_region(text)
    if region is None or region.start >= region.end:
        raise DanqError(f"predict.loci: {shown(text)} is not a region; give one as chr1:1000-9000")
    return region


def _crowded(run: Run) -> Iterator[RegionTracks]:
    """Yield the first stretches of which more than half was predicted."""
    n_yielded = 0
    for row in run.stretches.itertuples():
        if n_yielded == MOST_REGIONS:
            return
        region = Region(row.chrom, int(row.start), int(row.end))
        tracks = region_tracks(run, region)
        if tracks is not None and 2 * _covered(tracks) > region.end - region.start:
            n_yielded += 1
            yield tracks


def _covered(tracks: RegionTracks) -> int:
    """Return how many bases have a value (bp)."""
    track = tracks.targets[0].tracks[0]
    return int((track.end - track.start).sum())


def region_tracks(run: Run, region: Region) -> RegionTracks | None:
    """Read what was predicted of a stretch, from the first input that covers any of it.

    Parameters
    ----------
    run : Run
        A run with tracks.
    region : danq.genome.tables.Region
        The stretch.

    Returns
    -------
    RegionTracks or None
        None where nothing was predicted.
    """
    table = run.tracks
    if table is None:
        return None
    predicted = table[table["content"] == "probability"]
    for name in dict.fromkeys(predicted["input"]):
        rows = predicted[predicted["input"] == name]
        if len(read_track(rows.iloc[0], region).value):
            peaks = table[table["content"] == "peaks"]
            return _read_targets(region, name, rows, peaks)
    return None


def _read_targets(
    region: Region, input_name: str, predicted: pd.DataFrame, own: pd.DataFrame
) -> RegionTracks:
    """Read the targets that are drawn."""
    files = dict(zip(own["target"], own["file"], strict=True))
    peaks = {}
    for target in dict.fromkeys(predicted["target"]):
        peaks[target] = _peaks(files[target], region) if target in files else []
    # Stable: among those with peaks, and among those without, the order of the run.
    order = sorted(peaks, key=lambda target: not peaks[target])[:MOST_TARGETS]
    targets = []
    for target in sorted(order):
        rows = predicted[predicted["target"] == target]
        tracks = [read_track(row, region) for _, row in rows.iterrows()]
        targets.append(TargetTracks(target, peaks[target], tracks))
    n_with_peaks = sum(bool(intervals) for intervals in peaks.values())
    return RegionTracks(region, input_name, targets, n_with_peaks)


def read_track(row: pd.Series, region: Region) -> Track:
    """Read a stretch of a bigWig.

    Parameters
    ----------
    row : pandas.Series
        With the entries model and file.
    region : danq.genome.tables.Region
        The stretch.

    Returns
    -------
    Track
        Without values where the file has none.
    """
    intervals: list[tuple[int, int, float]] = []
    with load_pybigwig().open(row["file"]) as file:
        inside = min(region.end, file.chroms().get(region.chrom, 0))
        if region.start < inside:
            intervals = file.intervals(region.chrom, region.start, inside) or []
    start = np.array([interval[0] for interval in intervals], dtype=np.int64)
    end = np.array([interval[1] for interval in intervals], dtype=np.int64)
    value = np.array([interval[2] for interval in intervals], dtype=np.float64)
    return Track(row["model"], np.maximum(start, region.start), np.minimum(end, region.end), value)


def _peaks(path: str, region: Region) -> list[tuple[int, int]]:
    """Read the peaks of a bigBed that overlap a stretch, cut to it."""
    with load_pybigwig().open(path) as file:
        if region.chrom not in file.chroms():
            return []
        inside = min(region.end, file.chroms(region.chrom))
        entries = file.entries(region.chrom, region.start, inside) or []
    return [(max(start, region.start), min(end, region.end)) for start, end, _ in entries]
