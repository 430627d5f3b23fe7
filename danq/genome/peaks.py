"""BED and narrowPeak files to intervals, many files in one pass over their bytes.

Three columns are read: chrom, start, end. Errors are refused with their line. What is common in
real files and harmless when known (ends beyond the chromosome, contigs that the genome lacks, empty
or repeated intervals) is handled by a fixed rule, and counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from danq.errors import DanqError, DanqErrors, shown, warn
from danq.files import PathLike
from danq.genome.bed import LONGEST_NAME, BedText, Flags, Integers, differs, read_numbers
from danq.genome.chromosomes import Chromosomes, unknown_chromosome
from danq.genome.peak_faults import file_fault, is_name, line_fault
from danq.genome.plausible import (
    LONG,
    MOST_UNKNOWN,
    TOLD_UNKNOWN,
    Intervals,
    absurd_clips,
    long_intervals,
)
from danq.progress import Bar
from danq.reading import read_bytes

MOST_ERRORS = 10
"""Faulty lines of a file that are reported one by one; further ones are counted."""

_GROUP = 1 << 20  # bytes read in one pass: small files together, to save a fixed cost per file


class Peaks(NamedTuple):
    """Intervals of one or more files, in the order of the files and of their lines.

    Attributes
    ----------
    files : range
        Indices of the files, among all that are read.
    file : numpy.ndarray, shape (n,), int64
        Index of each interval's file.
    chrom : numpy.ndarray, shape (n,), int64
        Index of each interval's chromosome among those of the genome.
    start, end : numpy.ndarray, shape (n,), int64
        The intervals (bp, 0-based half-open).
    """

    files: range
    file: Integers
    chrom: Integers
    start: Integers
    end: Integers


def read_peaks(
    paths: Sequence[PathLike],
    chromosomes: Chromosomes | None,
    *,
    widen: Sequence[int] | None = None,
    counts: list[Counter[str]] | None = None,
    progress: str = "peaks",
    regions: bool = False,
) -> Iterator[Peaks]:
    """Read BED or narrowPeak files.

    Parameters
    ----------
    paths : sequence of path
        The files, plain or gzip; columns separated by tabs, the first three are read.
    chromosomes : Chromosomes or None
        Of the genome; None when it could not be read: then only the text is checked, and nothing is
        yielded.
    widen : sequence of int, optional
        By how much to widen the intervals of each file either way (bp), for files of summits;
        clipped at the ends of the chromosome.
    counts : list of collections.Counter, optional
        Receives for each file what was counted in it.
    progress : str
        Label of the progress bar.
    regions : bool
        The files are lists of regions to leave out, made for more contigs than a genome may have:
        intervals on other chromosomes are no error, however many.

    Yields
    ------
    Peaks
        Of a group of files; the groups in the order of `paths`.

    Raises
    ------
    DanqErrors
        After all files were read: up to `MOST_ERRORS` lines of each that are not three
        tab-separated columns with whole numbers, the start not after the end, on a chromosome of
        the genome, or that are no peak which touches its end (`danq.genome.plausible`); a file
        without any interval, or of other chromosomes.

    Notes
    -----
    On standard error: a warning for an interval of a file of peaks that is far longer than the
    others, and for a file of which much lies on chromosomes that the genome lacks.
    """
    errors: list[DanqError] = []
    first_file = 0
    with Bar(total=len(paths), desc=progress, unit="file") as bar:
        for files in _read_groups(paths):
            next_file = first_file + len(files)
            widths = widen[first_file:next_file] if widen else None
            group = _Group(files, chromosomes)
            errors += group.errors(regions)
            errors += group.summit_errors(widths)
            if counts is not None:
                counts += group.text.counts
            if chromosomes is not None:
                peaks = group.peaks(first_file, chromosomes, widths)
                if not errors:
                    for warning in [] if regions else group.warnings():
                        warn(str(warning))
                    yield peaks
            first_file = next_file
            bar.update(len(files))
    if errors:
        raise DanqErrors(errors)


class _File(NamedTuple):
    """The text of a file, or why it cannot be read."""

    path: PathLike
    text: bytes
    error: DanqError | None


def _read_file(path: PathLike) -> _File:
    """Read a file, plain or gzip."""
    try:
        return _File(path, read_bytes(path), None)
    except DanqError as error:
        return _File(path, b"", error)


def _read_groups(paths: Iterable[PathLike]) -> Iterator[list[_File]]:
    """Read files, and yield several small ones together."""
    files = []
    size = 0
    for path in paths:
        file = _read_file(path)
        files.append(file)
        size += len(file.text)
        if size >= _GROUP:
            yield files
            files = []
            size = 0
    if files:
        yield files


class _Group:
    """The lines of some files as intervals, and what is wrong with them.

    `chrom` (-1 where the genome lacks it), `start` and `end` are int64 (n,), one for each line;
    `faulty` is bool (n,). `names` are those of runs of lines, and `run` is the run of each line.
    """

    def __init__(self, files: list[_File], chromosomes: Chromosomes | None) -> None:
        self.files = files
        self.chromosomes = chromosomes
        self.text = BedText([file.text for file in files])
        columns = self.text.columns()
        buffer = self.text.buffer
        start = read_numbers(buffer, columns.tab1 + 1, columns.tab2)
        end = read_numbers(buffer, columns.tab2 + 1, columns.tab3)
        self.start = start.value
        self.end = end.value
        self.faulty = columns.short | self.text.lines.broken
        self.faulty |= start.bad | end.bad
        self.faulty |= self.start > self.end
        self._read_chromosomes(columns.tab1)
        if chromosomes is not None:
            length = chromosomes.lengths[np.maximum(self.chrom, 0)]
            # A summit may be an interval without a base, behind the last one.
            beyond = self.start >= length + (self.start == self.end)
            self.faulty |= beyond & (self.chrom >= 0)

    def _read_chromosomes(self, tab1: Integers) -> None:
        """Find the chromosome of each line; a first column that cannot be a name is faulty."""
        size = tab1 - self.text.lines.start
        self.faulty |= size > LONGEST_NAME
        names, lengths, self.run = self.text.names(tab1, self.faulty)
        self.names = [_unquoted(name) for name in names]
        indices = np.full(len(lengths), -1, dtype=np.int64)
        unfit = np.zeros(len(lengths), dtype=bool)
        for run, name in enumerate(self.names):
            unfit[run] = not is_name(name)
            if self.chromosomes is not None:
                indices[run] = self.chromosomes.index(name)
        self.faulty |= np.repeat(unfit, lengths)
        self.chrom = np.repeat(indices, lengths)

    def errors(self, regions: bool) -> list[DanqError]:
        """Return what is wrong: faulty lines, too many unknown chromosomes, no interval at all."""
        n_files = len(self.files)
        n_lines = np.bincount(self.text.lines.file, minlength=n_files)
        if n_lines.all() and not self._suspect().any():  # nearly always
            return []
        errors = []
        for index in range(n_files):
            errors += self._file_errors(index, regions)
        return errors

    def summit_errors(self, widths: Sequence[int] | None) -> list[DanqError]:
        """Return an error for each file of summits that are not to be widened: they label no bin.

        MACS writes summits as intervals of 1 bp, other programs as intervals without a base.
        """
        errors = []
        size = self.end - self.start
        for index, width in enumerate(widths or []):
            rows = self._rows(index)
            n = rows.stop - rows.start
            if width == 0 and n and not self.faulty[rows].any() and size[rows].max() <= 1:
                what = f"all {n} intervals are of 1 bp or none: summits, which label no bin"
                fix = "give them a width in the column widen of the table, or give the peaks"
                errors.append(DanqError(f"{what}; {fix}", self.files[index].path))
        return errors

    def warnings(self) -> list[DanqError]:
        """Return what is strange in files of peaks without errors."""
        if self.chromosomes is None or not self._suspect().any():
            return []
        warnings = []
        for index, file in enumerate(self.files):
            rows = self._rows(index)
            warnings += self._long_warnings(file.path, rows, self.chromosomes)
            warnings += self._unknown_warnings(file.path, rows)
        return warnings

    def _suspect(self) -> Flags:
        """Return which lines may be a reason to refuse their file, or to warn."""
        if self.chromosomes is None:
            return self.faulty
        beyond = self.end > self.chromosomes.lengths[self.chrom]
        long = self.end - self.start >= LONG
        return self.faulty | (self.chrom < 0) | beyond | long

    def _rows(self, index: int) -> slice:
        """Return the lines of a file."""
        edges = np.searchsorted(self.text.lines.file, [index, index + 1])
        start, stop = edges.tolist()
        return slice(start, stop)

    def _intervals(self, rows: slice, chromosomes: Chromosomes) -> Intervals:
        """Return the intervals of some lines."""
        chrom = self.chrom[rows]
        length = np.where(chrom < 0, -1, chromosomes.lengths[chrom])
        return Intervals(self.start[rows], self.end[rows], length)

    def _file_errors(self, index: int, regions: bool) -> list[DanqError]:
        """Return what is wrong with one file."""
        file = self.files[index]
        if file.error is not None:
            return [file.error]
        rows = self._rows(index)
        faulty = rows.start + np.flatnonzero(self.faulty[rows])
        if len(faulty):
            return self._line_errors(file.path, faulty)
        if rows.start == rows.stop:
            what = "holds no interval; give a file that has some, or leave it out"
            return [DanqError(what, file.path)]
        if self.chromosomes is None:
            return []
        errors = self._unknown_errors(file.path, rows, self.chromosomes, regions)
        return errors or self._clip_errors(file.path, rows, self.chromosomes)

    def _line_errors(self, path: PathLike, faulty: Integers) -> list[DanqError]:
        """Return the errors of the first faulty lines, and how many more there are."""
        what = file_fault(self.text.line(int(faulty[0])))
        if what is not None:
            return [DanqError(what, path)]
        errors = []
        for row in faulty[:MOST_ERRORS].tolist():
            number = self.text.line_number(row)
            errors.append(DanqError(self._fault(row), path, number))
        more = len(faulty) - MOST_ERRORS
        if more > 0:
            errors.append(DanqError(f"and {more} more faulty lines", path))
        return errors

    def _fault(self, row: int) -> str:
        """Return what is wrong with a faulty line."""
        if self.text.lines.broken[row]:
            return (
                "a carriage return that is not at the end of a line (the line ends of an old "
                "Macintosh?); convert the line ends"
            )
        fault = line_fault(self.text.line(row))
        if fault is not None:
            return fault
        start = self.start[row]
        end = self.end[row]
        if start > end or self.chromosomes is None:
            return f"start {start} is after end {end}; fix the line"
        index = self.chrom[row]
        name = shown(self.chromosomes.names[index])
        length = self.chromosomes.lengths[index]
        return (
            f"start {start} is beyond the end of {name} ({length} bp); check "
            "that the peaks and the genome are of the same assembly"
        )

    def _unknown_errors(
        self, path: PathLike, rows: slice, chromosomes: Chromosomes, regions: bool
    ) -> list[DanqError]:
        """Return the error of a file that is of another genome, or names chromosomes otherwise."""
        n = rows.stop - rows.start
        unknown = rows.start + np.flatnonzero(self.chrom[rows] < 0)
        twins = [row for row in self._firsts(unknown) if chromosomes.twin(self._name(row))]
        most = 1.0 if regions else MOST_UNKNOWN
        if not twins and len(unknown) <= most * n and len(unknown) < n:
            return []
        row = [*twins, *unknown.tolist()][0]
        where = unknown_chromosome(self._name(row), chromosomes.names)
        share = f"{len(unknown)} of {n} intervals lie"
        what = f"{share} on chromosomes that the genome lacks: {where}"
        return [DanqError(what, path, self.text.line_number(row))]

    def _unknown_warnings(self, path: PathLike, rows: slice) -> list[DanqError]:
        """Return the warning of a file of which much lies on chromosomes that the genome lacks."""
        n = rows.stop - rows.start
        unknown = rows.start + np.flatnonzero(self.chrom[rows] < 0)
        if len(unknown) <= TOLD_UNKNOWN * n:
            return []
        numbers = Counter(self._name(row) for row in unknown.tolist())
        names = [f"{shown(name)} ({number})" for name, number in numbers.most_common(5)]
        listed = ", ".join([*names, "..."] if len(numbers) > 5 else names)
        share = f"{len(unknown)} of {n} intervals lie"
        what = f"{share} on chromosomes that the genome lacks, and are left out: {listed}"
        return [DanqError(what, path)]

    def _firsts(self, rows: Integers) -> list[int]:
        """Return the first row of each run of lines of one name, among some rows."""
        _, firsts = np.unique(self.run[rows], return_index=True)
        return rows[firsts].tolist()

    def _name(self, row: int) -> str:
        """Return the name of the chromosome on a line."""
        return self.names[self.run[row]].decode()

    def _clip_errors(
        self, path: PathLike, rows: slice, chromosomes: Chromosomes
    ) -> list[DanqError]:
        """Return the errors of the first lines that are not peaks at the end of a chromosome."""
        intervals = self._intervals(rows, chromosomes)
        absurd = np.flatnonzero(absurd_clips(intervals))
        errors = []
        for index in absurd[:MOST_ERRORS].tolist():
            row = rows.start + index
            chromosome = _chromosome_text(chromosomes, int(self.chrom[row]))
            start, end, length = (int(values[index]) for values in intervals)
            what = (
                f"the interval {start}-{end} ends {end - length:,} bp beyond {chromosome}, and "
                f"{length - start:,} bp of it would be left ({_beside(intervals)}); check that "
                "both are of the same assembly, and fix the line"
            )
            errors.append(DanqError(what, path, self.text.line_number(row)))
        if len(absurd) > MOST_ERRORS:
            errors.append(DanqError(f"and {len(absurd) - MOST_ERRORS} more such lines", path))
        return errors

    def _long_warnings(
        self, path: PathLike, rows: slice, chromosomes: Chromosomes
    ) -> list[DanqError]:
        """Return the warning of a file with intervals far longer than its others."""
        intervals = self._intervals(rows, chromosomes)
        long = np.flatnonzero(long_intervals(intervals))
        if len(long) == 0:
            return []
        self.text.count("long_intervals", self.text.lines.file[rows][long])
        row = rows.start + int(long[0])
        size = int(self.end[row] - self.start[row])
        chromosome = _chromosome_text(chromosomes, int(self.chrom[row]))
        more = f", and {len(long) - 1} more are as long" if len(long) > 1 else ""
        what = (
            f"an interval covers {size:,} bp of {chromosome}{more} ({_beside(intervals)}); every "
            "bin in it is positive: remove it if it is not a peak"
        )
        return [DanqError(what, path, self.text.line_number(row))]

    def peaks(self, first: int, chromosomes: Chromosomes, widen: Sequence[int] | None) -> Peaks:
        """Return the intervals, widened and clipped; `first` is the index of the first file."""
        file = self.text.lines.file
        start = self.start
        end = self.end
        known = self.chrom >= 0
        length = chromosomes.lengths[np.maximum(self.chrom, 0)]
        margin = np.array(widen)[file] if widen else 0
        empty = known & (start == end) & (margin == 0)
        self._count(known, empty, known & (end > length))
        if widen:
            start = np.maximum(start - margin, 0)
            end = end + margin
        end = np.minimum(end, length)
        files = range(first, first + len(self.files))
        keep = known & ~empty
        columns = [file + first, self.chrom, start, end]
        if not keep.all():
            columns = [values[keep] for values in columns]
        return Peaks(files, *columns)

    def _count(self, known: Flags, empty: Flags, beyond: Flags) -> None:
        """Count the intervals, and what is changed or left out."""
        file = self.text.lines.file
        self.text.count("intervals", file)
        for what, rows in (
            ("intervals_on_other_chromosomes", ~known),
            ("empty_intervals", empty),
            ("clipped_intervals", beyond),
        ):
            if rows.any():
                self.text.count(what, file[rows])
        repeats = np.flatnonzero(~differs(self.start)) + 1
        for values in (self.end, self.chrom, file):
            repeats = repeats[values[repeats] == values[repeats - 1]]
        if len(repeats):
            self.text.count("repeated_intervals", file[repeats])


def _chromosome_text(chromosomes: Chromosomes, index: int) -> str:
    """Return a chromosome's name and length for a message."""
    return f"{shown(chromosomes.names[index])} ({chromosomes.lengths[index]:,} bp)"


def _beside(intervals: Intervals) -> str:
    """Return for a message how long the intervals of a file are."""
    middle = intervals.middle()
    if middle == 0:
        return "the file has no other interval on it"
    return f"the file's median interval has {middle:,} bp"


def _unquoted(name: bytes) -> bytes:
    """Return a name without the double quotes that R puts around texts."""
    if len(name) > 2 and name.startswith(b'"') and name.endswith(b'"'):
        return name[1:-1]
    return name
