"""BED text to columns: lines of many files as positions in one buffer, read eight bytes at a time.

Nothing is refused here: lines without three columns and whole numbers are marked, and
`danq.genome.peaks` reports what is wrong with them.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_DIGITS = 18
"""A number with more digits may not fit an int64."""

LONGEST_NAME = 1000
"""Bytes; no chromosome has a longer name."""

# How the columns are called where a file begins with their names.
_NAMES_OF_COLUMNS = (
    {"chrom", "chr", "chromosome", "contig"},
    {"start", "chromstart", "chrom_start", "chr_start"},
    {"end", "stop", "chromend", "chrom_end", "chr_end"},
)
# A table with such a column beside them counts positions from 1 (MACS's .xls, R's GRanges).
_OTHER_COLUMNS = {"length", "width", "abs_summit"}

_TAB = ord("\t")
_NEWLINE = ord("\n")
_RETURN = ord("\r")
# Padding around the texts, so that the eight-byte words around every number lie in the buffer.
_MARGIN = b"\n" + b"0" * 31
# First bytes of lines that may be comments, track or browser lines, or blank.
_HEADER_BYTES = np.isin(np.arange(256), list(b"#tb \t"))
# Little-endian words with the lowest n bytes set.
_MASKS = [256**n - 1 for n in range(9)]
_LOWEST = np.array(_MASKS, dtype=np.uint64)

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Lines(NamedTuple):
    """Lines of several texts, as positions in one buffer.

    Attributes
    ----------
    start, end : numpy.ndarray, shape (n,), int64
        First byte of each line, and the byte behind its last one, without the line end.
    file : numpy.ndarray, shape (n,), int64
        Index of the text.
    number : numpy.ndarray, shape (n,), int64
        Number of the line among all lines of all texts, from 0.
    broken : numpy.ndarray, shape (n,), bool
        Whether the line holds a carriage return that does not end it.
    """

    start: Integers
    end: Integers
    file: Integers
    number: Integers
    broken: Flags


class Columns(NamedTuple):
    """Where the first three columns of each line end.

    Attributes
    ----------
    tab1, tab2, tab3 : numpy.ndarray, shape (n,), int64
        Positions of the first three tabs; of a tab that is missing, the end of the line.
    short : numpy.ndarray, shape (n,), bool
        Whether the line has fewer than three columns.
    """

    tab1: Integers
    tab2: Integers
    tab3: Integers
    short: Flags


class Numbers(NamedTuple):
    """Whole numbers read from a text.

    Attributes
    ----------
    value : numpy.ndarray, shape (n,), int64
        The numbers; anything where `bad`.
    bad : numpy.ndarray, shape (n,), bool
        Whether the text is not a whole number: digits only, at most `MOST_DIGITS`.
    """

    value: Integers
    bad: Flags


class Names(NamedTuple):
    """Chromosome names of lines, one for each run of lines that share it.

    Attributes
    ----------
    names : list of bytes
        Name of each run.
    lengths : numpy.ndarray, shape (R,), int64
        Lines of each run.
    run : numpy.ndarray, shape (n,), int64
        Run of each line.
    """

    names: list[bytes]
    lengths: Integers
    run: Integers


class BedText:
    """The lines of several BED texts in one buffer, without blank lines, comments and track lines.

    Parameters
    ----------
    texts : sequence of bytes
        Contents of the files.

    Attributes
    ----------
    buffer : numpy.ndarray, uint8
        All texts, one after the other, with a margin on either side.
    lines : Lines
        The lines that may be intervals.
    counts : list of collections.Counter
        What was counted in each text.
    """

    def __init__(self, texts: Sequence[bytes]) -> None:
        self.counts: list[Counter[str]] = [Counter() for _ in texts]
        bodies = [_end_last_line(text) for text in texts]
        joined = b"".join([_MARGIN, *bodies, _MARGIN])
        self.buffer = np.frombuffer(joined, dtype=np.uint8)
        self._body = self.buffer[: -len(_MARGIN)]
        self._tabs = np.flatnonzero(self._body == _TAB)
        sizes = [len(_MARGIN), *map(len, bodies)]
        lines = self._split(np.cumsum(sizes))
        self.lines = self._drop_column_names(self._drop_headers(lines))

    def line(self, row: int) -> bytes:
        """Return the text of a line, without its end; `row` counts in `lines`."""
        start = self.lines.start[row]
        end = self.lines.end[row]
        return self.buffer[start:end].tobytes()

    def line_number(self, row: int) -> int:
        """Return the number of a line in its own text, from 1; `row` counts in `lines`."""
        first_line = self._first_line[self.lines.file[row]]
        return int(self.lines.number[row] - first_line) + 1

    def count(self, what: str, files: Integers) -> None:
        """Add to the counts of the texts.

        Parameters
        ----------
        what : str
            What is counted.
        files : numpy.ndarray, shape (n,), int64
            Index of the text of each thing that is counted.
        """
        numbers = np.bincount(files, minlength=len(self.counts))
        for file, number in enumerate(numbers.tolist()):
            if number:
                self.counts[file][what] += number

    def columns(self) -> Columns:
        """Return where the first three columns of each line end."""
        first_tab = self._first_tabs()
        # Missing tabs are replaced by the end of the buffer.
        n_tabs = len(self._tabs)
        tabs = np.append(self._tabs, len(self.buffer))
        tab1 = tabs[np.minimum(first_tab, n_tabs)]
        tab2 = tabs[np.minimum(first_tab + 1, n_tabs)]
        tab3 = tabs[np.minimum(first_tab + 2, n_tabs)]
        end = self.lines.end
        short = tab2 >= end
        tab1 = np.minimum(tab1, end)
        tab2 = np.minimum(tab2, end)
        tab3 = np.minimum(tab3, end)
        return Columns(tab1, tab2, tab3, short)

    def names(self, tab1: Integers, skip: Flags) -> Names:
        """Return the text of the first column.

        Parameters
        ----------
        tab1 : numpy.ndarray, shape (n,), int64
            Where the column ends on each line.
        skip : numpy.ndarray, shape (n,), bool
            Lines whose name is not read and is returned empty: a file of another format may have
            lines of any length.

        Returns
        -------
        Names
            One name for each run of lines of a file that share it.
        """
        size = np.where(skip, 0, tab1 - self.lines.start)
        runs = np.flatnonzero(self._name_changes(size))
        starts = self.lines.start[runs]
        ends = starts + size[runs]
        names = []
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            names.append(self.buffer[start:end].tobytes())
        lengths = np.diff(np.append(runs, len(size)))
        run = np.repeat(np.arange(len(runs)), lengths)
        return Names(names, lengths, run)

    def _split(self, edges: Integers) -> Lines:
        """Return all lines of the texts, which lie between `edges` of the buffer."""
        # The first newline is that of the margin.
        newlines = np.flatnonzero(self._body == _NEWLINE)
        end = newlines[1:]
        start = newlines[:-1] + 1
        start[:1] = len(_MARGIN)
        self._first_line = np.searchsorted(start, edges)
        n_lines = np.diff(self._first_line)
        file = np.repeat(np.arange(len(n_lines)), n_lines)
        crlf = self.buffer[end - 1] == _RETURN
        crlf &= end > start
        self.count("crlf_lines", file[crlf])
        broken = self._broken(end, crlf)
        number = np.arange(len(end))
        return Lines(start, end - crlf, file, number, broken)

    def _broken(self, end: Integers, crlf: Flags) -> Flags:
        """Return which lines hold a carriage return that does not end them.

        These are the line ends of an old Macintosh: unnoticed, all lines would read as one.
        """
        broken = np.zeros(len(end), dtype=bool)
        returns = self._body == _RETURN
        if np.count_nonzero(returns) != np.count_nonzero(crlf):
            positions = np.flatnonzero(returns)
            lone = np.setdiff1d(positions, end[crlf] - 1)
            broken[np.searchsorted(end, lone)] = True
        return broken

    def _drop_headers(self, lines: Lines) -> Lines:
        """Leave out blank lines, comments, and the track and browser lines of genome browsers."""
        blank = lines.start == lines.end
        first_byte = self.buffer[lines.start]
        candidates = blank | _HEADER_BYTES[first_byte]
        candidates &= ~lines.broken
        keep = np.ones(len(blank), dtype=bool)
        for row in np.flatnonzero(candidates).tolist():
            start = lines.start[row]
            text = self.buffer[start : lines.end[row]].tobytes()
            keep[row] = not _is_header(text)
        if keep.all():
            return lines
        self.count("comment_track_and_blank_lines", lines.file[~keep])
        return _select(lines, keep)

    def _drop_column_names(self, lines: Lines) -> Lines:
        """Leave out the first line of a text, where it names the columns."""
        keep = np.ones(len(lines.start), dtype=bool)
        firsts = np.searchsorted(lines.file, np.arange(len(self.counts)))
        for file, row in enumerate(firsts.tolist()):
            if row < len(keep) and lines.file[row] == file:
                text = self.buffer[lines.start[row] : lines.end[row]].tobytes()
                keep[row] = not names_columns(text)
        if keep.all():
            return lines
        self.count("comment_track_and_blank_lines", lines.file[~keep])
        return _select(lines, keep)

    def _first_tabs(self) -> Integers:
        """Return the index of each line's first tab among all tabs."""
        n = len(self.lines.start)
        columns = len(self._tabs) // max(n, 1)
        # Nearly always all lines have as many tabs.
        if columns and len(self._tabs) == columns * n:
            first_tab = np.arange(n) * columns
            last_tab = first_tab + columns - 1
            behind_start = self._tabs[first_tab] > self.lines.start
            before_end = self._tabs[last_tab] < self.lines.end
            if behind_start.all() and before_end.all():
                return first_tab
        return np.searchsorted(self._tabs, self.lines.start)

    def _name_changes(self, size: Integers) -> Flags:
        """Return which lines have another name (of `size` bytes) or file than the line before."""
        changes = np.ones(len(size), dtype=bool)
        if len(size) == 0:
            return changes
        changes[1:] = differs(size)
        changes[1:] |= differs(self.lines.file)
        words = _words(self.buffer)
        last_word = len(words) - 1
        for low in range(0, int(size.max()), 8):
            position = np.minimum(self.lines.start + low, last_word)
            n_bytes = np.clip(size - low, 0, 8)
            word = words[position] & _LOWEST[n_bytes]
            changes[1:] |= differs(word)
        return changes


def read_numbers(buffer: NDArray[np.uint8], start: Integers, end: Integers) -> Numbers:
    """Read whole numbers, digits only, out of a text.

    Parameters
    ----------
    buffer : numpy.ndarray, uint8
        The text, with at least 31 bytes before the first number.
    start, end : numpy.ndarray, shape (n,), int64
        Where each number begins and ends in the buffer.

    Returns
    -------
    Numbers
        The numbers, and which texts are not numbers.
    """
    size = end - start
    too_long = size > MOST_DIGITS
    words = _words(buffer)
    value, bad = _read_digits(words[end - 8], size)
    longest = min(int(size.max(initial=0)), MOST_DIGITS)
    scale = 100_000_000
    for low in range(8, longest, 8):
        rows = np.flatnonzero((size > low) & ~too_long)
        word = words[end[rows] - low - 8]
        above = _read_digits(word, size[rows] - low)
        value[rows] += above.value * scale
        bad[rows] |= above.bad
        scale *= 100_000_000
    bad |= too_long | (size <= 0)
    return Numbers(value, bad)


def _read_digits(words: NDArray[np.uint64], size: Integers) -> Numbers:
    """Read up to 8 digits from the last `size` bytes of little-endian words.

    Eight digits at a time, by three multiplications:
    https://johnnylee-sde.github.io/Fast-numeric-string-to-int/.
    """
    n_above = 8 - np.clip(size, 0, 8)
    value = (words ^ np.uint64(0x3030303030303030)) & ~_LOWEST[n_above]
    # A byte is a digit if neither it nor it plus 6 reaches 16.
    beyond = value | (value + np.uint64(0x0606060606060606))
    bad = (beyond & np.uint64(0xF0F0F0F0F0F0F0F0)) != 0
    pairs = value * np.uint64(10 << 8 | 1)
    value = (pairs >> np.uint64(8)) & np.uint64(0x00FF00FF00FF00FF)
    fours = value * np.uint64(100 << 16 | 1)
    value = (fours >> np.uint64(16)) & np.uint64(0x0000FFFF0000FFFF)
    eights = value * np.uint64(10_000 << 32 | 1)
    value = eights >> np.uint64(32)
    return Numbers(value.astype(np.int64), bad)


def _words(buffer: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the eight bytes from every position of a buffer on as a word, without a copy."""
    n = len(buffer) - 7
    return np.ndarray(n, dtype="<u8", buffer=buffer, strides=(1,))


def differs(values: NDArray[np.generic]) -> Flags:
    """Return whether each value but the first differs from the one before it, bool (n - 1,)."""
    return values[1:] != values[:-1]


def _select(lines: Lines, keep: Flags) -> Lines:
    """Return some of the lines."""
    return Lines(
        start=lines.start[keep],
        end=lines.end[keep],
        file=lines.file[keep],
        number=lines.number[keep],
        broken=lines.broken[keep],
    )


def _end_last_line(text: bytes) -> bytes:
    """Return a text with a line end behind its last line."""
    if not text or text.endswith(b"\n"):
        return text
    return text + b"\n"


def names_columns(line: bytes) -> bool:
    r"""Return whether a line names the three columns of BED, in quotes or not.

    Examples
    --------
    >>> names_columns(b"Chr\tStart\tEnd\tName"), names_columns(b"chr1\t5\t9")
    (True, False)
    """
    if line[:1] not in b'cC"':
        return False
    words = [word.strip('"').lower() for word in line.decode("latin-1").split("\t")]
    if len(words) < 3 or _OTHER_COLUMNS & set(words):
        return False
    return all(word in names for word, names in zip(words, _NAMES_OF_COLUMNS, strict=False))


def _is_header(line: bytes) -> bool:
    """Return whether a line is blank, a comment, or a track or browser line."""
    words = line.split(None, 1)
    if not words or line.startswith(b"#"):
        return True
    return words[0] in (b"track", b"browser")
