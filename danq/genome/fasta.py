"""FASTA files to base indices: every base is checked here, once, in blocks.

Errors are refused with their line. Other ways to write a FASTA file (lower case, CRLF, IUPAC bases,
blank lines between records) are read, and counted.
"""

import contextlib
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyfaidx
from numpy.typing import NDArray

from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.genome.sequence import UNKNOWN, Genome, Packer, decode, find_unknown
from danq.reading import read_pieces

LONGEST_HEADER = 1 << 20
"""Bytes; no header of a FASTA record is as long."""

_BLOCK = 1 << 22  # bytes read at once
_LINE = 60  # bases on a line of the FASTA that is written
_NEWLINE = ord("\n")
_RETURN = ord("\r")
_LOWER_CASE = 0x20  # the bit that lower case sets in ASCII
_IUPAC = UNKNOWN + 1  # index of IUPAC bases other than ACGTN: unknown, too, but counted
_NOT_DNA = 255  # index of every other byte

_BASES_BY_INDEX = ("Aa", "Cc", "Gg", "Tt", "Nn", "RYSWKMBDHVryswkmbdhv")
_DNA = "".join(_BASES_BY_INDEX).encode()


def _index_table() -> bytes:
    """Return the index of each byte, for `bytes.translate`."""
    table = bytearray([_NOT_DNA]) * 256
    for index, bases in enumerate(_BASES_BY_INDEX):
        for byte in bases.encode():
            table[byte] = index
    return bytes(table)


_INDICES = _index_table()


class Record(NamedTuple):
    """A record of a FASTA file.

    Attributes
    ----------
    name : str
        The header up to the first white space.
    line : int
        Line number of the header, from 1.
    indices : numpy.ndarray, shape (L,), uint8
        Base indices; everything above 3 is not one of ACGT.
    """

    name: str
    line: int
    indices: NDArray[np.uint8]


def read_fasta(path: PathLike) -> Iterator[Record]:
    """Yield the records of a FASTA file, checked.

    Parameters
    ----------
    path : str or path-like
        The file: plain, gzip or BGZF.

    Yields
    ------
    Record
        Name, line number of the header, and base indices.

    Raises
    ------
    DanqError
        Text before the first header, a record without a name or a sequence, a name used twice, a
        base that is not a DNA or IUPAC base, a blank line or lines of different lengths inside a
        record, or a gzip file that is cut off.
    """
    pieces: list[Record] = []
    for piece in _Reader(path, Counter()).pieces():
        if pieces and piece.name != pieces[0].name:
            yield _join(pieces)
            pieces = []
        pieces.append(piece)
    yield _join(pieces)


def _join(pieces: list[Record]) -> Record:
    """Return the record of which these are the pieces."""
    name, line, _ = pieces[0]
    indices = np.concatenate([piece.indices for piece in pieces])
    return Record(name, line, indices)


class CountedGenome(NamedTuple):
    """A genome, and what was counted while it was read.

    Attributes
    ----------
    genome : danq.genome.sequence.Genome
        Half a byte per base.
    counts : dict of str to int
        By name: bases in lower case, bases N, other IUPAC bases, lines ending in CRLF, and blank
        lines.
    """

    genome: Genome
    counts: dict[str, int]


def read_genome(path: PathLike) -> CountedGenome:
    """Read a whole genome and pack it.

    Parameters
    ----------
    path : str or path-like
        The FASTA file: plain, gzip or BGZF.

    Returns
    -------
    CountedGenome
        The genome, and what was counted in the file.

    Raises
    ------
    DanqError
        As `read_fasta`.
    """
    counts: Counter[str] = Counter()
    packers: dict[str, Packer] = {}
    runs: dict[str, list[NDArray[np.int64]]] = {}
    for name, _, indices in _Reader(path, counts).pieces():
        packer = packers.setdefault(name, Packer())
        unknown = find_unknown(indices, packer.length)
        runs.setdefault(name, []).append(unknown)
        packer.add(indices)
    lengths = {name: packer.length for name, packer in packers.items()}
    packed = {}
    for name in lengths:
        # One at a time: the pieces of a chromosome are dropped once it is whole.
        packed[name] = packers.pop(name).finish()
    unknown_runs = {name: np.concatenate(pieces) for name, pieces in runs.items()}
    genome = Genome(packed, lengths, unknown_runs)
    return CountedGenome(genome, dict(counts))


@contextlib.contextmanager
def open_fasta(path: PathLike) -> "Iterator[IndexedFasta]":
    """Open a genome FASTA for random access: plain, ordinary gzip or BGZF.

    The file is read once from end to end and checked on the way. pyfaidx works on an unpacked copy,
    with an index of its own in a temporary folder: an index that another program left beside the
    file may be stale, and pyfaidx would trust it.

    Parameters
    ----------
    path : str or path-like
        The FASTA file.

    Yields
    ------
    IndexedFasta
        The genome.

    Raises
    ------
    DanqError
        As `read_fasta`.
    """
    with tempfile.TemporaryDirectory(prefix="danq-") as folder:
        plain = Path(folder) / "genome.fa"
        try:
            _write_plain(path, plain)
        except OSError as error:
            what = f"a copy of it cannot be written to {folder} ({error.strerror})"
            raise DanqError(f"{what}; name another folder in TMPDIR", path) from error
        with pyfaidx.Fasta(str(plain), rebuild=True) as fasta:
            yield IndexedFasta(fasta)


def _write_plain(path: PathLike, plain: Path) -> None:
    """Write a checked copy of a FASTA file, unpacked, with lines of one length."""
    with open(plain, "wb") as copy:
        for record in read_fasta(path):
            copy.write(b">%s\n" % record.name.encode())
            bases = decode(np.minimum(record.indices, UNKNOWN)).encode()
            for start in range(0, len(bases), _LINE):
                copy.write(bases[start : start + _LINE])
                copy.write(b"\n")


class IndexedFasta:
    """Random access to a checked FASTA file, by pyfaidx, without the silent failures of an index.

    Parameters
    ----------
    fasta : pyfaidx.Fasta
        The open file.

    Attributes
    ----------
    lengths : dict of str to int
        Length of each chromosome (bp), in the order of the file.
    """

    def __init__(self, fasta: pyfaidx.Fasta) -> None:
        self._fasta = fasta
        self.lengths = {name: len(fasta[name]) for name in fasta.keys()}

    def fetch(self, chrom: str, start: int, end: int) -> str:
        """Return the bases of a region, upper case; N for what lies beyond the chromosome.

        Parameters
        ----------
        chrom : str
            Name of the chromosome.
        start, end : int
            The region (bp, 0-based half-open); may lie beyond the ends.

        Returns
        -------
        str
            Of length ``end - start``.

        Raises
        ------
        DanqError
            There is no such chromosome, or `end` is before `start`.
        """
        if chrom not in self.lengths or end < start:
            names = ", ".join(map(shown, list(self.lengths)[:5]))
            region = f"{shown(chrom)}:{start}-{end}"
            what = f"{region} is not a region of the genome, which has {names}; fix it"
            raise DanqError(what)
        length = self.lengths[chrom]
        low = min(max(start, 0), length)
        high = min(max(end, 0), length)
        bases = self._inside(chrom, low, high)
        left = min(end, 0) - min(start, 0)
        right = end - start - left - len(bases)
        return "N" * left + bases + "N" * right

    def _inside(self, chrom: str, start: int, end: int) -> str:
        """Return the bases of a region inside its chromosome."""
        if start == end:
            return ""
        bases = self._fasta[chrom][start:end].seq.upper()
        if len(bases) != end - start or not bases.isalpha():
            raise AssertionError(f"{chrom}:{start}-{end}: pyfaidx gave {len(bases)} bases")
        return bases


class _Reader:
    """Reads a FASTA file in pieces of whole lines, all of one record each."""

    def __init__(self, path: PathLike, counts: Counter[str]) -> None:
        self.path = path
        self.counts = counts
        self.body: _Body | None = None
        self.headers: dict[str, int] = {}  # line of the header by name
        self.blank_lines = 0  # before the first header
        self.is_open = False  # whether the last piece ended inside a line of bases
        self.rest = b""  # the beginning of a header that ends in the next piece

    def pieces(self) -> Iterator[Record]:
        """Yield pieces of records in their order; a long record comes in several."""
        for text in read_pieces(self.path, _BLOCK):
            yield from self._split(text)
        if self.body is None:
            raise DanqError("no FASTA record in the file; give a FASTA file", self.path)
        self.body.finish()

    def _split(self, text: bytes) -> Iterator[Record]:
        """Yield the pieces of records in some text; lines of bases may go on in the next text."""
        text = self.rest + text
        self.rest = b""
        start = 0
        while start < len(text):
            is_header = text.startswith(b">", start) and not self.is_open
            if self.body is None or is_header:
                end = self._end_of_line(text, start)
                if end == 0:
                    self.rest = text[start:]
                    return
                self._begin(text[start:end].rstrip(b"\r\n"))
            else:
                end = text.find(b"\n>", start) + 1 or len(text)
                indices = self.body.read(text[start:end])
                yield Record(self.body.name, self.body.header, indices)
            self.is_open = not text.endswith(b"\n", start, end)
            start = end

    def _end_of_line(self, text: bytes, start: int) -> int:
        """Return where a header ends, 0 where it goes on; refuse what is longer than any."""
        end = text.find(b"\n", start) + 1
        if end == 0 and len(text) - start > LONGEST_HEADER:
            if not text.startswith(b">", start):
                raise DanqError(_no_header_message(text[start:]), self.path, self.blank_lines + 1)
            number = self.blank_lines + 1 if self.body is None else self.body.line + 1
            what = f"a header of more than {LONGEST_HEADER:,} bytes; is this the right file?"
            raise DanqError(what, self.path, number)
        return end

    def _begin(self, line: bytes) -> None:
        """Begin the record whose header is `line`; blank lines before the first are skipped."""
        if self.body is not None:
            number = self.body.line + 1
            self.body.finish()
        else:
            number = self.blank_lines + 1
            if not line:
                self.blank_lines += 1
                self.counts["blank_lines"] += 1
                return
            if not line.startswith(b">"):
                raise DanqError(_no_header_message(line), self.path, number)
        name = self._read_name(line, number)
        self.headers[name] = number
        self.body = _Body(self.path, name, number, self.counts)

    def _read_name(self, line: bytes, number: int) -> str:
        """Return the name in a header, new in this file."""
        words = line[1:].split(None, 1)
        if not words or line[1:2].isspace():
            raise DanqError("'>' without a name; name the record", self.path, number)
        try:
            name = words[0].decode("utf-8")
        except UnicodeDecodeError:
            what = "not UTF-8 text; save the file as UTF-8"
            raise DanqError(what, self.path, number) from None
        if not name.isprintable():
            what = f"the name {shown(name)} holds control characters; remove them"
            raise DanqError(what, self.path, number)
        if name in self.headers:
            earlier = f"first on line {self.headers[name]}"
            what = f"the name {shown(name)} is used again ({earlier}); rename or remove one"
            raise DanqError(what, self.path, number)
        return name


def _no_header_message(line: bytes) -> str:
    """Return what is wrong with a file whose first line is not a header."""
    text = line.lstrip()
    if text.startswith(b"<"):
        return "is a web page, not a FASTA file; download the file itself"
    if text.startswith(b"@"):
        return "is a FASTQ or SAM file: reads, not a genome; give its FASTA file"
    if text.startswith((b"LOCUS ", b"ID   ")):
        return "is a GenBank or EMBL file; convert it to FASTA"
    return "sequence before the first '>' header; is this a FASTA file?"


class _Body:
    """The lines of one record, checked piece by piece.

    All lines but the last must be of one length: a line cut short in the middle of a record means
    lost bases, and every coordinate behind it would be wrong.
    """

    def __init__(self, path: PathLike, name: str, header: int, counts: Counter[str]) -> None:
        self.path = path
        self.name = name
        self.header = header  # its line number
        self.counts = counts
        self.length = 0  # bases so far
        self.line = header  # the last line read
        self.width: int | None = None  # bases of the first line
        self.last: int | None = None  # bases of the line that must be the last
        self.open = 0  # bases of a line that goes on in the next piece

    def read(self, piece: bytes) -> NDArray[np.uint8]:
        """Return the indices of the next lines of text, the last of which may go on."""
        raw = np.frombuffer(piece, dtype=np.uint8)
        indices = np.frombuffer(piece.translate(_INDICES, b"\r\n"), dtype=np.uint8)
        highest = indices.max(initial=0)
        if highest == _NOT_DNA:
            raise self._base_error(piece)
        self.counts["lower_case_bases"] += int(np.count_nonzero(raw & _LOWER_CASE))
        if highest >= UNKNOWN:
            n_iupac = int(np.count_nonzero(indices == _IUPAC))
            self.counts["bases_n"] += int(np.count_nonzero(indices == UNKNOWN))
            self.counts["iupac_bases"] += n_iupac
        ends = np.flatnonzero(raw == _NEWLINE)
        lengths = np.diff(ends, prepend=-1) - 1
        if b"\r" in piece:
            lengths -= self._returns(piece, raw, ends)
        self.length += len(indices)
        if len(ends) == 0:
            self.open += len(indices)
            return indices
        lengths[0] += self.open
        self.open = len(raw) - int(ends[-1]) - 1
        self._check_lines(lengths)
        return indices

    def finish(self) -> None:
        """Refuse a record without a sequence."""
        if self.length == 0:
            what = f"{shown(self.name)} has no sequence; complete or remove it"
            raise DanqError(what, self.path, self.header)

    def _returns(
        self, piece: bytes, raw: NDArray[np.uint8], ends: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return which lines end in a carriage return; refuse one anywhere else."""
        returns = (raw[ends - 1] == _RETURN) & (ends > 0)
        n = int(np.count_nonzero(returns))
        if n != piece.count(b"\r"):
            what = (
                "a carriage return that is not at the end of a line (the line ends of an old "
                "Macintosh?); convert the line ends"
            )
            raise DanqError(what, self.path, self.line + 1)
        self.counts["crlf_lines"] += n
        return returns

    def _check_lines(self, lengths: NDArray[np.int64]) -> None:
        """Refuse lines of different `lengths`, and count the blank ones behind the last."""
        if self.width is None:
            self.width = int(lengths[0])
        uneven = self._uneven_line(lengths, self.width)
        if uneven is not None:
            what = "a blank line inside a record"
            if 0 not in (self.last, self.width):
                first_line = f"the first of {self.width} bases"
                what = f"lines of different lengths inside a record ({first_line})"
            fix = "bases may be lost here; get the file again, or wrap its lines evenly"
            line = self.line + 1 + uneven
            raise DanqError(f"{what}: {fix}", self.path, line)
        self.counts["blank_lines"] += int(np.count_nonzero(lengths == 0))
        self.line += len(lengths)

    def _uneven_line(self, lengths: NDArray[np.int64], width: int) -> int | None:
        """Return the first line that is too long, or behind the last one without being blank."""
        behind = 0
        if self.last is None:
            uneven = np.flatnonzero(lengths != width)
            if len(uneven) == 0:
                return None
            # The first line of another length can only be the last of the record; blank ones may
            # follow it.
            last_line = int(uneven[0])
            self.last = int(lengths[last_line])
            if self.last > width:
                return last_line
            behind = last_line + 1
        nonblank = np.flatnonzero(lengths[behind:])
        if len(nonblank) == 0:
            return None
        return behind + int(nonblank[0])

    def _base_error(self, piece: bytes) -> DanqError:
        """Return the error of text that holds a byte that is not a base."""
        strange = piece.translate(None, _DNA + b"\r\n")[:1]
        position = piece.index(strange)
        number = self.line + 1 + piece.count(b"\n", 0, position)
        if strange in b"Uu":
            return DanqError("'U': this is RNA; give DNA, with T for U", self.path, number)
        character = shown(strange.decode("latin-1"))
        what = f"{character} is not a DNA base; only ACGT, N and IUPAC codes can be read"
        return DanqError(what, self.path, number)
