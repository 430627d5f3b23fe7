"""What a trained model is shown beside a dataset: sequences, regions of a genome, or all of it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.errors import DanqError, DanqErrors, shown
from danq.files import PathLike
from danq.genome.fasta import read_fasta, read_genome
from danq.genome.fields import Fields, read_fields
from danq.genome.peaks import MOST_ERRORS, unknown_chromosome
from danq.genome.sequence import UNKNOWN, Bytes, Genome, find_unknown, pack
from danq.genome.tables import read_regions
from danq.genome.tiles import LEAVES, Stretch, Tiling, covering_stretch, fitting_stretch
from danq.genome.tiles import UNKNOWN as TOO_FEW_KNOWN


class Skipped(NamedTuple):
    """Bases for which nothing is predicted.

    Attributes
    ----------
    sequence : str
        Name of the sequence.
    start, end : int
        Which bases (bp, 0-based half-open).
    name : str
        What the user calls the region; may be empty.
    reason : str
        Why.
    """

    sequence: str
    start: int
    end: int
    name: str
    reason: str


class Sequences(NamedTuple):
    """Sequences, and which parts of them are to be covered.

    Attributes
    ----------
    genome : danq.genome.sequence.Genome
        The sequences; short ones with unknown bases on either side.
    lengths : dict of str to int
        How long they are without those (bp).
    padding : dict of str to int
        Unknown bases before the first of its own (bp), of each sequence that has some.
    stretches : list of danq.genome.tiles.Stretch
        What to cover, in the order of the input; in bp of `genome`.
    skipped : list of Skipped
        Whole sequences, and ends of them, that no window fits on; in bp of the sequence itself.
    """

    genome: Genome
    lengths: dict[str, int]
    padding: dict[str, int]
    stretches: list[Stretch]
    skipped: list[Skipped]


# --- sequences of a FASTA file, or of a program ---


def sequences_of_fasta(path: PathLike, tiling: Tiling) -> Sequences:
    """Read sequences of any length; the first row of each is the bin of its first window.

    Parameters
    ----------
    path : str or path-like
        FASTA, plain or gzip.
    tiling : danq.genome.tiles.Tiling
        How they are covered.

    Returns
    -------
    Sequences
        A sequence shorter than the window has unknown bases on either side, equally many.

    Raises
    ------
    DanqError
        As `danq.genome.fasta.read_fasta`.
    """
    records = {record.name: record.indices for record in read_fasta(path)}
    return sequences_of_records(records, tiling)


def sequences_of_records(records: dict[str, Bytes], tiling: Tiling) -> Sequences:
    """Take sequences of any length, see `sequences_of_fasta`.

    Parameters
    ----------
    records : dict of str to numpy.ndarray, uint8 (L,)
        Base indices of each sequence, by its name; emptied, so that nothing is kept twice.
    tiling : danq.genome.tiles.Tiling
        How they are covered.

    Returns
    -------
    Sequences
    """
    lengths = {name: len(indices) for name, indices in records.items()}
    packed = {}
    unknown = {}
    padding = {}
    for name in lengths:
        indices = records.pop(name)
        n_missing = tiling.window - len(indices)
        if n_missing > 0:
            padding[name] = n_missing // 2
            ends = (n_missing // 2, n_missing - n_missing // 2)
            indices = np.pad(indices, ends, constant_values=UNKNOWN)
        packed[name] = pack(indices)
        unknown[name] = find_unknown(indices, 0)
    padded = {name: max(length, tiling.window) for name, length in lengths.items()}
    genome = Genome(packed, padded, unknown)
    whole = _Whole(genome, lengths, padding, tiling, on_grid=False)
    return whole.sequences(list(lengths))


def sequences_of_genome(
    path: PathLike, chromosomes: Sequence[str] | None, tiling: Tiling
) -> Sequences:
    """Read a genome, to cover whole chromosomes of it.

    Parameters
    ----------
    path : str or path-like
        FASTA, plain or gzip.
    chromosomes : sequence of str or None
        Which; None: all of them, in the order of the file.
    tiling : danq.genome.tiles.Tiling
        How they are covered: rows begin at multiples of the step.

    Returns
    -------
    Sequences

    Raises
    ------
    DanqError
        As `danq.genome.fasta.read_genome`, or there is no such chromosome.
    """
    genome = read_genome(path).genome
    names = chosen_chromosomes(chromosomes, genome.lengths, path)
    whole = _Whole(genome, genome.lengths, {}, tiling, on_grid=True)
    return whole.sequences(names)


def chosen_chromosomes(
    chromosomes: Sequence[str] | None, lengths: Mapping[str, int], path: PathLike | None = None
) -> list[str]:
    """Return the chromosomes of a genome that are covered as a whole, each once.

    Parameters
    ----------
    chromosomes : sequence of str or None
        Which; None: all of them, in the order of the genome.
    lengths : mapping of str to int
        Length of each chromosome (bp).
    path : path, optional
        The genome, for messages.

    Returns
    -------
    list of str

    Raises
    ------
    DanqError
        There is no such chromosome.
    """
    names = list(lengths) if chromosomes is None else list(dict.fromkeys(chromosomes))
    for name in names:
        if name not in lengths:
            raise DanqError(unknown_chromosome(name, lengths, takes_aliases=False), path)
    return names


class _Whole(NamedTuple):
    """Covers whole sequences."""

    genome: Genome
    lengths: dict[str, int]
    padding: dict[str, int]
    tiling: Tiling
    on_grid: bool

    def sequences(self, names: list[str]) -> Sequences:
        """Return what covers the sequences of those names, and their ends, which nothing covers."""
        stretches = []
        skipped = []
        for name in names:
            length = self.genome.lengths[name]
            stretch = fitting_stretch(name, length, self.tiling, on_grid=self.on_grid)
            if stretch is not None:
                stretches.append(stretch)
            skipped += self._uncovered(name, stretch)
        return Sequences(self.genome, self.lengths, self.padding, stretches, skipped)

    def _uncovered(self, name: str, stretch: Stretch | None) -> list[Skipped]:
        """Return the ends of a sequence that no bin with a whole window covers."""
        length = self.lengths[name]
        if stretch is None:
            return [Skipped(name, 0, length, "", LEAVES)]
        if name in self.padding:
            return []
        ends = [(0, stretch.start), (stretch.end, length)]
        return [Skipped(name, start, end, "", LEAVES) for start, end in ends if start < end]


# --- regions of a genome ---


def sequences_of_regions(genome: PathLike, bed: PathLike, tiling: Tiling) -> Sequences:
    """Read a genome and the regions of it that are to be covered.

    Parameters
    ----------
    genome : str or path-like
        FASTA, plain or gzip.
    bed : str or path-like
        BED, plain or gzip; the name of a region, its fourth column, is kept.
    tiling : danq.genome.tiles.Tiling
        How they are covered.

    Returns
    -------
    Sequences
        The stretches cover the regions, in the order of the file.

    Raises
    ------
    DanqError
        As `danq.genome.fasta.read_genome`, or a line that is not a region of the genome.
    """
    read = read_genome(genome).genome
    stretches = read_stretches(bed, read.lengths, tiling.step)
    return Sequences(read, read.lengths, {}, stretches, [])


def sequences_of_texts(genome: PathLike, regions: Sequence[str], tiling: Tiling) -> Sequences:
    """Read a genome and cover regions of it that are given as texts.

    Parameters
    ----------
    genome : str or path-like
        FASTA, plain or gzip.
    regions : sequence of str
        ``chrom:start-end`` (bp, 0-based half-open), or names of chromosomes.
    tiling : danq.genome.tiles.Tiling
        How they are covered.

    Returns
    -------
    Sequences
        The stretches cover the regions, in their order.

    Raises
    ------
    DanqError
        As `danq.genome.fasta.read_genome`, or a text that is not a region of the genome.
    """
    read = read_genome(genome).genome
    stretches = []
    for chrom, start, end in read_regions(regions, read.lengths):
        stretches.append(covering_stretch(chrom, start, end, "", tiling.step))
    return Sequences(read, read.lengths, {}, stretches, [])


def read_stretches(bed: PathLike, lengths: Mapping[str, int], step: int) -> list[Stretch]:
    """Read the regions of a BED file, every one of them inside the genome.

    Parameters
    ----------
    bed : str or path-like
        The file: chrom, start, end (bp, 0-based half-open), and a name where there is one.
    lengths : mapping of str to int
        Length of each chromosome (bp).
    step : int
        Length of a row (bp).

    Returns
    -------
    list of danq.genome.tiles.Stretch
        What covers them, in the order of the file.

    Raises
    ------
    DanqError
        No region; or, for up to ten lines, what is wrong with them.
    """
    regions: list[Stretch] = []
    errors: list[DanqError] = []
    for fields in read_fields(bed):
        if fields.texts[0].split(" ")[0] in ("track", "browser"):
            continue
        try:
            regions.append(_covering(fields, lengths, step))
        except DanqError as error:
            errors.append(DanqError(str(error), bed, fields.line))
            if len(errors) == MOST_ERRORS:
                break
    if errors:
        raise DanqErrors(errors)
    if not regions:
        raise DanqError("no region in the file; give a BED file", bed)
    return regions


def _covering(fields: Fields, lengths: Mapping[str, int], step: int) -> Stretch:
    """Return what covers the region of a line, or refuse it."""
    texts = fields.texts
    if len(texts) < 3:
        raise DanqError(f"{len(texts)} columns; a region has chrom, start and end, between tabs")
    chrom = texts[0]
    if chrom not in lengths:
        raise DanqError(unknown_chromosome(chrom, lengths, takes_aliases=False))
    start = _position(texts[1])
    end = _position(texts[2])
    if start >= end:
        raise DanqError(f"start {start} is not before end {end}; give 0-based half-open positions")
    if end > lengths[chrom]:
        what = f"end {end} is beyond {shown(chrom)} ({lengths[chrom]} bp)"
        raise DanqError(f"{what}; check the assembly, or cut the region off there")
    name = texts[3] if len(texts) > 3 and texts[3] != "." else ""
    return covering_stretch(chrom, start, end, name, step)


def _position(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise DanqError(f"{shown(text)} is not a position; give whole numbers from 0")
    return int(text)


# --- what was skipped ---


class LostRows(NamedTuple):
    """Rows without a bin that can be predicted.

    Attributes
    ----------
    stretch, start : numpy.ndarray, shape (n,), int64
        The stretch of each, and where it begins (bp).
    fits : numpy.ndarray, shape (n,), bool
        Whether a window of it lies inside the sequence.
    """

    stretch: NDArray[np.int64]
    start: NDArray[np.int64]
    fits: NDArray[np.bool_]


def skipped_rows(
    sequences: Sequences, stretches: list[Stretch], rows: LostRows, step: int
) -> list[Skipped]:
    """Return the rows for which nothing can be predicted, neighbours as one.

    Parameters
    ----------
    sequences : Sequences
        As read.
    stretches : list of danq.genome.tiles.Stretch
        What was covered.
    rows : LostRows
        Those rows.
    step : int
        Length of a row (bp).

    Returns
    -------
    list of Skipped
        In bp of the sequences themselves.
    """
    skipped: list[Skipped] = []
    before: tuple[int, bool] | None = None
    lists = (array.tolist() for array in rows)
    for stretch_number, start, fits in zip(*lists, strict=True):
        stretch = stretches[stretch_number]
        low = start - sequences.padding.get(stretch.sequence, 0)
        high = min(low + step, sequences.lengths[stretch.sequence])
        low = max(low, 0)
        reason = TOO_FEW_KNOWN if fits else LEAVES
        if before == (stretch_number, fits) and skipped[-1].end == low:
            skipped[-1] = skipped[-1]._replace(end=high)
        else:
            skipped.append(Skipped(stretch.sequence, low, high, stretch.name, reason))
        before = (stretch_number, fits)
    return skipped
