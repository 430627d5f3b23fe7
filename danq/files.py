"""The only place that opens a file for writing, and the only one that opens compressed text."""

import contextlib
import csv
import errno
import glob
import gzip
import hashlib
import os
import secrets
import socket
import zlib
from pathlib import Path

from danq.errors import DanqError

PathLike = str | os.PathLike[str]
"""What names a file or folder."""


@contextlib.contextmanager
def atomic(path):
    """Give a temporary name beside `path`; put it in place only when the block ends well.

    A reader sees the old file or the whole new one, never a part: the temporary file is flushed to disk and
    renamed over `path`, and removed when the block raises.

    Parameters
    ----------
    path : str or path-like
        The file to make. Its folder is made when missing.

    Yields
    ------
    pathlib.Path
        The temporary name, in the same folder, with the same last suffix; an empty file.

    Raises
    ------
    OSError
        `path` is a folder, or its folder cannot be made or written to; before anything was computed in the block.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder, where a file is to be made", str(path))
    _remove_left_over(path)
    temporary = path.with_name(
        f".{path.name}.{_owner()}{os.getpid()}.{secrets.token_hex(4)}.tmp{path.suffix}"
    )
    try:
        temporary.touch(exist_ok=False)
        yield temporary
        _flush(temporary)
        os.replace(temporary, path)
        _flush(path.parent)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk is told without a name
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _owner():
    """Return what begins the names of this machine's temporary files: a process number means something only there."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8] + "-"


def _remove_left_over(path):
    """Remove temporary files for `path` that processes of this machine left when they were killed."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.{_owner()}*.tmp*"):
        number = left.name.removeprefix(f".{path.name}.{_owner()}").split(".")[0]
        try:
            os.kill(int(number), 0)
        except ProcessLookupError:
            left.unlink(missing_ok=True)
        except (ValueError, PermissionError, OverflowError):
            pass  # not one of ours, or alive and another user's


def write_text(path, text):
    """Write `text` (str) to `path` as UTF-8, atomically."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_table(path, frame, header=True):
    """Write a pandas DataFrame to `path` as TSV, atomically: undefined values as ``NA``, nothing quoted.

    A name that ends in .gz is compressed: equal tables give equal bytes, without a time or the temporary name in them.
    """
    with atomic(path) as temporary, open(temporary, "wb") as raw:
        with (
            gzip.GzipFile("", "wb", fileobj=raw, mtime=0)
            if temporary.suffix == ".gz"
            else raw as file
        ):
            frame.to_csv(
                file,
                sep="\t",
                index=False,
                header=header,
                na_rep="NA",
                lineterminator="\n",
                quoting=csv.QUOTE_NONE,
            )


def read_table(path):
    """Read a TSV of ours into a pandas DataFrame: ``NA`` is undefined, except in the text columns name and group."""
    import pandas as pd  # slow to load, and most steps need no table

    frame = pd.read_csv(
        path, sep="\t", quoting=csv.QUOTE_NONE, dtype=str, na_filter=False, lineterminator="\n"
    )
    for column in frame.columns.difference(["name", "group"]):
        values = frame[column].mask(frame[column] == "NA")
        with contextlib.suppress(ValueError):
            values = pd.to_numeric(values)
        frame[column] = values
    return frame


def read_lines(path):
    """Yield ``(number, line)`` of a text file, plain or gzip (told by content), lines as bytes without their end.

    Parameters
    ----------
    path : str or path-like
        The file to read.

    Yields
    ------
    tuple of (int, bytes)
        Line number from 1, and the line.

    Raises
    ------
    DanqError
        The file is missing, unreadable, or a gzip file that is cut off or damaged.
    """
    number = 0
    with _readable(path, lambda: number + 1) as handle:
        for number, line in enumerate(handle, 1):
            yield number, line.rstrip(b"\r\n")


def read_whole_lines(path, size):
    """Yield a file, plain or gzip (told by content), as bytes: whole lines, about `size` bytes of them at a time.

    A last line without an end is given one.

    Raises
    ------
    DanqError
        As `read_lines`.
    """
    parts = []
    with _readable(path) as handle:
        while block := handle.read(size):
            cut = block.rfind(b"\n") + 1
            if cut:
                yield b"".join([*parts, block[:cut]])
                parts = []
            if cut < len(block):
                parts.append(block[cut:])
    if parts:
        yield b"".join([*parts, b"\n"])


def read_bytes(path):
    """Return all bytes of a file, plain or gzip (told by content); raises as `read_lines`."""
    try:
        with open(
            path, "rb", buffering=0
        ) as raw:  # many files are small: what a buffer costs is felt
            content = raw.readall()
    except OSError as error:
        raise DanqError(f"cannot be read ({error.strerror}); check the path", path) from error
    if not content.startswith(_GZIP):
        return content
    with _readable(path) as handle:
        return handle.read()


@contextlib.contextmanager
def _readable(path, line=lambda: None):
    """Open a file for reading, unpacked; say in one line when that fails, then or later, at the line told by `line`."""
    try:
        with open(path, "rb") as raw:
            if raw.read(2) == _GZIP:
                _refuse_cut_bgzf(path)
                raw.seek(0)
                with gzip.GzipFile(fileobj=raw) as unpacked:
                    yield unpacked
            else:
                raw.seek(0)
                yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DanqError(
            "the gzip file is cut off or damaged here; download or compress it again", path, line()
        ) from error
    except OSError as error:
        raise DanqError(f"cannot be read ({error.strerror}); check the path", path) from error


def checksums(path, kinds=("sha256",)):
    """Return checksums of a file's bytes, as hexadecimal text by kind (sha256, md5), in one pass.

    Raises
    ------
    DanqError
        The file is missing or unreadable.
    """
    found = {kind: hashlib.new(kind, usedforsecurity=False) for kind in kinds}
    try:
        with open(path, "rb") as handle:
            while block := handle.read(1 << 20):
                for checksum in found.values():
                    checksum.update(block)
    except OSError as error:
        raise DanqError(f"cannot be read ({error.strerror}); check the path", path) from error
    return {kind: checksum.hexdigest() for kind, checksum in found.items()}


def sha256(path):
    """Return the SHA-256 checksum of a file's bytes, as hexadecimal text; raises as `checksums`."""
    return checksums(path)["sha256"]


_GZIP = b"\x1f\x8b"  # what every gzip file begins with (RFC 1952, section 2.3.1)
# The empty block that ends every whole BGZF file (SAM specification, section 4.1.2,
# https://samtools.github.io/hts-specs/SAMv1.pdf).
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def _refuse_cut_bgzf(path):
    """Refuse a BGZF file cut between two blocks, which gzip reads without an error."""
    with open(path, "rb") as handle:
        head = handle.read(18)
        if len(head) == 18 and head[3] & 4 and head[12:14] == b"BC":
            handle.seek(-min(len(_BGZF_END), os.path.getsize(path)), os.SEEK_END)
            if handle.read() != _BGZF_END:
                raise DanqError(
                    "the BGZF file is cut off (its end mark is missing); download or compress it again",
                    path,
                )


def _flush(path):
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
