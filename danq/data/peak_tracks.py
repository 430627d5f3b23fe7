"""The user's own peaks as tracks: a bigBed file for each target, as danq reads its file."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from danq.data.bigwig import load_pybigwig
from danq.data.bin_tracks import TABLE, file_names
from danq.errors import DanqError
from danq.files import PathLike, atomic, write_table
from danq.genome.chromosomes import Chromosomes
from danq.genome.peaks import Peaks, read_peaks
from danq.genome.tables import Target

_NO_PYBIGTOOLS = (
    'a bigBed needs pybigtools, which is not installed; pip install "danq[interpret]", which has it'
)

_LAST_BYTES = (0x8789F2EB).to_bytes(4, "little")
"""A bigBed ends with the number with which it begins (https://doi.org/10.1093/bioinformatics/btq351)."""


def load_pybigtools() -> ModuleType:
    """Return the module pybigtools.

    Raises
    ------
    DanqError
        It is not installed.
    """
    try:
        import pybigtools
    except ImportError as error:
        raise DanqError(_NO_PYBIGTOOLS) from error
    return pybigtools


def write_peak_tracks(
    folder: PathLike, targets: Sequence[Target], chromosomes: Chromosomes
) -> list[Path | None]:
    """Write the peaks of each target as bigBed, in the genome's names, clipped and sorted.

    ``README.tsv`` beside the files says which is which.

    Parameters
    ----------
    folder : str or path-like
        Where to put them; made if it is not there.
    targets : sequence of danq.genome.tables.Target
        Whose peaks.
    chromosomes : danq.genome.chromosomes.Chromosomes
        Of the genome, with the other names that the files may use.

    Returns
    -------
    list of pathlib.Path or None
        The file of each target; None for one that has no peak on the genome.

    Raises
    ------
    DanqError
        A file that cannot be used, pybigtools is not installed, or the disk is full.
    """
    names = file_names([target.name for target in targets], ".bb")
    tracks: list[Path | None] = []
    rows = []
    for number, peaks in enumerate(_peaks_by_file(targets, chromosomes)):
        path = Path(folder) / names[number]
        if len(peaks):
            write_big_bed(path, peaks, chromosomes)
            row = {"file": names[number], "target": targets[number].name, "peaks": len(peaks)}
            rows.append({**row, "source": targets[number].source})
        tracks.append(path if len(peaks) else None)
    columns = ["file", "target", "peaks", "source"]
    write_table(Path(folder) / TABLE, pd.DataFrame(rows, columns=columns))
    return tracks


def _peaks_by_file(targets: Sequence[Target], chromosomes: Chromosomes) -> Iterator[pd.DataFrame]:
    """Yield the peaks of each target."""
    files = [target.file for target in targets]
    widen = [target.widen for target in targets]
    for group in read_peaks(files, chromosomes, widen=widen):
        yield from _split(group)


def _split(group: Peaks) -> Iterator[pd.DataFrame]:
    """Yield the peaks of each file of a group, without those of no base."""
    columns = {"chrom": group.chrom, "start": group.start, "end": group.end}
    table = pd.DataFrame(columns)
    for number in group.files:
        rows = (group.file == number) & (group.start < group.end)
        yield table[rows]


def write_big_bed(path: PathLike, peaks: pd.DataFrame, chromosomes: Chromosomes) -> None:
    """Write intervals as a bigBed of three columns.

    Parameters
    ----------
    path : str or path-like
        The file to make.
    peaks : pandas.DataFrame
        Columns chrom (index of the chromosome), start, end (bp, 0-based half-open), in any order;
        at least one row.
    chromosomes : danq.genome.chromosomes.Chromosomes
        Of the genome.

    Raises
    ------
    DanqError
        pybigtools or pyBigWig is not installed, or the disk is full.
    """
    names = np.array(chromosomes.names, dtype=object)
    table = peaks.assign(chrom=names[peaks["chrom"].to_numpy()])
    # By name, as `sort -k1,1 -k2,2n`, which is what UCSC's own tools expect.
    table = table.sort_values(["chrom", "start", "end"], kind="stable")
    lengths = dict(zip(chromosomes.names, chromosomes.lengths.tolist(), strict=True))
    with atomic(path) as temporary:
        _write(path, temporary, table, lengths)
        if not _holds(temporary, table, lengths):
            raise DanqError("the bigBed cannot be read back: is the disk full?; make room", path)


def _write(
    path: PathLike, temporary: Path, table: pd.DataFrame, lengths: Mapping[str, int]
) -> None:
    """Write a sorted table."""
    no_more_columns = [""] * len(table)
    starts = table["start"].tolist()
    ends = table["end"].tolist()
    rows = zip(table["chrom"], starts, ends, no_more_columns, strict=True)
    writer = load_pybigtools().open(str(temporary), "w")
    try:
        writer.write(lengths, rows)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of Rust is no Exception
        what = f"the bigBed cannot be written ({error})"
        raise DanqError(f"{what}: is the disk full?; make room", path) from error


def _holds(file: Path, table: pd.DataFrame, lengths: Mapping[str, int]) -> bool:
    """Return whether a bigBed has the rows of a table: bigtools may cut one off without a word."""
    if file.read_bytes()[-len(_LAST_BYTES) :] != _LAST_BYTES:
        return False  # libBigWig may crash on what is cut off
    try:
        with load_pybigwig().open(str(file)) as written:
            for chrom, rows in table.groupby("chrom", sort=False):
                entries = written.entries(chrom, 0, lengths[chrom]) or []
                ends = [entry[:2] for entry in entries]
                if ends != list(zip(rows["start"], rows["end"], strict=True)):
                    return False
            return True
    except RuntimeError:
        return False
