"""BED and narrowPeak files to intervals, many files in one pass over their bytes.

Three columns are read: chrom, start, end. Errors are refused with their line. What is common in
real files and harmless when known (ends beyond the chromosome, contigs that the genome lacks, empty
or repeated intervals) is handled by a fixed rule, and counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from danq.errors import DanqError, DanqErrors, shown
from danq.files import PathLike, read_bytes
from danq.genome.bed import (
    LONGEST_NAME,
    MOST_DIGITS,
    BedText,
    Flags,
    Integers,
    differs,
    read_numbers,
)

MOST_CLIPPED = 0.01
"""A file where a larger share of intervals ends beyond its chromosome is of another assembly."""

MOST_UNKNOWN = 0.05
"""A file where a larger share of intervals is on unknown chromosomes is of another genome."""

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


class Chromosomes:
    """The chromosomes of a genome, and the names that peak files may give them.

    Parameters
    ----------
    lengths : mapping of str to int
        Length of each chromosome (bp).
    aliases : mapping of str to str, optional
        Other names, each with the genome's own name; those of chromosomes that the genome lacks
        are skipped.

    Attributes
    ----------
    names : list of str
        The genome's own names.
    lengths : numpy.ndarray, shape (C,), int64
        Length of each chromosome (bp).
    """

    def __init__(self, lengths: Mapping[str, int], aliases: Mapping[str, str] | None = None):
        self.names = list(lengths)
        self.lengths = np.array(list(lengths.values()), dtype=np.int64)
        indices = {name: index for index, name in enumerate(self.names)}
        self._indices = {}
        for alias, name in (aliases or {}).items():
            if name in indices:
                self._indices[alias.encode()] = indices[name]
        for name, index in indices.items():
            self._indices[name.encode()] = index

    def index(self, name: bytes) -> int:
        """Return the index of a chromosome by its name or alias (UTF-8), or -1."""
        return self._indices.get(name, -1)


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
        the genome; or a file without any interval.
    """
    most_unknown = 1.0 if regions else MOST_UNKNOWN
    errors: list[DanqError] = []
    first_file = 0
    with tqdm(total=len(paths), desc=progress, unit="file", disable=None) as bar:
        for files in _read_groups(paths):
            group = _Group(files, chromosomes)
            errors += group.errors(most_unknown)
            if counts is not None:
                counts += group.text.counts
            next_file = first_file + len(files)
            if chromosomes is not None:
                widths = widen[first_file:next_file] if widen else None
                peaks = group.peaks(first_file, chromosomes, widths)
                if not errors:
                    yield peaks
            first_file = next_file
            bar.update(len(files))
    if errors:
        raise DanqErrors(errors)


def unknown_chromosome(chrom: str, names: Iterable[str]) -> str:
    """Return the message for a chromosome that the genome lacks: names it has, and the likely fix.

    Parameters
    ----------
    chrom : str
        The name that the genome lacks.
    names : iterable of str
        Chromosomes of the genome.

    Returns
    -------
    str
        A message without file and line.

    Examples
    --------
    >>> what, fix = unknown_chromosome("chr1", ["1", "2"]).split("; ")
    >>> what
    "'chr1' is not in the genome, which has '1', '2'"
    >>> fix
    "remove 'chr' from the names, or use a genome that has it"
    """
    names = list(names)
    listed = ", ".join(map(shown, names[:5]))
    if len(names) > 5:
        listed += ", ..."
    fix = "use files of one assembly, or give a table of aliases"
    if chrom.removeprefix("chr") in names:
        fix = "remove 'chr' from the names, or use a genome that has it"
    elif "chr" + chrom in names:
        fix = "put 'chr' before the names, or use a genome without it"
    return f"{shown(chrom)} is not in the genome, which has {listed}; {fix}"


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
            beyond = self.start >= length
            beyond &= self.start < self.end
            self.faulty |= beyond & (self.chrom >= 0)

    def _read_chromosomes(self, tab1: Integers) -> None:
        """Find the chromosome of each line; a first column that cannot be a name is faulty."""
        size = tab1 - self.text.lines.start
        self.faulty |= size > LONGEST_NAME
        self.names, lengths, self.run = self.text.names(tab1, self.faulty)
        indices = np.full(len(lengths), -1, dtype=np.int64)
        unfit = np.zeros(len(lengths), dtype=bool)
        for run, name in enumerate(self.names):
            unfit[run] = not _is_name(name)
            if self.chromosomes is not None:
                indices[run] = self.chromosomes.index(name)
        self.faulty |= np.repeat(unfit, lengths)
        self.chrom = np.repeat(indices, lengths)

    def errors(self, most_unknown: float) -> list[DanqError]:
        """Return what is wrong: faulty lines, too many unknown chromosomes, no interval at all."""
        n_files = len(self.files)
        n_lines = np.bincount(self.text.lines.file, minlength=n_files)
        if n_lines.all() and not self._suspect().any():  # nearly always
            return []
        errors = []
        for index in range(n_files):
            errors += self._file_errors(index, most_unknown)
        return errors

    def _suspect(self) -> Flags:
        """Return which lines may be a reason to refuse their file."""
        if self.chromosomes is None:
            return self.faulty
        beyond = self.end > self.chromosomes.lengths[self.chrom]
        return self.faulty | (self.chrom < 0) | beyond

    def _file_errors(self, index: int, most_unknown: float) -> list[DanqError]:
        """Return what is wrong with one file."""
        file = self.files[index]
        if file.error is not None:
            return [file.error]
        edges = np.searchsorted(self.text.lines.file, [index, index + 1])
        start, stop = edges.tolist()
        faulty = start + np.flatnonzero(self.faulty[start:stop])
        if len(faulty):
            return self._line_errors(file.path, faulty)
        if start == stop:
            what = "holds no interval; give a file that has some, or leave it out"
            return [DanqError(what, file.path)]
        if self.chromosomes is None:
            return []
        rows = slice(start, stop)
        return self._share_errors(file.path, rows, self.chromosomes, most_unknown)

    def _line_errors(self, path: PathLike, faulty: Integers) -> list[DanqError]:
        """Return the errors of the first faulty lines, and how many more there are."""
        if self.text.line(int(faulty[0])).lstrip().startswith(b"<"):
            return [DanqError("is a web page, not peaks; download the file itself", path)]
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
        fault = _text_fault(self.text.line(row))
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

    def _share_errors(
        self, path: PathLike, rows: slice, chromosomes: Chromosomes, most_unknown: float
    ) -> list[DanqError]:
        """Return the error of a file as a whole, if it has one.

        Many intervals lie on chromosomes that the genome lacks, or end beyond theirs.
        """
        chrom = self.chrom[rows]
        n = len(chrom)
        unknown = np.flatnonzero(chrom < 0) + rows.start
        if len(unknown) > most_unknown * n or len(unknown) == n:
            share = f"{len(unknown)} of {n} intervals"
            return [self._unknown_error(path, share, int(unknown[0]), chromosomes)]
        over = self.end[rows] > chromosomes.lengths[chrom]
        beyond = np.flatnonzero(over & (chrom >= 0)) + rows.start
        if len(beyond) > MOST_CLIPPED * n:
            share = f"{len(beyond)} of {n} intervals"
            return [self._beyond_error(path, share, int(beyond[0]), chromosomes)]
        return []

    def _unknown_error(
        self, path: PathLike, share: str, row: int, chromosomes: Chromosomes
    ) -> DanqError:
        """Return the error of a file with many unknown chromosomes, the first of them in a row."""
        name = self.names[self.run[row]].decode()
        where = unknown_chromosome(name, chromosomes.names)
        what = f"{share} lie on chromosomes that the genome lacks: {where}"
        return DanqError(what, path, self.text.line_number(row))

    def _beyond_error(
        self, path: PathLike, share: str, row: int, chromosomes: Chromosomes
    ) -> DanqError:
        """Return the error of a file with many ends beyond the chromosome, the first in a row."""
        index = self.chrom[row]
        name = shown(chromosomes.names[index])
        length = chromosomes.lengths[index]
        what = (
            f"{share} end beyond their chromosome, the first at {self.end[row]} on {name} "
            f"({length} bp); check that both are of the same assembly, or clip the peaks (bedClip)"
        )
        return DanqError(what, path, self.text.line_number(row))

    def peaks(self, first: int, chromosomes: Chromosomes, widen: Sequence[int] | None) -> Peaks:
        """Return the intervals, widened and clipped; `first` is the index of the first file."""
        file = self.text.lines.file
        start = self.start
        end = self.end
        known = self.chrom >= 0
        length = chromosomes.lengths[np.maximum(self.chrom, 0)]
        empty = known & (start == end)
        self._count(known, empty, known & (end > length))
        if widen:
            margin = np.array(widen)[file]
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


def _text_fault(line: bytes) -> str | None:
    """Return what is wrong with the text of a line: its columns, its name or its numbers."""
    columns = [column.decode("latin-1") for column in line.split(b"\t")]
    if len(columns) < 3:
        fix = "give chrom, start and end"
        if len(line.split()) >= 3:
            fix = "separate the columns by tabs"
        text = shown(line.decode("latin-1"))
        return f"expected at least 3 tab-separated columns, not {text}; {fix}"
    chrom, start, end = columns[:3]
    if not _is_name(chrom.encode("latin-1")) or len(chrom) > LONGEST_NAME:
        return f"the chromosome {shown(chrom)} is not a name; fix the line"
    if not (_is_number(start) and _is_number(end)):
        numbers = f"{shown(start)} and {shown(end)}"
        return f"start and end must be whole numbers, not {numbers}; fix the line"
    return None


def _is_number(text: str) -> bool:
    """Return whether a text is a whole number that fits an int64."""
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def _is_name(name: bytes) -> bool:
    """Return whether bytes can name a chromosome: printable UTF-8 without outer white space."""
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return text.isprintable() and text != "" and name == name.strip()
