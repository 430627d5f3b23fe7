"""The only module that opens files for writing; `danq.reading` opens those of users."""

import contextlib
import csv
import errno
import fcntl
import glob
import gzip
import hashlib
import os
import secrets
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from danq.errors import DanqError
from danq.reading import refuse_no_file, unreadable

if TYPE_CHECKING:
    import pandas as pd

PathLike = str | os.PathLike[str]
"""What names a file or folder."""


@contextlib.contextmanager
def atomic(path: PathLike) -> Iterator[Path]:
    """Give a temporary name beside `path`; rename it to `path` if the block ends without error.

    A reader sees the old file or the complete new one, never a part: the temporary file is flushed
    to disk and renamed over `path`, and removed when the block raises.

    Parameters
    ----------
    path : str or path-like
        The file to write. Its folder is made when missing.

    Yields
    ------
    pathlib.Path
        The temporary name, in the same folder, with the same last suffix; an empty file.

    Raises
    ------
    OSError
        `path` is a folder, or its folder cannot be made or written to: raised before the block
        runs. Or the disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder; name a file to write", str(path))
    _remove_leftovers(path)
    unique = f"{_machine()}{os.getpid()}.{secrets.token_hex(4)}"
    temporary = path.with_name(f".{path.name}.{unique}.tmp{path.suffix}")
    try:
        temporary.touch(exist_ok=False)
        yield temporary
        _flush(temporary)
        os.replace(temporary, path)
        _flush(path.parent)
    except OSError as error:
        error.filename = error.filename or str(path)  # the error of a full disk has no name
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _machine() -> str:
    """Return the prefix of this machine's temporary files.

    Their names hold the number of a process, which is unique on its own machine only.
    """
    name = socket.gethostname().encode()
    return hashlib.sha256(name).hexdigest()[:8] + "-"


def _remove_leftovers(path: Path) -> None:
    """Remove temporary files for `path` that killed processes of this machine left behind."""
    pattern = f".{glob.escape(path.name)}.{_machine()}*.tmp*"
    prefix = f".{path.name}.{_machine()}"
    for leftover in path.parent.glob(pattern):
        process = leftover.name.removeprefix(prefix).split(".")[0]
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            leftover.unlink(missing_ok=True)
        except (ValueError, PermissionError, OverflowError):
            pass  # not a temporary file of danq, or its process runs as another user


def refuse_overwriting(outputs: Iterable[PathLike], inputs: Iterable[PathLike], role: str) -> None:
    """Refuse to write over a file that is read.

    `danq.options` knows the files that are named as options; this is for those named in other files
    or found in folders. Call it before anything long begins.

    Parameters
    ----------
    outputs : iterable of path
        The files to make.
    inputs : iterable of path
        The files that are read.
    role : str
        What the inputs are, for the message: ``named in targets.tsv``.

    Raises
    ------
    DanqError
        An output is also an input, maybe behind a link.
    """
    files = {os.path.realpath(path) for path in inputs}
    for output in outputs:
        if os.path.realpath(output) in files:
            raise DanqError(f"is also an input, {role}; choose another output file", output)


@contextlib.contextmanager
def locked(path: PathLike, what: str) -> Iterator[None]:
    """Hold a lock for as long as the block runs; a process that dies releases it.

    Parameters
    ----------
    path : str or path-like
        The file that is locked. It and its folder are made when missing; it is removed at the end.
    what : str
        What is wrong where another process holds the lock, for the message.

    Yields
    ------
    None

    Raises
    ------
    DanqError
        Another process holds the lock.

    Notes
    -----
    On a file system without locks, the block runs without one.
    """
    folder = Path(path).parent
    is_new = not folder.exists()
    handle = _lock(path, what)
    try:
        yield
    finally:
        # Removed before it is released: nobody else can have locked it, and who opened it
        # meanwhile sees that it is gone.
        with contextlib.suppress(OSError):
            Path(path).unlink()
            if is_new:
                folder.rmdir()  # only where the block wrote nothing into it
        os.close(handle)


@contextlib.contextmanager
def hold_outputs(paths: Iterable[PathLike]) -> Iterator[None]:
    """Hold the files that are made while the block runs, so that no other danq makes them, too.

    Parameters
    ----------
    paths : iterable of path
        The files to make. Beside each, a hidden file ``.NAME.lock`` is locked, see `locked`.

    Yields
    ------
    None

    Raises
    ------
    DanqError
        Another process makes one of them.
    """
    what = "another danq makes this file now; wait until it ends, or name another output"
    with contextlib.ExitStack() as stack:
        for path in paths:
            lock = Path(path).with_name(f".{Path(path).name}.lock")
            stack.enter_context(locked(lock, f"{path}: {what}"))
        yield


def _lock(path: PathLike, what: str) -> int:
    """Return the open file at a path, locked; make it where it is missing."""
    while True:
        try:
            handle = _open_lock(path)
        except FileNotFoundError:
            if Path(path).parent.is_dir():
                raise
            continue  # its last owner removed the folder between our making it and the opening
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise DanqError(what) from None
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return handle
            os.close(handle)
            raise
        if _is_file_at(handle, path):
            return handle
        os.close(handle)  # its last owner removed it before we locked it


def _open_lock(path: PathLike) -> int:
    """Open a file to lock it, even one that another user's process left behind."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:
        if not os.path.exists(path):
            raise
        return os.open(path, os.O_RDONLY)


def _is_file_at(handle: int, path: PathLike) -> bool:
    """Say whether an open file is still the one at a path."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


# A file system without locks; EBADF: one that locks only what is open for writing (NFS).
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF)


def write_text(path: PathLike, text: str) -> None:
    """Write text to a file as UTF-8, atomically; bytes of a path that are not UTF-8 are escaped.

    Parameters
    ----------
    path : str or path-like
        The file to make.
    text : str

    Raises
    ------
    OSError
        The file cannot be written.
    """
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_table(path: PathLike, frame: "pd.DataFrame", header: bool = True) -> None:
    """Write a table as TSV, atomically: undefined values as ``NA``, nothing quoted.

    A name that ends in .gz is compressed. Equal tables give equal bytes: neither a time nor the
    temporary name is in them.

    Parameters
    ----------
    path : str or path-like
        The file to make.
    frame : pandas.DataFrame
    header : bool
        Whether the first line names the columns.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    with atomic(path) as temporary, open(temporary, "wb") as raw, _packed(temporary, raw) as file:
        frame.to_csv(
            file,
            sep="\t",
            index=False,
            header=header,
            na_rep="NA",
            lineterminator="\n",
            quoting=csv.QUOTE_NONE,
        )


def _packed(path: Path, raw: IO[bytes]) -> contextlib.AbstractContextManager[IO[bytes]]:
    """Return what compresses into `raw` if `path` ends in .gz, else `raw` itself."""
    if path.suffix == ".gz":
        return gzip.GzipFile("", "wb", fileobj=raw, mtime=0)  # type: ignore[return-value]
    return contextlib.nullcontext(raw)


def read_table(path: PathLike) -> "pd.DataFrame":
    """Read a TSV file that danq wrote.

    Returns a pandas.DataFrame; ``NA`` is undefined, except in the text columns name and group.
    """
    import pandas as pd  # slow to load, and most steps need no table

    frame = pd.read_csv(
        path,
        sep="\t",
        quoting=csv.QUOTE_NONE,
        dtype=str,
        na_filter=False,
        lineterminator="\n",
    )
    for column in frame.columns.difference(["name", "group"]):
        values = frame[column].mask(frame[column] == "NA")
        with contextlib.suppress(ValueError):
            values = pd.to_numeric(values)
        frame[column] = values
    return frame


def checksums(path: PathLike, kinds: Iterable[str] = ("sha256",)) -> dict[str, str]:
    """Return checksums of a file's bytes, in one pass.

    Parameters
    ----------
    path : str or path-like
        The file to read.
    kinds : iterable of {"sha256", "md5"}
        Which checksums.

    Returns
    -------
    dict of str to str
        Hexadecimal text by kind.

    Raises
    ------
    DanqError
        The file is missing or unreadable.
    """
    refuse_no_file(path)
    hashes = {kind: hashlib.new(kind, usedforsecurity=False) for kind in kinds}
    try:
        with open(path, "rb") as handle:
            while block := handle.read(1 << 20):
                for checksum in hashes.values():
                    checksum.update(block)
    except OSError as error:
        raise unreadable(path, error) from error
    return {kind: checksum.hexdigest() for kind, checksum in hashes.items()}


def sha256(path: PathLike) -> str:
    """Return the SHA-256 checksum of a file's bytes, as hexadecimal text; raises as `checksums`."""
    return checksums(path)["sha256"]


def _flush(path: Path) -> None:
    """Wait until a file or folder is on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
