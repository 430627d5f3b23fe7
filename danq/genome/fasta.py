"""The door for FASTA: every base that enters has passed here, once, in blocks.

What cannot be right is refused with its line; what is merely written differently (lower case, CRLF, IUPAC bases,
blank lines between records) is read, and counted.
"""

import contextlib
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pyfaidx

from danq.errors import DanqError, shown
from danq.files import read_whole_lines
from danq.genome.sequence import UNKNOWN, Genome, Packer, decode, find_unknown

_BLOCK = 1 << 22
_LINE = 60
_IUPAC = UNKNOWN + 1  # code of IUPAC bases other than ACGTN: unknown, too, but counted

_TABLE = np.full(256, 255, dtype=np.uint8)
for _code, _bases in enumerate(["Aa", "Cc", "Gg", "Tt", "Nn", "RYSWKMBDHVryswkmbdhv"]):
    _TABLE[list(_bases.encode())] = _code
_TABLE = _TABLE.tobytes()
_DNA = bytes(byte for byte in range(256) if _TABLE[byte] != 255)


class _Body:
    """The lines of one record, checked piece by piece.

    All lines but the last must be of one length: a line cut short in the middle of a record means lost bases, and every
    coordinate behind it would be wrong.
    """

    def __init__(self, path, name, line, counts):
        self.path, self.name, self.header, self.counts = path, name, line, counts
        self.length, self.line, self.width, self.last = 0, line, None, None

    def read(self, piece):
        """Return the indices (uint8) of the next whole lines of text (bytes)."""
        raw = np.frombuffer(piece, dtype=np.uint8)
        indices = np.frombuffer(piece.translate(_TABLE, b"\r\n"), dtype=np.uint8)
        highest = indices.max(initial=0)
        if highest == 255:
            self._refuse_letter(piece)
        self.counts["bases in lower case"] += int(np.count_nonzero(raw & 0x20))
        if highest >= UNKNOWN:
            self.counts["bases N"] += int(np.count_nonzero(indices == UNKNOWN))
            self.counts["IUPAC bases other than N, read as N"] += int(
                np.count_nonzero(indices == _IUPAC)
            )
        ends = np.flatnonzero(raw == 10)
        lengths = np.diff(ends, prepend=-1) - 1
        if b"\r" in piece:
            lengths -= self._returns(piece, raw, ends)
        self._check_lines(lengths)
        self.length += len(indices)
        return indices

    def _returns(self, piece, raw, ends):
        """Return how many carriage returns end each line (0 or 1); refuse those in other places."""
        returns = (raw[ends - 1] == 13) & (ends > 0)
        if np.count_nonzero(returns) != piece.count(b"\r"):
            raise DanqError(
                "a carriage return that is not at the end of a line (the line ends of an old Macintosh?); "
                "convert the line ends",
                self.path,
                self.line + 1,
            )
        self.counts["lines ending in CRLF"] += int(np.count_nonzero(returns))
        return returns

    def _check_lines(self, lengths):
        if self.width is None:
            self.width = int(lengths[0])
        odd = (
            np.flatnonzero(lengths != self.width) if self.last is None else np.flatnonzero(lengths)
        )
        if self.last is None and len(odd):
            # The first line that is not whole can only be the last of the record; blank ones may follow it.
            first = int(odd[0])
            self.last = int(lengths[first])
            odd = (
                [first]
                if self.last > self.width
                else first + 1 + np.flatnonzero(lengths[first + 1 :])
            )
        if len(odd):
            what = (
                "a blank line inside a record"
                if 0 in (self.last, self.width)
                else f"lines of different lengths inside a record (the first of {self.width} bases)"
            )
            raise DanqError(
                f"{what}: bases may be lost here; get the file again, or wrap its lines evenly",
                self.path,
                self.line + 1 + int(odd[0]),
            )
        self.counts["blank lines"] += int(np.count_nonzero(lengths == 0))
        self.line += len(lengths)

    def _refuse_letter(self, piece):
        strange = piece.translate(None, _DNA + b"\r\n")[:1]
        number = self.line + 1 + piece.count(b"\n", 0, piece.index(strange))
        if strange in b"Uu":
            raise DanqError("'U': this is RNA; give DNA, with T for U", self.path, number)
        raise DanqError(
            f"{shown(strange.decode('latin-1'))} is not a DNA base; only ACGT, N and IUPAC codes can be "
            "read",
            self.path,
            number,
        )

    def finish(self):
        """Refuse a record without a sequence."""
        if self.length == 0:
            raise DanqError(
                f"{shown(self.name)} has no sequence; complete or remove it", self.path, self.header
            )


def _pieces(path, counts):
    """Yield ``(name, line number of the header, indices)``; a long record comes in several pieces."""
    body, seen, number = None, {}, 0
    for text in read_whole_lines(path, _BLOCK):
        place = 0
        while place < len(text):
            if body is None or text.startswith(b">", place):
                end = text.index(b"\n", place) + 1
                number = body.line + 1 if body else number + 1
                body = _next_record(path, text[place:end], body, number, seen, counts)
            else:
                end = text.find(b"\n>", place) + 1 or len(text)
                yield body.name, body.header, body.read(text[place:end])
            place = end
    if body is None:
        raise DanqError("no FASTA record in the file; give a FASTA file", path)
    body.finish()


def _next_record(path, line, body, number, seen, counts):
    """Begin the record whose header is `line` (bytes); blank lines before the first are skipped."""
    line = line.rstrip(b"\r\n")
    if body is not None:
        body.finish()
    elif not line:
        counts["blank lines"] += 1
        return None
    elif not line.startswith(b">"):
        raise _no_header(path, line, number)
    return _Body(path, _name(path, number, line, seen), number, counts)


def _no_header(path, line, number):
    if line.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return DanqError(
            "begins with a byte-order mark; save the file as plain ASCII", path, number
        )
    if line.lstrip()[:1] == b"<":
        return DanqError("is a web page, not a FASTA file; download the file itself", path, number)
    return DanqError("sequence before the first '>' header; is this a FASTA file?", path, number)


def _name(path, number, line, seen):
    words = line[1:].split(None, 1)
    if not words or line[1:2].isspace():
        raise DanqError("'>' without a name; name the record", path, number)
    try:
        name = words[0].decode("utf-8")
    except UnicodeDecodeError:
        raise DanqError("not UTF-8 text; save the file as UTF-8", path, number) from None
    if not name.isprintable():
        raise DanqError(
            f"the name {shown(name)} holds control characters; remove them", path, number
        )
    if name in seen:
        raise DanqError(
            f"the name {shown(name)} is used again (first on line {seen[name]}); rename or remove one",
            path,
            number,
        )
    seen[name] = number
    return name


def read_fasta(path):
    """Yield the records of a FASTA file, checked.

    Parameters
    ----------
    path : str or path-like
        The file: plain, gzip or BGZF.

    Yields
    ------
    tuple of (str, int, numpy.ndarray)
        Name (the header up to the first white space), line number of the header, and the indices, uint8 (L,); everything
        above 3 is not one of ACGT.

    Raises
    ------
    DanqError
        Text before the first header, a record without a name or a sequence, a name used twice, a base that is
        not a DNA or IUPAC base, a blank line or lines of different lengths inside a record, or a gzip file cut off.
    """
    name, line, parts = None, 0, []
    for next_name, next_line, indices in _pieces(path, Counter()):
        if next_name != name and parts:
            yield name, line, np.concatenate(parts)
            parts = []
        name, line = next_name, next_line
        parts.append(indices)
    yield name, line, np.concatenate(parts)


def read_genome(path):
    """Read a whole genome and pack it.

    Parameters
    ----------
    path : str or path-like
        The FASTA file: plain, gzip or BGZF.

    Returns
    -------
    genome : danq.genome.sequence.Genome
        Half a byte per base.
    counts : dict of str to int
        What was read although it is written differently: bases in lower case, IUPAC bases, lines ending in CRLF,
        blank lines; and bases N.

    Raises
    ------
    DanqError
        As `read_fasta`.
    """
    counts, packers, unknown = Counter(), {}, {}
    for name, _, indices in _pieces(path, counts):
        packer = packers.setdefault(name, Packer())
        unknown.setdefault(name, []).append(find_unknown(indices, packer.length))
        packer.add(indices)
    lengths = {name: packer.length for name, packer in packers.items()}
    # One at a time: the pieces of a chromosome are dropped once it is whole.
    packed = {name: packers.pop(name).finish() for name in list(packers)}
    return Genome(
        packed, lengths, {name: np.concatenate(runs) for name, runs in unknown.items()}
    ), dict(counts)


class Bases:
    """Random access to a checked FASTA file, by pyfaidx, with the silent failures of an index kept out.

    Attributes
    ----------
    lengths : dict of str to int
        Length of each chromosome (bp), in the order of the file.
    """

    def __init__(self, fasta):
        self._fasta = fasta
        self.lengths = {name: len(fasta[name]) for name in fasta.keys()}

    def fetch(self, chrom, start, end):
        """Return the bases of a place, upper case; N for what lies beyond the ends of the chromosome.

        Parameters
        ----------
        chrom : str
            Name of the chromosome.
        start, end : int
            The place (bp, 0-based half-open); may lie beyond the ends.

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
            raise DanqError(
                f"{shown(chrom)}:{start}-{end} is not a place in the genome, which has "
                f"{', '.join(map(shown, list(self.lengths)[:5]))}; fix it"
            )
        low, high = (min(max(place, 0), self.lengths[chrom]) for place in (start, end))
        inside = self._fasta[chrom][low:high].seq.upper() if low < high else ""
        bases = "N" * (min(end, 0) - min(start, 0)) + inside
        bases += "N" * (end - start - len(bases))
        if len(inside) != high - low or not f"N{inside}".isalpha():
            raise AssertionError(f"{chrom}:{start}-{end}: pyfaidx gave {len(inside)} bases")
        return bases


@contextlib.contextmanager
def open_fasta(path):
    """Open a genome FASTA for random access: plain, ordinary gzip or BGZF.

    The file is read once from end to end and checked on the way. pyfaidx works on an unpacked copy, with an index of
    its own in a temporary folder: an index left beside the file by something else may be stale, and would be believed.

    Parameters
    ----------
    path : str or path-like
        The FASTA file.

    Yields
    ------
    Bases

    Raises
    ------
    DanqError
        As `read_fasta`.
    """
    with tempfile.TemporaryDirectory(prefix="danq-") as folder:
        plain = Path(folder) / "genome.fa"
        with open(plain, "wb") as copy:
            for name, _, indices in read_fasta(path):
                copy.write(b">%s\n" % name.encode())
                lines = decode(np.minimum(indices, UNKNOWN)).encode()
                copy.writelines(
                    lines[start : start + _LINE] + b"\n" for start in range(0, len(lines), _LINE)
                )
        with pyfaidx.Fasta(str(plain), rebuild=True) as fasta:
            yield Bases(fasta)
