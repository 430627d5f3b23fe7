"""The door for BED and narrowPeak: text to intervals, many files in one pass over their bytes.

Three columns are read: chrom, start, end. What cannot be right is refused with its line; what is common in real files
and harmless when known (ends beyond the chromosome, contigs that the genome lacks, empty intervals, doubles) is dealt
with by a fixed rule, and counted.
"""

from collections import Counter
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from danq.errors import DanqError, DanqErrors, shown
from danq.files import read_bytes

MOST_CLIPPED = 0.01
"""A file with a larger share of intervals that end beyond their chromosome is of another assembly."""

MOST_UNKNOWN = 0.05
"""A file with a larger share of intervals on chromosomes that the genome lacks is of another genome."""

SHOWN_ERRORS = 10
"""As many faulty lines of a file are told; the others are counted."""

_GROUP = 1 << 20  # bytes read in one pass: small files together, to spare a fixed cost per file
_MARGIN = b"\n" + b"0" * 31  # what may be looked at around a number without leaving the buffer
_NAME = 1000  # bytes; no chromosome has a longer name
_DIGITS = 18  # more may not fit an int64
_ODD = np.isin(np.arange(256), list(b"#tb \t"))  # what lines begin with that may not be intervals
_LOWEST = np.array(
    [(1 << 8 * n) - 1 for n in range(9)], dtype=np.uint64
)  # words with the lowest n bytes set


class Peaks(NamedTuple):
    """Intervals of one or more files, in their order.

    `file` (int64) is the place of each interval's file among `files`, `chrom` (int64) of its chromosome among those of
    the genome; `start` and `end` are int64 (bp, 0-based half-open).
    """

    files: range
    file: np.ndarray
    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray


class Chromosomes:
    """The chromosomes of a genome, as peak files may call them.

    Parameters
    ----------
    lengths : dict of str to int
        Length of each chromosome (bp).
    aliases : dict of str to str, optional
        Other names, and the names in the genome that they stand for.
    """

    def __init__(self, lengths, aliases=None):
        self.names = list(lengths)
        self.lengths = np.array(list(lengths.values()), dtype=np.int64)
        places = {name: place for place, name in enumerate(self.names)}
        known = {
            alias: places[name] for alias, name in (aliases or {}).items() if name in places
        } | places
        self._places = {name.encode(): place for name, place in known.items()}

    def place(self, name):
        """Return the place of a chromosome (name as bytes), or -1."""
        return self._places.get(name, -1)


def read_peaks(paths, chromosomes, *, widen=None, told=None, progress="peaks", regions=False):
    """Read BED or narrowPeak files.

    Parameters
    ----------
    paths : list of path
        The files, plain or gzip; columns separated by tabs, the first three are read.
    chromosomes : Chromosomes or None
        Of the genome; None when it could not be read: then only the text is checked, and nothing is yielded.
    widen : list of int, optional
        By how much to widen the intervals of each file either way (bp), for files of summits; clipped at the ends.
    told : list of dict, optional
        Receives for each file what was counted in it.
    progress : str
        What the progress bar says.
    regions : bool
        The files are lists of regions to leave out, made for more contigs than a genome may have: intervals on other
        chromosomes do not speak against a file.

    Yields
    ------
    Peaks
        Of a group of files; the groups in the order of `paths`.

    Raises
    ------
    DanqErrors
        After all files were read: up to `SHOWN_ERRORS` lines of each that is not three tab-separated columns with whole
        numbers, the start not after the end, on a chromosome of the genome; or a file without any interval.
    """
    errors, first = [], 0
    with tqdm(total=len(paths), desc=progress, unit="file", disable=None) as bar:
        for texts in _groups(paths):
            files = range(first, first + len(texts))
            group = _Group([paths[file] for file in files], texts, regions)
            found = group.intervals(chromosomes, [widen[file] for file in files] if widen else None)
            errors += group.errors
            if told is not None:
                told += group.counts
            if not errors and chromosomes is not None:
                yield Peaks(files, found[0] + first, *found[1:])
            first = files.stop
            bar.update(len(files))
    if errors:
        raise DanqErrors(errors)


def _groups(paths):
    """Yield the texts of the files, several small ones together; in place of an unreadable one, its error."""
    texts, size = [], 0
    for path in paths:
        try:
            text = read_bytes(path)
            size += len(text)
        except DanqError as error:
            text = error
        texts.append(text)
        if size >= _GROUP:
            yield texts
            texts, size = [], 0
    if texts:
        yield texts


class _Group:
    """The lines of a few files, as places in one buffer."""

    def __init__(self, paths, texts, regions):
        self.paths, self.errors, self.regions = paths, [], regions
        self.unread = [text if isinstance(text, DanqError) else None for text in texts]
        texts = [
            b"" if error else text if text.endswith(b"\n") or not text else text + b"\n"
            for text, error in zip(texts, self.unread, strict=True)
        ]
        self.counts = [Counter() for _ in paths]
        self.buffer = np.frombuffer(b"".join([_MARGIN, *texts, _MARGIN]), dtype=np.uint8)
        body = self.buffer[: -len(_MARGIN)]
        self.ends = np.flatnonzero(body == 10)[1:]
        self.starts = np.concatenate([[len(_MARGIN)], self.ends[:-1] + 1])[: len(self.ends)]
        edges = np.cumsum([len(_MARGIN), *map(len, texts)])
        self.first_line = np.searchsorted(self.starts, edges)
        self.file = np.repeat(np.arange(len(paths)), np.diff(self.first_line))
        returns = (self.buffer[self.ends - 1] == 13) & (self.ends > self.starts)
        self._count("lines ending in CRLF", self.file[returns])
        # Other carriage returns are the line ends of an old Macintosh: without a look, all lines would read as one.
        self.broken = np.zeros(len(self.ends), dtype=bool)
        if np.count_nonzero(body == 13) != np.count_nonzero(returns):
            lone = np.setdiff1d(np.flatnonzero(body == 13), self.ends[returns] - 1)
            self.broken[np.searchsorted(self.ends, lone)] = True
        self.ends = self.ends - returns
        self.tabs = np.flatnonzero(body == 9)

    def _count(self, what, files):
        for file, number in enumerate(np.bincount(files, minlength=len(self.paths)).tolist()):
            if number:
                self.counts[file][what] += number

    def intervals(self, chromosomes, widen):
        """Return the intervals as arrays (file, chrom, start, end), and note errors and counts."""
        self._drop_headers()
        tab1, tab2, tab3, short = self._columns()
        start, bad_start = self._numbers(tab1 + 1, tab2)
        end, bad_end = self._numbers(tab2 + 1, tab3)
        bad = short | bad_start | bad_end | (start > end) | self.broken
        chrom = self._chroms(tab1, chromosomes, bad)
        if chromosomes is None:
            self._refuse(bad, chrom, start, end, chromosomes)
            return None
        known = chrom >= 0
        length = chromosomes.lengths[np.maximum(chrom, 0)]
        bad |= known & (start >= length) & (start < end)
        self._refuse(bad, chrom, start, end, chromosomes)
        return self._normalised(known, chrom, start, end, length, widen)

    def _drop_headers(self):
        """Leave out blank lines, comments, and the track and browser lines of genome browsers."""
        odd = np.flatnonzero((self.starts == self.ends) | _ODD[self.buffer[self.starts]])
        odd = [
            line
            for line in odd.tolist()
            if self._is_header(self._text(line)) and not self.broken[line]
        ]
        if odd:
            keep = np.ones(len(self.starts), dtype=bool)
            keep[odd] = False
            self._count("comment, track and blank lines", self.file[~keep])
            self.starts, self.ends, self.file = self.starts[keep], self.ends[keep], self.file[keep]
            self.broken = self.broken[keep]
            self.number = np.flatnonzero(keep)
        else:
            self.number = np.arange(len(self.starts))

    @staticmethod
    def _is_header(text):
        return (
            not text.strip() or text.startswith(b"#") or text.split()[0] in (b"track", b"browser")
        )

    def _text(self, line):
        return self.buffer[self.starts[line] : self.ends[line]].tobytes()

    def _columns(self):
        """Return the places of the first three tabs of each line (the third may be its end), and who lacks one."""
        last, place = len(self.tabs), self._first_tabs()
        padded = np.concatenate([self.tabs, np.full(3, len(self.buffer))])
        tab1, tab2, tab3 = (padded[np.minimum(place + column, last)] for column in range(3))
        short = tab2 >= self.ends
        tab3 = np.where(tab3 > self.ends, self.ends, tab3)
        # What is short is refused; until then its columns only have to lie inside the buffer.
        return (
            np.minimum(tab1, self.ends),
            np.where(short, self.ends, tab2),
            np.where(short, self.ends, tab3),
            short,
        )

    def _first_tabs(self):
        """Return the place of each line's first tab among all tabs."""
        columns = len(self.tabs) // max(len(self.starts), 1)
        even = np.arange(len(self.starts)) * columns
        if columns and len(self.tabs) == columns * len(
            self.starts
        ):  # nearly always: all lines have as many tabs
            first, last = self.tabs[even], self.tabs[even + columns - 1]
            if (first > self.starts).all() and (last < self.ends).all():
                return even
        return np.searchsorted(self.tabs, self.starts)

    def _numbers(self, start, end):
        """Read the whole numbers (digits only) between two places of each line; return them and which are none."""
        size = end - start
        wide = np.ndarray(len(self.buffer) - 7, dtype="<u8", buffer=self.buffer, strides=(1,))
        value, bad = _digits(wide[end - 8], size)
        scale = 100_000_000
        for high in range(8, min(int(size.max(initial=0)), _DIGITS), 8):
            more = np.flatnonzero((size > high) & (size <= _DIGITS))
            above, worse = _digits(wide[end[more] - high - 8], size[more] - high)
            value[more] += above * scale
            bad[more] |= worse
            scale *= 100_000_000
        return value, bad | (size <= 0) | (size > _DIGITS)

    def _chroms(self, tab1, chromosomes, bad):
        """Return the place of each line's chromosome, -1 for one that the genome lacks; unprintable names are bad."""
        size = tab1 - self.starts
        bad |= size > _NAME
        size = np.where(
            bad, 0, size
        )  # not looked at: a file of another kind may have lines of any length
        wide = np.ndarray(len(self.buffer) - 7, dtype="<u8", buffer=self.buffer, strides=(1,))
        new = np.ones(len(size), dtype=bool)
        if len(size):
            new[1:] = (size[1:] != size[:-1]) | (self.file[1:] != self.file[:-1])
            for word in range(0, int(size.max()), 8):
                part = wide[np.minimum(self.starts + word, len(wide) - 1)]
                part &= _LOWEST[np.clip(size - word, 0, 8)]
                new[1:] |= part[1:] != part[:-1]
        runs = np.flatnonzero(new)
        names = [
            self.buffer[start : start + length].tobytes()
            for start, length in zip(self.starts[runs].tolist(), size[runs].tolist(), strict=True)
        ]
        places = np.array(
            [chromosomes.place(name) if chromosomes else -1 for name in names], dtype=np.int64
        )
        repeats = np.diff(np.append(runs, len(size)))
        self.names, self.run = names, np.repeat(np.arange(len(runs)), repeats)
        odd = np.array([not _printable(name) for name in names], dtype=bool)
        bad |= np.repeat(odd, repeats)
        return np.repeat(places, repeats)

    def _refuse(self, bad, chrom, start, end, chromosomes):
        """Note the errors of each file: faulty lines, too many strange chromosomes, nothing at all."""
        rows = np.bincount(self.file, minlength=len(self.paths))
        odd = bad if chromosomes is None else bad | (chrom < 0) | (end > chromosomes.lengths[chrom])
        if rows.all() and not odd.any():  # nearly always
            return
        for file, path in enumerate(self.paths):
            if self.unread[file]:
                self.errors.append(self.unread[file])
                continue
            rows = slice(*np.searchsorted(self.file, [file, file + 1]))
            wrong = np.flatnonzero(bad[rows]) + rows.start
            if len(wrong) and self._text(wrong[0]).lstrip().startswith(b"<"):
                lines = [DanqError("is a web page, not peaks; download the file itself", path)]
            elif len(wrong):
                lines = [
                    DanqError(
                        self._cause(row, chrom, start, end, chromosomes), path, self._line(row)
                    )
                    for row in wrong[:SHOWN_ERRORS].tolist()
                ]
                if len(wrong) > SHOWN_ERRORS:
                    lines.append(
                        DanqError(f"and {len(wrong) - SHOWN_ERRORS} more faulty lines", path)
                    )
            elif rows.start == rows.stop:
                lines = [
                    DanqError("holds no interval; give a file that has some, or leave it out", path)
                ]
            else:
                lines = (
                    self._strange(path, chrom[rows], end[rows], rows.start, chromosomes)
                    if chromosomes
                    else []
                )
            self.errors += lines

    def _line(self, row):
        """Return the number of a line in its own file, from 1."""
        return int(self.number[row] - self.first_line[self.file[row]]) + 1

    def _cause(self, row, chrom, start, end, chromosomes):
        text = self._text(row)
        words = text.split(b"\t")
        if self.broken[row]:
            return (
                "a carriage return that is not at the end of a line (the line ends of an old Macintosh?); convert "
                "the line ends"
            )
        if len(words) < 3:
            fix = (
                "separate the columns by tabs"
                if len(text.split()) >= 3
                else "give chrom, start and end"
            )
            return f"expected at least 3 tab-separated columns, not {shown(text.decode('latin-1'))}; {fix}"
        if not _printable(words[0]) or len(words[0]) > _NAME:
            return f"the chromosome {shown(words[0].decode('latin-1'))} is not a name; fix the line"
        if not all(word.isdigit() and len(word) <= _DIGITS for word in words[1:3]):
            return (
                f"start and end must be whole numbers, not {shown(words[1].decode('latin-1'))} and "
                f"{shown(words[2].decode('latin-1'))}; fix the line"
            )
        if start[row] > end[row]:
            return f"start {start[row]} is after end {end[row]}; fix the line"
        name = chromosomes.names[chrom[row]]
        return (
            f"start {start[row]} is beyond the end of {shown(name)} ({chromosomes.lengths[chrom[row]]} bp); check "
            "that the peaks and the genome are of the same assembly"
        )

    def _strange(self, path, chrom, end, first, chromosomes):
        """Return what speaks against a file as a whole: many intervals on other chromosomes, or beyond their ends."""
        unknown = np.flatnonzero(chrom < 0)
        most = 1 if self.regions else MOST_UNKNOWN
        if len(unknown) > most * len(chrom) or len(unknown) == len(chrom):
            row = first + int(unknown[0])
            name = self.names[self.run[row]].decode()
            return [
                DanqError(
                    f"{len(unknown)} of {len(chrom)} intervals lie on chromosomes that the genome lacks: "
                    + unknown_chromosome(name, chromosomes.names),
                    path,
                    self._line(row),
                )
            ]
        beyond = np.flatnonzero((chrom >= 0) & (end > chromosomes.lengths[chrom]))
        if len(beyond) > MOST_CLIPPED * len(chrom):
            row = first + int(beyond[0])
            name = chromosomes.names[chrom[beyond[0]]]
            return [
                DanqError(
                    f"{len(beyond)} of {len(chrom)} intervals end beyond their chromosome, the first at "
                    f"{end[beyond[0]]} on {shown(name)} ({chromosomes.lengths[chrom[beyond[0]]]} bp); check "
                    "that both are of the same assembly, or clip the peaks (bedClip)",
                    path,
                    self._line(row),
                )
            ]
        return []

    def _normalised(self, known, chrom, start, end, length, widen):
        """Return the intervals that count, widened and clipped, and note what was left out and changed."""
        self._count("intervals", self.file)
        if not known.all():
            self._count("intervals on other chromosomes, left out", self.file[~known])
        empty = known & (start == end)
        if empty.any():
            self._count("empty intervals, without effect", self.file[empty])
        beyond = known & (end > length)
        if beyond.any():
            self._count("intervals clipped at the end of their chromosome", self.file[beyond])
        same = np.flatnonzero(start[1:] == start[:-1]) + 1
        for values in (end, chrom, self.file):
            same = same[values[same] == values[same - 1]]
        if len(same):
            self._count("intervals repeated in a row", self.file[same])
        if widen:
            by = np.array(widen)[self.file]
            start, end = np.maximum(start - by, 0), end + by
        keep = known & ~empty
        end = np.minimum(end, length)
        if keep.all():
            return self.file, chrom, start, end
        return self.file[keep], chrom[keep], start[keep], end[keep]


def _printable(name):
    try:
        return bool(name) and name.decode("utf-8").isprintable() and name == name.strip()
    except UnicodeDecodeError:
        return False


def _digits(words, size):
    """Read up to 8 digits from the last `size` bytes of little-endian words (uint64); return values and which are bad.

    Eight digits at a time, by three multiplications: https://johnnylee-sde.github.io/Fast-numeric-string-to-int/.
    """
    keep = ~_LOWEST[8 - np.clip(size, 0, 8)]
    value = (words ^ np.uint64(0x3030303030303030)) & keep
    # A byte is a digit if neither it nor it plus 6 reaches 16.
    bad = ((value | (value + np.uint64(0x0606060606060606))) & np.uint64(0xF0F0F0F0F0F0F0F0)) != 0
    value = (value * np.uint64(10 << 8 | 1)) >> np.uint64(8) & np.uint64(0x00FF00FF00FF00FF)
    value = (value * np.uint64(100 << 16 | 1)) >> np.uint64(16) & np.uint64(0x0000FFFF0000FFFF)
    return ((value * np.uint64(10_000 << 32 | 1)) >> np.uint64(32)).astype(np.int64), bad


def unknown_chromosome(chrom, names):
    """Say that a chromosome is not in the genome, what both sides look like, and the likely fix.

    Examples
    --------
    >>> unknown_chromosome("chr1", ["1", "2"])
    "'chr1' is not in the genome, which has '1', '2'; remove 'chr' from the names, or use a genome that has it"
    """
    listed = ", ".join(shown(name) for name in list(names)[:5]) + (
        ", ..." if len(names) > 5 else ""
    )
    fix = "use files of one assembly, or give a table of aliases"
    if chrom.removeprefix("chr") in names:
        fix = "remove 'chr' from the names, or use a genome that has it"
    elif "chr" + chrom in names:
        fix = "put 'chr' before the names, or use a genome without it"
    return f"{shown(chrom)} is not in the genome, which has {listed}; {fix}"
