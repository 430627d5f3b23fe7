"""How text is read: plain or gzip, in blocks, within limits that a real file never meets.

A pipe, a folder and the formats of `danq.formats` are refused by what they are. A gzip file of a
few megabytes can unpack to gigabytes, and a file may be one endless line: neither is read to its
end.
"""

import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from io import FileIO

from danq.errors import DanqError
from danq.formats import BOM, HEAD, other_format

LONGEST_LINE = 1 << 24
"""Bytes; no line of a table, a motif file or a log is as long. A FASTA line may be."""

MOST_TEXT = 1 << 30
"""Bytes of a file that is read as a whole, as peaks are: some 40 million intervals."""

MOST_TIMES = 100
"""A gzip file unpacks to no more than this many times its size. Bases pack to a quarter or fifth
of their characters, peaks to a tenth; gzip's own limit is 1,032 (https://zlib.net/zlib_tech.html)."""

UNLIMITED = 1 << 26
"""Bytes up to which a gzip file may unpack to any number of times its size."""

_BLOCK = 1 << 18  # bytes read at once
_GZIP = b"\x1f\x8b"  # what every gzip file begins with (RFC 1952, section 2.3.1)
# The empty block that ends every whole BGZF file (SAM specification, section 4.1.2,
# https://samtools.github.io/hts-specs/SAMv1.pdf).
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")

_ENDLESS = f"a line of more than {LONGEST_LINE:,} bytes; is this the right file?"

_Path = str | os.PathLike[str]


def read_lines(path: _Path) -> Iterator[tuple[int, bytes]]:
    """Read a text file, plain or gzip (recognised by its content), line by line.

    Parameters
    ----------
    path : str or path-like
        The file to read.

    Yields
    ------
    tuple of (int, bytes)
        Line number from 1, and the line without its end.

    Raises
    ------
    DanqError
        The file is missing, unreadable, no file or no text; a gzip file that is cut off, damaged,
        or unpacks to far more than text does; or a line longer than `LONGEST_LINE`.
    """
    place = _Place()
    place.line = 1
    number = 0
    pieces: list[bytes] = []
    for block in _blocks(path, _BLOCK, place):
        first, *others = block.split(b"\n")
        pieces.append(first)
        for next_first in others:
            number += 1
            yield number, b"".join(pieces).rstrip(b"\r\n")
            pieces = [next_first]
        place.line = number + 1
        if len(pieces) * _BLOCK > LONGEST_LINE:
            raise DanqError(_ENDLESS, path, number + 1)
    last = b"".join(pieces)
    if last:
        yield number + 1, last.rstrip(b"\r\n")


def read_pieces(path: _Path, size: int) -> Iterator[bytes]:
    r"""Read a file, plain or gzip (recognised by its content), in pieces of whole lines.

    A line that is longer than a piece comes in several, of which only the last ends in a line end.

    Parameters
    ----------
    path : str or path-like
        The file to read.
    size : int
        About how many bytes a piece has.

    Yields
    ------
    bytes
        The text; a last line without an end is given one. No piece parts ``\r\n``.

    Raises
    ------
    DanqError
        As `read_lines`, but for the length of a line.
    """
    rest = b""
    is_open = False  # whether what was yielded ends inside a line
    for block in _blocks(path, size):
        text = rest + block
        end = text.rfind(b"\n") + 1
        if end == 0 and len(text) >= size:
            end = len(text) - text.endswith(b"\r")
        rest = text[end:]
        if end:
            is_open = text[end - 1 : end] != b"\n"
            yield text[:end]
    if rest or is_open:
        yield rest + b"\n"


def read_bytes(path: _Path) -> bytes:
    """Return all bytes of a text file, unpacked if it is gzip.

    Raises
    ------
    DanqError
        As `read_lines`; or more than `MOST_TEXT` bytes.
    """
    blocks = []
    total = 0
    line = 0  # bytes since the last end of a line
    for block in _blocks(path, _BLOCK):
        blocks.append(block)
        total += len(block)
        if total > MOST_TEXT:
            what = f"more than {MOST_TEXT:,} bytes of text; split the file, or merge its intervals"
            raise DanqError(what, path)
        end = block.rfind(b"\n")
        line = line + len(block) if end < 0 else len(block) - end
        if line > LONGEST_LINE:
            raise DanqError(_ENDLESS, path)
    return b"".join(blocks)


def refuse_no_file(path: _Path) -> None:
    """Refuse what can be opened, but is no file: a folder, a pipe, a device.

    Parameters
    ----------
    path : str or path-like
        What is to be read.

    Raises
    ------
    DanqError
        There is no such file, or it is none: danq reads a file more than once, and a pipe would
        wait for ever.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise unreadable(path, error) from error
    if stat.S_ISDIR(mode):
        raise DanqError("is a folder, not a file; name the file in it", path)
    if not stat.S_ISREG(mode):
        what = (
            "is a pipe or a device, which danq cannot read twice; write it to a file, and give that"
        )
        raise DanqError(what, path)


def unreadable(path: _Path, error: OSError) -> DanqError:
    """Return the error of a file that the system does not let us read.

    Parameters
    ----------
    path : str or path-like
        The file.
    error : OSError
        What the system says.

    Returns
    -------
    DanqError
    """
    return DanqError(f"cannot be read ({error.strerror}); check the path", path)


class _Place:
    """Where a reader is: the line in which it goes on, or None where lines are not counted."""

    line: int | None = None


_NOWHERE = _Place()


def _blocks(path: _Path, size: int, place: _Place = _NOWHERE) -> Iterator[bytes]:
    """Yield a file in blocks of up to `size` bytes, unpacked, without a byte-order mark.

    An error names the line of `place`.
    """
    refuse_no_file(path)
    try:
        with open(path, "rb", buffering=0) as raw:
            packed = raw.read(2) == _GZIP
            if packed:
                _refuse_cut_bgzf(path)
            raw.seek(0)
            blocks = _unpacked(raw, path, size) if packed else _plain(raw, size)
            yield from _as_text(blocks, path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        what = "the gzip file is cut off or damaged here; download or compress it again"
        raise DanqError(what, path, place.line) from error
    except OSError as error:
        raise unreadable(path, error) from error


def _plain(raw: FileIO, size: int) -> Iterator[bytes]:
    while block := raw.read(size):
        yield block


def _unpacked(raw: FileIO, path: _Path, size: int) -> Iterator[bytes]:
    """Yield the content of a gzip file; what can be read before an error comes first."""
    total = 0
    with gzip.GzipFile(fileobj=raw) as content:
        parts: list[bytes] = []
        n = 0
        while True:
            try:
                part = content.read1(size - n)
            except (EOFError, zlib.error, gzip.BadGzipFile, OSError):
                yield b"".join(parts)
                raise
            parts.append(part)
            n += len(part)
            if n == size or not part:
                total += n
                _refuse_bomb(path, total, raw.tell())
                yield b"".join(parts)
                parts = []
                n = 0
            if not part:
                return


def _refuse_bomb(path: _Path, unpacked: int, packed: int) -> None:
    """Refuse a gzip file that unpacks to far more than text does."""
    if unpacked > UNLIMITED and unpacked > MOST_TIMES * packed:
        what = (
            f"the gzip file unpacks to more than {MOST_TIMES} times its size, as no text does; "
            "get it again"
        )
        raise DanqError(what, path)


def _as_text(blocks: Iterator[bytes], path: _Path) -> Iterator[bytes]:
    """Refuse a file of another format; leave out a byte-order mark, and empty blocks."""
    firsts = []
    head = b""
    for block in blocks:
        firsts.append(block)
        head += block
        if len(head) >= HEAD:
            break
    what = other_format(head)
    if what is not None:
        raise DanqError(what, path)
    if head.startswith(BOM):
        firsts = [head.removeprefix(BOM)]
    yield from filter(None, firsts)
    yield from filter(None, blocks)


def _refuse_cut_bgzf(path: _Path) -> None:
    """Refuse a BGZF file cut between two blocks, which gzip reads without an error."""
    with open(path, "rb") as handle:
        head = handle.read(18)
        is_bgzf = len(head) == 18 and head[3] & 4 and head[12:14] == b"BC"
        if not is_bgzf:
            return
        length = min(len(_BGZF_END), os.path.getsize(path))
        handle.seek(-length, os.SEEK_END)
        ending = handle.read()
    if ending != _BGZF_END:
        what = "the BGZF file is cut off (its end mark is missing); download or compress it again"
        raise DanqError(what, path)
